//! A module's settings: `config base="..." { queue "sales" { strategy longest-idle } }`.
//!
//! Properties and lines `name value` are the same. Whatever is wrong is called by its path,
//! `config queue "sales" strategy`, since blocks of one kind may be many.

use std::collections::BTreeMap;

use super::value::{Wanted, Where, read, read_list, read_property};
use crate::check::codes;
use crate::check::sink::Sink;
use crate::check::words::suggestion;
use crate::file::Node;
use crate::file::tree::{Span, Value, ValueKind};
use crate::schema::{Field, FieldKind, FieldValue};

/// Most blocks of one kind.
const BLOCKS_MAX: usize = 10_000;

/// Settings by their fields' names.
type Settings = BTreeMap<String, FieldValue>;

/// Reads all `config` nodes of a module as one. `head` is where a setting is missed.
pub(super) fn settings(sink: &mut Sink, nodes: &[&Node], fields: &[Field], head: Span) -> Settings {
    let level = Level {
        fields,
        path: "config".into(),
        head: nodes.first().map_or(head, |node| node.head),
    };
    for node in nodes {
        if let Some(first) = node.arguments.first() {
            let message = "`config` takes no argument, only settings by name";
            let help = "write `config name=\"value\"`, or a line for each in its block";
            sink.error(first.span, "DP0012", message, Some(help.into()));
        }
    }
    level.read(sink, nodes)
}

/// Fields of one block.
struct Level<'f> {
    fields: &'f [Field],
    path: String,
    head: Span,
}

impl Level<'_> {
    fn read(&self, sink: &mut Sink, nodes: &[&Node]) -> Settings {
        let mut values = Settings::new();
        for node in nodes {
            for property in &node.properties {
                if let Some(field) = self.field(sink, &property.name, property.name_span)
                    && !self.is_twice(sink, &values, field, property.name_span)
                {
                    let path = self.path_of(field);
                    let value = read_property(sink, &property.value, &wanted(field, &path));
                    values.insert(field.name.clone(), value.unwrap_or(WRONG));
                }
            }
            for child in node.children.iter().flatten() {
                if let Some(field) = self.field(sink, &child.name, child.name_span) {
                    self.line(sink, child, field, &mut values);
                }
            }
        }
        for field in self.settable() {
            self.complete(sink, field, &mut values);
        }
        values
    }

    /// Fields but the one that says what a block's own name may be.
    fn settable(&self) -> impl Iterator<Item = &Field> + Clone {
        let inside = self.path != "config";
        let fields = self.fields.iter();
        fields.filter(move |field| !(inside && field.name == "name"))
    }

    fn path_of(&self, field: &Field) -> String {
        format!("{} {}", self.path, field.name)
    }

    fn field(&self, sink: &mut Sink, name: &str, span: Span) -> Option<&Field> {
        let found = self.settable().find(|field| field.name == name);
        if found.is_none() {
            let message = format!("`{}` has no setting `{name}`", self.path);
            let names: Vec<&str> = self.settable().map(|f| f.name.as_str()).collect();
            let help = suggestion(name, names).or_else(|| Some("there are none".into()));
            sink.error(span, "DP0011", message, help);
        }
        found
    }

    fn is_twice(&self, sink: &mut Sink, values: &Settings, field: &Field, span: Span) -> bool {
        let twice = values.contains_key(&field.name);
        if twice {
            let message = format!("`{}` is given twice", self.path_of(field));
            sink.error(span, "DP0016", message, Some("keep one".into()));
        }
        twice
    }

    /// A line `name value`, or a block.
    fn line(&self, sink: &mut Sink, child: &Node, field: &Field, values: &mut Settings) {
        let path = self.path_of(field);
        match &field.kind {
            FieldKind::Block(fields) if field.list => {
                self.named_block(sink, child, (field, fields), values);
            }
            FieldKind::Block(fields) => {
                if self.is_twice(sink, values, field, child.name_span) {
                    return;
                }
                if let Some(first) = child.arguments.first() {
                    let message = format!("`{path}` has no name of its own");
                    sink.error(first.span, "DP0012", message, None);
                }
                let level = Level {
                    fields,
                    path,
                    head: child.head,
                };
                let inner = level.read(sink, &[child]);
                values.insert(field.name.clone(), FieldValue::Block(inner));
            }
            _ => {
                if self.is_twice(sink, values, field, child.name_span) {
                    return;
                }
                let value = plain_line(sink, child, &wanted(field, &path));
                values.insert(field.name.clone(), value.unwrap_or(WRONG));
            }
        }
    }

    fn named_block(
        &self,
        sink: &mut Sink,
        child: &Node,
        (field, fields): (&Field, &[Field]),
        values: &mut Settings,
    ) {
        let entry = values
            .entry(field.name.clone())
            .or_insert_with(|| FieldValue::Named(BTreeMap::new()));
        let FieldValue::Named(blocks) = entry else {
            return;
        };
        let path = self.path_of(field);
        let Some(name) = block_name(sink, child, &path) else {
            return;
        };
        let span = child.arguments.first().map_or(child.head, |a| a.span);
        if blocks.contains_key(&name) {
            let message = format!("a second `{path} \"{name}\"`");
            let help = Some("put both in one block".to_string());
            sink.error(span, codes::TWICE, message, help);
            return;
        }
        if blocks.len() >= BLOCKS_MAX {
            let message = format!("more than {BLOCKS_MAX} of `{path}`");
            sink.error(span, codes::BAD_VALUE, message, None);
            return;
        }
        let own = fields.iter().find(|f| f.name == "name");
        if let (Some(own), Some(value)) = (own, child.arguments.first()) {
            let _ = read(sink, value, &wanted(own, &path));
        }
        let level = Level {
            fields,
            path: format!("{path} \"{name}\""),
            head: child.head,
        };
        let inner = level.read(sink, &[child]);
        blocks.insert(name, inner);
    }

    fn complete(&self, sink: &mut Sink, field: &Field, values: &mut Settings) {
        if values.contains_key(&field.name) {
            return;
        }
        let value = match (&field.kind, &field.default) {
            (_, Some(value)) => value.clone(),
            (_, None) if field.required => {
                let message = format!("`{}` wants `{}`", self.path, field.name);
                let help = format!("write {}", example(field));
                sink.error(self.head, codes::MISSING, message, Some(help));
                return;
            }
            (FieldKind::Block(_), None) if field.list => FieldValue::Named(BTreeMap::new()),
            (FieldKind::Block(fields), None) => {
                let path = self.path_of(field);
                let head = self.head;
                // A block that is left out has its defaults, where none of it must be given.
                let level = Level { fields, path, head };
                if level.settable().any(|f| f.required) {
                    return;
                }
                FieldValue::Block(level.read(sink, &[]))
            }
            (_, None) if field.list => FieldValue::List(Vec::new()),
            (_, None) => return,
        };
        values.insert(field.name.clone(), value);
    }
}

/// Stands for a wrong value, of which no dialplan comes.
const WRONG: FieldValue = FieldValue::Flag(false);

fn wanted<'f>(field: &'f Field, path: &'f str) -> Wanted<'f> {
    Wanted {
        field,
        path,
        place: Where::Settings,
    }
}

fn plain_line(sink: &mut Sink, child: &Node, wanted: &Wanted<'_>) -> Option<FieldValue> {
    let path = wanted.path;
    if let Some(property) = child.properties.first() {
        let message = format!("`{path}` is a value, not a block");
        sink.error(property.name_span, "DP0012", message, None);
        return None;
    }
    if child.children.is_some() {
        let message = format!("`{path}` is a value, not a block");
        sink.error(child.head, "DP0017", message, None);
        return None;
    }
    match child.arguments.as_slice() {
        [] => {
            let message = format!("`{path}` wants a value");
            let help = format!("write {}", example(wanted.field));
            sink.error(child.head, codes::MISSING, message, Some(help));
            None
        }
        all if wanted.field.list => Some(read_list(sink, all, wanted)),
        [value] => read(sink, value, wanted),
        [_, more, ..] => {
            let message = format!("`{path}` takes one value");
            sink.error(more.span, "DP0012", message, None);
            None
        }
    }
}

/// The name of a block among others of its kind.
fn block_name(sink: &mut Sink, child: &Node, path: &str) -> Option<String> {
    let kind = child.name.as_str();
    match child.arguments.as_slice() {
        [] => {
            let message = format!("`{path}` wants a name");
            let help = format!("write `{kind} \"sales\" {{ ... }}`");
            sink.error(child.head, codes::MISSING, message, Some(help));
            None
        }
        [
            Value {
                kind: ValueKind::Text(name),
                ..
            },
        ] if !name.is_empty() => Some(name.clone()),
        [value] => {
            let message = format!("the name of `{path}` is text");
            sink.error(value.span, "DP0014", message, Some("quote it".into()));
            None
        }
        [_, more, ..] => {
            let message = format!("`{path}` takes one name");
            let help = "its settings stand behind it as `name=value`, or in `{ ... }`";
            sink.error(more.span, "DP0012", message, Some(help.into()));
            None
        }
    }
}

fn example(field: &Field) -> String {
    let name = &field.name;
    match &field.kind {
        FieldKind::Block(_) if field.list => format!("`{name} \"...\" {{ ... }}`"),
        FieldKind::Block(_) => format!("`{name} {{ ... }}`"),
        FieldKind::Secret => format!("`{name}=(secret)\"...\"`"),
        FieldKind::Number { min, .. } => format!("`{name}={min}`"),
        FieldKind::Flag => format!("`{name}=#true`"),
        FieldKind::Duration => format!("`{name}=\"5s\"`"),
        FieldKind::Word(words) => {
            format!("`{name}={}`", words.first().map_or("...", String::as_str))
        }
        _ => format!("`{name}=\"...\"`"),
    }
}

/// The files that settings name, which the module's `grant file` lines must name too.
pub(super) fn files<'s>(fields: &[Field], values: &'s Settings, out: &mut Vec<&'s str>) {
    for field in fields {
        let value = values.get(&field.name);
        match (&field.kind, value) {
            (FieldKind::File, Some(value)) => texts(value, out),
            (FieldKind::Block(inner), Some(FieldValue::Block(values))) => {
                files(inner, values, out);
            }
            (FieldKind::Block(inner), Some(FieldValue::Named(blocks))) => {
                blocks.values().for_each(|values| files(inner, values, out));
            }
            _ => {}
        }
    }
}

fn texts<'s>(value: &'s FieldValue, out: &mut Vec<&'s str>) {
    match value {
        FieldValue::Text(text) => out.push(text),
        FieldValue::List(list) => list.iter().for_each(|value| texts(value, out)),
        _ => {}
    }
}
