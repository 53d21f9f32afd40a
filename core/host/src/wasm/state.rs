//! What stands behind one instance: its exchange with whoever drives it, its meter, its bounds.
//!
//! A host function that waits leaves its wish in the `Exchange` and stands still; the driver takes
//! the wish out, and when the answer lies in the exchange it lets the guest go on. A guest is
//! polled by one thread at a time, so nothing here is ever waited for.
//!
//! Time in host functions is not the guest's: only what it spends while it runs counts, and the
//! slice during which it came back from a host function is not held against it.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use cordboard_steps::script::{LogLevel, ScriptAnswer, ScriptCall, ScriptCallError, ScriptOp};
use wasmtime::{ResourceLimiter, Store, StoreContextMut, UpdateDeadline};

use super::engine::{
    CORE_INSTANCES_MAX, MEMORIES_MAX, SLICE, Slot, TABLE_ELEMENTS_MAX, TABLES_MAX, WasmEngine,
};
use crate::lua::CpuTime;
use crate::module::{Health, Module};
use crate::quota::{Account, Permit};

/// One call script may spend so many turns' worth of CPU time in all its turns together.
const TURNS_OF_A_CALL: u32 = 10;
/// Bytes that a guest may hand over in one host call; beyond it the guest is ended.
const HANDED_BYTES_MAX: usize = 4 << 20;
/// The same for worlds that save a state.
const SAVED_BYTES_MAX: usize = 40 << 20;
/// Log lines that a world keeps which cannot wait; more are dropped.
pub(super) const LINES_KEPT_MAX: usize = 64;

/// The guest has used up its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the module used up the CPU time of {of}: is there a loop without an end?")]
pub(super) struct Overrun {
    pub of: &'static str,
}

/// What passes between a guest that stands still and its driver.
#[derive(Debug, Default)]
pub(super) struct Exchange(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    asked: Option<ScriptOp>,
    answer: Option<ScriptAnswer>,
    /// CPU time of this turn and of all turns, up to the last poll.
    turn: Duration,
    whole: Duration,
    /// The thread's CPU clock when this poll began.
    polled_at: Option<Duration>,
    /// Slices that were noticed in this poll, where time is counted.
    slices: u32,
    bytes: usize,
}

impl Exchange {
    fn held(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new program begins: nothing is spent yet.
    pub fn begin(&self) {
        let mut inside = self.held();
        let bytes = inside.bytes;
        *inside = Inside {
            bytes,
            ..Inside::default()
        };
    }

    /// A new turn begins, with the answer that the guest waits for.
    pub fn turn(&self, answer: Option<ScriptAnswer>) {
        let mut inside = self.held();
        inside.turn = Duration::ZERO;
        inside.answer = answer;
    }

    /// What the guest wants, once.
    pub fn take_asked(&self) -> Option<ScriptOp> {
        self.held().asked.take()
    }

    /// A poll begins.
    pub fn poll_begins(&self, time: &CpuTime) {
        let mut inside = self.held();
        inside.slices = 0;
        inside.polled_at = match time {
            CpuTime::Clock(read) => Some(read()),
            CpuTime::Counted(_) => None,
        };
    }

    /// A poll is over; what it spent.
    pub fn poll_ends(&self, time: &CpuTime) -> Duration {
        let mut inside = self.held();
        let spent = inside.spent(time);
        inside.polled_at = None;
        inside.slices = 0;
        inside.turn += spent;
        inside.whole += spent;
        spent
    }

    /// Bytes of memory of the instance, as far as it has one.
    pub fn bytes(&self) -> usize {
        self.held().bytes
    }

    /// A slice was noticed. CPU time of this poll, of this turn and of all turns, up to now.
    fn noticed(&self, time: &CpuTime) -> (Duration, Duration, Duration) {
        let mut inside = self.held();
        inside.slices += 1;
        let now = inside.spent(time);
        (now, inside.turn + now, inside.whole + now)
    }
}

impl Inside {
    fn spent(&self, time: &CpuTime) -> Duration {
        match (time, self.polled_at) {
            (CpuTime::Clock(read), Some(began)) => read().saturating_sub(began),
            _ => SLICE * self.slices,
        }
    }
}

/// What an instance is for.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    /// Its host functions may wait: a call script or connector that works for a call or an event.
    Waits {
        /// The call, where there is one.
        call: Option<Box<ScriptCall>>,
        /// Outcomes that the step's `on` branches name.
        outcomes: Vec<String>,
    },
    /// It decides or folds at once; its log lines are kept beside.
    AtOnce,
}

/// The store's data: one instance's world.
pub(super) struct State {
    pub engine: Arc<WasmEngine>,
    pub module: Arc<Module>,
    pub account: Arc<Account>,
    pub exchange: Arc<Exchange>,
    pub purpose: Purpose,
    /// `lifecycle.start` runs: nothing can be asked for yet.
    pub starting: bool,
    /// Log lines of a world that cannot wait, until the driver takes them.
    pub lines: Vec<(LogLevel, String)>,
    /// The answer that it waited for has just come.
    returned: bool,
    bounds: Bounds,
    _seat: Seat,
    /// Given back last, when everything else of the instance is gone.
    _place: Slot,
}

impl State {
    /// The world of a new instance, in its own store.
    pub fn store(
        engine: &Arc<WasmEngine>,
        module: &Arc<Module>,
        exchange: &Arc<Exchange>,
        purpose: Purpose,
        room: Room,
    ) -> Store<State> {
        let at_once = matches!(purpose, Purpose::AtOnce);
        let state = State {
            engine: engine.clone(),
            module: module.clone(),
            account: room.account.clone(),
            exchange: exchange.clone(),
            purpose,
            starting: true,
            lines: Vec::new(),
            returned: false,
            bounds: Bounds {
                memory_bytes_max: usize::try_from(module.limits.memory_bytes).unwrap_or(usize::MAX),
                used: 0,
                refused: false,
                account: room.account,
                exchange: exchange.clone(),
                _permit: room.permit,
            },
            _seat: room.seat,
            _place: room.place,
        };
        let mut store = Store::new(&engine.engine, state);
        store.limiter(|state| &mut state.bounds);
        store.set_hostcall_fuel(match at_once {
            true => SAVED_BYTES_MAX,
            false => HANDED_BYTES_MAX,
        });
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(slice);
        store
    }

    /// True when an allocation of the guest was refused.
    pub fn memory_refused(&self) -> bool {
        self.bounds.refused
    }

    /// Asks the driver for something and stands still until its answer is there.
    pub async fn ask(&mut self, op: ScriptOp) -> ScriptAnswer {
        let refused = |kind, message: &str| ScriptAnswer::Error {
            kind,
            message: message.to_owned(),
        };
        if self.starting || matches!(self.purpose, Purpose::AtOnce) {
            return refused(
                ScriptCallError::Unavailable,
                "a module that starts has nobody to ask yet",
            );
        }
        if !self.account.take_call(self.engine.now()) {
            return refused(
                ScriptCallError::Busy,
                "the tenant's modules make more host calls a second than they may",
            );
        }
        let answer = Asking {
            exchange: self.exchange.clone(),
            op: Some(op),
        }
        .await;
        self.returned = true;
        answer
    }
}

/// A wish that waits for its answer.
struct Asking {
    exchange: Arc<Exchange>,
    op: Option<ScriptOp>,
}

impl Future for Asking {
    type Output = ScriptAnswer;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<ScriptAnswer> {
        let op = self.op.take();
        let mut inside = self.exchange.held();
        if let Some(op) = op {
            inside.asked = Some(op);
            return Poll::Pending;
        }
        match inside.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => Poll::Pending,
        }
    }
}

/// The guest has noticed a new slice: it stops, or lets others run.
fn slice(mut store: StoreContextMut<'_, State>) -> wasmtime::Result<UpdateDeadline> {
    let state = store.data_mut();
    if std::mem::take(&mut state.returned) {
        return Ok(UpdateDeadline::Continue(1));
    }
    let (poll, turn, whole) = state.exchange.noticed(&state.engine.time);
    let limit = state.module.limits.cpu;
    if turn > limit {
        return Err(Overrun { of: "one turn" }.into());
    }
    let waits = matches!(state.purpose, Purpose::Waits { .. });
    if waits && whole > limit * TURNS_OF_A_CALL {
        return Err(Overrun { of: "a whole call" }.into());
    }
    // Where the machine was busy with others, the slice was theirs and this guest goes on.
    Ok(match poll < SLICE / 2 {
        true => UpdateDeadline::Continue(1),
        false => UpdateDeadline::Yield(1),
    })
}

/// One of a module's own instances; given back when it is dropped.
pub(super) struct Seat(Arc<Health>);

impl Seat {
    /// One more, if the module's limit and `spare` above it allow it.
    pub fn take(module: &Module, spare: u32) -> Option<Seat> {
        let most = u64::from(module.limits.instances_max) + u64::from(spare);
        let instances = &module.health.instances;
        instances
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| {
                (now < most).then_some(now + 1)
            })
            .ok()?;
        Some(Seat(module.health.clone()))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.instances.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Room for one instance: in the pool, in its tenant's quota, in its module's limit.
pub(super) struct Room {
    pub place: Slot,
    pub seat: Seat,
    pub permit: Permit,
    pub account: Arc<Account>,
}

/// Memory, tables and instances of one store.
struct Bounds {
    memory_bytes_max: usize,
    used: usize,
    refused: bool,
    account: Arc<Account>,
    exchange: Arc<Exchange>,
    _permit: Permit,
}

impl Drop for Bounds {
    fn drop(&mut self) {
        self.account.give_memory(self.used);
    }
}

impl ResourceLimiter for Bounds {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        let fits = self.used.saturating_add(more) <= self.memory_bytes_max;
        if !fits || !self.account.take_memory(more) {
            self.refused = true;
            return Ok(false);
        }
        self.used += more;
        self.exchange.held().bytes = self.used;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.refused = true;
        Ok(())
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let fits = desired <= TABLE_ELEMENTS_MAX;
        self.refused |= !fits;
        Ok(fits)
    }

    fn instances(&self) -> usize {
        CORE_INSTANCES_MAX
    }

    fn tables(&self) -> usize {
        TABLES_MAX
    }

    fn memories(&self) -> usize {
        MEMORIES_MAX
    }
}
