//! The contract of `sdk/wit` in our own types: what modules are told and what they want.
//!
//! WASM, Lua and native modules all end here: each kind turns its own values into these and back,
//! and nothing else of the switch knows which kind a module is. Names and meanings are those of
//! `sdk/wit/module.wit`; JSON of these types is what Lua tables and journalled inputs look like.
//! Operations of calls are `steps::ScriptOp`, since a module's step is a script to its run.

use std::collections::BTreeMap;

use cordboard_steps::{ScriptAnswer, ScriptCallError, ScriptOp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most bytes of one JSON text between host and module.
pub const JSON_BYTES_MAX: usize = 256 << 10;
/// Most bytes of a saved state.
pub const STATE_BYTES_MAX: usize = 16 << 20;

/// Which of the contract's worlds a module is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum World {
    /// Straight-line code of one call.
    CallScript,
    /// Where a call goes.
    Router,
    /// Another program, most often a CRM.
    Connector,
    /// State that follows events.
    Service,
    /// Totals over the journal.
    Reporter,
}

impl World {
    /// The word of manifests.
    pub fn word(self) -> &'static str {
        match self {
            World::CallScript => "call-script",
            World::Router => "router",
            World::Connector => "connector",
            World::Service => "service",
            World::Reporter => "reporter",
        }
    }
}

/// Why a host function or an action failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Which kind, the word of `types.error`.
    pub kind: ScriptCallError,
    /// One sentence; empty where the kind says all.
    #[serde(default)]
    pub message: String,
}

/// Who calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// E.164, or a user's name; empty when withheld.
    pub number: String,
    /// Display name.
    pub name: Option<String>,
    /// The user of the tenant who calls, where one does.
    pub user: Option<String>,
    /// The trunk that brought the call, where one did.
    pub trunk: Option<String>,
}

/// Something that happened, as the tenant's journal has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Number in the tenant's journal.
    pub seq: u64,
    /// Unix milliseconds.
    pub at_ms: u64,
    /// Its topic.
    pub topic: String,
    /// The call it belongs to.
    pub call: Option<String>,
    /// Number of the leg in that call, for what happens to one leg: 1 is the first.
    #[serde(default)]
    pub leg: Option<u16>,
    /// JSON.
    pub payload: Value,
}

/// `routing.request`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteRequest {
    /// Step of the manifest.
    pub step: String,
    /// Arguments, typed as the manifest says.
    pub arguments: Value,
    /// The call.
    pub call: String,
    /// Who calls.
    pub caller: Caller,
    /// What was dialled.
    pub dialled: String,
    /// The call's variables; secret ones are left out.
    pub variables: BTreeMap<String, String>,
    /// Unix milliseconds.
    pub at_ms: u64,
    /// Chance.
    pub seed: u64,
}

/// `routing.target`: one place to try.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Target {
    /// A trunk of the tenant, or none and then `user`.
    pub trunk: Option<String>,
    /// A user of the tenant.
    pub user: Option<String>,
    /// Number dialled at the trunk; none is the dialled one.
    pub number: Option<String>,
    /// Number shown.
    pub caller_id: Option<String>,
    /// How long it rings, 1 to 600,000 ms.
    pub timeout_ms: u32,
}

/// `routing.decision`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Try these in order.
    Targets(Vec<Target>),
    /// End the step with this outcome.
    Outcome(String),
}

/// `routing.reasoned`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reasoned {
    /// What to do.
    pub decision: Decision,
    /// Variables of the call to set.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// One sentence each, for `explain`.
    #[serde(default)]
    pub reasons: Vec<String>,
}

/// `connecting.query`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Query {
    /// Step of the manifest.
    pub step: String,
    /// Arguments, typed as the manifest says.
    pub arguments: Value,
    /// The call.
    pub call: String,
    /// Who calls.
    pub caller: Caller,
    /// What was dialled.
    pub dialled: String,
}

/// `connecting.found`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Outcome of the step.
    pub outcome: String,
    /// Variables of the call to set.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
}

/// `serving.step-start`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepStart {
    /// Names the step in actions and inputs.
    pub step: u64,
    /// Step of the manifest.
    pub name: String,
    /// Arguments, typed as the manifest says.
    pub arguments: Value,
    /// The call.
    pub call: String,
    /// Who calls.
    pub caller: Caller,
    /// What was dialled.
    pub dialled: String,
    /// The call's variables; secret ones are left out.
    pub variables: BTreeMap<String, String>,
    /// The first leg is answered already.
    pub answered: bool,
}

/// `serving.body`: what a service is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "kebab-case")]
pub enum Body {
    /// A route has come to one of its steps.
    StepStarted(StepStart),
    /// The operation that an action wanted is over.
    StepAnswered {
        /// Which step.
        step: u64,
        /// The action's id.
        action: u64,
        /// What came of it; `ScriptAnswer::Error` is the refusal.
        answer: ScriptAnswer,
    },
    /// The step is over from outside: the caller left.
    StepGone {
        /// Which step.
        step: u64,
    },
    /// Something happened that the manifest subscribes to.
    Event(Event),
    /// A timer of its own is due.
    Timer {
        /// Its name.
        name: String,
    },
    /// An operator's verb.
    Request {
        /// Names it in the answer.
        request: u64,
        /// The verb.
        verb: String,
        /// Its arguments, checked.
        arguments: Value,
        /// Who asks.
        by: String,
    },
    /// An http answer.
    HttpAnswered {
        /// The action's id.
        action: u64,
        /// Status, or why there is none.
        status: Result<u16, Refused>,
        /// The body.
        body: String,
    },
    /// An action was refused.
    Refused {
        /// The action's id.
        action: u64,
        /// Why.
        error: Refused,
    },
}

/// `serving.input`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Counts this module's inputs in the tenant, without gaps.
    pub seq: u64,
    /// Unix milliseconds.
    pub at_ms: u64,
    /// Chance for this input.
    pub seed: u64,
    /// What.
    pub body: Body,
}

/// `serving.start-call`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StartCall {
    /// A user of the tenant, or none and then trunk and number.
    pub user: Option<String>,
    /// A trunk.
    pub trunk: Option<String>,
    /// The number dialled there.
    pub number: Option<String>,
    /// Route that runs once somebody answered.
    pub route: String,
    /// Number shown.
    pub caller_id: Option<String>,
    /// How long it rings.
    pub timeout_ms: u32,
    /// Variables that the route begins with.
    pub variables: BTreeMap<String, String>,
    /// Twice the same key starts one call.
    pub key: Option<String>,
}

/// `serving.http-send`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpSend {
    /// `GET`, `POST` ...
    pub method: String,
    /// Absolute URL.
    pub url: String,
    /// Names and values.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// Body, if any.
    pub body: Option<String>,
    /// How long to wait.
    pub timeout_ms: u32,
}

/// `serving.act`: what a service wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum Act {
    /// Do this on the step's call; it ends the operation under way, whose answer then is `busy`.
    Step {
        /// Which step.
        step: u64,
        /// What.
        operation: ScriptOp,
    },
    /// The step is over.
    EndStep {
        /// Which step.
        step: u64,
        /// Its outcome.
        outcome: String,
    },
    /// Tell everybody who listens.
    Publish {
        /// `<module>.<past-tense>`.
        topic: String,
        /// JSON.
        payload: Value,
    },
    /// Keep a value that everybody may read.
    Retain {
        /// `<module>.<noun>`.
        topic: String,
        /// Which one.
        key: String,
        /// None forgets it.
        payload: Option<Value>,
    },
    /// Wake me then; the same name again moves it.
    SetTimer {
        /// Its name.
        name: String,
        /// Unix milliseconds.
        at_ms: u64,
    },
    /// Never mind.
    ClearTimer {
        /// Its name.
        name: String,
    },
    /// A call that nobody dialled in.
    StartCall(StartCall),
    /// Answer to a request.
    Reply {
        /// Which.
        request: u64,
        /// JSON, or a sentence that says what was wrong.
        answer: Result<Value, String>,
    },
    /// An http request.
    Http(HttpSend),
}

/// `serving.action`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// Chosen by the module, at least 1; names the action in answers.
    pub id: u64,
    /// What.
    pub act: Act,
}

/// `reporting.report`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// `application/json`, `text/csv`.
    pub media_type: String,
    /// The text.
    pub body: Vec<u8>,
}
