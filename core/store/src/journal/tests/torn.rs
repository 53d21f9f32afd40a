//! Properties: wherever the power goes, and in whatever order things fail, what is left is a
//! gapless prefix, and what was acknowledged to survive did survive.

use proptest::prelude::*;

use super::*;

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_time().build().unwrap();
    runtime.block_on(future)
}

/// Frames of one and two tenants; returns each frame's end and the tenants' numbers there.
async fn written(frames: &[(u64, u64)]) -> (Rig, Vec<(u64, u64, u64)>) {
    let mut rig = Rig::new(JournalConfig {
        segment_bytes: 1 << 20,
        ..small()
    })
    .await;
    let mut ends = vec![(0, 0, 0)];
    let (mut demo, mut acme) = (0, 0);
    for (of_demo, of_acme) in frames {
        for n in 0..*of_demo {
            rig.fact("demo", "leg.ringing", "c1", &format!("{{\"n\":{n}}}"));
        }
        rig.write("acme", *of_acme);
        demo += of_demo;
        acme += of_acme;
        let bytes = rig
            .disk
            .segments()
            .unwrap()
            .first()
            .map_or(0, |(_, bytes)| *bytes);
        ends.push((bytes, demo, acme));
    }
    (rig, ends)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A spool cut at any byte: the whole frames before the cut are there, nothing else is, and
    /// the journal goes on from there.
    #[test]
    fn a_spool_cut_anywhere_is_a_whole_prefix(
        frames in proptest::collection::vec((0u64..4, 0u64..4), 1..8),
        cut in 0.0f64..=1.0,
    ) {
        run(async {
            let (rig, ends) = written(&frames).await;
            let length = ends.last().unwrap().0;
            let at = (length as f64 * cut) as u64;
            rig.disk.spoil(1, |bytes| bytes.truncate(at as usize));
            let (whole, demo, acme) = *ends.iter().rev().find(|(end, ..)| *end <= at).unwrap();
            let mut rig = rig.kill().await;
            assert_eq!(rig.recovered.torn_bytes, at - whole);
            assert_eq!(rig.recovered.events, demo + acme);
            assert_eq!(rig.sequencer.last_seq("demo"), demo);
            rig.write("demo", 2);
            rig.write("acme", 2);
            rig.drain().await;
            rig.is_whole("demo", demo + 2).await;
            rig.is_whole("acme", acme + 2).await;
        });
    }

    /// Any changed byte is noticed: what is recovered is a prefix of what was written.
    #[test]
    fn a_changed_byte_is_never_read_as_a_fact(
        frames in proptest::collection::vec((0u64..4, 1u64..4), 1..6),
        place in 0.0f64..1.0,
        change in 1u8..,
    ) {
        run(async {
            let (rig, ends) = written(&frames).await;
            let at = (ends.last().unwrap().0 as f64 * place) as usize;
            rig.disk.spoil(1, |bytes| bytes[at] ^= change);
            let (_, demo, acme) = *ends.iter().rev().find(|(end, ..)| *end <= at as u64).unwrap();
            let mut rig = rig.kill().await;
            assert_eq!(rig.recovered.events, demo + acme);
            rig.drain().await;
            rig.is_whole("acme", acme).await;
        });
    }
}

/// One thing that happens to a journal. Faults with a high number are the end of all faults.
#[derive(Clone, Copy, Debug)]
enum Happens {
    Facts { tenant: usize, count: u8 },
    Write,
    Sync,
    Load,
    Kill,
    PowerLoss { kept: u8 },
    DiskFaults(u8),
    StoreFaults(u8),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        6 => (0..2usize, 1..6u8).prop_map(|(tenant, count)| Happens::Facts { tenant, count }),
        6 => Just(Happens::Write),
        2 => Just(Happens::Sync),
        4 => Just(Happens::Load),
        1 => Just(Happens::Kill),
        1 => any::<u8>().prop_map(|kept| Happens::PowerLoss { kept }),
        2 => (0..15u8).prop_map(Happens::DiskFaults),
        2 => (0..9u8).prop_map(Happens::StoreFaults),
    ]
}

fn disk_faults(which: u8) -> Faults {
    let mut faults = Faults::default();
    match which {
        1 => faults.room_bytes = Some(70),
        2 => faults.write_error = Some(std::io::ErrorKind::StorageFull),
        3 => faults.sync_fails = true,
        4 => (faults.room_bytes, faults.cut_fails) = (Some(70), true),
        5 => faults.read_fails = true,
        _ => {}
    }
    faults
}

fn store_faults(which: u8) -> StoreFaults {
    StoreFaults {
        still: which == 1,
        answers_lost: which == 2,
        projections_refused: which == 3,
    }
}

const TENANTS: [&str; 2] = ["demo", "acme"];

/// What must have survived: the highest number of each tenant that was written, and synced.
#[derive(Default)]
struct Promised {
    written: [u64; 2],
    synced: [u64; 2],
}

async fn restart(rig: Rig) -> Rig {
    // The machine is back: disk and database work while the journal opens.
    rig.disk.set_faults(Faults::default());
    rig.store.set_faults(StoreFaults::default());
    rig.kill().await
}

async fn step(mut rig: Rig, promised: &mut Promised, what: Happens) -> Rig {
    match what {
        Happens::Facts { tenant, count } => {
            for _ in 0..count {
                rig.fact(
                    TENANTS[tenant],
                    "call.started",
                    "c1",
                    "{\"caller\":\"100\"}",
                );
            }
        }
        Happens::Write => {
            rig.sequencer.hand_over();
            let _ = rig.writer.turn();
            for written in rig.written.lock().unwrap().drain(..) {
                let at = TENANTS.iter().position(|t| *t == &*written.tenant).unwrap();
                assert!(written.up_to_seq > promised.written[at]);
                promised.written[at] = written.up_to_seq;
            }
        }
        Happens::Sync => {
            if rig.writer.sync().is_ok() {
                promised.synced = promised.written;
            }
        }
        Happens::Load => {
            let _ = rig.loader.turn().await;
        }
        Happens::Kill => {
            rig = restart(rig).await;
            for (at, tenant) in TENANTS.iter().enumerate() {
                assert_eq!(rig.sequencer.last_seq(tenant), promised.written[at]);
            }
            promised.synced = promised.written;
        }
        Happens::PowerLoss { kept } => {
            rig.disk
                .lose_power(|unsynced| unsynced * usize::from(kept) / 255);
            rig.store.lose_power();
            rig = restart(rig).await;
            for (at, tenant) in TENANTS.iter().enumerate() {
                let last = rig.sequencer.last_seq(tenant);
                assert!((promised.synced[at]..=promised.written[at]).contains(&last));
                (promised.synced[at], promised.written[at]) = (last, last);
            }
        }
        Happens::DiskFaults(which) => rig.disk.set_faults(disk_faults(which)),
        Happens::StoreFaults(which) => rig.store.set_faults(store_faults(which)),
    }
    rig
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// In whatever order faults, kills and power losses come: no acknowledged fact is lost, none
    /// is doubled, and in the end the database holds a gapless journal of every tenant.
    #[test]
    fn nothing_acknowledged_is_lost_and_nothing_is_doubled(
        story in proptest::collection::vec(happens(), 1..120),
        forgetful in any::<bool>(),
    ) {
        run(async {
            let config = JournalConfig { segment_bytes: 400, commit_bytes: 300, ..JournalConfig::default() };
            let store = if forgetful { MemoryStore::forgetful() } else { MemoryStore::new() };
            let mut rig = Rig::on(MemoryDisk::new(), store, config).await;
            let mut promised = Promised::default();
            for what in story {
                rig = step(rig, &mut promised, what).await;
            }
            rig.disk.set_faults(Faults::default());
            rig.store.set_faults(StoreFaults::default());
            rig = step(rig, &mut promised, Happens::Write).await;
            rig.drain().await;
            for (at, tenant) in TENANTS.iter().enumerate() {
                rig.is_whole(tenant, promised.written[at]).await;
            }
            assert_eq!(rig.journal.figures().events_lost, 0);
        });
    }
}

#[tokio::test]
async fn a_database_that_forgets_commits_finds_them_in_the_spool() {
    let mut rig = Rig::on(MemoryDisk::new(), MemoryStore::forgetful(), small()).await;
    for _ in 0..10 {
        rig.write("demo", 20);
        rig.writer.sync().unwrap();
    }
    rig.drain().await;
    assert_eq!(rig.disk.segments().unwrap().len(), 1);
    rig.write("demo", 20);
    rig.writer.sync().unwrap();
    rig.drain().await;
    rig.disk.lose_power(|_| 0);
    rig.store.lose_power();
    let mut rig = rig.kill().await;
    rig.drain().await;
    rig.is_whole("demo", 220).await;
}
