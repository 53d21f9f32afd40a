//! A real database server that stands still, and one that goes away and comes back.

use std::path::Path;
use std::process::Command;

use super::*;
use crate::open_postgres;
use crate::tests::Scratch;

/// A Postgres of this story's own; stopped when the story ends, however it ends.
struct Server(Scratch);

impl Server {
    /// Does what the tests' starter does for `what`; returns what it printed.
    fn tell(&self, what: &str) -> String {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests");
        let output = Command::new(tests.join("support/postgres.sh"))
            .arg(what)
            .arg(self.0.0.join("pg"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{what}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tell("stop");
    }
}

fn facts(sequencer: &mut Sequencer, count: u64) {
    for _ in 0..count {
        let event = NewEvent {
            at_ms: 5,
            topic: "call.started",
            version: 1,
            call: Some("c1"),
            leg: None,
        };
        sequencer.append("demo", event, |out| {
            out.extend_from_slice(b"{\"caller\":\"100\"}")
        });
    }
    sequencer.hand_over();
}

async fn until_written(journal: &Journal, events: u64) {
    while journal.figures().events_written < events {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stands_still_or_goes_away_costs_no_fact() {
    if std::env::var("CORDBOARD_TEST_POSTGRES").is_err() {
        println!("skipped: CORDBOARD_TEST_POSTGRES names no server, so none is started either");
        return;
    }
    let scratch = Scratch::new();
    let server = Server(Scratch::new());
    let url = server.tell("start");
    let store = open_postgres(&url).await.unwrap();
    let folder = scratch.0.join("spool");
    let opened = Journal::open(
        &folder,
        Arc::new(store),
        JournalConfig::default(),
        Box::new(|_| {}),
    );
    let (mut sequencer, journal) = opened.await.unwrap();
    facts(&mut sequencer, 100);
    journal.flush().await;

    server.tell("freeze");
    facts(&mut sequencer, 1_000);
    until_written(&journal, 1_100).await;
    assert_eq!(journal.figures().events_loaded, 100);
    server.tell("thaw");
    journal.flush().await;

    server.tell("stop");
    facts(&mut sequencer, 1_000);
    until_written(&journal, 2_100).await;
    while journal.figures().commit_failures == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(journal.figures().events_loaded, 1_100);
    assert_eq!(server.tell("start"), url);
    journal.flush().await;
    let verdict = journal.store().verify("demo").await.unwrap();
    assert_eq!((verdict.events, verdict.last_seq), (2_100, 2_100));
    assert_eq!(verdict.faults, [] as [&str; 0]);
    journal.close().await;
}
