//! One file as a tree of nodes that know their bytes.

use kdl::{KdlDocument, KdlEntry, KdlError, KdlNode, KdlValue};

use super::lexer::{Kind, Piece};
use super::scan::{FINDINGS_MAX, outermost, scan};
use super::skeleton::{self, Break};
use crate::diagnostic::{Diagnostic, Lines};

/// Deepest nesting of blocks; deeper ones are refused before the parser sees them.
const DEPTH_MAX: usize = 64;
/// Deepest nesting of blocks behind `/-`.
const DASHED_DEPTH_MAX: usize = 4;
/// Most parentheses in one line, and most `/-` with nothing between.
const RUN_MAX: usize = 64;

/// Bytes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub(crate) at: usize,
    pub(crate) len: usize,
    /// Which file: 0 is the one that is read, others were put into it where a point was replaced.
    pub(crate) file: u16,
}

impl Span {
    /// Other bytes of the same file.
    pub(crate) fn part(self, at: usize, len: usize) -> Span {
        Span { at, len, ..self }
    }

    /// From the first byte of this to the last of another.
    pub(crate) fn to(self, last: Span) -> Span {
        self.part(self.at, (last.at + last.len).saturating_sub(self.at))
    }
}

/// A node of KDL.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) name_span: Span,
    /// From the name to the last entry, without the block.
    pub(crate) head: Span,
    pub(crate) arguments: Vec<Value>,
    pub(crate) properties: Vec<Property>,
    /// None without braces.
    pub(crate) children: Option<Vec<Node>>,
    pub(crate) annotation: Option<Span>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Property {
    pub(crate) name: String,
    pub(crate) name_span: Span,
    pub(crate) value: Value,
}

/// A value with its bytes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Value {
    pub(crate) kind: ValueKind,
    pub(crate) span: Span,
    /// Where its inside begins and whether bytes inside are as written (no escapes).
    pub(crate) inside: Option<usize>,
    /// `(secret)` before it.
    pub(crate) annotation: Option<Annotation>,
}

/// A type in parentheses.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Annotation {
    pub(crate) name: String,
    pub(crate) span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ValueKind {
    Text(String),
    Integer(i128),
    Float(f64),
    Bool(bool),
    Null,
}

/// A file that was read, as far as it could be.
pub(crate) struct Parsed {
    pub(crate) nodes: Vec<Node>,
    pub(crate) findings: Vec<Diagnostic>,
    /// False when some of the file could not be read, so names may be missing.
    pub(crate) whole: bool,
}

/// Reads a file.
pub(crate) fn parse(lines: &Lines) -> Parsed {
    let scan = scan(lines);
    let text = scan.mended.as_deref().unwrap_or(lines.text());
    let mut findings = scan.findings;
    let scan_found = !findings.is_empty();
    if let Some((at, message)) = too_deep(&scan.pieces) {
        findings.push(Diagnostic::error(lines.mark(at, 1), "DP0001", message));
        return Parsed {
            nodes: Vec::new(),
            findings,
            whole: false,
        };
    }
    let sound = skeleton::check(text).is_none();
    if (sound || skeleton::is_small(text))
        && let Ok(document) = KdlDocument::parse_v2(text)
    {
        debug_assert!(sound, "{:?} of {text:?}", skeleton::check(text));
        return Parsed {
            nodes: convert(&document, 0, text),
            findings,
            whole: true,
        };
    }
    let mut nodes = Vec::new();
    for (start, end) in outermost(&scan.pieces) {
        let part = text.get(start..end).unwrap_or("");
        let found = match part_of(part) {
            Ok(document) => {
                nodes.extend(convert(&document, start, text));
                continue;
            }
            Err(wrong) => wrong.finding(lines, start),
        };
        let inside = |d: &Diagnostic| {
            let at = d.mark.offset as usize;
            at >= start && at <= end
        };
        if findings.len() < FINDINGS_MAX && !(scan_found && findings.iter().any(inside)) {
            findings.extend(found);
        }
    }
    Parsed {
        nodes,
        findings,
        whole: false,
    }
}

/// Why a part of a file is not read.
enum Wrong {
    /// As the parser says.
    Syntax(KdlError),
    /// As its shape says, where the parser may not see it.
    Shape(Break),
}

impl Wrong {
    fn finding(&self, lines: &Lines, start: usize) -> Option<Diagnostic> {
        match self {
            Wrong::Syntax(error) => syntax(lines, start, error),
            Wrong::Shape(at) => {
                let mark = lines.mark(start + at.at, at.len);
                let message = format!("this cannot be read: {}", at.message);
                Some(Diagnostic::error(mark, "DP0001", message))
            }
        }
    }
}

fn part_of(part: &str) -> Result<KdlDocument, Wrong> {
    match skeleton::check(part) {
        Some(at) if !skeleton::is_small(part) => Err(Wrong::Shape(at)),
        _ => KdlDocument::parse_v2(part).map_err(Wrong::Syntax),
    }
}

/// What the parser would overflow its stack on, or take for ever over: it is recursive, and reads a
/// block behind `/-` twice at every level.
fn too_deep(pieces: &[Piece]) -> Option<(usize, &'static str)> {
    let (mut parens, mut dashes, mut behind_dash) = (0usize, 0usize, false);
    // For each open block, whether it stands behind `/-`.
    let mut open: Vec<bool> = Vec::new();
    for piece in pieces {
        match piece.kind {
            Kind::Open => {
                open.push(behind_dash);
                if open.len() > DEPTH_MAX {
                    return Some((piece.at, "blocks nested more than 64 deep"));
                }
                if open.iter().filter(|dashed| **dashed).count() > DASHED_DEPTH_MAX {
                    return Some((piece.at, "blocks behind `/-` nested more than 4 deep"));
                }
            }
            Kind::Close => {
                open.pop();
            }
            Kind::Paren => parens += 1,
            Kind::SlashDash => dashes += 1,
            Kind::Word | Kind::Text => dashes = 0,
            Kind::Newline => parens = 0,
            _ => {}
        }
        if parens > RUN_MAX || dashes > RUN_MAX {
            return Some((
                piece.at,
                "more than 64 parentheses in a line, or `/-` in a row",
            ));
        }
        let skipped = matches!(piece.kind, Kind::Space | Kind::BlockComment | Kind::Newline);
        behind_dash = piece.kind == Kind::SlashDash || (behind_dash && skipped);
    }
    None
}

fn syntax(lines: &Lines, start: usize, error: &KdlError) -> Option<Diagnostic> {
    // The scan knows the braces; what the parser says of them follows from another mistake.
    let closing = |d: &&kdl::KdlDiagnostic| {
        d.message
            .as_ref()
            .is_none_or(|m| !m.to_lowercase().contains("closing '}'"))
    };
    let first = error
        .diagnostics
        .iter()
        .find(closing)
        .or(error.diagnostics.first());
    first.map(|d| {
        let mark = lines.mark(start + d.span.offset(), d.span.len());
        let message = d.message.clone().unwrap_or_else(|| "not KDL".into());
        let mut message = message
            .replace("Expected", "expected")
            .replace("Found", "found");
        if let Some(label) = d.label.as_ref().filter(|l| !message.contains(l.as_str())) {
            message = format!("this cannot be read: {message} ({label})");
        }
        let finding = Diagnostic::error(mark, "DP0001", message);
        match &d.help {
            Some(help) => finding.help(help.clone()),
            None => finding,
        }
    })
}

fn convert(document: &KdlDocument, base: usize, text: &str) -> Vec<Node> {
    document
        .nodes()
        .iter()
        .map(|node| convert_node(node, base, text))
        .collect()
}

fn span(span: miette::SourceSpan, base: usize) -> Span {
    Span {
        at: base + span.offset(),
        len: span.len(),
        file: 0,
    }
}

fn convert_node(node: &KdlNode, base: usize, text: &str) -> Node {
    let name_span = span(node.name().span(), base);
    let mut out = Node {
        name: node.name().value().to_string(),
        name_span,
        head: name_span,
        arguments: Vec::new(),
        properties: Vec::new(),
        children: node.children().map(|c| convert(c, base, text)),
        annotation: node.ty().map(|ty| span(ty.span(), base)),
    };
    for entry in node.entries() {
        let value = convert_value(entry, base, text);
        out.head.len = value.span.at + value.span.len - out.head.at;
        if let Some(ty) = entry.ty() {
            out.annotation.get_or_insert(span(ty.span(), base));
        }
        match entry.name() {
            Some(name) => out.properties.push(Property {
                name: name.value().to_string(),
                name_span: span(name.span(), base),
                value,
            }),
            None => out.arguments.push(value),
        }
    }
    out
}

fn convert_value(entry: &KdlEntry, base: usize, text: &str) -> Value {
    let whole = span(entry.span(), base);
    let end = whole.at + whole.len;
    let written = entry
        .format()
        .map_or(whole.len, |f| f.value_repr.len())
        .min(whole.len);
    let value_span = whole.part(end - written, written);
    let kind = match entry.value() {
        KdlValue::String(text) => ValueKind::Text(text.clone()),
        KdlValue::Integer(number) => ValueKind::Integer(*number),
        KdlValue::Float(number) => ValueKind::Float(*number),
        KdlValue::Bool(value) => ValueKind::Bool(*value),
        KdlValue::Null => ValueKind::Null,
    };
    let raw = text.get(value_span.at..end).unwrap_or("");
    let inside = match &kind {
        ValueKind::Text(text) => raw.find(text.as_str()).map(|at| value_span.at + at),
        _ => None,
    };
    let annotation = entry.ty().map(|ty| Annotation {
        name: ty.value().to_string(),
        span: span(ty.span(), base),
    });
    Value {
        kind,
        span: value_span,
        inside,
        annotation,
    }
}
