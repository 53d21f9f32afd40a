//! What is said about scripts before they run.

use super::*;
use crate::lua::HttpHost;

/// Line, message and help of each mistake in one file.
fn mistakes(source: &str) -> Vec<(u32, String, String)> {
    match compile(&[("main.lua", source)]) {
        Ok(_) => Vec::new(),
        Err(found) => found
            .into_iter()
            .map(|d| (d.line, d.message, d.help.unwrap_or_default()))
            .collect(),
    }
}

#[test]
fn every_mistake_of_every_file_is_reported_at_once() {
    let files = [
        ("a.lua", "call:plya('x')\nlocal f = io.open('x')\n"),
        ("b.lua", "return return"),
        ("c.lua", "local x = os.time()\nrequire('nope')\n"),
        ("Bad Name.lua", "return 1"),
    ];
    let found = compile(&files).unwrap_err();
    let seen: Vec<_> = found
        .iter()
        .map(|d| (d.file.as_str(), d.line, d.column))
        .collect();
    assert_eq!(
        seen,
        [
            ("Bad Name.lua", 1, 1),
            ("a.lua", 1, 6),
            ("a.lua", 2, 11),
            ("b.lua", 1, 1),
            ("c.lua", 1, 11),
            ("c.lua", 2, 1),
        ]
    );
    assert_eq!(found[1].help.as_deref(), Some("did you mean `play`?"));
}

#[test]
fn constructs_of_other_luas_get_a_cure() {
    for (source, line, help) in [
        (
            "for i = 1, 3 do\n if i == 2 then goto next end\n ::next::\nend",
            2,
            "continue",
        ),
        ("local x = 5 & 3", 1, "bit32.band"),
        ("local x = 5 | 3", 1, "bit32.bor"),
        ("local x = 5 ~ 3", 1, "bit32.bxor"),
        ("local x = 1 << 4", 1, "bit32.lshift"),
        ("local x = 16 >> 2", 1, "bit32.rshift"),
        ("local x <close> = 1", 1, "leave it out"),
        ("if x != 1 then end", 1, "~="),
        ("os.execute('rm')", 1, "now()"),
        ("io.write('x')", 1, "store"),
        ("debug.traceback()", 1, "stack"),
        ("local f = loadstring('x')", 1, "require"),
        ("local f = load('x')", 1, "require"),
        ("dofile('x')", 1, "require"),
        ("coroutine.yield()", 1, "waits by itself"),
        ("session:answer()", 1, "call:answer()"),
        ("freeswitch.consoleLog('x')", 1, "log.info"),
        ("app.playback('x')", 1, "call:play"),
        ("collectgarbage()", 1, "by itself"),
        ("call.answer()", 1, "call:answer(...)"),
        ("log:info('x')", 1, "log.info(...)"),
        ("log.warning('x')", 1, "did you mean `warn`"),
        ("store.increment('x')", 1, "did you mean `incr`"),
        ("store.fetch('x')", 1, "there are"),
        ("return call.caler", 1, "did you mean `caller`"),
        ("local x = require(name)", 1, "compiled ahead"),
        ("local r = http.get('https://x.example/')", 1, "-- http:"),
    ] {
        let found = mistakes(source);
        assert!(
            found.iter().any(|(l, _, h)| *l == line && h.contains(help)),
            "{source}: {found:?}"
        );
    }
}

#[test]
fn good_luau_is_left_alone() {
    for source in [
        "local x: number | string = 5 // 2\nlocal y = x :: any\nreturn `{y}`",
        "type Pair<A, B> = {a: A, b: B}\nlocal p: Pair<number, Array<Array<number>>>? = nil",
        "local io = {open = 1}\nreturn io.open",
        "local function f(session, os) return session.x, os.y end",
        "for _, debug in {1, 2} do local a = debug.x end",
        "local t = {io = 1, os = 2, call = 3}\nreturn t.io.x",
        "-- goto io.open() & | ::x::\nlocal s = 'io.open() os.time()' --[[ goto ]]",
        "local t = {} function t:load() end t:load() t.load()",
        "goto = 1",
        "local x = 0 x += 1 if x == 1 then x -= 1 end",
        "--!strict\n-- what: x\nreturn 'a'",
        "local call2 = call call2:anything()",
    ] {
        assert_eq!(mistakes(source), [], "{source}");
    }
}

#[test]
fn syntax_errors_have_their_line() {
    let found = mistakes("local x = 1\nlocal y = = 2\n");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, 2);
    assert!(found[0].1.contains("Expected"), "{found:?}");
}

#[test]
fn a_manifest_is_read_from_the_first_comment() {
    let source = "-- what: Greets the caller\n-- what: and asks.\n-- This is only text: with a colon.\n\
        -- arguments: greeting = welcome, name\n-- outcomes: sales, no-answer\n\
        -- http: CRM.example.com, *.api.example.com, 127.0.0.1:8090\n\n-- outcomes: not-here\nreturn 'sales'";
    let scripts = compile(&[("main.lua", source)]).unwrap();
    let manifest = &scripts.script("main").unwrap().manifest;
    assert_eq!(manifest.what, "Greets the caller and asks.");
    let arguments: Vec<_> = manifest
        .arguments
        .iter()
        .map(|a| (a.name.as_str(), a.default.as_deref(), a.line))
        .collect();
    assert_eq!(
        arguments,
        [("greeting", Some("welcome"), 4), ("name", None, 4)]
    );
    assert_eq!(manifest.outcomes, ["sales", "no-answer"]);
    let host = |host: &str, below, port| HttpHost {
        host: host.into(),
        below,
        port,
    };
    let hosts = [
        host("crm.example.com", false, None),
        host("api.example.com", true, None),
        host("127.0.0.1", false, Some(8090)),
    ];
    assert_eq!(manifest.http, hosts);
    assert!(manifest.permits("a.b.api.example.com", 443));
    assert!(!manifest.permits("127.0.0.1", 80));
}

#[test]
fn mistakes_in_a_manifest_are_reported() {
    for (line, part) in [
        ("outcome: a", "`outcomes:`"),
        ("argumets: a", "`arguments:`"),
        ("Http: a.example", "`http:`"),
        ("outcomes: a b", "commas"),
        ("outcomes: a, a", "drop one"),
        ("arguments: a-b", "arguments: name"),
        ("http: https://a.example/x", "no scheme"),
        ("http: *", "host name"),
        ("http: a.example/x", "no path"),
    ] {
        let found = mistakes(&format!("-- what: x\n-- {line}\n"));
        assert!(
            found.len() == 1 && found[0].0 == 2 && found[0].2.contains(part),
            "{line}: {found:?}"
        );
    }
}

#[test]
fn requires_must_exist_without_circle_and_depth() {
    let circle = [
        ("a.lua", "require('b')"),
        ("b.lua", "require('a')"),
        ("c.lua", "require('c')"),
    ];
    let found = compile(&circle).unwrap_err();
    assert_eq!(found.len(), 3);
    assert!(
        found.iter().all(|d| d.message.contains("circle")),
        "{found:?}"
    );

    let names: Vec<String> = (0..12).map(|n| format!("f{n:02}.lua")).collect();
    let texts: Vec<String> = (1..=12)
        .map(|n| {
            if n < 12 {
                format!("require('f{n:02}')")
            } else {
                "return 1".into()
            }
        })
        .collect();
    let chain: Vec<_> = names
        .iter()
        .zip(&texts)
        .map(|(n, t)| (n.as_str(), t.as_str()))
        .collect();
    let found = compile(&chain).unwrap_err();
    assert!(
        found.iter().all(|d| d.message.contains("files deep")),
        "{found:?}"
    );

    let found = compile(&[
        ("main.lua", "require('lib/dats')"),
        ("lib/dates.lua", "return 1"),
    ])
    .unwrap_err();
    assert_eq!(found[0].help.as_deref(), Some("did you mean `lib/dates`?"));
}

#[test]
fn a_file_that_is_too_long_is_refused() {
    let found = mistakes(&"-- long\n".repeat(40_000));
    assert!(found[0].1.contains("262144"), "{found:?}");
}

#[test]
fn names_in_plain_strings_are_found() {
    let source = "call:play('welcome', \"menu\")\ncall:play('a' .. b)\ncall:ring('alice', {music = 'hold'})\n\
        call:play(x, `{y}`)\ncall:collect{prompt = {'one', 'two'}, invalid = 'three', digits = 1}\n\
        call:ring({'bob', 'carol'}, {timeout = 5})\ncall:collect('four')\nlocal t = {prompt = 'not me'}";
    let scripts = compile(&[("main.lua", source)]).unwrap();
    let script = scripts.script("main").unwrap();
    let named = |list: &[(String, u32)]| {
        list.iter()
            .map(|(n, l)| format!("{n}:{l}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        named(&script.prompts),
        [
            "welcome:1",
            "menu:1",
            "hold:3",
            "one:5",
            "two:5",
            "three:5",
            "four:7"
        ]
    );
    assert_eq!(named(&script.users), ["alice:3", "bob:6", "carol:6"]);
}

#[test]
fn annotations_for_editors_name_every_host_function() {
    let text = include_str!("../../../../../sdk/lua/cordboard.d.lua");
    let declared: std::collections::BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("function ")?.split('(').next())
        .collect();
    let methods = crate::lua::check::CALL_METHODS
        .iter()
        .map(|m| format!("call:{m}"));
    let members = crate::lua::check::MEMBERS
        .iter()
        .flat_map(|(t, list)| list.iter().map(move |m| format!("{t}.{m}")));
    let globals = ["now", "random", "open", "fact"].map(String::from);
    let known: std::collections::BTreeSet<String> = methods
        .chain(members)
        .chain(globals)
        .filter(|n| n != "json.null")
        .collect();
    assert_eq!(
        declared.into_iter().collect::<Vec<_>>(),
        known.iter().map(String::as_str).collect::<Vec<_>>()
    );
    for field in crate::lua::check::CALL_FIELDS {
        let optional = text.contains(&format!("---@field {field} "));
        assert!(optional, "{field}");
    }
}

#[test]
fn a_hostile_file_is_checked_in_good_time() {
    // One line of 250 KB in which every name asks for a look around: quadratic work would take minutes.
    let line = "http.get(call.x) io.y() ".repeat(10_900);
    assert_eq!(mistakes(&line).len(), 100);
    mistakes(&"[=".repeat(100_000));
    mistakes(&"-- http: a,".repeat(20_000));
    mistakes(&"(".repeat(200_000));
    mistakes(&"{".repeat(200_000));
}
