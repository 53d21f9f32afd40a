//! How host calls are told in `call.script` events: the function's name and its arguments.

use std::time::Duration;

use serde_json::{Value, json};

use super::{OutsideRequest, ScriptAnswer, ScriptOp};

impl ScriptOp {
    /// The function's name in events: `play`, `http`, `store-get` ...
    pub fn function(&self) -> &'static str {
        match self {
            ScriptOp::Answer => "answer",
            ScriptOp::Play { .. } => "play",
            ScriptOp::Tone { .. } => "tone",
            ScriptOp::Wait { .. } => "wait",
            ScriptOp::Collect(_) => "collect",
            ScriptOp::Ring { .. } => "ring",
            ScriptOp::Trunk { .. } => "trunk",
            ScriptOp::Record { .. } => "record",
            ScriptOp::Set { .. } => "set",
            ScriptOp::Get { .. } => "get",
            ScriptOp::SendDigits { .. } => "send-digits",
            ScriptOp::Hangup { .. } => "hangup",
            ScriptOp::Open { .. } => "open",
            ScriptOp::Fact { .. } => "fact",
            ScriptOp::Log { .. } => "log",
            ScriptOp::Now => "now",
            ScriptOp::Random => "random",
            ScriptOp::Outside(request) => request.function(),
        }
    }

    /// The arguments for the `call.script` event, before secrets are masked. Durations in ms.
    pub fn arguments(&self) -> Value {
        let ms = |d: &Duration| d.as_millis() as u64;
        match self {
            ScriptOp::Answer | ScriptOp::Now | ScriptOp::Random => json!({}),
            ScriptOp::Play {
                prompts,
                early,
                repeat_for,
            } => json!({
                "prompts": prompts, "early": early, "repeat_ms": repeat_for.as_ref().map(ms),
            }),
            ScriptOp::Tone { name, lasts } => json!({ "name": name, "lasts_ms": ms(lasts) }),
            ScriptOp::Wait { lasts } => json!({ "lasts_ms": ms(lasts) }),
            ScriptOp::Collect(c) => json!({
                "prompts": c.prompts, "min": c.min, "max": c.max, "secret": c.secret,
                "tries": c.tries, "timeout_ms": ms(&c.timeout), "between_ms": ms(&c.between),
            }),
            ScriptOp::Ring {
                users,
                in_turn,
                timeout,
                ..
            } => json!({
                "users": users, "in_turn": in_turn, "timeout_ms": ms(timeout),
            }),
            ScriptOp::Trunk {
                trunks,
                number,
                timeout,
                caller_id,
            } => json!({
                "trunks": trunks, "number": number, "timeout_ms": ms(timeout), "caller_id": caller_id,
            }),
            ScriptOp::Record { on } => json!({ "on": on }),
            ScriptOp::Set { name, value } => json!({ "name": name, "value": value }),
            ScriptOp::Get { name } => json!({ "name": name }),
            ScriptOp::SendDigits { digits } => json!({ "digits": digits }),
            ScriptOp::Hangup { cause } => json!({ "cause": cause }),
            ScriptOp::Open { calendar } => json!({ "calendar": calendar }),
            ScriptOp::Fact { topic, key } => json!({ "topic": topic, "key": key }),
            ScriptOp::Log { level, message } => json!({ "level": level, "message": message }),
            ScriptOp::Outside(request) => request.arguments(),
        }
    }

    /// True when the operation needs a caller who is still there.
    pub fn needs_caller(&self) -> bool {
        matches!(
            self,
            ScriptOp::Answer
                | ScriptOp::Play { .. }
                | ScriptOp::Tone { .. }
                | ScriptOp::Wait { .. }
                | ScriptOp::Collect(_)
                | ScriptOp::Ring { .. }
                | ScriptOp::Trunk { .. }
                | ScriptOp::Record { .. }
                | ScriptOp::SendDigits { .. }
                | ScriptOp::Hangup { .. }
        )
    }
}

impl OutsideRequest {
    /// The function's name in events.
    pub fn function(&self) -> &'static str {
        match self {
            OutsideRequest::Http { .. } => "http",
            OutsideRequest::StoreGet { .. } => "store-get",
            OutsideRequest::StoreSet { .. } => "store-set",
            OutsideRequest::StoreDelete { .. } => "store-delete",
            OutsideRequest::StoreIncr { .. } => "store-incr",
            OutsideRequest::Publish { .. } => "publish",
            OutsideRequest::Retain { .. } => "retain",
        }
    }

    /// The arguments for the event: header values are left out, since they carry credentials.
    pub fn arguments(&self) -> Value {
        match self {
            OutsideRequest::Http {
                method,
                url,
                headers,
                body,
                timeout,
            } => {
                let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
                json!({
                    "method": method, "url": url, "headers": names,
                    "body": body, "timeout_ms": timeout.as_millis() as u64,
                })
            }
            OutsideRequest::StoreGet { key } | OutsideRequest::StoreDelete { key } => {
                json!({ "key": key })
            }
            OutsideRequest::StoreSet { key, value, lasts } => json!({
                "key": key, "value": value, "lasts_ms": lasts.map(|d| d.as_millis() as u64),
            }),
            OutsideRequest::StoreIncr { key, by } => json!({ "key": key, "by": by }),
            OutsideRequest::Publish { topic, payload } => {
                json!({ "topic": topic, "payload": payload })
            }
            OutsideRequest::Retain {
                topic,
                key,
                payload,
            } => json!({ "topic": topic, "key": key, "payload": payload }),
        }
    }
}

impl ScriptAnswer {
    /// As the journal tells it: plain, since `call.script` already says which function.
    pub(crate) fn told(&self) -> Value {
        match self {
            ScriptAnswer::Done => json!("done"),
            ScriptAnswer::Digits { outcome, digits } => {
                json!({ "outcome": outcome.word(), "digits": digits })
            }
            ScriptAnswer::Talk { outcome, by, cause } => {
                json!({ "outcome": outcome, "by": by, "cause": cause })
            }
            ScriptAnswer::Text { value } => json!(value),
            ScriptAnswer::Number { value } => json!(value),
            ScriptAnswer::Flag { value } => json!(value),
            ScriptAnswer::Json { value } => json!(value),
            ScriptAnswer::Now { unix_ms, local } => json!({ "unix_ms": unix_ms, "local": local }),
            ScriptAnswer::Http {
                status,
                headers,
                body,
            } => {
                json!({ "status": status, "headers": headers, "body": body })
            }
            ScriptAnswer::Error { kind, message } => {
                json!({ "error": kind.word(), "message": message })
            }
        }
    }
}
