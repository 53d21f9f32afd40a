//! Contract stories of the journal's rows. The write path has its own in `journal/tests.rs`.

use std::sync::Arc;

use super::Bench;
use crate::journal::{Batch, CallQuery, CallRow, CdrQuery, CdrRow, Commit, checksum};
use crate::{Span, StoreError, UsageRow};

/// Facts `first..=last` of a call as a batch; what the write path would make of them.
pub(crate) fn batch(tenant: &str, first: u64, last: u64, call: &str) -> Batch {
    let mut spooled = Vec::new();
    for seq in first..=last {
        crate::journal::write_record(
            &mut spooled,
            seq,
            call,
            format!("{{\"n\":{seq}}}").as_bytes(),
        );
    }
    Batch {
        tenant: tenant.to_owned(),
        first_seq: first,
        last_seq: last,
        at_ms: 1_000 + first,
        checksum: checksum(tenant, first, last, &spooled),
        payload: spooled,
    }
}

fn commit(batches: Vec<Batch>) -> Commit {
    Commit {
        batches,
        ..Commit::default()
    }
}

fn started(tenant: &str, call: &str, at_ms: u64, seq: u64) -> CallRow {
    CallRow {
        tenant: tenant.to_owned(),
        call: call.to_owned(),
        started_ms: at_ms,
        ended_ms: None,
        caller: Some("100".to_owned()),
        dialled: Some("200".to_owned()),
        result: None,
        cause: None,
        first_seq: seq,
        last_seq: None,
        batches: None,
    }
}

fn bill(tenant: &str, seq: u64, call: &str, leg: u16) -> CdrRow {
    CdrRow {
        tenant: tenant.to_owned(),
        seq,
        call: call.to_owned(),
        leg,
        started_ms: 1_000 + seq,
        ended_ms: 5_000,
        talk_ms: 3_000,
        caller: "100".to_owned(),
        dialled: "200".to_owned(),
        result: "answered".to_owned(),
        cause: 16,
        json: "{\"a\":1}".to_owned(),
    }
}

pub(crate) async fn a_batch_is_written_once(bench: &mut Bench) {
    let store = bench.store.clone();
    store
        .commit(&commit(vec![batch("demo", 1, 4, "c1")]))
        .await
        .unwrap();
    let again = store.commit(&commit(vec![batch("demo", 1, 4, "c1")])).await;
    assert_eq!(again, Err(StoreError::Position));
    let overlap = store.commit(&commit(vec![batch("demo", 4, 6, "c1")])).await;
    assert_eq!(overlap, Err(StoreError::Position));
    store
        .commit(&commit(vec![batch("demo", 5, 6, "c2")]))
        .await
        .unwrap();
    store.make_durable().await.unwrap();
    bench.restart().await;

    let store = bench.store.clone();
    assert_eq!(store.last_seqs().await.unwrap(), [("demo".to_owned(), 6)]);
    let all = store.batches("demo", 0, 10).await.unwrap();
    assert_eq!(all, [batch("demo", 1, 4, "c1"), batch("demo", 5, 6, "c2")]);
    let late = store.batches("demo", 3, 1).await.unwrap();
    assert_eq!(late, [batch("demo", 1, 4, "c1")]);
    assert_eq!(store.batches("demo", 7, 10).await.unwrap(), []);
    assert_eq!(
        store.batch("demo", 5).await.unwrap(),
        Some(batch("demo", 5, 6, "c2"))
    );
    assert_eq!(store.batch("demo", 4).await.unwrap(), None);

    let events = store.events("demo", 3, 5, 100).await.unwrap();
    let seqs: Vec<u64> = events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, [3, 4, 5]);
    assert_eq!(events[2].call.as_deref(), Some("c2"));
    assert_eq!(events[2].payload, "{\"n\":5}");
    assert_eq!(store.events("demo", 1, u64::MAX, 2).await.unwrap().len(), 2);
}

pub(crate) async fn a_commit_is_all_or_nothing(bench: &mut Bench) {
    let store = bench.store.clone();
    store
        .commit(&commit(vec![batch("acme", 1, 2, "a")]))
        .await
        .unwrap();
    let mixed = Commit {
        batches: vec![batch("demo", 1, 1, "c1"), batch("acme", 2, 3, "a")],
        calls: vec![started("demo", "c1", 1_000, 1)],
        cdrs: vec![bill("demo", 1, "c1", 1)],
        ..Commit::default()
    };
    assert_eq!(store.commit(&mixed).await, Err(StoreError::Position));
    assert_eq!(store.last_seqs().await.unwrap(), [("acme".to_owned(), 2)]);
    assert_eq!(store.batches("demo", 0, 10).await.unwrap(), []);
    assert_eq!(store.call("demo", "c1").await.unwrap(), None);
    assert_eq!(store.cdrs(&CdrQuery::newest("demo", 10)).await.unwrap(), []);
}

pub(crate) async fn calls_are_folded_and_found(bench: &mut Bench) {
    let store = bench.store.clone();
    let first = Commit {
        batches: vec![batch("demo", 1, 2, "c1")],
        calls: vec![
            started("demo", "c1", 1_000, 1),
            started("demo", "c2", 2_000, 2),
        ],
        cdrs: Vec::new(),
        ..Commit::default()
    };
    store.commit(&first).await.unwrap();
    let end = CallRow {
        caller: None,
        dialled: None,
        ended_ms: Some(4_000),
        result: Some("answered".to_owned()),
        cause: Some(16),
        last_seq: Some(4),
        batches: Some(vec![1, 3]),
        ..started("demo", "c1", 4_000, 4)
    };
    let second = Commit {
        batches: vec![batch("demo", 3, 4, "c1")],
        calls: vec![end.clone()],
        cdrs: Vec::new(),
        ..Commit::default()
    };
    store.commit(&second).await.unwrap();

    let whole = CallRow {
        started_ms: 1_000,
        first_seq: 1,
        caller: Some("100".to_owned()),
        dialled: Some("200".to_owned()),
        ..end
    };
    assert_eq!(store.call("demo", "c1").await.unwrap(), Some(whole.clone()));
    let open = started("demo", "c2", 2_000, 2);
    let newest = store.calls(&CallQuery::newest("demo", 10)).await.unwrap();
    assert_eq!(newest, [open.clone(), whole.clone()]);
    assert_eq!(
        store.calls(&CallQuery::newest("demo", 1)).await.unwrap(),
        [open]
    );
    assert_eq!(
        store.calls(&CallQuery::newest("acme", 9)).await.unwrap(),
        []
    );
    let mut query = CallQuery::newest("demo", 10);
    query.to_ms = 2_000;
    assert_eq!(store.calls(&query).await.unwrap(), [whole]);
    query.number = Some("999".to_owned());
    assert_eq!(store.calls(&query).await.unwrap(), []);

    // By its batches, and without knowing them.
    let of = store.events_of_call("demo", "c1", 100).await.unwrap();
    assert_eq!(of.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let of = store.events_of_call("demo", "c2", 100).await.unwrap();
    assert_eq!(of, []);
    assert_eq!(
        store.events_of_call("demo", "nobody", 100).await.unwrap(),
        []
    );
}

pub(crate) async fn cdrs_are_followed_by_number(bench: &mut Bench) {
    let store = bench.store.clone();
    let rows: Vec<CdrRow> = (1..=80)
        .map(|n| bill("demo", n, &format!("c{}", n / 2), 1))
        .collect();
    let all = Commit {
        batches: vec![batch("demo", 1, 80, "c1")],
        calls: Vec::new(),
        cdrs: rows.clone(),
        ..Commit::default()
    };
    store.commit(&all).await.unwrap();
    let mut query = CdrQuery::newest("demo", 2);
    assert_eq!(
        store.cdrs(&query).await.unwrap(),
        [rows[79].clone(), rows[78].clone()]
    );
    query.newest_first = false;
    query.after_seq = 10;
    assert_eq!(store.cdrs(&query).await.unwrap(), rows[10..12]);
    let of_call = store.cdrs(&CdrQuery::of_call("demo", "c3")).await.unwrap();
    assert_eq!(of_call, rows[5..7]);
    assert_eq!(store.cdrs(&CdrQuery::newest("acme", 9)).await.unwrap(), []);
}

pub(crate) async fn verify_names_what_is_wrong(bench: &mut Bench) {
    let store = bench.store.clone();
    for (first, last) in [(1, 20), (21, 30)] {
        store
            .commit(&commit(vec![batch("demo", first, last, "c1")]))
            .await
            .unwrap();
    }
    store
        .commit(&commit(vec![batch("acme", 1, 30, "c1")]))
        .await
        .unwrap();
    let whole = store.verify("demo").await.unwrap();
    assert_eq!(whole.faults, [] as [&str; 0]);
    assert_eq!((whole.batches, whole.events, whole.last_seq), (2, 30, 30));
    // The hash is of the facts, not of how they were batched.
    let other = store.verify("acme").await.unwrap();
    assert_eq!((other.batches, &other.hash), (1, &whole.hash));

    // A hole in the numbers, a changed byte, a batch that lacks facts.
    store
        .commit(&commit(vec![batch("demo", 33, 40, "c1")]))
        .await
        .unwrap();
    let mut rotten = batch("demo", 41, 45, "c1");
    let at = rotten.payload.len() - 2;
    rotten.payload[at] ^= 1;
    store.commit(&commit(vec![rotten])).await.unwrap();
    let mut lacking = batch("demo", 46, 48, "c1");
    lacking.last_seq = 50;
    store.commit(&commit(vec![lacking])).await.unwrap();
    let faults = store.verify("demo").await.unwrap().faults;
    assert_eq!(
        faults,
        [
            "batch 33 follows number 30",
            "batch 41 is not what its checksum says",
            "batch 46 is not what its checksum says",
            "batch 46 ends before its last number 50",
        ]
    );
}

pub(crate) async fn hostile_text_is_kept(bench: &mut Bench) {
    let store = bench.store.clone();
    let odd = "'; DROP TABLE calls; -- \u{fffd}\u{1f600}%_\\";
    let row = CallRow {
        caller: Some(odd.to_owned()),
        ..started("demo", odd, 1_000, 1)
    };
    let all = Commit {
        batches: vec![batch("demo", 1, 1, odd)],
        calls: vec![row.clone()],
        cdrs: Vec::new(),
        ..Commit::default()
    };
    store.commit(&all).await.unwrap();
    assert_eq!(store.call("demo", odd).await.unwrap(), Some(row));
    assert_eq!(store.events_of_call("demo", odd, 9).await.unwrap().len(), 1);
}

pub(crate) async fn many_tenants_commit_at_once(bench: &mut Bench) {
    let store = bench.store.clone();
    let tenants: Vec<String> = (0..150).map(|n| format!("t{n:03}")).collect();
    for first in [1, 3] {
        let batches = tenants
            .iter()
            .map(|t| batch(t, first, first + 1, "c"))
            .collect();
        store.commit(&commit(batches)).await.unwrap();
    }
    let last = store.last_seqs().await.unwrap();
    assert_eq!(last.len(), 150);
    assert!(last.iter().all(|(_, seq)| *seq == 4));
    // One tenant that is ahead takes the whole commit back.
    store
        .commit(&commit(vec![batch("t149", 5, 5, "c")]))
        .await
        .unwrap();
    let batches = tenants.iter().map(|t| batch(t, 5, 6, "c")).collect();
    assert_eq!(
        store.commit(&commit(batches)).await,
        Err(StoreError::Position)
    );
    assert_eq!(store.verify("t000").await.unwrap().last_seq, 4);
}

pub(crate) async fn usage_and_bills_of_a_time_are_found_and_a_removed_journal_goes_on_counting(
    bench: &mut Bench,
) {
    let store = Arc::clone(&bench.store);
    let used = |seq: u64, from_ms: u64| UsageRow {
        tenant: "demo".to_owned(),
        seq,
        from_ms,
        to_ms: from_ms + 100,
        json: "{}".to_owned(),
    };
    let all = Commit {
        batches: vec![batch("demo", 1, 4, "c1")],
        calls: vec![started("demo", "c1", 1_000, 1)],
        cdrs: vec![bill("demo", 2, "c1", 1)],
        usage: vec![used(3, 1_000), used(4, 1_100)],
    };
    store.commit(&all).await.unwrap();
    let ended_ms = all.cdrs[0].ended_ms;
    let span = |from_ms, to_ms, after_seq| Span {
        tenant: "demo".to_owned(),
        from_ms,
        to_ms,
        after_seq,
    };
    let found = store.usage(&span(1_000, 1_200, 0)).await.unwrap();
    assert_eq!(found, all.usage);
    let found = store.usage(&span(1_100, 1_200, 0)).await.unwrap();
    assert_eq!(found, all.usage[1..]);
    assert_eq!(store.usage(&span(0, 9_999, 4)).await.unwrap(), []);
    let bills = store.bills(&span(ended_ms, ended_ms + 1, 0)).await.unwrap();
    assert_eq!(bills, all.cdrs);
    assert_eq!(store.bills(&span(0, ended_ms, 0)).await.unwrap(), []);

    store.delete_tenant("demo", &[]).await.unwrap();
    assert_eq!(store.usage(&span(0, 9_999, 0)).await.unwrap(), []);
    assert_eq!(store.batches("demo", 0, 9).await.unwrap(), []);
    // What a spool still holds of it does not come back, and numbers go on.
    assert_eq!(store.last_seqs().await.unwrap(), [("demo".to_owned(), 4)]);
    assert_eq!(store.commit(&all).await, Err(StoreError::Position));
    let next = Commit {
        batches: vec![batch("demo", 5, 5, "c2")],
        ..Commit::default()
    };
    store.commit(&next).await.unwrap();
    assert_eq!(store.verify("demo").await.unwrap().first_seq, 5);
}
