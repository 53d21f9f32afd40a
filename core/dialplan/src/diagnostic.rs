//! A mistake or a doubt, with its place: the record that the command line, the HTTP door, an
//! editor's markers and the log all show.

mod render;

use std::sync::Arc;

use serde::Serialize;

use crate::route::Place;

pub use render::{render, to_json};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The dialplan is refused.
    Error,
    /// It loads, and probably does not do what was meant.
    Warning,
    /// Worth knowing.
    Note,
}

/// Another place that has to do with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Related {
    /// Where.
    #[serde(flatten)]
    pub mark: Mark,
    /// What is there.
    pub message: String,
}

/// A stretch of text in a file. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Mark {
    /// File relative to the tenant's folder.
    #[serde(serialize_with = "as_text")]
    pub file: Arc<str>,
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Where it ends.
    pub end: End,
    /// First byte in the file.
    #[serde(skip)]
    pub offset: u32,
    /// Length in bytes.
    #[serde(skip)]
    pub length: u32,
}

pub(crate) fn as_text<S: serde::Serializer>(
    text: &Arc<str>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

/// The place just after a stretch of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct End {
    /// Line from 1.
    pub line: u32,
    /// Column in characters from 1, not part of the stretch.
    pub column: u32,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Where.
    #[serde(flatten)]
    pub mark: Mark,
    /// How bad.
    pub severity: Severity,
    /// Stable code, `DP0012`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Other places.
    pub related: Vec<Related>,
}

impl Mark {
    /// The place where it begins.
    pub fn place(&self) -> Place {
        Place {
            file: self.file.clone(),
            line: self.line,
            column: self.column,
        }
    }

    /// True for a mark made of a place alone.
    pub(crate) fn is_bare(&self) -> bool {
        self.offset == u32::MAX
    }

    /// A mark at a place whose text is not at hand: one character.
    pub fn at(place: &Place) -> Mark {
        Mark {
            file: place.file.clone(),
            line: place.line,
            column: place.column,
            end: End {
                line: place.line,
                column: place.column + 1,
            },
            offset: u32::MAX,
            length: 1,
        }
    }
}

impl Diagnostic {
    /// An error.
    pub fn error(mark: Mark, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            mark,
            severity: Severity::Error,
            code,
            message: message.into(),
            help: None,
            related: Vec::new(),
        }
    }

    /// A warning.
    pub fn warning(mark: Mark, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::error(mark, code, message)
        }
    }

    /// A note.
    pub fn note(mark: Mark, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Note,
            ..Diagnostic::error(mark, code, message)
        }
    }

    /// Adds what to do.
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Adds another place.
    pub fn also(mut self, mark: Mark, message: impl Into<String>) -> Diagnostic {
        self.related.push(Related {
            mark,
            message: message.into(),
        });
        self
    }

    /// `main.kdl:12:5: no route is called `mian``: the one-line form.
    pub fn line(&self) -> String {
        let Mark {
            file, line, column, ..
        } = &self.mark;
        format!("{file}:{line}:{column}: {}", self.message)
    }
}

/// Turns bytes of one file into lines and columns.
#[derive(Clone, Debug)]
pub struct Lines {
    file: Arc<str>,
    text: Arc<str>,
    starts: Arc<[u32]>,
}

impl Lines {
    /// Reads where lines begin.
    pub fn new(file: Arc<str>, text: Arc<str>) -> Lines {
        let ends = text.bytes().enumerate().filter(|(_, b)| *b == b'\n');
        let starts = std::iter::once(0)
            .chain(ends.map(|(at, _)| at as u32 + 1))
            .collect();
        Lines { file, text, starts }
    }

    /// The file's text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The file's name.
    pub fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// The mark of `length` bytes at `offset`; both are cut to the text.
    pub fn mark(&self, offset: usize, length: usize) -> Mark {
        let offset = self.floor(offset);
        let end = self.floor(offset.saturating_add(length)).max(offset);
        let (line, column) = self.position(offset);
        let (end_line, end_column) = self.position(end);
        Mark {
            file: self.file.clone(),
            line,
            column,
            end: End {
                line: end_line,
                column: end_column,
            },
            offset: offset as u32,
            length: (end - offset) as u32,
        }
    }

    fn position(&self, offset: usize) -> (u32, u32) {
        let line = self
            .starts
            .partition_point(|start| *start as usize <= offset)
            .max(1);
        let start = self.starts.get(line - 1).map_or(0, |s| *s as usize);
        let before = self.text.get(start..offset).unwrap_or("");
        (line as u32, before.chars().count() as u32 + 1)
    }

    fn floor(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}
