//! Threads that run WASM steps: bounded mailboxes in, turns out, one slice after another between.
//!
//! As with Lua, the thread that owns a call never waits here: a full mailbox refuses a start or an
//! answer (the answer becomes a kill), and never a kill. Unlike Lua, a guest that runs on is put
//! aside after a slice, so a letter waits for one slice of somebody else and not for a loop.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use cordboard_call::ids::CallId;
use cordboard_steps::script::{ScriptCommand, ScriptErrorKind, ScriptTurn};

use super::engine::{SLICE, WasmEngine};
use super::failure;
use super::host::{Pumped, WasmHost};
use crate::contract::Event;
use crate::lua::WorkerClosed;
use crate::module::{Module, StepBegin, StepHost, Work};
use crate::program::{OnTurn, Runner, ThreadFigures};

/// How long an idle thread waits before its host gives back what nobody needs.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// Letters and slices between two readings of figures.
const SHOW_EVERY: u32 = 64;
/// Stack of a thread; guests have stacks of their own.
const STACK_BYTES: usize = 2 << 20;

enum Order {
    Begin(Work),
    Answer(cordboard_steps::script::ScriptAnswer),
    Kill,
    /// A start that is of no step.
    Strange,
}

struct Letter {
    key: CallId,
    /// None where the order needs none.
    module: Option<Arc<Module>>,
    order: Order,
}

#[derive(Default)]
struct Letters {
    waiting: VecDeque<Letter>,
    closed: bool,
}

struct Mailbox {
    letters: Mutex<Letters>,
    arrived: Condvar,
    letters_max: usize,
}

#[derive(Default)]
struct Shown {
    running: AtomicUsize,
    bytes: AtomicUsize,
    panics: AtomicUsize,
}

struct Thread {
    mailbox: Arc<Mailbox>,
    shown: Arc<Shown>,
    handle: Option<JoinHandle<()>>,
}

/// Threads that run WASM steps. Dropping them ends them; steps that still run are dropped.
pub struct WasmThreads {
    threads: Vec<Thread>,
}

impl WasmThreads {
    /// Starts `count` threads, at least one. A mailbox of `letters_max` refuses the next.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        engine: &Arc<WasmEngine>,
        count: usize,
        letters_max: usize,
        on_turn: &Arc<OnTurn>,
    ) -> std::io::Result<WasmThreads> {
        let mut threads = Vec::new();
        for n in 0..count.max(1) {
            let mailbox = Arc::new(Mailbox {
                letters: Mutex::default(),
                arrived: Condvar::new(),
                letters_max,
            });
            let shown = Arc::new(Shown::default());
            let work = Job {
                engine: engine.clone(),
                mailbox: mailbox.clone(),
                shown: shown.clone(),
                on_turn: on_turn.clone(),
            };
            let handle = std::thread::Builder::new()
                .name(format!("wasm-{n}"))
                .stack_size(STACK_BYTES)
                .spawn(move || work.run())?;
            threads.push(Thread {
                mailbox,
                shown,
                handle: Some(handle),
            });
        }
        Ok(WasmThreads { threads })
    }

    /// Gives a connector an event; its end comes as a turn of `key`, which no call has.
    ///
    /// # Errors
    /// There is no room.
    pub fn event(
        &self,
        key: CallId,
        module: &Arc<Module>,
        event: Event,
    ) -> Result<(), WorkerClosed> {
        let order = Order::Begin(Work::Event(event));
        self.put(key, Some(module.clone()), order)
    }

    /// What they hold.
    pub fn figures(&self) -> ThreadFigures {
        let mut all = ThreadFigures::default();
        for thread in &self.threads {
            all.running += thread.shown.running.load(Ordering::Relaxed);
            all.bytes += thread.shown.bytes.load(Ordering::Relaxed);
            all.panics += thread.shown.panics.load(Ordering::Relaxed);
        }
        all
    }

    fn put(
        &self,
        key: CallId,
        module: Option<Arc<Module>>,
        order: Order,
    ) -> Result<(), WorkerClosed> {
        let at = (key.0 as usize) % self.threads.len().max(1);
        let thread = self.threads.get(at).ok_or(WorkerClosed)?;
        match thread.mailbox.put(Letter { key, module, order }) {
            true => Ok(()),
            false => Err(WorkerClosed),
        }
    }
}

impl Runner for WasmThreads {
    fn send(
        &self,
        call: CallId,
        module: &Arc<Module>,
        command: ScriptCommand,
    ) -> Result<(), WorkerClosed> {
        match command {
            ScriptCommand::Start(start) => {
                let order = match StepBegin::of(&start) {
                    Some(begin) => Order::Begin(Work::Step(Box::new(begin))),
                    None => Order::Strange,
                };
                self.put(call, Some(module.clone()), order)
            }
            ScriptCommand::Resume { answer } => self.put(call, None, Order::Answer(answer)),
            ScriptCommand::Kill => self.put(call, None, Order::Kill),
        }
    }
}

impl Drop for WasmThreads {
    fn drop(&mut self) {
        for thread in &self.threads {
            thread.mailbox.close();
        }
        for thread in &mut self.threads {
            if let Some(handle) = thread.handle.take() {
                let _ = handle.join();
            }
        }
    }
}

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, Letters> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// False when it is refused.
    fn put(&self, mut letter: Letter) -> bool {
        let mut letters = self.lock();
        if letters.closed {
            return false;
        }
        let mut taken = true;
        if letters.waiting.len() >= self.letters_max {
            match letter.order {
                Order::Kill => {}
                Order::Begin(_) | Order::Strange => return false,
                Order::Answer(_) => {
                    letter.order = Order::Kill;
                    taken = false;
                }
            }
        }
        letters.waiting.push_back(letter);
        drop(letters);
        self.arrived.notify_one();
        taken
    }

    /// The next letter, waiting at most so long; `Ok(None)` when none came in time.
    fn take(&self, patience: Duration) -> Result<Option<Letter>, WorkerClosed> {
        let mut letters = self.lock();
        if letters.waiting.is_empty() && !letters.closed && !patience.is_zero() {
            letters = self
                .arrived
                .wait_timeout(letters, patience)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        match letters.waiting.pop_front() {
            None if letters.closed => Err(WorkerClosed),
            letter => Ok(letter),
        }
    }

    fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }
}

/// However the thread ends, its mailbox takes nothing more.
struct Closes<'m>(&'m Mailbox);

impl Drop for Closes<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// What one thread does.
struct Job {
    engine: Arc<WasmEngine>,
    mailbox: Arc<Mailbox>,
    shown: Arc<Shown>,
    on_turn: Arc<OnTurn>,
}

impl Job {
    fn run(self) {
        let _closes = Closes(&self.mailbox);
        let mut host = WasmHost::new(&self.engine);
        let mut patience = SWEEP_EVERY;
        let mut rounds = 0u32;
        while let Ok(letter) = self.mailbox.take(patience) {
            let idle = letter.is_none() && patience == SWEEP_EVERY;
            let key = letter.as_ref().map(|letter| letter.key);
            let round = catch_unwind(AssertUnwindSafe(|| round(&mut host, letter)));
            patience = match round {
                Ok((turns, next)) => {
                    for (key, turn) in turns.into_iter().flatten() {
                        (self.on_turn)(key, turn);
                    }
                    match next {
                        Pumped::Nothing => SWEEP_EVERY,
                        Pumped::Later => SLICE,
                        Pumped::Moved | Pumped::Turn(..) => Duration::ZERO,
                    }
                }
                Err(_) => {
                    self.broken(&mut host, key);
                    SWEEP_EVERY
                }
            };
            if idle {
                host.sweep();
            }
            rounds = rounds.wrapping_add(1);
            self.shown.running.store(host.steps(), Ordering::Relaxed);
            if idle || rounds.is_multiple_of(SHOW_EVERY) {
                let bytes = host.figures().bytes;
                self.shown.bytes.store(bytes, Ordering::Relaxed);
            }
        }
    }

    /// The host itself broke: its steps fail, and it begins anew.
    fn broken(&self, host: &mut WasmHost, key: Option<CallId>) {
        self.shown.panics.fetch_add(1, Ordering::Relaxed);
        let broken = std::mem::replace(host, WasmHost::new(&self.engine));
        let mut keys = broken.running();
        keys.retain(|running| Some(*running) != key);
        keys.extend(key);
        for key in keys {
            let message = "the host of WASM modules broke and began anew";
            let error = failure::plain(ScriptErrorKind::Overload, message);
            (self.on_turn)(key, ScriptTurn::Failed { error });
        }
    }
}

type Turn = Option<(CallId, ScriptTurn)>;

/// A letter, if there is one, and then one slice of whoever is next.
fn round(host: &mut WasmHost, letter: Option<Letter>) -> ([Turn; 2], Pumped) {
    let of_letter = letter.and_then(|letter| {
        let key = letter.key;
        obey(host, letter).map(|turn| (key, turn))
    });
    match host.pump() {
        Pumped::Turn(key, turn) => ([of_letter, Some((key, turn))], Pumped::Moved),
        other => ([of_letter, None], other),
    }
}

fn obey(host: &mut WasmHost, letter: Letter) -> Option<ScriptTurn> {
    let Letter { key, module, order } = letter;
    match (order, module) {
        (Order::Begin(work), Some(module)) => host.admit(key, &module, work),
        (Order::Answer(answer), _) => host.answer(key, answer),
        (Order::Kill, _) => {
            host.kill(key);
            None
        }
        (Order::Begin(_) | Order::Strange, _) => {
            let message = "a script was sent to a module";
            let error = failure::plain(ScriptErrorKind::Missing, message);
            Some(ScriptTurn::Failed { error })
        }
    }
}
