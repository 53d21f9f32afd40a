//! Steps of native modules: keepers by module, and one thread that looks at what is due.
//!
//! Nothing here waits for native code but a tool's host, which has one call at a time and nobody
//! else to serve.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use cordboard_steps::{
    ProgramId, ScriptAnswer, ScriptCommand, ScriptError, ScriptErrorKind, ScriptTurn,
};

use super::guest::NativeGuest;
use super::keeper::{Keeper, Turn};
use super::{Native, said};
use crate::contract::Event;
use crate::lua::WorkerClosed;
use crate::module::{HostFigures, Module, StepBegin, StepHost, Work};
use crate::program::{OnTurn, Runner};

/// Between two looks of a tool at what is due.
const LOOK: Duration = Duration::from_millis(5);
/// The longest that a tool waits for a turn: every entry has a shorter bound of its own.
const PATIENCE: Duration = Duration::from_secs(120);
/// Stack of the thread.
const STACK_BYTES: usize = 512 << 10;

type TakesTurn = Arc<dyn Fn(ProgramId, ScriptTurn) + Send + Sync>;

/// Keepers of the modules that have had a step.
struct Keepers {
    native: Arc<Native>,
    on_turn: TakesTurn,
    of: Mutex<Known>,
    changed: Condvar,
}

#[derive(Default)]
struct Known {
    keepers: HashMap<String, Arc<Keeper>>,
    /// Runs that could not begin; at most one for each call.
    unbegun: Vec<(ProgramId, ScriptError)>,
    /// Somebody wants the thread to look.
    look: bool,
    closed: bool,
}

impl Keepers {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The keeper of a module, made when it is first asked for.
    fn of(&self, module: &Arc<Module>) -> Result<Arc<Keeper>, String> {
        if let Some(keeper) = self.lock().keepers.get(&module.hash) {
            return Ok(Arc::clone(keeper));
        }
        let guest = module.guest.as_any().downcast_ref::<NativeGuest>();
        let code = guest.ok_or("the module is no native one")?.code.clone();
        let keeper = Keeper::new(&self.native, module, code, Arc::clone(&self.on_turn));
        let mut known = self.lock();
        let keeper = known.keepers.entry(module.hash.clone()).or_insert(keeper);
        Ok(Arc::clone(keeper))
    }

    /// Begins a run. That it cannot begin is told by the thread that looks: whoever asks may be the
    /// one that takes turns, and must not wait for itself.
    fn begin(&self, call: ProgramId, module: &Arc<Module>, work: Work) {
        let overload = |why| said::failure(ScriptErrorKind::Overload, why);
        let keeper = self.of(module).map_err(overload);
        if let Err(error) = keeper.and_then(|keeper| keeper.begin(call, module, work)) {
            self.lock().unbegun.push((call, error));
        }
        self.look();
    }

    fn look(&self) {
        self.lock().look = true;
        self.changed.notify_one();
    }

    /// Looks at everything, and drops keepers of modules that nobody has any more. When to look
    /// again.
    fn tick(&self) -> Option<Duration> {
        let mut known = self.lock();
        let unwanted = known.keepers.extract_if(|_, keeper| !keeper.is_wanted());
        // Dropped when the lock is not held: that ends their processes.
        let unwanted: Vec<_> = unwanted.collect();
        let keepers: Vec<_> = known.keepers.values().cloned().collect();
        let unbegun = std::mem::take(&mut known.unbegun);
        drop(known);
        drop(unwanted);
        for (call, error) in unbegun {
            (self.on_turn)(call, ScriptTurn::Failed { error });
        }
        let now = Instant::now();
        keepers.iter().filter_map(|keeper| keeper.tick(now)).min()
    }
}

/// Runs steps of native modules on a node.
pub struct NativeSteps {
    keepers: Arc<Keepers>,
    thread: Option<JoinHandle<()>>,
}

impl NativeSteps {
    /// Starts the thread that looks at what is due; processes are started by their first steps.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(native: &Arc<Native>, on_turn: &Arc<OnTurn>) -> std::io::Result<NativeSteps> {
        let on_turn = Arc::clone(on_turn);
        let keepers = Arc::new(Keepers {
            native: Arc::clone(native),
            on_turn: Arc::new(move |call, turn| on_turn(call, turn)),
            of: Mutex::default(),
            changed: Condvar::new(),
        });
        let watched = Arc::clone(&keepers);
        let thread = std::thread::Builder::new()
            .name("native-watch".into())
            .stack_size(STACK_BYTES)
            .spawn(move || watch(&watched))?;
        Ok(NativeSteps {
            keepers,
            thread: Some(thread),
        })
    }

    /// Gives a connector an event; its end comes as a turn of `key`, which no call has.
    ///
    /// # Errors
    /// None yet: at a bound the turn says so.
    pub fn event(
        &self,
        key: ProgramId,
        module: &Arc<Module>,
        event: Event,
    ) -> Result<(), WorkerClosed> {
        self.keepers.begin(key, module, Work::Event(event));
        Ok(())
    }

    /// Process of a module's steps, while there is one.
    pub fn pid(&self, module: &Module) -> Option<u32> {
        let keeper = self.keepers.lock().keepers.get(&module.hash).cloned();
        keeper?.pid()
    }
}

impl Runner for NativeSteps {
    fn send(
        &self,
        call: ProgramId,
        module: &Arc<Module>,
        command: ScriptCommand,
    ) -> Result<(), WorkerClosed> {
        let keepers = &self.keepers;
        match command {
            ScriptCommand::Start(start) => match StepBegin::of(&start) {
                Some(begin) => keepers.begin(call, module, Work::Step(Box::new(begin))),
                None => return Err(WorkerClosed),
            },
            ScriptCommand::Resume { answer } => {
                let keeper = keepers.of(module).map_err(|_| WorkerClosed)?;
                keeper.resume(call, answer);
                keepers.look();
            }
            ScriptCommand::Kill => {
                if let Ok(keeper) = keepers.of(module) {
                    keeper.kill(call);
                    keepers.look();
                }
            }
        }
        Ok(())
    }
}

impl Drop for NativeSteps {
    fn drop(&mut self) {
        self.keepers.lock().closed = true;
        self.keepers.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.keepers.lock().keepers.clear();
    }
}

fn watch(keepers: &Keepers) {
    loop {
        let next = keepers.tick();
        let mut known = keepers.lock();
        let until = next.map(|next| Instant::now() + next);
        while !known.look && !known.closed {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            known = match left {
                Some(Duration::ZERO) => break,
                Some(left) => {
                    let waited = keepers.changed.wait_timeout(known, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => {
                    let waited = keepers.changed.wait(known);
                    waited.unwrap_or_else(PoisonError::into_inner)
                }
            };
        }
        if known.closed {
            return;
        }
        known.look = false;
    }
}

/// Runs steps of native modules where one waits for each turn: `simulate`, `module test`.
pub struct NativeHost {
    keepers: Keepers,
    turns: Receiver<Turn>,
    /// Runs and their keepers.
    of: HashMap<ProgramId, Weak<Keeper>>,
}

impl NativeHost {
    /// One that has no process yet.
    pub fn new(native: &Arc<Native>) -> NativeHost {
        let (to, turns): (Sender<Turn>, _) = channel();
        let to = Mutex::new(to);
        let keepers = Keepers {
            native: Arc::clone(native),
            on_turn: Arc::new(move |call, turn| {
                let to = to.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = to.send((call, turn));
            }),
            of: Mutex::default(),
            changed: Condvar::new(),
        };
        NativeHost {
            keepers,
            turns,
            of: HashMap::new(),
        }
    }

    fn turn(&mut self, key: ProgramId) -> ScriptTurn {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            match self.turns.recv_timeout(LOOK) {
                Ok((call, turn)) if call == key => {
                    if !matches!(turn, ScriptTurn::Call { .. }) {
                        self.of.remove(&key);
                    }
                    return turn;
                }
                Ok(_) => {}
                Err(_) => {
                    self.keepers.tick();
                }
            }
        }
        let message = "the native module gave no turn".to_owned();
        let error = said::failure(ScriptErrorKind::Budget, message);
        ScriptTurn::Failed { error }
    }
}

impl StepHost for NativeHost {
    fn begin(&mut self, key: ProgramId, module: &Arc<Module>, work: Work) -> ScriptTurn {
        self.keepers.begin(key, module, work);
        if let Ok(keeper) = self.keepers.of(module) {
            self.of.insert(key, Arc::downgrade(&keeper));
        }
        self.turn(key)
    }

    fn resume(&mut self, key: ProgramId, answer: ScriptAnswer) -> Option<ScriptTurn> {
        let keeper = self.of.get(&key)?.upgrade()?;
        keeper.resume(key, answer).then(|| self.turn(key))
    }

    fn kill(&mut self, key: ProgramId) -> bool {
        let keeper = self.of.remove(&key).and_then(|keeper| keeper.upgrade());
        keeper.is_some_and(|keeper| keeper.kill(key))
    }

    fn figures(&self) -> HostFigures {
        HostFigures {
            running: self.of.len(),
            bytes: 0,
            idle: 0,
        }
    }

    fn running(&self) -> Vec<ProgramId> {
        self.of.keys().copied().collect()
    }
}
