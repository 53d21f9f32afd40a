//! The node's clock: the one place that reads time.
//!
//! Engines get `now`, monotonic since the node's start, and `unix_ms`, the wall clock. Where the
//! wall clock is stepped, order and lengths follow `now`.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One reading of both clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Monotonic time since the node's start.
    pub now: Duration,
    /// Wall clock, Unix milliseconds.
    pub unix_ms: u64,
}

/// Reads time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// Starts counting.
    pub fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    /// Both clocks.
    pub fn read(&self) -> Moment {
        Moment {
            now: self.start.elapsed(),
            unix_ms: unix_ms(),
        }
    }
}

/// The wall clock in Unix milliseconds; a clock before 1970 reads 0.
pub fn unix_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
}

/// CPU time of the calling thread, for scripts' budgets.
pub fn thread_cpu() -> Duration {
    crate::process::thread_cpu()
}
