//! Stories of the write path: facts go in at the sequencer and come out of the database, whatever
//! disk, database and power do in between. Writer, sync and loader are turned by hand.

use std::sync::{Arc, Mutex};

use super::disk::{Faults, MemoryDisk, SpoolDisk};
use super::*;
use crate::{CallQuery, CdrQuery, JournalStore, MemoryStore, StoreError, StoreFaults};

mod faults;
mod server;
mod threads;
mod torn;

/// A journal on a disk and a database in memory, both of which outlive it.
struct Rig {
    disk: MemoryDisk,
    store: MemoryStore,
    config: JournalConfig,
    written: Arc<Mutex<Vec<Written>>>,
    recovered: Recovered,
    sequencer: Sequencer,
    writer: WriterCore,
    loader: Loader,
    journal: Journal,
}

fn small() -> JournalConfig {
    JournalConfig {
        commit_bytes: 2_000,
        segment_bytes: 1_000,
        spool_bytes_max: 60_000,
        memory_bytes_max: 4_000,
        ..JournalConfig::default()
    }
}

impl Rig {
    async fn new(config: JournalConfig) -> Self {
        Self::on(MemoryDisk::new(), MemoryStore::new(), config).await
    }

    async fn on(disk: MemoryDisk, store: MemoryStore, config: JournalConfig) -> Self {
        let written: Arc<Mutex<Vec<Written>>> = Arc::default();
        let heard = written.clone();
        let parts = Journal::assemble(
            Arc::new(disk.clone()),
            Arc::new(store.clone()),
            config,
            Box::new(move |w| heard.lock().unwrap().push(w)),
        );
        let (sequencer, writer, loader, journal, recovered) = parts.await.unwrap();
        Self {
            disk,
            store,
            config,
            written,
            recovered,
            sequencer,
            writer,
            loader,
            journal,
        }
    }

    /// The process is killed (what was not written is gone) and begins again.
    async fn kill(self) -> Self {
        let (disk, store, config) = (self.disk.clone(), self.store.clone(), self.config);
        drop(self);
        Self::on(disk, store, config).await
    }

    fn fact(&mut self, tenant: &str, topic: &str, call: &str, payload: &str) -> Option<u64> {
        let event = NewEvent {
            at_ms: 1_000_000,
            topic,
            version: 1,
            call: Some(call),
            leg: None,
        };
        self.sequencer.append(tenant, event, |out| {
            out.extend_from_slice(payload.as_bytes())
        })
    }

    /// Appends `count` facts of a tenant and writes them.
    fn write(&mut self, tenant: &str, count: u64) {
        for n in 0..count {
            self.fact(tenant, "call.step-started", "c1", &format!("{{\"n\":{n}}}"));
        }
        self.sequencer.hand_over();
        self.writer.turn().unwrap();
    }

    /// Turns the loader until the database holds all that was written.
    async fn drain(&mut self) {
        for _ in 0..10_000 {
            if self.loader.turn().await.unwrap() {
                return;
            }
        }
        panic!("the loader does not arrive");
    }

    /// The tenant's journal is whole in the database, up to this number.
    async fn is_whole(&self, tenant: &str, last_seq: u64) {
        let verdict = self.store.verify(tenant).await.unwrap();
        assert_eq!(verdict.faults, [] as [&str; 0]);
        assert_eq!((verdict.events, verdict.last_seq), (last_seq, last_seq));
    }
}

#[tokio::test]
async fn facts_reach_the_database_in_order() {
    let mut rig = Rig::new(small()).await;
    for n in 1..=200 {
        assert_eq!(
            rig.fact("demo", "call.step-started", "c1", &format!("{{\"n\":{n}}}")),
            Some(n)
        );
    }
    assert_eq!(rig.sequencer.last_payload(), b"{\"n\":200}");
    rig.sequencer.hand_over();
    assert!(rig.written.lock().unwrap().is_empty());
    rig.writer.turn().unwrap();
    let up_to = rig.written.lock().unwrap().pop().unwrap();
    assert_eq!((&*up_to.tenant, up_to.up_to_seq), ("demo", 200));
    rig.drain().await;
    rig.is_whole("demo", 200).await;
    let events = rig.store.events("demo", 150, 151, 10).await.unwrap();
    assert_eq!(events[0].payload, "{\"n\":150}");
    assert_eq!(events[0].at_ms, 1_000_000);
    let figures = rig.journal.figures();
    assert_eq!(
        (
            figures.events_handed,
            figures.events_written,
            figures.events_loaded
        ),
        (200, 200, 200)
    );
    assert_eq!(
        (figures.gaps, figures.torn_bytes, figures.held_bytes),
        (0, 0, 0)
    );
}

#[tokio::test]
async fn one_write_carries_all_that_was_handed_over() {
    let mut rig = Rig::new(JournalConfig::default()).await;
    for _ in 0..50 {
        rig.fact("demo", "call.started", "c1", "{}");
        rig.fact("acme", "call.started", "c2", "{}");
        rig.sequencer.hand_over();
    }
    rig.writer.turn().unwrap();
    rig.writer.turn().unwrap();
    assert_eq!(rig.disk.work(), (1, 0));
    let written = rig.written.lock().unwrap().clone();
    assert_eq!(written.len(), 2, "{written:?}");
    assert!(written.iter().all(|written| written.up_to_seq == 50));
}

#[tokio::test]
async fn tenants_count_apart_and_go_on_after_a_restart() {
    let mut rig = Rig::new(small()).await;
    rig.write("demo", 30);
    rig.write("acme", 10);
    rig.write("demo", 5);
    rig.drain().await;
    rig.write("acme", 2);
    let mut rig = rig.kill().await;
    assert_eq!(rig.sequencer.last_seq("demo"), 35);
    assert_eq!(rig.sequencer.last_seq("acme"), 12);
    assert_eq!(rig.sequencer.last_seq("new"), 0);
    rig.write("acme", 1);
    rig.drain().await;
    rig.is_whole("demo", 35).await;
    rig.is_whole("acme", 13).await;
}

#[tokio::test]
async fn consumed_segments_are_deleted() {
    let mut rig = Rig::new(small()).await;
    for _ in 0..50 {
        rig.write("demo", 10);
    }
    let before = rig.disk.segments().unwrap().len();
    assert!(before > 5, "{before}");
    rig.drain().await;
    assert_eq!(rig.disk.segments().unwrap().len(), 1);
    let left = rig.disk.segments().unwrap()[0].1;
    assert_eq!(rig.journal.figures().spool_bytes, left);
    // The rest goes with the next segment, also over a restart.
    let mut rig = rig.kill().await;
    rig.write("demo", 1);
    rig.drain().await;
    assert_eq!(rig.disk.segments().unwrap().len(), 1);
    rig.is_whole("demo", 501).await;
}

const BILL: &str = r#"{"call_id":"c1","leg_no":1,"started_ms":10,"ended_ms":90,"talk_ms":70,
    "caller":"100","dialled":"200","result":"answered","cause":16,"media":null}"#;

#[tokio::test]
async fn a_call_is_found_while_it_is_up_and_afterwards() {
    let mut rig = Rig::new(small()).await;
    rig.fact(
        "demo",
        "call.started",
        "c1",
        r#"{"caller":"100","dialled":"2\u00300"}"#,
    );
    rig.fact("demo", "leg.dialled", "other", "{}");
    rig.write("demo", 1);
    rig.drain().await;
    rig.fact("demo", "leg.answered", "c1", "{}");
    rig.write("demo", 1);
    rig.drain().await;
    let row = rig.store.call("demo", "c1").await.unwrap().unwrap();
    assert_eq!(
        (row.caller.as_deref(), row.dialled.as_deref()),
        (Some("100"), Some("200"))
    );
    assert_eq!((row.ended_ms, row.last_seq), (None, None));
    let up = rig.journal.events_of_call("demo", "c1", 100).await.unwrap();
    assert_eq!(up.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 3, 4, 5]);

    rig.write("demo", 0);
    rig.fact("demo", "cdr.written", "c1", BILL);
    rig.fact("demo", "call.ended", "c1", r#"{"cause":16}"#);
    rig.write("demo", 0);
    rig.drain().await;
    let row = rig.store.call("demo", "c1").await.unwrap().unwrap();
    assert_eq!(row.batches, Some(vec![1, 4, 6]));
    assert_eq!(
        (row.result.as_deref(), row.cause, row.last_seq),
        (Some("answered"), Some(16), Some(7))
    );
    assert_eq!(
        rig.store
            .calls(&CallQuery::newest("demo", 9))
            .await
            .unwrap(),
        [row]
    );
    let bills = rig
        .store
        .cdrs(&CdrQuery::of_call("demo", "c1"))
        .await
        .unwrap();
    assert_eq!(
        (bills[0].seq, bills[0].talk_ms, bills[0].json.as_str()),
        (6, 70, BILL)
    );
    let all = rig.journal.events_of_call("demo", "c1", 100).await.unwrap();
    assert_eq!(
        all.iter().map(|e| e.seq).collect::<Vec<_>>(),
        [1, 3, 4, 5, 6, 7]
    );
}

#[tokio::test]
async fn a_call_that_ends_after_a_restart_is_found_by_its_numbers() {
    let mut rig = Rig::new(small()).await;
    rig.fact("demo", "call.started", "c1", "{}");
    rig.write("demo", 3);
    rig.drain().await;
    let mut rig = rig.kill().await;
    rig.fact("demo", "call.ended", "c1", "not json");
    rig.write("demo", 0);
    rig.drain().await;
    let row = rig.store.call("demo", "c1").await.unwrap().unwrap();
    assert_eq!(
        (row.first_seq, row.last_seq, row.batches),
        (1, Some(5), None)
    );
    assert_eq!(
        rig.store
            .events_of_call("demo", "c1", 100)
            .await
            .unwrap()
            .len(),
        5
    );
}
