//! The Lua host on one thread: which call runs in which VM, and each call's turns.
//!
//! For call scripts `handle` is all there is: a command goes in, and where the script moved, its
//! turn comes out. For steps of Lua modules it is a `StepHost` (`host/steps.rs`).
//! Deterministic: with `CpuTime::Counted`, the same commands give the same turns.

mod steps;

use std::collections::HashMap;
use std::sync::Arc;

use cordboard_steps::script::{
    ProgramId, ScriptAnswer, ScriptCommand, ScriptErrorKind, ScriptStart, ScriptTurn,
};
use mlua::{MultiValue, Table, Value};

use super::check::nearest;
use super::compile::{Script, Scripts};
use super::failure;
use super::json;
use super::limits::Limits;
use super::meter::CpuTime;
use super::pool::{Code, Pool, Program, Vm};
use super::turn::{Around, Lines, MayAsk, Moved, Rights, Suspended};
use crate::quota::Account;

/// Whoever runs programs takes no command: its mailbox is full. The call's program is to be treated
/// as failed with `Overload`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the script worker takes no more commands")]
pub struct WorkerClosed;

/// Runs scripts and steps of modules, on one thread at a time.
pub struct LuaHost {
    limits: Limits,
    pool: Pool,
    running: HashMap<ProgramId, Box<Running>>,
}

/// What a call runs.
enum Running {
    Script(ScriptRun),
    Step(steps::StepRun),
}

/// A script that has not ended.
struct ScriptRun {
    /// Keeps its generation's script alive.
    script: Arc<Script>,
    vm: usize,
    suspended: Suspended,
    /// Only where the script requires files.
    globals: Option<Table>,
}

impl Running {
    /// The VM that it stands in.
    fn vm(&self) -> usize {
        match self {
            Running::Script(run) => run.vm,
            Running::Step(run) => run.vm(),
        }
    }
}

impl LuaHost {
    /// A host with no VM yet.
    pub fn new(limits: Limits, time: CpuTime) -> Self {
        Self::of(limits, time, None)
    }

    /// A tenant's: the memory of its VMs is a part of what the tenant may have.
    pub fn of_tenant(limits: Limits, time: CpuTime, account: &Arc<Account>) -> Self {
        Self::of(limits, time, Some(account.clone()))
    }

    fn of(limits: Limits, time: CpuTime, account: Option<Arc<Account>>) -> Self {
        Self {
            pool: Pool::new(limits.clone(), time, account),
            limits,
            running: HashMap::new(),
        }
    }

    /// Does what a run commands. `scripts` is the generation that the call holds; only `Start`
    /// looks at it. `None`: there is no turn, since the command was `Kill` or the call runs no script.
    pub fn handle(
        &mut self,
        program: impl Into<ProgramId>,
        scripts: &Scripts,
        command: ScriptCommand,
    ) -> Option<ScriptTurn> {
        let key = program.into();
        match command {
            ScriptCommand::Start(start) => {
                let start = ScriptStart {
                    call: cordboard_steps::script::ScriptCall {
                        id: key.call,
                        ..start.call
                    },
                    ..*start
                };
                Some(self.start_as(key, scripts, &start))
            }
            ScriptCommand::Resume { answer } => self.resume(key, answer),
            ScriptCommand::Kill => {
                self.kill(key);
                None
            }
        }
    }

    /// Begins a script; one that the call still ran is dropped. The call is `start.call.id`.
    pub fn start(&mut self, scripts: &Scripts, start: &ScriptStart) -> ScriptTurn {
        self.start_as(start.call.id.into(), scripts, start)
    }

    fn start_as(&mut self, key: ProgramId, scripts: &Scripts, start: &ScriptStart) -> ScriptTurn {
        self.kill(key);
        let failed = |kind, message| ScriptTurn::Failed {
            error: failure::plain(kind, message),
        };
        let name = start.program.name();
        let script = start.program.script().and_then(|s| scripts.script(s));
        let Some(script) = script else {
            let message = format!("there is no script \"{name}\"");
            return failed(ScriptErrorKind::Missing, message);
        };
        let absent = script
            .manifest
            .arguments
            .iter()
            .find(|a| a.default.is_none() && !start.arguments.contains_key(&a.name));
        if let Some(absent) = absent {
            let message = format!("the script's argument \"{}\" is not given", absent.name);
            return failed(ScriptErrorKind::Runtime, message);
        }
        let program = Program::Script(script.clone());
        let made = self
            .pool
            .begin(&program, &script.file, |vm| match &vm.code {
                Code::Script(code) => code.thread(&vm.base, script, start),
                Code::Module(_) => Err(mlua::Error::runtime("a module's VM took a script")),
            });
        match made {
            Ok((vm, (thread, globals))) => {
                let run = ScriptRun {
                    script: script.clone(),
                    vm,
                    suspended: Suspended::new(thread),
                    globals,
                };
                self.turn(key, run, Ok(MultiValue::new()))
            }
            Err(error) => ScriptTurn::Failed { error },
        }
    }

    /// Gives a script or step the answer that it waits for. `None`: the call runs none.
    pub fn resume(
        &mut self,
        program: impl Into<ProgramId>,
        answer: ScriptAnswer,
    ) -> Option<ScriptTurn> {
        let call = program.into();
        match *self.running.remove(&call)? {
            Running::Script(mut run) => {
                let vm = self.pool.vm(run.vm)?;
                let values = run.suspended.take(&vm.base.lua, answer);
                Some(self.turn(call, run, values))
            }
            Running::Step(run) => Some(self.resume_step(call, run, answer)),
        }
    }

    /// Drops what a call runs where it stands. True when there was something.
    pub fn kill(&mut self, program: impl Into<ProgramId>) -> bool {
        let Some(running) = self.running.remove(&program.into()) else {
            return false;
        };
        let vm = running.vm();
        drop(running);
        self.pool.leave(vm);
        true
    }

    /// Drops VMs of scripts that no generation has any more and no call runs in.
    pub fn sweep(&mut self) {
        self.pool.sweep();
    }

    /// Scripts and steps that run or wait.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// Calls whose scripts or steps run or wait.
    pub fn calls(&self) -> impl Iterator<Item = ProgramId> {
        self.running.keys().copied()
    }

    /// VMs that are open, and the bytes of memory they use.
    pub fn vms(&self) -> (usize, usize) {
        self.pool.figures()
    }

    /// Runs a script to its next host call or its end.
    fn turn(
        &mut self,
        call: ProgramId,
        mut run: ScriptRun,
        values: mlua::Result<MultiValue>,
    ) -> ScriptTurn {
        let at = run.vm;
        let Some(vm) = self.pool.vm(at) else {
            let error = failure::plain(
                ScriptErrorKind::Overload,
                "the script's VM is closed".into(),
            );
            return ScriptTurn::Failed { error };
        };
        let file = run.script.file.as_str();
        let moved = match values {
            Ok(values) => {
                if let Code::Script(code) = &vm.code {
                    code.enter(&run.globals);
                }
                let around = Around {
                    lua: &vm.base.lua,
                    meter: &vm.base.meter,
                    limits: &self.limits,
                    file,
                    rights: Rights::Script(&run.script.manifest),
                    may_ask: MayAsk::Anything,
                };
                run.suspended.go(&around, values, &mut Lines::default())
            }
            Err(error) => Moved::Failed(failure::from_lua(file, &error, run.suspended.gone)),
        };
        let turn = match moved {
            Moved::Asked { op, line } => {
                vm.heap.settle(&vm.base.lua);
                let run = Box::new(Running::Script(run));
                self.running.insert(call, run);
                return ScriptTurn::Call { op, line };
            }
            Moved::Ended(values) => match outcome(&run.script, values) {
                Ok(outcome) => ScriptTurn::Done { outcome },
                Err(message) => ScriptTurn::Failed {
                    error: failure::plain(ScriptErrorKind::Runtime, message),
                },
            },
            Moved::Failed(error) => ScriptTurn::Failed { error },
        };
        drop(run);
        settle(vm, &turn);
        self.pool.leave(at);
        turn
    }
}

/// After the end of a run: garbage, and no more runs where memory was the cause.
fn settle(vm: &mut Vm, turn: &ScriptTurn) {
    match turn {
        ScriptTurn::Failed { error } if error.kind == ScriptErrorKind::Memory => {
            vm.heap.retire(&vm.base.lua);
        }
        _ => vm.heap.settle(&vm.base.lua),
    }
}

/// A returned value as the text of an outcome; none is `done`.
fn outcome_text(value: Option<Value>) -> Result<Option<String>, String> {
    match value {
        None | Some(Value::Nil) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.to_string_lossy())),
        Some(Value::Integer(n)) => Ok(Some(n.to_string())),
        Some(Value::Number(n)) => json::number(n).map(Some),
        Some(other) => {
            let what = other.type_name();
            Err(format!(
                "the script returned a {what}; an outcome is a text, such as return \"sales\""
            ))
        }
    }
}

/// What the script returned, as one of the outcomes that it declares.
fn outcome(script: &Script, values: MultiValue) -> Result<Option<String>, String> {
    let Some(text) = outcome_text(values.into_iter().next())? else {
        return Ok(None);
    };
    let declared = &script.manifest.outcomes;
    if declared.is_empty() || declared.contains(&text) {
        return Ok(Some(text));
    }
    let near = nearest(&text, declared.iter().map(String::as_str));
    let hint = near
        .map(|n| format!("; did you mean \"{n}\"?"))
        .unwrap_or_default();
    let shown: String = text.chars().take(64).collect();
    Err(format!(
        "the script returned \"{shown}\", which its manifest does not declare as an outcome{hint}"
    ))
}
