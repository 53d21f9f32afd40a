//! Measures the journal: what an event costs each thread, and what the whole chain carries.
//!
//! `journal_load PLACE [CALLS [CALLS_A_SECOND]]`: PLACE is a SQLite file or a `postgres://` URL; a
//! call has 14 events of about 400 bytes. Without a rate it runs as fast as it can. With one, it
//! prints the figures each second, so that one can watch a database that stands still.

use std::time::{Duration, Instant};

use cordboard_store::journal::{Journal, JournalConfig, NewEvent, Sequencer};

const TOPICS: [&str; 14] = [
    "call.started",
    "call.routed",
    "call.step-started",
    "leg.answered",
    "leg.prompt-started",
    "leg.digit-pressed",
    "call.step-ended",
    "leg.dialled",
    "leg.ringing",
    "leg.answered",
    "call.bridged",
    "leg.ended",
    "cdr.written",
    "call.ended",
];

fn call(sequencer: &mut Sequencer, number: u64) {
    let id = format!("{number:026}");
    let filling = "0123456789".repeat(26);
    for (at, topic) in TOPICS.into_iter().enumerate() {
        let event = NewEvent {
            at_ms: 1_795_000_000_000 + number,
            topic,
            version: 1,
            call: Some(&id),
            leg: Some(1 + (at % 2) as u16),
        };
        sequencer.append("demo", event, |out| {
            out.extend_from_slice(br#"{"call_id":""#);
            out.extend_from_slice(id.as_bytes());
            out.extend_from_slice(
                br#"","caller":"100","dialled":"200","started_ms":1,"filling":""#,
            );
            out.extend_from_slice(filling.as_bytes());
            out.extend_from_slice(br#""}"#);
        });
        if at % 5 == 4 {
            sequencer.hand_over();
        }
    }
    sequencer.hand_over();
}

/// CPU time of each thread by name, in microseconds.
fn threads() -> Vec<(String, u64)> {
    let mut found = Vec::new();
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
        return found;
    };
    for task in tasks.flatten() {
        let name = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        let stat = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        let ran_ns: u64 = stat
            .split(' ')
            .next()
            .and_then(|n| n.parse().ok())
            .unwrap_or(0);
        found.push((name.trim().to_owned(), ran_ns / 1_000));
    }
    found
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let place = arguments
        .next()
        .unwrap_or_else(|| "journal_load.db".to_owned());
    let calls: u64 = arguments.next().map_or(Ok(10_000), |text| text.parse())?;
    let rate: Option<u64> = arguments.next().map(|text| text.parse()).transpose()?;
    let store = cordboard_store::open(&place).await?;
    let folder = std::env::temp_dir().join("cordboard-journal-load");
    let parts = Journal::open(
        &folder,
        store.clone(),
        JournalConfig::default(),
        Box::new(|_| {}),
    )
    .await?;
    let (mut sequencer, journal) = parts;

    let begun = Instant::now();
    let watch = journal.clone();
    let producer = std::thread::Builder::new()
        .name("shard".to_owned())
        .spawn(move || {
            let mut worst = Duration::ZERO;
            for number in 0..calls {
                let before = Instant::now();
                call(&mut sequencer, number);
                worst = worst.max(before.elapsed());
                if let Some(rate) = rate {
                    let due = Duration::from_micros(1_000_000 * (number + 1) / rate.max(1));
                    std::thread::sleep(due.saturating_sub(begun.elapsed()));
                    if number % rate.max(1) == 0 {
                        println!("{:4} s {:?}", begun.elapsed().as_secs(), watch.figures());
                    }
                } else {
                    while watch.figures().held_bytes > 4 << 20 {
                        std::thread::sleep(Duration::from_micros(200));
                    }
                }
            }
            let own = threads().into_iter().find(|(name, _)| name == "shard");
            (own.map_or(0, |(_, us)| us), worst)
        })?;
    let joined = tokio::task::spawn_blocking(move || producer.join()).await?;
    let (shard_us, worst) = joined.map_err(|_| "the producer panicked")?;
    let appended = begun.elapsed();
    journal.flush().await;
    let loaded = begun.elapsed();
    let events = calls * TOPICS.len() as u64;
    println!(
        "{calls} calls, {events} events: appended in {appended:?}, in the database after {loaded:?}"
    );
    println!(
        "{:.0} events a second through the whole chain",
        events as f64 / loaded.as_secs_f64()
    );
    println!("longest call on the shard's thread {worst:?}");
    println!("CPU a call: shard {:.1} us", shard_us as f64 / calls as f64);
    for (name, us) in threads() {
        println!("            {name} {:.1} us", us as f64 / calls as f64);
    }
    println!("{:?}", journal.figures());
    let verdict = store.verify("demo").await?;
    println!(
        "verified: {} events, last {}, faults {:?}",
        verdict.events, verdict.last_seq, verdict.faults
    );
    journal.close().await;
    Ok(())
}
