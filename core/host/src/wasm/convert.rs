//! The contract's records as wasmtime has them, turned into those of `contract.rs` and back.
//!
//! Names and meanings are the same on both sides. What changes: JSON is text outside and a value
//! inside, times are milliseconds outside and durations inside, pairs become maps. Text that is no
//! JSON is the module's fault, and the sentence says which field.

pub(super) mod operation;
mod serving;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use cordboard_steps::script::{LogLevel, ScriptCallError};
use serde_json::Value;

use super::bindings::script::cordboard::module as wit;
use super::bindings::{connector, reporter, router};
use crate::contract::{
    Caller, Decision, Event, Found, JSON_BYTES_MAX, Query, Reasoned, Refused, Report, RouteRequest,
    Target,
};

pub(super) use serving::{action, input};

use connector::exports::cordboard::module::connecting;
use reporter::exports::cordboard::module::reporting;
use router::exports::cordboard::module::routing;

/// JSON that a guest handed over.
pub(super) fn parse(text: &str, what: &str) -> Result<Value, String> {
    if text.len() > JSON_BYTES_MAX {
        return Err(format!(
            "{what} has {} bytes, {JSON_BYTES_MAX} are allowed",
            text.len()
        ));
    }
    serde_json::from_str(text).map_err(|e| format!("{what} is no JSON: {e}"))
}

pub(super) fn caller(caller: &Caller) -> wit::types::Caller {
    wit::types::Caller {
        number: caller.number.clone(),
        name: caller.name.clone(),
        user: caller.user.clone(),
        trunk: caller.trunk.clone(),
    }
}

pub(super) fn event(event: &Event) -> wit::types::Event {
    wit::types::Event {
        seq: event.seq,
        at_ms: event.at_ms,
        topic: event.topic.clone(),
        call: event.call.clone(),
        leg: event.leg,
        payload: event.payload.to_string(),
    }
}

/// A refusal by the host.
pub(super) fn error(refused: Refused) -> wit::types::Error {
    use wit::types::Error;
    let message = refused.message;
    match refused.kind {
        ScriptCallError::Gone => Error::Gone,
        ScriptCallError::Timeout => Error::Timeout,
        ScriptCallError::Denied => Error::Denied(message),
        ScriptCallError::NotFound => Error::NotFound(message),
        ScriptCallError::Invalid => Error::Invalid(message),
        ScriptCallError::Busy => Error::Busy,
        ScriptCallError::Unavailable => Error::Unavailable(message),
    }
}

/// A refusal by the module.
pub(super) fn refused(error: wit::types::Error) -> Refused {
    use wit::types::Error;
    let (kind, message) = match error {
        Error::Gone => (ScriptCallError::Gone, String::new()),
        Error::Timeout => (ScriptCallError::Timeout, String::new()),
        Error::Denied(message) => (ScriptCallError::Denied, message),
        Error::NotFound(message) => (ScriptCallError::NotFound, message),
        Error::Invalid(message) => (ScriptCallError::Invalid, message),
        Error::Busy => (ScriptCallError::Busy, String::new()),
        Error::Unavailable(message) => (ScriptCallError::Unavailable, message),
    };
    Refused { kind, message }
}

pub(super) fn level(level: wit::log::Level) -> LogLevel {
    match level {
        wit::log::Level::Debug => LogLevel::Debug,
        wit::log::Level::Info => LogLevel::Info,
        wit::log::Level::Warn => LogLevel::Warn,
        wit::log::Level::Error => LogLevel::Error,
    }
}

fn pairs(map: &BTreeMap<String, String>) -> Vec<(String, String)> {
    map.iter().map(|(n, v)| (n.clone(), v.clone())).collect()
}

pub(super) fn request(request: &RouteRequest) -> routing::Request {
    routing::Request {
        step: request.step.clone(),
        arguments: request.arguments.to_string(),
        call: request.call.clone(),
        caller: caller(&request.caller),
        dialled: request.dialled.clone(),
        variables: pairs(&request.variables),
        at_ms: request.at_ms,
        seed: request.seed,
    }
}

pub(super) fn reasoned(reasoned: routing::Reasoned) -> Reasoned {
    let decision = match reasoned.decision {
        routing::Decision::Outcome(outcome) => Decision::Outcome(outcome),
        routing::Decision::Targets(targets) => {
            Decision::Targets(targets.into_iter().map(target).collect())
        }
    };
    Reasoned {
        decision,
        set: reasoned.set.into_iter().collect(),
        reasons: reasoned.reasons,
    }
}

fn target(target: routing::Target) -> Target {
    Target {
        trunk: target.trunk,
        user: target.user,
        number: target.number,
        caller_id: target.caller_id,
        timeout_ms: target.timeout_ms,
    }
}

pub(super) fn query(query: &Query) -> connecting::Query {
    connecting::Query {
        step: query.step.clone(),
        arguments: query.arguments.to_string(),
        call: query.call.clone(),
        caller: caller(&query.caller),
        dialled: query.dialled.clone(),
    }
}

pub(super) fn found(found: connecting::Found) -> Found {
    Found {
        outcome: found.outcome,
        set: found.set.into_iter().collect(),
    }
}

pub(super) fn report(report: reporting::Report) -> Report {
    Report {
        media_type: report.media_type,
        body: report.body,
    }
}
