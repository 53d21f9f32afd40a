//! Floods: what is kept for strangers, and what stays when all is over.

use bytes::Bytes;

use super::net::{A, B, addr, ms};
use super::{Net, sdp};
use crate::endpoint::types::*;

fn stranger(number: u32, method: &str) -> Bytes {
    Bytes::from(format!(
        "{method} sip:x@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 10.9.9.9:5060;branch=z9hG4bK{number}\r\nMax-Forwards: 70\r\n\
         From: <sip:y@10.9.9.9>;tag={number}\r\nTo: <sip:x@10.0.0.2>\r\nCall-ID: {number}@10.9.9.9\r\nCSeq: 1 {method}\r\n\
         Contact: <sip:y@10.9.9.9>\r\nContent-Length: 0\r\n\r\n"
    ))
}

#[test]
fn refused_strangers_leave_nothing() {
    let mut net = Net::pair(1);
    let flow = net.flow(B, "10.9.9.9:5060");
    let mut tags = Vec::new();
    for number in 0..5_000u32 {
        let bytes = stranger(number % 2_500, "INVITE");
        let endpoint = net.at(B);
        endpoint.handle_message(ms(0), flow, bytes);
        let Some(Output::Event(Event::Request(new))) = endpoint.poll() else {
            panic!("a request was expected");
        };
        endpoint.respond_stateless(ms(0), &new, 403, None, &[("X-Why", "stranger")]);
        let Some(Output::Transmit { bytes, .. }) = endpoint.poll() else {
            panic!("an answer was expected");
        };
        tags.push(bytes);
    }
    assert_eq!(
        tags[0], tags[2_500],
        "a copy gets the same answer, tag and all"
    );
    assert_ne!(tags[0], tags[1]);
    let endpoint = net.at(B);
    assert!(endpoint.is_idle());
    let counters = endpoint.counters();
    assert_eq!(
        (counters.transactions_total, counters.stateless_replies),
        (0, 5_000)
    );
}

#[test]
fn beyond_the_bound_invites_get_503_and_standing_calls_go_on() {
    let mut net = Net::pair(2);
    net.nodes.remove(&addr(B));
    let config = Config {
        seed: [2; 32],
        transactions_max: 1_000,
        dialogs_max: 500,
        ..Config::default()
    };
    net.add(B, config);
    let (caller, _) = net.call();
    let flow = net.flow(B, "10.9.9.9:5060");
    let now = net.now;
    let (mut accepted, mut refused) = (0, 0);
    for number in 0..24_000 {
        let endpoint = net.at(B);
        endpoint.handle_message(now, flow, stranger(number, "INVITE"));
        while let Some(output) = endpoint.poll() {
            match output {
                Output::Event(Event::Request(new)) => {
                    let dialog = endpoint.accept(now, &new, addr(B)).unwrap();
                    endpoint.answer(now, dialog, &[], sdp("flood")).unwrap();
                    accepted += 1;
                }
                Output::Transmit { bytes, .. } if bytes.starts_with(b"SIP/2.0 503") => {
                    assert!(bytes.windows(12).any(|part| part == b"Retry-After:"));
                    refused += 1;
                }
                _ => {}
            }
        }
        let counters = endpoint.counters();
        assert!(counters.transactions <= 1_000 && counters.dialogs <= 500);
    }
    assert_eq!((accepted, refused), (499, 23_501));
    net.bye(A, caller);
    net.run_for(ms(100));
    assert!(matches!(
        net.event(A),
        Some(Event::Ended {
            why: EndReason::LocalBye,
            ..
        })
    ));
    net.run_until_idle();
    assert_eq!(
        net.sent("BYE"),
        1 + 499 * 11,
        "each unacknowledged answer ends with BYE"
    );
    assert!(net.is_idle());
}

#[test]
fn other_requests_are_bounded_too() {
    let mut net = Net::pair(3);
    net.nodes.remove(&addr(B));
    net.add(
        B,
        Config {
            transactions_max: 100,
            ..Config::default()
        },
    );
    let flow = net.flow(B, "10.9.9.9:5060");
    let mut served = 0;
    for number in 0..1_000 {
        let endpoint = net.at(B);
        endpoint.handle_message(ms(0), flow, stranger(number, "OPTIONS"));
        while let Some(output) = endpoint.poll() {
            if let Output::Event(Event::Request(new)) = output {
                endpoint.respond(ms(0), &new, 200, None, &[], None);
                served += 1;
            }
        }
    }
    assert_eq!(served, 100);
    assert_eq!(net.at(B).counters().overloads, 900);
}

#[test]
fn a_held_transaction_is_small() {
    use crate::dialog::Dialog;
    use crate::endpoint::clients::Client;
    use crate::endpoint::servers::Server;
    let reply = 600;
    assert!(
        size_of::<Server>() + reply < 1_000,
        "{}",
        size_of::<Server>()
    );
    assert!(
        size_of::<Client>() + reply < 1_000,
        "{}",
        size_of::<Client>()
    );
    assert!(size_of::<Dialog>() < 600, "{}", size_of::<Dialog>());
}
