//! Points and values put in their places: a file's tree as the tenant means it.
//!
//! Every node keeps the bytes of the file that it was written in, so that findings and places of
//! steps point there.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::codes;
use super::layers::{Chosen, Context, Held, prefix};
use super::sink::Because;
use super::words::suggestion;
use crate::diagnostic::{Diagnostic, Lines, Mark};
use crate::file::sketch::{Tree, uses};
use crate::file::tree::{Node, Property, Span, Value, ValueKind};

/// Most bytes that values put into one file; what is beyond is refused and not put in.
const FILLED_BYTES_MAX: usize = 4 * 1024 * 1024;
/// What a word costs beside its bytes.
const WORD_BYTES: usize = 16;

/// A file with everything in its place.
pub(super) struct Expanded {
    pub(super) nodes: Vec<Node>,
    /// Files of which parts were put in, in the order of [`Span::file`] from 1.
    pub(super) others: Vec<Arc<Tree>>,
    pub(super) because: Vec<Because>,
    pub(super) findings: Vec<Diagnostic>,
    /// Texts of which nothing more is to be said.
    pub(super) said: Vec<Mark>,
    /// Points that stand in it.
    pub(super) placed: BTreeSet<String>,
}

/// Puts a file's points and values in place.
pub(super) fn expand(tree: &Arc<Tree>, context: &Context) -> Expanded {
    let mut expander = Expander {
        tree,
        context,
        filled_bytes: 0,
        out: Expanded {
            nodes: Vec::new(),
            others: Vec::new(),
            because: Vec::new(),
            findings: Vec::new(),
            said: Vec::new(),
            placed: BTreeSet::new(),
        },
    };
    let mut nodes = Vec::with_capacity(tree.nodes.len());
    expander.all(&tree.nodes, 0, &mut nodes);
    expander.out.nodes = nodes;
    expander.out
}

struct Expander<'t> {
    tree: &'t Arc<Tree>,
    context: &'t Context,
    /// Bytes that values have put in so far.
    filled_bytes: usize,
    out: Expanded,
}

impl Expander<'_> {
    fn lines(&self, file: u16) -> &Lines {
        let other = usize::from(file).checked_sub(1);
        let other = other.and_then(|n| self.out.others.get(n));
        &other.unwrap_or(self.tree).lines
    }

    fn all(&mut self, nodes: &[Node], file: u16, out: &mut Vec<Node>) {
        for node in nodes {
            match &*node.name {
                "override" => self.point(node, file, out),
                _ => out.push(self.node(node, file)),
            }
        }
    }

    fn point(&mut self, node: &Node, file: u16, out: &mut Vec<Node>) {
        let default = node.children.as_deref().unwrap_or(&[]);
        let mark = self.lines(file).mark(node.head.at, node.head.len);
        let name = match node.arguments.first().map(|a| &a.kind) {
            Some(ValueKind::Text(name)) => name,
            // It is wrong, which is said already.
            _ => return self.all(default, file, out),
        };
        let context = self.context;
        let point = context.points.get(name).filter(|p| p.declared == mark);
        let Some(point) = point else {
            // It replaces a point elsewhere, or is wrong: in a base its steps are read all the same.
            if prefix(&mark.file).is_empty() {
                return;
            }
            let replaces = context
                .points
                .get(name)
                .is_some_and(|p| prefix(&p.declared.file) != prefix(&mark.file));
            if !replaces {
                self.all(default, file, out);
            }
            return;
        };
        self.out.placed.insert(name.clone());
        match &point.chosen {
            None => self.all(default, file, out),
            Some(chosen) => self.chosen(chosen, name, &mark, out),
        }
    }

    fn chosen(&mut self, chosen: &Chosen, name: &str, declared: &Mark, out: &mut Vec<Node>) {
        let Some(node) = chosen.tree.nodes.get(chosen.index) else {
            return;
        };
        let same = |other: &Arc<Tree>| Arc::ptr_eq(other, &chosen.tree);
        let known = self.out.others.iter().position(same);
        let index = known.unwrap_or_else(|| {
            self.out.others.push(Arc::clone(&chosen.tree));
            self.out.others.len() - 1
        });
        let Ok(file) = u16::try_from(index + 1) else {
            return;
        };
        let inside = node.children.as_deref().unwrap_or(&[]);
        let begin = Span { file, ..node.head };
        let mut span = begin;
        inside.iter().for_each(|child| reach(child, &mut span));
        self.out.because.push(Because {
            span,
            mark: declared.clone(),
            message: format!("the point `{name}` that it replaces"),
        });
        self.all(inside, file, out);
    }

    fn node(&mut self, node: &Node, file: u16) -> Node {
        let moved = |span: Span| Span { file, ..span };
        let mut arguments = Vec::with_capacity(node.arguments.len());
        for argument in &node.arguments {
            self.argument(argument, file, &mut arguments);
        }
        let properties = node.properties.iter().map(|property| Property {
            name: property.name.clone(),
            name_span: moved(property.name_span),
            value: self.property(&property.value, file),
        });
        let properties = properties.collect();
        let children = node.children.as_ref().map(|children| {
            let mut out = Vec::with_capacity(children.len());
            self.all(children, file, &mut out);
            out
        });
        Node {
            name: node.name.clone(),
            name_span: moved(node.name_span),
            head: moved(node.head),
            arguments,
            properties,
            children,
            annotation: node.annotation.map(moved),
        }
    }

    /// An argument; one that is a value of several words becomes several.
    fn argument(&mut self, value: &Value, file: u16, out: &mut Vec<Value>) {
        let own = moved(value, file);
        if let Some(held) = self.whole(&own) {
            let span = own.span;
            out.extend(held.says.iter().map(|kind| Value {
                kind: kind.clone(),
                span,
                inside: None,
                annotation: own.annotation.clone(),
            }));
            return;
        }
        out.push(self.filled(own));
    }

    fn property(&mut self, value: &Value, file: u16) -> Value {
        let own = moved(value, file);
        match self.whole(&own).map(|held| held.says.as_slice()) {
            Some([kind]) => Value {
                kind: kind.clone(),
                inside: None,
                ..own
            },
            Some(several) => {
                let words: Vec<String> = several.iter().map(shown).collect();
                let kind = ValueKind::Text(words.join(" "));
                Value {
                    kind,
                    inside: None,
                    ..own
                }
            }
            None => self.filled(own),
        }
    }

    /// The value that a text is, where it is nothing else.
    fn whole(&mut self, value: &Value) -> Option<&'_ Held> {
        let ValueKind::Text(text) = &value.kind else {
            return None;
        };
        let mut all = uses(text);
        let (at, name) = all.next()?;
        let is_all = at == 0 && text.len() == crate::file::sketch::VALUE.len() + name.len() + 1;
        let held = self.context.values.get(name).filter(|_| is_all)?;
        if held.says.is_empty() || !self.affords(held, value.span) {
            return None;
        }
        self.out.because.push(because(value.span, name, held));
        Some(held)
    }

    /// A text with its values filled in; any other value as it is.
    fn filled(&mut self, value: Value) -> Value {
        let ValueKind::Text(text) = &value.kind else {
            return value;
        };
        let (mut out, mut end, mut any) = (String::new(), 0, false);
        for (at, name) in uses(text) {
            let after = at + crate::file::sketch::VALUE.len() + name.len() + 1;
            let Some(held) = self.context.values.get(name) else {
                self.unknown(&value, at, name);
                continue;
            };
            // The base wants it, which is said already.
            if held.says.is_empty() {
                self.say_no_more(&value);
                continue;
            }
            if !self.affords(held, value.span) {
                continue;
            }
            any = true;
            self.out.because.push(because(value.span, name, held));
            out.push_str(text.get(end..at).unwrap_or(""));
            let words: Vec<String> = held.says.iter().map(shown).collect();
            out.push_str(&words.join(" "));
            end = after;
        }
        if !any {
            return value;
        }
        out.push_str(text.get(end..).unwrap_or(""));
        Value {
            kind: ValueKind::Text(out),
            inside: None,
            ..value
        }
    }

    /// True while what values put in is within its bound; says so once where it is not.
    fn affords(&mut self, held: &Held, span: Span) -> bool {
        let words = held.says.iter().map(|word| shown(word).len() + WORD_BYTES);
        let before = self.filled_bytes;
        self.filled_bytes = before.saturating_add(words.sum());
        if self.filled_bytes <= FILLED_BYTES_MAX {
            return true;
        }
        if before <= FILLED_BYTES_MAX {
            let mark = self.lines(span.file).mark(span.at, span.len);
            let message = "values put more than 4 MiB into this file";
            let finding = Diagnostic::error(mark, codes::BAD_VALUE, message);
            self.out
                .findings
                .push(finding.help("use fewer or shorter ones"));
        }
        false
    }

    fn unknown(&mut self, value: &Value, at: usize, name: &str) {
        if !self.context.whole {
            return;
        }
        let length = crate::file::sketch::VALUE.len() + name.len() + 1;
        let span = match value.inside {
            Some(inside) => value.span.part(inside + at, length),
            None => value.span,
        };
        let mark = self.lines(span.file).mark(span.at, span.len);
        let message = format!("no value is called `{name}`");
        let mut finding = Diagnostic::error(mark, codes::UNKNOWN_NAME, message);
        finding.help = suggestion(name, self.context.values.keys().map(String::as_str))
            .or_else(|| Some(format!("write `value {name} \"...\"`")));
        self.out.findings.push(finding);
        self.say_no_more(value);
    }

    fn say_no_more(&mut self, value: &Value) {
        let lines = self.lines(value.span.file);
        let whole = lines.mark(value.span.at, value.span.len);
        self.out.said.push(whole);
    }
}

/// A value with the file it is in.
fn moved(value: &Value, file: u16) -> Value {
    let mut own = value.clone();
    own.span.file = file;
    if let Some(annotation) = &mut own.annotation {
        annotation.span.file = file;
    }
    own
}

fn because(span: Span, name: &str, held: &Held) -> Because {
    Because {
        span,
        mark: held.mark.clone(),
        message: format!("`{{value.{name}}}` is said here"),
    }
}

/// A value inside a longer text.
fn shown(kind: &ValueKind) -> String {
    match kind {
        ValueKind::Text(text) => text.clone(),
        ValueKind::Integer(number) => number.to_string(),
        ValueKind::Float(number) => number.to_string(),
        ValueKind::Bool(value) => value.to_string(),
        ValueKind::Null => String::new(),
    }
}

/// Makes a span reach over a node and all in it.
fn reach(node: &Node, span: &mut Span) {
    let end = node.head.at + node.head.len;
    span.len = span.len.max(end.saturating_sub(span.at));
    node.children
        .iter()
        .flatten()
        .for_each(|child| reach(child, span));
}
