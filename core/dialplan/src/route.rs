//! A checked dialplan: types that cannot be wrong.
//!
//! Every name is resolved, every duration parsed, every template and condition compiled. What
//! remains to run time is values: who calls, when, which keys.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::calendar::Calendar;
use crate::expr::Condition;
use crate::numbers::NumberTable;
use crate::schema::{Loaded, ModuleStep};
use crate::template::Template;

/// Where something stands in the tenant's files.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub struct Place {
    /// File relative to the tenant's folder, `main.kdl`; of a base `../_base/main.kdl`.
    #[serde(serialize_with = "crate::diagnostic::as_text")]
    pub file: Arc<str>,
    /// Line from 1.
    pub line: u32,
    /// Column in characters from 1.
    pub column: u32,
}

/// Which digest challenges a user's devices get (RFC 8760).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Challenge {
    /// MD5 only: many phones abort on another algorithm.
    #[default]
    Md5,
    /// SHA-256 only.
    Sha256,
    /// Both, SHA-256 first.
    Both,
}

/// One tenant's dialplan.
#[derive(Clone, Debug)]
pub struct Dialplan {
    /// The tenant itself.
    pub tenant: Tenant,
    /// Calendars by name.
    pub calendars: BTreeMap<String, Arc<Calendar>>,
    /// Users by name.
    pub users: BTreeMap<String, Arc<User>>,
    /// Trunks by name.
    pub trunks: BTreeMap<String, Arc<Trunk>>,
    /// Numbers of ours: pattern to steps. Exact beats range beats pattern; the longer literal prefix wins.
    pub dids: NumberTable<Arc<Block>>,
    /// Named routes.
    pub routes: BTreeMap<String, Arc<Block>>,
    /// What a user's own call to a number does; nothing is allowed that is not here.
    pub outbound: NumberTable<Arc<Outbound>>,
    /// Modules that the tenant loads, by their names here.
    pub modules: BTreeMap<String, Arc<Loaded>>,
    /// Keys whose packages it takes modules from (`trust acme`), by their names on the machine, and
    /// where it says so.
    pub trusts: BTreeMap<String, Place>,
    /// Tests written in the dialplan.
    pub tests: Vec<Test>,
    /// Hash of all files and of what its modules say of themselves, hex; equal hashes are the same
    /// dialplan.
    pub hash: String,
}

/// The `tenant` node.
#[derive(Clone, Debug, PartialEq)]
pub struct Tenant {
    /// Folder's name; 1-63 of `a-z 0-9 -`.
    pub name: String,
    /// SIP domain and digest realm.
    pub domain: String,
    /// Time zone, an IANA name.
    pub zone: String,
    /// Calls at once.
    pub calls_max: u32,
    /// Country of the tones: `gb`, `us`, `ua`, `de`, `fr` (default `gb`).
    pub tones: String,
    /// Prompt that a held party hears; none is comfort silence.
    pub music: Option<String>,
    /// Digest policy for users that have none of their own.
    pub challenge: Challenge,
    /// Longest a call may last (default 4 h).
    pub longest_call: Duration,
    /// A leg that should send RTP and does not for so long is ended (default 60 s, 0 is never).
    pub no_rtp: Duration,
    /// How the country writes numbers.
    pub numbers: NumberRules,
    /// Where it stands.
    pub place: Place,
}

/// How a tenant's country writes numbers, for making E.164 of callers' and trunks' numbers.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct NumberRules {
    /// Country code without `+`, `44`; none keeps national numbers as they are.
    pub country: Option<String>,
    /// What precedes a national number at home (default `0` where a country is given).
    pub national_prefix: String,
    /// What precedes an international number (default `00`).
    pub international_prefix: String,
}

impl NumberRules {
    /// The policy for [`crate::numbers::normalise`].
    pub fn policy(&self) -> crate::numbers::NumberPolicy<'_> {
        crate::numbers::NumberPolicy {
            country: self.country.as_deref(),
            national_prefix: &self.national_prefix,
            international_prefix: &self.international_prefix,
        }
    }
}

/// A `user` node.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// Name in SIP URIs.
    pub name: String,
    /// Number shown when the user calls out.
    pub caller_id: Option<String>,
    /// Display name.
    pub display: Option<String>,
    /// Calls at once (default 4).
    pub calls_max: u32,
    /// Devices at once (default 5).
    pub bindings_max: u32,
    /// Role that `outbound` routes ask for.
    pub role: Option<String>,
    /// Own digest policy.
    pub challenge: Option<Challenge>,
    /// Where it stands.
    pub place: Place,
}

/// A `trunk` node: a carrier or PBX by IP address.
#[derive(Clone, Debug, PartialEq)]
pub struct Trunk {
    /// Its name.
    pub name: String,
    /// Addresses: requests from these hosts are the trunk's, the first is where calls go.
    pub addresses: Vec<SocketAddr>,
    /// True when calls go by TCP.
    pub tcp: bool,
    /// Calls at once (default 30).
    pub calls_max: u32,
    /// New calls a second, inbound (default 50).
    pub calls_per_second_max: u32,
    /// Number shown to it when the call has none of its own.
    pub caller_id: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// An `outbound` node: numbers that users may dial.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// Its name.
    pub name: String,
    /// Role that the user must have; none is every user.
    pub role: Option<String>,
    /// What to do.
    pub block: Arc<Block>,
}

/// Steps in order, with the name they are shown under.
#[derive(Clone, Debug)]
pub struct Block {
    /// `did "+4420..."`, `route main`, `on "1"`.
    pub title: String,
    /// Where it stands.
    pub place: Place,
    /// What to do; after the last step the call hangs up normally.
    pub steps: Vec<Step>,
}

/// One step and what follows its failure.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it does.
    pub kind: StepKind,
    /// Branches by outcome, `on "1" { ... }`: the first that matches runs in place of what follows.
    pub branches: Vec<Branch>,
    /// `else { ... }`: runs when the step fails and no branch matches. Without it the next step runs.
    pub otherwise: Option<Arc<Block>>,
    /// Where it stands.
    pub place: Place,
}

/// One `on` branch.
#[derive(Clone, Debug)]
pub struct Branch {
    /// Outcomes that take it: digits, `timeout`, `busy`, `no-answer`, ... or `other` for any that is left.
    pub outcomes: Vec<String>,
    /// What to do.
    pub block: Arc<Block>,
}

/// What a step does. Text that holds `{...}` is filled in when the step runs.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// Answer the caller.
    Answer,
    /// Play prompts, answering first unless `early`.
    Play {
        /// Prompts, or `text:`-less file names without `.wav`.
        prompts: Vec<Template>,
        /// Before the answer (183), where the caller has none yet.
        early: bool,
        /// Again and again for so long.
        repeat_for: Option<Duration>,
    },
    /// Play a tone by its name (`busy`, `ringback`, `congestion`) for a time.
    Tone {
        /// Name within the tenant's tones.
        name: String,
        /// How long.
        lasts: Duration,
    },
    /// Wait.
    Wait {
        /// How long.
        lasts: Duration,
    },
    /// Ask for digits. Outcome: the digits where a branch names them, else `digits`; `timeout`, `invalid`.
    Collect {
        /// What is played; a key stops it.
        prompts: Vec<Template>,
        /// Fewest digits (default 1).
        min: u8,
        /// Most digits; reached, the step ends.
        max: u8,
        /// For the first digit, from the prompt's end (default 5 s).
        timeout: Duration,
        /// Between digits (default 3 s).
        between: Duration,
        /// Digit that ends the entry (default `#`), not part of it.
        ends_with: Option<char>,
        /// Variable that takes the digits (default `digits`).
        into: String,
        /// The digits go to no event, log, trace or recording.
        secret: bool,
        /// Tries in all before the outcome is `timeout` or `invalid` (default 1).
        tries: u8,
        /// Played before another try.
        invalid: Vec<Template>,
    },
    /// Run a call script. Outcome: what the script returns, else `done`; `failed` on an error.
    Run {
        /// File under `scripts/` without `.lua`.
        script: String,
        /// Arguments, in order of their names.
        arguments: BTreeMap<String, Template>,
    },
    /// Ring users, in parallel or in turn. Outcome: `answered` (the step ends with the talk), `busy`, `no-answer`, `absent`, `failed`.
    RingUsers {
        /// Who.
        users: Vec<Template>,
        /// One after another instead of all at once.
        in_turn: bool,
        /// For each turn (default 20 s).
        timeout: Duration,
        /// Prompt heard by a caller who is answered; none is ringback of the tenant's country.
        music: Option<Template>,
    },
    /// Call out through trunks in order. Outcomes as `RingUsers`.
    CallTrunk {
        /// In order of preference.
        trunks: Vec<String>,
        /// The number; default the dialled one.
        number: Option<Template>,
        /// For each (default 60 s).
        timeout: Duration,
        /// Number shown; default the user's or trunk's.
        caller_id: Option<Template>,
    },
    /// Go on in a named route.
    Goto {
        /// Its name.
        route: String,
    },
    /// Record from now on (`record`), or stop (`record off`).
    Record {
        /// On or off.
        on: bool,
    },
    /// Set a variable.
    Set {
        /// Its name.
        name: String,
        /// Its value.
        value: Template,
    },
    /// Take the block whose condition holds first; `branches` is empty, `otherwise` is the `else`.
    When {
        /// Conditions and blocks in order.
        arms: Vec<(Condition, Arc<Block>)>,
    },
    /// End the call.
    Hangup {
        /// Q.850 cause by word; `None` is `normal`.
        cause: Option<String>,
    },
    /// A step of a module: `queue.enter sales`. Outcome: what its manifest declares, or `failed`.
    Module(Box<ModuleStep>),
}

impl StepKind {
    /// The step's name as the dialplan writes it.
    pub fn name(&self) -> &str {
        match self {
            StepKind::Answer => "answer",
            StepKind::Play { .. } => "play",
            StepKind::Tone { .. } => "tone",
            StepKind::Wait { .. } => "wait",
            StepKind::Collect { .. } => "collect",
            StepKind::Run { .. } => "run",
            StepKind::RingUsers { .. } => "ring",
            StepKind::CallTrunk { .. } => "trunk",
            StepKind::Goto { .. } => "goto",
            StepKind::Record { .. } => "record",
            StepKind::Set { .. } => "set",
            StepKind::When { .. } => "when",
            StepKind::Hangup { .. } => "hangup",
            StepKind::Module(step) => &step.name,
        }
    }
}

/// A `test` node: a call and what must be seen, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// Its name, or `test at main.kdl:12`.
    pub name: String,
    /// The calls it makes.
    pub calls: Vec<TestCall>,
    /// Canned answers of http: a URL's beginning, or a method and that, to (status, body).
    pub http: Vec<(String, u16, String)>,
    /// Canned outcomes of modules' steps. The n-th time a step runs takes its n-th line, and the
    /// last line from then on; a step without a line runs in its module.
    pub steps: Vec<CannedStep>,
    /// Calls that services may start, `user:anna` or `trunk:carrier:+4420`, by their beginnings; each
    /// taken, or refused with a word of failures (`busy`).
    pub starts: Vec<(String, Option<String>)>,
    /// Retained facts as conditions find them: topic, key, value.
    pub facts: Vec<(String, String, serde_json::Value)>,
    /// Where it stands.
    pub place: Place,
}

/// A `step "crm.look-up" outcome=found { set crm.name="Ann" }` line of a test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CannedStep {
    /// The step, `crm.look-up`.
    pub name: String,
    /// How it ends.
    pub outcome: String,
    /// Variables that it sets.
    pub set: Vec<(String, String)>,
    /// It takes so long.
    pub after: Duration,
}

/// One simulated call of a test, or of `cordboard simulate`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TestCall {
    /// Number or user that calls.
    pub from: Option<String>,
    /// True when `from` is a user of the tenant: outbound routes apply.
    pub as_user: bool,
    /// DID or number that is dialled.
    pub to: String,
    /// Local date and time, `2026-12-25T10:00`; none is Monday 2026-01-05 12:00.
    pub at: Option<String>,
    /// Keys pressed: `1`, `*`; `w` waits one second, `W` until the next time-out; fed to each collect in turn.
    pub keys: String,
    /// Users who answer, with the seconds after which they do; others do not.
    pub answers: Vec<(String, Duration)>,
    /// Users or trunks that are busy.
    pub busy: Vec<String>,
    /// Users with no device.
    pub absent: Vec<String>,
    /// The caller hangs up after so long.
    pub hangs_up_after: Option<Duration>,
    /// Lines that must be seen in this order: `play closed`, `ring alice`, `hangup`.
    pub expect: Vec<(String, Option<Place>)>,
    /// Lines that must not be seen.
    pub reject: Vec<(String, Option<Place>)>,
    /// Where it stands.
    pub place: Option<Place>,
}
