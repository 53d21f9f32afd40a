//! Mistakes that the KDL parser reports far from where they are, found first, and mended in a copy
//! of the same length so that the rest of the file is still checked.

use super::lexer::{Kind, Piece, block_comment, is_newline, pieces};
use crate::diagnostic::{Diagnostic, Lines};

/// Most mistakes shown of one file.
pub(super) const FINDINGS_MAX: usize = 50;

/// What the scan found.
pub(super) struct Scan {
    /// Mistakes with the right message.
    pub(super) findings: Vec<Diagnostic>,
    /// The text with these mistakes mended and without comments, byte for byte as long; `None` where
    /// it is the same.
    pub(super) mended: Option<String>,
    /// The text's pieces.
    pub(super) pieces: Vec<Piece>,
}

/// Scans one file.
pub(super) fn scan(lines: &Lines) -> Scan {
    let text = lines.text();
    let pieces = pieces(text);
    let mut mender = Mender {
        lines,
        findings: Vec::new(),
        mends: Vec::new(),
    };
    let mut open: Vec<Piece> = Vec::new();
    for (n, piece) in pieces.iter().enumerate() {
        let before = n.checked_sub(1).and_then(|b| pieces.get(b)).map(|p| p.kind);
        match piece.kind {
            Kind::Word => mender.word(*piece, before, &pieces, n),
            Kind::Open => open.push(*piece),
            Kind::Close if open.pop().is_none() => {
                mender.finding(*piece, "DP0006", "a `}` without its `{`", "");
            }
            Kind::LineComment => mender.fill(*piece, b' '),
            Kind::Continuation => {
                // Behind its backslash may be a comment.
                let line = piece.of(text).trim_end_matches(is_newline).len();
                let (at, end) = (piece.at + 1, piece.at + line);
                mender.fill(Piece { at, end, ..*piece }, b' ');
            }
            Kind::BlockComment => {
                mender.fill(*piece, b' ');
                if block_comment(piece.of(text)).is_none() {
                    let begin = Piece {
                        end: piece.at + 2,
                        ..*piece
                    };
                    let message = "a comment that is not closed";
                    mender.finding(begin, "DP0006", message, "close it with `*/`");
                }
            }
            Kind::Unclosed => {
                mender.finding(
                    *piece,
                    "DP0006",
                    "a text that is not closed",
                    "close it with `\"`",
                );
            }
            _ => {}
        }
    }
    for piece in open {
        mender.finding(
            piece,
            "DP0006",
            "this `{` is never closed",
            "add the `}` that belongs to it",
        );
    }
    let mended = (!mender.mends.is_empty()).then(|| mend(text, &mender.mends));
    Scan {
        findings: mender.findings,
        mended,
        pieces,
    }
}

struct Mender<'l> {
    lines: &'l Lines,
    findings: Vec<Diagnostic>,
    /// Byte and the byte that stands in for it.
    mends: Vec<(usize, u8)>,
}

impl Mender<'_> {
    /// Beyond the most that are shown, nothing is kept.
    fn finding(&mut self, piece: Piece, code: &'static str, message: &str, help: &str) {
        if self.findings.len() >= FINDINGS_MAX {
            return;
        }
        let mark = self.lines.mark(piece.at, piece.end - piece.at);
        let mut finding = Diagnostic::error(mark, code, message);
        if !help.is_empty() {
            finding = finding.help(help);
        }
        self.findings.push(finding);
    }

    fn word(&mut self, piece: Piece, before: Option<Kind>, pieces: &[Piece], n: usize) {
        let word = piece.of(self.lines.text());
        let value = matches!(before, Some(Kind::Equals | Kind::Space | Kind::Paren));
        if word == "else" && follows_brace(pieces, n) {
            let help = "write `else { ... }` on the next line, or `; else { ... }`";
            self.finding(
                piece,
                "DP0004",
                "`else` begins a line of its own after `}`",
                help,
            );
            if let Some(space) = n.checked_sub(1).and_then(|b| pieces.get(b))
                && space.kind == Kind::Space
            {
                self.mends.push((space.at, b';'));
            }
        } else if value && matches!(word, "true" | "false" | "null") {
            let help = format!("write `#{word}`");
            self.finding(
                piece,
                "DP0005",
                &format!("`{word}` is written `#{word}`"),
                &help,
            );
            self.mends.push((piece.at, b'_'));
        } else if value && is_duration(word) {
            let help = format!("write `\"{word}\"`");
            self.finding(piece, "DP0002", "a time is quoted", &help);
            self.fill(piece, b'_');
        } else if value && is_bare_number(word) {
            let help = format!("write `\"{word}\"`");
            self.finding(
                piece,
                "DP0003",
                "a number that has letters or signs is quoted",
                &help,
            );
            self.fill(piece, b'_');
        }
    }

    /// Puts as many of one byte in its place: a bare word, or white space.
    fn fill(&mut self, piece: Piece, with: u8) {
        self.mends
            .extend((piece.at..piece.end).map(|at| (at, with)));
    }
}

fn mend(text: &str, mends: &[(usize, u8)]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for (at, with) in mends {
        if let Some(byte) = bytes.get_mut(*at) {
            *byte = *with;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_string())
}

fn follows_brace(pieces: &[Piece], n: usize) -> bool {
    let before = pieces.get(..n).unwrap_or(&[]).iter().rev();
    before
        .map(|p| p.kind)
        .find(|k| !matches!(k, Kind::Space | Kind::BlockComment))
        == Some(Kind::Close)
}

/// `5s`, `300ms`, `1m30s`: digits and a unit, unquoted.
fn is_duration(word: &str) -> bool {
    let units = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let starts = word.starts_with(|c: char| c.is_ascii_digit());
    starts
        && !units.is_empty()
        && word
            .bytes()
            .all(|b| b.is_ascii_digit() || b == b'.' || b.is_ascii_lowercase())
        && (units.starts_with("ms") || units.starts_with(['s', 'm', 'h', 'd']))
}

/// A number pattern, time of day, date or address without its quotes.
fn is_bare_number(word: &str) -> bool {
    let inside = word.strip_prefix('+').unwrap_or(word);
    let starts = inside.starts_with(|c: char| c.is_ascii_digit() || c == '[')
        || (inside.starts_with('x') && inside.contains('{'));
    let plain = inside.replace('_', "");
    let literal = plain.parse::<f64>().is_ok()
        || ["0x", "0o", "0b"].iter().any(|p| {
            plain
                .strip_prefix(p)
                .is_some_and(|r| !r.is_empty() && r.bytes().all(|b| b.is_ascii_hexdigit()))
        });
    starts && !literal && word.is_ascii()
}

/// Byte ranges of the nodes that stand outermost, for reading what is whole in a broken file.
pub(super) fn outermost(pieces: &[Piece]) -> Vec<(usize, usize)> {
    let (mut depth, mut start) = (0usize, None);
    let mut out = Vec::new();
    for piece in pieces {
        match piece.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            Kind::Newline | Kind::Semicolon if depth == 0 => {
                if let Some(start) = start.take() {
                    out.push((start, piece.at));
                }
                continue;
            }
            Kind::Space | Kind::LineComment | Kind::Newline if start.is_none() => continue,
            _ => {}
        }
        start.get_or_insert(piece.at);
    }
    if let (Some(start), Some(last)) = (start, pieces.last()) {
        out.push((start, last.end));
    }
    out
}
