//! The crew: the threads on which all code of modules and scripts computes, of every kind and world.
//!
//! A piece of work belongs to a tenant's account, which pays for it by the thread's CPU clock.
//! Whoever has had least is next (`order`); a tenant that has spent its share of CPU time rests
//! until the share has grown. So a loop without an end costs its own tenant and nobody else.
//!
//! There are `places` for work that runs, and more threads than places: an entry that lasts longer
//! than a slice says so (`breathe`), and where another tenant waits, or its own has spent its
//! share, its thread stands still in the middle of the entry and another thread takes the place.
//! Bound: 64 threads. Where so many stand still, the next entry keeps its place to its end, which
//! `cpu-ms` of its module's limits bounds. What waits is bounded by whoever gives work.

mod order;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::lua::CpuTime;
use crate::module::Module;
use crate::quota::{Account, Accounts};

use order::{Next, Order, Turn};

/// A piece of work.
pub type Job = Box<dyn FnOnce() + Send>;
/// Gives back what nobody needs; false when there is nobody any more to give back.
pub type Sweep = dyn Fn() -> bool + Send + Sync;

/// How long an entry runs before others have their turn.
pub const SLICE: Duration = Duration::from_millis(10);
/// Threads, those that stand still counted.
const THREADS_MAX: usize = 64;
/// How often what nobody needs is given back.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// Stack of a thread: Luau nests at most 200 calls of C; WASM has stacks of its own.
const STACK_BYTES: usize = 4 << 20;

/// What a crew is made with.
pub struct CrewParts {
    /// Work that runs at the same time, at least one.
    pub places: usize,
    /// Reads a thread's CPU time; where it is counted, work costs its tenant nothing.
    pub time: CpuTime,
    /// What each thread does first: its priority.
    pub begin: Box<dyn Fn() + Send + Sync>,
}

/// Threads that compute for tenants. When it is dropped, they end after the work that waits.
pub struct Crew {
    inside: Arc<Inside>,
}

struct Inside {
    state: Mutex<State>,
    /// Threads that have nothing to do wait here.
    wanted: Condvar,
    parts: CrewParts,
    accounts: Arc<Accounts>,
}

#[derive(Default)]
struct State {
    order: Order,
    /// Places that are taken.
    busy: usize,
    threads: usize,
    /// Threads that wait for work.
    idle: usize,
    /// Threads that stand still in the middle of an entry.
    standing: usize,
    sweeps: Vec<Arc<Sweep>>,
    swept: Option<Instant>,
    closed: bool,
    broken: usize,
}

/// An entry that stands still, until it gets a place again.
pub(crate) struct Ticket {
    goes: AtomicBool,
    called: Condvar,
}

/// What a crew does now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CrewFigures {
    /// Threads.
    pub threads: usize,
    /// Entries that run.
    pub busy: usize,
    /// Entries that stand still between two slices.
    pub standing: usize,
    /// Pieces of work that wait, those of resting tenants counted.
    pub waiting: usize,
    /// Tenants that have spent their share and rest.
    pub resting: usize,
    /// Pieces of work that broke the host itself.
    pub broken: usize,
}

/// The entry that the calling thread runs.
struct Here {
    inside: Arc<Inside>,
    account: Arc<Account>,
    /// The thread's CPU time up to which the account has paid.
    paid: Duration,
}

thread_local! {
    static HERE: RefCell<Option<Here>> = const { RefCell::new(None) };
}

/// Called by whoever runs a guest, at the end of a slice: lets others run, and waits while the
/// tenant's share is spent. Elsewhere than on the crew it does nothing.
pub(crate) fn breathe() {
    HERE.with_borrow_mut(|here| {
        if let Some(here) = here {
            here.breathe();
        }
    });
}

/// True on a thread of a crew: what runs is paid for there.
pub(crate) fn is_here() -> bool {
    HERE.with_borrow(Option::is_some)
}

/// Checks a module at the cost of its tenant: where its share is spent, the check waits.
pub(crate) fn check(
    crew: &Crew,
    module: &Arc<Module>,
    check: impl FnOnce(&Arc<Module>) -> Result<(), Vec<String>> + Send + 'static,
) -> Result<(), Vec<String>> {
    let of = module.clone();
    let account = crew.accounts().of(&module.tenant);
    crew.wait_for(&account, move || check(&of))
        .unwrap_or_else(|| Err(vec!["the module host broke on it".to_owned()]))
}

impl Crew {
    /// A crew whose threads begin when there is work for them.
    pub fn new(accounts: &Arc<Accounts>, parts: CrewParts) -> Crew {
        let inside = Inside {
            state: Mutex::default(),
            wanted: Condvar::new(),
            parts,
            accounts: accounts.clone(),
        };
        Crew {
            inside: Arc::new(inside),
        }
    }

    /// Who pays.
    pub fn accounts(&self) -> &Arc<Accounts> {
        &self.inside.accounts
    }

    /// Does a piece of work when its tenant's turn comes. False: the system gives no thread and
    /// there is none yet; the work is dropped.
    pub fn put(&self, account: &Arc<Account>, job: Job) -> bool {
        let mut state = self.inside.lock();
        state.order.push(account, Turn::Job(job), false);
        if Inside::call_one(&self.inside, &mut state) {
            return true;
        }
        state.order.drop_work(account);
        false
    }

    /// Does a piece of work there and waits for what comes of it; for threads that may wait. On a
    /// thread of a crew it is done at once. `None`: it broke, or there is no thread.
    pub fn wait_for<T: Send + 'static>(
        &self,
        account: &Arc<Account>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        if is_here() {
            return Some(work());
        }
        let (done, result) = sync_channel(1);
        let job = move || {
            let _ = done.send(work());
        };
        match self.put(account, Box::new(job)) {
            true => result.recv().ok(),
            false => None,
        }
    }

    /// Calls this now and then while it answers true.
    pub fn sweep(&self, sweep: Arc<Sweep>) {
        self.inside.lock().sweeps.push(sweep);
    }

    /// What it does now.
    pub fn figures(&self) -> CrewFigures {
        let state = self.inside.lock();
        let (waiting, resting) = state.order.counts();
        CrewFigures {
            threads: state.threads,
            busy: state.busy,
            standing: state.standing,
            waiting,
            resting,
            broken: state.broken,
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.inside.lock().closed = true;
        self.inside.wanted.notify_all();
    }
}

impl Inside {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cpu(&self) -> Duration {
        match &self.parts.time {
            CpuTime::Clock(read) => read(),
            CpuTime::Counted(_) => Duration::ZERO,
        }
    }

    /// There is work: somebody is to look at it, if a place is free. False: nobody can.
    fn call_one(inside: &Arc<Inside>, state: &mut State) -> bool {
        if state.idle > 0 {
            inside.wanted.notify_one();
            return true;
        }
        let moving = state.threads - state.standing;
        if moving >= inside.parts.places.max(1) || state.threads >= THREADS_MAX {
            return true;
        }
        let own = inside.clone();
        let begun = std::thread::Builder::new()
            .name("module".into())
            .stack_size(STACK_BYTES)
            .spawn(move || own.work());
        state.threads += usize::from(begun.is_ok());
        begun.is_ok() || moving > 0
    }

    fn work(self: Arc<Self>) {
        (self.parts.begin)();
        let mut state = self.lock();
        loop {
            let next = match state.busy < self.parts.places.max(1) {
                true => {
                    let now = self.accounts.now();
                    let closed = state.closed;
                    state.order.next(now, closed)
                }
                false => Next::Nothing,
            };
            match next {
                Next::Turn(_, Turn::Back(ticket)) => {
                    state.busy += 1;
                    ticket.goes.store(true, Ordering::Relaxed);
                    ticket.called.notify_one();
                }
                Next::Turn(account, Turn::Job(job)) => {
                    state.busy += 1;
                    // Whoever was called for this work may be needed for more.
                    if state.order.has_ready() && state.busy < self.parts.places {
                        Inside::call_one(&self, &mut state);
                    }
                    drop(state);
                    let sound = self.run(&account, job);
                    state = self.lock();
                    state.busy -= 1;
                    state.broken += usize::from(!sound);
                    state.order.done(&account);
                }
                Next::Nothing | Next::At(_) if state.closed => {
                    state.threads -= 1;
                    return;
                }
                waits => {
                    // As many as places are enough to find the next work.
                    if state.threads - state.standing > self.parts.places.max(1) {
                        state.threads -= 1;
                        return;
                    }
                    state = self.rest(state, waits);
                }
            }
        }
    }

    /// Waits for work, for a tenant's rest to end, or to give back what nobody needs.
    fn rest<'s>(&'s self, mut state: MutexGuard<'s, State>, next: Next) -> MutexGuard<'s, State> {
        let ready_in = match next {
            Next::At(at) => Some(at.saturating_sub(self.accounts.now())),
            _ => None,
        };
        let since = *state.swept.get_or_insert_with(Instant::now);
        let sweep_in = SWEEP_EVERY.saturating_sub(since.elapsed());
        if sweep_in.is_zero() && !state.sweeps.is_empty() {
            state.swept = Some(Instant::now());
            let sweeps = std::mem::take(&mut state.sweeps);
            drop(state);
            let kept: Vec<_> = sweeps.into_iter().filter(|sweep| sweep()).collect();
            state = self.lock();
            state.sweeps.extend(kept);
            return state;
        }
        let patience = ready_in.unwrap_or(SWEEP_EVERY).min(sweep_in);
        state.idle += 1;
        let waited = self
            .wanted
            .wait_timeout(state, patience.max(Duration::from_micros(100)));
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.idle -= 1;
        state
    }

    /// Does a piece of work; false when the host itself broke in it.
    fn run(self: &Arc<Self>, account: &Arc<Account>, job: Job) -> bool {
        let here = Here {
            inside: self.clone(),
            account: account.clone(),
            paid: self.cpu(),
        };
        HERE.set(Some(here));
        let sound = catch_unwind(AssertUnwindSafe(job)).is_ok();
        if let Some(mut here) = HERE.take() {
            here.pay();
        }
        sound
    }
}

impl Here {
    /// The account pays for what was spent since it last paid.
    fn pay(&mut self) {
        let now = self.inside.cpu();
        let spent = now.saturating_sub(self.paid);
        self.paid = now;
        self.account.spend(self.inside.accounts.now(), spent);
        self.account.has_had(spent);
    }

    fn breathe(&mut self) {
        self.pay();
        let inside = self.inside.clone();
        let mut state = inside.lock();
        let may_run = self.account.may_run(inside.accounts.now());
        if state.closed || (may_run && !state.order.is_before(&self.account)) {
            return;
        }
        if state.standing + inside.parts.places.max(1) >= THREADS_MAX {
            return;
        }
        let ticket = Arc::new(Ticket {
            goes: AtomicBool::new(false),
            called: Condvar::new(),
        });
        let back = Turn::Back(ticket.clone());
        state.order.put_back(&self.account, back);
        state.busy -= 1;
        state.standing += 1;
        if !Inside::call_one(&inside, &mut state) {
            // No thread can be had that would ever call this one: it goes on.
            state.order.take_back(&self.account, &ticket);
            state.busy += 1;
            state.standing -= 1;
            return;
        }
        while !ticket.goes.load(Ordering::Relaxed) {
            let waits = ticket.called.wait(state);
            state = waits.unwrap_or_else(PoisonError::into_inner);
        }
        state.standing -= 1;
    }
}

#[cfg(test)]
mod tests;
