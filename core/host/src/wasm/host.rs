//! The host of WASM steps on one thread: which runs there are, whose slice is next, their turns.
//!
//! A call script has an instance of its own from its first line to its last. A router's or
//! connector's instance serves one decision after another and waits warm in between. A guest runs
//! for a slice; if it is not done by then, others run first. What a guest asks for leaves as a
//! turn, and the guest stands still without a thread until its answer comes.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use cordboard_steps::script::{
    Decided, ProgramId, ScriptAnswer, ScriptCallError, ScriptError, ScriptErrorKind, ScriptOp,
    ScriptTurn,
};

use super::code::Code;
use super::decide::{Ask, Decision, Making, Program};
use super::engine::WasmEngine;
use super::failure;
use super::guest::WasmGuest;
use super::instance::{Instance, pay, room, slice};
use super::ready::{Next, Ready};
use super::state::{Exchange, Room};
use crate::contract::{Found, World};
use crate::module::{
    HostFigures, Module, Pumped, StepBegin, StepHost, Work, connector_steps, router_steps,
    wrong_world,
};
use crate::quota::Account;

/// Instances of one module that wait warm on one thread; beyond it the oldest is dropped.
const WARM_MAX: usize = 4;
/// A warm instance that nobody wanted for so long is dropped.
const WARM_FOR: Duration = Duration::from_secs(60);

/// Runs WASM steps, on one thread at a time.
pub struct WasmHost {
    engine: Arc<WasmEngine>,
    runs: HashMap<ProgramId, Run>,
    ready: Ready,
    /// By the module's address; an instance keeps its module alive, so no address comes twice.
    warm: HashMap<usize, VecDeque<Warm>>,
}

/// A step or event that has not ended.
struct Run {
    module: Arc<Module>,
    account: Arc<Account>,
    /// Name of the step; empty for an event.
    step: String,
    stage: Stage,
}

enum Stage {
    /// The guest runs or waits for a slice.
    Runs(Guest),
    /// The guest stands still until an answer comes.
    Asks(Guest),
}

struct Guest {
    program: Program,
    exchange: Arc<Exchange>,
    /// The caller has gone; it is told so once more at the end.
    gone: bool,
}

/// An instance that waits for its next decision.
struct Warm {
    instance: Instance,
    exchange: Arc<Exchange>,
    since: Duration,
}

impl WasmHost {
    /// A host with nothing in it.
    pub fn new(engine: &Arc<WasmEngine>) -> WasmHost {
        WasmHost {
            engine: engine.clone(),
            runs: HashMap::new(),
            ready: Ready::default(),
            warm: HashMap::new(),
        }
    }

    /// Steps that have not ended.
    pub fn steps(&self) -> usize {
        self.runs.len()
    }

    fn wants(&mut self, key: ProgramId) {
        if let Some(run) = self.runs.get(&key)
            && matches!(run.stage, Stage::Runs(_))
        {
            self.ready.push(&run.module.tenant, &run.account, key);
        }
    }

    /// A new run, its guest not polled yet.
    fn open(
        &mut self,
        key: ProgramId,
        module: &Arc<Module>,
        work: Work,
    ) -> Result<(), ScriptError> {
        self.kill(key);
        let Some(guest) = module.guest.as_any().downcast_ref::<WasmGuest>() else {
            return Err(wrong_world(module, "WASM module"));
        };
        let code = guest.code.clone();
        let step = match &work {
            Work::Step(begin) => begin.step.step.clone(),
            Work::Event(_) => String::new(),
        };
        let (program, exchange) = match (guest.world, work) {
            (World::CallScript, Work::Step(begin)) => self.script(module, code, begin)?,
            (World::Router, Work::Step(begin)) => self.decide(module, code, Ask::Route(begin))?,
            (World::Connector, Work::Step(begin)) => {
                self.decide(module, code, Ask::LookUp(begin))?
            }
            (World::Connector, Work::Event(event)) => {
                self.decide(module, code, Ask::Event(event))?
            }
            (_, Work::Step(_)) => return Err(wrong_world(module, "module with steps of its own")),
            (_, Work::Event(_)) => return Err(wrong_world(module, "connector")),
        };
        let run = Run {
            module: module.clone(),
            account: self.engine.account(&module.tenant),
            step,
            stage: Stage::Runs(Guest {
                program,
                exchange,
                gone: false,
            }),
        };
        self.runs.insert(key, run);
        Ok(())
    }

    fn script(
        &mut self,
        module: &Arc<Module>,
        code: Arc<Code>,
        begin: Box<StepBegin>,
    ) -> Result<(Program, Arc<Exchange>), ScriptError> {
        let (making, exchange) = self.making(module, code)?;
        Ok((Box::pin(making.script(begin)), exchange))
    }

    /// A decision, in a warm instance if there is one.
    fn decide(
        &mut self,
        module: &Arc<Module>,
        code: Arc<Code>,
        ask: Ask,
    ) -> Result<(Program, Arc<Exchange>), ScriptError> {
        let address = Arc::as_ptr(module) as usize;
        let warm = self.warm.get_mut(&address).and_then(VecDeque::pop_back);
        let Some(mut warm) = warm else {
            let (making, exchange) = self.making(module, code)?;
            return Ok((Box::pin(making.decide(ask)), exchange));
        };
        warm.exchange.begin();
        warm.instance.lend(ask.purpose());
        let name = module.name.clone();
        Ok((Box::pin(ask.of(warm.instance, name)), warm.exchange))
    }

    fn making(
        &mut self,
        module: &Arc<Module>,
        code: Arc<Code>,
    ) -> Result<(Making, Arc<Exchange>), ScriptError> {
        let room = self.room(module)?;
        let exchange = Arc::new(Exchange::default());
        let making = Making {
            engine: self.engine.clone(),
            code,
            module: module.clone(),
            exchange: exchange.clone(),
            room,
        };
        Ok((making, exchange))
    }

    /// Room for one instance; warm ones that nobody uses make room.
    fn room(&mut self, module: &Arc<Module>) -> Result<Room, ScriptError> {
        match room(&self.engine, module) {
            Err(_) if !self.warm.is_empty() => {
                self.warm.clear();
                room(&self.engine, module)
            }
            result => result,
        }
    }

    /// One slice of a run; its turn, if it came to one.
    fn poll(&mut self, key: ProgramId) -> Option<ScriptTurn> {
        let mut run = self.runs.remove(&key)?;
        let Stage::Runs(mut guest) = run.stage else {
            self.runs.insert(key, run);
            return None;
        };
        let (polled, spent) = slice(&self.engine, &guest.exchange, guest.program.as_mut());
        pay(&self.engine, &run.account, spent);
        run.module.health.spent(spent);
        let Poll::Ready(ended) = polled else {
            let asked = guest.exchange.take_asked();
            run.stage = match asked.is_some() {
                true => Stage::Asks(guest),
                false => Stage::Runs(guest),
            };
            self.runs.insert(key, run);
            return asked.map(|op| ScriptTurn::Call { op, line: 0 });
        };
        let Guest { exchange, gone, .. } = guest;
        if let Some(instance) = ended.instance {
            self.keep_warm(&run.module, instance, exchange);
        }
        let lines = ended.lines.into_iter();
        let lines = lines.map(|(level, message)| ScriptOp::Log { level, message });
        Some(match decided(&run.module, &run.step, ended.result) {
            // An event ends with nothing.
            Ok(None) => ScriptTurn::Done { outcome: None },
            Ok(Some(decided)) => Decided {
                operations: lines.chain(decided.operations).collect(),
                outcome: decided.outcome,
            }
            .turn(),
            Err(error) => failed(error, gone),
        })
    }

    /// True when a run waited for this answer and wants to go on.
    fn take_answer(&mut self, key: ProgramId, answer: ScriptAnswer) -> bool {
        let Some(mut run) = self.runs.remove(&key) else {
            return false;
        };
        let (stage, taken) = match run.stage {
            Stage::Runs(guest) => (Stage::Runs(guest), false),
            Stage::Asks(mut guest) => {
                guest.gone |= is_gone(&answer);
                guest.exchange.turn(Some(answer));
                (Stage::Runs(guest), true)
            }
        };
        run.stage = stage;
        self.runs.insert(key, run);
        taken
    }

    fn keep_warm(&mut self, module: &Arc<Module>, instance: Instance, exchange: Arc<Exchange>) {
        let now = self.engine.now();
        let kept = self.warm.entry(Arc::as_ptr(module) as usize).or_default();
        kept.push_back(Warm {
            instance,
            exchange,
            since: now,
        });
        if kept.len() > WARM_MAX {
            kept.pop_front();
        }
    }
}

fn is_gone(answer: &ScriptAnswer) -> bool {
    let kind = match answer {
        ScriptAnswer::Error { kind, .. } => kind,
        _ => return false,
    };
    *kind == ScriptCallError::Gone
}

/// A failure after the caller had gone is that, and not the module's fault, unless it overran.
fn failed(mut error: ScriptError, gone: bool) -> ScriptTurn {
    if gone && error.kind == ScriptErrorKind::Runtime {
        error.kind = ScriptErrorKind::Gone;
    }
    ScriptTurn::Failed { error }
}

/// What a decision means for the call; nothing after an event. An outcome that the manifest does
/// not offer, a script's too, is a failure.
fn decided(
    module: &Module,
    step: &str,
    result: Result<Decision, ScriptError>,
) -> Result<Option<Decided>, ScriptError> {
    match result? {
        Decision::Heard => Ok(None),
        Decision::Routed(reasoned) => router_steps(module, step, reasoned).map(Some),
        Decision::Found(found) => connector_steps(module, step, found).map(Some),
        Decision::Outcome(outcome) => {
            let found = Found {
                outcome,
                set: BTreeMap::new(),
            };
            connector_steps(module, step, found).map(Some)
        }
    }
}

impl StepHost for WasmHost {
    fn begin(&mut self, key: ProgramId, module: &Arc<Module>, work: Work) -> ScriptTurn {
        if let Err(error) = self.open(key, module, work) {
            return ScriptTurn::Failed { error };
        }
        self.run_to_turn(key)
    }

    fn resume(&mut self, key: ProgramId, answer: ScriptAnswer) -> Option<ScriptTurn> {
        let taken = self.take_answer(key, answer);
        taken.then(|| self.run_to_turn(key))
    }

    fn admit(&mut self, key: ProgramId, module: &Arc<Module>, work: Work) -> Option<ScriptTurn> {
        match self.open(key, module, work) {
            Ok(()) => {
                self.wants(key);
                None
            }
            Err(error) => Some(ScriptTurn::Failed { error }),
        }
    }

    fn answer(&mut self, key: ProgramId, answer: ScriptAnswer) -> Option<ScriptTurn> {
        if self.take_answer(key, answer) {
            self.wants(key);
        }
        None
    }

    fn pump(&mut self) -> Pumped {
        match self.ready.next(self.engine.now()) {
            Next::Nothing => Pumped::Nothing,
            Next::Later => Pumped::Later,
            Next::Run(key) => match self.poll(key) {
                Some(turn) => Pumped::Turn(key, turn),
                None => {
                    self.wants(key);
                    Pumped::Moved
                }
            },
        }
    }

    fn kill(&mut self, key: ProgramId) -> bool {
        match self.runs.remove(&key) {
            Some(run) => {
                self.ready.remove(&run.module.tenant, key);
                true
            }
            None => false,
        }
    }

    fn sweep(&mut self) {
        let now = self.engine.now();
        self.warm.retain(|_, kept| {
            kept.retain(|warm| now.saturating_sub(warm.since) < WARM_FOR);
            !kept.is_empty()
        });
    }

    fn figures(&self) -> HostFigures {
        let bytes = |run: &Run| match &run.stage {
            Stage::Runs(guest) | Stage::Asks(guest) => guest.exchange.bytes(),
        };
        let warm = self.warm.values().flatten();
        HostFigures {
            running: self.runs.len(),
            bytes: self.runs.values().map(bytes).sum::<usize>()
                + warm.map(|warm| warm.exchange.bytes()).sum::<usize>(),
            idle: self.warm.values().map(VecDeque::len).sum(),
        }
    }

    fn running(&self) -> Vec<ProgramId> {
        self.runs.keys().copied().collect()
    }
}

impl WasmHost {
    /// Polls one run until it has a turn; its budget of CPU time bounds this.
    fn run_to_turn(&mut self, key: ProgramId) -> ScriptTurn {
        loop {
            if let Some(turn) = self.poll(key) {
                return turn;
            }
            if !self.runs.contains_key(&key) {
                let message = "the step was dropped while it ran";
                return ScriptTurn::Failed {
                    error: failure::plain(ScriptErrorKind::Overload, message),
                };
            }
        }
    }
}
