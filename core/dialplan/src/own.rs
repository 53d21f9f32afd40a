//! What a tenant says beyond its base (`cordboard diff TENANT`): values, replaced points, tables
//! that hide the base's, and everything it adds, with the lines of both.
//!
//! It needs no sound dialplan: what can be read is shown.

use std::fmt::{self, Display};
use std::sync::Arc;

use serde::Serialize;

use crate::check::layers::prefix;
use crate::diagnostic::{Diagnostic, Lines};
use crate::file::lexer::{Kind, pieces};
use crate::file::sketch::{PointLine, Tree};
use crate::file::{FILE_BYTES_MAX, FILES_MAX, Source};
use crate::route::Place;

/// How a tenant differs from its base in one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// A value of the base says something else, or what the base asked for.
    Value,
    /// A point of the base is replaced.
    Override,
    /// A file is used in place of the base's of that path.
    File,
    /// The base has nothing of the kind.
    Adds,
}

/// One thing that a tenant says itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Own {
    /// How it differs.
    pub how: How,
    /// `hours`, `user alice`, `prefixes.csv`.
    pub what: String,
    /// Where the tenant says it.
    pub place: Place,
    /// Where the base does.
    pub base: Option<Place>,
    /// The base's lines.
    pub before: Vec<String>,
    /// The tenant's.
    pub after: Vec<String>,
}

/// A tenant beside its base.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OwnLines {
    /// The bases, the nearest first; none where it stands on no base.
    pub bases: Vec<String>,
    /// What it says itself, by kind and then by file and line.
    pub own: Vec<Own>,
    /// Points of the bases that keep their defaults.
    pub untouched: Vec<String>,
}

impl Display for OwnLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bases.is_empty() {
            true => writeln!(f, "stands on no base")?,
            false => writeln!(f, "stands on {}", self.bases.join(", which stands on "))?,
        }
        for own in &self.own {
            writeln!(f, "{own}")?;
        }
        match self.untouched.is_empty() {
            true => Ok(()),
            false => writeln!(f, "points left as they are: {}", self.untouched.join(", ")),
        }
    }
}

impl Display for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |place: &Place| format!("{}:{}", place.file, place.line);
        let (sign, kind) = match self.how {
            How::Value => ("~", "value "),
            How::Override => ("~", "override "),
            How::File => ("~", "file "),
            How::Adds => ("+", ""),
        };
        write!(f, "{sign} {kind}{} ({}", self.what, at(&self.place))?;
        if let Some(base) = &self.base {
            write!(f, ", base {}", at(base))?;
        }
        write!(f, ")")?;
        let (before, after) = (&self.before, &self.after);
        let head = before.iter().zip(after).take_while(|(b, a)| b == a).count();
        let (old, new) = (
            before.get(head..).unwrap_or(&[]),
            after.get(head..).unwrap_or(&[]),
        );
        let ends = old.iter().rev().zip(new.iter().rev());
        let tail = ends.take_while(|(b, a)| b == a).count();
        let mut show = |sign: char, lines: &[String]| {
            lines
                .iter()
                .try_for_each(|line| write!(f, "\n    {sign} {line}"))
        };
        // What both say stands there once.
        show(' ', after.get(..head).unwrap_or(&[]))?;
        show('-', old.get(..old.len() - tail).unwrap_or(&[]))?;
        show('+', new.get(..new.len() - tail).unwrap_or(&[]))?;
        show(' ', new.get(new.len() - tail..).unwrap_or(&[]))
    }
}

/// A file and how many bases deep it is.
struct File {
    layer: usize,
    tree: Tree,
}

/// What a tenant says beyond its bases, and the mistakes of files that could be read in part only.
pub fn own_lines(source: &Source) -> (OwnLines, Vec<Diagnostic>) {
    let bases = source.bases();
    let mut layers = vec![String::new()];
    layers.extend(bases.iter().map(|name| format!("../{name}/")));
    let mut files = Vec::new();
    for (path, text) in source.dialplan_files().take(FILES_MAX) {
        let layer = layers.iter().position(|layer| layer == prefix(path));
        if let Some(layer) = layer.filter(|_| text.len() <= FILE_BYTES_MAX) {
            let lines = Lines::new(Arc::from(path.as_str()), Arc::clone(text));
            let tree = Tree::read(lines);
            files.push(File { layer, tree });
        }
    }
    let mistakes = files.iter().filter(|f| !f.tree.whole);
    let mistakes = mistakes.flat_map(|f| f.tree.findings.iter().cloned());
    let mistakes = mistakes.collect();
    let mut out = OwnLines {
        bases,
        ..OwnLines::default()
    };
    for file in files.iter().filter(|f| f.layer == 0) {
        values(file, &files, &mut out);
        outermost(file, &files, &mut out);
    }
    tables(source, &layers, &mut out);
    out.own
        .sort_by(|a, b| (a.how, &a.place).cmp(&(b.how, &b.place)));
    out.untouched = untouched(&files, &out);
    (out, mistakes)
}

fn values(file: &File, files: &[File], out: &mut OwnLines) {
    for value in &file.tree.sketch.values {
        let mut deeper: Vec<_> = files.iter().filter(|f| f.layer > 0).collect();
        deeper.sort_by_key(|f| f.layer);
        let of_base = deeper.iter().find_map(|f| {
            let mut values = f.tree.sketch.values.iter();
            values.find(|v| v.name == value.name).map(|v| (*f, v))
        });
        let line = |f: &File, mark: &crate::diagnostic::Mark| {
            let (at, len) = (mark.offset as usize, mark.length as usize);
            let text = f.tree.lines.text().get(at..at + len).unwrap_or("");
            vec![text.to_string()]
        };
        out.own.push(Own {
            how: match of_base {
                Some(_) => How::Value,
                None => How::Adds,
            },
            what: match of_base {
                Some(_) => value.name.clone(),
                None => format!("value {}", value.name),
            },
            place: value.mark.place(),
            base: of_base.map(|(_, v)| v.mark.place()),
            before: of_base.map_or_else(Vec::new, |(f, v)| line(f, &v.mark)),
            after: line(file, &value.mark),
        });
    }
}

fn outermost(file: &File, files: &[File], out: &mut OwnLines) {
    for (n, node) in file.tree.nodes.iter().enumerate() {
        if matches!(&*node.name, "base" | "value") {
            continue;
        }
        let mut points = file.tree.sketch.points.iter();
        let point = points.find(|p| p.outermost == Some(n));
        let of_base = point.and_then(|point| declared(&point.name, files));
        let text = file.tree.lines.text();
        let head = text.get(node.head.at..node.head.at + node.head.len);
        let what = match point {
            Some(point) => point.name.clone(),
            None => head.unwrap_or(&node.name).to_string(),
        };
        let mark = file.tree.lines.mark(node.head.at, node.head.len);
        out.own.push(Own {
            how: match point {
                Some(_) => How::Override,
                None => How::Adds,
            },
            what,
            place: mark.place(),
            base: of_base.map(|(_, point)| point.mark.place()),
            before: of_base.map_or_else(Vec::new, |(f, point)| {
                content(f.tree.lines.text(), point.mark.offset as usize)
            }),
            after: match point {
                Some(_) => content(text, node.head.at),
                None => lines_of(text, node.head.at),
            },
        });
    }
}

/// Where the nearest base has a point, or what it puts there itself.
fn declared<'f>(name: &str, files: &'f [File]) -> Option<(&'f File, &'f PointLine)> {
    let mut deeper: Vec<&File> = files.iter().filter(|f| f.layer > 0).collect();
    deeper.sort_by_key(|f| f.layer);
    deeper.into_iter().find_map(|file| {
        let mut points = file.tree.sketch.points.iter();
        points.find(|p| p.name == name).map(|point| (file, point))
    })
}

fn tables(source: &Source, layers: &[String], out: &mut OwnLines) {
    let own = source.files.keys().filter(|path| !path.ends_with(".kdl"));
    for path in own.filter(|path| prefix(path).is_empty()) {
        let deeper = layers.get(1..).unwrap_or(&[]);
        let Some((base, _)) = source.find_in(deeper, path) else {
            continue;
        };
        out.own.push(Own {
            how: How::File,
            what: path.clone(),
            place: first_line(path),
            base: Some(first_line(base)),
            before: Vec::new(),
            after: Vec::new(),
        });
    }
}

fn first_line(path: &str) -> Place {
    Place {
        file: Arc::from(path),
        line: 1,
        column: 1,
    }
}

fn untouched(files: &[File], out: &OwnLines) -> Vec<String> {
    let points = files.iter().filter(|f| f.layer > 0);
    let points = points.flat_map(|f| f.tree.sketch.points.iter());
    let mut names: Vec<String> = points
        .map(|p| p.name.clone())
        .filter(|name| {
            let replaced = |own: &Own| own.how == How::Override && own.what == *name;
            !out.own.iter().any(replaced)
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The bytes of the node that begins here, and of the inside of its block.
fn extent(text: &str, at: usize) -> (usize, Option<(usize, usize)>) {
    let rest = text.get(at..).unwrap_or("");
    let (mut depth, mut inside, mut end) = (0usize, None, rest.len());
    for piece in pieces(rest) {
        match piece.kind {
            Kind::Open => {
                depth += 1;
                if depth == 1 {
                    inside = Some((piece.end, rest.len()));
                }
            }
            Kind::Close if depth <= 1 => {
                if let Some((_, close)) = inside.as_mut() {
                    *close = piece.at;
                    end = piece.end;
                } else {
                    end = piece.at;
                }
                break;
            }
            Kind::Close => depth -= 1,
            Kind::Newline | Kind::Semicolon if depth == 0 => {
                end = piece.at;
                break;
            }
            _ => {}
        }
    }
    let inside = inside.map(|(open, close)| (at + open, at + close));
    (at + end, inside)
}

/// The lines of a node, as deep as they are in one another.
fn lines_of(text: &str, at: usize) -> Vec<String> {
    let (end, _) = extent(text, at);
    let before = text.get(..at).unwrap_or("");
    let line = before.rfind('\n').map_or(0, |newline| newline + 1);
    // The first line may begin behind other nodes; its depth is that of its line.
    let lead: String = text
        .get(line..at)
        .unwrap_or("")
        .chars()
        .take_while(|c| c.is_whitespace())
        .collect();
    shifted(&format!("{lead}{}", text.get(at..end).unwrap_or("")))
}

/// The lines in a node's block.
fn content(text: &str, at: usize) -> Vec<String> {
    let (_, inside) = extent(text, at);
    let inside = inside.and_then(|(open, close)| text.get(open..close));
    shifted(inside.unwrap_or(""))
}

/// Lines without what all of them are indented by, and without empty ones at both ends.
fn shifted(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let filled = lines.iter().filter(|line| !line.is_empty());
    let least = filled.map(|line| indent(line)).min().unwrap_or(0);
    let cut = lines.iter().map(|line| line.get(least..).unwrap_or(""));
    let mut out: Vec<String> = cut.map(String::from).collect();
    while out.last().is_some_and(String::is_empty) {
        out.pop();
    }
    let blank = out.iter().take_while(|line| line.is_empty()).count();
    out.drain(..blank);
    out
}

#[cfg(test)]
mod tests {
    use super::own_lines;
    use crate::Source;

    const BASE: &str = "value greeting \"welcome\"\nvalue number\noverride hours {\n    calendar office { open \
                        mon-fri \"08:00-18:00\" }\n}\nroute desk {\n    override desk {\n        ring alice\n        \
                        else { hangup }\n    }\n    override more { }\n}\ndids \"t.csv\"\n";
    const OWN: &str = "tenant acme domain=\"acme.example\"\nbase \"../_base\"\nvalue number \"+44\"\nuser alice {\n    \
                       display Ann\n}\noverride desk {\n    ring bob\n    else { hangup }\n}\nvalue own 1\n";

    #[test]
    fn a_tenants_own_lines_are_shown_beside_those_of_its_base() {
        let files = [
            ("../_base/main.kdl", BASE),
            ("../_base/t.csv", ""),
            ("main.kdl", OWN),
            ("t.csv", ""),
            ("other.csv", ""),
        ];
        let (own, mistakes) = own_lines(&Source::of(files));
        assert!(mistakes.is_empty());
        assert_eq!(
            own.to_string(),
            "stands on _base\n\
             ~ value number (main.kdl:3, base ../_base/main.kdl:2)\n    \
             - value number\n    + value number \"+44\"\n\
             ~ override desk (main.kdl:7, base ../_base/main.kdl:7)\n    \
             - ring alice\n    + ring bob\n      else { hangup }\n\
             ~ file t.csv (t.csv:1, base ../_base/t.csv:1)\n\
             + tenant acme domain=\"acme.example\" (main.kdl:1)\n    \
             + tenant acme domain=\"acme.example\"\n\
             + user alice (main.kdl:4)\n    + user alice {\n    +     display Ann\n    + }\n\
             + value own (main.kdl:11)\n    + value own 1\n\
             points left as they are: hours, more\n"
        );
    }

    #[test]
    fn a_tenant_without_a_base_and_one_with_mistakes_are_shown_as_far_as_they_go() {
        let (own, mistakes) = own_lines(&Source::of([("main.kdl", "user alice\n")]));
        assert_eq!(
            own.to_string(),
            "stands on no base\n+ user alice (main.kdl:1)\n    + user alice\n"
        );
        assert!(mistakes.is_empty());
        let broken = "user alice\nroute a {\n";
        let (own, mistakes) = own_lines(&Source::of([("main.kdl", broken)]));
        assert_eq!((own.own.len(), mistakes.is_empty()), (1, false));
    }
}
