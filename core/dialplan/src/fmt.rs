//! One way to lay a file out (`cordboard fmt`): four spaces, a node a line, one blank line at most.
//!
//! Comments, the order of things and the words themselves stay as they were written. A block that
//! stood on one line and holds one plain node stays there while the line is short. Laid out twice
//! is laid out once, and what the file says is the same, which is checked before it is given.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Lines, Severity};
use crate::file::lexer::{Kind, Piece, pieces};
use crate::file::tree::Value;
use crate::file::{Node, parse};

/// A line that is longer is broken where it may be, in characters.
const LINE_MAX: usize = 100;

/// Lays out one file; `file` is its name in findings.
///
/// # Errors
/// Why the file cannot be read.
pub fn format(file: &str, text: &str) -> Result<String, Vec<Diagnostic>> {
    let lines = Lines::new(Arc::from(file), Arc::from(text));
    let parsed = parse(&lines);
    if !parsed.whole
        || parsed
            .findings
            .iter()
            .any(|f| f.severity == Severity::Error)
    {
        return Err(parsed.findings);
    }
    let all = pieces(text);
    let mut reader = Reader {
        text,
        pieces: &all,
        at: 0,
    };
    let items = reader.items();
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    write(&items, 0, &mut out);
    let again = parse(&Lines::new(Arc::from(file), Arc::from(out.as_str())));
    let same = again.whole && same_nodes(&again.nodes, &parsed.nodes);
    // A form that the layout does not know is left as it is rather than changed.
    Ok(if same { out } else { text.to_string() })
}

fn same_value(a: &Value, b: &Value) -> bool {
    let types = |v: &Value| v.annotation.as_ref().map(|t| t.name.clone());
    a.kind == b.kind && types(a) == types(b)
}

fn same_nodes(a: &[Node], b: &[Node]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| {
            let arguments = a.arguments.len() == b.arguments.len()
                && a.arguments
                    .iter()
                    .zip(&b.arguments)
                    .all(|(a, b)| same_value(a, b));
            let properties = a.properties.len() == b.properties.len()
                && a.properties
                    .iter()
                    .zip(&b.properties)
                    .all(|(a, b)| a.name == b.name && same_value(&a.value, &b.value));
            let children = match (&a.children, &b.children) {
                (Some(a), Some(b)) => same_nodes(a, b),
                (None, None) => true,
                _ => false,
            };
            a.name == b.name && arguments && properties && children
        })
}

/// What stands on lines of its own.
enum Item {
    Blank,
    Comment(String),
    Entry(Entry),
}

struct Entry {
    head: String,
    /// None without braces; whether they stood on one line.
    block: Option<(Vec<Item>, bool)>,
    /// A comment at the line's end.
    tail: Option<String>,
}

struct Reader<'t> {
    text: &'t str,
    pieces: &'t [Piece],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<Kind> {
        self.pieces.get(self.at).map(|p| p.kind)
    }

    fn take(&mut self) -> &str {
        let piece = self.pieces.get(self.at).copied();
        self.at += 1;
        piece.map_or("", |p| p.of(self.text))
    }

    /// Items up to the closing brace, which stays, or the end.
    fn items(&mut self) -> Vec<Item> {
        let mut items = Vec::new();
        let mut newlines = 0;
        while let Some(kind) = self.peek() {
            match kind {
                Kind::Close => break,
                Kind::Newline => {
                    newlines += 1;
                    self.at += 1;
                    continue;
                }
                Kind::Space | Kind::Semicolon | Kind::Continuation => {
                    self.at += 1;
                    continue;
                }
                _ => {}
            }
            if newlines > 1 && !items.is_empty() {
                items.push(Item::Blank);
            }
            newlines = 0;
            if kind == Kind::LineComment || (kind == Kind::BlockComment && self.comment_is_alone())
            {
                let comment = self.take().trim_end().to_string();
                items.push(Item::Comment(comment));
                continue;
            }
            items.push(Item::Entry(self.entry()));
        }
        items
    }

    /// A block comment with nothing after it on its line.
    fn comment_is_alone(&self) -> bool {
        let mut rest = self
            .pieces
            .get(self.at + 1..)
            .unwrap_or(&[])
            .iter()
            .map(|p| p.kind);
        matches!(rest.find(|k| *k != Kind::Space), None | Some(Kind::Newline))
    }

    fn entry(&mut self) -> Entry {
        let mut entry = Entry {
            head: String::new(),
            block: None,
            tail: None,
        };
        let mut space = false;
        while let Some(kind) = self.peek() {
            match kind {
                Kind::Newline | Kind::Close => break,
                Kind::Semicolon => {
                    self.at += 1;
                    self.tail(&mut entry);
                    break;
                }
                Kind::LineComment => {
                    self.tail(&mut entry);
                    break;
                }
                Kind::Space | Kind::Continuation => {
                    space = true;
                    self.at += 1;
                }
                Kind::Open => {
                    let start = self.at;
                    self.at += 1;
                    let items = self.items();
                    let inside = self.pieces.get(start..self.at).unwrap_or(&[]);
                    let one_line = !inside.iter().any(|p| p.kind == Kind::Newline);
                    self.at += 1;
                    entry.block = Some((items, one_line));
                    self.tail(&mut entry);
                    break;
                }
                Kind::Equals => {
                    let equals = self.take().to_string();
                    entry.head.push_str(&equals);
                    while matches!(self.peek(), Some(Kind::Space)) {
                        self.at += 1;
                    }
                    space = false;
                }
                _ => {
                    let after = self.pieces.get(self.at + 1).map(|p| p.kind);
                    let text = self.take().to_string();
                    if space && !entry.head.is_empty() && !entry.head.ends_with("/-") {
                        entry.head.push(' ');
                    }
                    entry.head.push_str(&text);
                    // `name =value`: the space before `=` goes.
                    let next = self.pieces.get(self.at + 1).map(|p| p.kind);
                    space = false;
                    if after == Some(Kind::Space) && next == Some(Kind::Equals) {
                        self.at += 1;
                    }
                }
            }
        }
        entry
    }

    /// A comment on the rest of the line.
    fn tail(&mut self, entry: &mut Entry) {
        let start = self.at;
        while matches!(self.peek(), Some(Kind::Space | Kind::Semicolon)) {
            self.at += 1;
        }
        match self.peek() {
            Some(Kind::LineComment) => entry.tail = Some(self.take().trim_end().to_string()),
            _ => self.at = start,
        }
    }
}

fn write(items: &[Item], depth: usize, out: &mut String) {
    let indent = "    ".repeat(depth);
    for item in items {
        match item {
            Item::Blank => out.push('\n'),
            Item::Comment(comment) => {
                out.push_str(&indent);
                out.push_str(comment);
                out.push('\n');
            }
            Item::Entry(entry) => {
                out.push_str(&indent);
                out.push_str(&entry.head);
                match &entry.block {
                    None => {}
                    Some((items, _)) if items.is_empty() => out.push_str(" {}"),
                    Some((items, one_line)) => {
                        match one_liner(items, *one_line, &indent, &entry.head) {
                            Some(line) => out.push_str(&line),
                            None => {
                                out.push_str(" {\n");
                                write(items, depth + 1, out);
                                out.push_str(&indent);
                                out.push('}');
                            }
                        }
                    }
                }
                if let Some(tail) = &entry.tail {
                    out.push(' ');
                    out.push_str(tail);
                }
                out.push('\n');
            }
        }
    }
}

/// ` { goto main }`, where the block is one plain node and the line short.
fn one_liner(items: &[Item], one_line: bool, indent: &str, head: &str) -> Option<String> {
    let [
        Item::Entry(Entry {
            head: inner,
            block: None,
            tail: None,
        }),
    ] = items
    else {
        return None;
    };
    let line = format!(" {{ {inner} }}");
    let long = indent.len() + head.chars().count() + line.chars().count();
    (one_line && long <= LINE_MAX && !inner.contains('\n')).then_some(line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::format;
    use crate::{Cache, Known, Source, load};

    fn formatted(text: &str) -> String {
        format("main.kdl", text).unwrap_or_else(|e| panic!("{e:?}"))
    }

    #[test]
    fn lays_out_and_keeps_every_comment() {
        let text = "// top\n\n\n\ntenant   acme  domain = \"a.example\" // tail\nroute main { answer; /* why */ wait \"1s\" // because\n  /- hangup\n   on \"1\" { goto main }\n\n}\n  /* alone */\n// end";
        let want = "// top\n\ntenant acme domain=\"a.example\" // tail\nroute main {\n    answer\n    /* why */ wait \"1s\" // because\n    /-hangup\n    on \"1\" { goto main }\n}\n/* alone */\n// end\n";
        assert_eq!(formatted(text), want);
        assert_eq!(formatted(want), want);
    }

    #[test]
    fn blocks_of_several_nodes_take_several_lines() {
        let text = "calendar office { open mon-fri \"08:00-18:00\"; closed \"2026-12-25\" name=Christmas }\nuser alice {}\n";
        let want = "calendar office {\n    open mon-fri \"08:00-18:00\"\n    closed \"2026-12-25\" name=Christmas\n}\nuser alice {}\n";
        assert_eq!(formatted(text), want);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_left_to_its_mistakes() {
        let found = format("main.kdl", "route a { play timeout=5s }").unwrap_err();
        assert_eq!(found[0].code, "DP0002");
    }

    /// A small dialplan in a random layout.
    fn sloppy() -> impl Strategy<Value = String> {
        let gap = prop::sample::select(vec![" ", "  ", "\t", " /* c */ ", " \\\n "]);
        let end = prop::sample::select(vec![";", "\n", " // x\n", "\n\n\n", " ; \n"]);
        let step = prop::sample::select(vec![
            "answer",
            "wait \"2s\"",
            "set a=\"1\" b=\"{dialled:-4}\"",
            "record off",
        ]);
        let nest = prop::sample::select(vec!["when \"hour > 5\"", "else"]);
        let item = (step, gap.clone(), end.clone(), nest, gap, end).prop_map(|(step, gap, end, nest, g2, e2)| {
            let step = step.replacen(' ', gap, 1);
            format!("{step}{end}when{g2}\"hour < 3\"{g2}{{ {step} }}{e2}{nest} {{ {step}{end} }}{e2}")
        });
        prop::collection::vec(item, 1..5).prop_map(|items| {
            let items: String = items.iter().map(|i| format!("{i}\n")).collect();
            format!(
                "tenant a domain=\"a.example\"\ndid \"1\" {{ goto main }}\nroute main {{{items}}}"
            )
        })
    }

    proptest! {
        #[test]
        fn what_a_file_says_stays_the_same(text in sloppy()) {
            let plan = |text: &str| load(&Source::of([("main.kdl", text)]), &Known::default(), &mut Cache::new());
            let once = formatted(&text);
            prop_assert_eq!(formatted(&once), once.clone());
            match (plan(&text), plan(&once)) {
                (Ok(before), Ok(after)) => {
                    prop_assert_eq!(crate::diff(&before.dialplan, &after.dialplan), vec![]);
                }
                (Err(before), Err(after)) => prop_assert_eq!(before.len(), after.len()),
                (before, after) => prop_assert!(false, "{:?} {:?}", before.err(), after.err()),
            }
            let comments = |t: &str| (t.matches("/* c */").count(), t.matches("// x").count());
            prop_assert_eq!(comments(&once), comments(&text));
        }

        #[test]
        fn any_text_is_laid_out_or_refused(text in "[ a-z0-9{};=\"/\\\\\n*#-]{0,60}") {
            if let Ok(once) = format("f.kdl", &text) {
                prop_assert!(format("f.kdl", &once).is_ok());
            }
        }
    }
}
