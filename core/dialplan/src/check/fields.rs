//! Reads one node's arguments, properties and settings by what is asked of it; what was never asked
//! for is unknown and said so, with the nearest word that was.

use std::time::Duration;

use super::duration::{parse_duration, show_duration};
use super::sink::Sink;
use super::words::suggestion;
use crate::file::Node;
use crate::file::tree::{Property, Span, Value, ValueKind};

/// One node being read.
pub(crate) struct Fields<'n, 's> {
    pub(crate) node: &'n Node,
    pub(crate) sink: &'s mut Sink,
    asked: Vec<&'static str>,
    arguments_read: usize,
    /// True where `name value` lines in the block are settings like properties.
    settings: bool,
    block_read: bool,
    any_property: bool,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Found<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
    /// Where the text begins inside its quotes, when its bytes are as written.
    pub(crate) inside: Option<usize>,
}

impl<'n, 's> Fields<'n, 's> {
    pub(crate) fn new(node: &'n Node, sink: &'s mut Sink) -> Fields<'n, 's> {
        if let Some(span) = node.annotation {
            sink.error(
                span,
                "DP0012",
                "a type in parentheses means nothing here",
                None,
            );
        }
        let mut seen: Vec<&str> = Vec::new();
        for property in &node.properties {
            if seen.contains(&&*property.name) {
                let message = format!("`{}` is given twice", property.name);
                sink.error(
                    property.name_span,
                    "DP0016",
                    message,
                    Some("keep one".into()),
                );
            }
            seen.push(&property.name);
        }
        Fields {
            node,
            sink,
            asked: Vec::new(),
            arguments_read: 0,
            settings: false,
            block_read: false,
            any_property: false,
        }
    }

    /// Like `new`, for nodes whose properties may also stand in the block, one a line.
    pub(crate) fn with_settings(node: &'n Node, sink: &'s mut Sink) -> Fields<'n, 's> {
        let mut fields = Fields::new(node, sink);
        fields.settings = true;
        fields.block_read = true;
        let mut seen: Vec<&str> = node.properties.iter().map(|p| &*p.name).collect();
        for child in node.children.iter().flatten() {
            if seen.contains(&&*child.name)
                && !matches!(&*child.name, "open" | "closed" | "address")
            {
                let message = format!("`{}` is given twice", child.name);
                fields
                    .sink
                    .error(child.name_span, "DP0016", message, Some("keep one".into()));
            }
            seen.push(&child.name);
        }
        fields
    }

    /// The value of a property or setting; asking makes it known.
    pub(crate) fn value(&mut self, name: &'static str) -> Option<&'n Value> {
        self.asked.push(name);
        let property = self.node.properties.iter().find(|p| p.name == name);
        if let Some(property) = property {
            return Some(&property.value);
        }
        if !self.settings {
            return None;
        }
        let child = self
            .node
            .children
            .iter()
            .flatten()
            .find(|c| c.name == name)?;
        match (
            child.arguments.as_slice(),
            child.properties.first(),
            &child.children,
        ) {
            ([value], None, None) => Some(value),
            _ => {
                let message = format!("`{name}` takes one value");
                self.sink.error(child.head, "DP0012", message, None);
                None
            }
        }
    }

    /// Children of this name, which are read elsewhere.
    pub(crate) fn children(
        &mut self,
        name: &'static str,
    ) -> impl Iterator<Item = &'n Node> + use<'n> {
        self.asked.push(name);
        self.block_read = true;
        self.node
            .children
            .iter()
            .flatten()
            .filter(move |c| c.name == name)
    }

    /// Makes names known without reading them.
    pub(crate) fn know(&mut self, names: &[&'static str]) {
        self.asked.extend(names);
    }

    /// The whole block, which is read elsewhere.
    pub(crate) fn block(&mut self) -> Option<&'n [Node]> {
        self.block_read = true;
        self.node.children.as_deref()
    }

    /// All properties, whatever their names.
    pub(crate) fn any_properties(&mut self) -> &'n [Property] {
        self.any_property = true;
        &self.node.properties
    }

    /// The next argument as text.
    pub(crate) fn argument(&mut self) -> Option<Found<String>> {
        let value = self.node.arguments.get(self.arguments_read)?;
        self.arguments_read += 1;
        self.as_text(value)
    }

    /// The next argument as text, which must be there.
    pub(crate) fn wanted_argument(&mut self, what: &str) -> Option<Found<String>> {
        if self.node.arguments.len() <= self.arguments_read {
            let message = format!("`{}` wants {what}", self.node.name);
            self.sink.error(self.node.head, "DP0013", message, None);
            return None;
        }
        self.argument()
    }

    /// All arguments that are left, as text.
    pub(crate) fn arguments(&mut self) -> Vec<Found<String>> {
        let mut all = Vec::new();
        while self.arguments_read < self.node.arguments.len() {
            all.extend(self.argument());
        }
        all
    }

    /// Leaves the arguments to another reader.
    pub(crate) fn skip_arguments(&mut self) {
        self.arguments_read = self.node.arguments.len();
    }

    /// A text property.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<Found<String>> {
        let value = self.value(name)?;
        self.as_text(value)
    }

    /// A text property of a closed vocabulary.
    pub(crate) fn word(
        &mut self,
        name: &'static str,
        known: &[&'static str],
    ) -> Option<&'static str> {
        let found = self.text(name)?;
        let word = known.iter().find(|k| **k == found.value);
        if word.is_none() {
            let message = format!("`{name}` cannot be `{}`", found.value);
            let help = suggestion(&found.value, known.iter().copied());
            self.sink.error(found.span, "DP0015", message, help);
        }
        word.copied()
    }

    /// A whole number in a range.
    pub(crate) fn number(&mut self, name: &'static str, range: (u32, u32)) -> Option<u32> {
        let value = self.value(name)?;
        let (low, high) = range;
        let ValueKind::Integer(number) = value.kind else {
            let what = kind_word(&value.kind);
            let help = match &value.kind {
                ValueKind::Text(t) if t.parse::<u32>().is_ok() => {
                    "write it without quotes".to_string()
                }
                _ => format!("write a whole number from {low} to {high}"),
            };
            let message = format!("`{name}` wants a number, not {what}");
            self.sink.error(value.span, "DP0014", message, Some(help));
            return None;
        };
        match u32::try_from(number)
            .ok()
            .filter(|n| (low..=high).contains(n))
        {
            Some(number) => Some(number),
            None => {
                let message = format!("`{name}` is from {low} to {high}, not {number}");
                self.sink.error(value.span, "DP0015", message, None);
                None
            }
        }
    }

    /// `#true` or `#false`; false when absent.
    pub(crate) fn flag(&mut self, name: &'static str) -> bool {
        let Some(value) = self.value(name) else {
            return false;
        };
        match value.kind {
            ValueKind::Bool(value) => value,
            ref other => {
                let message = format!("`{name}` wants #true or #false, not {}", kind_word(other));
                let yes =
                    matches!(other, ValueKind::Text(t) if matches!(&**t, "yes" | "true" | "on"));
                let help = if yes {
                    "write `#true`"
                } else {
                    "write `#true` or leave it out"
                };
                self.sink
                    .error(value.span, "DP0014", message, Some(help.into()));
                false
            }
        }
    }

    /// A duration between two bounds (both included).
    pub(crate) fn duration(
        &mut self,
        name: &'static str,
        range: (Duration, Duration),
    ) -> Option<Duration> {
        let value = self.value(name)?;
        self.as_duration(name, value, range)
    }

    /// The next argument as a duration, which must be there.
    pub(crate) fn duration_argument(&mut self, range: (Duration, Duration)) -> Option<Duration> {
        let Some(value) = self.node.arguments.get(self.arguments_read) else {
            let message = format!("`{}` wants a time", self.node.name);
            let help = format!("write `{} \"2s\"`", self.node.name);
            self.sink
                .error(self.node.head, "DP0013", message, Some(help));
            return None;
        };
        self.arguments_read += 1;
        let name = self.node.name.clone();
        self.as_duration(&name, value, range)
    }

    fn as_duration(
        &mut self,
        name: &str,
        value: &Value,
        (low, high): (Duration, Duration),
    ) -> Option<Duration> {
        let text = match &value.kind {
            ValueKind::Text(text) => text,
            ValueKind::Integer(number) => {
                let message = format!("`{name}` wants a time with its unit, not a bare number");
                let help = format!("write `\"{number}s\"` or `\"{number}ms\"`");
                self.sink.error(value.span, "DP0014", message, Some(help));
                return None;
            }
            other => {
                let message = format!("`{name}` wants a time, not {}", kind_word(other));
                self.sink
                    .error(value.span, "DP0014", message, Some("write `\"5s\"`".into()));
                return None;
            }
        };
        match parse_duration(text) {
            Some(duration) if (low..=high).contains(&duration) => Some(duration),
            Some(_) => {
                let message = format!(
                    "`{name}` is from {} to {}",
                    show_duration(low),
                    show_duration(high)
                );
                self.sink.error(value.span, "DP0015", message, None);
                None
            }
            None => {
                let message = format!("`{text}` is no time");
                let help = "write a number and `ms`, `s`, `m` or `h`: `\"300ms\"`, `\"1m30s\"`";
                self.sink
                    .error(value.span, "DP0015", message, Some(help.into()));
                None
            }
        }
    }

    pub(crate) fn as_text(&mut self, value: &Value) -> Option<Found<String>> {
        match &value.kind {
            ValueKind::Text(text) => Some(Found {
                value: text.clone(),
                span: value.span,
                inside: value.inside,
            }),
            other => {
                let message = format!("text is wanted, not {}", kind_word(other));
                let help = format!("quote it: `\"{}\"`", self.sink.text(value.span));
                self.sink.error(value.span, "DP0014", message, Some(help));
                None
            }
        }
    }

    /// Says what was not asked for.
    pub(crate) fn finish(self) {
        let Fields {
            node, sink, asked, ..
        } = self;
        if let Some(extra) = node.arguments.get(self.arguments_read) {
            let last = node.arguments.last().unwrap_or(extra);
            let message = match self.arguments_read {
                0 => format!("`{}` takes no argument", node.name),
                n => format!(
                    "`{}` takes no more than {n} argument{}",
                    node.name,
                    plural(n)
                ),
            };
            sink.error(extra.span.to(last.span), "DP0012", message, None);
        }
        for property in &node.properties {
            if !self.any_property && !asked.contains(&&*property.name) {
                let message = format!("`{}` has no property `{}`", node.name, property.name);
                let help = suggestion(&property.name, asked.iter().copied());
                sink.error(property.name_span, "DP0011", message, help);
            }
        }
        if self.settings {
            for child in node.children.iter().flatten() {
                if !asked.contains(&&*child.name) {
                    let message = format!("`{}` has no setting `{}`", node.name, child.name);
                    let help = suggestion(&child.name, asked.iter().copied());
                    sink.error(child.name_span, "DP0011", message, help);
                }
            }
        } else if !self.block_read && node.children.is_some() {
            let message = format!("`{}` takes no block", node.name);
            sink.error(node.head, "DP0017", message, None);
        }
    }
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

/// What a value is, in words.
pub(crate) fn kind_word(kind: &ValueKind) -> &'static str {
    match kind {
        ValueKind::Text(_) => "text",
        ValueKind::Integer(_) | ValueKind::Float(_) => "a number",
        ValueKind::Bool(_) => "#true or #false",
        ValueKind::Null => "#null",
    }
}
