//! An answer from outside as the values that a host function returns in the script.
//!
//! The call's own functions never fail quietly: what could not be done is raised at the script's
//! line. Functions of the world outside (`http`, `store`) return `nil, kind, message`, since
//! their failures are daily life.

use cordboard_steps::script::{CollectOutcome, ScriptAnswer, ScriptCallError};
use mlua::{IntoLua, Lua, MultiValue, Value};

use super::json;

/// How the pending host call takes a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnError {
    /// Raises it.
    Raise,
    /// Returns `nil, kind, message`.
    Return,
}

/// `(false, message)`: raised by the prelude.
pub(crate) fn raise(lua: &Lua, message: &str) -> mlua::Result<MultiValue> {
    Ok(MultiValue::from_vec(vec![
        Value::Boolean(false),
        Value::String(lua.create_string(message)?),
    ]))
}

/// `(true, nil, kind, message)`.
pub(crate) fn failed(lua: &Lua, kind: ScriptCallError, message: &str) -> mlua::Result<MultiValue> {
    Ok(MultiValue::from_vec(vec![
        Value::Boolean(true),
        Value::Nil,
        kind.word().into_lua(lua)?,
        message.into_lua(lua)?,
    ]))
}

/// What goes into the coroutine.
pub(crate) fn to_lua(
    lua: &Lua,
    answer: ScriptAnswer,
    on_error: OnError,
) -> mlua::Result<MultiValue> {
    let mut values = vec![Value::Boolean(true)];
    match answer {
        ScriptAnswer::Done => values.push(Value::Boolean(true)),
        ScriptAnswer::Digits { outcome, digits } => {
            let digits = match outcome {
                CollectOutcome::Digits => digits.into_lua(lua)?,
                _ => Value::Nil,
            };
            values.extend([digits, outcome.word().into_lua(lua)?]);
        }
        ScriptAnswer::Talk { outcome, by, cause } => {
            values.extend([
                outcome.into_lua(lua)?,
                by.into_lua(lua)?,
                cause.into_lua(lua)?,
            ]);
        }
        ScriptAnswer::Text { value } => values.push(value.into_lua(lua)?),
        ScriptAnswer::Number { value } => values.push(Value::Number(value as f64)),
        ScriptAnswer::Flag { value } => values.push(Value::Boolean(value)),
        ScriptAnswer::Json { value } => values.push(match value {
            None | Some(serde_json::Value::Null) => Value::Nil,
            Some(value) => json::to_lua(lua, &value).map_err(mlua::Error::runtime)?,
        }),
        ScriptAnswer::Now { unix_ms, local } => {
            values.extend([
                Value::Number(unix_ms as f64 / 1_000.0),
                local.into_lua(lua)?,
            ]);
        }
        ScriptAnswer::Http {
            status,
            headers,
            body,
        } => {
            values.push(response(lua, status, headers, body)?);
        }
        ScriptAnswer::Error { kind, message } => {
            let wrong = kind == ScriptCallError::Invalid;
            if wrong || on_error == OnError::Raise {
                return raise(lua, &message);
            }
            return failed(lua, kind, &message);
        }
    }
    Ok(MultiValue::from_vec(values))
}

/// Random bits as a number of 0 up to, but not, 1.
pub(crate) fn unit(bits: i64) -> MultiValue {
    let unit = ((bits as u64) >> 11) as f64 / (1u64 << 53) as f64;
    MultiValue::from_vec(vec![Value::Boolean(true), Value::Number(unit)])
}

fn response(
    lua: &Lua,
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
) -> mlua::Result<Value> {
    let table = lua.create_table()?;
    table.raw_set("status", status)?;
    table.raw_set("ok", (200..300).contains(&status))?;
    let named = lua.create_table()?;
    let mut is_json = false;
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        is_json |= name == "content-type" && value.to_ascii_lowercase().contains("json");
        named.raw_set(name, value)?;
    }
    table.raw_set("headers", named)?;
    if is_json && let Ok(value) = json::decode(lua, body.as_bytes()) {
        table.raw_set("json", value)?;
    }
    table.raw_set("body", body)?;
    Ok(Value::Table(table))
}
