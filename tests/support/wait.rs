//! Bounded waits: look again every few milliseconds until it is so, or fail and say what was missing.

use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(20);

/// Seconds, shorter to write.
pub const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Looks until there is something, for `limit` at most.
pub fn poll<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() >= end {
            return None;
        }
        std::thread::sleep(PAUSE);
    }
}

/// Looks until there is something; panics with `what` after `limit`.
#[track_caller]
pub fn until<T>(what: &str, limit: Duration, look: impl FnMut() -> Option<T>) -> T {
    match poll(limit, look) {
        Some(found) => found,
        None => panic!("not within {limit:?}: {what}"),
    }
}
