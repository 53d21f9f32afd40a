//! The end of a story: what the journal holds, and whether anything was left behind.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cordboard_store::journal::disk::Faults;
use cordboard_store::{CdrQuery, JournalStore, StoreFaults, StoredEvent};

use super::SimNet;

/// Events of a tenant, all of them.
const EVENTS_MAX: usize = 100_000;

impl SimNet {
    /// Mends disk and store, and lets the database take all that was written.
    pub fn settle_journal(&mut self) {
        self.remains.disk.set_faults(Faults::default());
        self.remains.store.set_faults(StoreFaults::default());
        if self.node.is_none() {
            self.start_node();
        }
        self.run_for(Duration::from_secs(5));
    }

    /// A tenant's events as the database holds them.
    pub fn events(&self, tenant: &str) -> Vec<StoredEvent> {
        let all = self.remains.store.events(tenant, 1, u64::MAX, EVENTS_MAX);
        self.wait(all).expect("the store answers")
    }

    /// Topics of all call events of the first tenant, without SIP messages and copies in a row.
    pub fn topics(&self) -> Vec<String> {
        let mut topics: Vec<String> = self
            .events("sim")
            .into_iter()
            .map(|event| event.topic)
            .collect();
        topics.retain(|topic| !topic.starts_with("sip."));
        topics
    }

    /// How many events have this topic.
    pub fn count_topic(&self, topic: &str) -> usize {
        self.events("sim")
            .iter()
            .filter(|event| event.topic == topic)
            .count()
    }

    /// Nothing is left in the node: no call, dialog, transaction, timer, port, stream or script.
    pub fn assert_clean(&mut self) {
        let (shard, ports, streams, scripts) = self.node().residue();
        let mut kept = shard;
        kept.sources = 0;
        assert_eq!(
            kept,
            Default::default(),
            "the shard keeps something\n{}",
            self.story()
        );
        assert_eq!(
            (ports, streams, scripts),
            (0, 0, 0),
            "ports, streams, scripts\n{}",
            self.story()
        );
    }

    /// Every tenant's journal is whole and is what was witnessed, and its calls are told to
    /// their end: one CDR a leg, one `call.ended` a call, nothing of a call after it.
    pub fn assert_journal(&mut self) {
        self.settle_journal();
        let tenants = self.witness.lock().unwrap().tenants();
        for tenant in tenants {
            let verdict = self
                .wait(self.remains.store.verify(&tenant))
                .expect("the store answers");
            assert_eq!(
                verdict.faults,
                Vec::<String>::new(),
                "tenant {tenant}\n{}",
                self.story()
            );
            let events = self.events(&tenant);
            assert_eq!(verdict.events, events.len() as u64);
            let numbers: Vec<u64> = events.iter().map(|event| event.seq).collect();
            assert!(
                numbers.iter().copied().eq(1..=numbers.len() as u64),
                "tenant {tenant}: a gap"
            );
            self.witness.lock().unwrap().compare(&tenant, &events);
            let written = calls_are_told_to_their_end(&events);
            let query = CdrQuery {
                limit: 100_000,
                ..CdrQuery::newest(&tenant, 1_000)
            };
            let rows = self
                .wait(self.remains.store.cdrs(&query))
                .expect("the store answers");
            if written <= 1_000 {
                assert_eq!(
                    rows.len(),
                    written,
                    "tenant {tenant}: CDR rows and CDR events"
                );
            }
        }
    }
}

#[derive(Default)]
struct Told {
    started: usize,
    legs: BTreeSet<u16>,
    legs_ended: BTreeMap<u16, usize>,
    cdrs: BTreeMap<u16, usize>,
    ended: usize,
}

/// Checks the calls of a journal; how many CDRs it holds.
fn calls_are_told_to_their_end(events: &[StoredEvent]) -> usize {
    let mut calls: BTreeMap<&str, Told> = BTreeMap::new();
    let mut written = 0;
    for event in events {
        let Some(call) = event.call.as_deref() else {
            continue;
        };
        let told = calls.entry(call).or_default();
        if event.topic.starts_with("sip.") {
            continue;
        }
        assert!(
            told.started == 1 || event.topic == "call.started",
            "{call}: {} before its start",
            event.topic
        );
        assert!(told.ended == 0, "{call}: {} after its end", event.topic);
        if let Some(leg) = event.leg {
            told.legs.insert(leg);
        }
        match event.topic.as_str() {
            "call.started" => told.started += 1,
            "leg.ended" => *told.legs_ended.entry(event.leg.unwrap_or(0)).or_default() += 1,
            "cdr.written" => {
                written += 1;
                *told.cdrs.entry(event.leg.unwrap_or(0)).or_default() += 1;
            }
            "call.ended" => told.ended += 1,
            _ => {}
        }
    }
    for (call, told) in calls {
        assert_eq!(told.started, 1, "{call} began once");
        assert!(told.ended <= 1, "{call} ended once");
        assert!(
            told.cdrs.values().all(|count| *count == 1),
            "{call}: one CDR a leg: {:?}",
            told.cdrs
        );
        assert!(
            told.legs_ended.values().all(|count| *count == 1),
            "{call}: a leg ends once"
        );
        if told.ended == 1 {
            let billed: BTreeSet<u16> = told.cdrs.keys().copied().collect();
            assert_eq!(
                billed, told.legs,
                "{call}: each leg has its CDR when the call is over"
            );
        }
    }
    written
}
