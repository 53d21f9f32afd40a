//! The first service with real phones: contacts wait, an agent takes them, and what it knows
//! survives the end of its process.

use cordboard_tests::baresip::{Baresip, Setup};
use cordboard_tests::linphone::Linphone;
use cordboard_tests::programs::{built, wanted};
use cordboard_tests::switch::{Plan, Switch};
use cordboard_tests::wait::{s, until};
use serde_json::Value;

use super::{told, two_users};

const QUEUE: &str = r#"
module queue {
    config {
        queue sales { agents bob; strategy longest-idle; ring-timeout "10s"; wrap-up "2s"; music music; }
    }
}
outbound sales match="*60" {
    queue.enter sales timeout="1m" { on answered { hangup }; on no-agents { hangup cause=congestion }; }
    else { hangup cause=temporary-failure }
}
"#;

fn plan(name: &str) -> Plan {
    Plan::demo(name, &format!("{}{QUEUE}", two_users())).module("queue")
}

fn shown(switch: &Switch, args: &[&str]) -> Value {
    let (code, out, err) = switch.console(args);
    assert_eq!(code, 0, "{out}{err}");
    serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}"))
}

/// An agent who logged in at the console is logged in after `kill -9`.
#[test]
fn a_login_survives_kill_9() {
    if !built("queue") {
        return;
    }
    let mut switch = plan("queue-killed").start();
    let (code, out, err) = switch.console(&["queue", "login", "--agent", "bob"]);
    assert_eq!(code, 0, "{out}{err}");
    switch.kill();
    switch.start();
    let status = shown(&switch, &["--json", "queue", "status"]).to_string();
    assert!(
        status.contains("bob") && status.contains("\"ready\":1"),
        "{status}"
    );
    let (code, out, err) = switch.console(&["queue", "login", "--agent", "nobody"]);
    assert_eq!(code, 1, "{out}");
    assert!(
        err.contains("--agent nobody: tenant demo has no user of that name"),
        "{err}"
    );
    let (code, out, _) = switch.console(&["queue"]);
    assert_eq!(code, 0);
    assert!(out.contains("cordboard queue login --agent USER"), "{out}");
}

/// Two phones: a caller waits with music, the agent's phone rings, they talk, the agent wraps up.
#[test]
fn a_caller_waits_is_rung_through_and_the_agent_wraps_up() {
    let Some(_place) = wanted(&["baresip", "linphonec"]) else {
        return;
    };
    if !built("queue") {
        return;
    }
    let switch = plan("queue-call").start();
    let agent = Linphone::registered(&switch, "bob", 1000.0, true);
    let mut caller = Baresip::registered(&switch, &Setup::default());
    switch.ok(&["queue", "login", "--agent", "bob"]);
    caller.dial("*60");
    caller.wait("CALL_ESTABLISHED");
    switch.events.topic("queue.agent-reserved");
    switch.events.topic("call.bridged");
    caller.hears(1000.0, 2.0);
    agent.hears(440.0, 2.0);
    caller.command("hangup", "");
    switch.events.topic("queue.contact-handled");
    for topic in [
        "queue.contact-queued",
        "queue.contact-answered",
        "queue.contact-ended",
    ] {
        assert_eq!(told(&switch, topic, "queue"), ["sales"], "{topic}");
    }
    assert_eq!(told(&switch, "queue.contact-answered", "agent"), ["bob"]);
}

/// What `queue status` says of the agent's slot.
fn slot(switch: &Switch) -> String {
    let status = shown(switch, &["--json", "queue", "status"]);
    let slot = status.pointer("/agents/bob/slot").and_then(Value::as_str);
    slot.unwrap_or_else(|| panic!("{status:#}")).to_owned()
}

/// The agent holds the caller and comes back: Held while it lasts, then Busy; a hold of the
/// caller's own is none of the agent's.
#[test]
fn an_agent_who_holds_is_held_and_then_busy() {
    let Some(_place) = wanted(&["baresip", "linphonec"]) else {
        return;
    };
    if !built("queue") {
        return;
    }
    let switch = plan("queue-hold").start();
    let mut agent = Linphone::registered(&switch, "bob", 1000.0, true);
    let mut caller = Baresip::registered(&switch, &Setup::default());
    switch.ok(&["queue", "login", "--agent", "bob"]);
    caller.dial("*60");
    caller.wait("CALL_ESTABLISHED");
    switch.events.topic("queue.contact-answered");
    agent.hears(440.0, 0.5);
    let is = |wanted: &str| until(wanted, s(5), || (slot(&switch) == wanted).then_some(()));
    is("busy");
    agent.command("pause");
    switch.events.topic("leg.held");
    is("held");
    caller.hears(600.0, 1.0);
    let mark = switch.events.mark();
    agent.command("resume");
    switch.events.topic_from(mark, "leg.resumed");
    is("busy");
    agent.hears(440.0, 0.5);
    let mark = switch.events.mark();
    caller.command("hold", "");
    switch.events.topic_from(mark, "leg.held");
    assert_eq!(slot(&switch), "busy");
    caller.command("hangup", "");
    let handled = switch.events.topic("queue.contact-handled");
    assert!(handled["data"]["hold_ms"].as_u64() > Some(500), "{handled}");
}
