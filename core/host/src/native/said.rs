//! JSON of the native border, read into the contract's types and written from them.
//!
//! The shapes are those of Lua modules: operations as `lua/module/operation` reads them, actions
//! and inputs as `lua/module/act` does. What native code says is a stranger's word: everything is
//! bounded, and a mistake is a sentence that names the entry and the field.

use std::collections::BTreeMap;
use std::time::Duration;

use cordboard_steps::script::{
    LogLevel, OutsideRequest, ScriptAnswer, ScriptCallError, ScriptError, ScriptErrorKind, ScriptOp,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::contract::{Decision, Event, Found, JSON_BYTES_MAX, Reasoned, Refused, Report, Target};
use crate::lua::{Operation, host_of};
use crate::module::{Module, StepBegin};

/// The kinds of failure, in the order of their codes from 1.
const KINDS: [ScriptCallError; 7] = [
    ScriptCallError::Gone,
    ScriptCallError::Timeout,
    ScriptCallError::Denied,
    ScriptCallError::NotFound,
    ScriptCallError::Invalid,
    ScriptCallError::Busy,
    ScriptCallError::Unavailable,
];
/// How long a target rings when it does not say.
const RINGS_MS: u64 = 20_000;
/// Longest message of a failure that is kept.
const WORDS_BYTES_MAX: usize = 4_096;
/// Longest time that a value is kept when a time is given: a year, in seconds.
const YEAR_SECONDS: u64 = 31_622_400;

/// What an operation outside the call is written as.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Outside {
    Now,
    Random,
    Open(String),
    Http(Http),
    StoreGet(String),
    StoreSet(Set),
    StoreIncrement(Increment),
    StoreDelete(String),
    Publish(Publish),
    Retain(Retain),
    Fact(Fact),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Http {
    method: String,
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<String>,
    timeout_ms: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    key: String,
    value: String,
    seconds: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Increment {
    key: String,
    by: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Publish {
    topic: String,
    payload: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Retain {
    topic: String,
    key: String,
    payload: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fact {
    topic: String,
    key: String,
}

const OUTSIDE: [&str; 11] = [
    "now",
    "random",
    "open",
    "http",
    "store_get",
    "store_set",
    "store_increment",
    "store_delete",
    "publish",
    "retain",
    "fact",
];

/// Reads what a run asks for.
///
/// # Errors
/// What is wrong with it: the answer is `invalid`.
pub(super) fn operation(module: &Module, body: &[u8]) -> Result<ScriptOp, String> {
    let value = json_of("ask", body)?;
    let name = match &value {
        Value::String(name) => Some(name.as_str()),
        Value::Object(one) if one.len() == 1 => one.keys().next().map(String::as_str),
        _ => None,
    };
    let name = name.ok_or("ask: an operation is \"answer\" or {\"play\": {...}}: one name")?;
    if OUTSIDE.contains(&name) {
        let name = name.to_owned();
        let asked: Outside = serde_json::from_value(value).map_err(|e| format!("{name}: {e}"))?;
        return outside(module, asked);
    }
    let name = name.to_owned();
    let written = match value {
        // The one operation whose argument may be left out.
        Value::String(word) if word == "hang_up" => json!({ "hang_up": null }),
        value => value,
    };
    serde_json::from_value::<Operation>(written)
        .map_err(|e| format!("{name}: {e}"))?
        .read()
}

fn outside(module: &Module, asked: Outside) -> Result<ScriptOp, String> {
    let own = |topic: String| match topic.contains('.') {
        true => topic,
        false => module.topic(&topic),
    };
    Ok(ScriptOp::Outside(match asked {
        Outside::Now => return Ok(ScriptOp::Now),
        Outside::Random => return Ok(ScriptOp::Random),
        Outside::Open(calendar) => return Ok(ScriptOp::Open { calendar }),
        Outside::Fact(Fact { topic, key }) => return Ok(ScriptOp::Fact { topic, key }),
        Outside::Http(http) => {
            let (method, wait) = (
                http.method.to_ascii_uppercase(),
                http.timeout_ms.unwrap_or(5_000),
            );
            let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
            if !known.contains(&method.as_str()) {
                return Err(format!("http: `method` is one of {}", known.join(", ")));
            }
            if http.url.len() > 8_192 {
                return Err("http: the URL is longer than 8192 bytes".into());
            }
            host_of(&http.url).map_err(|why| format!("http: {why}"))?;
            if !(1..=60_000).contains(&wait) {
                return Err("http: `timeout_ms` is 1 to 60000".into());
            }
            OutsideRequest::Http {
                method,
                url: http.url,
                headers: http.headers.into_iter().collect(),
                body: http.body,
                timeout: Duration::from_millis(wait),
            }
        }
        Outside::StoreGet(key) => OutsideRequest::StoreGet { key: keyed(key)? },
        Outside::StoreDelete(key) => OutsideRequest::StoreDelete { key: keyed(key)? },
        Outside::StoreSet(set) => OutsideRequest::StoreSet {
            key: keyed(set.key)?,
            value: set.value,
            lasts: match set.seconds {
                Some(seconds @ 1..=YEAR_SECONDS) => Some(Duration::from_secs(seconds)),
                Some(_) => return Err(format!("store_set: `seconds` is 1 to {YEAR_SECONDS}")),
                None => None,
            },
        },
        Outside::StoreIncrement(more) => OutsideRequest::StoreIncr {
            key: keyed(more.key)?,
            by: more.by.unwrap_or(1),
        },
        Outside::Publish(said) => OutsideRequest::Publish {
            topic: own(said.topic),
            payload: said.payload.unwrap_or_else(|| json!({})),
        },
        Outside::Retain(kept) => OutsideRequest::Retain {
            topic: own(kept.topic),
            key: kept.key,
            payload: kept.payload,
        },
    }))
}

fn keyed(key: String) -> Result<String, String> {
    match (1..=256).contains(&key.len()) {
        true => Ok(key),
        false => Err("a key is a text of 1 to 256 bytes".into()),
    }
}

/// An answer as a run gets it: its code and its body. `random`: the question was for chance.
pub(super) fn answer(answer: ScriptAnswer, random: bool) -> (i32, Vec<u8>) {
    let value = match answer {
        ScriptAnswer::Done => Value::Null,
        ScriptAnswer::Digits { outcome, digits } => {
            json!({ "outcome": outcome.word(), "digits": digits })
        }
        ScriptAnswer::Talk { outcome, by, cause } => {
            json!({ "outcome": outcome, "by": by, "cause": cause })
        }
        ScriptAnswer::Text { value } => json!(value),
        // Every reader of JSON has 53 bits.
        ScriptAnswer::Number { value } if random => json!((value as u64) >> 11),
        ScriptAnswer::Number { value } => json!(value),
        ScriptAnswer::Flag { value } => json!(value),
        ScriptAnswer::Json { value } => value.unwrap_or(Value::Null),
        ScriptAnswer::Now { unix_ms, local } => json!({ "unix_ms": unix_ms, "local": local }),
        ScriptAnswer::Http {
            status,
            headers,
            body,
        } => {
            let headers: BTreeMap<String, String> = headers.into_iter().collect();
            json!({ "status": status, "headers": headers, "body": body })
        }
        ScriptAnswer::Error { kind, message } => return (code(kind), message.into_bytes()),
    };
    (0, value.to_string().into_bytes())
}

/// The code of a kind of failure.
pub(super) fn code(kind: ScriptCallError) -> i32 {
    let at = KINDS.iter().position(|known| *known == kind);
    at.and_then(|at| i32::try_from(at + 1).ok()).unwrap_or(7)
}

/// What an entry came to: its reply, the module's own refusal, or its failure.
///
/// # Errors
/// It broke.
pub(super) fn ended(
    entry: &str,
    code: i32,
    reply: Vec<u8>,
) -> Result<Result<Vec<u8>, Refused>, ScriptError> {
    let words = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes.get(..WORDS_BYTES_MAX).unwrap_or(bytes));
        text.trim_end().to_owned()
    };
    let kind = code.checked_sub(1).and_then(|at| usize::try_from(at).ok());
    match (code, kind.and_then(|at| KINDS.get(at))) {
        (0, _) => Ok(Ok(reply)),
        (_, Some(kind)) => Ok(Err(Refused {
            kind: *kind,
            message: words(&reply),
        })),
        (code, None) if reply.is_empty() => Err(fault(format!("{entry}: it returned {code}"))),
        (_, None) => Err(fault(format!("{entry}: {}", words(&reply)))),
    }
}

/// The module's code did something wrong.
pub(super) fn fault(message: String) -> ScriptError {
    failure(ScriptErrorKind::Runtime, message)
}

/// A failure of that kind.
pub(super) fn failure(kind: ScriptErrorKind, message: String) -> ScriptError {
    ScriptError {
        message,
        line: None,
        stack: String::new(),
        kind,
    }
}

/// The step failed since the module said no: no fault of its code, and of nobody where something
/// is down.
pub(super) fn said_no(refused: &Refused) -> ScriptError {
    let kind = match refused.kind {
        ScriptCallError::Gone => ScriptErrorKind::Gone,
        ScriptCallError::Busy | ScriptCallError::Timeout | ScriptCallError::Unavailable => {
            ScriptErrorKind::Overload
        }
        _ => ScriptErrorKind::Runtime,
    };
    let word = refused.kind.word();
    failure(
        kind,
        match refused.message.is_empty() {
            true => word.to_owned(),
            false => format!("{word}: {}", refused.message),
        },
    )
}

/// A reply that is JSON; nothing is null.
pub(super) fn json_of(entry: &str, body: &[u8]) -> Result<Value, String> {
    if body.len() > JSON_BYTES_MAX {
        let length = body.len();
        return Err(format!(
            "{entry}: JSON of {length} bytes; {JSON_BYTES_MAX} is the most"
        ));
    }
    match body {
        [] => Ok(Value::Null),
        body => serde_json::from_slice(body).map_err(|e| format!("{entry}: no JSON: {e}")),
    }
}

/// The input of `run`.
pub(super) fn run_input(begin: &StepBegin) -> Value {
    let call = &begin.call;
    json!({
        "step": begin.step.step,
        "arguments": begin.step.arguments,
        "call": {
            "id": call.id.to_string(),
            "caller": begin.caller(),
            "dialled": call.dialled,
            "answered": call.answered,
            "at_ms": call.at_ms,
            "outcomes": begin.step.outcomes,
            "variables": call.variables,
        },
    })
}

/// The input of `route`.
pub(super) fn route_input(request: &crate::contract::RouteRequest) -> Value {
    let mut value = serde_json::to_value(request).unwrap_or_default();
    if let Some(seed) = value.get_mut("seed") {
        *seed = json!(request.seed >> 11);
    }
    value
}

/// Events as a module reads them.
pub(super) fn event_input(event: &Event) -> Value {
    serde_json::to_value(event).unwrap_or_default()
}

/// The outcome that `run` replied.
pub(super) fn outcome(module: &Module, step: &str, reply: &[u8]) -> Result<Option<String>, String> {
    let text = match json_of("run", reply)? {
        Value::Null => return Ok(None),
        Value::String(text) => text,
        other => {
            let shown: String = other.to_string().chars().take(64).collect();
            return Err(format!(
                "run: its reply is the outcome as a text, not {shown}"
            ));
        }
    };
    let Some(schema) = module.manifest.steps.get(step) else {
        return Ok(Some(text));
    };
    if schema.any_outcome || schema.outcomes.contains(&text) {
        return Ok(Some(text));
    }
    let shown: String = text.chars().take(64).collect();
    let declared = schema.outcomes.join(", ");
    Err(format!(
        "step `{step}` ended with \"{shown}\", and its manifest declares {declared}"
    ))
}

/// What `route` replied.
pub(super) fn reasoned(reply: &[u8]) -> Result<Reasoned, String> {
    let mut value = json_of("route", reply)?;
    let targets = value.pointer_mut("/decision/targets");
    for target in targets.and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(target) = target.as_object_mut() {
            target.entry("timeout_ms").or_insert(json!(RINGS_MS));
        }
    }
    let read: Reasoned = serde_json::from_value(value).map_err(|e| format!("route: {e}"))?;
    if let Decision::Targets(targets) = &read.decision
        && targets.iter().any(|t| *t == Target::default())
    {
        return Err("route: a target names a trunk or a user".into());
    }
    Ok(read)
}

/// What `look_up` replied: an outcome alone, or with variables.
pub(super) fn found(reply: &[u8]) -> Result<Found, String> {
    match json_of("look_up", reply)? {
        Value::String(outcome) => Ok(Found {
            outcome,
            set: BTreeMap::new(),
        }),
        value => serde_json::from_value(value).map_err(|e| format!("look_up: {e}")),
    }
}

/// What `render` replied; a body that is no text becomes JSON.
pub(super) fn report(reply: &[u8]) -> Result<Report, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Written {
        media_type: Option<String>,
        body: Value,
    }
    let value: Written =
        serde_json::from_slice(reply).map_err(|e| format!("render: no report: {e}"))?;
    let (usual, body) = match value.body {
        Value::String(text) => ("text/plain", text.into_bytes()),
        other => ("application/json", other.to_string().into_bytes()),
    };
    Ok(Report {
        media_type: value.media_type.unwrap_or_else(|| usual.to_owned()),
        body,
    })
}

/// The level of a line.
pub(super) fn level(word: i32) -> LogLevel {
    match word {
        0 => LogLevel::Debug,
        2 => LogLevel::Warn,
        3 => LogLevel::Error,
        _ => LogLevel::Info,
    }
}
