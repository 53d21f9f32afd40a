//! Whole calls between two endpoints.

use super::net::{A, B, ms};
use super::*;
use crate::endpoint::types::*;

#[test]
fn a_call_rings_is_answered_and_ends() {
    let mut net = Net::pair(1);
    let caller = net.invite(A, B);
    net.run_for(ms(20));
    let callee = net.accept(B);
    net.ring(B, callee);
    net.run_for(ms(20));
    assert!(
        matches!(net.event(A), Some(Event::Provisional { dialog, response })
        if dialog == caller && response.code() == 180)
    );
    net.answer(B, callee);
    net.run_for(ms(20));
    assert!(
        matches!(net.event(A), Some(Event::Answered { dialog, response })
        if dialog == caller && response.body().starts_with(b"v=0"))
    );
    assert!(
        matches!(net.event(B), Some(Event::Confirmed { dialog, body: None }) if dialog == callee)
    );
    let ours = net.at(A).dialog(caller).unwrap();
    let theirs = net.at(B).dialog(callee).unwrap();
    assert_eq!(ours.call_id, theirs.call_id);
    assert_eq!(
        (&ours.local_tag, &ours.remote_tag),
        (&theirs.remote_tag, &theirs.local_tag)
    );
    assert_eq!(ours.local_uri, "\"Alice\" <sip:alice@a.example>");
    assert_eq!(theirs.remote_uri, ours.local_uri);
    assert_eq!(theirs.target, "sip:alice@10.0.0.1:5060");
    assert_eq!(ours.target, "sip:bob@10.0.0.2:5060");
    net.bye(A, caller);
    net.run_for(ms(20));
    assert!(
        matches!(net.event(B), Some(Event::Ended { dialog, request: Some(bye), why: EndReason::RemoteBye })
        if dialog == callee && bye.headers().find(b"Reason").is_some())
    );
    assert!(matches!(
        net.event(A),
        Some(Event::Ended {
            why: EndReason::LocalBye,
            ..
        })
    ));
    net.run_until_idle();
    assert!(net.is_idle());
    assert_eq!(net.log.len(), 7, "{:?}", net.log);
}
