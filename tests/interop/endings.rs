//! How calls end: busy, refused, nobody there, nobody answers, the caller gives up; each with its
//! Q.850 cause in both CDRs and the matching answer to the caller.

use cordboard_tests::baresip::{Baresip, Setup};
use cordboard_tests::programs::wanted;
use cordboard_tests::sipp::{PROVISIONAL, Run, Sipp, invite, refused, response};
use cordboard_tests::switch::{Plan, Switch};
use cordboard_tests::wait::s;

use super::{two_users, with_trunk};

const OUT: &str = "outbound out match=\"0x{9,10}\" { trunk far timeout=\"2s\"; }\n";

/// Alice calls out, the far end refuses; gives what alice was told and the CDRs.
fn refused_by(status: &str) -> (String, Vec<serde_json::Value>) {
    let (plan, port) = with_trunk("refused", OUT);
    let switch = plan.start();
    let scenario = format!(
        "<recv request=\"INVITE\"></recv>\n{}<recv request=\"ACK\"></recv>\n",
        response(status, false)
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
    let closed = alice.wait("CALL_CLOSED");
    far.passes(s(10));
    (
        closed["param"].as_str().unwrap_or_default().to_owned(),
        switch.cdrs(&switch.events.call_from(0)),
    )
}

#[track_caller]
fn ended(cdr: &serde_json::Value, result: &str, cause: u64) {
    assert_eq!(
        (&cdr["result"], &cdr["cause"]),
        (&result.into(), &cause.into()),
        "{cdr:#}"
    );
}

/// R3, R24: 486 of the far end is `busy`, cause 17, on both sides.
#[test]
fn a_busy_far_end_is_busy_for_the_caller() {
    let Some(_place) = wanted(&["baresip", "sipp"]) else {
        return;
    };
    let (told, cdrs) = refused_by("486 Busy Here");
    assert!(told.contains("486"), "{told}");
    assert_eq!(cdrs.len(), 2, "{cdrs:#?}");
    cdrs.iter().for_each(|cdr| ended(cdr, "busy", 17));
    assert_eq!(cdrs[1]["sip_status"], 486);
}

/// R3, R24: 603 is `rejected`, cause 21.
#[test]
fn a_rejecting_far_end_is_rejected_for_the_caller() {
    let Some(_place) = wanted(&["baresip", "sipp"]) else {
        return;
    };
    let (told, cdrs) = refused_by("603 Decline");
    assert!(told.contains("603"), "{told}");
    cdrs.iter().for_each(|cdr| ended(cdr, "rejected", 21));
}

/// R3, R24: 404 is an unallocated number, cause 1.
#[test]
fn an_unknown_number_of_the_far_end_is_unallocated() {
    let Some(_place) = wanted(&["baresip", "sipp"]) else {
        return;
    };
    let (told, cdrs) = refused_by("404 Not Found");
    assert!(told.contains("404"), "{told}");
    cdrs.iter().for_each(|cdr| ended(cdr, "failed", 1));
}

/// R3, R24: nobody answers within the step's time-out: the phone stops ringing, cause 19.
#[test]
fn a_phone_that_nobody_answers_stops_ringing() {
    let Some(_place) = wanted(&["baresip"]) else {
        return;
    };
    let text = two_users().replace("10s", "2s");
    let switch = Plan::demo("no-answer", &text).start();
    let bob = Baresip::registered(
        &switch,
        &Setup {
            user: "bob",
            answers: "manual",
            ..Setup::default()
        },
    );
    let mut alice = Baresip::registered(&switch, &Setup::default());
    alice.dial("bob");
    bob.wait("CALL_INCOMING");
    bob.wait("CALL_CLOSED");
    let closed = alice.wait("CALL_CLOSED");
    assert!(
        closed["param"].as_str().unwrap_or_default().contains("480"),
        "{closed}"
    );
    let cdrs = switch.cdrs(&switch.events.call_from(0));
    cdrs.iter().for_each(|cdr| ended(cdr, "no-answer", 19));
    assert!(cdrs[1]["ringing_ms"].is_u64(), "{cdrs:#?}");
}

/// R3, R24: the caller gives up while it rings: the phone stops, the result is `cancelled`.
#[test]
fn a_caller_gives_up_and_the_phone_stops_ringing() {
    let Some(_place) = wanted(&["baresip"]) else {
        return;
    };
    let switch = Plan::demo("cancel", &two_users()).start();
    let bob = Baresip::registered(
        &switch,
        &Setup {
            user: "bob",
            answers: "manual",
            ..Setup::default()
        },
    );
    let mut alice = Baresip::registered(&switch, &Setup::default());
    alice.dial("bob");
    bob.wait("CALL_INCOMING");
    alice.command("hangup", "");
    bob.wait("CALL_CLOSED");
    let cdrs = switch.cdrs(&switch.events.call_from(0));
    cdrs.iter().for_each(|cdr| ended(cdr, "cancelled", 16));
    assert_eq!(cdrs[0]["ended_by"], "remote");
}

/// R3, R24: a user who rejects with the phone's own key.
#[test]
fn a_user_rejects_a_ringing_call() {
    let Some(_place) = wanted(&["baresip"]) else {
        return;
    };
    let switch = Plan::demo("reject", &two_users()).start();
    let mut bob = Baresip::registered(
        &switch,
        &Setup {
            user: "bob",
            answers: "manual",
            ..Setup::default()
        },
    );
    let mut alice = Baresip::registered(&switch, &Setup::default());
    alice.dial("bob");
    bob.wait("CALL_INCOMING");
    bob.command("hangup", "");
    alice.wait("CALL_CLOSED");
    let cdrs = switch.cdrs(&switch.events.call_from(0));
    cdrs.iter().for_each(|cdr| ended(cdr, "busy", 17));
}

/// R3, R24: a user without any device is absent, cause 20; an unknown number of ours is refused.
#[test]
fn nobody_home_and_no_such_number() {
    let Some(_place) = wanted(&["sipp"]) else {
        return;
    };
    let (plan, port) = with_trunk("absent", "");
    let switch = plan.start();
    let call = |number: &str, code: u16| {
        let mark = switch.events.mark();
        let scenario = format!("{}{PROVISIONAL}{}", invite("", ""), refused(code));
        Sipp::start(
            &switch,
            &Run {
                scenario: &scenario,
                port: Some(port),
                number,
                ..Run::default()
            },
        )
        .passes(s(15));
        let call = switch.events.call_from(mark);
        switch.cdrs(&call)
    };
    let absent = call("+442079460202", 480);
    assert_eq!(absent[0]["cause"], 20, "{absent:#?}");
    let unknown = call("+442079469999", 404);
    assert_eq!(unknown[0]["cause"], 1, "{unknown:#?}");
}

/// R42: what no `outbound` allows is refused, whatever a trunk could carry.
#[test]
fn a_user_dials_a_number_that_no_route_allows() {
    let Some(_place) = wanted(&["baresip"]) else {
        return;
    };
    let (plan, _) = with_trunk(
        "barred",
        "outbound staff match=\"0x{9,10}\" role=staff { trunk far; }\nuser carol { role staff; }\n",
    );
    let switch = plan.start();
    let mut alice = Baresip::registered(&switch, &Setup::default());
    for number in ["+15550001111", "02079460999"] {
        let (mark, heard) = (switch.events.mark(), alice.mark());
        alice.dial(number);
        let closed = alice.wait_from(heard, "CALL_CLOSED", s(10));
        let told = closed["param"].as_str().unwrap_or_default();
        assert!(
            told.contains("403") || told.contains("404"),
            "{number}: {closed}"
        );
        let call = switch.events.call_from(mark);
        let cdrs = switch.cdrs(&call);
        assert_eq!(cdrs.len(), 1, "{cdrs:#?}");
        assert!(
            explained(&switch, &call).contains("no route"),
            "{}",
            explained(&switch, &call)
        );
    }
}

fn explained(switch: &Switch, call: &str) -> String {
    switch.console(&["explain", call]).1
}
