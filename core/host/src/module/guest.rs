//! What a kind of module (WASM, Lua, native) must bring: a compiler, instances, and a host of steps.
//!
//! A `Compiler` turns an artefact into a `Guest`: compiled code that all threads share and that
//! makes instances. A router, service or reporter is one instance that is called and answers. A
//! call script or connector waits in the middle of its code for the call or the world, so it runs
//! in a `StepHost`, which lives on one thread like `LuaHost` and never waits itself.
//!
//! Nothing here reads a clock: time and chance come with what is asked. Whatever a guest does
//! wrong is a `ScriptError` (its `kind` says whether it was code, time or memory); after one, the
//! instance that gave it is never called again.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use cordboard_steps::{
    ProgramId, ScriptAnswer, ScriptCall, ScriptCommand, ScriptError, ScriptErrorKind, ScriptStart,
    ScriptTurn, StepProgram,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Artefact, Module};
use crate::contract::{
    Action, Caller, Event, Input, Query, Reasoned, Refused, Report, RouteRequest,
};
use crate::lua::Scripts;
use crate::manifest::Manifest;

/// Turns artefacts of one kind into guests. Called on a thread that may take its time.
pub trait Compiler: Send + Sync {
    /// Compiles, and checks that the code is of the manifest's world and contract version.
    ///
    /// # Errors
    /// Every reason, each a sentence that names the cure.
    fn compile(
        &self,
        manifest: &Manifest,
        artefact: &Artefact,
    ) -> Result<Arc<dyn Guest>, Vec<String>>;
}

/// Compiled code of one artefact, shared by tenants and threads. It holds no state of any tenant.
///
/// The makers of instances call `lifecycle.start` before they give one out. A world that a guest
/// is not of answers `ScriptErrorKind::Missing`; `wrong_world` makes that answer.
pub trait Guest: Send + Sync + fmt::Debug {
    /// Calls `lifecycle.start` in a throwaway instance within the module's limits.
    ///
    /// # Errors
    /// The module's own reasons, or the trap in words.
    fn check(&self, module: &Arc<Module>) -> Result<(), Vec<String>>;

    /// An instance that decides where calls go.
    ///
    /// # Errors
    /// No room, a trap in `start`, another world.
    fn router(&self, module: &Arc<Module>) -> Result<Box<dyn RouterGuest>, ScriptError>;

    /// An instance that keeps state of a tenant.
    ///
    /// # Errors
    /// As `router`.
    fn service(&self, module: &Arc<Module>) -> Result<Box<dyn ServiceGuest>, ScriptError>;

    /// An instance that keeps totals.
    ///
    /// # Errors
    /// As `router`.
    fn reporter(&self, module: &Arc<Module>) -> Result<Box<dyn ReporterGuest>, ScriptError>;

    /// Bytes of compiled code, for figures.
    fn code_bytes(&self) -> usize {
        0
    }

    /// Itself, for the step host of its kind.
    fn as_any(&self) -> &dyn Any;
}

/// One instance of world `router`.
pub trait RouterGuest: Send {
    /// `routing.route`. The inner error is the module's own answer, the outer one its failure.
    ///
    /// # Errors
    /// A trap or an overrun; the instance is dropped.
    fn route(&mut self, request: &RouteRequest) -> Result<Result<Reasoned, Refused>, ScriptError>;
}

/// One instance of world `service`.
pub trait ServiceGuest: Send {
    /// `serving.handle`: inputs in their order, actions in theirs.
    ///
    /// # Errors
    /// A trap or an overrun; the instance is dropped.
    fn handle(&mut self, inputs: &[Input]) -> Result<Vec<Action>, ScriptError>;

    /// `serving.save`: the whole state, at most `contract::STATE_BYTES_MAX`.
    ///
    /// # Errors
    /// A trap, an overrun, a state too large.
    fn save(&mut self) -> Result<Vec<u8>, ScriptError>;

    /// `serving.restore`. The inner error is the module's refusal.
    ///
    /// # Errors
    /// A trap or an overrun; the instance is dropped.
    fn restore(&mut self, version: u32, state: &[u8]) -> Result<Result<(), String>, ScriptError>;
}

/// One instance of world `reporter`.
pub trait ReporterGuest: Send {
    /// `reporting.fold`: events in the order of the journal, each once.
    ///
    /// # Errors
    /// A trap or an overrun; the instance is dropped.
    fn fold(&mut self, events: &[Event]) -> Result<(), ScriptError>;

    /// `reporting.render`. The inner error is the module's own answer.
    ///
    /// # Errors
    /// A trap or an overrun; the instance is dropped.
    fn render(
        &mut self,
        verb: &str,
        arguments: &Value,
    ) -> Result<Result<Report, Refused>, ScriptError>;

    /// `reporting.save`, as of a service.
    ///
    /// # Errors
    /// A trap, an overrun, a state too large.
    fn save(&mut self) -> Result<Vec<u8>, ScriptError>;

    /// `reporting.restore`, as of a service.
    ///
    /// # Errors
    /// A trap or an overrun; the instance is dropped.
    fn restore(&mut self, version: u32, state: &[u8]) -> Result<Result<(), String>, ScriptError>;
}

/// How a step of a module begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepBegin {
    /// Which step, and its arguments.
    pub step: StepProgram,
    /// The call.
    pub call: ScriptCall,
    /// Chance.
    pub seed: u64,
}

impl StepBegin {
    /// The step that a run starts; none for a script. The seed follows from call, step and time,
    /// so that the same start decides the same.
    pub fn of(start: &ScriptStart) -> Option<StepBegin> {
        let step = start.program.step()?.clone();
        let call = start.call.clone();
        let bits = call.id.0;
        let mut seed = (bits as u64) ^ ((bits >> 64) as u64) ^ call.at_ms.rotate_left(32);
        for byte in step.step.bytes() {
            // FNV-1a: spreads what differs in few bits.
            seed = (seed ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Some(StepBegin { step, call, seed })
    }

    /// Who calls, as contracts say it.
    pub fn caller(&self) -> Caller {
        Caller {
            number: self.call.caller.clone(),
            name: self.call.caller_name.clone(),
            user: self.call.user.clone(),
            trunk: self.call.trunk.clone(),
        }
    }

    /// The step as a router is asked.
    pub fn request(&self) -> RouteRequest {
        RouteRequest {
            step: self.step.step.clone(),
            arguments: self.step.arguments.clone(),
            call: self.call.id.to_string(),
            caller: self.caller(),
            dialled: self.call.dialled.clone(),
            variables: self.call.variables.clone(),
            at_ms: self.call.at_ms,
            seed: self.seed,
        }
    }

    /// The step as a connector is asked.
    pub fn query(&self) -> Query {
        Query {
            step: self.step.step.clone(),
            arguments: self.step.arguments.clone(),
            call: self.call.id.to_string(),
            caller: self.caller(),
            dialled: self.call.dialled.clone(),
        }
    }
}

/// What a step host is given to run. A run is named by a call id: the call's own, or one made for
/// an event, which belongs to no call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "work", rename_all = "kebab-case")]
pub enum Work {
    /// A step of a route. It ends with `Done { outcome }`.
    Step(Box<StepBegin>),
    /// `connecting.on-event`. It ends with `Done` (no outcome), or `Failed` to be tried again.
    Event(Event),
}

/// Runs steps on one thread, as `LuaHost` runs scripts: what it is told it does at once, and gives
/// the turn that came of it. The production host, `module test` and dialplan tests all use it.
///
/// Order: `begin` gives one turn; each `Call` turn waits for one `resume`; `Done` and `Failed` end
/// the run. A router's or connector's answer becomes operations by `router_steps` and
/// `connector_steps`, the same for every kind: the host keeps the `Steps` and asks them for turns.
pub trait StepHost {
    /// Begins a run; one of the same key that still ran is dropped.
    fn begin(&mut self, key: ProgramId, module: &Arc<Module>, work: Work) -> ScriptTurn;

    /// Answers the pending operation. None: there is no such run.
    fn resume(&mut self, key: ProgramId, answer: ScriptAnswer) -> Option<ScriptTurn>;

    /// Lets a run begin when its turn comes (`pump`). A turn at once: it has moved already.
    fn admit(&mut self, key: ProgramId, module: &Arc<Module>, work: Work) -> Option<ScriptTurn> {
        Some(self.begin(key, module, work))
    }

    /// Gives a run its answer; it goes on when its turn comes. A turn at once: it has moved.
    fn answer(&mut self, key: ProgramId, answer: ScriptAnswer) -> Option<ScriptTurn> {
        self.resume(key, answer)
    }

    /// One slice of whoever is next, where a host runs its guests in slices.
    fn pump(&mut self) -> Pumped {
        Pumped::Nothing
    }

    /// A command of a call script, where a host runs such.
    fn script(
        &mut self,
        call: ProgramId,
        scripts: &Scripts,
        command: ScriptCommand,
    ) -> Option<ScriptTurn> {
        let _ = (call, scripts, command);
        let message = "nothing here runs call scripts".to_owned();
        Some(crate::program::failed(ScriptErrorKind::Missing, message))
    }

    /// Drops a run where it stands. True when there was one.
    fn kill(&mut self, key: ProgramId) -> bool;

    /// Gives back what nobody needs; called when the thread is idle.
    fn sweep(&mut self) {}

    /// What there is now.
    fn figures(&self) -> HostFigures;

    /// Runs that have not ended, so that they fail when the host breaks.
    fn running(&self) -> Vec<ProgramId>;
}

/// What a step host holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostFigures {
    /// Runs that have not ended.
    pub running: usize,
    /// Bytes of memory of their instances.
    pub bytes: usize,
    /// Instances that nobody uses and that wait for the next run.
    pub idle: usize,
}

/// What came of one look for work.
#[derive(Clone, Debug, PartialEq)]
pub enum Pumped {
    /// Nothing wants to run.
    Nothing,
    /// All that want to run must wait for their tenants' shares.
    Later,
    /// A guest ran for a slice.
    Moved,
    /// A guest ran, and this is its turn.
    Turn(ProgramId, ScriptTurn),
}

/// The answer of a guest that is asked for a world which it is not of.
pub fn wrong_world(module: &Module, wanted: &str) -> ScriptError {
    ScriptError {
        message: format!(
            "the module `{}` is a {}, not a {wanted}",
            module.name,
            module.manifest.world.word()
        ),
        line: None,
        stack: String::new(),
        kind: ScriptErrorKind::Missing,
    }
}
