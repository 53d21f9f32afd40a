//! Stories of last words: what a program decided is carried out by the run alone.

use std::time::Duration;

use cordboard_call::cause::Cause;
use cordboard_call::event::Fact;

use crate::script::{Decided, LogLevel, ScriptCommand, ScriptOp, ScriptTurn};
use crate::testing::{Story, modules_story};

const ROUTE: &str = r#"
    desk.enter sales { on timeout { play "bye" } }
    else { play "sorry" }
    hangup cause=busy
"#;

fn set(name: &str) -> ScriptOp {
    ScriptOp::Set {
        name: name.into(),
        value: "x".into(),
    }
}

fn log() -> ScriptOp {
    ScriptOp::Log {
        level: LogLevel::Info,
        message: "the cheapest".into(),
    }
}

fn ring(user: &str) -> ScriptOp {
    ScriptOp::Ring {
        users: vec![user.into()],
        in_turn: false,
        timeout: Duration::from_secs(20),
        music: None,
    }
}

fn decides(operations: Vec<ScriptOp>, outcome: &str) -> Story {
    let mut s = modules_story(ROUTE);
    s.commands.clear();
    let outcome = outcome.to_owned();
    let decided = Decided {
        operations,
        outcome,
    };
    s.script_turns(ScriptTurn::Decided(Box::new(decided)));
    s
}

#[test]
fn variables_and_reasons_are_told_as_ever_and_no_command_goes_back() {
    let mut s = decides(vec![set("desk.why"), log()], "timeout");
    let called: Vec<&str> = s
        .facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::ScriptCalled { function, .. } => Some(function.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(called, ["set", "log"]);
    assert_eq!(s.ended_steps(), "desk.enter timeout");
    assert_eq!(s.acted(), "answer 1, play bye");
    assert!(s.commands.is_empty(), "{:?}", s.commands);
}

#[test]
fn what_cannot_be_done_fails_the_step_and_the_rest_is_left() {
    let mut s = decides(vec![set("no name"), ring("alice")], "timeout");
    assert_eq!(s.ended_steps(), "desk.enter failed");
    assert_eq!(s.acted(), "answer 1, play sorry");
    assert!(s.commands.is_empty(), "{:?}", s.commands);
}

#[test]
fn targets_are_tried_in_order_and_the_last_talk_is_the_outcome() {
    let mut s = decides(vec![ring("nobody"), ring("alice")], "failed");
    assert!(s.acted().contains("dial 2 alice"), "{}", s.told());
    s.ended(2, Cause::BUSY);
    assert!(s.ended_steps().starts_with("desk.enter "), "{}", s.told());
    assert!(s.commands.is_empty(), "{:?}", s.commands);
}

#[test]
fn a_caller_who_leaves_a_talk_ends_the_step_and_nobody_is_killed() {
    let mut s = decides(vec![ring("alice"), ring("bob")], "failed");
    s.ended(1, Cause::NORMAL);
    assert_eq!(s.ended_steps(), "desk.enter hangup");
    assert!(!s.acted().contains("bob"));
    let killed = s.commands.iter().any(|c| matches!(c, ScriptCommand::Kill));
    assert!(!killed, "it had said its last word");
}
