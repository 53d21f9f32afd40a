//! Fields of settings and arguments: name, type, bounds, default.

use std::ops::Range;
use std::time::Duration;

use cordboard_dialplan::schema::{Field, FieldKind, FieldValue};
use toml::de::{DeTable, DeValue};

use super::read::{BAD_VALUE, Reader, Value, is_name, shorten};

/// How deep settings may nest.
const DEPTH_MAX: usize = 4;
/// Longest default time.
const TIME_MAX: Duration = Duration::from_secs(30 * 86_400);

const TYPES: [&str; 13] = [
    "text", "number", "flag", "duration", "word", "prompt", "route", "user", "trunk", "file",
    "named", "secret", "block",
];
const KEYS: [&str; 11] = [
    "name", "type", "required", "list", "default", "about", "min", "max", "words", "of", "fields",
];

impl Reader {
    /// A step's or verb's argument: neither a secret nor a block.
    pub(super) fn argument(&mut self, table: &DeTable<'_>, at: Range<usize>) -> Option<Field> {
        let field = self.field(table, at.clone(), 0)?;
        if matches!(field.kind, FieldKind::Secret | FieldKind::Block(_)) {
            let message = format!("`{}`: secrets and blocks are for settings only", field.name);
            self.error(at, BAD_VALUE, message, None);
            return None;
        }
        Some(field)
    }

    /// One field.
    pub(super) fn field(
        &mut self,
        table: &DeTable<'_>,
        at: Range<usize>,
        depth: usize,
    ) -> Option<Field> {
        self.keys(table, &KEYS, "a field");
        let name = self
            .wanted(table, "name", at.clone())
            .and_then(|v| self.name(v));
        let kind = self.kind(table, at.clone(), depth);
        let required = table.get("required").and_then(|v| self.flag(v));
        let list = table.get("list").and_then(|v| self.flag(v));
        let about = table.get("about").and_then(|v| self.text(v));
        let (name, kind) = (name?, kind?);
        let list = list.unwrap_or(false);
        let default = match table.get("default") {
            None => None,
            Some(value) if list => self.list_default(value, &kind),
            Some(value) => self.default(value, &kind),
        };
        let required = required.unwrap_or(false);
        if required && default.is_some() {
            let message = format!("`{name}` is required and has a default: one of them");
            self.error(at, BAD_VALUE, message, None);
        }
        Some(Field {
            name,
            kind,
            required,
            list,
            default,
            about: about.unwrap_or_default(),
        })
    }

    fn kind(&mut self, table: &DeTable<'_>, at: Range<usize>, depth: usize) -> Option<FieldKind> {
        let value = self.wanted(table, "type", at.clone())?;
        let word = self.one_of(value, &TYPES, "type")?;
        for (key, of) in [
            ("min", "number"),
            ("max", "number"),
            ("words", "word"),
            ("of", "named"),
            ("fields", "block"),
        ] {
            if let (Some(value), true) = (table.get(key), word != of) {
                let message = format!("`{key}` belongs to the type `{of}`");
                self.error(value.span(), BAD_VALUE, message, None);
            }
        }
        Some(match word.as_str() {
            "text" => FieldKind::Text,
            "number" => {
                let all = (i64::MIN, i64::MAX);
                let min = table.get("min").and_then(|v| self.number(v, all));
                let max = table.get("max").and_then(|v| self.number(v, all));
                let (min, max) = (min.unwrap_or(0), max.unwrap_or(i64::MAX));
                if min > max {
                    self.error(at, BAD_VALUE, format!("min {min} is above max {max}"), None);
                }
                FieldKind::Number { min, max }
            }
            "flag" => FieldKind::Flag,
            "duration" => FieldKind::Duration,
            "word" => {
                let words = self.wanted(table, "words", at)?;
                let words = self.texts(words);
                if words.is_empty() {
                    let message = "`words` names at least one".to_owned();
                    self.error(value.span(), BAD_VALUE, message, None);
                }
                for (word, at) in &words {
                    if !is_name(word) {
                        let message = format!("`{}` cannot be a word", shorten(word));
                        self.error(at.clone(), BAD_VALUE, message, None);
                    }
                }
                FieldKind::Word(words.into_iter().map(|(word, _)| word).collect())
            }
            "prompt" => FieldKind::Prompt,
            "route" => FieldKind::Route,
            "user" => FieldKind::User,
            "trunk" => FieldKind::Trunk,
            "file" => FieldKind::File,
            "named" => {
                let of = self.wanted(table, "of", at)?;
                FieldKind::Named(self.name(of)?)
            }
            "secret" => FieldKind::Secret,
            _ if depth >= DEPTH_MAX => {
                let message = format!("blocks nest at most {DEPTH_MAX} deep");
                self.error(at, BAD_VALUE, message, None);
                return None;
            }
            _ => {
                self.wanted(table, "fields", at);
                FieldKind::Block(self.each(table, "fields", |r, t, at| r.field(t, at, depth + 1)))
            }
        })
    }

    fn list_default(&mut self, value: &Value<'_>, kind: &FieldKind) -> Option<FieldValue> {
        let DeValue::Array(list) = value.get_ref() else {
            self.error(
                value.span(),
                BAD_VALUE,
                "the default of a list is a list",
                None,
            );
            return None;
        };
        let values: Vec<FieldValue> = list
            .iter()
            .filter_map(|item| self.default(item, kind))
            .collect();
        Some(FieldValue::List(values))
    }

    fn default(&mut self, value: &Value<'_>, kind: &FieldKind) -> Option<FieldValue> {
        match kind {
            FieldKind::Number { min, max } => {
                self.number(value, (*min, *max)).map(FieldValue::Number)
            }
            FieldKind::Flag => self.flag(value).map(FieldValue::Flag),
            FieldKind::Duration => {
                let text = self.text(value)?;
                let time = duration(&text);
                if time.is_none() {
                    let message = format!("`{}` is no time", shorten(&text));
                    self.error(value.span(), BAD_VALUE, message, "write \"20s\"".to_owned());
                }
                time.map(FieldValue::Duration)
            }
            FieldKind::Word(words) => {
                let known: Vec<&str> = words.iter().map(String::as_str).collect();
                self.one_of(value, &known, "word").map(FieldValue::Text)
            }
            FieldKind::Secret | FieldKind::Block(_) => {
                let message = "secrets and blocks have no default";
                self.error(value.span(), BAD_VALUE, message, None);
                None
            }
            _ => self.text(value).map(FieldValue::Text),
        }
    }
}

/// `300ms`, `20s`, `1m30s`, `4h`, as dialplans write it; at most 30 days.
fn duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, after) = rest.split_at(unit_at);
        let end = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        let ms = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        let number: u64 = number.parse().ok()?;
        total = total.checked_add(Duration::from_millis(number.checked_mul(ms)?))?;
        rest = next;
    }
    (!text.is_empty() && total <= TIME_MAX).then_some(total)
}
