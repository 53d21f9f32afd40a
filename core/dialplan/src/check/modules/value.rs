//! One value of a module's step or settings, read by its field.
//!
//! Steps may have templates where the value is text, a prompt, a user or a number; settings are
//! fixed when the dialplan is loaded. Names of prompts, routes, users, trunks and files are
//! references like those of our own steps.

use crate::check::codes;
use crate::check::duration::parse_duration;
use crate::check::fields::{Found, kind_word};
use crate::check::sink::{Kind, NameUse, Sink};
use crate::check::steps::{prompt, template};
use crate::check::words::suggestion;
use crate::file::tree::{Value, ValueKind};
use crate::schema::{Field, FieldKind, FieldValue};
use crate::template::Template;

/// Most values of one list.
const LIST_MAX: usize = 1_000;

/// Where values stand, since steps may have templates and settings secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    Step,
    Settings,
}

/// A value being read: what it may be, and how messages call it.
pub(super) struct Wanted<'f> {
    pub(super) field: &'f Field,
    /// `timeout`, or `config queue "sales" strategy`.
    pub(super) path: &'f str,
    pub(super) place: Where,
}

/// Reads one value; none where it is wrong, which is said.
pub(super) fn read(sink: &mut Sink, value: &Value, wanted: &Wanted<'_>) -> Option<FieldValue> {
    let path = wanted.path;
    if let FieldKind::Secret = wanted.field.kind {
        return secret(sink, value, path);
    }
    if let Some(annotation) = &value.annotation {
        let message = match &*annotation.name {
            "secret" => format!("`{path}` is no secret"),
            _ => "a type in parentheses means nothing here".into(),
        };
        let help = "leave the parentheses out".to_string();
        sink.error(annotation.span, "DP0012", message, Some(help));
    }
    match &wanted.field.kind {
        FieldKind::Number { min, max } => number(sink, value, wanted, (*min, *max)),
        FieldKind::Flag => flag(sink, value, path),
        FieldKind::Duration => duration(sink, value, path),
        FieldKind::Block(_) => {
            let message = format!("`{path}` is a block");
            let help = format!("write `{} {{ ... }}`", wanted.field.name);
            sink.error(value.span, "DP0014", message, Some(help));
            None
        }
        _ => {
            let found = text(sink, value, path)?;
            textual(sink, &found, wanted)
        }
    }
}

/// Reads several values: an own argument each, or words of one text.
pub(super) fn read_list(sink: &mut Sink, values: &[Value], wanted: &Wanted<'_>) -> FieldValue {
    let mut list = Vec::new();
    for value in values.iter().take(LIST_MAX) {
        list.extend(read(sink, value, wanted));
    }
    if let Some(value) = values.get(LIST_MAX) {
        let message = format!("`{}` has at most {LIST_MAX} values", wanted.path);
        sink.error(value.span, codes::BAD_VALUE, message, None);
    }
    FieldValue::List(list)
}

/// The value of a property: of a list it is words in one text, `tags="red blue"`.
pub(super) fn read_property(
    sink: &mut Sink,
    value: &Value,
    wanted: &Wanted<'_>,
) -> Option<FieldValue> {
    let block = matches!(wanted.field.kind, FieldKind::Block(_));
    if !wanted.field.list || block {
        return read(sink, value, wanted);
    }
    let ValueKind::Text(text) = &value.kind else {
        return Some(read_list(sink, std::slice::from_ref(value), wanted));
    };
    let start = text.as_ptr() as usize;
    let words = text.split_whitespace().map(|word| {
        let at = word.as_ptr() as usize - start;
        let inside = value.inside.map(|inside| inside + at);
        let span = inside.map(|at| value.span.part(at, word.len()));
        Value {
            kind: word_kind(word, &wanted.field.kind),
            span: span.unwrap_or(value.span),
            inside,
            annotation: value.annotation.clone(),
        }
    });
    let words: Vec<Value> = words.collect();
    Some(read_list(sink, &words, wanted))
}

/// In a list that is written as one text numbers have no way to stand without quotes.
fn word_kind(word: &str, kind: &FieldKind) -> ValueKind {
    match (kind, word.parse::<i64>()) {
        (FieldKind::Number { .. }, Ok(number)) => ValueKind::Integer(number.into()),
        _ => ValueKind::Text(word.into()),
    }
}

fn text(sink: &mut Sink, value: &Value, path: &str) -> Option<Found<String>> {
    if let ValueKind::Text(text) = &value.kind {
        return Some(Found {
            value: text.clone(),
            span: value.span,
            inside: value.inside,
        });
    }
    let help = format!("quote it: `\"{}\"`", sink.text(value.span));
    let message = format!("`{path}` wants text, not {}", kind_word(&value.kind));
    sink.error(value.span, "DP0014", message, Some(help));
    None
}

fn textual(sink: &mut Sink, found: &Found<String>, wanted: &Wanted<'_>) -> Option<FieldValue> {
    let plain = || Some(FieldValue::Text(found.value.clone()));
    match (&wanted.field.kind, wanted.place) {
        (FieldKind::Text, Where::Step) => Some(filled(template(sink, found))),
        (FieldKind::Text, Where::Settings) => plain(),
        (FieldKind::Prompt, Where::Step) => Some(filled(prompt(sink, found))),
        (FieldKind::Prompt, Where::Settings) => {
            let name = found.value.strip_suffix(".wav").unwrap_or(&found.value);
            sink.refer(Kind::Prompt, name, found.span);
            plain()
        }
        (FieldKind::User, Where::Step) => {
            let user = template(sink, found);
            if let Some(name) = user.as_plain() {
                sink.refer(Kind::User, name, found.span);
            }
            Some(filled(user))
        }
        (FieldKind::User, Where::Settings) => {
            sink.refer(Kind::User, &found.value, found.span);
            plain()
        }
        (FieldKind::Route, _) => {
            sink.refer(Kind::Route, &found.value, found.span);
            sink.module_routes.push(found.value.clone());
            plain()
        }
        (FieldKind::Trunk, _) => {
            sink.refer(Kind::Trunk, &found.value, found.span);
            plain()
        }
        (FieldKind::Named(of), place) => {
            let name = match place {
                Where::Step => template(sink, found),
                Where::Settings => Template::plain(&found.value),
            };
            if let Some(plain) = name.as_plain() {
                let (of, name) = (of.clone(), plain.to_string());
                let (module, mark) = (String::new(), sink.mark(found.span));
                sink.module_names.push(NameUse {
                    module,
                    of,
                    name,
                    mark,
                });
            }
            Some(filled(name))
        }
        (FieldKind::File, _) => {
            sink.refer(Kind::File, &found.value, found.span);
            plain()
        }
        (FieldKind::Word(words), _) => {
            if words.contains(&found.value) {
                return plain();
            }
            let message = format!("`{}` cannot be `{}`", wanted.path, found.value);
            let help = suggestion(&found.value, words.iter().map(String::as_str));
            sink.error(found.span, codes::BAD_VALUE, message, help);
            None
        }
        _ => None,
    }
}

fn filled(template: Template) -> FieldValue {
    match template.as_plain() {
        Some(text) => FieldValue::Text(text.into()),
        None => FieldValue::Template(template),
    }
}

fn number(
    sink: &mut Sink,
    value: &Value,
    wanted: &Wanted<'_>,
    (min, max): (i64, i64),
) -> Option<FieldValue> {
    let path = wanted.path;
    match &value.kind {
        ValueKind::Integer(number) => {
            let number = i64::try_from(*number).ok();
            let number = number.filter(|n| (min..=max).contains(n));
            if number.is_none() {
                let message = format!("`{path}` is from {min} to {max}");
                sink.error(value.span, codes::BAD_VALUE, message, None);
            }
            number.map(FieldValue::Number)
        }
        ValueKind::Text(text) if wanted.place == Where::Step && text.contains('{') => {
            let found = Found {
                value: text.clone(),
                span: value.span,
                inside: value.inside,
            };
            let template = template(sink, &found);
            template
                .as_plain()
                .is_none()
                .then_some(FieldValue::Template(template))
        }
        other => {
            let help = match other {
                ValueKind::Text(t) if t.parse::<i64>().is_ok() => {
                    "write it without quotes".to_string()
                }
                _ => format!("write a whole number from {min} to {max}"),
            };
            let message = format!("`{path}` wants a number, not {}", kind_word(other));
            sink.error(value.span, "DP0014", message, Some(help));
            None
        }
    }
}

fn flag(sink: &mut Sink, value: &Value, path: &str) -> Option<FieldValue> {
    match &value.kind {
        ValueKind::Bool(flag) => Some(FieldValue::Flag(*flag)),
        other => {
            let message = format!("`{path}` wants #true or #false, not {}", kind_word(other));
            let help = match other {
                ValueKind::Text(t) if matches!(&**t, "no" | "false" | "off") => "write `#false`",
                _ => "write `#true`",
            };
            sink.error(value.span, "DP0014", message, Some(help.into()));
            None
        }
    }
}

fn duration(sink: &mut Sink, value: &Value, path: &str) -> Option<FieldValue> {
    let (code, message, help) = match &value.kind {
        ValueKind::Text(text) => match parse_duration(text) {
            Some(time) => return Some(FieldValue::Duration(time)),
            None => {
                let help = "write a number and `ms`, `s`, `m` or `h`: `\"300ms\"`, `\"1m30s\"`";
                let message = format!("`{path}` is a time, and `{text}` is none");
                (codes::BAD_VALUE, message, help.to_string())
            }
        },
        ValueKind::Integer(number) => {
            let message = format!("`{path}` wants a time with its unit, not a bare number");
            let help = format!("write `\"{number}s\"` or `\"{number}ms\"`");
            ("DP0014", message, help)
        }
        other => {
            let message = format!("`{path}` wants a time, not {}", kind_word(other));
            ("DP0014", message, "write `\"5s\"`".to_string())
        }
    };
    sink.error(value.span, code, message, Some(help));
    None
}

/// `(secret)"crm-token"`: the name of a secret, never the secret itself.
fn secret(sink: &mut Sink, value: &Value, path: &str) -> Option<FieldValue> {
    let found = text(sink, value, path)?;
    let annotation = value.annotation.as_ref();
    if annotation.is_none_or(|a| a.name != "secret") {
        let message = format!("`{path}` is a secret, which does not stand in a file");
        let help = "keep the secret under a name and write that: `(secret)\"crm-token\"`";
        sink.error(found.span, "DP0014", message, Some(help.into()));
        return None;
    }
    crate::check::name(sink, &found).then_some(FieldValue::Secret(found.value))
}
