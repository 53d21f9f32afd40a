//! What a program and the run of its call say to each other. A program is a call script of the
//! tenant or a step of a module; the run does not know which kind.
//!
//! A script is straight-line code. It runs until it asks for something (`ScriptTurn::Call`) and
//! then stands still, without a thread, until the one answer to that comes (`ScriptCommand::Resume`).
//! Everything a script can ask for is a `ScriptOp`; time, chance, http and the store are among
//! them, so a script replays from its recorded answers.
//!
//! Order between the two: `Start` is answered by one turn; a `Call` turn by one `Resume`; a
//! `Resume` by one turn; `Done`, `Decided` and `Failed` end the script. After `Kill` every turn is
//! ignored.
//!
//! Programs of a call are numbered from 1, and commands and turns carry the number: a turn that was
//! on its way when its program was killed is not taken for the next one's.
//!
//! A program that follows events instead (a module's service) has two turns more. `Idle` owes
//! nothing and is owed nothing. `Interrupt` may come at any time: it ends the operation under way,
//! whose `Resume` says `busy` and wants no turn, and then begins its own, which is answered as a
//! `Call` is. Answers come in the order of the operations.

mod describe;
mod program;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::program::{Program, ProgramId, ScriptCall, ScriptStart, StepProgram};

/// What the answer of an operation says that an [`ScriptTurn::Interrupt`] ended.
pub const INTERRUPTED: &str = "the program wanted something else";

/// What the host is told to do with the script of a call. A call runs at most one at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum ScriptCommand {
    /// Begin one.
    Start(Box<ScriptStart>),
    /// The answer to its pending call.
    Resume {
        /// What its host function returns.
        answer: ScriptAnswer,
    },
    /// Drop it now; no turn is awaited.
    Kill,
}

/// One host call of a script. Operations on the call are the machines that dialplan steps use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "function", rename_all = "kebab-case")]
pub enum ScriptOp {
    /// Answer the caller. Answer: `Done`.
    Answer,
    /// Play prompts one after another, answering first unless `early`. Answer: `Done` when they are over.
    Play {
        /// Prompt names, without `.wav`.
        prompts: Vec<String>,
        /// Before the answer (183).
        early: bool,
        /// Again and again for so long.
        repeat_for: Option<Duration>,
    },
    /// Play a tone of the tenant's country. Answer: `Done`.
    Tone {
        /// `ringback`, `busy`, `congestion`.
        name: String,
        /// How long.
        lasts: Duration,
    },
    /// Wait. Answer: `Done`.
    Wait {
        /// How long.
        lasts: Duration,
    },
    /// Ask for digits. Answer: `Digits`.
    Collect(CollectOp),
    /// Ring users and talk. Answer: `Talk`, when the talk is over or nobody took the call.
    Ring {
        /// Names of users.
        users: Vec<String>,
        /// One after another.
        in_turn: bool,
        /// For each turn.
        timeout: Duration,
        /// Prompt that an answered caller hears meanwhile; none is ringback.
        music: Option<String>,
    },
    /// Call out through trunks in order. Answer: `Talk`.
    Trunk {
        /// Names of trunks, in order of preference.
        trunks: Vec<String>,
        /// The number; none is the dialled one.
        number: Option<String>,
        /// For each.
        timeout: Duration,
        /// Number shown; none is the user's or trunk's.
        caller_id: Option<String>,
    },
    /// Record from now on, or stop. Answer: `Done`.
    Record {
        /// On or off.
        on: bool,
    },
    /// Set a variable of the call. Answer: `Done`.
    Set {
        /// Its name: a letter or `_`, then letters, digits, `_`, `-`, `.`, at most 64.
        name: String,
        /// Its value, at most 4,096 bytes.
        value: String,
    },
    /// Read a variable of the call. Answer: `Text`; a secret one is `denied` to a module.
    Get {
        /// Its name.
        name: String,
    },
    /// Send digits to the caller. Answer: `Done`.
    SendDigits {
        /// `0-9 * # A-D`, at most 64.
        digits: String,
    },
    /// End the call. Answer: `Done`; then every operation on the call says `Gone`, and the
    /// script has five seconds to finish.
    Hangup {
        /// Q.850 cause by word; none is `normal`.
        cause: Option<String>,
    },
    /// Is a calendar open now? Answer: `Flag`.
    Open {
        /// Its name.
        calendar: String,
    },
    /// A retained fact, such as (`stats`, `sales`). Answer: `Json`.
    Fact {
        /// Its topic.
        topic: String,
        /// Its key.
        key: String,
    },
    /// Text for people, kept with the call. Answer: `Done`.
    Log {
        /// How loud.
        level: LogLevel,
        /// At most 4,096 bytes are kept.
        message: String,
    },
    /// The wall clock. Answer: `Now`.
    Now,
    /// Sixty-four random bits. Answer: `Number` (as the bit pattern of an `i64`).
    Random,
    /// Something outside the call. Answer: as `OutsideRequest` says.
    Outside(OutsideRequest),
}

/// What `collect` is asked for. Units: times are durations, counts are digits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CollectOp {
    /// What is played; a key stops it.
    pub prompts: Vec<String>,
    /// Fewest digits, 1 or more.
    pub min: u8,
    /// Most digits; reached, the entry is complete.
    pub max: u8,
    /// For the first digit, from the prompt's end.
    pub timeout: Duration,
    /// Between digits.
    pub between: Duration,
    /// Digit that ends the entry, not part of it.
    pub ends_with: Option<char>,
    /// The digits go to no event, log, trace or recording.
    pub secret: bool,
    /// Tries in all, 1 or more.
    pub tries: u8,
    /// Played before another try.
    pub invalid: Vec<String>,
}

impl Default for CollectOp {
    /// One digit within five seconds, one try.
    fn default() -> Self {
        Self {
            prompts: Vec::new(),
            min: 1,
            max: 1,
            timeout: Duration::from_secs(5),
            between: Duration::from_secs(3),
            ends_with: Some('#'),
            secret: false,
            tries: 1,
            invalid: Vec::new(),
        }
    }
}

/// How loud a script's log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// For whoever writes the script.
    Debug,
    /// Ordinary.
    Info,
    /// Unexpected, handled.
    Warn,
    /// Wrong.
    Error,
}

/// What the world outside the call is asked for; the node does it and answers with
/// `Input::Answer`. Capabilities and ceilings are checked there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
pub enum OutsideRequest {
    /// An http request. Answer: `Http`, or `Error`.
    Http {
        /// `GET`, `POST` ...
        method: String,
        /// Absolute URL.
        url: String,
        /// Header names and values.
        headers: Vec<(String, String)>,
        /// Body, if any.
        body: Option<String>,
        /// Ends with `Timeout`.
        timeout: Duration,
    },
    /// Read a key. Answer: `Text`.
    StoreGet {
        /// The key.
        key: String,
    },
    /// Write a key. Answer: `Done`.
    StoreSet {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// Forgotten after so long; none is never.
        lasts: Option<Duration>,
    },
    /// Forget a key. Answer: `Done`.
    StoreDelete {
        /// The key.
        key: String,
    },
    /// Add to a number, which begins at 0. Answer: `Number`, the new value.
    StoreIncr {
        /// The key.
        key: String,
        /// What to add.
        by: i64,
    },
    /// Tell everybody who listens, and the journal; of modules only. Answer: `Done`.
    Publish {
        /// `<module>.<past-tense>`.
        topic: String,
        /// JSON.
        payload: Value,
    },
    /// Keep a value that everybody may read; of modules only. Answer: `Done`.
    Retain {
        /// `<module>.<noun>`.
        topic: String,
        /// Which one.
        key: String,
        /// None forgets it.
        payload: Option<Value>,
    },
}

/// What a host call returns to the script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum ScriptAnswer {
    /// It is done; there is nothing to return.
    Done,
    /// What `collect` got.
    Digits {
        /// `digits`, `timeout` or `invalid`.
        outcome: CollectOutcome,
        /// The digits of the last try; empty unless the outcome is `digits`.
        digits: String,
    },
    /// How `ring` or `trunk` went.
    Talk {
        /// `answered`, `busy`, `no-answer`, `absent` or `failed`.
        outcome: String,
        /// Who answered: a user's or trunk's name.
        by: Option<String>,
        /// Q.850 cause by word, where one is known.
        cause: Option<String>,
    },
    /// A value, or none.
    Text {
        /// The value.
        value: Option<String>,
    },
    /// A number.
    Number {
        /// The number.
        value: i64,
    },
    /// Yes or no.
    Flag {
        /// Yes or no.
        value: bool,
    },
    /// A structured value, or none.
    Json {
        /// The value.
        value: Option<Value>,
    },
    /// The wall clock.
    Now {
        /// Unix milliseconds.
        unix_ms: u64,
        /// Local time of the tenant's zone, `2026-12-25T10:00:00+00:00[Europe/London]`.
        local: String,
    },
    /// An http response; any status is an answer.
    Http {
        /// Status code.
        status: u16,
        /// Header names in lower case, and values.
        headers: Vec<(String, String)>,
        /// Body, at most what the capability allows.
        body: String,
    },
    /// It could not be done. In Lua: `nil, kind, message`.
    Error {
        /// Which kind of failure.
        kind: ScriptCallError,
        /// One sentence.
        message: String,
    },
}

/// How a `collect` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CollectOutcome {
    /// Enough digits.
    Digits,
    /// No digit in time, in the last try.
    Timeout,
    /// Too few digits, in the last try.
    Invalid,
}

impl CollectOutcome {
    /// The word of dialplans and facts.
    pub fn word(self) -> &'static str {
        match self {
            CollectOutcome::Digits => "digits",
            CollectOutcome::Timeout => "timeout",
            CollectOutcome::Invalid => "invalid",
        }
    }
}

/// Why a host call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScriptCallError {
    /// The caller is gone: finish; five seconds are left.
    Gone,
    /// It took too long.
    Timeout,
    /// The capability is not granted.
    Denied,
    /// No such prompt, user, trunk, calendar.
    NotFound,
    /// An argument is wrong.
    Invalid,
    /// A rate or a concurrency limit of the tenant is met.
    Busy,
    /// What was needed is down.
    Unavailable,
}

impl ScriptCallError {
    /// The word a script sees.
    pub fn word(self) -> &'static str {
        match self {
            ScriptCallError::Gone => "gone",
            ScriptCallError::Timeout => "timeout",
            ScriptCallError::Denied => "denied",
            ScriptCallError::NotFound => "not-found",
            ScriptCallError::Invalid => "invalid",
            ScriptCallError::Busy => "busy",
            ScriptCallError::Unavailable => "unavailable",
        }
    }
}

/// What a script did with its turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "turn", rename_all = "kebab-case")]
pub enum ScriptTurn {
    /// It asks for something and stands still.
    Call {
        /// What.
        op: ScriptOp,
        /// Line of the script, from 1; 0 where no line is known.
        line: u32,
    },
    /// It wants this now. An operation under way is ended first, and its answer is `Error` of
    /// `busy`; with none under way this is `Call`.
    Interrupt {
        /// What.
        op: ScriptOp,
        /// As in `Call`.
        line: u32,
    },
    /// It waits for something else than an answer of this call; its next turn comes by itself. A
    /// caller who leaves meanwhile ends it at once.
    Idle,
    /// It has nothing more to say: the run carries this out, and the step is over.
    Decided(Box<Decided>),
    /// It returned.
    Done {
        /// What it returned, as text: the outcome of the step; none is `done`.
        outcome: Option<String>,
    },
    /// It ended by an error.
    Failed {
        /// Which.
        error: ScriptError,
    },
}

/// A last word: operations one after another, then an outcome. Talks (`ring`, `trunk`) are tried in
/// their order until one is answered, and the last of them gives the outcome; any other operation
/// that fails fails the step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decided {
    /// What is to be done, in order.
    pub operations: Vec<ScriptOp>,
    /// The step's outcome where none of them is a talk.
    pub outcome: String,
}

impl Decided {
    /// As a turn.
    pub fn turn(self) -> ScriptTurn {
        match self.operations.is_empty() {
            true => ScriptTurn::Done {
                outcome: Some(self.outcome),
            },
            false => ScriptTurn::Decided(Box::new(self)),
        }
    }
}

impl ScriptTurn {
    /// True when the program is over with it and hears nothing more.
    pub fn is_last(&self) -> bool {
        matches!(
            self,
            ScriptTurn::Decided(_) | ScriptTurn::Done { .. } | ScriptTurn::Failed { .. }
        )
    }
}

/// How a script failed. The step's outcome is `failed`, and its `why` is this in text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ScriptError {
    /// What it says, with no stack.
    pub message: String,
    /// Line of the script, from 1, where it is known.
    pub line: Option<u32>,
    /// The stack, innermost first, one frame a line; may be empty.
    pub stack: String,
    /// Whose fault.
    pub kind: ScriptErrorKind,
}

/// Whose fault a script's failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScriptErrorKind {
    /// The script raised or used something wrongly.
    Runtime,
    /// It met its limit of CPU time.
    Budget,
    /// Its VM met the limit of memory.
    Memory,
    /// It ended because its caller is gone.
    Gone,
    /// There is no such script, or it does not compile.
    Missing,
    /// No worker could take it.
    Overload,
}
