//! Step hosts on threads of their own: bounded mailboxes in, turns out.
//!
//! A call always meets the same thread. The thread that owns the call never waits here: at the
//! bound a start or an answer is refused (the answer becomes a kill, since its step would stand
//! for ever), and a kill never is: there is at most one for each step that was let in. A host that
//! breaks fails its steps and begins anew.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use cordboard_call::ids::CallId;
use cordboard_steps::{ScriptCommand, ScriptErrorKind, ScriptTurn};

use super::{Runner, failed};
use crate::contract::Event;
use crate::lua::WorkerClosed;
use crate::module::{Module, StepBegin, StepHost, Work};

/// What takes turns; called on the thread that made them.
pub type OnTurn = dyn Fn(CallId, ScriptTurn) + Send + Sync;

/// How long an idle thread waits before its host gives back what nobody needs.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// Figures are read anew after so many letters.
const SHOW_EVERY: u32 = 64;
/// Stack of a thread.
const STACK_BYTES: usize = 4 << 20;

enum Order {
    Command(ScriptCommand),
    Event(Box<Event>),
}

struct Letter {
    key: CallId,
    module: Arc<Module>,
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

/// What the threads hold, together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThreadFigures {
    /// Steps that have not ended.
    pub running: usize,
    /// Bytes of their instances.
    pub bytes: usize,
    /// How often a host broke and began anew.
    pub panics: usize,
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

/// Threads that run steps of one kind. Dropping them ends them after what lies in their mailboxes.
pub struct StepThreads {
    threads: Vec<Thread>,
}

impl StepThreads {
    /// Starts `count` threads (at least one) named `name`, each with a host of its own made by
    /// `new_host` on that thread. A mailbox of `letters_max` refuses the next.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start<H: StepHost + 'static>(
        name: &str,
        count: usize,
        letters_max: usize,
        new_host: impl Fn() -> H + Send + Sync + 'static,
        on_turn: &Arc<OnTurn>,
    ) -> std::io::Result<StepThreads> {
        let new_host = Arc::new(new_host);
        let mut threads = Vec::new();
        for n in 0..count.max(1) {
            let mailbox = Arc::new(Mailbox {
                letters: Mutex::default(),
                arrived: Condvar::new(),
                letters_max,
            });
            let shown = Arc::new(Shown::default());
            let (letters, figures) = (Arc::clone(&mailbox), Arc::clone(&shown));
            let (new_host, on_turn) = (Arc::clone(&new_host), Arc::clone(on_turn));
            let handle = std::thread::Builder::new()
                .name(format!("{name}-{n}"))
                .stack_size(STACK_BYTES)
                .spawn(move || work(&letters, &*new_host, &*on_turn, &figures))?;
            threads.push(Thread {
                mailbox,
                shown,
                handle: Some(handle),
            });
        }
        Ok(StepThreads { threads })
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
        self.put(key, module, Order::Event(Box::new(event)))
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

    fn put(&self, key: CallId, module: &Arc<Module>, order: Order) -> Result<(), WorkerClosed> {
        let at = (key.0 as usize) % self.threads.len().max(1);
        let thread = self.threads.get(at).ok_or(WorkerClosed)?;
        let letter = Letter {
            key,
            module: Arc::clone(module),
            order,
        };
        match thread.mailbox.put(letter) {
            true => Ok(()),
            false => Err(WorkerClosed),
        }
    }
}

impl Runner for StepThreads {
    fn send(
        &self,
        call: CallId,
        module: &Arc<Module>,
        command: ScriptCommand,
    ) -> Result<(), WorkerClosed> {
        self.put(call, module, Order::Command(command))
    }
}

impl Drop for StepThreads {
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
                Order::Command(ScriptCommand::Kill) => {}
                Order::Command(ScriptCommand::Start(_)) | Order::Event(_) => return false,
                Order::Command(ScriptCommand::Resume { .. }) => {
                    letter.order = Order::Command(ScriptCommand::Kill);
                    taken = false;
                }
            }
        }
        letters.waiting.push_back(letter);
        drop(letters);
        self.arrived.notify_one();
        taken
    }

    /// The next letter; `Ok(None)` when none came in time.
    fn take(&self) -> Result<Option<Letter>, WorkerClosed> {
        let mut letters = self.lock();
        loop {
            if let Some(letter) = letters.waiting.pop_front() {
                return Ok(Some(letter));
            }
            if letters.closed {
                return Err(WorkerClosed);
            }
            let (next, waited) = self
                .arrived
                .wait_timeout(letters, SWEEP_EVERY)
                .unwrap_or_else(PoisonError::into_inner);
            letters = next;
            if waited.timed_out() && letters.waiting.is_empty() && !letters.closed {
                return Ok(None);
            }
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

fn work<H: StepHost>(mailbox: &Mailbox, new_host: &dyn Fn() -> H, on_turn: &OnTurn, shown: &Shown) {
    let _closes = Closes(mailbox);
    let mut host = new_host();
    let mut letters_seen = 0u32;
    while let Ok(letter) = mailbox.take() {
        if let Some(Letter { key, module, order }) = letter {
            let handled = catch_unwind(AssertUnwindSafe(|| obey(&mut host, key, &module, order)));
            // The generation may end here, and its code with it.
            drop(module);
            match handled {
                Ok(Some(turn)) => on_turn(key, turn),
                Ok(None) => {}
                Err(_) => {
                    shown.panics.fetch_add(1, Ordering::Relaxed);
                    let broken = std::mem::replace(&mut host, new_host());
                    let mut keys = broken.running();
                    keys.retain(|running| *running != key);
                    keys.push(key);
                    for key in keys {
                        on_turn(key, lost());
                    }
                }
            }
            shown
                .running
                .store(host.figures().running, Ordering::Relaxed);
            letters_seen = letters_seen.wrapping_add(1);
            if !letters_seen.is_multiple_of(SHOW_EVERY) {
                continue;
            }
        } else {
            host.sweep();
        }
        let figures = host.figures();
        shown.running.store(figures.running, Ordering::Relaxed);
        shown.bytes.store(figures.bytes, Ordering::Relaxed);
    }
}

fn obey<H: StepHost>(
    host: &mut H,
    key: CallId,
    module: &Arc<Module>,
    order: Order,
) -> Option<ScriptTurn> {
    match order {
        Order::Command(ScriptCommand::Start(start)) => match StepBegin::of(&start) {
            Some(begin) => Some(host.begin(key, module, Work::Step(Box::new(begin)))),
            None => {
                let message = "a script was sent to a module".to_owned();
                Some(failed(ScriptErrorKind::Missing, message))
            }
        },
        Order::Command(ScriptCommand::Resume { answer }) => host.resume(key, answer),
        Order::Command(ScriptCommand::Kill) => {
            host.kill(key);
            None
        }
        Order::Event(event) => Some(host.begin(key, module, Work::Event(*event))),
    }
}

fn lost() -> ScriptTurn {
    let message = "the host of this kind of module broke and began anew".to_owned();
    failed(ScriptErrorKind::Overload, message)
}
