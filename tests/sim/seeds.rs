//! A hundred worlds, and one world twice.

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::world::{self, Trace};

/// Worlds that run when nothing else is said.
const SEEDS: u64 = 100;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn the_same_seed_gives_the_same_journal_twice() {
    for seed in [1, 2, 3, 4] {
        let (one, other) = (world::run(seed), world::run(seed));
        assert_eq!(one, other, "seed {seed}");
        assert!(one.events > 100, "{one:?}");
    }
    assert_ne!(world::run(1).journal, world::run(2).journal);
}

#[test]
fn a_hundred_seeds_with_loss_crashes_and_faults() {
    if let Some(seed) = number("CORDBOARD_SEED") {
        println!("seed {seed}: {:?}", world::run(seed));
        return;
    }
    let seeds = number("CORDBOARD_SEEDS").unwrap_or(SEEDS);
    let (next, failed, traces) = (
        AtomicU64::new(0),
        Mutex::new(Vec::new()),
        Mutex::new(Vec::<Trace>::new()),
    );
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds {
                return;
            }
            match catch_unwind(AssertUnwindSafe(|| world::run(seed))) {
                Ok(trace) => traces.lock().unwrap().push(trace),
                Err(_) => {
                    println!("seed {seed} failed; CORDBOARD_SEED={seed} runs it alone");
                    failed.lock().unwrap().push(seed);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "these seeds failed: {failed:?}");
    let traces = traces.into_inner().unwrap();
    let calls: usize = traces.iter().map(|trace| trace.calls.0).sum();
    let answered: usize = traces.iter().map(|trace| trace.calls.1).sum();
    let lives: usize = traces.iter().map(|trace| trace.lives).sum();
    // Said past the test\'s own output, which is shown only where a test fails.
    let _ = writeln!(
        std::io::stdout(),
        "{seeds} worlds, {lives} lives, {calls} calls, {answered} answered"
    );
    // The worlds are worth their time: calls come through, and nodes crash in many.
    assert!(
        answered * 3 > calls && lives > traces.len() * 5 / 4,
        "{answered} of {calls}, {lives} lives"
    );
}
