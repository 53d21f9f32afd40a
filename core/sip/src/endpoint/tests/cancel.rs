//! CANCEL: before anything is heard, while it rings, and across a 2xx.

use super::Net;
use super::net::{A, B, ms};
use crate::endpoint::types::*;

fn cancel(net: &mut Net, dialog: DialogId) {
    let now = net.now;
    net.at(A)
        .cancel(now, dialog, &[("Reason", "SIP;cause=200")])
        .unwrap();
}

#[test]
fn a_ringing_call_is_cancelled() {
    let mut net = Net::pair(1);
    let caller = net.invite(A, B);
    net.run_for(ms(20));
    let callee = net.accept(B);
    net.ring(B, callee);
    net.run_for(ms(20));
    net.event(A);
    cancel(&mut net, caller);
    cancel(&mut net, caller);
    net.run_for(ms(50));
    assert!(
        matches!(net.event(B), Some(Event::Cancelled { dialog, request })
        if dialog == callee && request.headers().find(b"Reason").is_some())
    );
    assert!(
        matches!(net.event(A), Some(Event::Failed { dialog, code: 487, response: Some(_) }) if dialog == caller)
    );
    let now = net.now;
    let late = net.at(B).answer(now, callee, &[], super::sdp("late"));
    assert_eq!(late, Err(Refused::NoDialog));
    net.run_until_idle();
    assert_eq!(
        (net.sent("CANCEL"), net.sent("SIP/2.0 487"), net.sent("ACK")),
        (1, 1, 1)
    );
    assert!(net.event(A).is_none() && net.event(B).is_none());
    assert!(net.is_idle());
}

#[test]
fn cancel_waits_for_the_first_provisional() {
    let mut net = Net::pair(2);
    net.eat = vec![("INVITE", 1)];
    let caller = net.invite(A, B);
    cancel(&mut net, caller);
    net.run_for(ms(400));
    assert_eq!(net.sent("CANCEL"), 0);
    net.run_for(ms(200));
    let _ringing = net.accept(B);
    net.run_for(ms(100));
    assert_eq!(net.sent("CANCEL"), 1);
    assert!(matches!(
        net.event(A),
        Some(Event::Failed { code: 487, .. })
    ));
    assert!(matches!(net.event(B), Some(Event::Cancelled { .. })));
    net.run_until_idle();
    assert!(net.is_idle());
}

#[test]
fn an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up() {
    let mut net = Net::pair(3);
    let caller = net.invite(A, B);
    net.run_for(ms(20));
    let callee = net.accept(B);
    net.ring(B, callee);
    net.run_for(ms(20));
    net.event(A);
    net.answer(B, callee);
    cancel(&mut net, caller);
    net.run_for(ms(100));
    assert!(
        matches!(net.event(A), Some(Event::Failed { dialog, code: 487, response: Some(answer) })
        if dialog == caller && answer.code() == 200)
    );
    assert!(matches!(net.event(B), Some(Event::Confirmed { .. })));
    assert!(matches!(
        net.event(B),
        Some(Event::Ended {
            why: EndReason::RemoteBye,
            ..
        })
    ));
    net.run_until_idle();
    assert_eq!(
        net.sent("SIP/2.0 481"),
        0,
        "CANCEL found its INVITE although it was answered"
    );
    assert!(net.event(A).is_none() && net.event(B).is_none());
    assert!(net.is_idle());
}

#[test]
fn a_lost_cancel_and_a_lost_487_are_repeated() {
    let mut net = Net::pair(4);
    net.eat = vec![("CANCEL", 1), ("SIP/2.0 487", 1), ("SIP/2.0 200", 1)];
    let caller = net.invite(A, B);
    net.run_for(ms(20));
    net.accept(B);
    net.run_for(ms(20));
    cancel(&mut net, caller);
    net.run_for(ms(5_000));
    assert!(matches!(
        net.event(A),
        Some(Event::Failed { code: 487, .. })
    ));
    assert!(matches!(net.event(B), Some(Event::Cancelled { .. })));
    assert!(net.event(A).is_none() && net.event(B).is_none());
    net.run_until_idle();
    assert!(net.is_idle());
}

#[test]
fn a_call_whose_cancel_is_never_answered_is_given_up() {
    let mut net = Net::pair(5);
    let caller = net.invite(A, B);
    net.run_for(ms(20));
    let callee = net.accept(B);
    net.run_for(ms(20));
    net.eat = vec![("SIP/2.0", 100)];
    cancel(&mut net, caller);
    net.run_for(ms(33_000));
    assert!(matches!(
        net.event(A),
        Some(Event::Failed {
            code: 487,
            response: None,
            ..
        })
    ));
    assert!(net.event(A).is_none());
    assert!(net.at(B).dialog(callee).is_none());
    net.run_until_idle();
    assert!(net.is_idle());
}

#[test]
fn an_answered_call_cannot_be_cancelled_nor_a_ringing_one_hung_up() {
    let mut net = Net::pair(6);
    let (caller, _) = net.call();
    let now = net.now;
    assert_eq!(net.at(A).cancel(now, caller, &[]), Err(Refused::WrongState));
    let second = net.invite(A, B);
    assert_eq!(net.at(A).bye(now, second, &[]), Err(Refused::WrongState));
    net.run_for(ms(20));
    let ringing = net.accept(B);
    assert_eq!(net.at(B).bye(now, ringing, &[]), Err(Refused::WrongState));
    assert_eq!(
        net.at(B).cancel(now, ringing, &[]),
        Err(Refused::WrongState)
    );
}
