//! What a module said: the values that its functions return, read into the contract's types.
//!
//! Metatables are never asked, so none of its code runs while we read. A mistake is a sentence
//! that names the function and the field.

use std::collections::BTreeMap;

use cordboard_steps::ScriptCallError;
use mlua::{MultiValue, Table, Value};

use crate::contract::{Decision, Found, Reasoned, Refused, Report, Target};
use crate::lua::check::nearest;
use crate::lua::json;
use crate::lua::request::options::{Options, flag_text, text, texts_within, whole};

/// Targets, variables and reasons of one answer; the step's host bounds them again.
const LIST_MAX: usize = 256;
/// How long a target rings when it does not say.
const RINGS_MS: u32 = 20_000;

/// What a function of the WIT's `result<T, error>` gave back.
pub(crate) enum Refusal {
    /// The good case: its first value.
    Value(Value),
    /// `nil, kind, message`.
    Refused(Refused),
}

const KINDS: [ScriptCallError; 7] = [
    ScriptCallError::Gone,
    ScriptCallError::Timeout,
    ScriptCallError::Denied,
    ScriptCallError::NotFound,
    ScriptCallError::Invalid,
    ScriptCallError::Busy,
    ScriptCallError::Unavailable,
];

/// Splits `value` from `nil, kind, message`.
pub(crate) fn refusal(function: &str, values: MultiValue) -> Result<Refusal, String> {
    let mut values = values.into_iter();
    let first = values.next().unwrap_or(Value::Nil);
    let kind = match (&first, values.next()) {
        (Value::Nil | Value::Boolean(false), Some(Value::String(kind))) => kind.to_string_lossy(),
        _ => return Ok(Refusal::Value(first)),
    };
    let Some(found) = KINDS.iter().find(|k| k.word() == kind) else {
        let words = KINDS.map(ScriptCallError::word).join(", ");
        return Err(format!(
            "{function}: \"{kind}\" is no kind of failure: return nil, one of {words}, and a message"
        ));
    };
    let message = match values.next() {
        None | Some(Value::Nil) => String::new(),
        Some(other) => text(&other, &format!("{function}: the message"))?,
    };
    Ok(Refusal::Refused(Refused {
        kind: *found,
        message,
    }))
}

/// `routing.reasoned` as the prelude's `route` gives it back, in pieces or whole.
pub(crate) fn routed(mut values: MultiValue) -> Result<Result<Reasoned, Refused>, String> {
    let in_pieces = values.pop_front() == Some(Value::Boolean(true));
    if !in_pieces {
        return match refusal("route", values)? {
            Refusal::Value(value) => reasoned(&value).map(Ok),
            Refusal::Refused(refused) => Ok(Err(refused)),
        };
    }
    let word = |value: Option<Value>| match value {
        Some(Value::String(text)) => Some(text.to_string_lossy()),
        _ => None,
    };
    let outcome = word(values.pop_front()).unwrap_or_default();
    Ok(Ok(Reasoned {
        decision: Decision::Outcome(outcome),
        set: BTreeMap::new(),
        reasons: word(values.pop_front()).into_iter().collect(),
    }))
}

/// `routing.reasoned`.
pub(crate) fn reasoned(value: &Value) -> Result<Reasoned, String> {
    let options = table("route", value, &["decision", "set", "reasons"])?;
    let decision = match options.value("decision") {
        Value::Nil => {
            return Err(
                "route: the answer has no `decision`: give {decision = {outcome = \"...\"}} or {decision = {targets = {...}}}"
                    .into(),
            );
        }
        other => decision(&other)?,
    };
    Ok(Reasoned {
        decision,
        set: set("route", &options.value("set"))?,
        reasons: texts_within(&options.value("reasons"), "route: a reason", LIST_MAX)?,
    })
}

fn decision(value: &Value) -> Result<Decision, String> {
    let options = table("route: `decision`", value, &["outcome", "targets"])?;
    match (options.value("outcome"), options.value("targets")) {
        (Value::Nil, Value::Table(list)) => targets(&list).map(Decision::Targets),
        (outcome @ Value::String(_), Value::Nil) => {
            text(&outcome, "route: `outcome`").map(Decision::Outcome)
        }
        _ => {
            Err("route: `decision` is {outcome = \"...\"} or {targets = {...}}, one of them".into())
        }
    }
}

fn targets(list: &Table) -> Result<Vec<Target>, String> {
    const KNOWN: &[&str] = &["trunk", "user", "number", "caller_id", "timeout_ms"];
    let length = list.raw_len();
    if length > LIST_MAX {
        return Err(format!("route: {length} targets; {LIST_MAX} is the most"));
    }
    (1..=length)
        .map(|at| {
            let place = format!("route: target {at}");
            let value: Value = list.raw_get(at).map_err(|e| e.to_string())?;
            let options = table(&place, &value, KNOWN)?;
            let timeout_ms = match options.value("timeout_ms") {
                Value::Nil => RINGS_MS,
                other => u32::try_from(whole(&other, &format!("{place}: timeout_ms"))?)
                    .map_err(|_| format!("{place}: timeout_ms is 0 to 4294967295"))?,
            };
            let named = |e: String| format!("{place}: {e}");
            Ok(Target {
                trunk: options.text("trunk").map_err(named)?,
                user: options.text("user").map_err(named)?,
                number: options.text("number").map_err(named)?,
                caller_id: options.text("caller_id").map_err(named)?,
                timeout_ms,
            })
        })
        .collect()
}

/// `connecting.found`.
pub(crate) fn found(value: &Value) -> Result<Found, String> {
    if let Value::String(_) = value {
        return Ok(Found {
            outcome: text(value, "look_up: the outcome")?,
            set: BTreeMap::new(),
        });
    }
    let options = table("look_up", value, &["outcome", "set"])?;
    let Some(outcome) = options.text("outcome")? else {
        return Err("look_up: the answer has no `outcome`: give {outcome = \"found\"}".into());
    };
    Ok(Found {
        outcome,
        set: set("look_up", &options.value("set"))?,
    })
}

/// `reporting.report`; a body that is a table becomes JSON.
pub(crate) fn report(value: &Value, bytes_max: usize) -> Result<Report, String> {
    let options = table("render", value, &["media_type", "body"])?;
    let (default, body) = match options.value("body") {
        Value::String(body) => ("text/plain", body.as_bytes().to_vec()),
        body @ Value::Table(_) => {
            let text = json::encode(&body, bytes_max).map_err(|e| format!("render: {e}"))?;
            ("application/json", text.into_bytes())
        }
        other => {
            return Err(format!(
                "render: `body` is a text, or a table for JSON, not a {}",
                other.type_name()
            ));
        }
    };
    if body.len() > bytes_max {
        return Err(format!(
            "render: the report has {} bytes; {bytes_max} is the most",
            body.len()
        ));
    }
    Ok(Report {
        media_type: options
            .text("media_type")?
            .unwrap_or_else(|| default.into()),
        body,
    })
}

/// A state from `save`: a table as JSON, or a text as it is.
pub(crate) fn state(value: &Value, bytes_max: usize) -> Result<Vec<u8>, String> {
    let bytes = match value {
        Value::Table(_) => json::encode(value, bytes_max)
            .map_err(|e| format!("save: {e}"))?
            .into_bytes(),
        Value::String(text) => text.as_bytes().to_vec(),
        other => {
            return Err(format!(
                "save: a state is a table or a text, not a {}",
                other.type_name()
            ));
        }
    };
    if bytes.len() > bytes_max {
        return Err(format!(
            "save: the state has {} bytes; {bytes_max} is the most",
            bytes.len()
        ));
    }
    Ok(bytes)
}

/// Variables to set: names, and texts, numbers or booleans.
fn set(function: &str, value: &Value) -> Result<BTreeMap<String, String>, String> {
    let table = match value {
        Value::Nil => return Ok(BTreeMap::new()),
        Value::Table(table) => table,
        other => {
            return Err(format!(
                "{function}: `set` is a table of names and texts, not a {}",
                other.type_name()
            ));
        }
    };
    let mut set = BTreeMap::new();
    for pair in table.pairs::<Value, Value>() {
        let (Value::String(name), value) = pair.map_err(|e| e.to_string())? else {
            return Err(format!(
                "{function}: `set` has names, such as {{[\"crm.name\"] = \"Ann\"}}"
            ));
        };
        let name = name.to_string_lossy();
        let value = flag_text(&value, &format!("{function}: the variable {name}"))?;
        set.insert(name, value);
        if set.len() > LIST_MAX {
            return Err(format!(
                "{function}: more than {LIST_MAX} variables in `set`"
            ));
        }
    }
    Ok(set)
}

fn table(place: &str, value: &Value, known: &[&str]) -> Result<Options, String> {
    match value {
        Value::Table(_) => Options::read(value, known).map_err(|e| format!("{place}: {e}")),
        Value::Nil => Err(format!(
            "{place}: nothing came back; a table with {} is wanted",
            known.join(", ")
        )),
        other => Err(format!(
            "{place}: a table with {} is wanted, not a {}",
            known.join(", "),
            other.type_name()
        )),
    }
}

/// What `start` returned: nothing, a reason, or a list of them.
pub(crate) fn reasons(value: Option<&Value>) -> Result<Vec<String>, String> {
    match value {
        None | Some(Value::Nil | Value::Boolean(true)) => Ok(Vec::new()),
        Some(Value::Table(table)) if table.raw_len() == 0 => Ok(Vec::new()),
        Some(list) => texts_within(list, "start: a reason", LIST_MAX),
    }
}

/// The hint of a misspelt function.
pub(crate) fn hint(name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("this world has {}", known.join(", ")),
    }
}
