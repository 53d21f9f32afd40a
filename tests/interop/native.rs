//! A native call script under a real call: its process is killed in the middle, the call goes on
//! by the dialplan's `else`, and the next call finds the module back.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use cordboard_tests::programs::{cordboard, wanted};
use cordboard_tests::scratch::Scratch;
use cordboard_tests::sipp::{BYE_COMES, PROVISIONAL, Run, Sipp, answered, invite};
use cordboard_tests::wait::{poll, s};

use super::with_trunk;

/// Number 1 stands for a minute; others end at once.
const CODE: &str = r#"
#include "cordboard.h"
#include "cordboard_json.h"
static const cordboard_host *host;
static int32_t run(cordboard_run *run, cordboard_text input) {
  cordboard_text digit = cordboard_member(cordboard_member(input, "arguments"), "digit"), answer;
  if (host->ask(run, cordboard_of("\"answer\""), &answer)) return CORDBOARD_FAILED;
  if (cordboard_number(digit, 0) == 1) host->ask(run, cordboard_of("{\"wait\":60000}"), &answer);
  host->reply(run, cordboard_of("\"done\""));
  return CORDBOARD_OK;
}
static const cordboard_module module = {CORDBOARD_ABI, sizeof(cordboard_module),
    CORDBOARD_CONTRACT, "call-script", .run = run};
CORDBOARD_EXPORT const cordboard_module *cordboard_module_v1(const cordboard_host *given) {
  host = given;
  return &module;
}
"#;

const ROUTES: &str = r#"
module stand { grant native }
did "+442079460100" {
    stand.say 1 { on done { hangup } }
    else { play bye; hangup cause=congestion }
}
did "+442079460101" {
    stand.say 2 { on done { play bye; hangup } }
    else { hangup cause=temporary-failure }
}
"#;

/// Makes and builds the module as its author does.
fn made(scratch: &Scratch) -> std::path::PathBuf {
    let modules = scratch.path().join("made");
    let run = |args: &[&str]| {
        let output = Command::new(cordboard())
            .arg("--data")
            .arg(scratch.path().join("data"))
            .arg("module")
            .args(args)
            .env("CORDBOARD_CACHE", scratch.path().join("cache"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{args:?}: {said}");
    };
    let folder = modules.join("stand");
    let text = |path: &Path| path.display().to_string();
    run(&[
        "new",
        "stand",
        "--lang",
        "c-native",
        "--modules",
        &text(&modules),
    ]);
    run(&["test", &text(&folder)]);
    std::fs::write(folder.join("src/module.c"), CODE).unwrap();
    run(&["build", &text(&folder)]);
    folder
}

/// Child processes of the switch.
fn children(pid: u32) -> Vec<String> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten();
    let lists = threads
        .flatten()
        .map(|thread| thread.path().join("children"));
    let texts = lists.filter_map(|list| std::fs::read_to_string(list).ok());
    texts
        .flat_map(|text| {
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn a_native_module_that_is_killed_loses_no_call_and_comes_back() {
    let Some(_place) = wanted(&["sipp", "cc"]) else {
        return;
    };
    let scratch = Scratch::new("native-made");
    let folder = made(&scratch);
    let (plan, port) = with_trunk("native-killed", ROUTES);
    let switch = plan
        .module_at(&folder)
        .node("ceiling demo { modules { native #true } }")
        .start();
    let call = |number: &'static str| {
        let scenario = format!("{}{PROVISIONAL}{}{BYE_COMES}", invite("", ""), answered());
        let plan = Run {
            scenario: &scenario,
            port: Some(port),
            number,
            ..Run::default()
        };
        Sipp::start(&switch, &plan)
    };
    let mark = switch.events.mark();
    let first = call("+442079460100");
    switch.events.topic("leg.answered");
    // The process that looked at the module when it was loaded is gone; this one runs the step.
    let pids = poll(s(10), || {
        Some(children(switch.pid())).filter(|pids| pids.len() == 1)
    });
    let pids = pids.expect("one child process");
    let killed = Command::new("kill").args(["-KILL", &pids[0]]).status();
    assert!(killed.unwrap().success());
    let begun = std::time::Instant::now();
    first.passes(s(20));
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "the call stood still"
    );
    let cdrs = switch.cdrs(&switch.events.call_from(mark));
    assert_eq!(
        cdrs[0]["cause"], 34,
        "its `else` played and hung up: {cdrs:#?}"
    );
    switch.events.topic("module.stopped");
    switch.events.topic("module.restarted");
    let mark = switch.events.mark();
    call("+442079460101").passes(s(20));
    let cdrs = switch.cdrs(&switch.events.call_from(mark));
    assert_eq!(cdrs[0]["cause"], 16, "{cdrs:#?}");
    let info = switch.ok(&["module", "info", "stand"]).to_string();
    assert!(info.contains("signal 9 (SIGKILL)"), "{info}");
}
