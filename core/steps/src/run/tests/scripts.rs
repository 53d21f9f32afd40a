//! Stories of scripts: the host's side is played by hand.

use std::time::Duration;

use cordboard_call::cause::Cause;
use cordboard_call::event::Fact;

use crate::run::Input;
use crate::script::{
    CollectOp, CollectOutcome, OutsideRequest, ScriptAnswer, ScriptCallError, ScriptCommand,
    ScriptError, ScriptErrorKind, ScriptOp, ScriptTurn,
};
use crate::testing::{Story, story};

const ROUTE: &str = r#"
    run welcome greeting="hello {dialled:-4}" { on sales { ring alice } }
    else { play "sorry" }
    play "bye"
"#;

fn done(s: &mut Story, outcome: Option<&str>) {
    let outcome = outcome.map(str::to_owned);
    s.script_turns(ScriptTurn::Done { outcome });
}

/// The host calls told, each with its place.
fn called(s: &Story) -> Vec<String> {
    let calls = s.facts.iter().filter_map(|fact| match fact {
        Fact::ScriptCalled {
            function,
            at,
            answer: Some(_),
            ..
        } => Some(format!("{}:{} {function}", at.file, at.line)),
        _ => None,
    });
    calls.collect()
}

#[test]
fn script_starts_with_its_arguments_and_its_outcome_takes_a_branch() {
    let mut s = story(ROUTE);
    let [ScriptCommand::Start(start)] = &s.commands[..] else {
        panic!("{:?}", s.commands)
    };
    assert_eq!(
        start.program,
        crate::script::Program::Script("welcome".into())
    );
    assert_eq!(start.arguments["greeting"], "hello 0100");
    assert!(!start.call.answered);
    done(&mut s, Some("sales"));
    assert_eq!(s.acted(), "dial 2 alice");
    assert_eq!(s.ended_steps(), "run sales");
}

#[test]
fn host_calls_use_the_steps_machines() {
    let mut s = story(ROUTE);
    s.script_asks(ScriptOp::Answer, 1);
    assert_eq!(s.script_got(), ScriptAnswer::Done);
    let prompts = vec!["welcome".into()];
    s.script_asks(
        ScriptOp::Play {
            prompts,
            early: false,
            repeat_for: None,
        },
        2,
    );
    assert_eq!(s.acted(), "answer 1, play welcome");
    s.pass(1000);
    s.played(false);
    assert_eq!(s.script_got(), ScriptAnswer::Done);
    let collect = CollectOp {
        prompts: vec!["menu".into()],
        ..CollectOp::default()
    };
    s.script_asks(ScriptOp::Collect(collect), 3);
    s.key('5');
    let digits = "5".to_owned();
    assert_eq!(
        s.script_got(),
        ScriptAnswer::Digits {
            outcome: CollectOutcome::Digits,
            digits
        }
    );
    let (users, timeout) = (vec!["alice".to_owned()], Duration::from_secs(20));
    s.script_asks(
        ScriptOp::Ring {
            users,
            in_turn: false,
            timeout,
            music: None,
        },
        4,
    );
    s.answered(2);
    s.ended(2, Cause::NORMAL);
    let ScriptAnswer::Talk { outcome, by, .. } = s.script_got() else {
        panic!()
    };
    assert_eq!(
        (outcome.as_str(), by.as_deref()),
        ("answered", Some("alice"))
    );
    assert_eq!(
        called(&s),
        [
            "scripts/welcome.lua:1 answer",
            "scripts/welcome.lua:2 play",
            "scripts/welcome.lua:3 collect",
            "scripts/welcome.lua:4 ring"
        ]
    );
    done(&mut s, None);
    assert_eq!(s.ended_steps(), "run done");
}

#[test]
fn outside_answers_reach_the_script_and_late_ones_nobody() {
    let mut s = story(ROUTE);
    let get = || ScriptOp::Outside(OutsideRequest::StoreGet { key: "k".into() });
    s.script_asks(get(), 1);
    let (id, _) = s.outside.pop().unwrap();
    s.outside_answers(id + 1, ScriptAnswer::Done);
    assert_eq!(s.commands.len(), 1, "a strange answer is ignored");
    s.outside_answers(
        id,
        ScriptAnswer::Text {
            value: Some("v".into()),
        },
    );
    assert_eq!(
        s.script_got(),
        ScriptAnswer::Text {
            value: Some("v".into())
        }
    );
    s.script_asks(get(), 2);
    let (id, _) = s.outside.pop().unwrap();
    s.pass(10_000);
    let ScriptAnswer::Error { kind, .. } = s.script_got() else {
        panic!()
    };
    assert_eq!(kind, ScriptCallError::Timeout);
    s.outside_answers(id, ScriptAnswer::Done);
    assert_eq!(s.commands.len(), 1);
}

#[test]
fn script_failure_takes_the_else_and_shows_line_and_stack() {
    let mut s = story(ROUTE);
    let error = ScriptError {
        message: "attempt to index nil".into(),
        line: Some(12),
        stack: "in function `greet`".into(),
        kind: ScriptErrorKind::Runtime,
    };
    s.script_turns(ScriptTurn::Failed { error });
    assert_eq!(s.acted(), "answer 1, play sorry");
    let why = s.facts.iter().find_map(|f| match f {
        Fact::StepEnded { outcome, why, .. } if outcome == "failed" => why.clone(),
        _ => None,
    });
    let why = why.unwrap();
    assert_eq!(
        why,
        "scripts/welcome.lua:12: attempt to index nil\nin function `greet`"
    );
}

#[test]
fn gone_caller_is_told_once_and_the_script_may_clean_up() {
    let mut s = story(ROUTE);
    s.script_asks(
        ScriptOp::Wait {
            lasts: Duration::from_secs(60),
        },
        1,
    );
    s.ended(1, Cause::NORMAL);
    let ScriptAnswer::Error { kind, .. } = s.script_got() else {
        panic!()
    };
    assert_eq!(kind, ScriptCallError::Gone);
    s.script_asks(ScriptOp::Answer, 2);
    let ScriptAnswer::Error { kind, .. } = s.script_got() else {
        panic!()
    };
    assert_eq!(kind, ScriptCallError::Gone);
    s.script_asks(
        ScriptOp::Outside(OutsideRequest::StoreIncr {
            key: "abandoned".into(),
            by: 1,
        }),
        3,
    );
    let (id, _) = s.outside.pop().unwrap();
    s.outside_answers(id, ScriptAnswer::Number { value: 1 });
    assert_eq!(s.script_got(), ScriptAnswer::Number { value: 1 });
    assert_eq!(s.ends, 0);
    done(&mut s, None);
    assert_eq!(s.acted(), "end normal");
    assert_eq!(s.ended_steps(), "run done");
}

#[test]
fn script_that_outlives_its_caller_is_killed() {
    let mut s = story(ROUTE);
    s.script_asks(
        ScriptOp::Wait {
            lasts: Duration::from_secs(60),
        },
        1,
    );
    s.ended(1, Cause::NORMAL);
    s.pass(4_999);
    assert_eq!(s.ends, 0);
    s.pass(1);
    assert_eq!(s.commands.last(), Some(&ScriptCommand::Kill));
    assert_eq!(s.acted(), "end normal");
    assert_eq!(s.ended_steps(), "run hangup");
}

#[test]
fn script_hangs_up_and_may_still_write() {
    let mut s = story(ROUTE);
    s.script_asks(
        ScriptOp::Hangup {
            cause: Some("busy".into()),
        },
        1,
    );
    assert_eq!(s.acted(), "hangup 1 17");
    assert_eq!(s.script_got(), ScriptAnswer::Done);
    s.ended(1, Cause::BUSY);
    s.script_asks(ScriptOp::Now, 2);
    let ScriptAnswer::Now { unix_ms, local } = s.script_got() else {
        panic!()
    };
    assert_eq!(unix_ms, 1_767_614_400_000);
    assert!(local.starts_with("2026-01-05T12:00:00"), "{local}");
    done(&mut s, None);
    assert_eq!(s.acted(), "end busy");
}

#[test]
fn talk_of_a_script_ends_with_its_caller() {
    let mut s = story(ROUTE);
    let (users, timeout) = (vec!["alice".to_owned()], Duration::from_secs(20));
    s.script_asks(
        ScriptOp::Ring {
            users,
            in_turn: false,
            timeout,
            music: None,
        },
        1,
    );
    s.answered(2);
    s.ended(1, Cause::NORMAL);
    assert_eq!(s.acted(), "dial 2 alice, answer 1, bridge 1 2, hangup 2 16");
}

#[test]
fn secrets_of_a_script_are_masked_in_whatever_it_asks() {
    let mut s = story(ROUTE);
    let collect = CollectOp {
        min: 4,
        max: 4,
        secret: true,
        ..CollectOp::default()
    };
    s.script_asks(ScriptOp::Collect(collect), 1);
    "4711".chars().for_each(|key| s.key(key));
    let digits = "4711".to_owned();
    assert_eq!(
        s.script_got(),
        ScriptAnswer::Digits {
            outcome: CollectOutcome::Digits,
            digits
        }
    );
    s.script_asks(
        ScriptOp::Set {
            name: "pin".into(),
            value: "4711".into(),
        },
        2,
    );
    s.script_asks(ScriptOp::Get { name: "pin".into() }, 3);
    assert_eq!(
        s.script_got(),
        ScriptAnswer::Text {
            value: Some("4711".into())
        }
    );
    let http = OutsideRequest::Http {
        method: "POST".into(),
        url: "https://crm.example/check?pin=4711".into(),
        headers: vec![("authorization".into(), "Bearer abc".into())],
        body: Some(r#"{"pin":4711}"#.into()),
        timeout: Duration::from_secs(2),
    };
    s.script_asks(ScriptOp::Outside(http), 4);
    let (id, request) = s.outside.pop().unwrap();
    assert!(matches!(request, OutsideRequest::Http { url, .. } if url.contains("4711")));
    s.outside_answers(
        id,
        ScriptAnswer::Text {
            value: Some("4711 is right".into()),
        },
    );
    s.script_turns(ScriptTurn::Done {
        outcome: Some("pin 4711".into()),
    });
    let told = s.told();
    assert!(!told.contains("4711") && !told.contains("Bearer"), "{told}");
}

#[test]
fn keys_between_two_collects_of_a_script_are_kept() {
    let mut s = story(ROUTE);
    s.script_asks(ScriptOp::Collect(CollectOp::default()), 1);
    s.key('1');
    s.key('2');
    s.script_got();
    s.script_asks(ScriptOp::Collect(CollectOp::default()), 2);
    let digits = "2".to_owned();
    assert_eq!(
        s.script_got(),
        ScriptAnswer::Digits {
            outcome: CollectOutcome::Digits,
            digits
        }
    );
}

#[test]
fn silent_host_fails_the_step() {
    let mut s = story(ROUTE);
    s.pass(30_000);
    assert_eq!(s.commands.last(), Some(&ScriptCommand::Kill));
    assert!(s.ended_steps().starts_with("run failed"));
}

#[test]
fn turn_of_a_killed_script_is_not_taken_for_the_next_ones() {
    let mut s = story(
        "run welcome greeting=\"a\"\nelse { run welcome greeting=\"b\" { on late { hangup } } }\nplay \"bye\"",
    );
    let first = s.program;
    s.pass(30_000);
    assert_eq!(s.ended_steps(), "run failed", "its host said nothing");
    let [_, ScriptCommand::Kill, ScriptCommand::Start(_)] = &s.commands[..] else {
        panic!("{:?}", s.commands)
    };
    assert_eq!((first, s.program), (1, 2));
    let (turn, program) = (
        ScriptTurn::Done {
            outcome: Some("late".into()),
        },
        first,
    );
    s.put(Input::Script { program, turn });
    assert_eq!(s.ended_steps(), "", "the second one still runs");
    done(&mut s, None);
    assert_eq!(s.ended_steps(), "run done");
}

#[test]
fn host_that_asks_twice_fails_the_step() {
    let mut s = story(ROUTE);
    s.script_asks(
        ScriptOp::Wait {
            lasts: Duration::from_secs(60),
        },
        1,
    );
    s.script_asks(ScriptOp::Now, 2);
    assert_eq!(s.commands.last(), Some(&ScriptCommand::Kill));
    assert!(s.ended_steps().starts_with("run failed"));
}

#[test]
fn endless_host_calls_are_cut() {
    let mut s = story(r#"run welcome"#);
    for _ in 0..10_000 {
        s.script_asks(ScriptOp::Random, 1);
    }
    assert_eq!(s.script_got(), ScriptAnswer::Number { value: 42 });
    s.script_asks(ScriptOp::Random, 1);
    assert_eq!(s.ended_steps(), "run failed");
}

#[test]
fn unknown_calendar_prompt_and_cause_are_errors_that_the_script_sees() {
    let mut s = story(ROUTE);
    let mut error = |op: ScriptOp| {
        s.script_asks(op, 1);
        match s.script_got() {
            ScriptAnswer::Error { kind, .. } => kind,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        error(ScriptOp::Open {
            calendar: "x".into()
        }),
        ScriptCallError::NotFound
    );
    let tone = ScriptOp::Tone {
        name: "x".into(),
        lasts: Duration::from_secs(1),
    };
    assert_eq!(error(tone), ScriptCallError::NotFound);
    assert_eq!(
        error(ScriptOp::Hangup {
            cause: Some("x".into())
        }),
        ScriptCallError::Invalid
    );
    let set = ScriptOp::Set {
        name: "1x".into(),
        value: String::new(),
    };
    assert_eq!(error(set), ScriptCallError::Invalid);
    assert_eq!(
        error(ScriptOp::SendDigits {
            digits: "12x".into()
        }),
        ScriptCallError::Invalid
    );
}
