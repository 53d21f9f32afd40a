//! Runs one target for its share of time; keeps the input that broke it.
//!
//! A panic is caught, and the input is written to the temporary folder. An input that takes ten
//! seconds is written too, and the process ends, since nothing else can stop it.

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::corpus::Corpus;
use super::mutator::Mutator;

/// How many targets share the total budget.
const TARGETS: u64 = 15;
/// An input that takes so long is slow, in a debug build on a busy machine: some thirty times
/// slower than what is released, where none may take 100 ms.
const SLOW: Duration = Duration::from_secs(3);
/// An input that takes so long is a hang.
const HANG: Duration = Duration::from_secs(10);

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// A target's share of time: its own budget, but no more than its part of the total.
fn share() -> Duration {
    let own = number("CORDBOARD_FUZZ_SECONDS").unwrap_or(2) * 1_000;
    let total = number("CORDBOARD_FUZZ_TOTAL_SECONDS").unwrap_or(600) * 1_000;
    Duration::from_millis(own.min(total / TARGETS))
}

fn keep(target: &str, input: &[u8]) -> PathBuf {
    let sum = input.iter().fold(0xcbf2_9ce4_8422_2325u64, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let path = std::env::temp_dir().join(format!("cordboard-fuzz-{target}-{sum:016x}"));
    if let Err(error) = std::fs::write(&path, input) {
        println!("{target}: the input cannot be written: {error}; it is {input:?}");
    }
    path
}

/// Ends the process when one input takes too long.
struct Watch {
    now: Arc<Mutex<(Instant, Vec<u8>)>>,
    over: Arc<AtomicBool>,
}

impl Watch {
    fn start(target: &'static str) -> Self {
        let watch = Self {
            now: Arc::new(Mutex::new((Instant::now(), Vec::new()))),
            over: Arc::default(),
        };
        let (now, over) = (Arc::clone(&watch.now), Arc::clone(&watch.over));
        std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(500));
                let now = now.lock().unwrap();
                if now.0.elapsed() > HANG && !over.load(Ordering::Relaxed) {
                    println!("{target}: hangs on {}", keep(target, &now.1).display());
                    std::process::exit(1);
                }
            }
        });
        watch
    }

    fn see(&self, input: &[u8]) {
        let mut now = self.now.lock().unwrap();
        now.0 = Instant::now();
        now.1.clear();
        now.1.extend_from_slice(input);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Runs a target over its corpus, and then over what the mutator makes of it.
pub fn run(target: &'static str, corpus: Corpus, fuzz: fn(&[u8])) {
    if let Some(path) = std::env::var_os("CORDBOARD_FUZZ_INPUT") {
        fuzz(&std::fs::read(path).expect("CORDBOARD_FUZZ_INPUT names a file"));
        return;
    }
    let seed = number("CORDBOARD_FUZZ_SEED").unwrap_or(1);
    let until = Instant::now() + share();
    let watch = Watch::start(target);
    let mut slowest = (Duration::ZERO, Vec::new());
    let mut count = 0u64;
    let mut try_one = |input: &[u8]| {
        watch.see(input);
        let begun = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| fuzz(input)));
        let mut took = begun.elapsed();
        if took > SLOW && outcome.is_ok() {
            // The machine may have been busy with something else.
            let begun = Instant::now();
            fuzz(input);
            took = took.min(begun.elapsed());
        }
        if took > slowest.0 {
            slowest = (took, input.to_vec());
        }
        count += 1;
        if outcome.is_err() {
            let path = keep(target, input);
            panic!(
                "{target}: seed {seed}, execution {count}: broken by {}",
                path.display()
            );
        }
    };
    for input in corpus.found.iter().chain(&corpus.entries) {
        try_one(input);
    }
    let mut mutator = Mutator::new(seed, corpus.entries, corpus.words);
    while Instant::now() < until {
        try_one(&mutator.next_input());
    }
    // Said past the test's own output, which is shown only where a test fails.
    let _ = writeln!(
        std::io::stdout(),
        "{target}: seed {seed}, {count} executions, the slowest took {:?}",
        slowest.0
    );
    assert!(
        slowest.0 < SLOW,
        "{target}: slow on {}",
        keep(target, &slowest.1).display()
    );
}
