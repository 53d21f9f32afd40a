//! The values that a script hands over, read one by one: texts, numbers, lists, and tables of
//! named options. Metatables are never asked, so no script code runs while we read.

use std::time::Duration;

use mlua::{Table, Value};

use super::Read;
use crate::lua::check::nearest;
use crate::lua::json;

/// The longest time that may be named: a day.
const SECONDS_MAX: f64 = 86_400.0;
/// The longest time that the store keeps something.
pub(super) const YEAR_SECONDS: f64 = 366.0 * SECONDS_MAX;

/// A table of options whose names are known.
pub(crate) struct Options {
    table: Option<Table>,
}

impl Options {
    pub fn read(value: &Value, known: &[&str]) -> Read<Options> {
        let table = match value {
            Value::Nil => return Ok(Options { table: None }),
            Value::Table(table) => table.clone(),
            other => {
                return Err(format!(
                    "options are a table in {{ }}, not a {}",
                    other.type_name()
                ));
            }
        };
        for pair in table.pairs::<Value, Value>() {
            let (key, _) = pair.map_err(|e| e.to_string())?;
            let name = match &key {
                Value::String(name) => name.to_string_lossy(),
                other => {
                    return Err(format!(
                        "options have names, such as timeout = 5, not a {}",
                        other.type_name()
                    ));
                }
            };
            if !known.contains(&name.as_str()) {
                let hint = match nearest(&name, known.iter().copied()) {
                    Some(near) => format!("did you mean '{near}'?"),
                    None => format!("there are {}", known.join(", ")),
                };
                return Err(format!("there is no option '{name}': {hint}"));
            }
        }
        Ok(Options { table: Some(table) })
    }

    pub fn value(&self, name: &str) -> Value {
        match &self.table {
            Some(table) => table.raw_get(name).unwrap_or(Value::Nil),
            None => Value::Nil,
        }
    }

    pub fn text(&self, name: &str) -> Read<Option<String>> {
        match self.value(name) {
            Value::Nil => Ok(None),
            other => text(&other, name).map(Some),
        }
    }

    pub fn texts(&self, name: &str) -> Read<Vec<String>> {
        match self.value(name) {
            Value::Nil => Ok(Vec::new()),
            other => texts(&other, name),
        }
    }

    pub fn flag(&self, name: &str) -> Read<Option<bool>> {
        flag(&self.value(name), &format!("'{name}' is"))
    }

    pub fn seconds(&self, name: &str) -> Read<Option<Duration>> {
        self.seconds_within(name, SECONDS_MAX)
    }

    pub fn seconds_within(&self, name: &str, most: f64) -> Read<Option<Duration>> {
        match self.value(name) {
            Value::Nil => Ok(None),
            other => seconds_within(&other, name, most).map(Some),
        }
    }

    /// 1 to `most`.
    pub fn count(&self, name: &str, most: u8) -> Read<Option<u8>> {
        let value = self.value(name);
        if value.is_nil() {
            return Ok(None);
        }
        match whole(&value, name)? {
            n if (1..=i64::from(most)).contains(&n) => Ok(Some(n as u8)),
            n => Err(format!("'{name}' is 1 to {most}, not {n}")),
        }
    }

    pub fn headers(&self) -> Read<Vec<(String, String)>> {
        let mut headers = Vec::new();
        let table = match self.value("headers") {
            Value::Nil => return Ok(headers),
            Value::Table(table) => table,
            other => return Err(format!("headers are a table, not a {}", other.type_name())),
        };
        for pair in table.pairs::<Value, Value>() {
            let (name, value) = pair.map_err(|e| e.to_string())?;
            let (name, value) = (
                text(&name, "a header's name")?,
                text(&value, "a header's value")?,
            );
            let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
            if name.is_empty() || name.len() > 128 || !name.bytes().all(token) {
                return Err(format!("'{name}' cannot be a header's name"));
            }
            if value.len() > 4_096 || value.bytes().any(|b| b < b' ' && b != b'\t') {
                return Err(format!(
                    "the value of header '{name}' is too long or has a line end in it"
                ));
            }
            headers.push((name, value));
            if headers.len() > 64 {
                return Err("there are more than 64 headers".into());
            }
        }
        headers.sort();
        Ok(headers)
    }
}

pub(super) fn is_key(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '*' | '#' | 'A'..='D')
}

pub(crate) fn text(value: &Value, what: &str) -> Read<String> {
    match value {
        Value::String(s) => match s.to_str() {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(format!("{what} is not UTF-8 text")),
        },
        Value::Integer(n) => Ok(n.to_string()),
        Value::Number(n) => json::number(*n),
        other => Err(format!("{what} must be a text, not {}", other.type_name())),
    }
}

/// A text, a number or a boolean, as text.
pub(crate) fn flag_text(value: &Value, what: &str) -> Read<String> {
    match value {
        Value::Boolean(yes) => Ok(yes.to_string()),
        other => text(other, what),
    }
}

/// One text, or a list of them.
pub(super) fn texts(value: &Value, what: &str) -> Read<Vec<String>> {
    match value {
        Value::Nil => text(value, what).map(|one| vec![one]),
        given => texts_within(given, what, 32),
    }
}

/// One text, or a list of at most `most`; nothing is an empty list.
pub(crate) fn texts_within(value: &Value, what: &str, most: usize) -> Read<Vec<String>> {
    let table = match value {
        Value::Nil => return Ok(Vec::new()),
        Value::Table(table) => table,
        one => return Ok(vec![text(one, what)?]),
    };
    let length = table.raw_len();
    if length > most {
        return Err(format!("{what}: at most {most} in a list"));
    }
    (1..=length)
        .map(|at| text(&table.raw_get(at).map_err(|e| e.to_string())?, what))
        .collect()
}

/// One or more names.
pub(super) fn names(value: &Value, what: &str) -> Read<Vec<String>> {
    let names = texts(value, what)?;
    if names.is_empty() || names.iter().any(String::is_empty) {
        return Err(format!("{what} is missing"));
    }
    Ok(names)
}

pub(super) fn flag(value: &Value, what: &str) -> Read<Option<bool>> {
    match value {
        Value::Nil => Ok(None),
        Value::Boolean(yes) => Ok(Some(*yes)),
        other => Err(format!("{what} true or false, not a {}", other.type_name())),
    }
}

fn float(value: &Value, what: &str) -> Read<f64> {
    match value {
        Value::Integer(n) => Ok(*n as f64),
        Value::Number(n) => Ok(*n),
        other => Err(format!(
            "{what} must be a number, not {}",
            other.type_name()
        )),
    }
}

pub(crate) fn whole(value: &Value, what: &str) -> Read<i64> {
    let n = float(value, what)?;
    if n.fract() != 0.0 || n.abs() > 9_007_199_254_740_992.0 {
        return Err(format!("{what} must be a whole number"));
    }
    Ok(n as i64)
}

pub(super) fn seconds(value: &Value, what: &str) -> Read<Duration> {
    seconds_within(value, what, SECONDS_MAX)
}

fn seconds_within(value: &Value, what: &str, most: f64) -> Read<Duration> {
    let n = float(value, what)?;
    if !(n > 0.0 && n <= most) {
        return Err(format!(
            "{what} is in seconds, more than 0 and at most {most}"
        ));
    }
    // Whole milliseconds, so that a recorded run and its replay agree to the last digit.
    Ok(Duration::from_millis((n * 1_000.0).round().max(1.0) as u64))
}
