//! What native modules are for: all worlds, answers, states, and the handshake.

use cordboard_dialplan::node_file::ModulesCeiling;
use cordboard_steps::{ScriptAnswer, ScriptCommand, ScriptErrorKind, ScriptOp, ScriptTurn};
use serde_json::json;

use super::{bench, call, child, done, error, library, source, steps};
use crate::contract::{Act, Body, Event, Input};
use crate::native::{Housing, Story};
use crate::program::Runner;

const SAYS: &str = r#"
static int32_t run(cordboard_run *run, cordboard_text input) {
  cordboard_text answer, rates;
  if (ask(run, "\"answer\"", &answer)) return CORDBOARD_FAILED;
  if (ask(run, "{\"play\":{\"prompts\":[\"welcome\"]}}", &answer)) return CORDBOARD_FAILED;
  int32_t code = ask(run, "{\"store_get\":\"k\"}", &answer);
  if (code != CORDBOARD_DENIED) return CORDBOARD_FAILED;
  cb->log(run, CORDBOARD_INFO, cb->settings(run));
  if (!cb->file(run, cordboard_of("rates.csv"), &rates) || rates.length != 4) return CORDBOARD_FAILED;
  if (ask(run, "{\"collect\":{\"max\":1}}", &answer)) return CORDBOARD_FAILED;
  cb->log(run, CORDBOARD_WARN, answer);
  reply(run, strstr(answer.data, "\"5\"") ? "\"done\"" : "\"other\"");
  return CORDBOARD_OK;
}
"#;

/// One step from its first question to its outcome.
fn a_step_of(housing: Housing, in_process: bool) {
    let bench = bench(housing);
    let ceiling = ModulesCeiling {
        native: true,
        native_in_process: in_process,
        ..ModulesCeiling::default()
    };
    let bytes = library(&source("call-script", ".run = run", SAYS));
    let module = bench.module_within(bytes, "call-script", ceiling).unwrap();
    let steps = steps(&bench);
    steps.start(7, &module);
    assert_eq!(steps.asked(), ScriptOp::Answer);
    assert_eq!(steps.steps.pid(&module).is_none(), in_process);
    steps.answer(7, &module, ScriptAnswer::Done);
    assert!(matches!(steps.asked(), ScriptOp::Play { prompts, .. } if prompts == ["welcome"]));
    steps.answer(7, &module, ScriptAnswer::Done);
    assert!(matches!(steps.asked(), ScriptOp::Collect(op) if op.max == 1));
    let digits = ScriptAnswer::Digits {
        outcome: cordboard_steps::CollectOutcome::Digits,
        digits: "5".into(),
    };
    steps.answer(7, &module, digits);
    assert_eq!(steps.turn(), (call(7), done("done")));
    let lines = bench.lines.lock().unwrap().clone();
    assert_eq!(
        lines,
        [
            "Info {\"greeting\":\"hello\"}",
            "Warn {\"outcome\":\"digits\",\"digits\":\"5\"}"
        ]
    );
    assert_eq!(
        module
            .health
            .instances
            .load(std::sync::atomic::Ordering::Relaxed),
        0
    );
}

#[test]
fn a_step_asks_waits_and_ends_in_a_process_of_its_own() {
    a_step_of(child(), false);
}

#[test]
fn where_the_operator_wants_it_so_it_runs_in_the_switch_itself() {
    a_step_of(child(), true);
}

#[test]
fn a_router_decides_and_a_connector_finds() {
    let bench = bench(child());
    let body = r#"
static int32_t route(cordboard_run *run, cordboard_text input) {
  reply(run, "{\"decision\":{\"outcome\":\"other\"},\"set\":{\"a\":\"b\"},\"reasons\":[\"so\"]}");
  return CORDBOARD_OK;
}
static int32_t look_up(cordboard_run *run, cordboard_text input) {
  cordboard_text answer;
  if (ask(run, "\"answer\"", &answer) != CORDBOARD_DENIED) return CORDBOARD_FAILED;
  if (ask(run, "\"now\"", &answer)) return CORDBOARD_FAILED;
  reply(run, "\"done\"");
  return CORDBOARD_OK;
}
"#;
    let router = bench.module("router", ".route = route", body);
    let steps = steps(&bench);
    let ScriptTurn::Decided(decided) = steps.run(1, &router) else {
        panic!("no decision");
    };
    assert_eq!(
        (decided.operations.len(), decided.outcome.as_str()),
        (2, "other")
    );
    let connector = bench.module("connector", ".look_up = look_up", body);
    let asked = steps.run(2, &connector);
    assert!(matches!(
        asked,
        ScriptTurn::Call {
            op: ScriptOp::Now,
            ..
        }
    ));
    let now = ScriptAnswer::Now {
        unix_ms: 5,
        local: "x".into(),
    };
    steps.answer(2, &connector, now);
    assert_eq!(steps.turn(), (call(2), done("done")));
}

#[test]
fn a_service_keeps_state_and_a_reporter_totals() {
    let bench = bench(child());
    let body = r#"
static int count;
static char text[128];
static int32_t handle(cordboard_run *run, cordboard_text input) {
  cordboard_text answer;
  if (ask(run, "\"now\"", &answer) != CORDBOARD_DENIED) return CORDBOARD_FAILED;
  count++;
  snprintf(text, sizeof text, "[{\"act\":\"publish\",\"topic\":\"raw.counted\",\"payload\":{\"n\":%d}}]", count);
  reply(run, text);
  return CORDBOARD_OK;
}
static int32_t fold(cordboard_run *run, cordboard_text input) { count++; return CORDBOARD_OK; }
static int32_t render(cordboard_run *run, cordboard_text input) {
  snprintf(text, sizeof text, "{\"body\":\"%d\"}", count);
  reply(run, text);
  return CORDBOARD_OK;
}
static int32_t save(cordboard_run *run, cordboard_text input) {
  cordboard_text state = {(const char *)&count, sizeof count};
  cb->reply(run, state);
  return CORDBOARD_OK;
}
static int32_t restore(cordboard_run *run, uint32_t version, cordboard_text state) {
  if (version != 1 || state.length != sizeof count) { reply(run, "no state of mine"); return CORDBOARD_INVALID; }
  memcpy(&count, state.data, sizeof count);
  return CORDBOARD_OK;
}
"#;
    let entries =
        ".handle = handle, .fold = fold, .render = render, .save = save, .restore = restore";
    let module = bench.module("service", entries, body);
    let mut service = module.guest.service(&module).unwrap();
    let timer = |seq| Input {
        seq,
        at_ms: 1,
        seed: 2,
        body: Body::Timer { name: "t".into() },
    };
    service.handle(&[timer(1)]).unwrap();
    let state = service.save().unwrap();
    let mut next = module.guest.service(&module).unwrap();
    assert_eq!(
        next.restore(2, &state).unwrap(),
        Err("no state of mine".to_owned())
    );
    assert_eq!(next.restore(1, &state).unwrap(), Ok(()));
    let actions = next.handle(&[timer(2)]).unwrap();
    assert!(
        matches!(&actions[0].act, Act::Publish { payload, .. } if *payload == json!({"n": 2})),
        "{actions:?}"
    );
    let module = bench.module("reporter", entries, body);
    let mut reporter = module.guest.reporter(&module).unwrap();
    let event = Event {
        seq: 1,
        at_ms: 1,
        topic: "call.ended".into(),
        call: None,
        leg: None,
        payload: json!({}),
    };
    reporter.fold(&[event]).unwrap();
    let report = reporter.render("show", &json!({})).unwrap().unwrap();
    assert_eq!(
        (report.media_type.as_str(), report.body),
        ("text/plain", b"1".to_vec())
    );
}

#[test]
fn a_caller_who_leaves_ends_what_the_step_asks_for() {
    let bench = bench(child());
    let body = r#"
static int32_t run(cordboard_run *run, cordboard_text input) {
  cordboard_text answer;
  if (ask(run, "{\"wait\":60000}", &answer) == CORDBOARD_GONE) cb->log(run, 1, cordboard_of("gone"));
  return CORDBOARD_OK;
}
"#;
    let module = bench.module("call-script", ".run = run", body);
    let steps = steps(&bench);
    steps.start(1, &module);
    assert!(matches!(steps.asked(), ScriptOp::Wait { .. }));
    let kill = ScriptCommand::Kill;
    steps.steps.send(call(1), &module, kill).unwrap();
    let gone = || {
        bench
            .lines
            .lock()
            .unwrap()
            .iter()
            .any(|line| line == "Info gone")
    };
    let until = std::time::Instant::now() + super::PATIENCE;
    while !gone() && std::time::Instant::now() < until {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(gone());
    assert!(steps.turns.try_recv().is_err(), "a killed step has no turn");
}

#[test]
fn the_handshake_refuses_what_does_not_fit() {
    let bench = bench(child());
    let ceiling = || ModulesCeiling {
        native: true,
        ..ModulesCeiling::default()
    };
    let refused = |text: &str, part: &str| {
        let why = bench
            .module_within(library(text), "call-script", ceiling())
            .unwrap_err();
        assert!(why.iter().any(|why| why.contains(part)), "{why:?}");
    };
    let good = source("call-script", ".run = run", SAYS);
    refused(
        &good.replace("CORDBOARD_ABI, sizeof", "9, sizeof"),
        "version 9 of the native border",
    );
    refused(
        &good.replace("CORDBOARD_CONTRACT, \"", "\"7.0\", \""),
        "speaks contract \"7.0\"",
    );
    refused(
        &good.replace("\"call-script\"", "\"router\""),
        "world = \"call-script\"",
    );
    refused(
        &good.replace(".run = run", ".start = 0"),
        "needs the entry `run`",
    );
    refused("int nothing;", "exports no `cordboard_module_v1`");
    refused(
        &good.replace("return &MODULE", "return 0"),
        "it refused the switch",
    );
    refused(
        &format!("{good}\nextern int absent(void);\nint other(void) {{ return absent(); }}"),
        "undefined symbol",
    );
    let start = "static int32_t start(cordboard_run *run, cordboard_text in) { reply(run, \"[\\\"no `greeting`\\\"]\"); return 0; }";
    let reasons = source(
        "call-script",
        ".start = start, .run = run",
        &format!("{SAYS}{start}"),
    );
    refused(&reasons, "no `greeting`");
    for (bytes, part) in [
        (b"#!/bin/sh".to_vec(), "no shared library"),
        (b"\x7fELF\x02\x01".to_vec(), "another kind of machine"),
    ] {
        let why = bench
            .module_within(bytes, "call-script", ceiling())
            .unwrap_err();
        assert!(why[0].contains(part), "{why:?}");
    }
    let text = source(
        "call-script",
        ".run = run",
        "__attribute__((constructor)) static void die(void) { abort(); } static int32_t run(cordboard_run *run, cordboard_text in) { return 0; }",
    );
    refused(&text, "signal 6 (SIGABRT)");
}

#[test]
fn one_more_than_its_instances_is_overload_and_no_fault() {
    let bench = bench(child());
    let body = "static int32_t run(cordboard_run *run, cordboard_text in) { cordboard_text a; return ask(run, \"{\\\"wait\\\":1000}\", &a); }";
    let module = bench.module("call-script", ".run = run", body);
    let steps = steps(&bench);
    for n in 1..=4 {
        steps.start(n, &module);
        assert!(matches!(steps.asked(), ScriptOp::Wait { .. }));
    }
    let fifth = error(steps.run(5, &module));
    assert_eq!(fifth.kind, ScriptErrorKind::Overload);
    assert!(fifth.message.contains("`instances`"), "{}", fifth.message);
    assert!(
        bench
            .stories
            .try_iter()
            .all(|story| story == Story::Restarted)
    );
}
