//! What one file says of bases, points and values, before anything is put in its place.
//!
//! `base "../_base"`, `value NAME "default"` and `override NAME { ... }` are read here, from the
//! tree alone: what they come to depends on the other files ([`crate::check`]).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::tree::{Node, Span, Value, ValueKind, parse};
use crate::diagnostic::{Diagnostic, Lines, Mark};
use crate::template::is_variable_name;

/// What stands before a value's name in a text.
pub(crate) const VALUE: &str = "{value.";
/// Most arguments of one `value`.
const ARGUMENTS_MAX: usize = 100;
/// Longest text of one `value`, in characters.
const TEXT_CHARS_MAX: usize = 1_024;

/// A file as a tree, and what it says of bases.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) lines: Lines,
    pub(crate) nodes: Vec<Node>,
    pub(crate) findings: Vec<Diagnostic>,
    /// False when some of the file could not be read, so names may be missing.
    pub(crate) whole: bool,
    pub(crate) sketch: Arc<Sketch>,
}

/// The lines of a file about bases, points and values.
#[derive(Debug, Default)]
pub(crate) struct Sketch {
    pub(crate) bases: Vec<BaseLine>,
    pub(crate) values: Vec<ValueLine>,
    pub(crate) points: Vec<PointLine>,
    /// Names of values in texts.
    pub(crate) used: BTreeSet<String>,
}

/// `base "../_base"`.
#[derive(Clone, Debug)]
pub(crate) struct BaseLine {
    /// The folder's name, `_base`; none where it cannot be one.
    pub(crate) folder: Option<String>,
    pub(crate) mark: Mark,
}

/// `value NAME "default"`.
#[derive(Clone, Debug)]
pub(crate) struct ValueLine {
    pub(crate) name: String,
    pub(crate) mark: Mark,
    /// Empty in a base that wants its tenants to say.
    pub(crate) says: Vec<ValueKind>,
}

/// `override NAME { ... }`: a point, or what replaces one.
#[derive(Clone, Debug)]
pub(crate) struct PointLine {
    pub(crate) name: String,
    pub(crate) mark: Mark,
    /// Its place in the tree's nodes when it stands outermost.
    pub(crate) outermost: Option<usize>,
}

impl Sketch {
    /// True when what the file comes to depends on other files' points and values.
    pub(crate) fn is_open(&self) -> bool {
        !self.points.is_empty() || !self.used.is_empty()
    }
}

impl Tree {
    /// Reads a file.
    pub(crate) fn read(lines: Lines) -> Tree {
        let parsed = parse(&lines);
        let mut reader = Reader {
            lines: &lines,
            sketch: Sketch::default(),
            findings: parsed.findings,
        };
        for (n, node) in parsed.nodes.iter().enumerate() {
            reader.node(node, Some(n));
        }
        let (sketch, findings) = (Arc::new(reader.sketch), reader.findings);
        Tree {
            lines,
            nodes: parsed.nodes,
            findings,
            whole: parsed.whole,
            sketch,
        }
    }
}

/// The folder that `base "../_base"` names; none where it cannot be a base.
pub(crate) fn base_folder(text: &str) -> Option<&str> {
    let name = text.strip_prefix("../")?;
    let good = name.starts_with('_')
        && (2..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    good.then_some(name)
}

struct Reader<'l> {
    lines: &'l Lines,
    sketch: Sketch,
    findings: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn error(&mut self, span: Span, code: &'static str, message: &str, help: &str) {
        let mark = self.mark(span);
        self.findings
            .push(Diagnostic::error(mark, code, message).help(help));
    }

    fn mark(&self, span: Span) -> Mark {
        self.lines.mark(span.at, span.len)
    }

    fn node(&mut self, node: &Node, outermost: Option<usize>) {
        match &*node.name {
            "base" if outermost.is_some() => return self.base(node),
            "value" if outermost.is_some() => return self.value(node),
            "override" => self.point(node, outermost),
            _ => self.texts(node),
        }
        for child in node.children.iter().flatten() {
            self.node(child, None);
        }
    }

    fn texts(&mut self, node: &Node) {
        let properties = node.properties.iter().map(|p| &p.value);
        for value in node.arguments.iter().chain(properties) {
            if let ValueKind::Text(text) = &value.kind {
                let names = uses(text).map(|(_, name)| name.to_string());
                self.sketch.used.extend(names);
            }
        }
    }

    fn base(&mut self, node: &Node) {
        const HELP: &str = "write `base \"../_base\"`: a folder beside the tenant's whose name \
                            begins with `_`";
        let mark = self.mark(node.head);
        let folder = match node.arguments.as_slice() {
            [
                Value {
                    kind: ValueKind::Text(text),
                    span,
                    ..
                },
            ] if self.is_bare(node) => {
                let folder = base_folder(text).map(String::from);
                if folder.is_none() {
                    let message = format!("`{text}` cannot be a base");
                    self.error(*span, "DP0024", &message, HELP);
                }
                folder
            }
            _ => {
                self.error(node.head, "DP0013", "`base` wants one folder", HELP);
                None
            }
        };
        self.sketch.bases.push(BaseLine { folder, mark });
    }

    fn is_bare(&self, node: &Node) -> bool {
        node.properties.is_empty() && node.children.is_none() && node.annotation.is_none()
    }

    fn value(&mut self, node: &Node) {
        const HELP: &str = "write `value greeting \"welcome\"`; texts use it as `{value.greeting}`";
        let mut arguments = node.arguments.iter();
        let name = match arguments.next().map(|first| (&first.kind, first.span)) {
            Some((ValueKind::Text(name), _)) if is_variable_name(name) => name.clone(),
            Some((_, span)) => {
                let help = "a letter, then letters, digits, `_`, `-` or `.`, at most 64";
                return self.error(span, "DP0015", "this cannot be a value's name", help);
            }
            None => return self.error(node.head, "DP0013", "`value` wants a name", HELP),
        };
        if !self.is_bare(node) {
            return self.error(
                node.head,
                "DP0012",
                "`value` has only a name and texts",
                HELP,
            );
        }
        let mut says = Vec::new();
        for argument in arguments {
            let wrong = match &argument.kind {
                ValueKind::Null => Some("a value is text, a number, #true or #false"),
                ValueKind::Text(text) if uses(text).next().is_some() => {
                    Some("a value holds no other value")
                }
                ValueKind::Text(text) if text.chars().count() > TEXT_CHARS_MAX => {
                    Some("a value is at most 1024 characters")
                }
                _ if says.len() >= ARGUMENTS_MAX => Some("a value is at most 100 words"),
                _ => None,
            };
            if let Some(wrong) = wrong {
                return self.error(argument.span, "DP0015", wrong, HELP);
            }
            says.push(argument.kind.clone());
        }
        let mark = self.mark(node.head);
        self.sketch.values.push(ValueLine { name, mark, says });
    }

    fn point(&mut self, node: &Node, outermost: Option<usize>) {
        const HELP: &str = "write `override hours { ... }`: a name, and what stands there";
        let name = match node.arguments.as_slice() {
            [
                Value {
                    kind: ValueKind::Text(name),
                    ..
                },
            ] if is_variable_name(name) => name.clone(),
            [] => return self.error(node.head, "DP0013", "`override` wants a name", HELP),
            [first, ..] => {
                let message = "this cannot be a point's name";
                return self.error(first.span, "DP0015", message, HELP);
            }
        };
        if !node.properties.is_empty() || node.annotation.is_some() {
            return self.error(node.head, "DP0012", "`override` has only a name", HELP);
        }
        if node.children.is_none() {
            let help = "add `{ ... }`; an empty one leaves the point empty";
            return self.error(node.head, "DP0013", "`override` wants a block", help);
        }
        let mark = self.mark(node.head);
        self.sketch.points.push(PointLine {
            name,
            mark,
            outermost,
        });
    }
}

/// Values that a text uses: byte of the brace, and name. `{{` is a brace.
pub(crate) fn uses(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = text.get(at..)?;
            let found = rest.find('{')?;
            let here = at + found;
            let tail = text.get(here..)?;
            if tail.starts_with("{{") {
                at = here + 2;
                continue;
            }
            at = here + 1;
            if let Some(inside) = tail.strip_prefix(VALUE)
                && let Some(end) = inside.find('}')
            {
                at = here + VALUE.len() + end + 1;
                return Some((here, inside.get(..end)?));
            }
        }
    })
}
