//! The operator's side: events live, explanations, calls started and refused, figures.

use std::process::Stdio;

use cordboard_tests::baresip::{Baresip, Setup};
use cordboard_tests::programs::{Child, cordboard, wanted};
use cordboard_tests::sipp::{PROVISIONAL, Run, Sipp, answered, bye, invite, pause, refused};
use cordboard_tests::switch::Plan;
use cordboard_tests::wait::{s, until};

use super::{COLLEAGUES, USERS, two_users, with_trunk};

/// X8: `cordboard trace` shows a call while it is up, `cordboard calls` shows it, `hangup` ends it.
#[test]
fn trace_shows_a_call_while_it_is_up_and_hangup_ends_it() {
    let Some(_place) = wanted(&["baresip"]) else {
        return;
    };
    let switch = Plan::demo("trace", &two_users()).start();
    let trace = Child::start(switch.root(), "trace", &cordboard(), |command| {
        command
            .args(["--data", "data", "trace"])
            .stdin(Stdio::null());
    });
    let bob = Baresip::registered(
        &switch,
        &Setup {
            user: "bob",
            ..Setup::default()
        },
    );
    let mut alice = Baresip::registered(&switch, &Setup::default());
    alice.dial("bob");
    bob.wait("CALL_ESTABLISHED");
    until("trace shows the bridge", s(10), || {
        trace.printed().contains("call.bridged").then_some(())
    });
    assert!(!trace.printed().contains("call.ended"));
    let call = switch.events.call_from(0);
    let calls = switch.ok(&["calls"]);
    assert_eq!(
        calls[0]["call"].as_str().or(calls[0]["id"].as_str()),
        Some(call.as_str()),
        "{calls:#}"
    );
    switch.ok(&["hangup", &call, "--cause", "normal"]);
    alice.wait("CALL_CLOSED");
    bob.wait("CALL_CLOSED");
    until("trace shows the end", s(10), || {
        trace.printed().contains("call.ended").then_some(())
    });
    assert_eq!(switch.ok(&["calls"]), serde_json::json!([]));
    let cdrs = switch.cdrs(&call);
    assert!(
        cdrs.iter().all(|cdr| cdr["ended_by"] == "local"),
        "{cdrs:#?}"
    );
}

/// X8, R24: why a call went where it went: at most 40 lines, with file and line of each step.
#[test]
fn an_explanation_is_short_and_names_file_and_line() {
    let Some(_place) = wanted(&["sipp"]) else {
        return;
    };
    let steps = (0..30)
        .map(|n| format!("    set v{n}=\"{n}\"\n"))
        .collect::<String>();
    let (plan, port) = with_trunk(
        "explain",
        &format!(
            "did \"+442079460100\" {{\n    answer\n{steps}    play bye\n    hangup cause=busy\n}}\n"
        ),
    );
    let switch = plan.start();
    let scenario = format!(
        "{}{PROVISIONAL}{}{}",
        invite("", ""),
        answered(),
        cordboard_tests::sipp::BYE_COMES
    );
    Sipp::start(
        &switch,
        &Run {
            scenario: &scenario,
            port: Some(port),
            number: "+442079460100",
            ..Run::default()
        },
    )
    .passes(s(15));
    let call = switch.events.call_from(0);
    switch.cdrs(&call);
    let (code, text, _) = switch.console(&["explain", &call]);
    assert_eq!(code, 0);
    let (story, ladder) = text.split_once("\nSIP").expect("a ladder stands below");
    assert!(story.lines().count() <= 40, "{text}");
    let main = std::fs::read_to_string(switch.main_file("demo")).unwrap();
    let line = main
        .lines()
        .position(|l| l.starts_with("did \"+442079460100\""))
        .unwrap()
        + 1;
    assert!(
        story.contains(&format!("main.kdl:{line}")),
        "the route at line {line}:\n{story}"
    );
    assert!(
        ladder.contains("INVITE") && ladder.contains("200 OK") && ladder.contains("BYE"),
        "{ladder}"
    );
    // The first characters that only this call has are enough.
    let (code, short, _) = switch.console(&["explain", &call[..20]]);
    assert_eq!((code, short), (0, text));
}

/// R15: a call that nobody dialled in: the user rings, then the route runs; the same key again
/// gives the same call and rings nobody twice.
#[test]
fn a_call_is_started_once_for_one_key() {
    let Some(_place) = wanted(&["baresip"]) else {
        return;
    };
    let text = format!("{USERS}{COLLEAGUES}route welcome {{\n    play hello\n    hangup\n}}\n");
    let switch = Plan::demo("start", &text).start();
    let alice = Baresip::registered(&switch, &Setup::default());
    let start = [
        "call",
        "start",
        "user:alice",
        "welcome",
        "--key",
        "order-17",
        "--caller-id",
        "+442079460100",
        "--set",
        "order=17",
    ];
    let first = switch.ok(&start);
    alice.wait("CALL_ESTABLISHED");
    let second = switch.ok(&start);
    assert_eq!(first["call"], second["call"]);
    alice.hears(700.0, 2.0);
    let call = first["call"].as_str().unwrap();
    let cdrs = switch.cdrs(call);
    assert_eq!(
        (cdrs.len(), &cdrs[0]["direction"]),
        (1, &"outbound".into()),
        "{cdrs:#?}"
    );
    assert_eq!(
        switch
            .events
            .since(0, |e| e["topic"] == "call.started")
            .len(),
        1
    );
    assert!(
        alice.printed().contains("+442079460100"),
        "{}",
        alice.printed()
    );
    let (code, out, err) = switch.console(&["call", "start", "user:alice", "nowhere"]);
    assert!(
        code != 0 && format!("{out}{err}").contains("no route"),
        "{out}{err}"
    );
}

/// R42, X2: drain refuses new calls of every source and leaves those that are up; off again, they come.
#[test]
fn drain_refuses_new_calls_and_keeps_those_that_are_up() {
    let Some(_place) = wanted(&["baresip", "sipp"]) else {
        return;
    };
    let (plan, port) = with_trunk("drain", "route welcome { play hello; hangup; }\n");
    let mut switch = plan.start();
    let bob = Baresip::registered(
        &switch,
        &Setup {
            user: "bob",
            hertz: 1000.0,
            ..Setup::default()
        },
    );
    let mut alice = Baresip::registered(&switch, &Setup::default());
    alice.dial("bob");
    bob.wait("CALL_ESTABLISHED");
    switch.ok(&["drain"]);
    let opening = format!("{}{PROVISIONAL}", invite("", ""));
    let call = |code: u16, rest: String| {
        let scenario = format!(
            "{opening}{}{rest}",
            if code == 200 {
                answered()
            } else {
                refused(code)
            }
        );
        let run = Run {
            scenario: &scenario,
            port: Some(port),
            number: "+442079460202",
            ..Run::default()
        };
        let mut sipp = Sipp::start(&switch, &run);
        assert_eq!(sipp.code(s(15)), 0, "{}", sipp.messages());
        sipp.messages()
    };
    assert!(call(503, String::new()).contains("Retry-After:"));
    let (code, out, err) = switch.console(&["call", "start", "user:alice", "welcome"]);
    assert!(
        code != 0 && format!("{out}{err}").contains("drain"),
        "{out}{err}"
    );
    let heard = alice.heard(1000.0);
    alice.hears(1000.0, heard + 1.0);
    switch.ok(&["drain", "--off"]);
    call(200, pause(200) + &bye(2));
    switch.ok(&["shutdown", "--drain"]);
    assert!(switch.process().ended().is_none());
    alice.command("hangup", "");
    assert_eq!(switch.process().end_within(s(20)), 0);
}

/// X8: health and figures for Prometheus, and `--json` on each command.
#[test]
fn figures_and_json_for_programs() {
    let switch = Plan::demo("figures", &two_users()).start();
    let (status, health) = switch.get("/health").unwrap();
    let health: serde_json::Value = serde_json::from_str(&health).unwrap();
    assert_eq!((status, &health["ok"]), (200, &true.into()));
    let (_, metrics) = switch.get("/metrics").unwrap();
    for name in [
        "cordboard_calls 0",
        "cordboard_generation{tenant=\"demo\"} 1",
        "cordboard_config_stale{tenant=\"demo\"} 0",
    ] {
        assert!(metrics.contains(name), "{name} is not in\n{metrics}");
    }
    for command in [
        &["calls"][..],
        &["users"],
        &["trunks"],
        &["contacts"],
        &["generations"],
        &["health"],
        &["secrets"],
    ] {
        switch.ok(command);
    }
    let (code, out, err) = switch.console(&["hangup", "zzzz"]);
    assert!(
        code != 0 && format!("{out}{err}").contains("zzzz"),
        "{out}{err}"
    );
}

/// R5: `fmt --json` says which files it changed and what it could not read; `--check` changes none.
#[test]
fn fmt_says_in_json_what_it_changed() {
    let scratch = cordboard_tests::scratch::Scratch::new("fmt");
    let dir = scratch.path().join("demo");
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join("main.kdl");
    let untidy = "tenant demo   domain=\"demo.example\"\nuser   alice\n";
    std::fs::write(&file, untidy).unwrap();
    let fmt = |more: &[&str]| {
        let mut command = std::process::Command::new(cordboard());
        let output = command
            .arg("fmt")
            .arg(&dir)
            .args(more)
            .arg("--json")
            .output()
            .unwrap();
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), said)
    };
    let (code, said) = fmt(&["--check"]);
    assert_eq!(code, Some(1));
    assert_eq!(said["ok"], false);
    assert_eq!(said["changed"], serde_json::json!(["main.kdl"]));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), untidy);
    let (code, said) = fmt(&[]);
    assert_eq!((code, &said["ok"]), (Some(0), &true.into()), "{said:#}");
    assert_eq!(said["changed"], serde_json::json!(["main.kdl"]));
    assert_ne!(std::fs::read_to_string(&file).unwrap(), untidy);
    assert_eq!(fmt(&[]).1["changed"], serde_json::json!([]));
    std::fs::write(&file, "tenant demo {\n").unwrap();
    let (code, said) = fmt(&[]);
    assert_eq!((code, &said["ok"]), (Some(1), &false.into()));
    assert_eq!(said["mistakes"][0]["file"], "main.kdl", "{said:#}");
}
