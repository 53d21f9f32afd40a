//! A real database server that stands still under calls: they all go on, and when it moves again
//! its journal is whole, with one CDR a leg.
//!
//! It stands still for 20 s; `CORDBOARD_FREEZE_SECONDS=600` is the long run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cordboard_store::{CdrQuery, Store};
use cordboard_tests::programs::wanted;
use cordboard_tests::scratch::Scratch;
use cordboard_tests::sipp::{
    BYE_COMES, PROVISIONAL, Run, Sipp, answered, bye, invite, pause, response,
};
use cordboard_tests::switch::Switch;
use cordboard_tests::wait::{s, until};

use super::hostile::counter;
use super::with_trunk;

const CALLS_A_SECOND: u32 = 5;
/// Seconds of calls before the server stands still, and after.
const BEFORE: u64 = 4;
const AFTER: u64 = 6;
const PAGE: u32 = 1_000;

/// A Postgres of this story's own, so that nobody else waits for it.
struct Server(Scratch);

impl Server {
    fn tell(&self, what: &str) -> String {
        let output = Command::new(starter())
            .arg(what)
            .arg(self.0.path().join("pg"))
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

fn starter() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("support/postgres.sh")
}

fn freeze_seconds() -> u64 {
    let text = std::env::var("CORDBOARD_FREEZE_SECONDS").unwrap_or_else(|_| "20".to_owned());
    text.parse().expect("CORDBOARD_FREEZE_SECONDS is a number")
}

fn count(switch: &Switch, topic: &str) -> usize {
    switch.events.since(0, |e| e["topic"] == topic).len()
}

/// Facts of the journal: written to the spool, and taken by the database.
fn facts(switch: &Switch) -> (f64, f64) {
    let figure = |name: &str| counter(switch, &format!("cordboard_journal_events_{name}"));
    (figure("written"), figure("loaded"))
}

/// R9, X2: calls between two trunks while Postgres stands still.
#[test]
fn a_database_that_stands_still_loses_and_doubles_nothing() {
    let Some(_place) = wanted(&["sipp"]) else {
        return;
    };
    if std::env::var("CORDBOARD_TEST_POSTGRES").is_err() {
        println!("skipped: CORDBOARD_TEST_POSTGRES names no server, so none is started either");
        return;
    }
    let seconds = freeze_seconds();
    let calls = CALLS_A_SECOND * u32::try_from(BEFORE + seconds + AFTER).unwrap();
    let server = Server(Scratch::new("still"));
    let url = server.tell("start");
    let back = cordboard_tests::ports::one();
    let (plan, far) = with_trunk(
        "still",
        &format!(
            "trunk back {{ address \"127.0.0.1:{back}\"; }}\n\
             did \"+442079460100\" {{ trunk back number=\"+442071112222\" timeout=\"10s\"; }}\n"
        ),
    );
    // Room for calls that wait for a busy disk, since none is begun above 100 before it is written.
    let plan = plan.node(&format!("database \"{url}\"")).rtp_ports(400);
    let switch = plan.start();
    let limit = s(seconds + 60);
    let called = format!(
        "<recv request=\"INVITE\"></recv>\n{}{}<recv request=\"ACK\"></recv>\n{BYE_COMES}",
        response("180 Ringing", false),
        response("200 OK", true)
    );
    let called = Sipp::start(
        &switch,
        &Run {
            scenario: &called,
            port: Some(back),
            answers: true,
            calls,
            limit,
            ..Run::default()
        },
    );
    let calling = format!(
        "{}{PROVISIONAL}{}{}{}",
        invite("", ""),
        answered(),
        pause(1_000),
        bye(2)
    );
    let calling = Sipp::start(
        &switch,
        &Run {
            scenario: &calling,
            port: Some(far),
            number: "+442079460100",
            calls,
            rate: CALLS_A_SECOND,
            limit,
            ..Run::default()
        },
    );
    std::thread::sleep(s(BEFORE));
    stand_still(&server, &switch, seconds);
    calling.passes(limit);
    called.passes(s(15));
    let thawed = Instant::now();
    until("the database has it all", s(60), || {
        let (written, loaded) = facts(&switch);
        (count(&switch, "call.ended") == calls as usize && written == loaded).then_some(())
    });
    println!("all loaded {:?} after the last call", thawed.elapsed());
    assert_eq!(counter(&switch, "cordboard_journal_events_lost"), 0.0);
    is_whole(&url, calls as usize);
}

/// Lets the server stand still, during which calls go on and the spool keeps what they tell.
fn stand_still(server: &Server, switch: &Switch, seconds: u64) {
    server.tell("freeze");
    let begun = Instant::now();
    std::thread::sleep(Duration::from_millis(500));
    let (ended, (_, loaded)) = (count(switch, "call.ended"), facts(switch));
    while begun.elapsed() < s(seconds) {
        std::thread::sleep(Duration::from_millis(500));
    }
    let went_on = count(switch, "call.ended") - ended;
    let (written, still_loaded) = facts(switch);
    let spool = counter(switch, "cordboard_journal_spool_bytes");
    println!(
        "stood still for {seconds} s: {went_on} calls ended, {} facts waited, spool {spool} bytes",
        written - still_loaded
    );
    assert_eq!(loaded, still_loaded, "the server did not stand still");
    let expected = (u64::from(CALLS_A_SECOND) * seconds * 8 / 10) as usize;
    assert!(went_on >= expected, "{went_on} of {expected} calls");
    assert!(written - loaded > went_on as f64, "their facts wait");
    server.tell("thaw");
}

/// The journal in the database: every number once, every call with its two CDRs.
fn is_whole(url: &str, calls: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = cordboard_store::open(url).await.unwrap();
        let verdict = store.verify("demo").await.unwrap();
        assert_eq!(verdict.faults, Vec::<String>::new());
        assert_eq!((verdict.first_seq, verdict.last_seq), (1, verdict.events));
        let started = topics(&store, verdict.last_seq).await;
        assert_eq!(started, [calls, 2 * calls, 2 * calls, calls]);
        let mut legs = BTreeSet::new();
        let mut query = CdrQuery {
            newest_first: false,
            ..CdrQuery::newest("demo", PAGE)
        };
        loop {
            let rows = store.cdrs(&query).await.unwrap();
            for row in &rows {
                let leg = (row.call.clone(), row.leg);
                assert!(legs.insert(leg), "a second CDR: {row:?}");
            }
            match rows.last() {
                Some(last) => query.after_seq = last.seq,
                None => break,
            }
        }
        let of: BTreeSet<&String> = legs.iter().map(|(call, _)| call).collect();
        assert_eq!((legs.len(), of.len()), (2 * calls, calls));
        println!(
            "{calls} calls, {} facts without a gap, {} CDRs",
            verdict.events,
            legs.len()
        );
    });
}

/// How many calls started, legs ended, CDRs were written and calls ended; each once.
async fn topics(store: &Arc<dyn Store>, last: u64) -> [usize; 4] {
    const WHICH: [&str; 4] = ["call.started", "leg.ended", "cdr.written", "call.ended"];
    let mut told = BTreeSet::new();
    let mut from = 1;
    while from <= last {
        let events = store
            .events("demo", from, last, PAGE as usize)
            .await
            .unwrap();
        from = events.last().expect("no number is missing").seq + 1;
        for event in events {
            if let Some(which) = WHICH.iter().position(|topic| *topic == event.topic) {
                let fact = (which, event.call.clone(), event.leg);
                assert!(told.insert(fact), "told twice: {event:?}");
            }
        }
    }
    let count = |which| told.iter().filter(|(of, ..)| *of == which).count();
    std::array::from_fn(count)
}
