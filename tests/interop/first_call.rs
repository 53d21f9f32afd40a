//! The first call: what the README promises, with the dialplan and the scripts that we ship.

use cordboard_tests::baresip::{Baresip, Setup};
use cordboard_tests::linphone::Linphone;
use cordboard_tests::ports;
use cordboard_tests::programs::wanted;
use cordboard_tests::sipp::{PROVISIONAL, Run, Sipp, answered, bye, info_digit, invite, pause};
use cordboard_tests::switch::Plan;
use cordboard_tests::tone::Sound;
use cordboard_tests::wait::s;

/// R1-R3, R5, R9, R15, R24, X8: a phone dials reception, hears the script's menu, presses a key,
/// the other phone rings, both talk and are recorded; CDRs and the explanation tell it all.
#[test]
fn a_phone_hears_the_menu_and_reaches_another_phone() {
    let Some(_place) = wanted(&["baresip", "linphonec"]) else {
        return;
    };
    let switch = Plan::shipped("first", ports::one()).start();
    let bob = Linphone::registered(&switch, "bob", 1000.0, true);
    let mut alice = Baresip::registered(
        &switch,
        &Setup {
            answers: "manual",
            ..Setup::default()
        },
    );
    alice.dial("100");
    alice.wait("CALL_ESTABLISHED");
    let prompted = |name: &'static str| {
        switch.events.wait(&format!("prompt {name}"), s(20), |e| {
            e["topic"] == "leg.prompt-started" && e["data"]["prompts"].to_string().contains(name)
        })
    };
    prompted("welcome");
    prompted("menu");
    alice.command("sndcode", "1");
    switch.events.topic("call.bridged");
    alice.hears(1000.0, 1.5);
    bob.hears(440.0, 1.5);
    alice.command("hangup", "");

    let call = switch.events.call_from(0);
    let cdrs = switch.cdrs(&call);
    let talked: Vec<_> = cdrs
        .iter()
        .filter(|cdr| cdr["result"] == "answered")
        .collect();
    assert_eq!(talked.len(), 2, "{cdrs:#?}");
    let file = switch.events.topic("recording.started")["data"]["file"]
        .as_str()
        .unwrap()
        .to_owned();
    let sound = Sound::read(&switch.data().join("recordings").join(&file)).unwrap();
    assert!(sound.heard(0, 440.0) > 1.0 && sound.heard(1, 1000.0) > 1.0);
    let (_, story, _) = switch.console(&["explain", &call]);
    for part in ["welcome", "main.kdl:", "sales", "INVITE"] {
        assert!(story.contains(part), "{part} is not in\n{story}");
    }
    let contacts = switch.ok(&["contacts"]);
    assert_eq!(contacts[0]["call"], call.as_str(), "{contacts:#}");
}

/// R2, R15, R42: a caller from outside gets past the secret number only with the right digits.
#[test]
fn a_caller_from_outside_types_the_secret_number() {
    let Some(_place) = wanted(&["baresip", "sipp"]) else {
        return;
    };
    let port = ports::one();
    let switch = Plan::shipped("pin", port).start();
    let _alice = Baresip::registered(&switch, &Setup::default());
    let keys: String = "2468"
        .chars()
        .zip(2..)
        .map(|(key, cseq)| info_digit(key, cseq))
        .collect();
    let scenario = format!(
        "{}{PROVISIONAL}{}{}{keys}{}{}",
        invite("", ""),
        answered(),
        pause(300),
        pause(6_000),
        bye(6)
    );
    let caller = Run {
        scenario: &scenario,
        port: Some(port),
        number: "+442079460102",
        ..Run::default()
    };
    let caller = Sipp::start(&switch, &caller);
    let bridged = switch.events.topic("call.bridged");
    assert_eq!(bridged["data"]["legs"][0], 1, "{bridged}");
    caller.passes(s(20));
    assert!(
        !switch
            .console(&["explain", bridged["call"].as_str().unwrap()])
            .1
            .contains("2468")
    );
}
