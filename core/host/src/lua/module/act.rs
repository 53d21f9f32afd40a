//! Inputs and actions of a service between Lua's shapes and the contract's.
//!
//! They are the JSON of `contract` but for three things that Lua writes in another way: an action
//! may have its act's fields beside its id (`{ id = 1, act = "publish", topic = ... }`), operations
//! are written as `operation` says, and a result is `answer` or `error`, `status` or `error`.
//! An action without an id gets one that no module chooses.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::operation::{Operation, texts};
use crate::contract::{Act, Action, HttpSend, Input, StartCall};

/// Ids from here on are ours: input number times 65,536, and the action's place.
const OWN_IDS: u64 = 1 << 52;
/// How long a started call rings when it does not say.
const RINGS_MS: u32 = 20_000;
/// How long an http request waits when it does not say.
const HTTP_MS: u32 = 5_000;

/// Inputs as JSON for Lua.
pub(crate) fn inputs(inputs: &[Input]) -> Result<Value, String> {
    let mut all = Vec::with_capacity(inputs.len());
    for input in inputs {
        let mut value = serde_json::to_value(input).map_err(|e| e.to_string())?;
        if let Some(body) = value.get_mut("body").and_then(Value::as_object_mut) {
            plain_status(body);
        }
        // Lua's numbers are exact up to 53 bits.
        if let Some(seed) = value.get_mut("seed") {
            *seed = json!(input.seed >> 11);
        }
        all.push(value);
    }
    Ok(Value::Array(all))
}

/// `status = {Ok = 200}` becomes `status = 200`, `{Err = ...}` becomes `error = ...`.
fn plain_status(body: &mut Map<String, Value>) {
    let Some(Value::Object(mut status)) = body.remove("status") else {
        return;
    };
    if let Some(code) = status.remove("Ok") {
        body.insert("status".into(), code);
    } else if let Some(error) = status.remove("Err") {
        body.insert("error".into(), error);
    }
}

/// An act as Lua writes it.
#[derive(Debug, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case", deny_unknown_fields)]
enum Written {
    Step {
        step: u64,
        operation: Value,
    },
    EndStep {
        step: u64,
        outcome: String,
    },
    Publish {
        topic: String,
        payload: Option<Value>,
    },
    Retain {
        topic: String,
        key: String,
        payload: Option<Value>,
    },
    SetTimer {
        name: String,
        at_ms: f64,
    },
    ClearTimer {
        name: String,
    },
    StartCall(Start),
    Reply {
        request: u64,
        answer: Option<Value>,
        error: Option<String>,
    },
    Http {
        method: String,
        url: String,
        headers: Option<Value>,
        body: Option<String>,
        timeout_ms: Option<u32>,
    },
}

/// A call that nobody dialled in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    user: Option<String>,
    trunk: Option<String>,
    number: Option<String>,
    route: String,
    caller_id: Option<String>,
    timeout_ms: Option<u32>,
    variables: Option<BTreeMap<String, String>>,
    key: Option<String>,
}

/// Reads what `handle` gave back, as JSON text. `first` is the number of its first input.
pub(crate) fn actions(text: &str, first: u64) -> Result<Vec<Action>, String> {
    let list = match serde_json::from_str(text).map_err(|e| e.to_string())? {
        Value::Array(list) => list,
        Value::Object(empty) if empty.is_empty() => return Ok(Vec::new()),
        _ => {
            return Err(
                "give back a list of actions, such as { { act = \"publish\", ... } }".into(),
            );
        }
    };
    list.into_iter()
        .enumerate()
        .map(|(at, value)| {
            let own = OWN_IDS + (first << 16) + at as u64;
            action(value, own).map_err(|e| format!("action {}: {e}", at + 1))
        })
        .collect()
}

fn action(value: Value, own: u64) -> Result<Action, String> {
    let Value::Object(mut fields) = value else {
        return Err("an action is a table".into());
    };
    let id = match fields.remove("id") {
        None => own,
        Some(id) => id
            .as_u64()
            .filter(|id| (1..OWN_IDS).contains(id))
            .ok_or("`id` is a whole number from 1")?,
    };
    let written = match fields.remove("act") {
        Some(Value::Object(act)) if fields.is_empty() => Value::Object(act),
        Some(Value::Object(_)) => {
            return Err("`act` is a table already: nothing but `id` stands beside it".into());
        }
        Some(word @ Value::String(_)) => {
            fields.insert("act".into(), word);
            Value::Object(fields)
        }
        _ => return Err("it has no `act`, such as act = \"publish\"".into()),
    };
    let name = written.get("act").and_then(Value::as_str).unwrap_or("");
    let name = name.to_owned();
    let written: Written = serde_json::from_value(written).map_err(|e| format!("{name}: {e}"))?;
    let act = read(written).map_err(|e| format!("{name}: {e}"))?;
    Ok(Action { id, act })
}

fn read(written: Written) -> Result<Act, String> {
    Ok(match written {
        Written::Step { step, operation } => Act::Step {
            step,
            operation: serde_json::from_value::<Operation>(operation)
                .map_err(|e| format!("operation: {e}"))?
                .read()?,
        },
        Written::EndStep { step, outcome } => Act::EndStep { step, outcome },
        Written::Publish { topic, payload } => Act::Publish {
            topic,
            payload: payload.unwrap_or_else(|| json!({})),
        },
        Written::Retain {
            topic,
            key,
            payload,
        } => Act::Retain {
            topic,
            key,
            payload,
        },
        Written::SetTimer { name, at_ms } if at_ms.is_finite() && at_ms >= 0.0 => Act::SetTimer {
            name,
            at_ms: at_ms.ceil() as u64,
        },
        Written::SetTimer { .. } => return Err("`at_ms` is Unix milliseconds".into()),
        Written::ClearTimer { name } => Act::ClearTimer { name },
        Written::StartCall(start) => Act::StartCall(StartCall {
            user: start.user,
            trunk: start.trunk,
            number: start.number,
            route: start.route,
            caller_id: start.caller_id,
            timeout_ms: start.timeout_ms.unwrap_or(RINGS_MS),
            variables: start.variables.unwrap_or_default(),
            key: start.key,
        }),
        Written::Reply {
            request,
            answer,
            error,
        } => Act::Reply {
            request,
            answer: match (answer, error) {
                (Some(_), Some(_)) => return Err("give `answer` or `error`, not both".into()),
                (answer, None) => Ok(answer.unwrap_or_else(|| json!({}))),
                (None, Some(error)) => Err(error),
            },
        },
        Written::Http {
            method,
            url,
            headers,
            body,
            timeout_ms,
        } => Act::Http(HttpSend {
            method: method.to_ascii_uppercase(),
            url,
            headers: pairs(headers)?,
            body,
            timeout_ms: timeout_ms.unwrap_or(HTTP_MS),
        }),
    })
}

/// Headers as names and values, `{ accept = "text/csv" }`, or as a list of pairs.
fn pairs(headers: Option<Value>) -> Result<Vec<(String, String)>, String> {
    match headers {
        None => Ok(Vec::new()),
        Some(Value::Object(named)) => named
            .into_iter()
            .map(|(name, value)| match value {
                Value::String(text) => Ok((name, text)),
                Value::Number(n) => Ok((name, n.to_string())),
                _ => Err(format!("the header `{name}` must be a text")),
            })
            .collect(),
        Some(list) => {
            let pairs: Vec<Pair> =
                serde_json::from_value(list).map_err(|e| format!("headers: {e}"))?;
            pairs
                .into_iter()
                .map(|Pair(pair)| match <[String; 2]>::try_from(pair) {
                    Ok([name, value]) => Ok((name, value)),
                    Err(_) => Err("headers: a pair is a name and a value".to_owned()),
                })
                .collect()
        }
    }
}

#[derive(Deserialize)]
struct Pair(#[serde(deserialize_with = "texts")] Vec<String>);
