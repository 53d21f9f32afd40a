//! Stories of modules' steps in simulated calls: canned, missing, and run by a host that follows
//! events.

use std::time::Duration;

use cordboard_dialplan::route::TestCall;
use serde_json::json;

use super::{SECOND, call, texts};
use crate::script::{ScriptAnswer, ScriptCallError, ScriptOp, ScriptStart, ScriptTurn};
use crate::simulate::{NoScripts, Retained, ScriptHost, Simulation, simulate};
use crate::simulate::{Outside, run_tests};
use crate::testing::{DID, modules_plan};

fn report(text: &str) -> crate::simulate::TestReport {
    run_tests(&modules_plan(text), &SECOND, &mut NoScripts)
}

const ROUTE: &str = r#"
did "+442079460100" {
    when "fact('desk.stats', 'sales').waiting > 5" { hangup cause=busy }
    desk.enter sales timeout="5m" {
        on timeout { play "bye" }
        on closed { play "{var.desk.prompt}" }
    }
    else { play "sorry" }
}
"#;

#[test]
fn canned_steps_take_the_branches_that_a_test_wants() {
    let report = report(&format!(
        r#"{ROUTE}
        test "closed" {{
            step "desk.enter" outcome=closed after="3s" {{ set desk.prompt="welcome" desk.why="full" }}
            call did="{DID}"
            expect "desk.enter sales" "set desk.why=full" "desk.enter sales -> closed" "play welcome" "hangup"
            reject "play bye"
        }}
        test "in turn" {{
            step "desk.enter" outcome=timeout
            step "desk.enter" outcome=failed
            call did="{DID}"
            expect "desk.enter sales -> timeout" "play bye"
            call did="{DID}"
            expect "desk.enter sales -> failed" "play sorry"
            call did="{DID}"
            expect "play sorry"
        }}
        test "many wait" {{
            fact "desk.stats" "sales" waiting=7
            call did="{DID}"
            expect "hangup busy"
            reject "desk.enter"
        }}"#
    ));
    assert!(report.is_passed(), "{report}");
    assert_eq!(
        (report.passed, report.coverage.ran, report.coverage.blocks),
        (3, 5, 5),
        "{report}"
    );
}

#[test]
fn branches_of_modules_steps_count_for_coverage() {
    let report = report(&format!(
        r#"{ROUTE}
        test "closed" {{
            step "desk.enter" outcome=timeout
            call did="{DID}"
            expect "play bye"
        }}"#
    ));
    let missed: Vec<&str> = report
        .coverage
        .never_ran
        .iter()
        .map(|b| b.title.as_str())
        .collect();
    assert_eq!(
        missed,
        [
            "when \"fact('desk.stats', 'sales').waiting > 5\"",
            "on closed",
            "else"
        ]
    );
}

#[test]
fn a_step_that_nobody_runs_fails_and_says_which() {
    let plan = modules_plan(ROUTE);
    let lines = texts(&simulate(&plan, &SECOND, &mut NoScripts, &call("")));
    assert!(
        lines.contains(
            &"0 desk.enter sales -> failed: modules/desk: there is no module's step `desk.enter`"
                .into()
        ),
        "{lines:#?}"
    );
    assert!(lines.contains(&"0 play sorry".into()), "{lines:#?}");
}

/// Plays music, says who waits, and after ten seconds rings alice, then ends.
#[derive(Default)]
struct Desk {
    now: u64,
    rings_at: Option<u64>,
    rung: bool,
    answers: Vec<ScriptAnswer>,
    retained: Vec<Retained>,
}

impl ScriptHost for Desk {
    fn start(&mut self, start: &ScriptStart) -> ScriptTurn {
        assert_eq!(start.call.at_ms, self.now);
        self.rings_at = Some(self.now + 10_000);
        self.retained.push((
            "desk.stats".into(),
            "sales".into(),
            Some(json!({ "waiting": 6 })),
        ));
        ScriptTurn::Interrupt {
            op: ScriptOp::Play {
                prompts: vec!["music".into()],
                early: false,
                repeat_for: Some(Duration::from_secs(3600)),
            },
            line: 0,
        }
    }
    fn resume(&mut self, answer: ScriptAnswer) -> ScriptTurn {
        self.answers.push(answer.clone());
        match answer {
            ScriptAnswer::Talk { .. } => ScriptTurn::Done {
                outcome: Some("answered".into()),
            },
            _ => ScriptTurn::Idle,
        }
    }
    fn set_time(&mut self, unix_ms: u64) {
        assert!(unix_ms >= self.now, "time goes on");
        self.now = unix_ms;
    }
    fn next_timeout(&self) -> Option<u64> {
        self.rings_at
    }
    fn timeout(&mut self) -> Option<ScriptTurn> {
        assert_eq!(self.rings_at.take(), Some(self.now));
        self.rung = true;
        Some(ScriptTurn::Interrupt {
            op: ScriptOp::Ring {
                users: vec!["alice".into()],
                in_turn: false,
                timeout: Duration::from_secs(20),
                music: None,
            },
            line: 0,
        })
    }
    fn retained(&mut self) -> Vec<Retained> {
        std::mem::take(&mut self.retained)
    }
}

#[test]
fn each_test_begins_anew() {
    struct Counts(u32);
    impl ScriptHost for Counts {
        fn begin_test(&mut self, _: &cordboard_dialplan::route::Test) {
            self.0 = 0;
        }
        fn start(&mut self, _: &ScriptStart) -> ScriptTurn {
            self.0 += 1;
            let outcome = if self.0 == 1 { "timeout" } else { "closed" };
            ScriptTurn::Done {
                outcome: Some(outcome.into()),
            }
        }
        fn resume(&mut self, _: ScriptAnswer) -> ScriptTurn {
            ScriptTurn::Idle
        }
    }
    let test = format!(
        "test {{ call did=\"{DID}\"; expect \"desk.enter sales -> timeout\"; call did=\"{DID}\"; expect \"desk.enter sales -> closed\" }}\n"
    );
    let plan = modules_plan(&format!("{ROUTE}{test}{test}"));
    let report = run_tests(&plan, &SECOND, &mut Counts(0));
    assert!(report.is_passed(), "{report}");
}

#[test]
fn a_service_acts_by_its_own_clock_and_its_facts_are_read_by_the_next_call() {
    let plan = modules_plan(ROUTE);
    let simulation = Simulation::new(&plan, &SECOND);
    let mut outside = Outside::default();
    let mut desk = Desk::default();
    let caller = TestCall {
        answers: vec![("alice".into(), Duration::from_secs(4))],
        ..call("")
    };
    let (seen, _) = simulation.call(&mut desk, &mut outside, &caller);
    assert_eq!(
        texts(&seen)[2..],
        [
            "0 desk.enter sales timeout=300s",
            "0 answer",
            "0 play music",
            "10000 ring alice",
            "14000 answered alice",
            "24000 alice hangs up",
            "24000 ring alice -> answered",
            "24000 desk.enter sales -> answered",
            "24000 hangup normal",
        ]
    );
    assert!(desk.rung);
    assert!(matches!(
        desk.answers[0],
        ScriptAnswer::Error {
            kind: ScriptCallError::Busy,
            ..
        }
    ));
    let over = desk.now;
    let (seen, _) = simulation.call(&mut desk, &mut outside, &caller);
    assert!(desk.now > over, "one call follows another");
    assert!(texts(&seen).contains(&"0 hangup busy".into()), "{seen}");
}
