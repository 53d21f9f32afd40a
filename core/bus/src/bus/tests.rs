//! Stories of the bus: who hears what, what a slow reader misses, what late comers still learn.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;
use crate::Received;

fn event(tenant: &str, seq: u64, topic: &'static str) -> Envelope {
    Envelope {
        tenant: tenant.into(),
        seq,
        at_ms: 1_000 + seq,
        topic: topic.into(),
        version: 1,
        call: Some("c1".to_owned()),
        leg: None,
        payload: format!("{{\"n\":{seq}}}").into(),
    }
}

fn now<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

fn seqs(subscription: &mut Subscription) -> Vec<u64> {
    std::iter::from_fn(|| subscription.try_next())
        .map(|received| received.envelope.seq)
        .collect()
}

#[test]
fn a_reader_hears_its_tenant_and_topics_only() {
    let bus = Bus::new();
    let mut reader = bus.subscribe(Filter::tenant("demo").topic("leg"), 10);
    assert_eq!(bus.publish(event("demo", 1, "call.started")), 0);
    assert_eq!(bus.publish(event("demo", 2, "leg.answered")), 1);
    assert_eq!(bus.publish(event("acme", 3, "leg.answered")), 0);
    assert_eq!(seqs(&mut reader), [2]);
    assert!(bus.wanted("demo", "leg.ended"));
    assert!(!bus.wanted("demo", "call.ended"));
}

#[test]
fn a_reader_of_one_call_hears_no_other() {
    let bus = Bus::new();
    let mut reader = bus.subscribe(Filter::tenant("demo").call("c2"), 10);
    bus.publish(event("demo", 1, "call.started"));
    let mut other = event("demo", 2, "call.started");
    other.call = Some("c2".to_owned());
    bus.publish(other);
    assert_eq!(seqs(&mut reader), [2]);
}

#[test]
fn a_slow_reader_loses_the_oldest_and_is_told_how_many() {
    let bus = Bus::new();
    let mut slow = bus.subscribe(Filter::everything(), 3);
    let mut quick = bus.subscribe(Filter::everything(), 100);
    for seq in 1..=10 {
        assert_eq!(bus.publish(event("demo", seq, "call.started")), 2);
    }
    let Some(Received { missed, envelope }) = slow.try_next() else {
        panic!("three envelopes wait");
    };
    assert_eq!((missed, envelope.seq), (7, 8));
    let second = slow.try_next().unwrap();
    assert_eq!((second.missed, second.envelope.seq), (0, 9));
    assert_eq!(bus.missed(), 7);
    assert_eq!(seqs(&mut quick), (1..=10).collect::<Vec<_>>());
}

#[test]
fn a_waiting_reader_wakes_and_ends_with_the_bus() {
    let bus = Bus::new();
    let mut reader = bus.subscribe(Filter::everything(), 3);
    assert!(now(reader.next()).is_pending());
    bus.publish(event("demo", 1, "call.started"));
    drop(bus);
    let Poll::Ready(Some(received)) = now(reader.next()) else {
        panic!("the envelope published before the end is still read");
    };
    assert_eq!(received.envelope.seq, 1);
    assert_eq!(now(reader.next()), Poll::Ready(None));
}

#[test]
fn a_dropped_subscription_costs_nothing_more() {
    let bus = Bus::new();
    let reader = bus.subscribe(Filter::everything(), 3);
    assert_eq!(bus.subscriptions(), 1);
    drop(reader);
    assert_eq!(bus.subscriptions(), 0);
    assert_eq!(bus.publish(event("demo", 1, "call.started")), 0);
}

#[test]
fn late_comers_learn_the_latest_retained_fact() {
    let bus = Bus::new();
    bus.retain("sales", event("demo", 0, "line.stats")).unwrap();
    let mut newer = event("demo", 0, "line.stats");
    newer.payload = "{\"waiting\":4}".into();
    bus.retain("sales", newer).unwrap();
    bus.retain("sales", event("acme", 0, "line.stats")).unwrap();

    let mut late = bus.subscribe_with_retained(Filter::tenant("demo"), 10);
    let first = late.try_next().unwrap();
    assert_eq!(&*first.envelope.payload, "{\"waiting\":4}");
    assert_eq!(late.try_next(), None);
    assert_eq!(bus.retained_facts("demo", "line").len(), 1);

    assert!(bus.forget("demo", "line.stats", "sales"));
    assert!(!bus.forget("demo", "line.stats", "sales"));
    assert_eq!(bus.retained_fact("demo", "line.stats", "sales"), None);
    assert!(bus.retained_fact("acme", "line.stats", "sales").is_some());
}

#[test]
fn a_tenant_at_its_bound_is_refused_but_may_replace() {
    let bus = Bus::with_limits(RetainedLimits {
        facts_max: 2,
        bytes_max: 60,
    });
    bus.retain("a", event("demo", 1, "line.stats")).unwrap();
    bus.retain("b", event("demo", 1, "line.stats")).unwrap();
    let third = bus.retain("c", event("demo", 1, "line.stats"));
    assert_eq!(third, Err(Unretained::TooMany(2)));
    bus.retain("a", event("demo", 2, "line.stats")).unwrap();
    let mut large = event("demo", 3, "line.stats");
    large.payload = "\"".repeat(50).into();
    assert_eq!(bus.retain("b", large), Err(Unretained::TooLarge(60)));
    bus.retain("c", event("acme", 1, "line.stats")).unwrap();
}

#[test]
fn an_envelope_is_one_json_object_with_its_payload_inside() {
    let text = serde_json::to_value(event("demo", 7, "call.started")).unwrap();
    assert_eq!(
        text,
        serde_json::json!({"tenant": "demo", "seq": 7, "at_ms": 1007, "topic": "call.started",
            "version": 1, "call": "c1", "data": {"n": 7}})
    );
}
