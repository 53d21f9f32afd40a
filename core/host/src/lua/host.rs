//! The host of call scripts on one thread: which call runs in which VM, and each call's turns.
//!
//! `handle` is all there is: a command goes in, and where the script moved, its turn comes out.
//! Deterministic: with `CpuTime::Counted`, the same commands give the same turns.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use cordboard_call::ids::CallId;
use cordboard_steps::script::{
    ScriptAnswer, ScriptCallError, ScriptCommand, ScriptError, ScriptErrorKind, ScriptOp,
    ScriptStart, ScriptTurn,
};
use mlua::{MultiValue, Table, Thread, Value};
use slab::Slab;

use super::answer::{self, OnError};
use super::check::nearest;
use super::compile::{Script, Scripts};
use super::failure;
use super::json;
use super::limits::Limits;
use super::meter::CpuTime;
use super::request::{Asked, Request};
use super::vm::Vm;

/// Runs scripts. It stays on the thread that made it; `Worker` gives it one of its own.
pub struct LuaHost {
    limits: Limits,
    time: CpuTime,
    vms: Slab<Vm>,
    /// VMs of a script, by the script's address. A VM's weak reference keeps the address from
    /// being used again.
    by_script: HashMap<*const Script, Vec<usize>>,
    running: HashMap<CallId, Running>,
    starts: u64,
}

/// A script that has not ended.
struct Running {
    /// Keeps its generation's script alive.
    script: Arc<Script>,
    vm: usize,
    thread: Thread,
    /// Only where the script requires files.
    globals: Option<Table>,
    spent: Duration,
    pending: Pending,
    gone: bool,
}

/// How the answer to the pending host call is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pending {
    on_error: OnError,
    random: bool,
}

impl LuaHost {
    /// A host with no VM yet.
    pub fn new(limits: Limits, time: CpuTime) -> Self {
        Self {
            limits,
            time,
            vms: Slab::new(),
            by_script: HashMap::new(),
            running: HashMap::new(),
            starts: 0,
        }
    }

    /// Does what a run commands. `scripts` is the generation that the call holds; only `Start`
    /// looks at it. `None`: there is no turn, since the command was `Kill` or the call runs no script.
    pub fn handle(
        &mut self,
        call: CallId,
        scripts: &Scripts,
        command: ScriptCommand,
    ) -> Option<ScriptTurn> {
        match command {
            ScriptCommand::Start(start) => {
                let start = ScriptStart {
                    call: cordboard_steps::script::ScriptCall {
                        id: call,
                        ..start.call
                    },
                    ..*start
                };
                Some(self.start(scripts, &start))
            }
            ScriptCommand::Resume { answer } => self.resume(call, answer),
            ScriptCommand::Kill => {
                self.kill(call);
                None
            }
        }
    }

    /// Begins a script; one that the call still ran is dropped. The call is `start.call.id`.
    pub fn start(&mut self, scripts: &Scripts, start: &ScriptStart) -> ScriptTurn {
        self.kill(start.call.id);
        let failed = |kind, message| ScriptTurn::Failed {
            error: failure::plain(kind, message),
        };
        let name = start.program.name();
        let script = start.program.script().and_then(|name| scripts.script(name));
        let Some(script) = script else {
            return failed(
                ScriptErrorKind::Missing,
                format!("there is no script \"{name}\""),
            );
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
        match self.begin(script, start) {
            Ok(running) => {
                let nothing = MultiValue::new();
                self.turn(start.call.id, running, Ok(nothing))
            }
            Err(error) => ScriptTurn::Failed { error },
        }
    }

    /// Gives a script the answer that it waits for. `None`: the call runs no script.
    pub fn resume(&mut self, call: CallId, answer: ScriptAnswer) -> Option<ScriptTurn> {
        let mut running = self.running.remove(&call)?;
        running.gone |= matches!(
            &answer,
            ScriptAnswer::Error {
                kind: ScriptCallError::Gone,
                ..
            }
        );
        let vm = self.vms.get(running.vm)?;
        let values = match answer {
            ScriptAnswer::Number { value } if running.pending.random => Ok(answer::unit(value)),
            ScriptAnswer::Error {
                kind: ScriptCallError::Gone,
                ..
            } if running.pending.on_error == OnError::Raise => {
                answer::raise(&vm.lua, failure::GONE)
            }
            other => answer::to_lua(&vm.lua, other, running.pending.on_error),
        };
        Some(self.turn(call, running, values))
    }

    /// Drops a call's script where it stands. True when there was one.
    pub fn kill(&mut self, call: CallId) -> bool {
        match self.running.remove(&call) {
            Some(running) => {
                let vm = running.vm;
                drop(running);
                self.leave(vm);
                true
            }
            None => false,
        }
    }

    /// Drops VMs of scripts that no generation has any more and no call runs in.
    pub fn sweep(&mut self) {
        let over: Vec<usize> = self
            .vms
            .iter()
            .filter(|(_, vm)| vm.is_over())
            .map(|(at, _)| at)
            .collect();
        for at in over {
            self.close(at);
        }
    }

    /// Scripts that run or wait.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// Calls whose scripts run or wait.
    pub fn calls(&self) -> impl Iterator<Item = CallId> {
        self.running.keys().copied()
    }

    /// VMs that are open, and the bytes of memory they use.
    pub fn vms(&self) -> (usize, usize) {
        (
            self.vms.len(),
            self.vms.iter().map(|(_, vm)| vm.lua.used_memory()).sum(),
        )
    }

    fn begin(&mut self, script: &Arc<Script>, start: &ScriptStart) -> Result<Running, ScriptError> {
        self.starts += 1;
        // A VM may meet its memory limit just here; then a new one takes the call.
        let mut tries = 2;
        loop {
            let at = self.vm_for(script)?;
            let Some(vm) = self.vms.get_mut(at) else {
                return Err(failure::plain(
                    ScriptErrorKind::Overload,
                    "no VM could take the script".into(),
                ));
            };
            vm.used_at = self.starts;
            match vm.thread(script, start) {
                Ok((thread, globals)) => {
                    vm.calls += 1;
                    return Ok(Running {
                        script: script.clone(),
                        vm: at,
                        thread,
                        globals,
                        spent: Duration::ZERO,
                        pending: Pending {
                            on_error: OnError::Raise,
                            random: false,
                        },
                        gone: false,
                    });
                }
                Err(error) => {
                    vm.retire();
                    if vm.is_over() {
                        self.close(at);
                    }
                    tries -= 1;
                    if tries == 0 {
                        return Err(failure::from_lua(&script.file, &error, false));
                    }
                }
            }
        }
    }

    /// A VM of the script with room, opened if need be.
    fn vm_for(&mut self, script: &Arc<Script>) -> Result<usize, ScriptError> {
        let key = Arc::as_ptr(script);
        let own = self
            .by_script
            .get(&key)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let calls_max = self.limits.calls_per_vm_max;
        let room = |at: &&usize| {
            self.vms
                .get(**at)
                .is_some_and(|vm| !vm.full && vm.calls < calls_max)
        };
        if let Some(at) = own.iter().find(room) {
            return Ok(*at);
        }
        let overload =
            |message: &str| failure::plain(ScriptErrorKind::Overload, message.to_owned());
        if own.len() >= self.limits.vms_per_script_max {
            return Err(overload("too many calls run this script"));
        }
        self.sweep();
        if self.vms.len() >= self.limits.vms_max {
            let idle = self
                .vms
                .iter()
                .filter(|(_, vm)| vm.calls == 0)
                .min_by_key(|(_, vm)| vm.used_at);
            let Some(at) = idle.map(|(at, _)| at) else {
                return Err(overload("too many scripts run at once"));
            };
            self.close(at);
        }
        let vm = Vm::open(script, &self.limits, &self.time)
            .map_err(|e| failure::from_lua(&script.file, &e, false))?;
        let at = self.vms.insert(vm);
        self.by_script.entry(key).or_default().push(at);
        Ok(at)
    }

    fn leave(&mut self, at: usize) {
        if let Some(vm) = self.vms.get_mut(at) {
            vm.calls = vm.calls.saturating_sub(1);
            if vm.is_over() {
                self.close(at);
            }
        }
    }

    fn close(&mut self, at: usize) {
        if let Some(vm) = self.vms.try_remove(at) {
            let key = vm.script.as_ptr();
            if let Some(own) = self.by_script.get_mut(&key) {
                own.retain(|other| *other != at);
                if own.is_empty() {
                    self.by_script.remove(&key);
                }
            }
        }
    }

    /// Runs a script to its next host call or its end.
    fn turn(
        &mut self,
        call: CallId,
        mut running: Running,
        values: mlua::Result<MultiValue>,
    ) -> ScriptTurn {
        let at = running.vm;
        let Some(vm) = self.vms.get_mut(at) else {
            let error = failure::plain(
                ScriptErrorKind::Overload,
                "the script's VM is closed".into(),
            );
            return ScriptTurn::Failed { error };
        };
        let turn = match values {
            Ok(values) => run(vm, &mut running, values, &self.limits),
            Err(error) => ScriptTurn::Failed {
                error: failure::from_lua(&running.script.file, &error, running.gone),
            },
        };
        if let ScriptTurn::Call { .. } = &turn {
            vm.settle(&self.limits);
            self.running.insert(call, running);
            return turn;
        }
        drop(running);
        match &turn {
            ScriptTurn::Failed { error } if error.kind == ScriptErrorKind::Memory => vm.retire(),
            _ => vm.settle(&self.limits),
        }
        self.leave(at);
        turn
    }
}

/// One turn: until the script hands something out, ends, or has spent its time. What the host
/// answers by itself (a wrong argument, a denied host) is part of the same turn and its budget.
fn run(vm: &Vm, running: &mut Running, values: MultiValue, limits: &Limits) -> ScriptTurn {
    let left = limits.call_cpu.saturating_sub(running.spent);
    vm.enter(&running.globals);
    vm.meter.arm(limits.turn_cpu.min(left));
    let mut values = values;
    let turn = loop {
        match step(vm, running, values, limits) {
            Step::Again(answer) => values = answer,
            Step::Turn(turn) => break turn,
        }
    };
    running.spent += vm.meter.spent();
    turn
}

enum Step {
    Again(MultiValue),
    Turn(ScriptTurn),
}

fn step(vm: &Vm, running: &mut Running, values: MultiValue, limits: &Limits) -> Step {
    let file = &running.script.file;
    let failed = |error| Step::Turn(ScriptTurn::Failed { error });
    let result = running.thread.resume::<MultiValue>(values);
    if let Some(stopped) = vm.meter.stopped() {
        let whole_call = running.spent + limits.turn_cpu > limits.call_cpu;
        return failed(failure::over_budget(file, &stopped, whole_call));
    }
    let values = match result {
        Ok(values) => values,
        Err(error) => return failed(failure::from_lua(file, &error, running.gone)),
    };
    if running.thread.is_finished() {
        return Step::Turn(match outcome(&running.script, values) {
            Ok(outcome) => ScriptTurn::Done { outcome },
            Err(message) => ScriptTurn::Failed {
                error: failure::plain(ScriptErrorKind::Runtime, message),
            },
        });
    }
    let Some(request) = Request::split(values) else {
        let message = "the script stopped in a way that is not known".to_owned();
        return failed(failure::plain(ScriptErrorKind::Runtime, message));
    };
    let again = match request.read(&running.script.manifest, limits.text_bytes_max) {
        Ok(Asked::Op(op)) => {
            running.pending = pending(&op);
            let line = request.line;
            return Step::Turn(ScriptTurn::Call { op, line });
        }
        Ok(Asked::Denied(message)) => answer::failed(&vm.lua, ScriptCallError::Denied, &message),
        Err(message) => answer::raise(&vm.lua, &message),
    };
    match again {
        Ok(values) => Step::Again(values),
        Err(error) => failed(failure::from_lua(file, &error, running.gone)),
    }
}

fn pending(op: &ScriptOp) -> Pending {
    Pending {
        on_error: match op {
            ScriptOp::Outside(_) => OnError::Return,
            _ => OnError::Raise,
        },
        random: matches!(op, ScriptOp::Random),
    }
}

/// What the script returned, as one of the outcomes that it declares.
fn outcome(script: &Script, values: MultiValue) -> Result<Option<String>, String> {
    let text = match values.into_iter().next() {
        None | Some(Value::Nil) => return Ok(None),
        Some(Value::String(text)) => text.to_string_lossy(),
        Some(Value::Integer(n)) => n.to_string(),
        Some(Value::Number(n)) => json::number(n)?,
        Some(other) => {
            let what = other.type_name();
            return Err(format!(
                "the script returned a {what}; an outcome is a text, such as return \"sales\""
            ));
        }
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
