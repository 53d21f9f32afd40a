//! CPU time of scripts: what a turn and a call have spent, and the stop when it is too much.
//!
//! Luau calls us at every loop edge, function call and pattern step (a safepoint). Reading a
//! thread's CPU clock there costs more than the loop itself, so the clock is read every so many
//! safepoints, and that distance follows how much time passed between the last two readings.
//!
//! Once the budget is spent, every further safepoint stops the script: by a yield, which no
//! `pcall` can catch, or by an error where Luau cannot yield (inside `table.sort`, `gsub` ...).

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mlua::{Lua, VmState};

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

/// The meter of one VM; only one coroutine of it runs at a time.
pub(crate) struct Meter {
    time: CpuTime,
    allowed: Cell<Duration>,
    started: Cell<Duration>,
    last: Cell<Duration>,
    /// Nanoseconds, where they are counted and not read.
    counted: Cell<u64>,
    memory: Cell<usize>,
    stride: Cell<u32>,
    until_reading: Cell<u32>,
    stops: Cell<u32>,
    stopped: RefCell<Option<Stopped>>,
}

impl Meter {
    pub fn new(time: CpuTime) -> Self {
        Self {
            time,
            allowed: Cell::new(Duration::ZERO),
            started: Cell::new(Duration::ZERO),
            last: Cell::new(Duration::ZERO),
            counted: Cell::new(0),
            memory: Cell::new(0),
            stride: Cell::new(STRIDE_MAX),
            until_reading: Cell::new(STRIDE_MAX),
            stops: Cell::new(0),
            stopped: RefCell::new(None),
        }
    }

    /// Before a turn: it may spend `allowed`.
    pub fn arm(&self, allowed: Duration) {
        let now = self.read();
        self.allowed.set(allowed);
        self.started.set(now);
        self.last.set(now);
        self.stride.set(STRIDE_MAX);
        self.until_reading.set(STRIDE_MAX);
        self.stops.set(0);
        self.stopped.replace(None);
    }

    /// After a turn: what it spent.
    pub fn spent(&self) -> Duration {
        self.read().saturating_sub(self.started.get())
    }

    /// Where the turn was stopped, if its budget ended.
    pub fn stopped(&self) -> Option<Stopped> {
        self.stopped.borrow().clone()
    }

    fn read(&self) -> Duration {
        match &self.time {
            CpuTime::Clock(read) => read(),
            CpuTime::Counted(_) => Duration::from_nanos(self.counted.get()),
        }
    }

    /// A safepoint of the running script.
    pub fn safepoint(&self, lua: &Lua) -> mlua::Result<VmState> {
        if let CpuTime::Counted(each) = &self.time {
            let memory = lua.used_memory();
            let grown = memory.saturating_sub(self.memory.replace(memory)) as u64;
            let counted = self.counted.get().saturating_add(each.as_nanos() as u64);
            self.counted.set(counted.saturating_add(grown / 4));
        }
        if self.stops.get() > 0 {
            return self.stop(lua);
        }
        let left = self.until_reading.get();
        if left > 1 {
            self.until_reading.set(left - 1);
            return Ok(VmState::Continue);
        }
        let now = self.read();
        let step = now.saturating_sub(self.last.get());
        self.last.set(now);
        let stride = match step {
            s if s > SLOW => 1,
            s if s < QUICK => (self.stride.get() * 2).min(STRIDE_MAX),
            _ => self.stride.get(),
        };
        self.stride.set(stride);
        self.until_reading.set(stride);
        if now.saturating_sub(self.started.get()) < self.allowed.get() {
            return Ok(VmState::Continue);
        }
        self.stop(lua)
    }

    fn stop(&self, lua: &Lua) -> mlua::Result<VmState> {
        let stops = self.stops.get();
        self.stops.set(stops.saturating_add(1));
        if stops == 0 {
            let traceback = lua
                .traceback(None, 0)
                .map(|t| t.to_string_lossy())
                .unwrap_or_default();
            self.stopped.replace(Some(Stopped { traceback }));
        }
        // A yield is ignored where Luau cannot yield; the next safepoint then raises.
        if stops.is_multiple_of(2) {
            Ok(VmState::Yield)
        } else {
            Err(mlua::Error::runtime("the budget of CPU time is spent"))
        }
    }
}
