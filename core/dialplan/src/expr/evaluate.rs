//! What a condition comes to for one call. Cannot fail: what is missing is missing.

use std::borrow::Cow;

use super::{Comparison, Name, Node, Values};

#[derive(Clone, Debug, PartialEq)]
enum Value<'v> {
    Text(Cow<'v, str>),
    Number(f64),
    Bool(bool),
    Missing,
}

pub(super) fn truth(node: &Node, values: &dyn Values) -> bool {
    match node {
        Node::Not(inside) => !truth(inside, values),
        Node::And(a, b) => truth(a, values) && truth(b, values),
        Node::Or(a, b) => truth(a, values) || truth(b, values),
        Node::Open(calendar) => values.is_open(calendar),
        Node::Compare(comparison, a, b) => {
            compare(*comparison, &value(a, values), &value(b, values))
        }
        Node::In(left, items) => {
            let left = value(left, values);
            items.iter().any(|item| equal(&left, &value(item, values)))
        }
        Node::Matches(left, pattern) => match value(left, values) {
            Value::Text(text) => pattern.matches(&text),
            Value::Number(number) => pattern.matches(&number.to_string()),
            _ => false,
        },
        _ => match value(node, values) {
            Value::Bool(value) => value,
            Value::Number(number) => number != 0.0,
            Value::Text(text) => text == "true",
            Value::Missing => false,
        },
    }
}

fn value<'v>(node: &'v Node, values: &'v dyn Values) -> Value<'v> {
    match node {
        Node::Text(text) => Value::Text(Cow::Borrowed(text)),
        Node::Number(number) => Value::Number(*number),
        Node::Bool(value) => Value::Bool(*value),
        Node::Name(name) => named(name, values),
        Node::Fact { topic, key, path } => fact(topic, key, path, values),
        _ => Value::Bool(truth(node, values)),
    }
}

fn named<'v>(name: &'v Name, values: &'v dyn Values) -> Value<'v> {
    match name {
        Name::Number => Value::Text(Cow::Borrowed(values.caller_number())),
        Name::Display => Value::Text(Cow::Borrowed(values.caller_name())),
        Name::Dialled => Value::Text(Cow::Borrowed(values.dialled())),
        Name::Hour => Value::Number(f64::from(values.local_time().hour())),
        Name::Minute => Value::Number(f64::from(values.local_time().minute())),
        Name::Weekday => Value::Text(Cow::Borrowed(values.local_time().weekday())),
        Name::Date => Value::Text(Cow::Owned(values.local_time().date())),
        Name::Var(name) => values
            .variable(name)
            .map_or(Value::Missing, |text| Value::Text(Cow::Borrowed(text))),
    }
}

fn fact<'v>(topic: &Node, key: &Node, path: &[Box<str>], values: &dyn Values) -> Value<'v> {
    let (topic, key) = (text(value(topic, values)), text(value(key, values)));
    let Some((topic, key)) = topic.zip(key) else {
        return Value::Missing;
    };
    let Some(found) = values.fact(&topic, &key) else {
        return Value::Missing;
    };
    let mut at = &found;
    for field in path {
        match at.get(&**field) {
            Some(inner) => at = inner,
            None => return Value::Missing,
        }
    }
    match at {
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => number.as_f64().map_or(Value::Missing, Value::Number),
        serde_json::Value::String(text) => Value::Text(Cow::Owned(text.clone())),
        _ => Value::Missing,
    }
}

fn text(value: Value<'_>) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.into_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Missing => None,
    }
}

fn number(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Text(text) => text.trim().parse().ok().filter(|n: &f64| n.is_finite()),
        _ => None,
    }
}

fn equal(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Missing, _) | (_, Value::Missing) => false,
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::Number(_), _) | (_, Value::Number(_)) => {
            number(a).zip(number(b)).is_some_and(|(a, b)| a == b)
        }
        (Value::Bool(truth), other) | (other, Value::Bool(truth)) => match other {
            Value::Bool(other) => truth == other,
            Value::Text(text) => text == if *truth { "true" } else { "false" },
            _ => false,
        },
    }
}

fn compare(comparison: Comparison, a: &Value<'_>, b: &Value<'_>) -> bool {
    let numbers = || number(a).zip(number(b));
    match comparison {
        Comparison::Equal => equal(a, b),
        Comparison::NotEqual => !equal(a, b),
        Comparison::Less => numbers().is_some_and(|(a, b)| a < b),
        Comparison::LessOrEqual => numbers().is_some_and(|(a, b)| a <= b),
        Comparison::Greater => numbers().is_some_and(|(a, b)| a > b),
        Comparison::GreaterOrEqual => numbers().is_some_and(|(a, b)| a >= b),
    }
}

/// Adds every name, calendar and fact with what it is now.
pub(super) fn inputs(node: &Node, values: &dyn Values, seen: &mut Vec<(String, String)>) {
    let label = match node {
        Node::Not(inside) | Node::Matches(inside, _) => return inputs(inside, values, seen),
        Node::And(a, b) | Node::Or(a, b) | Node::Compare(_, a, b) => {
            inputs(a, values, seen);
            return inputs(b, values, seen);
        }
        Node::In(left, items) => {
            inputs(left, values, seen);
            return items.iter().for_each(|item| inputs(item, values, seen));
        }
        Node::Text(_) | Node::Number(_) | Node::Bool(_) => return,
        Node::Name(name) => name.to_string(),
        Node::Open(calendar) => format!("open('{calendar}')"),
        Node::Fact { topic, key, path } => {
            let inside = |node| text(value(node, values)).unwrap_or_default();
            let path: String = path.iter().map(|field| format!(".{field}")).collect();
            format!("fact('{}','{}'){path}", inside(topic), inside(key))
        }
    };
    if seen.iter().any(|(known, _)| *known == label) {
        return;
    }
    let found = text(value(node, values)).unwrap_or_else(|| "missing".into());
    seen.push((label, found));
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Name::Number => "caller.number",
            Name::Display => "caller.name",
            Name::Dialled => "dialled",
            Name::Hour => "hour",
            Name::Minute => "minute",
            Name::Weekday => "weekday",
            Name::Date => "date",
            Name::Var(name) => return write!(f, "var.{name}"),
        })
    }
}
