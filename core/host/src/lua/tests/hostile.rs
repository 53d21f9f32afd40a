//! Scripts that mean harm: each ends itself and nothing else.

use super::*;

/// The script fails with `kind`, and another call of the same script text is not harmed by the host.
fn ends(source: &str, kind: ScriptErrorKind) -> ScriptError {
    let mut story = Story::new(source);
    let turn = story.run();
    let ScriptTurn::Failed { error } = turn else {
        panic!("{turn:?}");
    };
    assert_eq!(error.kind, kind, "{error:?}");
    assert_eq!(story.host.running(), 0);
    // The host still works.
    let scripts = compile(&[("main.lua", "return \"well\"")]).unwrap();
    assert_eq!(
        story.host.start(&scripts, &start_of("main", call_id(2))),
        done("well")
    );
    error
}

fn over_budget(source: &str) -> ScriptError {
    ends(source, ScriptErrorKind::Budget)
}

#[test]
fn endless_loop_is_stopped_and_named() {
    let error = over_budget("call:answer()\nwhile true do\nend");
    assert_eq!(error.line, Some(2).or(error.line));
    assert!(matches!(error.line, Some(2 | 3)), "{error:?}");
    assert!(error.message.contains("loop"), "{error:?}");
}

#[test]
fn pcall_saves_no_endless_loop() {
    over_budget("while true do pcall(function() while true do end end) end");
    over_budget("local function f() while true do end end while true do pcall(pcall, f) end");
    over_budget(
        "while true do xpcall(function() while true do end end, function() while true do end end) end",
    );
    over_budget("local function f() pcall(f) f() end f()");
}

#[test]
fn places_where_luau_cannot_yield_are_stopped_too() {
    over_budget("table.sort({3, 2, 1}, function() while true do end end)");
    over_budget("string.gsub('aaa', 'a', function() while true do end end)");
    over_budget(
        "local t = setmetatable({}, {__index = function() while true do end end}) return t.x",
    );
    over_budget(
        "local t = setmetatable({}, {__tostring = function() while true do end end}) error(t)",
    );
    over_budget(
        "while true do pcall(table.sort, {3, 2, 1}, function() while true do pcall(error) end end) end",
    );
    over_budget(
        "for _ in setmetatable({}, {__iter = function() return function() return 1 end end}) do end",
    );
}

#[test]
fn a_heavy_pattern_is_stopped() {
    over_budget("return string.find(string.rep('a', 5000), string.rep('a*', 20) .. 'b')");
    over_budget("return string.find(string.rep('a', 5000), '.-.-.-.-.-.-b')");
}

#[test]
fn work_in_c_that_knows_no_stop_is_refused() {
    let error = ends(
        "table.move({}, 1, 2000000000, 2, {})",
        ScriptErrorKind::Runtime,
    );
    assert!(error.message.contains("million"), "{error:?}");
    let sort = "local t = table.create(60000, 1) table.sort(t)";
    assert!(
        ends(sort, ScriptErrorKind::Runtime)
            .message
            .contains("50000")
    );
    let fine =
        "local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) return table.concat(t)";
    assert_eq!(outcome(fine).as_deref(), Some("321"));
}

#[test]
fn a_text_that_doubles_meets_the_memory_limit() {
    ends(
        "local s = 'x' while true do s = s .. s end",
        ScriptErrorKind::Memory,
    );
    ends(
        "return string.rep('x', 1000000000)",
        ScriptErrorKind::Memory,
    );
    ends("return buffer.create(1000000000)", ScriptErrorKind::Memory);
    ends("return table.create(5000000, 1)", ScriptErrorKind::Memory);
}

#[test]
fn a_table_without_end_meets_the_memory_limit() {
    ends(
        "local t = {} while true do t[#t + 1] = table.create(100, 0) end",
        ScriptErrorKind::Memory,
    );
    ends(
        "t = {} while true do t[#t + 1] = tostring(#t) .. string.rep('y', 1000) end",
        ScriptErrorKind::Memory,
    );
}

#[test]
fn memory_errors_that_are_caught_do_not_last() {
    // Each attempt is refused; the loop then meets its budget, or the last refusal ends it.
    let mut story = Story::new(
        "while true do pcall(function() local s = 'x' while true do s = s .. s end end) end",
    );
    let ScriptTurn::Failed { error } = story.run() else {
        panic!()
    };
    assert!(
        matches!(
            error.kind,
            ScriptErrorKind::Budget | ScriptErrorKind::Memory
        ),
        "{error:?}"
    );
}

#[test]
fn garbage_is_no_crime() {
    let source = "local n = 0 for i = 1, 3000 do local s = string.rep('z', 20000) .. i n = n + #s end return 'fine'";
    assert_eq!(outcome(source).as_deref(), Some("fine"));
}

#[test]
fn deep_recursion_is_an_error() {
    let error = ends(
        "local function f() return f() + 1 end return f()",
        ScriptErrorKind::Runtime,
    );
    assert!(error.message.contains("stack overflow"), "{error:?}");
    assert!(error.stack.len() < 5_000, "{}", error.stack.len());
    let nested = "local function f(s) return (string.gsub(s, '.', f)) end return f('x')";
    ends(nested, ScriptErrorKind::Runtime);
}

#[test]
fn an_error_in_an_error_handler_is_an_error() {
    let source = "local ok, why = xpcall(function() error('a') end, function() error('b') end)\nif ok then return 'no' end\nerror('c')";
    let error = ends(source, ScriptErrorKind::Runtime);
    assert_eq!((error.message.as_str(), error.line), ("c", Some(3)));
    ends(
        "error(setmetatable({}, {__tostring = function() error('again') end}))",
        ScriptErrorKind::Runtime,
    );
    ends("error(nil)", ScriptErrorKind::Runtime);
    ends("error({})", ScriptErrorKind::Runtime);
    ends(
        "error(string.rep('long', 100000))",
        ScriptErrorKind::Runtime,
    );
}

#[test]
fn what_leads_out_of_the_sandbox_is_not_there() {
    for name in [
        "io",
        "os",
        "debug",
        "coroutine",
        "loadstring",
        "load",
        "loadfile",
        "dofile",
        "getfenv",
        "setfenv",
        "newproxy",
        "collectgarbage",
        "gcinfo",
        "_G",
        "package",
    ] {
        // Written in a way that the checker does not see.
        let source = format!("local x = {name} return type(x)");
        assert_eq!(outcome(&source).as_deref(), Some("nil"), "{name}");
    }
}

#[test]
fn what_calls_share_cannot_be_changed() {
    for source in [
        "string.upper = nil",
        "string.rep = function() return 'mine' end",
        "getmetatable('').__index = {}",
        "getmetatable('').__add = function() return 1 end",
        "math.random = 1",
        "call.caller = 'other'",
        "log.info = nil",
        "local h = http h.get = nil",
        "rawset(string, 'x', 1)",
        "args.x = '1'",
        "setmetatable(string, {})",
        "setmetatable(call, {})",
        "table.clear(store)",
        "table.insert(json, 1)",
    ] {
        let error = ends(
            &format!("local s = {{}}\n{source}"),
            ScriptErrorKind::Runtime,
        );
        assert_eq!(error.line, Some(2), "{source}: {error:?}");
    }
    // The metatable of `call` shows nothing that could be changed.
    assert_eq!(
        outcome("return getmetatable(call)").as_deref(),
        Some("call")
    );
}

#[test]
fn globals_of_one_call_are_not_seen_by_the_next() {
    let mut story = Story::new(
        "if secret then return 'leaked' end\nsecret = call.id\nmath2 = {}\ncall:answer()\nreturn secret == call.id and 'own' or 'foreign'",
    );
    for n in 1..=3 {
        assert_eq!(op(story.start_call(n)), ScriptOp::Answer);
    }
    for n in 1..=3 {
        assert_eq!(
            story.host.resume(call_id(n), ScriptAnswer::Done),
            Some(done("own"))
        );
    }
    assert_eq!(op(story.start_call(4)), ScriptOp::Answer);
}

#[test]
fn a_script_cannot_answer_itself_or_fake_a_request() {
    let error = error("local c = call c.answer({})");
    assert!(error.message.contains("colon"), "{error:?}");
    // A yield by itself is not to be had; a metatable that pretends to be a call changes nothing.
    let fake = "local me = setmetatable({}, {__metatable = 'call'}) local f = call.play return f(me, 'welcome')";
    assert!(matches!(
        op(Story::new(fake).start()),
        ScriptOp::Play { .. }
    ));
}

#[test]
fn wrong_arguments_in_a_loop_meet_the_budget() {
    over_budget("while true do pcall(call.play, call, {}) end");
    over_budget("while true do pcall(function() call:wait(-1) end) end");
}

#[test]
fn many_short_turns_meet_the_budget_of_the_call() {
    let mut story = Story::new("while true do for i = 1, 10000 do end call:answer() end");
    let mut turn = story.start();
    let mut turns = 0;
    let error = loop {
        match turn {
            ScriptTurn::Call { .. } => turn = story.answer(ScriptAnswer::Done),
            ScriptTurn::Failed { error } => break error,
            other => panic!("{other:?}"),
        }
        turns += 1;
    };
    assert_eq!(error.kind, ScriptErrorKind::Budget);
    assert!(error.message.contains("whole call"), "{error:?}");
    // 10,000 safepoints of a microsecond are 10 ms of the 500.
    assert!((40..=52).contains(&turns), "{turns}");
}

#[test]
fn json_bombs_are_refused() {
    let deep = "return json.decode(string.rep('[', 100000)) == nil and 'refused' or 'taken'";
    assert_eq!(outcome(deep).as_deref(), Some("refused"));
    let own = "local t = {} t.t = t return json.encode(t)";
    assert!(error(own).message.contains("nests deeper"));
    let wide = "local t = {1} for i = 1, 60 do t = {t, t} end return json.encode(t)";
    assert!(error(wide).message.contains("longer than"));
    let text = "return json.encode(string.rep('\\0', 900000))";
    assert!(error(text).message.contains("longer than"));
}
