//! How a program begins: which script or module's step, with what, for which call.

use std::collections::BTreeMap;

use cordboard_call::event::Direction;
use cordboard_call::ids::{CallId, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One program of a call: what its commands go to and its turns come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProgramId {
    /// The call.
    pub call: CallId,
    /// Which of the call's programs, from 1; 0 where there is only one.
    pub number: u32,
}

impl From<CallId> for ProgramId {
    /// The only program of a call, or of a key that is no call's.
    fn from(call: CallId) -> Self {
        Self { call, number: 0 }
    }
}

/// How a program begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScriptStart {
    /// What runs.
    pub program: Program,
    /// Arguments of a script by name, templates filled in; empty for a module's step.
    pub arguments: BTreeMap<String, String>,
    /// The call, as far as a script may know it.
    pub call: ScriptCall,
}

/// What a run starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Program {
    /// A call script: its file under `scripts/` without `.lua`.
    Script(String),
    /// A step of a module.
    Step(Box<StepProgram>),
}

impl Program {
    /// `welcome`, `queue.enter`: as the dialplan names it.
    pub fn name(&self) -> std::borrow::Cow<'_, str> {
        match self {
            Program::Script(name) => name.into(),
            Program::Step(step) => format!("{}.{}", step.module, step.step).into(),
        }
    }

    /// The script's name, where it is one.
    pub fn script(&self) -> Option<&str> {
        match self {
            Program::Script(name) => Some(name),
            Program::Step(_) => None,
        }
    }

    /// The module's step, where it is one.
    pub fn step(&self) -> Option<&StepProgram> {
        match self {
            Program::Script(_) => None,
            Program::Step(step) => Some(step),
        }
    }
}

/// A step of a module as a route takes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepProgram {
    /// The module's name in the tenant.
    pub module: String,
    /// The step's name in the manifest.
    pub step: String,
    /// One JSON object, typed as the manifest says, templates filled in: durations are
    /// milliseconds, what was not given and has no default is absent.
    pub arguments: Value,
    /// Outcomes that the step's `on` branches name: keys of a menu, for example.
    pub outcomes: Vec<String>,
}

/// What a script knows of its call without asking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScriptCall {
    /// The call.
    pub id: CallId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Who began its first leg.
    pub direction: Direction,
    /// Number or user name of the caller; empty is anonymous.
    pub caller: String,
    /// Display name of the caller.
    pub caller_name: Option<String>,
    /// What was dialled.
    pub dialled: String,
    /// The user who calls, where the caller is one.
    pub user: Option<String>,
    /// The trunk that brought the call, where one did.
    #[serde(default)]
    pub trunk: Option<String>,
    /// True when the first leg is answered already.
    pub answered: bool,
    /// Unix milliseconds at which the script began.
    pub at_ms: u64,
    /// The call's variables as a module's step finds them, without secret ones; empty for a
    /// script, which asks by `Get`.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
}
