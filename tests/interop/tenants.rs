//! Tenants as a hosting provider has them: made while the switch runs, suspended, given out,
//! billed and deleted; two of them with equal names; and one whose admin wants too much.

use std::fs;

use cordboard_tests::baresip::{Baresip, Setup};
use cordboard_tests::programs::wanted;
use cordboard_tests::switch::{Plan, Switch};
use cordboard_tests::wait::{s, until};
use serde_json::Value;

use super::two_users;

fn tenant(switch: &Switch, name: &str) -> Value {
    let rows = switch.ok(&["tenant", "list"]);
    let mut rows = rows.as_array().into_iter().flatten();
    rows.find(|row| row["tenant"] == name)
        .cloned()
        .unwrap_or_default()
}

fn setup<'a>(user: &'a str, password: &'a str, hertz: f64) -> Setup<'a> {
    Setup {
        tenant: "acme",
        user,
        password: Some(password),
        domain: Some("acme.example"),
        hertz,
        ..Setup::default()
    }
}

/// The whole life of a tenant on a running switch, with phones.
#[test]
fn a_tenant_lives_from_new_to_delete_without_a_restart() {
    let Some(_place) = wanted(&["baresip"]) else {
        return;
    };
    let switch = Plan::demo("hosting", &two_users()).start();
    let made = switch.ok(&[
        "tenant",
        "new",
        "acme",
        "--domain",
        "acme.example",
        "--did",
        "+442079460300",
        "--user",
        "alice",
        "--user",
        "bob",
        "--calls-max",
        "7",
    ]);
    let password = |at: usize| made["users"][at]["password"].as_str().unwrap().to_owned();
    let (alices, bobs) = (password(0), password(1));
    let secrets = switch.ok(&["secrets"]);
    assert_eq!(
        secrets["sip"]["acme"].get("alice"),
        None,
        "shown once: {secrets}"
    );
    let node = fs::read_to_string(switch.root().join("dialplans/_node.kdl")).unwrap();
    assert!(node.contains("ceiling acme {\n    calls-max 7\n"), "{node}");
    let (code, out, err) = switch.console(&["check", "dialplans/acme"]);
    assert!(
        code == 0 && out.contains("good. 1 DIDs") && err.is_empty(),
        "{out}{err}"
    );
    let (code, _, err) = switch.console(&["tenant", "new", "zeta", "--domain", "ACME.example"]);
    assert!(
        code == 1 && err.contains("belongs to tenant `acme`"),
        "{err}"
    );
    let (code, _, err) = switch.console(&["tenant", "delete", "acme", "--yes"]);
    assert!(code == 1 && err.contains("tenant suspend acme"), "{err}");

    let mut alice = Baresip::registered(&switch, &setup("alice", &alices, 500.0));
    let bob = Baresip::registered(&switch, &setup("bob", &bobs, 900.0));
    alice.dial("bob");
    alice.hears(900.0, 1.0);
    bob.hears(500.0, 1.0);
    assert_eq!(tenant(&switch, "acme")["calls"], 1);

    let said = switch.ok(&["tenant", "suspend", "acme", "--reason", "unpaid"]);
    assert_eq!(said["calls"], 1, "what is up goes on: {said}");
    let row = tenant(&switch, "acme");
    assert_eq!(
        (&row["state"], &row["reason"]),
        (&"suspended".into(), &"unpaid".into())
    );
    let mut refused = alice.mark();
    let heard = alice.heard(900.0);
    alice.hears(900.0, heard + 1.0);
    alice.command("hangup", "");
    alice.wait("CALL_CLOSED");
    refused = refused.max(alice.mark());
    alice.dial("bob");
    let closed = alice.wait_from(refused, "CALL_CLOSED", s(10));
    assert!(
        closed["param"].as_str().unwrap().contains("403"),
        "{closed}"
    );
    drop((alice, bob));
    let event = switch.events.topic("tenant.suspended");
    assert_eq!(
        (&event["tenant"], &event["data"]["reason"]),
        (&"acme".into(), &"unpaid".into())
    );

    let file = switch.root().join("acme.tar");
    let file_name = file.display().to_string();
    let said = switch.ok(&["tenant", "export", "acme", &file_name]);
    assert_eq!(said["contents"]["cdrs"], 2, "{said}");
    assert!(said["contents"]["events"].as_u64().unwrap() > 10, "{said}");
    let usage = switch.ok(&["tenant", "usage", "acme"]);
    assert_eq!(
        (&usage["calls"], &usage["legs"]),
        (&1.into(), &2.into()),
        "{usage}"
    );
    assert!(usage["seconds_out"].as_f64().unwrap() >= 1.0, "{usage}");

    let (code, _, err) = switch.console(&["tenant", "delete", "acme"]);
    assert!(code == 1 && err.contains("--yes"), "{err}");
    let said = switch.ok(&["tenant", "delete", "acme", "--yes"]);
    assert!(said["rows"].as_u64().unwrap() > 5, "{said}");
    assert_eq!(tenant(&switch, "acme"), Value::Null);
    assert!(!switch.root().join("dialplans/acme").exists());
    let node = fs::read_to_string(switch.root().join("dialplans/_node.kdl")).unwrap();
    assert!(node.contains("/-ceiling acme"), "{node}");
    assert_eq!(
        switch.ok(&["contacts", "--tenant", "acme"]),
        Value::Array(Vec::new())
    );
    let event = switch.events.topic("tenant.deleted");
    assert!(!event["data"]["by"].as_str().unwrap().is_empty(), "{event}");
    // What a spool still has of it does not bring it back.
    let mut switch = switch;
    switch.kill();
    switch.start();
    assert_eq!(
        switch.ok(&["contacts", "--tenant", "acme"]),
        Value::Array(Vec::new())
    );
    let usage = switch.console(&["tenant", "usage", "acme", "--json"]).1;
    assert!(usage.contains("\"calls\": 0"), "{usage}");
}

/// A suspension outlives a restart; without a switch a tenant can be made; a clean stop writes usage.
#[test]
fn suspension_survives_kill_9_and_a_stop_writes_what_was_used() {
    let Some(_place) = wanted(&["baresip"]) else {
        return;
    };
    let mut switch = Plan::demo("suspended", &two_users()).start();
    let bob = Baresip::registered(
        &switch,
        &Setup {
            user: "bob",
            ..Setup::default()
        },
    );
    let mut alice = Baresip::registered(&switch, &Setup::default());
    alice.dial("bob");
    alice.wait("CALL_ESTABLISHED");
    alice.hears(440.0, 1.0);
    drop((alice, bob));
    let said = switch.ok(&["tenant", "suspend", "demo", "--end-calls"]);
    assert_eq!(said["calls"], 1);
    switch.cdrs(&switch.events.call_from(0));
    switch.kill();
    switch.start();
    assert_eq!(tenant(&switch, "demo")["state"], "suspended");
    let (_, health) = switch.get("/health").unwrap();
    assert!(health.contains("\"suspended\":{"), "{health}");
    let (code, _, err) = switch.console(&["call", "start", "user:bob", "none", "--tenant", "demo"]);
    assert!(code == 1 && err.contains("demo is suspended"), "{err}");
    switch.ok(&["tenant", "resume", "demo"]);
    assert_eq!(tenant(&switch, "demo")["state"], "active");

    let mut alice = Baresip::registered(&switch, &Setup::default());
    let mark = switch.events.mark();
    alice.dial("bob");
    switch.events.topic_from(mark, "call.ended");
    drop(alice);
    switch.ok(&["shutdown"]);
    until("the switch has stopped", s(15), || switch.process().ended());
    let usage = switch.ok(&["tenant", "usage", "demo"]);
    assert!(usage["intervals"].as_u64().unwrap() >= 1, "{usage}");
    assert_eq!(
        usage["calls"], 2,
        "the one before kill -9 too, by its CDRs: {usage}"
    );
    let rows = switch.ok(&["tenant", "list"]);
    assert_eq!(rows[0]["state"], "not running", "{rows}");
    let made = switch.ok(&[
        "tenant",
        "new",
        "later",
        "--domain",
        "later.example",
        "--user",
        "ann",
    ]);
    let password = made["users"][0]["password"].as_str().unwrap().to_owned();
    switch.start();
    assert_eq!(tenant(&switch, "later")["state"], "active");
    assert_eq!(switch.ok(&["secrets"])["sip"].get("later"), None);
    let ann = Setup {
        tenant: "later",
        user: "ann",
        password: Some(&password),
        domain: Some("later.example"),
        ..Setup::default()
    };
    Baresip::registered(&switch, &ann);
}

/// Equal names and numbers in two tenants, at the same time, each heard by its own.
#[test]
fn two_tenants_with_equal_names_call_at_the_same_time() {
    let Some(_place) = wanted(&["baresip"]) else {
        return;
    };
    let other =
        "user alice\nuser bob\noutbound short match=\"20x\" { ring bob timeout=\"10s\"; }\n";
    let switch = Plan::demo("equal", &two_users())
        .tenant("other", "other.example", other)
        .start();
    let phone = |tenant: &'static str, domain: &'static str, user: &'static str, hertz: f64| {
        let setup = Setup {
            tenant,
            user,
            domain: Some(domain),
            hertz,
            ..Setup::default()
        };
        Baresip::registered(&switch, &setup)
    };
    let mut ours = phone("demo", "demo.example", "alice", 500.0);
    let our_bob = phone("demo", "demo.example", "bob", 900.0);
    let mut theirs = phone("other", "other.example", "alice", 600.0);
    let their_bob = phone("other", "other.example", "bob", 1_100.0);
    ours.dial("202");
    theirs.dial("202");
    for (phone, own) in [
        (&ours, 900.0),
        (&our_bob, 500.0),
        (&theirs, 1_100.0),
        (&their_bob, 600.0),
    ] {
        phone.hears(own, 1.5);
        for other in [500.0, 600.0, 900.0, 1_100.0] {
            assert!(
                other == own || phone.heard(other) < 0.1,
                "{other} is heard beside {own}"
            );
        }
    }
    let started = switch.events.since(0, |e| e["topic"] == "call.started");
    let mut tenants: Vec<&str> = started
        .iter()
        .filter_map(|e| e["tenant"].as_str())
        .collect();
    tenants.sort_unstable();
    assert_eq!(tenants, ["demo", "other"]);
}

/// There is no code of it: what is not allowed is refused before anybody looks for some.
const NATIVE: &str = r#"
contract = "0.1"
name = "fax"
version = "0.1.0"
world = "call-script"
kind = "native"
entry = "libfax.so"
about = "Faxes"

[build]
command = "none"

[[step]]
name = "send"
about = "Sends one"

[[ask]]
capability = "native"
reason = "It is C"
"#;

const GREEDY: &str = "module crm {
    grant http \"*\"
    config base=\"https://crm.example.com\" path=\"/x\"
}
module fax {
    grant native
}
trunk theirs address=\"192.0.2.1\"
did \"+442079460100\" { hangup }
";

/// X5, R22: a tenant's admin grants every host and native code, and takes another's number and
/// trunk: four refusals, each with both lines, and nothing of it is loaded.
#[test]
fn an_admin_cannot_take_what_the_machine_does_not_give() {
    let owner = "trunk far address=\"192.0.2.1\"\ndid \"+442079460100\" { hangup }\n";
    let ceiling = "ceiling acme {\n    dids \"+442079461*\"\n    carriers \"198.51.100.0/24\"\n}\n";
    let plan = Plan::demo("greedy", owner)
        .tenant("acme", "acme.example", "")
        .module("crm")
        .node(ceiling);
    let switch = plan.start();
    let fax = switch.root().join("modules/fax");
    fs::create_dir_all(&fax).unwrap();
    fs::write(fax.join("module.toml"), NATIVE).unwrap();
    let main = switch.main_file("acme");
    let good = fs::read_to_string(&main).unwrap();
    fs::write(&main, format!("{good}{GREEDY}")).unwrap();
    let (code, out, err) = switch.console(&["reload", "--wait"]);
    let told = format!("{out}{err}");
    assert_eq!(code, 1, "{told}");
    for (line, what) in [
        ("grant http \"*\"", "may not reach every host (`*`)"),
        ("grant native", "may not run native code"),
        (
            "trunk theirs",
            "no trunk of this tenant may be at 192.0.2.1:5060",
        ),
        ("did \"", "the number `+442079460100` is not this tenant's"),
    ] {
        let number = format!("{good}{GREEDY}");
        let number = number
            .lines()
            .position(|l| l.trim_start().starts_with(line))
            .unwrap()
            + 1;
        assert!(
            told.contains(&format!("main.kdl:{number}:")),
            "{line}: {told}"
        );
        assert!(told.contains(what), "{what}: {told}");
    }
    assert_eq!(told.matches("_node.kdl:").count(), 4, "{told}");
    assert_eq!(
        switch.ok(&["module", "list", "--tenant", "acme"]),
        Value::Array(Vec::new())
    );
    assert_eq!(tenant(&switch, "acme")["generation"], 1);
    let checked = switch.console(&["check", "dialplans/acme"]);
    assert!(
        checked.0 == 1 && checked.2.contains("every host"),
        "{}",
        checked.2
    );

    // Where the machine's file says nothing of numbers and carriers, who has them keeps them.
    let file = switch.root().join("dialplans/_node.kdl");
    let node = fs::read_to_string(&file).unwrap();
    fs::write(&file, node.replace(ceiling, "")).unwrap();
    fs::write(
        &main,
        format!("{good}trunk theirs address=\"192.0.2.1\"\ndid \"+442079460100\" {{ hangup }}\n"),
    )
    .unwrap();
    let (code, out, err) = switch.console(&["reload", "--wait"]);
    let told = format!("{out}{err}");
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("belongs to tenant `demo` already"), "{told}");
    assert!(
        told.contains("is where the trunk `far` of tenant `demo` is"),
        "{told}"
    );
    assert!(told.matches("demo/main.kdl:").count() >= 2, "{told}");
}

/// Ceilings follow `_node.kdl` without a restart; what does not says so; mistakes change nothing.
#[test]
fn ceilings_follow_the_machines_file() {
    let switch = Plan::demo("ceilings", "user alice\nuser bob\n").start();
    let file = switch.root().join("dialplans/_node.kdl");
    let node = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{node}ceiling demo {{ users 1; }}\n")).unwrap();
    let (code, _, err) = switch.console(&["reload", "--wait"]);
    assert!(
        code == 1 && err.contains("2 users, and this tenant may have 1"),
        "{err}"
    );
    assert!(err.contains("_node.kdl:"), "{err}");
    assert_eq!(tenant(&switch, "demo")["state"], "refused");
    fs::write(&file, format!("{node}celing demo {{ }}\n")).unwrap();
    let (code, _, err) = switch.console(&["reload", "--wait"]);
    assert!(
        code == 1 && err.contains("_node.kdl is refused") && err.contains("celing"),
        "{err}"
    );
    assert_eq!(switch.get("/health").unwrap().0, 503);
    fs::write(
        &file,
        format!("{node}ceiling demo {{ users 2; }}\nlimits calls=5\n"),
    )
    .unwrap();
    let said = switch.ok(&["reload", "--wait"]).to_string();
    assert!(
        said.contains("`limits` has changed; the switch follows it at its next start"),
        "{said}"
    );
    until("health is good again", s(10), || {
        (switch.get("/health")?.0 == 200).then_some(())
    });
}
