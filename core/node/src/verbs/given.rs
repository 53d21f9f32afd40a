//! What was given to a verb: checked against its line, or written as the console would write it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::table::{Kind, Line};
use crate::refusal::{Fault, Refusal, Wrong};

/// Most rows of one answer.
const ROWS_MAX: u64 = 1_000;

/// JSON values as the console would write them.
pub(super) fn written(
    arguments: Map<String, Value>,
) -> Result<BTreeMap<String, Vec<String>>, Refusal> {
    let mut wrong = Vec::new();
    let mut out = BTreeMap::new();
    for (name, value) in arguments {
        let texts = match value {
            Value::Null => continue,
            Value::Array(all) => all.into_iter().map(text_of).collect(),
            one => text_of(one).map(|text| vec![text]),
        };
        match texts {
            Some(texts) => drop(out.insert(name, texts)),
            None => wrong.push(Wrong {
                argument: name,
                why: "must be text, a number, true or false, or a list of them".to_owned(),
            }),
        }
    }
    match wrong.is_empty() {
        true => Ok(out),
        false => Err(Refusal::new(Fault::Invalid, "an argument has no such form").wrong(wrong)),
    }
}

fn text_of(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Bool(yes) => Some(if yes { "yes" } else { "no" }.to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Arguments that were checked against a line.
pub(super) struct Given(Map<String, Value>);

impl Given {
    /// Text becomes what the line says, since queries have nothing else; every mistake at once.
    pub(super) fn check(line: &Line, arguments: Map<String, Value>) -> Result<Given, Refusal> {
        let mut out = Map::new();
        let mut wrong = Vec::new();
        for (name, value) in arguments {
            let known = line.arguments.iter().find(|a| a.name == name);
            let read = match known {
                None => Err("is no argument of it".to_owned()),
                Some(_) if value.is_null() => continue,
                Some(known) => read(known.kind, value),
            };
            match read {
                Ok(value) => drop(out.insert(name, value)),
                Err(why) => wrong.push(Wrong {
                    argument: name,
                    why,
                }),
            }
        }
        for argument in line.arguments.iter().filter(|a| a.required) {
            let is_wrong = wrong.iter().any(|w| w.argument == argument.name);
            if !out.contains_key(argument.name) && !is_wrong {
                wrong.push(Wrong {
                    argument: argument.name.to_owned(),
                    why: "is missing".to_owned(),
                });
            }
        }
        if wrong.is_empty() {
            return Ok(Given(out));
        }
        let shown: Vec<String> = wrong
            .iter()
            .map(|w| format!("`{}` {}", w.argument, w.why))
            .collect();
        let names: Vec<&str> = line.arguments.iter().map(|a| a.name).collect();
        let names = match names.is_empty() {
            true => "it takes no arguments".to_owned(),
            false => format!("its arguments are {}", names.join(", ")),
        };
        let why = format!("{}: {}", line.name, shown.join("; "));
        Err(Refusal::new(Fault::Invalid, why).wrong(wrong).cure(names))
    }

    /// All of them.
    pub(super) fn all(&self) -> &Map<String, Value> {
        &self.0
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    pub(super) fn owned(&self, name: &str) -> String {
        self.text(name).unwrap_or_default().to_owned()
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name).and_then(Value::as_u64)
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    pub(super) fn leg(&self) -> Option<u16> {
        self.number("leg")
            .map(|leg| u16::try_from(leg).unwrap_or(u16::MAX))
    }

    pub(super) fn rows(&self, name: &str, usual: u64) -> u32 {
        let rows = self.number(name).unwrap_or(usual).clamp(1, ROWS_MAX);
        u32::try_from(rows).unwrap_or(u32::MAX)
    }
}

fn read(kind: Kind, value: Value) -> Result<Value, String> {
    match (kind, value) {
        (Kind::Text, Value::String(text)) if text.len() <= 4_096 => Ok(Value::String(text)),
        (Kind::Text, Value::Number(number)) => Ok(Value::String(number.to_string())),
        (Kind::Text, _) => Err("must be text of at most 4096 bytes".to_owned()),
        (Kind::Number, value) => {
            let read = match &value {
                Value::String(text) => text.parse().ok(),
                other => other.as_u64(),
            };
            let read = read.map(Value::from);
            read.ok_or_else(|| "must be a whole number from 0".to_owned())
        }
        (Kind::Flag, Value::Bool(yes)) => Ok(Value::Bool(yes)),
        (Kind::Flag, Value::String(text)) if text == "true" || text == "false" => {
            Ok(Value::Bool(text == "true"))
        }
        (Kind::Flag, _) => Err("must be true or false".to_owned()),
        (Kind::Texts, Value::Object(all)) if all.values().all(Value::is_string) => {
            Ok(Value::Object(all))
        }
        (Kind::Texts, _) => Err("must be an object of texts".to_owned()),
    }
}
