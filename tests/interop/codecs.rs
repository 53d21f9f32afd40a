//! Legs that differ: codecs that are converted, ringback for an answered caller.

use cordboard_tests::baresip::{Baresip, Setup};
use cordboard_tests::programs::wanted;
use cordboard_tests::switch::Plan;

use super::{USERS, two_users};

/// R3: one phone speaks only PCMA, the other only PCMU: the switch converts, both are heard.
#[test]
fn phones_without_a_common_codec_hear_each_other() {
    let Some(_place) = wanted(&["baresip"]) else {
        return;
    };
    let switch = Plan::demo("convert", &two_users()).start();
    let bob = Setup {
        user: "bob",
        hertz: 1000.0,
        codecs: "PCMU/8000/1",
        ..Setup::default()
    };
    let bob = Baresip::registered(&switch, &bob);
    let mut alice = Baresip::registered(
        &switch,
        &Setup {
            codecs: "PCMA/8000/1",
            ..Setup::default()
        },
    );
    alice.dial("bob");
    bob.wait("CALL_ESTABLISHED");
    assert_eq!(
        switch.events.topic("call.bridged")["data"]["converted"],
        true
    );
    alice.hears(1000.0, 1.0);
    bob.hears(440.0, 1.0);
    alice.command("hangup", "");
    let cdrs = switch.cdrs(&switch.events.call_from(0));
    assert_eq!(
        (&cdrs[0]["codec"], &cdrs[1]["codec"]),
        (&"PCMA".into(), &"PCMU".into())
    );
}

/// R3: a caller who is answered already hears the ringback of the tenant's country while a phone rings.
#[test]
fn an_answered_caller_hears_ringback() {
    let Some(_place) = wanted(&["baresip"]) else {
        return;
    };
    let routes = "outbound main match=\"100\" {\n    answer\n    ring bob timeout=\"15s\"\n}\n";
    let switch = Plan::demo("ringback", &format!("{USERS}{routes}"))
        .setting("demo", "tones de")
        .start();
    let bob = Setup {
        user: "bob",
        hertz: 1000.0,
        answers: "manual",
        ..Setup::default()
    };
    let mut bob = Baresip::registered(&switch, &bob);
    let mut alice = Baresip::registered(&switch, &Setup::default());
    alice.dial("100");
    alice.wait("CALL_ESTABLISHED");
    bob.wait("CALL_INCOMING");
    alice.hears(425.0, 0.8);
    bob.command("accept", "");
    alice.hears(1000.0, 0.5);
    alice.command("hangup", "");
    bob.wait("CALL_CLOSED");
}

/// X8: an operator plays a prompt into a call that is up, and records a part of it.
#[test]
fn an_operator_plays_and_records_in_a_call() {
    let Some(_place) = wanted(&["baresip"]) else {
        return;
    };
    let switch = Plan::demo("operator", &two_users()).start();
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
    let call = switch.events.call_from(0);
    switch.events.topic("call.bridged");
    switch.ok(&["record", &call]);
    let file = switch.events.topic("recording.started")["data"]["file"]
        .as_str()
        .unwrap()
        .to_owned();
    switch.ok(&["play", &call, "--leg", "1", "--prompt", "bye"]);
    alice.hears(500.0, 0.3);
    assert!(bob.heard(500.0) < 0.1, "the prompt is for alice alone");
    alice.hears(1000.0, 1.0);
    switch.ok(&["record", &call, "--off"]);
    let ended = switch.events.topic("recording.ended");
    assert_eq!(ended["data"]["file"], file.as_str(), "{ended}");
    let (code, out, err) = switch.console(&["play", &call, "--prompt", "nothing"]);
    assert!(
        code != 0 && format!("{out}{err}").contains("nothing"),
        "{out}{err}"
    );
    alice.command("hangup", "");
    switch.cdrs(&call);
    let sound =
        cordboard_tests::tone::Sound::read(&switch.data().join("recordings").join(file)).unwrap();
    assert!(
        sound.heard(0, 440.0) > 0.5 && sound.heard(1, 1000.0) > 0.5,
        "{} s",
        sound.seconds()
    );
}
