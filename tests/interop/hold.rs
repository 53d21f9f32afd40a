//! Hold and resume, and audio before the answer.

use cordboard_tests::baresip::{Baresip, Setup};
use cordboard_tests::linphone::Linphone;
use cordboard_tests::programs::wanted;
use cordboard_tests::sipp::{Run, Sipp, pause, response};
use cordboard_tests::switch::Plan;
use cordboard_tests::wait::s;

use super::{COLLEAGUES, USERS, two_users, with_trunk};

/// R3: who is put on hold hears the tenant's music, and the other again afterwards.
#[test]
fn a_held_party_hears_music_and_then_the_other_again() {
    let Some(_place) = wanted(&["baresip", "linphonec"]) else {
        return;
    };
    let switch = Plan::demo("hold", &two_users()).start();
    let linphone = Linphone::registered(&switch, "bob", 1000.0, true);
    let mut baresip = Baresip::registered(&switch, &Setup::default());
    baresip.dial("bob");
    baresip.wait("CALL_ESTABLISHED");
    linphone.hears(440.0, 0.5);
    baresip.command("hold", "");
    switch.events.topic("leg.held");
    linphone.hears(600.0, 1.0);
    let before = linphone.ear().map_or(0.0, |ear| ear.heard(0, 440.0));
    baresip.command("resume", "");
    switch.events.topic("leg.resumed");
    linphone.hears(440.0, before + 1.0);
    // baresip 1.0 itself decodes nothing more after its own hold; what linphone hears is the proof.
    baresip.command("hangup", "");
    switch.cdrs(&switch.events.call_from(0));
}

/// R3: the same from linphone's side, whose hold is `sendonly`.
#[test]
fn linphone_holds_and_resumes() {
    let Some(_place) = wanted(&["baresip", "linphonec"]) else {
        return;
    };
    let switch = Plan::demo("pause", &two_users()).start();
    let baresip = Baresip::registered(&switch, &Setup::default());
    let mut linphone = Linphone::registered(&switch, "bob", 1000.0, false);
    linphone.dial("alice");
    baresip.wait("CALL_ESTABLISHED");
    switch.events.topic("call.bridged");
    baresip.hears(1000.0, 0.5);
    linphone.command("pause");
    switch.events.topic("leg.held");
    linphone.wait("is now paused");
    baresip.hears(600.0, 1.0);
    let mark = switch.events.mark();
    linphone.command("resume");
    switch.events.topic_from(mark, "leg.resumed");
    baresip.hears(1000.0, baresip.heard(1000.0) + 0.5);
    linphone.hears(440.0, 0.5);
    linphone.command("terminate");
    baresip.wait("CALL_CLOSED");
}

/// R3: a prompt before the answer, so that nobody pays for it; the answer comes afterwards.
#[test]
fn a_prompt_is_heard_before_the_answer() {
    let Some(_place) = wanted(&["baresip"]) else {
        return;
    };
    let more = "outbound early match=\"300\" {\n    play hello early=#true\n    ring bob timeout=\"10s\"\n}\n";
    let switch = Plan::demo("early", &format!("{USERS}{COLLEAGUES}{more}")).start();
    let bob = Baresip::registered(
        &switch,
        &Setup {
            user: "bob",
            hertz: 1000.0,
            ..Setup::default()
        },
    );
    let mut alice = Baresip::registered(&switch, &Setup::default());
    alice.dial("300");
    alice.wait("CALL_PROGRESS");
    alice.hears(700.0, 1.0);
    assert!(
        switch
            .events
            .since(0, |e| e["topic"] == "leg.answered")
            .is_empty()
    );
    bob.wait("CALL_ESTABLISHED");
    alice.wait("CALL_ESTABLISHED");
    alice.hears(1000.0, 1.0);
    alice.command("hangup", "");
    let cdrs = switch.cdrs(&switch.events.call_from(0));
    let caller = &cdrs[0];
    let before_answer =
        caller["answered_ms"].as_u64().unwrap() - caller["started_ms"].as_u64().unwrap();
    assert!(before_answer >= 2_500, "{caller:#}");
}

/// R3: a trunk's 183 with SDP reaches the caller as early media, its 200 as the answer.
#[test]
fn early_media_of_a_trunk_reaches_the_caller() {
    let Some(_place) = wanted(&["baresip", "sipp"]) else {
        return;
    };
    let (plan, port) = with_trunk(
        "progress",
        "outbound out match=\"0x{9,10}\" { trunk far timeout=\"10s\"; }\n",
    );
    let switch = plan.start();
    let scenario = format!(
        "<recv request=\"INVITE\"></recv>\n{}{}{}<recv request=\"ACK\"></recv>\n{}",
        response("183 Session Progress", true),
        pause(700),
        response("200 OK", true),
        cordboard_tests::sipp::BYE_COMES
    );
    let far = Sipp::start(
        &switch,
        &Run {
            scenario: &scenario,
            port: Some(port),
            answers: true,
            ..Run::default()
        },
    );
    let mut alice = Baresip::registered(&switch, &Setup::default());
    alice.dial("02079460999");
    alice.wait("CALL_PROGRESS");
    let early = switch.events.topic("leg.early-media");
    assert_eq!(early["data"]["media"]["codec"], "PCMA", "{early}");
    alice.wait("CALL_ESTABLISHED");
    alice.command("hangup", "");
    far.passes(s(20));
}
