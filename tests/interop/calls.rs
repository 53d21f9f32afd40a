//! Calls between phones: audio proved by what is heard, hold, early media.

use cordboard_tests::baresip::{Baresip, Setup};
use cordboard_tests::linphone::Linphone;
use cordboard_tests::programs::wanted;
use cordboard_tests::switch::Plan;

use super::two_users;

/// R2, R3: baresip calls linphone by its number and each hears the other's tone.
#[test]
fn baresip_calls_linphone_and_both_are_heard() {
    let Some(_place) = wanted(&["baresip", "linphonec"]) else {
        return;
    };
    let switch = Plan::demo("b-to-l", &two_users()).start();
    let linphone = Linphone::registered(&switch, "bob", 1000.0, true);
    let mut baresip = Baresip::registered(&switch, &Setup::default());
    baresip.dial("202");
    baresip.wait("CALL_ESTABLISHED");
    switch.events.topic("call.bridged");
    baresip.hears(1000.0, 2.0);
    linphone.hears(440.0, 2.0);
    baresip.command("hangup", "");
    let call = switch.events.call_from(0);
    let cdrs = switch.cdrs(&call);
    assert_eq!(cdrs.len(), 2, "{cdrs:#?}");
    for cdr in &cdrs {
        assert_eq!(cdr["media"]["lost_packets"], 0, "{cdr:#}");
        assert_eq!(
            (&cdr["result"], &cdr["cause"]),
            (&"answered".into(), &16.into()),
            "{cdr:#}"
        );
        assert!(cdr["talk_ms"].as_u64().unwrap() >= 1_500, "{cdr:#}");
    }
}

/// R2, R3: the other way round.
#[test]
fn linphone_calls_baresip_and_both_are_heard() {
    let Some(_place) = wanted(&["baresip", "linphonec"]) else {
        return;
    };
    let switch = Plan::demo("l-to-b", &two_users()).start();
    let baresip = Baresip::registered(&switch, &Setup::default());
    let mut linphone = Linphone::registered(&switch, "bob", 1000.0, false);
    linphone.dial("alice");
    baresip.wait("CALL_ESTABLISHED");
    baresip.hears(1000.0, 2.0);
    linphone.hears(440.0, 2.0);
    linphone.command("terminate");
    baresip.wait("CALL_CLOSED");
    let cdrs = switch.cdrs(&switch.events.call_from(0));
    assert!(
        cdrs.iter().all(|cdr| cdr["result"] == "answered"),
        "{cdrs:#?}"
    );
}
