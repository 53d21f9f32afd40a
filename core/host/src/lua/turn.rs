//! One turn of a coroutine: until it hands out what it asks for, ends, or has spent its time.
//!
//! Call scripts and the entries of modules move in the same way; what an end means, and who may
//! ask for what, is said by whoever holds the coroutine.

use std::time::Duration;

use cordboard_steps::script::{
    LogLevel, OutsideRequest, ScriptAnswer, ScriptCallError, ScriptError, ScriptErrorKind, ScriptOp,
};
use mlua::{IntoLuaMulti, Lua, MultiValue, Thread};

use super::answer::{self, OnError};
use super::failure;
use super::limits::{LOG_LINES_MAX, Limits};
use super::manifest::ScriptManifest;
use super::meter::Meter;
use super::request::{Asked, Request};
use crate::capability::{Denied, Effective, TopicUse};
use crate::module::Module;

/// A coroutine that has not ended.
pub(crate) struct Suspended {
    pub thread: Thread,
    /// The caller has gone while it ran.
    pub gone: bool,
    spent: Duration,
    pending: Pending,
}

/// How the answer to the pending host call is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pending {
    on_error: OnError,
    random: bool,
}

/// Where a coroutine moves.
pub(crate) struct Around<'a> {
    pub lua: &'a Lua,
    pub meter: &'a Meter,
    pub limits: &'a Limits,
    /// The main file, as errors name it.
    pub file: &'a str,
    /// What a script or a module may do.
    pub rights: Rights<'a>,
    pub may_ask: MayAsk,
}

/// By what a request is allowed.
pub(crate) enum Rights<'a> {
    /// The hosts that a script's manifest names.
    Script(&'a ScriptManifest),
    /// A module's grants.
    Module(&'a Module),
}

/// What a coroutine may hand out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MayAsk {
    /// Everything.
    Anything,
    /// Nothing: log lines are kept in `Moved`, all else is raised at its line.
    LogOnly(&'static str),
}

/// What a turn came to.
pub(crate) enum Moved {
    /// It asks for something and stands still.
    Asked { op: ScriptOp, line: u32 },
    /// It returned.
    Ended(MultiValue),
    /// It broke, or was stopped.
    Failed(ScriptError),
}

/// Log lines of entries that cannot stand still, in order; what is too much is counted.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pub kept: Vec<(LogLevel, String)>,
    pub dropped: u32,
}

impl Lines {
    fn push(&mut self, level: LogLevel, message: String) {
        match self.kept.len() < LOG_LINES_MAX {
            true => self.kept.push((level, message)),
            false => self.dropped = self.dropped.saturating_add(1),
        }
    }
}

enum Step {
    Again(MultiValue),
    Moved(Moved),
}

impl Suspended {
    /// One that has not begun.
    pub fn new(thread: Thread) -> Self {
        Self {
            thread,
            gone: false,
            spent: Duration::ZERO,
            pending: Pending {
                on_error: OnError::Raise,
                random: false,
            },
        }
    }

    /// The answer to what it asked for, as values to `go` on with.
    pub fn take(&mut self, lua: &Lua, answer: ScriptAnswer) -> mlua::Result<MultiValue> {
        let gone = matches!(
            &answer,
            ScriptAnswer::Error {
                kind: ScriptCallError::Gone,
                ..
            }
        );
        self.gone |= gone;
        match answer {
            ScriptAnswer::Number { value } if self.pending.random => Ok(answer::unit(value)),
            _ if gone && self.pending.on_error == OnError::Raise => {
                answer::raise(lua, failure::GONE)
            }
            other => answer::to_lua(lua, other, self.pending.on_error),
        }
    }

    /// Moves on. What the host answers by itself (a wrong argument, a denied host, a log line) is
    /// part of the same turn and its budget.
    pub fn go(
        &mut self,
        around: &Around<'_>,
        values: impl IntoLuaMulti,
        lines: &mut Lines,
    ) -> Moved {
        let left = around.limits.call_cpu.saturating_sub(self.spent);
        around.meter.arm(around.limits.turn_cpu.min(left));
        let mut step = self.step(around, values, lines);
        let moved = loop {
            match step {
                Step::Again(answer) => step = self.step(around, answer, lines),
                Step::Moved(moved) => break moved,
            }
        };
        let spent = around.meter.spent();
        if let Rights::Module(module) = &around.rights {
            module.health.spent(spent);
        }
        self.spent += spent;
        moved
    }

    fn step(&mut self, around: &Around<'_>, values: impl IntoLuaMulti, lines: &mut Lines) -> Step {
        let result = self.thread.resume::<MultiValue>(values);
        self.came_to(around, result, lines)
    }

    /// What a resumption came to.
    fn came_to(
        &mut self,
        around: &Around<'_>,
        result: mlua::Result<MultiValue>,
        lines: &mut Lines,
    ) -> Step {
        let failed = |error| Step::Moved(Moved::Failed(error));
        let (file, limits) = (around.file, around.limits);
        if let Some(stopped) = around.meter.stopped() {
            let whole_call = self.spent + limits.turn_cpu > limits.call_cpu;
            return failed(failure::over_budget(file, &stopped, whole_call));
        }
        let values = match result {
            Ok(values) => values,
            Err(error) => return failed(failure::from_lua(file, &error, self.gone)),
        };
        if self.thread.is_finished() {
            return Step::Moved(Moved::Ended(values));
        }
        let Some(request) = Request::split(values) else {
            let message = "the script stopped in a way that is not known".to_owned();
            return failed(failure::plain(ScriptErrorKind::Runtime, message));
        };
        let manifest = match &around.rights {
            Rights::Script(manifest) => Some(*manifest),
            Rights::Module(_) => None,
        };
        let again = match request.read(manifest, limits.text_bytes_max) {
            Ok(Asked::Op(op)) => match (around.may_ask, op) {
                (MayAsk::Anything, op) => {
                    let op = around.rights.own_topic(op);
                    if let Err(denied) = around.rights.check(&op) {
                        return self.again(around, refuse(around.lua, &op, &denied));
                    }
                    self.pending = pending(&op);
                    let line = request.line;
                    return Step::Moved(Moved::Asked { op, line });
                }
                (MayAsk::LogOnly(_), ScriptOp::Log { level, message }) => {
                    lines.push(level, message);
                    answer::to_lua(around.lua, ScriptAnswer::Done, OnError::Raise)
                }
                (MayAsk::LogOnly(when), _) => {
                    answer::raise(around.lua, &format!("this cannot be used {when}"))
                }
            },
            Ok(Asked::Denied(message)) => {
                answer::failed(around.lua, ScriptCallError::Denied, &message)
            }
            Err(message) => answer::raise(around.lua, &message),
        };
        self.again(around, again)
    }

    fn again(&self, around: &Around<'_>, values: mlua::Result<MultiValue>) -> Step {
        match values {
            Ok(values) => Step::Again(values),
            Err(error) => {
                let error = failure::from_lua(around.file, &error, self.gone);
                Step::Moved(Moved::Failed(error))
            }
        }
    }
}

impl Rights<'_> {
    /// A script's hosts were looked at when its request was read.
    fn check(&self, op: &ScriptOp) -> Result<(), Denied> {
        match self {
            Rights::Script(_) => Ok(()),
            Rights::Module(module) => permitted(&module.effective, op),
        }
    }

    /// A topic without a dot is one of the module's own, whatever its name in this tenant.
    fn own_topic(&self, mut op: ScriptOp) -> ScriptOp {
        if let (Rights::Module(module), ScriptOp::Outside(request)) = (self, &mut op)
            && let OutsideRequest::Publish { topic, .. } | OutsideRequest::Retain { topic, .. } =
                request
            && !topic.contains('.')
        {
            *topic = module.topic(topic);
        }
        op
    }
}

/// Is what a module asks for granted to it?
pub(crate) fn permitted(effective: &Effective, op: &ScriptOp) -> Result<(), Denied> {
    match op {
        ScriptOp::Trunk { trunks, .. } => trunks
            .iter()
            .try_for_each(|trunk| effective.check_trunk(trunk).map(drop)),
        ScriptOp::Outside(request) => match request {
            OutsideRequest::Http { method, url, .. } => effective.check_http(method, url).map(drop),
            OutsideRequest::Publish { topic, .. } => {
                effective.check_topic(topic, TopicUse::Publish)
            }
            OutsideRequest::Retain { topic, .. } => effective.check_topic(topic, TopicUse::Retain),
            OutsideRequest::StoreGet { .. }
            | OutsideRequest::StoreSet { .. }
            | OutsideRequest::StoreDelete { .. }
            | OutsideRequest::StoreIncr { .. } => effective.check("store", "").map(drop),
        },
        _ => Ok(()),
    }
}

/// As the host function fails: `nil, kind, message`, or raised for what acts on the call.
fn refuse(lua: &Lua, op: &ScriptOp, denied: &Denied) -> mlua::Result<MultiValue> {
    match pending(op).on_error {
        OnError::Return => answer::failed(lua, denied.kind, &denied.message),
        OnError::Raise => answer::raise(lua, &denied.message),
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
