//! Modules that mean harm: each ends itself and nothing else.

use super::*;
use crate::contract::{Body, Input};
use cordboard_steps::script::ScriptErrorKind;

fn run_body(body: &str) -> Arc<Module> {
    of(
        "call-script",
        &format!("return {{ run = function(step, arguments, call)\n{body}\nend }}"),
    )
}

#[track_caller]
fn ends(body: &str, kind: ScriptErrorKind) -> ScriptError {
    let module = run_body(body);
    let mut host = host();
    let error = failure(run(
        &mut host,
        &module,
        begin(1, "go", json!({}), &[]),
        |_| ScriptAnswer::Done,
    ));
    assert_eq!(error.kind, kind, "{body}: {error:?}");
    assert_eq!(StepHost::figures(&host).running, 0);
    // The same host still runs another module.
    let other = run_body("return \"done\"");
    let well = run(&mut host, &other, begin(2, "go", json!({}), &[]), |_| {
        ScriptAnswer::Done
    });
    assert_eq!(well, done("done"));
    error
}

#[test]
fn bytecode_is_never_taken() {
    let compiled = mlua::chunk::Compiler::new()
        .compile("return { run = function() return \"done\" end }")
        .unwrap();
    let text = String::from_utf8_lossy(&compiled).into_owned();
    let wrong = refusal("call-script", &text);
    assert!(wrong.contains("module.lua:1:"), "{wrong}");
    let manifest_text = manifest("call-script");
    let manifest = Manifest::parse("modules/x/module.toml", manifest_text.as_bytes()).unwrap();
    let files = BTreeMap::from([(
        "module.lua".to_owned(),
        Arc::from(vec![0x1b, 0xff, 0xfe, 0x00]),
    )]);
    let artefact = Artefact::of(PathBuf::from("/nowhere"), files);
    let compiler = LuaCompiler::new(time(), Arc::new(|_, _, _| {}));
    let wrong = compiler.compile(&manifest, &artefact).unwrap_err();
    assert!(wrong[0].contains("bytecode is never taken"), "{wrong:?}");
}

#[test]
fn a_loop_without_end_is_stopped_wherever_it_stands() {
    ends("while true do end", ScriptErrorKind::Budget);
    ends(
        "while true do pcall(function() while true do end end) end",
        ScriptErrorKind::Budget,
    );
    ends(
        "local function f() pcall(f) f() end f()",
        ScriptErrorKind::Budget,
    );
    ends(
        "table.sort({3, 2, 1}, function() while true do end end)",
        ScriptErrorKind::Budget,
    );
    let loading = refusal("call-script", "while true do end\nreturn {}");
    assert!(loading.contains("CPU time"), "{loading}");
    let starting = refusal(
        "router",
        "return { route = function() end, start = function() while true do pcall(error) end end }",
    );
    assert!(starting.contains("CPU time"), "{starting}");
}

#[test]
fn a_vm_that_was_stopped_in_its_middle_serves_nobody_else() {
    let module = of(
        "call-script",
        "local calls = 0\nreturn { run = function() calls += 1 while calls == 2 do end return if calls == 1 then \"done\" else \"gone-on\" end }",
    );
    let mut host = host();
    let mut outcome = |n| {
        let start = begin(n, "go", json!({}), &[]);
        run(&mut host, &module, start, |_| ScriptAnswer::Done)
    };
    assert_eq!(outcome(1), done("done"));
    assert_eq!(failure(outcome(2)).kind, ScriptErrorKind::Budget);
    // A fresh VM counts from the beginning.
    assert_eq!(outcome(3), done("done"));
}

#[test]
fn a_service_that_loops_is_stopped_and_says_where() {
    for body in [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "while true do pcall(log.info, \"x\") end",
        "local t = setmetatable({}, { __index = function() while true do end end }) return t.x",
    ] {
        let source = format!(
            "return {{ handle = function()\n{body}\nend, save = function() return {{}} end, restore = function() end }}"
        );
        let module = of("service", &source);
        let mut service = module.guest.service(&module).unwrap();
        let input = Input {
            seq: 1,
            at_ms: 1,
            seed: 1,
            body: Body::Timer { name: "t".into() },
        };
        let error = service.handle(&[input]).unwrap_err();
        assert_eq!(error.kind, ScriptErrorKind::Budget, "{body}: {error:?}");
        assert_eq!(error.line, Some(2), "{body}: {error:?}");
    }
}

#[test]
fn a_state_without_end_is_refused() {
    for (save, said) in [
        ("local s = 'x' while true do s = s .. s end", "memory"),
        ("local t = {} t.t = t return t", "nests deeper"),
        ("return function() end", "a table or a text"),
        ("return nil", "a table or a text"),
        ("return { [{}] = 1 }", "must be a text"),
    ] {
        let source = format!(
            "return {{ handle = function() end, save = function() {save} end, restore = function() end }}"
        );
        let module = of("service", &source);
        let mut service = module.guest.service(&module).unwrap();
        let error = service.save().unwrap_err();
        assert!(error.message.contains(said), "{save}: {error:?}");
    }
    // More than 16 MiB of JSON from a table that is small in memory.
    let toml = format!(
        "{}\n[limits]\nmemory-mb = 64\ncpu-ms = 1000\n",
        manifest("service")
    );
    let source = "return { handle = function() end, save = function()\n\
        local part = string.rep('x', 1048576) local list = {} for i = 1, 17 do list[i] = part end\n\
        return list end, restore = function() end }";
    let setup = Setup {
        toml: &toml,
        files: &[("module.lua", source)],
        node: "module x",
        name: "x",
        granted_files: &[],
    };
    let (module, _) = try_load(&setup).unwrap();
    let error = module.guest.service(&module).unwrap().save().unwrap_err();
    assert!(
        error.message.contains("longer than 16777216 bytes"),
        "{error:?}"
    );
}

#[test]
fn memory_is_bounded() {
    ends(
        "local s = 'x' while true do s = s .. s end",
        ScriptErrorKind::Memory,
    );
    ends(
        "return string.rep('x', 1000000000)",
        ScriptErrorKind::Memory,
    );
    ends(
        "local t = {} while true do t[#t + 1] = table.create(100, 0) end",
        ScriptErrorKind::Memory,
    );
}

#[test]
fn recursion_through_pcall_ends() {
    let error = ends(
        "local function f(n) local ok, why = pcall(f, n + 1) if not ok then error(why, 0) end return n end\nreturn f(1)",
        ScriptErrorKind::Runtime,
    );
    assert!(error.message.contains("stack overflow"), "{error:?}");
}

#[test]
fn what_all_share_cannot_be_changed() {
    for body in [
        "string.upper = nil",
        "getmetatable('').__index = {}",
        "http.get = nil",
        "events.publish = nil",
        "config.x = 1",
        "call.id = 'other'",
        "setmetatable(call, {})",
        "rawset(call, 'id', 'other')",
        "table.clear(store)",
        "rawset(math, 'random', 1)",
    ] {
        let error = ends(body, ScriptErrorKind::Runtime);
        assert_eq!(error.line, Some(2), "{body}: {error:?}");
    }
    let module = run_body("return if getmetatable(call) == 'call' then 'done' else 'no'");
    assert_eq!(go(&module), done("done"));
}

#[test]
fn metatables_of_answers_are_never_asked() {
    // A decision by `__index`, by `__iter` or `__len` is none.
    for answer in [
        "setmetatable({}, { __index = function() return { outcome = 'done' } end })",
        "setmetatable({ decision = setmetatable({}, { __index = { outcome = 'done' } }) }, {})",
    ] {
        let module = of(
            "router",
            &format!("return {{ route = function() return {answer} end }}"),
        );
        assert_eq!(
            failure(go(&module)).kind,
            ScriptErrorKind::Runtime,
            "{answer}"
        );
    }
    let looping = "return { route = function() return setmetatable({ decision = { outcome = 'done' } }, { __index = function() while true do end end, __len = function() while true do end end }) end }";
    assert_eq!(go(&of("router", looping)), done("done"));
}

#[test]
fn a_module_that_pretends_to_be_a_call_acts_on_nothing() {
    let body = "local me = setmetatable({}, { __metatable = 'call' })\nlocal c = call\nreturn c.play(me, 'welcome')";
    let error = ends(body, ScriptErrorKind::Runtime);
    assert!(error.message.contains("gone"), "{error:?}");
}

#[test]
fn a_flood_of_host_calls_meets_the_budget_of_the_run() {
    let toml = format!("{}\n[limits]\ncpu-ms = 5\n", manifest("call-script"));
    let source = "return { run = function(s, a, call) while true do for i = 1, 1000 do end call:get('x') end end }";
    let setup = Setup {
        toml: &toml,
        files: &[("module.lua", source)],
        node: "module x",
        name: "x",
        granted_files: &[],
    };
    let (module, _) = try_load(&setup).unwrap();
    let mut calls = 0;
    let turn = run(&mut host(), &module, begin(1, "go", json!({}), &[]), |_| {
        calls += 1;
        ScriptAnswer::Text { value: None }
    });
    assert_eq!(failure(turn).kind, ScriptErrorKind::Budget);
    assert!((40..=50).contains(&calls), "{calls}");
}

#[test]
fn what_leads_out_is_not_there() {
    for name in [
        "io",
        "os",
        "debug",
        "coroutine",
        "loadstring",
        "load",
        "dofile",
        "getfenv",
        "setfenv",
        "newproxy",
        "collectgarbage",
        "_G",
        "package",
        "args",
        "call",
    ] {
        let module = of(
            "call-script",
            &format!(
                "local x = {name}\nreturn {{ run = function() return if x == nil then 'done' else 'there' end }}"
            ),
        );
        assert_eq!(go(&module), done("done"), "{name}");
    }
    for name in [
        "http", "store", "now", "random", "open", "fact", "events", "call",
    ] {
        let module = of(
            "router",
            &format!(
                "local x, m = {name}, math\nreturn {{ route = function() return {{ decision = {{ outcome = if x == nil and m.random == nil then 'done' else 'gone-on' }} }} end }}"
            ),
        );
        assert_eq!(go(&module), done("done"), "{name}");
    }
}

#[test]
fn wide_answers_are_refused() {
    let bomb = "local t = {1} for i = 1, 60 do t = {t, t} end\nreturn t";
    let source = format!(
        "return {{ handle = function() {bomb} end, save = function() return {{}} end, restore = function() end }}"
    );
    let module = of("service", &source);
    let mut service = module.guest.service(&module).unwrap();
    let input = Input {
        seq: 1,
        at_ms: 1,
        seed: 1,
        body: Body::Timer { name: "t".into() },
    };
    let error = service.handle(&[input]).unwrap_err();
    assert!(error.message.contains("longer than"), "{error:?}");
    let targets = "local t = {} for i = 1, 300 do t[i] = { user = 'a' } end return { decision = { targets = t } }";
    let module = of(
        "router",
        &format!("return {{ route = function() {targets} end }}"),
    );
    assert!(failure(go(&module)).message.contains("256 is the most"));
}
