//! What a generation can run, and where each program runs.
//!
//! `Programs` is scripts and modules of one generation; modules that did not change are shared
//! with the generation before by their identity. `Workers` takes a call's commands and hands them
//! to who runs the call's program: scripts to the Lua hosts, a module's steps to the runner of
//! its kind, a service's steps to the service runtime. A call runs one program at a time, so
//! where a program's answers go is known from its `Start`; it is named by its call and its number
//! in the call, since what is left of a killed one may come after the next has begun. Nothing here waits.

mod tenant_hosts;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cordboard_call::ids::TenantId;
use cordboard_steps::{ProgramId, ScriptCommand, ScriptError, ScriptErrorKind, ScriptTurn};

use crate::contract::World;
use crate::lua::{Scripts, WorkerClosed};
use crate::manifest::Kind;
use crate::module::Module;

pub use tenant_hosts::{OnTurn, RunFigures, TenantHosts};

/// What a generation can run.
#[derive(Debug, Default)]
pub struct Programs {
    /// Call scripts, compiled.
    pub scripts: Arc<Scripts>,
    /// Modules, by their names in the tenant.
    pub modules: BTreeMap<String, Arc<Module>>,
}

impl Programs {
    /// Scripts and no modules.
    pub fn of_scripts(scripts: Arc<Scripts>) -> Programs {
        Programs {
            scripts,
            modules: BTreeMap::new(),
        }
    }

    /// A module by its name in the tenant.
    pub fn module(&self, name: &str) -> Option<&Arc<Module>> {
        self.modules.get(name)
    }
}

/// Runs modules' steps somewhere: threads of a kind, or the service runtime. Turns come back by
/// the callback that it was made with.
pub trait Runner: Send + Sync {
    /// Hands a command over, without waiting. A refused `Start` leaves nothing behind; after a
    /// refused answer the step is dropped; a `Kill` is never refused.
    ///
    /// # Errors
    /// There is no room.
    fn send(
        &self,
        call: ProgramId,
        module: &Arc<Module>,
        command: ScriptCommand,
    ) -> Result<(), WorkerClosed>;
}

/// Runs call scripts somewhere, in the same way.
pub trait ScriptRunner: Send + Sync {
    /// Hands a command over, without waiting; `scripts` is the generation that the call holds.
    ///
    /// # Errors
    /// There is no room.
    fn send(
        &self,
        of: (&TenantId, ProgramId),
        scripts: &Arc<Scripts>,
        command: ScriptCommand,
    ) -> Result<(), WorkerClosed>;
}

/// Runners, by what they run. What is absent cannot run here, and its steps fail.
#[derive(Clone, Default)]
pub struct Runners {
    /// Call scripts, routers and connectors in WASM.
    pub wasm: Option<Arc<dyn Runner>>,
    /// The same in Lua.
    pub lua: Option<Arc<dyn Runner>>,
    /// The same in native code.
    pub native: Option<Arc<dyn Runner>>,
    /// Services, of every kind.
    pub service: Option<Arc<dyn Runner>>,
}

impl Runners {
    /// Who runs a module's steps.
    pub fn of(&self, module: &Module) -> Option<&Arc<dyn Runner>> {
        match (module.manifest.world, module.kind()) {
            (World::Service, _) => self.service.as_ref(),
            // A reporter has no steps.
            (World::Reporter, _) => None,
            (_, Kind::Wasm) => self.wasm.as_ref(),
            (_, Kind::Lua) => self.lua.as_ref(),
            (_, Kind::Native) => self.native.as_ref(),
        }
    }
}

/// Where calls' module steps run, until they end. Turns must pass through `turned`.
#[derive(Debug, Default)]
pub struct Whereabouts {
    at: Mutex<HashMap<ProgramId, Arc<Module>>>,
}

impl Whereabouts {
    fn lock(&self) -> MutexGuard<'_, HashMap<ProgramId, Arc<Module>>> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A turn of a call's program: forgets the call where the program ended. Gives its module and
    /// how it failed, so that the failure is counted.
    pub fn turned(&self, call: ProgramId, turn: &ScriptTurn) -> Option<Arc<Module>> {
        match turn.is_last() {
            true => self.lock().remove(&call),
            false => None,
        }
    }

    /// Steps that have not ended.
    pub fn count(&self) -> usize {
        self.lock().len()
    }
}

/// What a node tells of a module that was disabled: the module, and how long it rests.
pub type OnDisabled = dyn Fn(&Arc<Module>, Duration) + Send + Sync;

/// Hands commands of calls to who runs their programs.
pub struct Workers {
    scripts: Arc<dyn ScriptRunner>,
    runners: Runners,
    whereabouts: Arc<Whereabouts>,
    now: Arc<dyn Fn() -> Duration + Send + Sync>,
}

impl Workers {
    /// A runner for scripts and runners for modules. `now` gives the time since the node's start;
    /// the runners' turns must have passed through `counted` with the same `whereabouts`.
    pub fn new(
        scripts: Arc<dyn ScriptRunner>,
        runners: Runners,
        whereabouts: Arc<Whereabouts>,
        now: Arc<dyn Fn() -> Duration + Send + Sync>,
    ) -> Workers {
        Workers {
            scripts,
            runners,
            whereabouts,
            now,
        }
    }

    /// Hands a command to the call's program. `Some` is the turn that the run gets at once in place
    /// of one of the program's: the step failed. A `Kill` wants no turn.
    pub fn send(
        &self,
        (tenant, call): (&TenantId, ProgramId),
        programs: &Programs,
        command: ScriptCommand,
    ) -> Option<ScriptTurn> {
        match &command {
            ScriptCommand::Start(start) => {
                let Some(step) = start.program.step() else {
                    return self.script((tenant, call), programs, command);
                };
                match programs.module(&step.module).cloned() {
                    Some(module) => self.start(call, &module, command),
                    None => {
                        let message = format!("there is no module `{}`", step.module);
                        Some(failed(ScriptErrorKind::Missing, message))
                    }
                }
            }
            ScriptCommand::Resume { .. } => {
                let module = self.whereabouts.lock().get(&call).cloned();
                match module {
                    Some(module) => self.forward(call, &module, command),
                    None => self.script((tenant, call), programs, command),
                }
            }
            ScriptCommand::Kill => {
                let module = self.whereabouts.lock().remove(&call);
                let _ = match module {
                    Some(module) => self.forward(call, &module, command),
                    None => self.script((tenant, call), programs, command),
                };
                None
            }
        }
    }

    fn script(
        &self,
        of: (&TenantId, ProgramId),
        programs: &Programs,
        command: ScriptCommand,
    ) -> Option<ScriptTurn> {
        let sent = self.scripts.send(of, &programs.scripts, command);
        let full = |_| {
            let message = "no script worker has room".to_owned();
            failed(ScriptErrorKind::Overload, message)
        };
        sent.err().map(full)
    }

    fn start(
        &self,
        call: ProgramId,
        module: &Arc<Module>,
        command: ScriptCommand,
    ) -> Option<ScriptTurn> {
        if let Err(why) = module.health.begin(&module.name, (self.now)()) {
            return Some(failed(ScriptErrorKind::Overload, why));
        }
        self.whereabouts.lock().insert(call, Arc::clone(module));
        self.forward(call, module, command)
    }

    fn forward(
        &self,
        call: ProgramId,
        module: &Arc<Module>,
        command: ScriptCommand,
    ) -> Option<ScriptTurn> {
        let why = match self.runners.of(module) {
            None => {
                let (kind, world) = (module.kind().word(), module.manifest.world.word());
                format!("nothing here runs a {kind} {world}")
            }
            Some(runner) => match runner.send(call, module, command) {
                Ok(()) => return None,
                Err(WorkerClosed) => "no worker has room".to_owned(),
            },
        };
        self.whereabouts.lock().remove(&call);
        let message = format!("module `{}`: {why}", module.name);
        Some(failed(ScriptErrorKind::Overload, message))
    }
}

/// Wraps the callback of runners: forgets where an ended step ran, counts its failure against the
/// module, and tells when that disables it.
pub fn counted(
    on_turn: Arc<OnTurn>,
    whereabouts: Arc<Whereabouts>,
    now: Arc<dyn Fn() -> Duration + Send + Sync>,
    on_disabled: Arc<OnDisabled>,
) -> Arc<OnTurn> {
    Arc::new(move |call, turn| {
        let module = whereabouts.turned(call, &turn);
        if let (Some(module), ScriptTurn::Failed { error }) = (module, &turn)
            && let Some(rests) = failure(&module, error, now())
        {
            on_disabled(&module, rests);
        }
        on_turn(call, turn);
    })
}

/// Counts a failure against a module. `Some`: with this it is disabled, for so long.
pub fn failure(module: &Module, error: &ScriptError, now: Duration) -> Option<Duration> {
    let until = module.health.failed(error, now)?;
    Some(until.saturating_sub(now))
}

pub(crate) fn failed(kind: ScriptErrorKind, message: String) -> ScriptTurn {
    ScriptTurn::Failed {
        error: ScriptError {
            message,
            line: None,
            stack: String::new(),
            kind,
        },
    }
}

#[cfg(test)]
mod tests;
