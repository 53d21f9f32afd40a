//! Registration as phones do it: digest, several bindings, leaving, a restart.

use cordboard_tests::baresip::{Baresip, Setup};
use cordboard_tests::linphone::Linphone;
use cordboard_tests::programs::wanted;
use cordboard_tests::sip_text::{Wire, request};
use cordboard_tests::switch::Plan;
use cordboard_tests::wait::s;

use super::two_users;

/// R1: both phones show their password by digest and are then known to the console.
#[test]
fn baresip_and_linphone_register_and_leave() {
    let Some(_place) = wanted(&["baresip", "linphonec"]) else {
        return;
    };
    let switch = Plan::demo("register", &two_users()).start();
    let baresip = Baresip::registered(&switch, &Setup::default());
    let _linphone = Linphone::registered(&switch, "bob", 1000.0, false);
    assert_eq!(switch.devices("demo", "alice").len(), 1);
    let users = switch.ok(&["users"]).to_string();
    assert!(
        users.contains("baresip") && users.contains("inphone"),
        "{users}"
    );
    baresip.quit();
    switch.wait_devices("demo", "alice", 0);
    assert_eq!(switch.devices("demo", "bob").len(), 1);
}

/// R1, R42: a wrong password leaves no binding, and nothing tells a stranger which users exist.
#[test]
fn a_wrong_password_and_an_unknown_user_get_the_same_answer() {
    let Some(_place) = wanted(&["baresip"]) else {
        return;
    };
    let switch = Plan::demo("wrong", &two_users()).start();
    let phone = Baresip::start(
        &switch,
        &Setup {
            password: Some("not-the-password"),
            ..Setup::default()
        },
    );
    phone.says("401 Unauthorized");
    assert!(switch.devices("demo", "alice").is_empty());

    let answers: Vec<String> = ["alice", "nobody"]
        .iter()
        .map(|user| {
            let wire = Wire::to(switch.sip);
            let uri = format!("sip:{}", switch.address());
            let from = format!("<sip:{user}@{}>", switch.address());
            let (status, answer) =
                wire.ask(&request("REGISTER", &uri, &from, wire.port(), user, ""));
            assert_eq!(status, 401, "{answer}");
            shape(&answer)
        })
        .collect();
    assert_eq!(answers[0], answers[1]);
}

/// An answer without what differs between any two: names, tags, nonces, ports.
fn shape(answer: &str) -> String {
    let lines = answer.lines().map(|line| {
        let name = line.split(':').next().unwrap_or_default();
        match name {
            "WWW-Authenticate" => line.split("nonce=\"").next().unwrap_or_default().to_owned(),
            "SIP/2.0 401 Unauthorized" => line.to_owned(),
            _ => name.to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// R1: one user on several devices; both ring, and one that leaves takes only its own binding.
#[test]
fn a_user_has_several_devices_and_all_of_them_ring() {
    let Some(_place) = wanted(&["baresip"]) else {
        return;
    };
    let switch = Plan::demo("devices", &two_users()).start();
    let manual = || Setup {
        answers: "manual",
        ..Setup::default()
    };
    let desk = Baresip::registered(&switch, &manual());
    let mut mobile = Baresip::registered(&switch, &manual());
    let mut bob = Baresip::registered(
        &switch,
        &Setup {
            user: "bob",
            ..Setup::default()
        },
    );
    bob.dial("alice");
    desk.wait("CALL_INCOMING");
    mobile.wait("CALL_INCOMING");
    mobile.command("accept", "");
    mobile.wait("CALL_ESTABLISHED");
    desk.wait("CALL_CLOSED");
    switch.events.topic("call.bridged");
    bob.command("hangup", "");
    mobile.wait("CALL_CLOSED");
    desk.quit();
    switch.wait_devices("demo", "alice", 1);
}

/// X2, R1: after kill -9 the phones' bindings are there again, and a call reaches them.
#[test]
fn bindings_survive_a_killed_switch() {
    let Some(_place) = wanted(&["baresip"]) else {
        return;
    };
    let mut switch = Plan::demo("restart", &two_users()).start();
    let alice = Baresip::registered(&switch, &Setup::default());
    let mut bob = Baresip::registered(
        &switch,
        &Setup {
            user: "bob",
            ..Setup::default()
        },
    );
    // Bindings are written behind their answer; a moment lets them reach the store.
    switch.ok(&["contacts"]);
    std::thread::sleep(s(1));
    switch.kill();
    switch.start();
    assert_eq!(switch.devices("demo", "alice").len(), 1);
    bob.dial("alice");
    alice.wait("CALL_ESTABLISHED");
    bob.command("hangup", "");
    alice.wait("CALL_CLOSED");
}

/// R22, R42: the same user name in two tenants is two users with two passwords.
#[test]
fn two_tenants_have_a_user_of_the_same_name() {
    let Some(_place) = wanted(&["baresip"]) else {
        return;
    };
    let switch = Plan::demo("tenants", &two_users())
        .tenant(
            "other",
            "other.example",
            "user alice\nuser bob\noutbound all match=user { ring user=\"{dialled}\" }\n",
        )
        .start();
    assert_ne!(
        switch.password("demo", "alice"),
        switch.password("other", "alice")
    );
    let at_demo = Setup {
        domain: Some("demo.example"),
        ..Setup::default()
    };
    let at_other = Setup {
        tenant: "other",
        domain: Some("other.example"),
        ..Setup::default()
    };
    let demo_alice = Baresip::registered(&switch, &at_demo);
    let other_alice = Baresip::registered(&switch, &at_other);
    assert_eq!(switch.devices("demo", "alice").len(), 1);
    assert_eq!(switch.devices("other", "alice").len(), 1);
    let mut caller = Baresip::registered(
        &switch,
        &Setup {
            user: "bob",
            ..at_other
        },
    );
    caller.dial("alice");
    other_alice.wait("CALL_ESTABLISHED");
    assert_eq!(switch.events.topic("call.started")["tenant"], "other");
    assert!(!demo_alice.printed().contains("Incoming call"));
    let demo_password = switch.password("demo", "alice");
    let stranger = Baresip::start(
        &switch,
        &Setup {
            password: Some(&demo_password),
            ..at_other
        },
    );
    stranger.says("401 Unauthorized");
}

/// R1, R42: SHA-256 (RFC 8760): a phone that knows it registers and calls where nothing else is
/// offered, and where both are.
#[test]
fn linphone_registers_by_sha_256() {
    let Some(_place) = wanted(&["linphonec"]) else {
        return;
    };
    for challenge in ["sha-256", "both"] {
        let plan = Plan::demo("sha", &two_users());
        let switch = plan
            .setting("demo", &format!("challenge {challenge}"))
            .start();
        let _phone = Linphone::registered(&switch, "bob", 1000.0, false);
        let wire = Wire::to(switch.sip);
        let uri = format!("sip:{}", switch.address());
        let ask = request(
            "REGISTER",
            &uri,
            "<sip:bob@127.0.0.1>",
            wire.port(),
            challenge,
            "",
        );
        let (_, answer) = wire.ask(&ask);
        let first = answer
            .lines()
            .find(|l| l.starts_with("WWW-Authenticate"))
            .unwrap_or_default();
        assert!(
            first.contains("algorithm=SHA-256") && first.contains("qop=\"auth\""),
            "{answer}"
        );
        assert_eq!(
            answer.contains("algorithm=MD5"),
            challenge == "both",
            "{answer}"
        );
    }
}

/// R1, R42: a password that the operator changes counts from now on, and the old one no longer.
#[test]
fn a_changed_password_counts_at_once() {
    let Some(_place) = wanted(&["baresip"]) else {
        return;
    };
    let switch = Plan::demo("password", &two_users()).start();
    let old = switch.password("demo", "alice");
    let told = |password: &str| switch.console_told(&["password", "demo", "alice"], password);
    assert_eq!(told("a-new-and-long-one\n").0, 0);
    assert!(
        switch.ok(&["secrets"])["sip"]["demo"]["alice"].is_null(),
        "the old one is shown no more"
    );
    let (code, out, err) = told("short");
    assert!(
        code != 0 && format!("{out}{err}").contains("8"),
        "{out}{err}"
    );
    let late = Baresip::start(
        &switch,
        &Setup {
            password: Some(&old),
            ..Setup::default()
        },
    );
    late.says("401 Unauthorized");
    let _phone = Baresip::registered(
        &switch,
        &Setup {
            password: Some("a-new-and-long-one"),
            ..Setup::default()
        },
    );
    assert!(
        switch
            .files_with("a-new-and-long-one")
            .iter()
            .all(|p| !p.starts_with(switch.data()))
    );
}

/// R42: a password on the command line would stand in the list of processes, so there is no such
/// form; one can be made instead, and is shown once.
#[test]
fn a_password_is_no_argument_and_can_be_made() {
    let switch = Plan::demo("made", &two_users()).start();
    let (code, _, err) = switch.console(&["password", "demo", "alice", "a-new-and-long-one"]);
    assert!(code != 0 && err.contains("unexpected argument"), "{err}");
    let made = switch.ok(&["password", "demo", "alice", "--generate"]);
    let made = made["password"].as_str().unwrap();
    assert_eq!(made.chars().count(), 20);
    assert!(switch.ok(&["secrets"])["sip"]["demo"]["alice"].is_null());
    assert!(switch.files_with(made).is_empty(), "it is kept nowhere");
}
