//! What a script can say, and what comes of it.

use super::*;
use cordboard_steps::script::{
    CollectOp, CollectOutcome, LogLevel, OutsideRequest, ScriptCallError,
};
use serde_json::json;

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// The first thing that a script asks for.
fn asks(source: &str) -> ScriptOp {
    op(Story::new(source).start())
}

#[test]
fn a_whole_call_is_straight_line_code() {
    let mut story = Story::new(
        "call:answer()\n\
         call:play(\"welcome\", \"menu\")\n\
         local digits, reason = call:collect{prompt = \"menu\", digits = 1, timeout = 4, tries = 3, secret = true}\n\
         if digits == \"1\" then return \"sales\" end\n\
         return reason",
    );
    let expected = ScriptTurn::Call {
        op: ScriptOp::Answer,
        line: 1,
    };
    assert_eq!(story.start(), expected);
    let expected = ScriptOp::Play {
        prompts: vec!["welcome".into(), "menu".into()],
        early: false,
        repeat_for: None,
    };
    assert_eq!(
        story.answer(ScriptAnswer::Done),
        ScriptTurn::Call {
            op: expected,
            line: 2
        }
    );
    let expected = ScriptOp::Collect(CollectOp {
        prompts: vec!["menu".into()],
        timeout: secs(4),
        tries: 3,
        secret: true,
        ..CollectOp::default()
    });
    assert_eq!(
        story.answer(ScriptAnswer::Done),
        ScriptTurn::Call {
            op: expected,
            line: 3
        }
    );
    let digits = ScriptAnswer::Digits {
        outcome: CollectOutcome::Digits,
        digits: "1".into(),
    };
    assert_eq!(story.answer(digits), done("sales"));
    assert_eq!(story.host.running(), 0);
}

#[test]
fn every_operation_on_the_call_is_asked_for_as_written() {
    let ring = |users: &[&str], in_turn, timeout, music: Option<&str>| ScriptOp::Ring {
        users: users.iter().map(|u| u.to_string()).collect(),
        in_turn,
        timeout: secs(timeout),
        music: music.map(String::from),
    };
    for (source, expected) in [
        ("call:ring('alice')", ring(&["alice"], false, 20, None)),
        (
            "call:ring('alice', {timeout = 5, music = 'hold-music'})",
            ring(&["alice"], false, 5, Some("hold-music")),
        ),
        (
            "call:ring({'alice', 'bob'}, {order = 'in-turn'})",
            ring(&["alice", "bob"], true, 20, None),
        ),
        (
            "call:trunk('carrier', {number = '+4420', caller_id = '+4421', timeout = 30})",
            ScriptOp::Trunk {
                trunks: vec!["carrier".into()],
                number: Some("+4420".into()),
                timeout: secs(30),
                caller_id: Some("+4421".into()),
            },
        ),
        ("call:record(true)", ScriptOp::Record { on: true }),
        ("call:record()", ScriptOp::Record { on: true }),
        ("call:record(false)", ScriptOp::Record { on: false }),
        (
            "call:set('n', 42)",
            ScriptOp::Set {
                name: "n".into(),
                value: "42".into(),
            },
        ),
        (
            "call:set('n', 1.5)",
            ScriptOp::Set {
                name: "n".into(),
                value: "1.5".into(),
            },
        ),
        ("call:get('n')", ScriptOp::Get { name: "n".into() }),
        (
            "call:wait(0.25)",
            ScriptOp::Wait {
                lasts: Duration::from_millis(250),
            },
        ),
        (
            "call:tone('busy', 3)",
            ScriptOp::Tone {
                name: "busy".into(),
                lasts: secs(3),
            },
        ),
        (
            "call:send_digits('12#')",
            ScriptOp::SendDigits {
                digits: "12#".into(),
            },
        ),
        ("call:hangup()", ScriptOp::Hangup { cause: None }),
        (
            "call:hangup('busy')",
            ScriptOp::Hangup {
                cause: Some("busy".into()),
            },
        ),
        (
            "open('office')",
            ScriptOp::Open {
                calendar: "office".into(),
            },
        ),
        (
            "fact('queue.stats', 'sales')",
            ScriptOp::Fact {
                topic: "queue.stats".into(),
                key: "sales".into(),
            },
        ),
        (
            "call:play({'a', 'b'}, {early = true, repeat_for = 60})",
            ScriptOp::Play {
                prompts: vec!["a".into(), "b".into()],
                early: true,
                repeat_for: Some(secs(60)),
            },
        ),
        (
            "call:collect{min = 5, max = 15, between = 2, ends_with = false}",
            ScriptOp::Collect(CollectOp {
                min: 5,
                max: 15,
                between: secs(2),
                ends_with: None,
                ..CollectOp::default()
            }),
        ),
        (
            "log.warn('late', {b = 2, a = 'x'})",
            ScriptOp::Log {
                level: LogLevel::Warn,
                message: "late {\"a\":\"x\",\"b\":2}".into(),
            },
        ),
        (
            "print('a', 1, nil)",
            ScriptOp::Log {
                level: LogLevel::Info,
                message: "a\t1\tnil".into(),
            },
        ),
        ("now()", ScriptOp::Now),
        ("random(6)", ScriptOp::Random),
        ("math.random()", ScriptOp::Random),
        (
            "store.set('k', 'v', {lasts = 60})",
            ScriptOp::Outside(OutsideRequest::StoreSet {
                key: "k".into(),
                value: "v".into(),
                lasts: Some(secs(60)),
            }),
        ),
        (
            "store.incr('k')",
            ScriptOp::Outside(OutsideRequest::StoreIncr {
                key: "k".into(),
                by: 1,
            }),
        ),
        (
            "store.delete('k')",
            ScriptOp::Outside(OutsideRequest::StoreDelete { key: "k".into() }),
        ),
    ] {
        assert_eq!(asks(source), expected, "{source}");
    }
}

#[test]
fn answers_become_what_lua_expects() {
    let digits = |outcome, digits: &str| ScriptAnswer::Digits {
        outcome,
        digits: digits.into(),
    };
    let collect = "local d, why = call:collect('menu') return tostring(d) .. ' ' .. why";
    assert_eq!(
        makes(collect, digits(CollectOutcome::Digits, "42")),
        "42 digits"
    );
    assert_eq!(
        makes(collect, digits(CollectOutcome::Timeout, "")),
        "nil timeout"
    );
    assert_eq!(
        makes(collect, digits(CollectOutcome::Invalid, "4")),
        "nil invalid"
    );
    let talk = ScriptAnswer::Talk {
        outcome: "answered".into(),
        by: Some("bob".into()),
        cause: None,
    };
    assert_eq!(
        makes(
            "local o, by, c = call:ring('bob') return o .. by .. tostring(c)",
            talk
        ),
        "answeredbobnil"
    );
    let text = |value: Option<&str>| ScriptAnswer::Text {
        value: value.map(String::from),
    };
    assert_eq!(makes("return call:get('x') or 'none'", text(None)), "none");
    assert_eq!(makes("return store.get('x')", text(Some("v"))), "v");
    assert_eq!(
        makes(
            "return store.incr('x') + 1",
            ScriptAnswer::Number { value: 41 }
        ),
        "42"
    );
    assert_eq!(
        makes(
            "return open('office') and 'yes' or 'no'",
            ScriptAnswer::Flag { value: true }
        ),
        "yes"
    );
    let fact = ScriptAnswer::Json {
        value: Some(json!({"waiting": [1, 2, {"n": 3}], "none": null})),
    };
    assert_eq!(
        makes(
            "local f = fact('a', 'b') return f.waiting[3].n .. tostring(f.none)",
            fact
        ),
        "3nil"
    );
    let now = ScriptAnswer::Now {
        unix_ms: 1_500,
        local: "2026-12-25T10:00:00+00:00[Europe/London]".into(),
    };
    assert_eq!(
        makes(
            "local t, text = now() return t .. ' ' .. string.sub(text, 1, 4)",
            now
        ),
        "1.5 2026"
    );
}

#[test]
fn chance_comes_from_outside_and_only_from_there() {
    let bits = |value| ScriptAnswer::Number { value };
    assert_eq!(makes("return random()", bits(0)), "0");
    assert_eq!(makes("return random(6)", bits(0)), "1");
    assert_eq!(makes("return random(6)", bits(-1)), "6");
    assert_eq!(makes("return math.random(10, 20)", bits(i64::MIN)), "15");
    assert!(error("random(3, 1)").message.contains("random takes"));
}

#[test]
fn what_cannot_be_done_with_the_call_is_raised_at_its_line() {
    let mut story = Story::new("call:answer()\n\ncall:play('welcom')\nreturn 'unseen'");
    op(story.start());
    op(story.answer(ScriptAnswer::Done));
    let turn = story.answer(ScriptAnswer::Error {
        kind: ScriptCallError::NotFound,
        message: "there is no prompt \"welcom\"".into(),
    });
    let ScriptTurn::Failed { error } = turn else {
        panic!("{turn:?}")
    };
    assert_eq!(error.line, Some(3));
    assert_eq!(error.message, "there is no prompt \"welcom\"");
    assert_eq!(error.kind, ScriptErrorKind::Runtime);
}

#[test]
fn a_caller_who_is_gone_ends_the_script_as_gone() {
    let gone = || ScriptAnswer::Error {
        kind: ScriptCallError::Gone,
        message: "the caller hung up".into(),
    };
    let mut story = Story::new("call:answer()\ncall:play('welcome')");
    op(story.start());
    let turn = story.answer(gone());
    let ScriptTurn::Failed { error } = turn else {
        panic!("{turn:?}")
    };
    assert_eq!((error.kind, error.line), (ScriptErrorKind::Gone, Some(1)));

    // A script that catches it may still keep something; a mistake after it is a mistake.
    let mut story =
        Story::new("pcall(call.answer, call)\nstore.set('last', 'x')\nlocal x = nil + 1");
    op(story.start());
    assert!(matches!(op(story.answer(gone())), ScriptOp::Outside(_)));
    let turn = story.answer(ScriptAnswer::Done);
    let ScriptTurn::Failed { error } = turn else {
        panic!("{turn:?}")
    };
    assert_eq!(
        (error.kind, error.line),
        (ScriptErrorKind::Runtime, Some(3))
    );
}

#[test]
fn mistakes_in_arguments_say_what_is_wanted() {
    for (source, part) in [
        ("call:play()", "play takes 1 to 32 prompts"),
        ("call:play(nil)", "must be a text"),
        ("call:collect{promt = 'menu'}", "did you mean 'prompt'"),
        ("call:collect{digits = 0}", "1 to 64"),
        ("call:collect{min = 5, max = 2}", "more than max"),
        ("call:collect{timeout = -1}", "more than 0"),
        ("call:collect{ends_with = '##'}", "one key"),
        ("call:collect{secret = 'yes'}", "true or false"),
        ("call:ring()", "must be a text"),
        ("call:ring({})", "missing"),
        ("call:ring('a', {order = 'random'})", "in-turn"),
        ("call:ring('a', 20)", "options are a table"),
        ("call:wait('soon')", "must be a number"),
        ("call:wait(1/0)", "at most"),
        ("call:wait(0/0)", "at most"),
        ("call:send_digits('12x')", "0-9 * #"),
        ("call:hangup('bussy')", "did you mean \"busy\""),
        ("call:set('a b', 1)", "variable's name"),
        ("call:set('a', {})", "json.encode"),
        ("call:set('a', string.rep('x', 5000))", "longer than"),
        ("store.get('')", "1 to 256"),
        ("store.incr('k', 1.5)", "whole number"),
        ("log.info('x', 'y')", "table of fields"),
        ("call:play('\\255')", "not UTF-8"),
        ("local m = 'plya' call[m](call)", "call has no 'plya'"),
    ] {
        let error = error(&format!("\n{source}"));
        assert!(error.message.contains(part), "{source}: {error:?}");
        assert_eq!(error.line, Some(2), "{source}: {error:?}");
        assert_eq!(error.kind, ScriptErrorKind::Runtime);
    }
}

#[test]
fn host_calls_wait_inside_pcall_and_functions() {
    let mut story = Story::new(
        "local function try(f, ...)\n local ok, value = pcall(f, ...)\n return ok and value or 'failed'\nend\n\
         local a = try(function() return call:get('a') end)\n\
         local b = try(function() return call:get('b') end)\n\
         return a .. b",
    );
    let text = |v: &str| ScriptAnswer::Text {
        value: Some(v.into()),
    };
    assert_eq!(
        story.start(),
        ScriptTurn::Call {
            op: ScriptOp::Get { name: "a".into() },
            line: 5
        }
    );
    op(story.answer(text("x")));
    let refused = ScriptAnswer::Error {
        kind: ScriptCallError::Invalid,
        message: "no".into(),
    };
    assert_eq!(story.answer(refused), done("xfailed"));
}

#[test]
fn an_error_names_line_and_stack() {
    let error =
        error("local function twice(x)\n  return x * 2\nend\n\ncall:answer()\nreturn twice(nil)");
    assert_eq!(error.kind, ScriptErrorKind::Runtime);
    assert_eq!(error.line, Some(2), "{error:?}");
    assert!(error.message.contains("arithmetic"), "{error:?}");
    assert!(!error.message.contains("main.lua"), "{error:?}");
    assert_eq!(
        error.stack,
        "main.lua:2: in function 'twice'\nmain.lua:6: in function <main.lua:1>"
    );
}

#[test]
fn a_script_knows_its_call_and_arguments() {
    let source = "-- arguments: greeting = hello there, name\n\
        return table.concat({call.caller, call.dialled, call.tenant, call.direction, tostring(call.caller_name), \
        tostring(call.answered), #call.id, args.greeting, args.name, tostring(args.other)}, ' ')";
    let scripts = compile(&[("main.lua", source)]).unwrap();
    let mut host = LuaHost::new(Limits::default(), CpuTime::counted());
    let mut start = start_of("main", call_id(1));
    let turn = host.start(&scripts, &start);
    assert!(
        matches!(&turn, ScriptTurn::Failed { error } if error.message.contains("\"name\" is not given")),
        "{turn:?}"
    );
    start.arguments.insert("name".into(), "Ann".into());
    let expected = "+442079460000 +442079460100 demo inbound nil false 26 hello there Ann nil";
    assert_eq!(host.start(&scripts, &start), done(expected));
    let missing = host.start(&scripts, &start_of("other", call_id(1)));
    assert!(
        matches!(missing, ScriptTurn::Failed { error } if error.kind == ScriptErrorKind::Missing)
    );
}

#[test]
fn outcomes_are_those_of_the_manifest() {
    let declared = "-- outcomes: sales, support\n";
    assert_eq!(
        outcome(&format!("{declared}return 'sales'")).as_deref(),
        Some("sales")
    );
    assert_eq!(outcome(declared), None);
    let slip = error(&format!("{declared}return 'slaes'"));
    assert!(slip.message.contains("did you mean \"sales\""), "{slip:?}");
    assert_eq!(outcome("return 7").as_deref(), Some("7"));
    assert!(error("return {}").message.contains("outcome is a text"));
}

#[test]
fn required_files_run_once_in_each_call() {
    let files = [
        (
            "main.lua",
            "local a = require('lib/count')\nlocal b = require('lib/count')\nassert(a == b)\na.n += 1\ncall:play(a.prompt())\nreturn tostring(a.n)",
        ),
        (
            "lib/count.lua",
            "local names = require('lib/names')\nshared = (shared or 0) + 1\nlog.info('loaded')\nreturn {n = shared, prompt = function() return names[1] end}",
        ),
        ("lib/names.lua", "return {'welcome'}"),
    ];
    let scripts = compile(&files).unwrap();
    let mut host = LuaHost::new(Limits::default(), CpuTime::counted());
    for n in 1..=3 {
        // The first host call is the required file's own.
        assert!(matches!(
            op(host.start(&scripts, &start_of("main", call_id(n)))),
            ScriptOp::Log { .. }
        ));
    }
    for n in 1..=3 {
        let turn = host.resume(call_id(n), ScriptAnswer::Done).unwrap();
        assert!(matches!(op(turn), ScriptOp::Play { prompts, .. } if prompts == ["welcome"]));
        assert_eq!(host.resume(call_id(n), ScriptAnswer::Done), Some(done("2")));
    }
}
