//! Stories of a database that stands still and of a disk that fails.

use std::io::ErrorKind;

use super::*;

#[tokio::test]
async fn a_database_that_stands_still_loses_and_doubles_nothing() {
    let mut rig = Rig::new(small()).await;
    rig.write("demo", 20);
    rig.drain().await;
    rig.store.set_faults(StoreFaults {
        still: true,
        ..StoreFaults::default()
    });
    for _ in 0..20 {
        rig.write("demo", 5);
        assert!(rig.loader.turn().await.unwrap_err().is_passing());
    }
    rig.store.set_faults(StoreFaults::default());
    rig.drain().await;
    rig.is_whole("demo", 120).await;
    assert_eq!(rig.journal.figures().commit_failures, 20);
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_not_written_twice() {
    let mut rig = Rig::new(small()).await;
    rig.fact("demo", "call.started", "c1", "{}");
    rig.write("demo", 20);
    rig.store.set_faults(StoreFaults {
        answers_lost: true,
        ..StoreFaults::default()
    });
    assert!(rig.loader.turn().await.is_err());
    rig.store.set_faults(StoreFaults::default());
    rig.write("demo", 20);
    rig.drain().await;
    rig.is_whole("demo", 41).await;
    // And the same over a restart.
    rig.write("demo", 3);
    rig.store.set_faults(StoreFaults {
        answers_lost: true,
        ..StoreFaults::default()
    });
    assert!(rig.loader.turn().await.is_err());
    rig.store.set_faults(StoreFaults::default());
    let mut rig = rig.kill().await;
    rig.drain().await;
    rig.is_whole("demo", 44).await;
    assert_eq!(rig.journal.figures().gaps, 0);
}

#[tokio::test]
async fn a_refused_projection_does_not_hold_up_the_facts() {
    let mut rig = Rig::new(small()).await;
    rig.store.set_faults(StoreFaults {
        projections_refused: true,
        ..StoreFaults::default()
    });
    rig.fact("demo", "call.started", "c1", "{}");
    rig.write("demo", 2);
    assert!(matches!(
        rig.loader.turn().await,
        Err(StoreError::Refused(_))
    ));
    rig.drain().await;
    rig.is_whole("demo", 3).await;
    assert_eq!(rig.store.call("demo", "c1").await.unwrap(), None);
}

#[tokio::test]
async fn at_the_spools_bound_new_calls_are_refused_until_the_database_is_back() {
    let mut rig = Rig::new(small()).await;
    rig.store.set_faults(StoreFaults {
        still: true,
        ..StoreFaults::default()
    });
    let mut written = 0;
    while !rig.journal.full() {
        rig.write("demo", 10);
        written += 10;
        assert!(written < 10_000, "the bound is never met");
    }
    assert!(rig.sequencer.full());
    assert!(rig.journal.figures().spool_bytes > rig.config.spool_bytes_max);
    // Calls that are up go on.
    rig.write("demo", 10);
    rig.store.set_faults(StoreFaults::default());
    rig.drain().await;
    assert!(!rig.journal.full());
    rig.is_whole("demo", written + 10).await;
}

#[tokio::test]
async fn facts_wait_in_memory_for_a_full_disk() {
    let mut rig = Rig::new(small()).await;
    rig.write("demo", 5);
    // Room for a part of the next frame: a torn write, then a full disk.
    rig.disk.set_faults(Faults {
        room_bytes: Some(40),
        ..Faults::default()
    });
    rig.fact("demo", "call.step-ended", "c1", "{}");
    rig.sequencer.hand_over();
    assert_eq!(
        rig.writer.turn().unwrap_err().kind(),
        ErrorKind::StorageFull
    );
    assert_eq!(
        rig.written.lock().unwrap().len(),
        1,
        "nothing unwritten is acknowledged"
    );
    for _ in 0..3 {
        rig.fact("demo", "call.step-ended", "c1", "{}");
        rig.sequencer.hand_over();
        assert!(rig.writer.turn().is_err());
    }
    assert!(rig.writer.is_behind());
    rig.drain().await;
    rig.is_whole("demo", 5).await;
    rig.disk.set_faults(Faults::default());
    rig.writer.turn().unwrap();
    assert!(!rig.writer.is_behind());
    rig.drain().await;
    rig.is_whole("demo", 9).await;
    assert_eq!(rig.journal.figures().torn_bytes, 0);
    assert_eq!(rig.written.lock().unwrap().last().unwrap().up_to_seq, 9);
}

#[tokio::test]
async fn a_torn_write_that_cannot_be_cut_ends_its_segment() {
    let mut rig = Rig::new(small()).await;
    rig.write("demo", 5);
    rig.disk.set_faults(Faults {
        room_bytes: Some(40),
        cut_fails: true,
        ..Faults::default()
    });
    rig.fact("demo", "call.step-ended", "c1", "{}");
    rig.sequencer.hand_over();
    assert!(rig.writer.turn().is_err());
    rig.disk.set_faults(Faults::default());
    rig.write("demo", 4);
    assert_eq!(rig.disk.segments().unwrap().len(), 2);
    let mut rig = rig.kill().await;
    assert_eq!(rig.recovered.torn_bytes, 40);
    assert_eq!(rig.recovered.set_aside, 0);
    rig.drain().await;
    rig.is_whole("demo", 10).await;
}

#[tokio::test]
async fn the_loader_steps_over_a_torn_end_that_stayed() {
    let mut rig = Rig::new(small()).await;
    rig.write("demo", 5);
    rig.disk.set_faults(Faults {
        room_bytes: Some(40),
        cut_fails: true,
        ..Faults::default()
    });
    rig.fact("demo", "call.step-ended", "c1", "{}");
    rig.sequencer.hand_over();
    assert!(rig.writer.turn().is_err());
    rig.disk.set_faults(Faults::default());
    rig.write("demo", 4);
    rig.drain().await;
    rig.is_whole("demo", 10).await;
    assert_eq!(rig.journal.figures().torn_bytes, 40);
}

#[tokio::test]
async fn memory_is_bounded_and_what_it_lost_is_confessed() {
    let mut rig = Rig::new(small()).await;
    rig.disk.set_faults(Faults {
        write_error: Some(ErrorKind::Other),
        ..Faults::default()
    });
    let mut given = 0;
    while let Some(seq) = rig.fact("demo", "call.step-ended", "c1", "{\"x\":\"0123456789\"}") {
        given = seq;
        rig.sequencer.hand_over();
        assert!(rig.writer.turn().is_err());
        assert!(seq < 10_000, "the bound is never met");
        let held = rig.journal.figures().held_bytes;
        assert_eq!(held > rig.config.memory_bytes_max, rig.journal.full());
    }
    assert!(rig.journal.full());
    for _ in 0..6 {
        assert_eq!(rig.fact("demo", "call.step-ended", "c1", "{}"), None);
    }
    assert_eq!(rig.journal.figures().events_lost, 7);
    rig.disk.set_faults(Faults::default());
    rig.writer.turn().unwrap();
    assert!(!rig.journal.full());
    assert_eq!(
        rig.fact("demo", "call.step-ended", "c1", "{}"),
        Some(given + 2)
    );
    rig.write("demo", 0);
    rig.drain().await;
    rig.is_whole("demo", given + 2).await;
    let confession = rig
        .store
        .events("demo", given + 1, given + 1, 1)
        .await
        .unwrap();
    assert_eq!(confession[0].topic, "journal.events-lost");
    assert_eq!(confession[0].payload, "{\"events\":7}");
}

#[tokio::test]
async fn a_disk_that_cannot_sync_gets_a_new_segment_and_then_no_new_calls() {
    let mut rig = Rig::new(small()).await;
    rig.write("demo", 1);
    rig.disk.set_faults(Faults {
        sync_fails: true,
        ..Faults::default()
    });
    for n in 1..=3 {
        assert!(!rig.journal.full(), "after {n}");
        assert!(rig.writer.sync().is_err());
        rig.write("demo", 1);
    }
    assert!(rig.journal.full());
    assert_eq!(rig.disk.segments().unwrap().len(), 4);
    rig.disk.set_faults(Faults::default());
    rig.writer.sync().unwrap();
    assert!(!rig.journal.full());
    rig.disk.lose_power(|_| 0);
    let mut rig = rig.kill().await;
    rig.drain().await;
    rig.is_whole("demo", 4).await;
}

#[tokio::test]
async fn rot_in_the_spool_is_a_gap_that_is_seen_and_not_a_standstill() {
    let mut rig = Rig::new(JournalConfig {
        commit_bytes: 100,
        ..small()
    })
    .await;
    for _ in 0..3 {
        rig.write("demo", 20);
    }
    let numbers: Vec<u64> = rig
        .disk
        .segments()
        .unwrap()
        .iter()
        .map(|(n, _)| *n)
        .collect();
    assert_eq!(numbers.len(), 3);
    rig.disk.spoil(numbers[1], |bytes| bytes[300] ^= 1);
    rig.drain().await;
    let figures = rig.journal.figures();
    assert_eq!((figures.gaps, figures.events_loaded), (1, 60));
    assert!(figures.torn_bytes > 0);
    let verdict = rig.store.verify("demo").await.unwrap();
    assert_eq!(verdict.faults, ["batch 41 follows number 20"]);
}

#[tokio::test]
async fn a_spool_that_cannot_be_read_is_read_later() {
    let mut rig = Rig::new(small()).await;
    rig.write("demo", 5);
    rig.disk.set_faults(Faults {
        read_fails: true,
        ..Faults::default()
    });
    assert!(rig.loader.turn().await.unwrap_err().is_passing());
    rig.disk.set_faults(Faults::default());
    rig.drain().await;
    rig.is_whole("demo", 5).await;
}
