//! Stories of modules' steps: the module's side is played by hand.

use std::time::Duration;

use cordboard_call::cause::Cause;
use cordboard_call::event::{Fact, Party};
use proptest::prelude::*;
use serde_json::json;

use crate::run::GRACE;
use crate::script::{
    Program, ScriptAnswer, ScriptCallError, ScriptCommand, ScriptOp, ScriptStart, ScriptTurn,
};
use crate::testing::{DID, Story, modules_plan, modules_story, story};
use crate::world::Entry;

const ROUTE: &str = r#"
    set line="sales"; set vip="7"
    desk.enter "{var.line}" priority="{var.vip}" { on timeout { play "bye" } }
    else { play "sorry" }
    hangup cause=busy
"#;

fn begun(s: &Story) -> &ScriptStart {
    match s.commands.first() {
        Some(ScriptCommand::Start(start)) => start,
        other => panic!("{other:?}"),
    }
}

fn turn(s: &mut Story, turn: ScriptTurn) {
    s.script_turns(turn);
}

fn done(s: &mut Story, outcome: &str) {
    let outcome = Some(outcome.to_owned());
    turn(s, ScriptTurn::Done { outcome });
}

fn interrupts(s: &mut Story, op: ScriptOp) {
    turn(s, ScriptTurn::Interrupt { op, line: 0 });
}

fn music() -> ScriptOp {
    ScriptOp::Play {
        prompts: vec!["music".into()],
        early: false,
        repeat_for: Some(Duration::from_secs(3600)),
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

fn busy(s: &mut Story) {
    let got = s.commands.remove(0);
    let ScriptCommand::Resume {
        answer: ScriptAnswer::Error { kind, .. },
    } = got
    else {
        panic!("{got:?}")
    };
    assert_eq!(kind, ScriptCallError::Busy);
}

#[test]
fn a_step_begins_with_typed_arguments_and_what_the_module_may_know_of_the_call() {
    let mut s = modules_story(ROUTE);
    let start = begun(&s);
    let Program::Step(step) = &start.program else {
        panic!("{start:?}")
    };
    assert_eq!((&*step.module, &*step.step), ("desk", "enter"));
    assert_eq!(
        step.arguments,
        json!({ "line": "sales", "priority": 7, "timeout": 600_000 })
    );
    assert_eq!(step.outcomes, ["timeout"]);
    let variables: Vec<(&str, &str)> = start
        .call
        .variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(variables, [("line", "sales"), ("vip", "7")]);
    assert!(
        s.facts
            .iter()
            .any(|fact| matches!(fact, Fact::StepStarted { step, detail, .. }
        if step == "desk.enter" && detail == "sales priority=7"))
    );
    done(&mut s, "timeout");
    assert_eq!(s.acted(), "answer 1, play bye");
    assert_eq!(s.ended_steps(), "set done, set done, desk.enter timeout");
}

#[test]
fn a_module_knows_which_trunk_brought_the_call() {
    let text = format!("did \"{DID}\" {{ desk.enter sales }}");
    let mut s = Story::of(modules_plan(&text), Entry::Did, DID, "+441632960001");
    s.come_by(Party::Trunk("north".into()));
    s.begin();
    let call = &begun(&s).call;
    assert_eq!((call.trunk.as_deref(), &call.user), (Some("north"), &None));
    let mut s = Story::of(modules_plan(&text), Entry::Did, DID, "alice");
    s.begin();
    let call = &begun(&s).call;
    assert_eq!((&call.trunk, call.user.as_deref()), (&None, Some("alice")));
}

#[test]
fn what_a_template_came_to_must_be_what_the_manifest_says() {
    let mut s = modules_story(&ROUTE.replace("\"7\"", "\"very\""));
    assert!(s.commands.is_empty(), "{:?}", s.commands);
    assert_eq!(s.acted(), "answer 1, play sorry");
    assert!(
        s.told()
            .contains("`priority` is a number from 0 to 10, and `{var.vip}` came to `very`")
    );
}

#[test]
fn an_outcome_that_is_not_declared_is_a_failure_that_says_so() {
    let mut s = modules_story(ROUTE);
    done(&mut s, "sold");
    assert_eq!(s.acted(), "answer 1, play sorry");
    assert!(s.told().contains(
        "`desk.enter` ended with `sold`, which modules/desk/module.toml does not declare"
    ));
    // A menu's outcomes are the writer's.
    let mut s = modules_story(r#"desk.menu welcome digits=1 { on "5" { play "bye" } }"#);
    done(&mut s, "5");
    assert_eq!(s.acted(), "answer 1, play bye");
}

#[test]
fn secrets_of_the_call_are_not_for_modules() {
    let mut s = modules_story(
        r#"collect digits=4 secret=#true into=pin; set copy="no {var.pin}"; set plain="x"
        desk.enter "{var.pin}"; else { play "sorry" }"#,
    );
    for digit in "4711".chars() {
        s.key(digit);
    }
    let start = begun(&s);
    assert_eq!(start.call.variables.keys().collect::<Vec<_>>(), ["plain"]);
    let step = start.program.step().unwrap();
    assert_eq!(
        step.arguments["line"], "4711",
        "what the route gives, it gives"
    );
    assert!(!s.told().contains("4711"), "{}", s.told());
    let get = |name: &str| ScriptOp::Get { name: name.into() };
    s.script_asks(get("pin"), 0);
    let ScriptAnswer::Error { kind, .. } = s.script_got() else {
        panic!()
    };
    assert_eq!(kind, ScriptCallError::Denied);
    s.script_asks(get("plain"), 0);
    assert_eq!(
        s.script_got(),
        ScriptAnswer::Text {
            value: Some("x".into())
        }
    );
}

#[test]
fn an_interrupt_ends_the_operation_under_way_and_begins_its_own() {
    let mut s = modules_story("desk.enter sales");
    s.commands.clear();
    interrupts(&mut s, music());
    assert_eq!(s.acted(), "answer 1, play music repeat");
    s.pass(5_000);
    interrupts(&mut s, ring("alice"));
    busy(&mut s);
    assert!(s.commands.is_empty());
    assert_eq!(s.acted(), "stop, dial 2 alice, play ringback-gb repeat");
    s.rings(2);
    // It may change its mind while somebody rings.
    interrupts(&mut s, music());
    busy(&mut s);
    let acted = s.acted();
    assert!(
        acted.contains("hangup 2") && acted.ends_with("play music repeat"),
        "{acted}"
    );
    // What comes of the ended operation late is nobody's.
    s.ended(2, Cause::NORMAL);
    assert!(s.commands.is_empty());
    interrupts(
        &mut s,
        ScriptOp::Set {
            name: "desk.agent".into(),
            value: "alice".into(),
        },
    );
    busy(&mut s);
    assert_eq!(s.script_got(), ScriptAnswer::Done);
    assert_eq!(s.run.variable("desk.agent"), Some("alice"));
    done(&mut s, "closed");
    assert_eq!(s.ended_steps(), "desk.enter closed");
    let busy = s.told();
    assert!(!busy.contains("asked again"), "{busy}");
}

#[test]
fn an_interrupt_that_crosses_an_answer_is_a_call() {
    let mut s = modules_story("desk.enter sales");
    s.commands.clear();
    s.script_asks(
        ScriptOp::Wait {
            lasts: Duration::from_secs(1),
        },
        0,
    );
    s.pass(1_000);
    assert_eq!(s.script_got(), ScriptAnswer::Done);
    interrupts(
        &mut s,
        ScriptOp::Wait {
            lasts: Duration::from_secs(1),
        },
    );
    assert!(s.commands.is_empty());
    s.pass(1_000);
    assert_eq!(s.script_got(), ScriptAnswer::Done);
}

#[test]
fn an_idle_step_waits_for_as_long_as_the_caller_does() {
    let mut s = modules_story("desk.enter sales");
    turn(&mut s, ScriptTurn::Idle);
    s.commands.clear();
    assert_eq!(s.run.next_timeout(), None);
    s.pass(3_600_000);
    interrupts(&mut s, ScriptOp::Answer);
    assert_eq!(s.acted(), "answer 1");
    assert_eq!(s.script_got(), ScriptAnswer::Done);
    turn(&mut s, ScriptTurn::Idle);
    s.ended(1, Cause::NORMAL);
    assert_eq!(
        s.commands,
        [ScriptCommand::Kill],
        "at once, since nothing is owed"
    );
    assert_eq!(s.acted(), "end normal");
    assert_eq!(s.ended_steps(), "desk.enter hangup");
}

#[test]
fn a_caller_who_leaves_is_told_to_the_module_which_may_finish() {
    let mut s = modules_story("desk.enter sales");
    s.commands.clear();
    interrupts(&mut s, music());
    s.ended(1, Cause::NORMAL);
    let ScriptAnswer::Error { kind, .. } = s.script_got() else {
        panic!()
    };
    assert_eq!((kind, s.ends), (ScriptCallError::Gone, 0));
    // An outcome after the caller's end is nobody's business.
    done(&mut s, "whatever");
    assert_eq!(s.ends, 1);
    let mut s = modules_story("desk.enter sales");
    interrupts(&mut s, music());
    s.ended(1, Cause::NORMAL);
    turn(&mut s, ScriptTurn::Idle);
    assert_eq!(s.ends, 1, "it will do nothing more");
    let mut s = modules_story("desk.enter sales");
    interrupts(&mut s, music());
    s.ended(1, Cause::NORMAL);
    s.pass(GRACE.as_millis() as u64);
    assert_eq!(s.ends, 1, "it had its time");
}

#[test]
fn host_calls_stand_at_the_modules_line_or_at_the_step() {
    let mut s = modules_story("\ndesk.enter sales");
    s.script_asks(ScriptOp::Now, 12);
    s.script_asks(ScriptOp::Now, 0);
    let places: Vec<(String, u32)> = s
        .facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::ScriptCalled { at, .. } => Some((at.file.clone(), at.line)),
            _ => None,
        })
        .collect();
    let step = s.facts.iter().find_map(|fact| match fact {
        Fact::StepStarted { at, .. } => Some((at.file.clone(), at.line)),
        _ => None,
    });
    assert_eq!(places[0], ("modules/desk".to_owned(), 12));
    assert_eq!(Some(&places[1]), step.as_ref());
}

#[test]
fn scripts_get_their_arguments_as_before() {
    let s = story(r#"set a="1"; run welcome x="{var.a}""#);
    let start = begun(&s);
    assert_eq!(start.program, Program::Script("welcome".into()));
    assert_eq!(start.arguments["x"], "1");
    assert!(start.call.variables.is_empty());
}

fn any_turn() -> impl Strategy<Value = u8> {
    0u8..16
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever a module and its caller do in whatever order: answers come one an operation and in
    /// order, every step that began ends, the call ends once.
    #[test]
    fn a_module_may_do_anything_at_any_time(turns in prop::collection::vec(any_turn(), 0..40)) {
        let mut s = modules_story("desk.enter sales { on closed { play \"bye\" } }\nelse { play \"sorry\" }");
        let mut asked = 0usize;
        for which in turns {
            let over = s.run.is_finished() || s.facts.iter().any(|f| matches!(f, Fact::StepEnded { .. }));
            if over {
                break;
            }
            let op = match which {
                0 => Some(music()),
                1 => Some(ring("alice")),
                2 => Some(ScriptOp::Set { name: "x".into(), value: "1".into() }),
                3 => Some(ScriptOp::Wait { lasts: Duration::from_secs(2) }),
                4 => Some(ScriptOp::Answer),
                5 => Some(ScriptOp::Hangup { cause: None }),
                _ => None,
            };
            if let Some(op) = op {
                asked += 1;
                interrupts(&mut s, op);
                continue;
            }
            match which {
                6 => turn(&mut s, ScriptTurn::Idle),
                7 => s.pass(1_000),
                8 => s.played(true),
                9 => s.answered(2),
                10 => s.ended(2, Cause::BUSY),
                11 => s.ended(1, Cause::NORMAL),
                12 => s.key('5'),
                13 => done(&mut s, "closed"),
                14 => done(&mut s, "unheard-of"),
                _ => s.pass(60_000),
            }
        }
        let answers = s.commands.iter().filter(|c| matches!(c, ScriptCommand::Resume { .. })).count();
        prop_assert!(answers <= asked, "{answers} answers to {asked} operations");
        s.ended(1, Cause::NORMAL);
        s.pass(200_000);
        prop_assert_eq!(s.ends, 1);
        let began = s.facts.iter().filter(|f| matches!(f, Fact::StepStarted { .. })).count();
        let ended = s.facts.iter().filter(|f| matches!(f, Fact::StepEnded { .. })).count();
        prop_assert_eq!(began, ended);
        let told = s.facts.iter().filter(|f| matches!(f, Fact::ScriptCalled { .. })).count();
        prop_assert_eq!(told, asked, "each operation is told once");
    }
}
