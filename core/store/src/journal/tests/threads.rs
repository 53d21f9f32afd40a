//! Stories of the whole journal with its threads, on a real folder and SQLite.

use tokio::sync::mpsc;

use super::*;
use crate::open_sqlite;
use crate::tests::Scratch;

async fn open(scratch: &Scratch) -> (Sequencer, Journal, mpsc::UnboundedReceiver<Written>) {
    let store = open_sqlite(&scratch.0.join("store.db")).await.unwrap();
    let (tell, heard) = mpsc::unbounded_channel();
    let (sequencer, journal) = Journal::open(
        &scratch.0.join("spool"),
        Arc::new(store),
        JournalConfig {
            segment_bytes: 20_000,
            ..JournalConfig::default()
        },
        Box::new(move |written| {
            let _ = tell.send(written);
        }),
    )
    .await
    .unwrap();
    (sequencer, journal, heard)
}

fn event<'a>(topic: &'a str) -> NewEvent<'a> {
    NewEvent {
        at_ms: 5,
        topic,
        version: 1,
        call: Some("c1"),
        leg: Some(1),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_writes_acknowledges_loads_and_goes_on_after_closing() {
    let scratch = Scratch::new();
    let (mut sequencer, journal, mut heard) = open(&scratch).await;
    for _ in 0..500 {
        sequencer.append("demo", event("call.started"), |out| {
            out.extend_from_slice(b"{}")
        });
    }
    sequencer.hand_over();
    let mut up_to = 0;
    while up_to < 500 {
        up_to = heard.recv().await.unwrap().up_to_seq;
    }
    journal.flush().await;
    let store = journal.store();
    assert_eq!(store.last_seqs().await.unwrap(), [("demo".to_owned(), 500)]);
    assert_eq!(
        journal
            .events_of_call("demo", "c1", 1_000)
            .await
            .unwrap()
            .len(),
        500
    );

    // Two processes may not write one spool.
    let folder = scratch.0.join("spool");
    let second = Journal::open(&folder, store, JournalConfig::default(), Box::new(|_| {}));
    assert!(matches!(second.await, Err(JournalError::Spool(_))));

    sequencer.append("demo", event("call.ended"), |out| {
        out.extend_from_slice(b"{}")
    });
    drop(sequencer);
    journal.close().await;
    assert_eq!(journal.figures().events_loaded, 501);
    drop(journal);

    let (mut sequencer, journal, _heard) = open(&scratch).await;
    assert_eq!(sequencer.last_seq("demo"), 501);
    let seq = sequencer.append("demo", event("call.started"), |out| {
        out.extend_from_slice(b"{}")
    });
    assert_eq!(seq, Some(502));
    sequencer.hand_over();
    journal.flush().await;
    let verdict = journal.store().verify("demo").await.unwrap();
    assert_eq!((verdict.events, verdict.faults.len()), (502, 0));
    journal.close().await;
    // What the first process wrote is in the database: only the newest segment is left.
    let folder = std::fs::read_dir(scratch.0.join("spool")).unwrap();
    let segments = folder.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_str().unwrap().ends_with(".spool")
    });
    assert_eq!(segments.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_the_spool_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let (mut sequencer, journal, _heard) = open(&scratch).await;
    sequencer.append("demo", event("call.started"), |out| {
        out.extend_from_slice(b"{}")
    });
    sequencer.hand_over();
    journal.flush().await;
    for entry in std::fs::read_dir(scratch.0.join("spool")).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
    }
    journal.close().await;
}
