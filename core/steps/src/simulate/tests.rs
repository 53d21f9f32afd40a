//! Stories of simulated calls and of dialplan tests.

mod modules;

use std::collections::VecDeque;
use std::time::Duration;

use cordboard_dialplan::route::TestCall;
use proptest::prelude::*;

use super::*;
use crate::script::{CollectOp, OutsideRequest, ScriptOp};
use crate::testing::{DID, plan};

const SECOND: AnyPrompt = AnyPrompt(Duration::from_secs(1));

fn call(keys: &str) -> TestCall {
    TestCall {
        to: DID.into(),
        from: Some("+44163".into()),
        keys: keys.into(),
        ..Default::default()
    }
}

fn texts(transcript: &Transcript) -> Vec<String> {
    let lines = transcript.lines.iter();
    lines
        .map(|line| format!("{} {}", line.at_ms, line.text))
        .collect()
}

const MENU: &str = r#"
did "+442079460100" {
    collect "menu" digits=1 tries=2 invalid="wrong" {
        on "1" { ring alice bob timeout="20s" { on busy { play "sorry" } } }
        on "2" { goto closed }
    }
    else { hangup cause=no-answer }
}
route closed { play "bye" }
"#;

#[test]
fn a_call_is_told_line_by_line_with_times_and_places() {
    let dialplan = plan(MENU);
    let mut answered = call("1");
    answered.answers = vec![("alice".into(), Duration::from_secs(4))];
    let transcript = simulate(&dialplan, &SECOND, &mut NoScripts, &answered);
    assert_eq!(
        texts(&transcript),
        [
            "0 did \"+442079460100\"",
            "0 answer",
            "0 play menu",
            "200 set digits=1",
            "200 collect digits=1 -> 1",
            "200 ring alice bob",
            "4200 answered alice",
            "14200 alice hangs up",
            "14200 ring alice bob -> answered",
            "14200 hangup normal",
        ]
    );
    let ring = &transcript.lines[5];
    assert_eq!(
        (ring.file.as_deref(), ring.line),
        (Some("main.kdl"), Some(11))
    );
}

#[test]
fn phones_may_be_busy_absent_or_ring_in_vain() {
    let dialplan = plan(MENU);
    let last = |call: &TestCall| {
        let lines = texts(&simulate(&dialplan, &SECOND, &mut NoScripts, call));
        lines
            .into_iter()
            .find(|line| line.contains(" -> ") && line.contains("ring"))
            .unwrap()
    };
    let mut busy = call("1");
    busy.busy = vec!["alice".into(), "bob".into()];
    assert_eq!(last(&busy), "300 ring alice bob -> busy");
    let mut absent = call("1");
    absent.absent = vec!["alice".into(), "bob".into()];
    assert_eq!(last(&absent), "200 ring alice bob -> absent");
    assert_eq!(last(&call("1")), "20200 ring alice bob -> no-answer");
}

#[test]
fn keys_wait_for_seconds_and_for_time_outs() {
    let dialplan = plan(MENU);
    let lines = |keys: &str| texts(&simulate(&dialplan, &SECOND, &mut NoScripts, &call(keys)));
    assert!(lines("ww2").contains(&"2200 collect digits=1 -> 2".into()));
    // One second of prompt, five of silence, then the second try.
    assert!(
        lines("W2").contains(&"6200 collect digits=1 -> 2".into()),
        "{:?}",
        lines("W2")
    );
    assert!(
        lines("").contains(&"13000 hangup no-answer".into()),
        "{:?}",
        lines("")
    );
}

#[test]
fn caller_hangs_up_when_the_test_says_so() {
    let dialplan = plan(MENU);
    let mut gone = call("");
    gone.hangs_up_after = Some(Duration::from_millis(2500));
    let lines = texts(&simulate(&dialplan, &SECOND, &mut NoScripts, &gone));
    assert_eq!(lines[3..], ["2500 caller hangs up", "2500 hangup normal"]);
}

#[test]
fn the_time_of_day_is_the_tenants() {
    let dialplan = plan(&format!(
        r#"calendar office {{ open mon-fri "08:00-18:00"; closed "2026-12-25" name=Christmas }}
        did "{DID}" {{ when "open('office')" {{ play "welcome" }}
        else {{ play "bye" }} }}"#
    ));
    let played = |at: Option<&str>| {
        let call = TestCall {
            at: at.map(str::to_owned),
            ..call("")
        };
        let lines = texts(&simulate(&dialplan, &SECOND, &mut NoScripts, &call));
        lines
            .into_iter()
            .find(|line| line.contains("play"))
            .unwrap()
    };
    assert_eq!(played(None), "0 play welcome");
    assert_eq!(
        played(Some("2026-07-06T08:00")),
        "0 play welcome",
        "summer time"
    );
    assert_eq!(played(Some("2026-07-06T07:59")), "0 play bye");
    assert_eq!(played(Some("2026-12-25T12:00")), "0 play bye");
}

/// Plays a script's turns by hand, and keeps the answers.
#[derive(Default)]
struct Scripted {
    turns: VecDeque<ScriptTurn>,
    answers: Vec<ScriptAnswer>,
}

impl Scripted {
    fn of(ops: Vec<ScriptOp>, outcome: &str) -> Scripted {
        let calls = (1..)
            .zip(ops)
            .map(|(line, op)| ScriptTurn::Call { op, line });
        let done = ScriptTurn::Done {
            outcome: Some(outcome.into()),
        };
        Scripted {
            turns: calls.chain([done]).collect(),
            answers: Vec::new(),
        }
    }
}

impl ScriptHost for Scripted {
    fn start(&mut self, _: &ScriptStart) -> ScriptTurn {
        self.turns.pop_front().unwrap()
    }
    fn resume(&mut self, answer: ScriptAnswer) -> ScriptTurn {
        self.answers.push(answer);
        self.turns.pop_front().unwrap()
    }
}

#[test]
fn scripts_run_with_canned_http_and_a_store() {
    let dialplan = plan(&format!(
        r#"did "{DID}" {{ run welcome {{ on sales {{ play "welcome" }} }} }}"#
    ));
    let http = OutsideRequest::Http {
        method: "GET".into(),
        url: "https://crm.example/customers?n=1".into(),
        headers: vec![],
        body: None,
        timeout: Duration::from_secs(2),
    };
    let incr = || {
        ScriptOp::Outside(OutsideRequest::StoreIncr {
            key: "calls".into(),
            by: 1,
        })
    };
    let ops = vec![
        ScriptOp::Collect(CollectOp {
            prompts: vec!["menu".into()],
            ..Default::default()
        }),
        ScriptOp::Outside(http),
        incr(),
        incr(),
    ];
    let mut host = Scripted::of(ops, "sales");
    let canned = vec![
        ("https://crm.example/".to_owned(), 500, String::new()),
        (
            "https://crm.example/customers".to_owned(),
            200,
            "vip".to_owned(),
        ),
    ];
    let mut outside = Outside::new(canned);
    let simulation = Simulation::new(&dialplan, &SECOND);
    let (transcript, _) = simulation.call(&mut host, &mut outside, &call("3"));
    let lines = texts(&transcript);
    assert_eq!(
        lines[1..],
        [
            "0 run welcome",
            "0 answer",
            "0 play menu",
            "200 collect digits=1 -> 3",
            "220 http GET https://crm.example/customers?n=1 -> 200",
            "220 store-incr calls -> 1",
            "220 store-incr calls -> 2",
            "220 run welcome -> sales",
            "220 play welcome",
            "1220 hangup normal",
        ]
    );
    assert_eq!(
        transcript.lines[5].file.as_deref(),
        Some("scripts/welcome.lua")
    );
    assert_eq!(transcript.lines[5].line, Some(2));
    let body = |a: &ScriptAnswer| matches!(a, ScriptAnswer::Http { body, .. } if body == "vip");
    assert!(host.answers.iter().any(body));
}

#[test]
fn missing_script_takes_the_else() {
    let dialplan = plan(&format!(
        r#"did "{DID}" {{ run welcome; else {{ play "sorry" }} }}"#
    ));
    let lines = texts(&simulate(&dialplan, &SECOND, &mut NoScripts, &call("")));
    assert!(lines[2].starts_with("0 run welcome -> failed: scripts/welcome.lua: there is no"));
    assert!(lines.contains(&"0 play sorry".into()), "{lines:?}");
}

#[test]
fn endless_routes_are_given_up() {
    let dialplan = plan(&format!(
        r#"did "{DID}" {{ goto round }}
        route round {{ wait "20ms"; goto round }}"#
    ));
    let transcript = simulate(&dialplan, &SECOND, &mut NoScripts, &call(""));
    let last = &transcript.lines.last().unwrap().text;
    assert!(
        last == "and so on" || last.starts_with("given up"),
        "{last}"
    );
}

#[test]
fn the_longest_call_is_the_tenants() {
    let dialplan = plan(&format!(
        r#"did "{DID}" {{ goto round }}
        route round {{ wait "1h"; goto round }}"#
    ));
    let lines = texts(&simulate(&dialplan, &SECOND, &mut NoScripts, &call("")));
    let hours = 4 * 3_600_000;
    let (told, last) = (
        format!("{hours} longest call reached"),
        format!("{hours} hangup timer-expired"),
    );
    assert_eq!(lines[lines.len() - 2..], [told, last]);
}

#[test]
fn users_calls_take_the_outbound_routes() {
    let dialplan = plan(r#"outbound national match="0x{2,9}" { trunk north timeout="30s" }"#);
    let mut own = TestCall {
        from: Some("alice".into()),
        as_user: true,
        ..call("")
    };
    own.to = "0123".into();
    own.answers = vec![("north".into(), Duration::from_secs(1))];
    let lines = texts(&simulate(&dialplan, &SECOND, &mut NoScripts, &own));
    assert!(lines.contains(&"1000 answered north".into()), "{lines:?}");
}

fn report(text: &str) -> TestReport {
    run_tests(&plan(text), &SECOND, &mut NoScripts)
}

#[test]
fn dialplan_tests_pass_and_coverage_names_what_never_ran() {
    let report = report(&format!(
        r#"{MENU}
        test "closed" {{
            call did="{DID}" keys="2"
            expect "play menu" "collect digits=1 -> 2" "goto closed" "play bye" "hangup"
            reject "ring alice"
        }}"#
    ));
    assert_eq!((report.passed, report.failed.len()), (1, 0), "{report}");
    assert!(report.is_passed());
    let never: Vec<&str> = report
        .coverage
        .never_ran
        .iter()
        .map(|b| b.title.as_str())
        .collect();
    assert_eq!(report.coverage.blocks, 6);
    assert_eq!(report.coverage.ran, 3);
    assert_eq!(never.len(), 3, "{never:?}");
    assert!(never[0].starts_with("on 1"), "{never:?}");
}

#[test]
fn failed_test_shows_what_was_seen_instead_and_where() {
    let report = report(&format!(
        r#"{MENU}
        test "sales" {{
            call did="{DID}" keys="1" busy="alice bob"
            expect "ring alice" "answered alice"
            reject "hangup"
        }}"#
    ));
    let [failure] = &report.failed[..] else {
        panic!("{report}")
    };
    assert_eq!(failure.message, "`answered alice` was not seen");
    assert_eq!((failure.file.as_str(), failure.line), ("main.kdl", 20));
    let marks: String = failure
        .diff
        .iter()
        .map(|line| match line {
            DiffLine::Expected(_) => '=',
            DiffLine::Seen(_) => ' ',
            DiffLine::Rejected(_) => '!',
            DiffLine::Missing { .. } => '-',
        })
        .collect();
    assert_eq!(marks, "     =-  !", "{failure}");
    let text = report.to_string();
    assert!(text.contains("- expected: answered alice") && text.contains("0 passed, 1 failed"));
}

#[test]
fn reports_survive_json() {
    let report = report(&format!(
        r#"{MENU} test {{ call did="{DID}"; expect "never" }}"#
    ));
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<TestReport>(&json).unwrap(), report);
}

#[test]
fn fifty_cases_run_in_well_under_a_second() {
    let tests: String = (0..50)
        .map(|n| {
            format!(
                "test \"t{n}\" {{ call did=\"{DID}\" keys=\"W2\"; expect \"play bye\" \"hangup\" }}\n"
            )
        })
        .collect();
    let dialplan = plan(&format!("{MENU}{tests}"));
    let lengths = AnyPrompt(Duration::from_secs(30));
    #[expect(clippy::disallowed_methods, reason = "this test measures")]
    let began = std::time::Instant::now();
    let report = run_tests(&dialplan, &lengths, &mut NoScripts);
    let took = began.elapsed();
    assert_eq!(report.passed, 50, "{report}");
    assert!(took < Duration::from_millis(500), "{took:?}");
}

/// A dialplan with every kind of step, in circles.
const EVERYTHING: &str = r#"
did "+442079460100" { goto all }
route all {
    record
    play "welcome"
    collect "menu" digits=1 tries=2 invalid="wrong" {
        on "1" { ring alice bob; else { goto again } }
        on "2" {
            ring alice bob carol order=in-turn music="music" { on busy { goto all } }
            play "bye"
            goto again
        }
        on "3" { trunk north south number="+33"; else { hangup cause=congestion } }
        on "4" { collect "menu" min=2 max=4 secret=#true into=pin; goto again }
        on other { wait "2s"; tone busy for="1s"; goto all }
        on timeout invalid { goto again }
    }
}
route again {
    set count="{var.count}x"
    when "var.count == 'xxxx'" { hangup }
    else { wait "1s" }
    goto all
}
"#;

fn any_call() -> impl Strategy<Value = TestCall> {
    let names = || prop::sample::subsequence(vec!["alice", "bob", "carol", "north"], 0..=4);
    let own = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let keys = "[1-5*#wW]{0,12}";
    let seconds = 0u64..25;
    (
        keys,
        names(),
        names(),
        names(),
        seconds,
        prop::option::of(0u64..90),
    )
        .prop_map(move |(keys, answers, busy, absent, after, gone)| TestCall {
            answers: own(answers)
                .into_iter()
                .map(|n| (n, Duration::from_secs(after)))
                .collect(),
            busy: own(busy),
            absent: own(absent),
            hangs_up_after: gone.map(Duration::from_secs),
            ..call(&keys)
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_simulated_call_ends_and_twice_the_same_way(call in any_call()) {
        thread_local!(static PLAN: Arc<Dialplan> = plan(EVERYTHING));
        let dialplan = PLAN.with(Clone::clone);
        let first = simulate(&dialplan, &SECOND, &mut NoScripts, &call);
        let ends = first.lines.iter().filter(|line| line.text.starts_with("hangup")).count();
        prop_assert_eq!(ends, 1, "{}", first);
        let last = first.lines.last().map(|line| line.text.starts_with("hangup"));
        prop_assert_eq!(last, Some(true), "{}", first);
        let second = simulate(&dialplan, &SECOND, &mut NoScripts, &call);
        prop_assert_eq!(first, second);
    }
}
