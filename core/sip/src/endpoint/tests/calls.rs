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

#[test]
fn the_callee_hangs_up() {
    let mut net = Net::pair(2);
    let (caller, callee) = net.call();
    net.bye(B, callee);
    net.run_for(ms(20));
    assert!(
        matches!(net.event(A), Some(Event::Ended { dialog, why: EndReason::RemoteBye, .. }) if dialog == caller)
    );
    assert!(
        matches!(net.event(B), Some(Event::Ended { dialog, why: EndReason::LocalBye, .. }) if dialog == callee)
    );
    net.run_until_idle();
    assert!(net.is_idle());
}

#[test]
fn over_tcp_nothing_is_sent_twice_but_an_unacknowledged_2xx() {
    let mut net = Net::pair(3);
    net.transport = crate::flow::Transport::Tcp;
    net.eat = vec![("ACK", 1)];
    let (caller, callee) = net.call();
    net.bye(A, caller);
    net.run_until_idle();
    assert!(net.is_idle());
    assert_eq!(net.sent("INVITE"), 1);
    assert_eq!(net.sent("BYE"), 1);
    assert!(net.at(B).dialog(callee).is_none());
}

#[test]
fn a_refused_call_fails_once_and_its_ack_is_absorbed() {
    let mut net = Net::pair(4);
    let caller = net.invite(A, B);
    net.run_for(ms(20));
    let callee = net.accept(B);
    let now = net.now;
    net.at(B)
        .reject(now, callee, 486, None, &[("Reason", "Q.850;cause=17")])
        .unwrap();
    net.run_until_idle();
    assert!(
        matches!(net.event(A), Some(Event::Failed { dialog, code: 486, response: Some(_) }) if dialog == caller)
    );
    assert!(net.event(A).is_none() && net.event(B).is_none());
    assert_eq!(net.sent("ACK"), 1);
    assert_eq!(net.sent("SIP/2.0 486"), 1);
    assert_eq!(net.at(B).counters().stray_acks, 0);
    assert!(net.is_idle());
}

#[test]
fn a_refusal_is_repeated_until_its_ack_comes() {
    let mut net = Net::pair(5);
    net.eat = vec![("ACK", 3)];
    net.invite(A, B);
    net.run_for(ms(20));
    let callee = net.accept(B);
    let now = net.now;
    net.at(B).reject(now, callee, 603, None, &[]).unwrap();
    net.run_until_idle();
    assert_eq!(net.sent("SIP/2.0 603"), 4);
    assert_eq!(net.sent("ACK"), 4);
    assert!(matches!(
        net.event(A),
        Some(Event::Failed { code: 603, .. })
    ));
    assert!(net.event(A).is_none());
    assert!(net.is_idle());
}

#[test]
fn retransmits_invite_until_provisional() {
    let mut net = Net::pair(6);
    net.eat = vec![("INVITE", 3)];
    net.invite(A, B);
    net.run_for(ms(3_000));
    assert_eq!(net.sent("INVITE"), 3);
    net.run_for(ms(1_000));
    assert_eq!(net.sent("INVITE"), 4);
    let callee = net.accept(B);
    net.run_for(ms(30_000));
    assert_eq!(net.sent("INVITE"), 4);
    net.ring(B, callee);
    net.answer(B, callee);
    net.run_for(ms(100));
    assert!(matches!(net.event(A), Some(Event::Provisional { .. })));
    assert!(matches!(net.event(A), Some(Event::Answered { .. })));
}

#[test]
fn a_call_into_the_void_fails_with_408_after_64_t1() {
    let mut net = Net::seeded(7);
    net.add(A, Config::default());
    let caller = net.invite(A, "10.0.0.77:5060");
    net.run_for(ms(31_900));
    assert!(net.event(A).is_none());
    net.run_for(ms(200));
    assert!(
        matches!(net.event(A), Some(Event::Failed { dialog, code: 408, response: None }) if dialog == caller)
    );
    net.run_until_idle();
    assert_eq!(net.sent("INVITE"), 7);
    assert!(net.is_idle());
}

#[test]
fn a_failed_flow_fails_its_call_with_503_at_once() {
    let mut net = Net::seeded(8);
    net.add(A, Config::default());
    let caller = net.invite(A, "10.0.0.77:5060");
    let other = net.invite(A, "10.0.0.78:5060");
    net.run_for(ms(10));
    let (now, flow) = (net.now, net.flow(A, "10.0.0.77:5060"));
    let opened = crate::flow::Flow {
        connection: 5,
        ..flow
    };
    net.at(A).handle_flow_failed(now, opened);
    net.drain(A);
    assert!(
        matches!(net.event(A), Some(Event::Failed { dialog, code: 503, response: None }) if dialog == caller)
    );
    assert!(net.event(A).is_none());
    assert!(net.at(A).dialog(other).is_some());
}

#[test]
fn a_lost_2xx_is_repeated_and_a_repeated_one_is_acknowledged_again() {
    let mut net = Net::pair(9);
    net.eat = vec![("SIP/2.0 200", 1), ("ACK", 2)];
    let caller = net.invite(A, B);
    net.run_for(ms(20));
    let callee = net.accept(B);
    net.answer(B, callee);
    net.run_for(ms(10_000));
    assert!(matches!(net.event(A), Some(Event::Answered { dialog, .. }) if dialog == caller));
    assert!(net.event(A).is_none(), "copies of the 2xx are not told");
    assert!(matches!(net.event(B), Some(Event::Confirmed { .. })));
    assert!(net.event(B).is_none());
    assert_eq!((net.sent("SIP/2.0 200"), net.sent("ACK")), (4, 3));
    net.bye(B, callee);
    net.run_until_idle();
    assert!(net.is_idle());
}

#[test]
fn an_answer_that_is_never_acknowledged_ends_with_bye() {
    let mut net = Net::pair(10);
    net.eat = vec![("ACK", 100)];
    net.invite(A, B);
    net.run_for(ms(20));
    let callee = net.accept(B);
    net.answer(B, callee);
    net.run_for(ms(31_000));
    assert!(net.event(B).is_none());
    assert_eq!(net.sent("BYE"), 0);
    net.run_for(ms(2_000));
    assert!(
        matches!(net.event(B), Some(Event::Ended { dialog, request: None, why: EndReason::NoAck }) if dialog == callee)
    );
    assert!(matches!(net.event(A), Some(Event::Answered { .. })));
    assert!(matches!(
        net.event(A),
        Some(Event::Ended {
            why: EndReason::RemoteBye,
            ..
        })
    ));
    net.run_until_idle();
    assert_eq!(
        net.sent("SIP/2.0 200"),
        12,
        "eleven times the 2xx of INVITE, once that of BYE"
    );
    assert!(net.is_idle());
}

#[test]
fn bye_of_the_callee_waits_for_the_ack() {
    let mut net = Net::pair(11);
    net.eat = vec![("ACK", 1)];
    net.invite(A, B);
    net.run_for(ms(20));
    let callee = net.accept(B);
    net.answer(B, callee);
    net.bye(B, callee);
    net.run_for(ms(300));
    assert_eq!(net.sent("BYE"), 0);
    net.run_for(ms(500));
    assert_eq!(net.sent("BYE"), 1);
    assert!(matches!(
        net.event(B),
        Some(Event::Ended {
            why: EndReason::LocalBye,
            ..
        })
    ));
    assert!(
        net.event(B).is_none(),
        "nobody wants to know of the ACK any more"
    );
    net.run_until_idle();
    assert!(net.is_idle());
}

#[test]
fn a_ringing_call_says_so_again_each_minute() {
    let mut net = Net::pair(12);
    net.invite(A, B);
    net.run_for(ms(20));
    let callee = net.accept(B);
    net.ring(B, callee);
    net.run_for(ms(130_000));
    assert_eq!(net.sent("SIP/2.0 180"), 3);
    net.answer(B, callee);
    net.run_for(ms(130_000));
    assert_eq!(net.sent("SIP/2.0 180"), 3);
}

#[test]
fn calls_go_through_under_heavy_loss() {
    let mut up = 0;
    for seed in 0..40 {
        let mut net = Net::pair(100 + seed);
        net.loss_percent = 20;
        let caller = net.invite(A, B);
        net.run_for(ms(8_000));
        let Some(Event::Request(new)) = net.event(B) else {
            continue;
        };
        let now = net.now;
        let callee = net.at(B).accept(now, &new, super::net::addr(B)).unwrap();
        net.ring(B, callee);
        net.run_for(ms(500));
        net.answer(B, callee);
        net.run_for(ms(31_000));
        let answers = net.nodes[&super::net::addr(A)]
            .events
            .iter()
            .filter(|event| matches!(event, Event::Answered { .. }))
            .count();
        assert!(answers <= 1);
        if answers == 1 && net.at(A).dialog(caller).is_some() {
            up += 1;
            net.bye(A, caller);
        }
        net.run_until_idle();
        assert!(net.is_idle(), "seed {seed}");
    }
    assert!(up >= 38, "{up} of 40 calls came up");
}

#[test]
fn after_a_thousand_calls_nothing_is_left() {
    let mut net = Net::pair(13);
    for number in 0..1_000 {
        let (caller, callee) = net.call();
        match number % 2 {
            0 => net.bye(A, caller),
            _ => net.bye(B, callee),
        }
        net.run_for(ms(20));
    }
    let kept = net.at(B).counters().transactions;
    assert!(kept <= 2_000, "{kept}");
    net.run_for(ms(64 * 500 + 100));
    for at in [A, B] {
        let counters = net.at(at).counters().clone();
        assert_eq!(
            (counters.transactions, counters.dialogs, counters.timers),
            (0, 0, 0)
        );
        assert_eq!(counters.dialogs_total, 1_000);
        net.nodes
            .get_mut(&super::net::addr(at))
            .unwrap()
            .events
            .clear();
    }
    assert!(net.is_idle());
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let story = |seed| {
        let mut net = Net::pair(seed);
        net.call();
        let view = net
            .nodes
            .values()
            .next()
            .unwrap()
            .endpoint
            .counters()
            .messages_out;
        (net.log.clone(), view)
    };
    assert_eq!(story(14), story(14));
    let token = |byte: u8| {
        let mut net = Net::seeded(1);
        net.add(
            A,
            Config {
                seed: [byte; 32],
                shard: 0xa7,
                ..Config::default()
            },
        );
        let id = net.invite(A, B);
        net.at(A).dialog(id).unwrap()
    };
    assert_eq!(token(1), token(1));
    assert_ne!(token(1).call_id, token(2).call_id);
    assert_ne!(token(1).local_tag, token(1).call_id);
    assert_eq!(crate::shard_of(token(1).local_tag.as_bytes()), Some(0xa7));
    assert_eq!(crate::shard_of(token(1).call_id.as_bytes()), Some(0xa7));
    assert_eq!(crate::shard_of(b"abc"), None);
}
