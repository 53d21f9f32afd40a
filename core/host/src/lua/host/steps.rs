//! Steps of Lua modules on this thread: a `StepHost`.
//!
//! A call script's or connector's coroutine stands still in its VM while the call or the world
//! does what it asked for. A router's or connector's answer is its last word. Each run counts as
//! one instance of its module while it lasts; one more than the module's limit is `Overload`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use cordboard_steps::script::{
    ProgramId, ScriptAnswer, ScriptCallError, ScriptCommand, ScriptError, ScriptErrorKind,
    ScriptTurn,
};
use mlua::{IntoLuaMulti, MultiValue, Value};

use super::{LuaHost, Running, outcome_text, settle};
use crate::contract::{Refused, World};
use crate::lua::compile::Scripts;
use crate::lua::failure;
use crate::lua::module::{Begun, Entry, Refusal, found, refusal, routed};
use crate::lua::pool::{Code, Program, Vm};
use crate::lua::turn::{Lines, Moved, Suspended};
use crate::module::{
    Health, HostFigures, Module, StepBegin, StepHost, Work, connector_steps, router_steps,
};

/// A step of a module that has not ended.
pub(super) struct StepRun {
    module: Arc<Module>,
    step: String,
    end: End,
    vm: usize,
    suspended: Suspended,
    /// The address of its call's table.
    call: usize,
    _instance: Counted,
}

/// What the end of its code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// `run`: an outcome.
    Outcome,
    /// `route`: a decision.
    Decision,
    /// `look_up`: an outcome and variables.
    Found,
    /// `on_event`: nothing.
    Heard,
}

/// One of the module's instances, as long as this lives.
struct Counted(Arc<Health>);

impl Counted {
    fn take(module: &Module) -> Option<Counted> {
        let health = module.health.clone();
        let before = health.instances.fetch_add(1, Ordering::Relaxed);
        let counted = Counted(health);
        (before < u64::from(module.limits.instances_max)).then_some(counted)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.instances.fetch_sub(1, Ordering::Relaxed);
    }
}

impl StepRun {
    pub fn vm(&self) -> usize {
        self.vm
    }
}

fn failed(kind: ScriptErrorKind, message: String) -> ScriptTurn {
    ScriptTurn::Failed {
        error: failure::plain(kind, message),
    }
}

impl LuaHost {
    fn begin_step(&mut self, key: ProgramId, module: &Arc<Module>, work: &Work) -> ScriptTurn {
        let Some(instance) = Counted::take(module) else {
            let message = format!(
                "the module `{}` runs {} times at once, its limit: see `instances` in its manifest and in the tenant's ceiling",
                module.name, module.limits.instances_max
            );
            return failed(ScriptErrorKind::Overload, message);
        };
        let (begun, end, step) = match (module.manifest.world, work) {
            (World::CallScript, Work::Step(begin)) => {
                let begun = self.coroutine(module, &Entry::Run(begin));
                (begun, End::Outcome, begin.step.step.clone())
            }
            (World::Router, Work::Step(begin)) => {
                let begun = self.coroutine(module, &Entry::Route);
                (begun, End::Decision, begin.step.step.clone())
            }
            (World::Connector, Work::Step(begin)) => {
                let begun = self.coroutine(module, &Entry::LookUp(&begin.query()));
                (begun, End::Found, begin.step.step.clone())
            }
            (World::Connector, Work::Event(event)) => {
                let begun = self.coroutine(module, &Entry::OnEvent(event));
                (begun, End::Heard, String::new())
            }
            (_, Work::Step(_)) => {
                let error = crate::module::wrong_world(module, "module with steps of its own");
                return ScriptTurn::Failed { error };
            }
            (_, Work::Event(_)) => {
                let error = crate::module::wrong_world(module, "connector");
                return ScriptTurn::Failed { error };
            }
        };
        match begun {
            Err(error) => ScriptTurn::Failed { error },
            Ok((vm, begun)) => {
                let run = StepRun {
                    module: module.clone(),
                    step,
                    end,
                    vm,
                    suspended: Suspended::new(begun.thread),
                    call: begun.call,
                    _instance: instance,
                };
                match (end, work) {
                    (End::Decision, Work::Step(begin)) => self.decide(key, run, begin),
                    _ => self.go(key, run, Ok(begun.values)),
                }
            }
        }
    }

    /// A router's one entry.
    fn decide(&mut self, key: ProgramId, run: StepRun, begin: &StepBegin) -> ScriptTurn {
        let parameters = match self.pool.vm(run.vm) {
            Some(Vm {
                code: Code::Module(code),
                base,
                ..
            }) => code.routed(&base.lua, begin),
            _ => Err(mlua::Error::runtime("the module's VM is closed")),
        };
        self.go(key, run, parameters)
    }

    fn coroutine(
        &mut self,
        module: &Arc<Module>,
        entry: &Entry<'_>,
    ) -> Result<(usize, Begun), ScriptError> {
        let program = Program::Module(module.clone());
        let file = format!(
            "modules/{}/{}",
            module.manifest.name, module.manifest.code.entry
        );
        self.pool.begin(&program, &file, |vm| match &vm.code {
            Code::Module(code) => code.begin(&vm.base, entry),
            Code::Script(_) => Err(mlua::Error::runtime("a script's VM took a module")),
        })
    }

    /// Goes on with a step after an answer.
    pub(super) fn resume_step(
        &mut self,
        key: ProgramId,
        mut run: StepRun,
        answer: ScriptAnswer,
    ) -> ScriptTurn {
        let Some(vm) = self.pool.vm(run.vm) else {
            let message = "the module's VM is closed".to_owned();
            return failed(ScriptErrorKind::Overload, message);
        };
        let values = run.suspended.take(&vm.base.lua, answer);
        self.go(key, run, values)
    }

    /// Runs its code to its next wish or its end.
    fn go(
        &mut self,
        key: ProgramId,
        mut run: StepRun,
        values: mlua::Result<impl IntoLuaMulti>,
    ) -> ScriptTurn {
        let at = run.vm;
        let Some(vm) = self.pool.vm(at) else {
            return failed(
                ScriptErrorKind::Overload,
                "the module's VM is closed".into(),
            );
        };
        let Code::Module(code) = &vm.code else {
            return failed(ScriptErrorKind::Overload, "the VM is a script's".into());
        };
        let mut lines = Lines::default();
        let moved = match values {
            Ok(values) => {
                code.turn_of(run.call);
                let around = code.around(&vm.base, &run.module, code.may_ask());
                run.suspended.go(&around, values, &mut lines)
            }
            Err(error) => Moved::Failed(failure::from_lua(&code.file, &error, run.suspended.gone)),
        };
        let turn = match moved {
            Moved::Asked { op, line } => {
                vm.heap.settle(&vm.base.lua);
                self.running.insert(key, Box::new(Running::Step(run)));
                return ScriptTurn::Call { op, line };
            }
            Moved::Failed(error) => ScriptTurn::Failed { error },
            Moved::Ended(values) => {
                let turn = ended(&run, values);
                code.ended(run.suspended.thread);
                turn.unwrap_or_else(|error| ScriptTurn::Failed { error })
            }
        };
        match &turn {
            // Stopped in the middle of what it keeps between calls: the next gets a fresh VM.
            ScriptTurn::Failed { error } if error.kind == ScriptErrorKind::Budget => {
                vm.heap.retire(&vm.base.lua);
            }
            turn => settle(vm, turn),
        }
        self.pool.leave(at);
        crate::lua::module::tell(&run.module, lines);
        turn
    }
}

/// What the end of a module's code came to.
fn ended(run: &StepRun, values: MultiValue) -> Result<ScriptTurn, ScriptError> {
    let wrong = |message| failure::plain(ScriptErrorKind::Runtime, message);
    let (function, module) = (run.end.function(), &run.module);
    if run.end == End::Decision {
        return match routed(values).map_err(wrong)? {
            Ok(answer) => Ok(router_steps(module, &run.step, answer)?.turn()),
            Err(refused) => Err(said_no(&refused)),
        };
    }
    let value = match refusal(function, values).map_err(wrong)? {
        Refusal::Value(value) => value,
        Refusal::Refused(refused) => return Err(said_no(&refused)),
    };
    Ok(match run.end {
        End::Outcome => ScriptTurn::Done {
            outcome: outcome(run, value).map_err(wrong)?,
        },
        End::Heard | End::Decision => ScriptTurn::Done { outcome: None },
        End::Found => {
            let answer = found(&value).map_err(wrong)?;
            connector_steps(module, &run.step, answer)?.turn()
        }
    })
}

impl End {
    fn function(self) -> &'static str {
        match self {
            End::Outcome => "run",
            End::Decision => "route",
            End::Found => "look_up",
            End::Heard => "on_event",
        }
    }
}

/// A call script's outcome, as the manifest declares it for the step.
fn outcome(run: &StepRun, value: Value) -> Result<Option<String>, String> {
    let Some(text) = outcome_text(Some(value))? else {
        return Ok(None);
    };
    let declared = run.module.manifest.steps.get(&run.step);
    let Some(schema) = declared else {
        return Ok(Some(text));
    };
    if schema.any_outcome || schema.outcomes.contains(&text) {
        return Ok(Some(text));
    }
    let shown: String = text.chars().take(64).collect();
    Err(format!(
        "step `{}` ended with \"{shown}\", and its manifest declares {}",
        run.step,
        schema.outcomes.join(", ")
    ))
}

/// The module said that it cannot: no fault of its code, and of nobody where something is down.
fn said_no(refused: &Refused) -> ScriptError {
    let kind = match refused.kind {
        ScriptCallError::Gone => ScriptErrorKind::Gone,
        ScriptCallError::Busy | ScriptCallError::Timeout | ScriptCallError::Unavailable => {
            ScriptErrorKind::Overload
        }
        _ => ScriptErrorKind::Runtime,
    };
    let word = refused.kind.word();
    failure::plain(
        kind,
        match refused.message.is_empty() {
            true => word.to_owned(),
            false => format!("{word}: {}", refused.message),
        },
    )
}

impl StepHost for LuaHost {
    fn begin(&mut self, key: ProgramId, module: &Arc<Module>, work: Work) -> ScriptTurn {
        self.kill(key);
        self.begin_step(key, module, &work)
    }

    fn resume(&mut self, key: ProgramId, answer: ScriptAnswer) -> Option<ScriptTurn> {
        LuaHost::resume(self, key, answer)
    }

    fn script(
        &mut self,
        call: ProgramId,
        scripts: &Scripts,
        command: ScriptCommand,
    ) -> Option<ScriptTurn> {
        self.handle(call, scripts, command)
    }

    fn kill(&mut self, key: ProgramId) -> bool {
        LuaHost::kill(self, key)
    }

    fn sweep(&mut self) {
        LuaHost::sweep(self);
    }

    fn figures(&self) -> HostFigures {
        HostFigures {
            running: LuaHost::running(self),
            bytes: self.vms().1,
            idle: self.vms().0,
        }
    }

    fn running(&self) -> Vec<ProgramId> {
        self.calls().collect()
    }
}
