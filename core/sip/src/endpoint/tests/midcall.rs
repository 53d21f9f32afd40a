//! Inside a standing call: re-INVITE both ways, glare, INFO, lost BYE, taking up again.

use super::net::{A, B, addr, ms};
use super::{Net, sdp};
use crate::endpoint::types::*;
use crate::message::Method;

fn reinvite(net: &mut Net, at: &str, dialog: DialogId, text: &str) {
    let now = net.now;
    net.at(at).reinvite(now, dialog, sdp(text)).unwrap();
}

#[test]
fn a_reinvite_is_answered_both_ways() {
    let mut net = Net::pair(1);
    let (caller, callee) = net.call();
    for (from, from_id, to, to_id) in [(A, caller, B, callee), (B, callee, A, caller)] {
        reinvite(&mut net, from, from_id, "hold");
        net.run_for(ms(20));
        assert!(
            matches!(net.event(to), Some(Event::Reinvited { dialog, request })
            if dialog == to_id && request.body().ends_with(b"hold\r\n"))
        );
        let now = net.now;
        assert_eq!(
            net.at(to).reinvite(now, to_id, sdp("no")),
            Err(Refused::Pending)
        );
        net.at(to).answer_reinvite(now, to_id, sdp("held")).unwrap();
        net.run_for(ms(20));
        assert!(
            matches!(net.event(from), Some(Event::ReinviteAnswered { dialog, response })
            if dialog == from_id && response.body().ends_with(b"held\r\n"))
        );
        assert!(matches!(
            net.event(to),
            Some(Event::Confirmed { body: None, .. })
        ));
    }
    net.bye(A, caller);
    net.run_until_idle();
    assert!(net.is_idle());
}

#[test]
fn a_refused_reinvite_leaves_the_call_as_it_was() {
    let mut net = Net::pair(2);
    let (caller, callee) = net.call();
    reinvite(&mut net, A, caller, "video");
    net.run_for(ms(20));
    net.event(B);
    let now = net.now;
    net.at(B).reject_reinvite(now, callee, 488).unwrap();
    net.run_for(ms(20));
    assert!(matches!(
        net.event(A),
        Some(Event::ReinviteFailed { code: 488, .. })
    ));
    reinvite(&mut net, B, callee, "again");
    net.run_for(ms(20));
    assert!(matches!(net.event(A), Some(Event::Reinvited { .. })));
}

#[test]
fn glare_is_refused_with_491_and_tried_again_by_the_waits_of_14_1() {
    for seed in 0..20 {
        let mut net = Net::pair(50 + seed);
        let (caller, callee) = net.call();
        reinvite(&mut net, A, caller, "a");
        reinvite(&mut net, B, callee, "b");
        let begun = net.now;
        let mut done = Vec::new();
        while done.len() < 2 && net.now < begun + ms(20_000) {
            net.run_for(ms(10));
            for (at, id) in [(A, caller), (B, callee)] {
                match net.event(at) {
                    Some(Event::Reinvited { .. }) => {
                        let now = net.now;
                        net.at(at).answer_reinvite(now, id, sdp("ok")).unwrap();
                    }
                    Some(Event::ReinviteAnswered { .. }) => done.push((at, net.now - begun)),
                    Some(Event::Confirmed { .. }) | None => {}
                    other => panic!("{other:?}"),
                }
            }
        }
        assert_eq!(net.sent("SIP/2.0 491"), 2, "seed {seed}");
        // The callee waits at most two seconds, the caller, who owns the Call-ID, longer.
        assert_eq!(done[0].0, B);
        assert!(done[0].1 <= ms(2_100) && done[1].0 == A && done[1].1 >= ms(2_100));
    }
}

#[test]
fn a_reinvite_without_sdp_gets_the_offer_and_the_ack_brings_the_answer() {
    let mut net = Net::pair(3);
    let (_, callee) = net.call();
    let view = net.at(B).dialog(callee).unwrap();
    let head = |method: &str, branch: &str| {
        format!(
            "{method} sip:bob@10.0.0.2:5060 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK{branch}\n\
             From: <sip:alice@a.example>;tag={}\nTo: <sip:bob@b.example>;tag={}\nCall-ID: {}\nCSeq: 7 {method}\n\
             Contact: <sip:alice@10.0.0.1:5060>\n",
            view.remote_tag, view.local_tag, view.call_id
        )
    };
    net.say(
        A,
        B,
        &format!("{}Content-Length: 0\n\n", head("INVITE", "late1")),
    );
    assert!(
        matches!(net.event(B), Some(Event::Reinvited { request, .. }) if request.body().is_empty())
    );
    let now = net.now;
    net.at(B)
        .answer_reinvite(now, callee, sdp("our offer"))
        .unwrap();
    net.run_for(ms(20));
    net.say(
        A,
        B,
        &format!(
            "{}Content-Type: application/sdp\nContent-Length: 6\n\nanswer",
            head("ACK", "late2")
        ),
    );
    assert!(
        matches!(net.event(B), Some(Event::Confirmed { body: Some(body), .. }) if &body[..] == b"answer")
    );
}

#[test]
fn a_cancelled_reinvite_leaves_the_call() {
    let mut net = Net::pair(4);
    let (caller, callee) = net.call();
    let view = net.at(B).dialog(callee).unwrap();
    let head = |method: &str, tag: &str| {
        format!(
            "{method} sip:bob@10.0.0.2:5060 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKre\n\
             From: <sip:alice@a.example>;tag={}\nTo: <sip:bob@b.example>{tag}\nCall-ID: {}\nCSeq: 2 {method}\n\
             Content-Length: 0\n\n",
            view.remote_tag, view.call_id
        )
    };
    let tag = format!(";tag={}", view.local_tag);
    net.say(A, B, &head("INVITE", &tag));
    assert!(matches!(net.event(B), Some(Event::Reinvited { .. })));
    net.say(A, B, &head("CANCEL", &tag));
    assert_eq!((net.sent("SIP/2.0 487"), net.sent("SIP/2.0 200")), (1, 2));
    let now = net.now;
    assert_eq!(
        net.at(B).answer_reinvite(now, callee, sdp("late")),
        Err(Refused::WrongState)
    );
    net.bye(A, caller);
    net.run_until_idle();
    assert!(net.is_idle());
}

#[test]
fn a_reinvite_whose_2xx_is_never_acknowledged_ends_the_call() {
    let mut net = Net::pair(5);
    let (caller, callee) = net.call();
    reinvite(&mut net, A, caller, "x");
    net.run_for(ms(20));
    net.event(B);
    net.eat = vec![("ACK", 100)];
    let now = net.now;
    net.at(B).answer_reinvite(now, callee, sdp("y")).unwrap();
    net.run_for(ms(33_000));
    assert!(matches!(
        net.event(B),
        Some(Event::Ended {
            why: EndReason::NoAck,
            ..
        })
    ));
    net.run_until_idle();
    assert!(net.is_idle());
}

#[test]
fn info_goes_both_ways_and_copies_get_the_same_answer() {
    let mut net = Net::pair(6);
    net.eat = vec![("SIP/2.0 200 OK", 0)];
    let (caller, callee) = net.call();
    for (from, id, to) in [(A, caller, B), (B, callee, A)] {
        let now = net.now;
        net.eat = vec![("SIP/2.0 200", 1)];
        let digit = Body {
            content_type: "application/dtmf-relay".into(),
            bytes: "Signal=5".into(),
        };
        let sent = net
            .at(from)
            .request_in_dialog(now, id, Method::Info, &[], Some(digit))
            .unwrap();
        net.run_for(ms(20));
        let Some(Event::InDialog { tx, request, .. }) = net.event(to) else {
            panic!("INFO was expected");
        };
        assert_eq!(&request.body()[..], b"Signal=5");
        let now = net.now;
        net.at(to).respond_in_dialog(now, tx, 200, &[], None);
        net.at(to).respond_in_dialog(now, tx, 500, &[], None);
        net.run_for(ms(2_000));
        assert!(net.event(to).is_none(), "a copy of INFO is not told");
        assert!(
            matches!(net.event(from), Some(Event::Response { tx, code: 200, .. }) if tx == sent)
        );
        assert!(net.event(from).is_none());
    }
    net.bye(A, caller);
    net.run_until_idle();
    assert!(net.is_idle());
}

#[test]
fn a_far_end_that_forgot_the_dialog_ends_it() {
    let mut net = Net::pair(7);
    let (caller, _) = net.call();
    net.nodes.remove(&addr(B));
    net.add(
        B,
        Config {
            seed: [9; 32],
            ..Config::default()
        },
    );
    let now = net.now;
    net.at(A)
        .request_in_dialog(now, caller, Method::Info, &[], None)
        .unwrap();
    net.run_for(ms(50));
    assert!(matches!(
        net.event(A),
        Some(Event::Response { code: 481, .. })
    ));
    assert!(matches!(
        net.event(A),
        Some(Event::Ended {
            why: EndReason::Gone,
            ..
        })
    ));
    net.run_until_idle();
    assert!(net.is_idle());
}

#[test]
fn a_far_end_that_is_silent_ends_the_call_after_64_t1() {
    let mut net = Net::pair(8);
    let (caller, _) = net.call();
    net.nodes.remove(&addr(B));
    reinvite(&mut net, A, caller, "x");
    net.run_for(ms(33_000));
    assert!(matches!(
        net.event(A),
        Some(Event::Ended {
            why: EndReason::Timeout,
            ..
        })
    ));
    net.run_until_idle();
    assert_eq!(net.sent("BYE"), 11);
    assert!(net.is_idle());
}

#[test]
fn a_bye_that_nobody_answers_still_ends() {
    let mut net = Net::pair(9);
    let (caller, _) = net.call();
    net.nodes.remove(&addr(B));
    net.bye(A, caller);
    let now = net.now;
    assert_eq!(net.at(A).bye(now, caller, &[]), Err(Refused::WrongState));
    net.run_until_idle();
    assert!(matches!(
        net.event(A),
        Some(Event::Ended {
            why: EndReason::LocalBye,
            ..
        })
    ));
    assert!(net.is_idle());
}

#[test]
fn byes_that_cross_end_both_sides_once() {
    let mut net = Net::pair(10);
    let (caller, callee) = net.call();
    net.bye(A, caller);
    net.bye(B, callee);
    net.run_until_idle();
    for at in [A, B] {
        assert!(matches!(net.event(at), Some(Event::Ended { .. })));
        assert!(net.event(at).is_none());
    }
    assert!(net.is_idle());
}

#[test]
fn a_dialog_is_taken_up_again_from_its_view() {
    let mut net = Net::pair(11);
    let (caller, callee) = net.call();
    let view = net.at(B).dialog(callee).unwrap();
    net.nodes.remove(&addr(B));
    net.add(
        B,
        Config {
            seed: [2; 32],
            shard: 2,
            ..Config::default()
        },
    );
    let again = net.at(B).restore(&view, addr(B)).unwrap();
    assert_eq!(net.at(B).dialog(again).unwrap(), view);
    assert_eq!(net.at(B).restore(&view, addr(B)), Err(Refused::Pending));
    net.bye(B, again);
    net.run_for(ms(50));
    assert!(
        matches!(net.event(A), Some(Event::Ended { dialog, why: EndReason::RemoteBye, .. }) if dialog == caller)
    );
    net.run_until_idle();
    assert!(net.is_idle());
}

#[test]
fn a_reinvite_that_stays_provisional_is_bounded_and_outlives_its_call_briefly() {
    let mut net = Net::pair(12);
    let (caller, callee) = net.call();
    reinvite(&mut net, A, caller, "x");
    net.run_for(ms(50));
    assert!(matches!(net.event(B), Some(Event::Reinvited { .. })));
    // The far end says 100 and then vanishes.
    net.nodes.remove(&addr(B));
    net.run_for(ms(179_000));
    assert!(net.event(A).is_none());
    net.run_for(ms(2_000));
    assert!(
        matches!(net.event(A), Some(Event::Ended { dialog, why: EndReason::Timeout, .. }) if dialog == caller)
    );
    net.run_until_idle();
    assert!(net.is_idle());
    let mut net = Net::pair(13);
    let (caller, _) = net.call();
    reinvite(&mut net, A, caller, "x");
    net.run_for(ms(50));
    net.eat = vec![("SIP/2.0 487", 100)];
    net.bye(A, caller);
    net.run_for(ms(40_000));
    assert!(net.at(B).dialog(callee).is_none());
    assert_eq!(net.at(A).counters().transactions, 0);
}

#[test]
fn a_closed_port_ends_a_call_but_a_broken_connection_does_not() {
    for (transport, ends) in [
        (crate::flow::Transport::Udp, true),
        (crate::flow::Transport::Tcp, false),
    ] {
        let mut net = Net::pair(14);
        net.transport = transport;
        let (caller, _) = net.call();
        net.eat = vec![("INFO", 100)];
        let now = net.now;
        net.at(A)
            .request_in_dialog(now, caller, Method::Info, &[], None)
            .unwrap();
        net.run_for(ms(10));
        let (now, flow) = (net.now, net.flow(A, B));
        net.at(A).handle_flow_failed(now, flow);
        net.drain(A);
        assert!(matches!(
            net.event(A),
            Some(Event::Response {
                code: 503,
                response: None,
                ..
            })
        ));
        let ended = matches!(
            net.event(A),
            Some(Event::Ended {
                why: EndReason::Transport,
                ..
            })
        );
        assert_eq!(ended, ends);
        assert_eq!(net.at(A).dialog(caller).is_none(), ends);
    }
}
