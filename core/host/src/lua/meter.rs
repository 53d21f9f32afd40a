//! CPU time of scripts: what a turn and a call have spent, and the stop when it is too much.
//!
//! Luau calls us at every loop edge, function call and pattern step (a safepoint). Reading a
//! thread's CPU clock there costs more than the loop itself, so the clock is read every so many
//! safepoints, and that distance follows how much time passed between the last two readings.
//!
//! At the end of a slice others have their turn (`crew::breathe`) while the script stands still.
//! Once the budget is spent, every further safepoint stops the script: by a yield, which no
//! `pcall` can catch, or by an error where Luau cannot yield (inside `table.sort`, `gsub` ...).

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mlua::{Lua, VmState};

use crate::crew::SLICE;

/// Where CPU time comes from.
#[derive(Clone)]
pub enum CpuTime {
    /// The calling thread's CPU clock, as the node reads it.
    Clock(Arc<dyn Fn() -> Duration + Send + Sync>),
    /// Each safepoint counts as so much time, and each four bytes that memory grew between two
    /// of them as a nanosecond: the same on every machine, for simulation and tests.
    Counted(Duration),
}

impl CpuTime {
    /// Wraps a clock.
    pub fn clock(read: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        CpuTime::Clock(Arc::new(read))
    }

    /// A count of safepoints at 100 ns each: about what an optimised build spends.
    pub fn counted() -> Self {
        CpuTime::Counted(Duration::from_nanos(100))
    }
}

impl fmt::Debug for CpuTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CpuTime::Clock(_) => f.write_str("Clock"),
            CpuTime::Counted(each) => f.debug_tuple("Counted").field(each).finish(),
        }
    }
}

/// Most safepoints between two readings of the clock. One step of C code (a search in 16 MiB) may
/// last 10 ms, so this is also the bound of how far a script overshoots: a third of a second, once.
const STRIDE_MAX: u32 = 32;
/// A reading after less than this may be followed by a longer distance.
const QUICK: Duration = Duration::from_micros(250);
/// A reading after more than this is followed by readings at every safepoint.
const SLOW: Duration = Duration::from_millis(2);

/// Where a script was when its budget ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stopped {
    /// Luau's traceback, innermost first.
    pub traceback: String,
}

/// The meter of one VM; only one coroutine of it runs at a time. It is never shared while a turn
/// runs, but it moves between threads with its VM, so its numbers are atomic, at no cost.
pub(crate) struct Meter {
    time: CpuTime,
    /// All times in nanoseconds.
    allowed: AtomicU64,
    started: AtomicU64,
    last: AtomicU64,
    /// When others last had their turn.
    slice: AtomicU64,
    /// Where time is counted and not read.
    counted: AtomicU64,
    memory: AtomicU64,
    stride: AtomicU32,
    until_reading: AtomicU32,
    stops: AtomicU32,
    stopped: Mutex<Option<Stopped>>,
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Meter {
    pub fn new(time: CpuTime) -> Self {
        Self {
            time,
            allowed: AtomicU64::new(0),
            started: AtomicU64::new(0),
            last: AtomicU64::new(0),
            slice: AtomicU64::new(0),
            counted: AtomicU64::new(0),
            memory: AtomicU64::new(0),
            stride: AtomicU32::new(STRIDE_MAX),
            until_reading: AtomicU32::new(STRIDE_MAX),
            stops: AtomicU32::new(0),
            stopped: Mutex::new(None),
        }
    }

    /// Before a turn: it may spend `allowed`.
    pub fn arm(&self, allowed: Duration) {
        let now = self.read();
        self.allowed.store(nanos(allowed), Ordering::Relaxed);
        self.started.store(now, Ordering::Relaxed);
        self.last.store(now, Ordering::Relaxed);
        self.slice.store(now, Ordering::Relaxed);
        self.stride.store(STRIDE_MAX, Ordering::Relaxed);
        self.until_reading.store(STRIDE_MAX, Ordering::Relaxed);
        if self.stops.swap(0, Ordering::Relaxed) > 0 {
            *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// After a turn: what it spent.
    pub fn spent(&self) -> Duration {
        Duration::from_nanos(
            self.read()
                .saturating_sub(self.started.load(Ordering::Relaxed)),
        )
    }

    /// Where the turn was stopped, if its budget ended.
    pub fn stopped(&self) -> Option<Stopped> {
        if self.stops.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        Some(stopped.clone().unwrap_or_default())
    }

    fn read(&self) -> u64 {
        match &self.time {
            CpuTime::Clock(read) => nanos(read()),
            CpuTime::Counted(_) => self.counted.load(Ordering::Relaxed),
        }
    }

    /// A safepoint of the running script.
    pub fn safepoint(&self, lua: &Lua) -> mlua::Result<VmState> {
        if let CpuTime::Counted(each) = &self.time {
            let memory = lua.used_memory() as u64;
            let grown = memory.saturating_sub(self.memory.swap(memory, Ordering::Relaxed));
            let counted = self.counted.load(Ordering::Relaxed);
            let counted = counted
                .saturating_add(nanos(*each))
                .saturating_add(grown / 4);
            self.counted.store(counted, Ordering::Relaxed);
        }
        if self.stops.load(Ordering::Relaxed) > 0 {
            return self.stop(lua);
        }
        let left = self.until_reading.load(Ordering::Relaxed);
        if left > 1 {
            self.until_reading.store(left - 1, Ordering::Relaxed);
            return Ok(VmState::Continue);
        }
        let now = self.read();
        let step = now.saturating_sub(self.last.swap(now, Ordering::Relaxed));
        let stride = self.stride.load(Ordering::Relaxed);
        let stride = match Duration::from_nanos(step) {
            s if s > SLOW => 1,
            s if s < QUICK => (stride * 2).min(STRIDE_MAX),
            _ => stride,
        };
        self.stride.store(stride, Ordering::Relaxed);
        self.until_reading.store(stride, Ordering::Relaxed);
        let spent = now.saturating_sub(self.started.load(Ordering::Relaxed));
        if spent >= self.allowed.load(Ordering::Relaxed) {
            return self.stop(lua);
        }
        // Others may run in between; this thread's CPU clock stands meanwhile.
        if now.saturating_sub(self.slice.load(Ordering::Relaxed)) > nanos(SLICE) {
            crate::crew::breathe();
            self.slice.store(now, Ordering::Relaxed);
        }
        Ok(VmState::Continue)
    }

    fn stop(&self, lua: &Lua) -> mlua::Result<VmState> {
        let stops = self.stops.load(Ordering::Relaxed);
        self.stops.store(stops.saturating_add(1), Ordering::Relaxed);
        if stops == 0 {
            let traceback = lua
                .traceback(None, 0)
                .map(|t| t.to_string_lossy())
                .unwrap_or_default();
            let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
            *stopped = Some(Stopped { traceback });
        }
        // A yield is ignored where Luau cannot yield; the next safepoint then raises.
        if stops.is_multiple_of(2) {
            Ok(VmState::Yield)
        } else {
            Err(mlua::Error::runtime("the budget of CPU time is spent"))
        }
    }
}
