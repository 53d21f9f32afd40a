//! A program at work in a run, a script or a module's step: each of its host calls is one
//! operation, one answer, one fact.
//!
//! The run trusts no host: a turn that does not come within `TURN_MAX` fails the step, a turn out
//! of order too. When the caller is gone the pending call returns `gone`, the program may still
//! use store, http and log, and after `GRACE` it is killed; one that is idle is killed at once. A
//! module's step ends with an outcome that its manifest declares, or has failed.

use std::sync::Arc;
use std::time::Duration;

use cordboard_call::action::Action;
use cordboard_call::cause::Cause;
use cordboard_call::event::{Fact, Place};
use cordboard_dialplan::schema::Loaded;
use serde_json::{Value, json};

use super::decided::Rest;
use super::{GRACE, Output, Run};
use crate::operation::{Ask, Finished};
use crate::script::{
    INTERRUPTED, ScriptAnswer, ScriptCallError, ScriptCommand, ScriptError, ScriptErrorKind,
    ScriptOp, ScriptTurn,
};
use crate::vars::{Filled, MASK};
use crate::world::{Time, World};

/// For one turn, waiting for a worker included; CPU limits are the host's and far smaller.
pub const TURN_MAX: Duration = Duration::from_secs(30);
/// Most host calls of one script; one more ends it as over its budget.
pub const HOST_CALLS_MAX: u32 = 10_000;
/// Longest outcome that a script returns, in characters; more is cut.
const OUTCOME_CHARS_MAX: usize = 64;
/// Longest log line kept, in characters; more is cut.
const LOG_CHARS_MAX: usize = 4_096;

/// The program that runs now.
pub(super) struct Scripted {
    /// `scripts/welcome.lua`, `modules/queue`.
    file: String,
    /// Where the step stands that runs it, for host calls of no known line.
    at: Place,
    /// The module and its step; none for a script.
    module: Option<(Arc<Loaded>, Box<str>)>,
    /// Its host call that waits for an answer.
    pending: Option<Pending>,
    calls: u32,
    /// The host owes a turn by then.
    turn_due: Option<Time>,
    /// The caller is gone; the script is killed then.
    kill_at: Option<Time>,
    /// It has said its last word, and this is left to do of it.
    rest: Option<Rest>,
}

struct Pending {
    function: &'static str,
    arguments: Value,
    line: u32,
}

impl Scripted {
    /// One that owes its first turn.
    pub fn new(
        file: String,
        at: Place,
        module: Option<(Arc<Loaded>, Box<str>)>,
        now: Time,
    ) -> Scripted {
        Scripted {
            file,
            at,
            module,
            pending: None,
            calls: 0,
            turn_due: Some(now + TURN_MAX),
            kill_at: None,
            rest: None,
        }
    }

    /// What is left of its last word.
    pub fn rest(&self) -> Option<&Rest> {
        self.rest.as_ref()
    }

    /// The same, where no operation of it waits for an answer.
    pub fn rest_to_do(&mut self) -> Option<&mut Rest> {
        self.rest.as_mut().filter(|_| self.pending.is_none())
    }

    pub fn next_timeout(&self) -> Option<Time> {
        [self.turn_due, self.kill_at].into_iter().flatten().min()
    }

    /// Nothing is asked and nothing is owed.
    fn is_idle(&self) -> bool {
        self.pending.is_none() && self.turn_due.is_none()
    }

    /// Why an outcome is none of the module's.
    fn undeclared(&self, outcome: &str) -> Option<String> {
        let (module, step) = self.module.as_ref()?;
        let known = module.schema.steps.get(&**step);
        if known.is_some_and(|schema| schema.may_end_with(outcome)) {
            return None;
        }
        Some(format!(
            "`{}.{step}` ended with `{outcome}`, which {} does not declare",
            module.name, module.schema.manifest
        ))
    }
}

impl Run {
    pub(super) fn command(&mut self, command: ScriptCommand) {
        let program = self.programs;
        let output = Output::Script { program, command };
        self.shared.out.push_back(output);
    }

    /// The script did its turn.
    pub(super) fn script_turn(&mut self, turn: ScriptTurn, now: Time, world: &mut dyn World) {
        let Some(script) = &mut self.script else {
            return;
        };
        script.turn_due = None;
        match turn {
            ScriptTurn::Call { op, line } => self.script_asks(op, line, now, world),
            ScriptTurn::Interrupt { op, line } => {
                if script.pending.is_some() {
                    self.drop_operation(now, world);
                    let answer = error(ScriptCallError::Busy, INTERRUPTED.to_owned());
                    self.resume(answer, None, now);
                }
                if let Some(script) = &mut self.script {
                    // That answer wants no turn: the program has had it.
                    script.turn_due = None;
                }
                self.script_asks(op, line, now, world);
            }
            ScriptTurn::Idle => {
                if self.shared.caller.gone.is_some() && script.is_idle() {
                    self.command(ScriptCommand::Kill);
                    self.script_over("hangup", false, None);
                }
            }
            ScriptTurn::Decided(decided) => script.rest = Some(Rest::of(*decided)),
            ScriptTurn::Done { outcome } => {
                self.drop_operation(now, world);
                let outcome = outcome
                    .filter(|o| !o.is_empty())
                    .unwrap_or_else(|| "done".into());
                let outcome: String = outcome.chars().take(OUTCOME_CHARS_MAX).collect();
                let gone = self.shared.caller.gone.is_some();
                let script = self.script.as_ref().filter(|_| !gone);
                match script.and_then(|script| script.undeclared(&outcome)) {
                    Some(why) => self.script_over("failed", true, Some(why)),
                    None => self.script_over(&outcome, outcome == "failed", None),
                }
            }
            ScriptTurn::Failed { error } => {
                self.drop_operation(now, world);
                let gone = self.shared.caller.gone.is_some();
                if gone && error.kind == ScriptErrorKind::Gone {
                    return self.script_over("hangup", false, None);
                }
                let why = self.sentence(&error);
                self.script_over("failed", true, Some(why));
            }
        }
    }

    /// A host call: it waits for its answer from here on.
    pub(super) fn script_asks(
        &mut self,
        op: ScriptOp,
        line: u32,
        now: Time,
        world: &mut dyn World,
    ) {
        let Some(script) = &mut self.script else {
            return;
        };
        script.calls += 1;
        if script.pending.is_some() || script.calls > HOST_CALLS_MAX {
            let message = match script.pending {
                Some(_) => "the script asked again before it had its answer".to_owned(),
                None => format!("a script makes at most {HOST_CALLS_MAX} host calls"),
            };
            return self.script_broken(message, line, now, world);
        }
        let (function, arguments) = (op.function(), op.arguments());
        script.pending = Some(Pending {
            function,
            arguments,
            line,
        });
        self.host_call(op, now, world);
    }

    /// `scripts/welcome.lua:12: message`, then the stack.
    fn sentence(&self, error: &ScriptError) -> String {
        let file = self.script.as_ref().map_or("", |s| s.file.as_str());
        let line = error
            .line
            .map(|line| format!(":{line}"))
            .unwrap_or_default();
        let mut text = format!("{file}{line}: {}", error.message);
        if !error.stack.is_empty() {
            text.push('\n');
            text.push_str(&error.stack);
        }
        text
    }

    fn script_broken(&mut self, message: String, line: u32, now: Time, world: &mut dyn World) {
        self.drop_operation(now, world);
        self.kill();
        let (line, kind) = (Some(line).filter(|l| *l > 0), ScriptErrorKind::Budget);
        let why = self.sentence(&ScriptError {
            message,
            line,
            stack: String::new(),
            kind,
        });
        self.script_over("failed", true, Some(why));
    }

    /// What it began on the call ends with it.
    fn drop_operation(&mut self, now: Time, world: &mut dyn World) {
        if let Some(mut operation) = self.operation.take() {
            let mut cx = crate::caller::Cx {
                now,
                world,
                call: &mut self.shared,
            };
            operation.cancel(&mut cx);
        }
    }

    /// The step that ran it ends; without a caller the call does too.
    fn script_over(&mut self, outcome: &str, failed: bool, why: Option<String>) {
        self.unanswered_call();
        self.script = None;
        match self.shared.caller.gone {
            Some(cause) => {
                if let Some(at) = self.step.take() {
                    self.step_ended(&at, outcome, why);
                }
                self.finish(cause, None);
            }
            None => self.step_over_as(outcome, failed, why),
        }
    }

    /// A pending call that will have no answer is told all the same.
    fn unanswered_call(&mut self) {
        if let Some(pending) = self.script.as_mut().and_then(|s| s.pending.take()) {
            self.called(pending, None);
        }
    }

    fn called(&mut self, pending: Pending, answer: Option<Value>) {
        let at = self.script.as_ref().map(|script| match pending.line {
            0 => script.at.clone(),
            line => Place {
                file: script.file.clone(),
                line,
            },
        });
        let Some(at) = at else { return };
        let vars = &self.shared.vars;
        let arguments = vars.mask_json(pending.arguments);
        let answer = answer.map(|answer| vars.mask_json(answer));
        let function = pending.function.to_owned();
        self.fact(Fact::ScriptCalled {
            function,
            arguments,
            answer,
            at,
        });
    }

    fn host_call(&mut self, op: ScriptOp, now: Time, world: &mut dyn World) {
        if self.shared.caller.gone.is_some() && op.needs_caller() {
            return self.resume(gone(), None, now);
        }
        let answer = match op {
            ScriptOp::Set { name, value } => {
                match self.set_fact(
                    &name,
                    Filled {
                        text: value,
                        secret: false,
                    },
                ) {
                    Ok(()) => ScriptAnswer::Done,
                    Err(why) => error(ScriptCallError::Invalid, why),
                }
            }
            ScriptOp::Get { name } if self.is_hidden(&name) => {
                let why = format!("`{name}` is secret, and no module may read it");
                error(ScriptCallError::Denied, why)
            }
            ScriptOp::Get { name } => {
                let value = self.shared.vars.value(&name).map(str::to_owned);
                let masked = self.shared.vars.is_secret(&name).then(|| json!(MASK));
                return self.resume(ScriptAnswer::Text { value }, masked, now);
            }
            ScriptOp::Open { calendar } => match world.dialplan().calendars.get(&calendar) {
                Some(calendar) => ScriptAnswer::Flag {
                    value: calendar.is_open(world.unix_ms()),
                },
                None => error(
                    ScriptCallError::NotFound,
                    format!("there is no calendar `{calendar}`"),
                ),
            },
            ScriptOp::Fact { topic, key } => ScriptAnswer::Json {
                value: world.fact(&topic, &key),
            },
            ScriptOp::Log { .. } => {
                self.shorten_log();
                ScriptAnswer::Done
            }
            ScriptOp::Now => local_now(world),
            ScriptOp::Random => ScriptAnswer::Number {
                value: world.random().cast_signed(),
            },
            ScriptOp::Hangup { cause } => return self.script_hangs_up(cause, now),
            operation => return self.begin_operation(Ask::from(operation), now, world),
        };
        self.resume(answer, None, now);
    }

    /// Secrets of the call are for the tenant's own scripts, not for modules.
    fn is_hidden(&self, name: &str) -> bool {
        let module = self.script.as_ref().is_some_and(|s| s.module.is_some());
        module && self.shared.vars.is_hidden(name)
    }

    fn shorten_log(&mut self) {
        let pending = self.script.as_mut().and_then(|s| s.pending.as_mut());
        let message = pending.and_then(|p| p.arguments.get_mut("message"));
        if let Some(Value::String(text)) = message
            && let Some((at, _)) = text.char_indices().nth(LOG_CHARS_MAX)
        {
            text.truncate(at);
        }
    }

    /// The script ends the call: to itself the caller is gone from here on.
    fn script_hangs_up(&mut self, cause: Option<String>, now: Time) {
        let cause = match cause.as_deref().map(Cause::from_word) {
            None => Cause::NORMAL,
            Some(Some(cause)) => cause,
            Some(None) => {
                let answer = error(ScriptCallError::Invalid, "no cause is called that".into());
                return self.resume(answer, None, now);
            }
        };
        let leg = self.shared.caller.leg;
        self.shared
            .out
            .push_back(Output::Act(Action::HangUp { leg, cause }));
        self.shared.caller.gone = Some(cause);
        if let Some(script) = &mut self.script {
            script.kill_at = Some(now + GRACE);
        }
        self.resume(ScriptAnswer::Done, None, now);
    }

    /// The operation that the script asked for ended.
    pub(super) fn answer_script(&mut self, finished: Finished, now: Time, _: &mut dyn World) {
        let (answer, masked) = match finished {
            Finished::Done => (ScriptAnswer::Done, None),
            Finished::Failed { kind, why } => (error(kind, why), None),
            Finished::Digits {
                outcome,
                digits,
                secret,
            } => {
                let masked = secret.then(|| json!({ "outcome": outcome.word(), "digits": MASK }));
                (ScriptAnswer::Digits { outcome, digits }, masked)
            }
            Finished::Talk {
                outcome, by, cause, ..
            } => {
                let cause = cause.map(|cause| cause.word().to_owned());
                (
                    ScriptAnswer::Talk {
                        outcome: outcome.word().to_owned(),
                        by,
                        cause,
                    },
                    None,
                )
            }
            Finished::Answer(answer) => (answer, None),
        };
        self.resume(answer, masked, now);
    }

    /// Tells the answer to the journal (as `masked`, where that is given) and to the script.
    fn resume(&mut self, answer: ScriptAnswer, masked: Option<Value>, now: Time) {
        let Some(script) = &mut self.script else {
            return;
        };
        let Some(pending) = script.pending.take() else {
            return;
        };
        let told = masked.unwrap_or_else(|| answer.told());
        match &mut script.rest {
            Some(rest) => {
                rest.answered(answer);
                self.called(pending, Some(told));
            }
            None => {
                script.turn_due = Some(now + TURN_MAX);
                self.called(pending, Some(told));
                self.command(ScriptCommand::Resume { answer });
            }
        }
    }

    /// The caller is gone: the pending call says so, and the script has `GRACE` left.
    pub(super) fn script_caller_gone(&mut self, now: Time, _: &mut dyn World) {
        if self.script.as_ref().is_some_and(Scripted::is_idle) {
            self.command(ScriptCommand::Kill);
            return self.script_over("hangup", false, None);
        }
        if let Some(script) = &mut self.script {
            script.kill_at = Some(now + GRACE);
            self.resume(gone(), None, now);
        }
    }

    pub(super) fn script_timeout(&mut self, now: Time, world: &mut dyn World) {
        let Some(script) = &self.script else { return };
        if script.kill_at.is_some_and(|at| at <= now) {
            self.drop_operation(now, world);
            self.kill();
            let why = format!("killed {} s after its caller was gone", GRACE.as_secs());
            self.script_over("hangup", false, Some(why));
        } else if script.turn_due.is_some_and(|at| at <= now) {
            let message = format!(
                "the script host gave no turn within {} s",
                TURN_MAX.as_secs()
            );
            self.script_broken(message, 0, now, world);
        }
    }

    /// The call ends while a script runs.
    pub(super) fn kill_script(&mut self) {
        if self.script.is_some() {
            self.unanswered_call();
            self.kill();
            self.script = None;
        }
    }

    /// Ends the program where it stands; one that has said its last word is not there any more.
    fn kill(&mut self) {
        if self.script.as_ref().is_some_and(|s| s.rest.is_none()) {
            self.command(ScriptCommand::Kill);
        }
    }
}

fn gone() -> ScriptAnswer {
    error(ScriptCallError::Gone, "the caller is gone".into())
}

fn error(kind: ScriptCallError, message: String) -> ScriptAnswer {
    ScriptAnswer::Error { kind, message }
}

fn local_now(world: &dyn World) -> ScriptAnswer {
    let unix_ms = world.unix_ms();
    let instant = jiff::Timestamp::from_millisecond(i64::try_from(unix_ms).unwrap_or(i64::MAX));
    let local = instant.and_then(|at| at.in_tz(&world.dialplan().tenant.zone));
    let local = local.map(|at| at.to_string()).unwrap_or_default();
    ScriptAnswer::Now { unix_ms, local }
}
