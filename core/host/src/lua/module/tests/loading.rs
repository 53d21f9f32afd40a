//! What is said about Lua modules before they serve.

use super::*;

#[test]
fn syntax_and_unknown_host_functions_are_said_with_file_line_and_column() {
    let wrong = refusal("call-script", "local x = = 1\nreturn {}");
    assert!(wrong.starts_with("modules/x/module.lua:1:"), "{wrong}");
    let wrong = refusal(
        "call-script",
        "return {\n run = function(step, arguments, call)\n  call:plya(\"welcome\")\n end,\n}",
    );
    assert!(wrong.contains("module.lua:3:8"), "{wrong}");
    assert!(wrong.contains("did you mean `play`?"), "{wrong}");
    let wrong = refusal(
        "connector",
        "return { look_up = function(q) return http.fetch(\"x\") end }",
    );
    assert!(wrong.contains("`http` has no `fetch`"), "{wrong}");
}

#[test]
fn names_of_other_worlds_get_a_cure() {
    for (world, source, cure) in [
        (
            "router",
            "return { route = function(r) return now() end }",
            "request.at_ms",
        ),
        (
            "router",
            "return { route = function(r) http.get(\"https://a.example/\") end }",
            "connector",
        ),
        (
            "router",
            "return { route = function(r) return math.random() end }",
            "request.seed",
        ),
        (
            "service",
            "return { handle = function() store.get(\"x\") end }",
            "`save` and `restore`",
        ),
        (
            "service",
            "return { handle = function() return random() end }",
            "`seed` of the input",
        ),
        (
            "service",
            "return { handle = function() http.get(\"x\") end }",
            "act = \"http\"",
        ),
        (
            "reporter",
            "return { fold = function() events.publish(\"x\") end }",
            "publishes nothing",
        ),
        (
            "connector",
            "return { look_up = function() call:play(\"x\") end }",
            "`set`",
        ),
        (
            "call-script",
            "return { run = function() return args.x end }",
            "second parameter",
        ),
        (
            "call-script",
            "return { run = function() os.time() end }",
            "now()",
        ),
    ] {
        let wrong = refusal(world, source);
        assert!(wrong.contains(cure), "{world} {source}: {wrong}");
        assert!(wrong.contains("module.lua:1:"), "{wrong}");
    }
}

#[test]
fn a_module_brings_the_functions_of_its_world_and_no_other() {
    for (world, source, said) in [
        ("router", "return {}", "a router needs the function `route`"),
        (
            "router",
            "return { ruote = function() end }",
            "did you mean `route`?",
        ),
        (
            "connector",
            "return { lookup = function() end }",
            "did you mean `look_up`?",
        ),
        (
            "service",
            "return { handle = function() end }",
            "needs the function `restore`",
        ),
        (
            "router",
            "return { route = 1 }",
            "`route` must be a function",
        ),
        ("router", "return 1", "must return a table"),
        ("router", "", "must return a table"),
        ("router", "error(\"no way\")", "no way"),
        (
            "router",
            "return { route = function() end, start = function() return \"no table of numbers\" end }",
            "no table of numbers",
        ),
        (
            "router",
            "return { route = function() end, start = function() return { \"one\", \"two\" } end }",
            "one\ntwo",
        ),
        (
            "router",
            "return { route = function() end, start = function() error(\"broke\") end }",
            "line 1: broke",
        ),
        (
            "connector",
            "return { look_up = function() end, start = function() http.get(\"https://a.example/\") end }",
            "cannot be used in `start`",
        ),
        (
            "call-script",
            "store.get(\"x\") return { run = function() end }",
            "cannot be used while the module loads",
        ),
    ] {
        let wrong = refusal(world, source);
        assert!(wrong.contains(said), "{source}: {wrong}");
    }
}

fn files(files: &[(&str, &str)]) -> Result<Arc<Module>, String> {
    let setup = Setup {
        toml: &manifest("call-script"),
        files,
        node: "module x",
        name: "x",
        granted_files: &[],
    };
    match try_load(&setup) {
        Ok((module, _)) => Ok(module),
        Err(reasons) => Err(reasons.join("\n")),
    }
}

#[test]
fn require_takes_files_of_the_module_once() {
    let module = files(&[
        ("lib/words.lua", "loads = (loads or 0) + 1\nreturn { loads = loads, say = function() return \"done\" end }"),
        ("module.lua", "local a = require(\"lib/words\")\nlocal b = require(\"./lib/words.lua\")\nreturn { run = function() return if a == b and a.loads == 1 then a.say() else \"no\" end }"),
        ("tests/story.lua", "this is no Lua at all and never read"),
    ])
    .unwrap();
    assert_eq!(go(&module), done("done"));
}

#[test]
fn what_require_gives_is_read_only() {
    let module = files(&[
        ("words.lua", "return { a = 1 }"),
        (
            "module.lua",
            "local words = require(\"words\")\nreturn { run = function() words.a = 2 end }",
        ),
    ])
    .unwrap();
    let error = failure(go(&module));
    assert!(error.message.contains("readonly"), "{error:?}");
    assert_eq!(error.line, Some(2));
}

#[test]
fn require_leads_nowhere_else() {
    for (source, said) in [
        ("require(\"../y/module\")", "no file"),
        ("require(\"/etc/passwd\")", "no file"),
        ("require(\"missing\")", "no file `missing.lua`"),
        ("require(name)", "plain string"),
    ] {
        let wrong = files(&[(
            "module.lua",
            &format!("{source}\nreturn {{ run = function() end }}"),
        )])
        .unwrap_err();
        assert!(wrong.contains(said), "{source}: {wrong}");
    }
    // `require` in any other shape, which could make a name while it runs, does not load.
    for source in [
        "local r = require",
        "pcall(require, \"a\" .. \"b\")",
        "local t = { require }",
    ] {
        let whole = format!("{source}\nreturn {{ run = function() end }}");
        let wrong = files(&[("module.lua", &whole)]).unwrap_err();
        assert!(wrong.contains("plain string"), "{source}: {wrong}");
    }
}

#[test]
fn settings_and_granted_files_are_there_and_read_only() {
    let toml = format!(
        "{}\n[[setting]]\nname = \"list\"\ntype = \"text\"\nlist = true\n[[setting]]\nname = \"wait\"\ntype = \"duration\"\ndefault = \"2s\"\n[[ask]]\ncapability = \"file\"\nwhat = \"a.csv\"\nreason = \"x\"\n",
        manifest("router")
    );
    let source = "return { route = function()\n\
        local ok = pcall(function() config.wait = 1 end)\n\
        local deep = pcall(function() config.list[1] = \"z\" end)\n\
        return { decision = { outcome = \"done\" }, reasons = {\n\
          config.list[2], tostring(config.wait), tostring(ok), tostring(deep), file(\"a.csv\"), tostring(file(\"b.csv\")) } } end }";
    let setup = Setup {
        toml: &toml,
        files: &[("module.lua", source)],
        node: "module x { config { list \"a\" \"b\" } }",
        name: "x",
        granted_files: &[("a.csv", "1;2")],
    };
    let (module, _) = try_load(&setup).unwrap();
    let mut router = module.guest.router(&module).unwrap();
    let answer = router
        .route(&begin(1, "go", json!({}), &[]).request())
        .unwrap();
    assert_eq!(
        answer.unwrap().reasons,
        ["b", "2000", "false", "false", "1;2", "nil"]
    );
}

#[test]
fn log_lines_of_loading_reach_people_and_are_bounded() {
    let (_, lines) = load_one(
        "router",
        "for i = 1, 80 do log.info(\"line \" .. i) end\nreturn { route = function() end }",
        "module x",
    )
    .unwrap();
    let lines = lines.lock().unwrap();
    assert_eq!(lines.len(), 51);
    assert_eq!(lines[0], "Info line 1");
    assert!(lines[50].contains("30 more lines"), "{}", lines[50]);
}
