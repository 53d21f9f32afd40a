//! The outer shape of KDL: words, strings, comments, braces. Enough to find the mistakes that the
//! parser reports badly, to cut a broken file into nodes, and to lay a file out anew.
//!
//! The pieces joined are the text again, whatever the text is.

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Space,
    Newline,
    LineComment,
    BlockComment,
    /// `/-`.
    SlashDash,
    Semicolon,
    Open,
    Close,
    Equals,
    /// A type annotation, `(secret)`, or a stray parenthesis.
    Paren,
    /// A quoted, raw or multi-line string; `Unclosed` where it has no end.
    Text,
    Unclosed,
    Word,
    /// A backslash that joins lines, with the rest of its line.
    Continuation,
}

/// One piece: bytes `at..end`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub(crate) kind: Kind,
    pub(crate) at: usize,
    pub(crate) end: usize,
}

impl Piece {
    pub(crate) fn of(self, text: &str) -> &str {
        text.get(self.at..self.end).unwrap_or("")
    }
}

/// All pieces of a text.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let mut out = Vec::with_capacity(text.len() / 4);
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|r| !r.is_empty()) {
        let (kind, len) = piece(rest);
        let end = at + len.max(1);
        out.push(Piece { kind, at, end });
        at = end;
    }
    out
}

pub(super) fn is_newline(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\u{85}' | '\u{0b}' | '\u{0c}' | '\u{2028}' | '\u{2029}'
    )
}

fn is_space(c: char) -> bool {
    !is_newline(c) && (c.is_whitespace() || c == '\u{feff}')
}

fn line_length(rest: &str) -> usize {
    rest.find(is_newline).unwrap_or(rest.len())
}

fn piece(rest: &str) -> (Kind, usize) {
    let Some(c) = rest.chars().next() else {
        return (Kind::Space, 0);
    };
    if is_newline(c) {
        return (
            Kind::Newline,
            if rest.starts_with("\r\n") {
                2
            } else {
                c.len_utf8()
            },
        );
    }
    if is_space(c) {
        return (
            Kind::Space,
            rest.find(|c| !is_space(c)).unwrap_or(rest.len()),
        );
    }
    match c {
        '/' if rest.starts_with("//") => (Kind::LineComment, line_length(rest)),
        '/' if rest.starts_with("/*") => (
            Kind::BlockComment,
            block_comment(rest).unwrap_or(rest.len()),
        ),
        '/' if rest.starts_with("/-") => (Kind::SlashDash, 2),
        ';' => (Kind::Semicolon, 1),
        '{' => (Kind::Open, 1),
        '}' => (Kind::Close, 1),
        '=' => (Kind::Equals, 1),
        '(' | ')' => (Kind::Paren, 1),
        '"' => quoted(rest),
        '#' => raw(rest),
        '\\' => continuation(rest),
        _ => (Kind::Word, word(rest)),
    }
}

/// The length of the comment that begins here; `None` where it has no end.
pub(super) fn block_comment(rest: &str) -> Option<usize> {
    let (mut depth, mut at) = (0usize, 0);
    while let Some(tail) = rest.get(at..).filter(|t| !t.is_empty()) {
        if tail.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += tail.chars().next().map_or(1, char::len_utf8);
        }
    }
    None
}

fn quoted(rest: &str) -> (Kind, usize) {
    if let Some(inside) = rest.strip_prefix("\"\"\"") {
        return match inside.find("\"\"\"") {
            Some(end) => (Kind::Text, end + 6),
            None => (Kind::Unclosed, rest.len()),
        };
    }
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return (Kind::Text, at + 1),
            _ if is_newline(c) => return (Kind::Unclosed, at),
            _ => {}
        }
    }
    (Kind::Unclosed, rest.len())
}

fn raw(rest: &str) -> (Kind, usize) {
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    let after = rest.get(hashes..).unwrap_or("");
    if !after.starts_with('"') {
        return (Kind::Word, hashes + word(after));
    }
    let quotes = if after.starts_with("\"\"\"") {
        "\"\"\""
    } else {
        "\""
    };
    let close = format!("{quotes}{}", "#".repeat(hashes));
    let start = hashes + quotes.len();
    match rest.get(start..).and_then(|inside| inside.find(&close)) {
        Some(end) => (Kind::Text, start + end + close.len()),
        None => (Kind::Unclosed, rest.len()),
    }
}

fn continuation(rest: &str) -> (Kind, usize) {
    // Only what stands on this line before another word is looked at: a line may have very many.
    let after = rest.get(1..).unwrap_or("").trim_start_matches(is_space);
    if !(after.is_empty() || after.starts_with(is_newline) || after.starts_with("//")) {
        return (Kind::Word, 1);
    }
    let line = line_length(rest);
    let behind = rest.get(line..).unwrap_or("");
    let newline = if behind.starts_with("\r\n") {
        2
    } else {
        behind.chars().next().map_or(0, char::len_utf8)
    };
    (Kind::Continuation, line + newline)
}

/// A word ends at white space and at whatever begins another piece. A count or range in braces
/// right after a number belongs to it (`+44207946{0200..0299}`), though it should be quoted.
fn word(rest: &str) -> usize {
    let mut at = 0;
    while let Some(c) = rest.get(at..).and_then(|r| r.chars().next()) {
        let tail = rest.get(at..).unwrap_or("");
        if c == '{' && at > 0 {
            let number = rest.starts_with(|c: char| c.is_ascii_digit() || "+[x".contains(c));
            let count = tail.get(1..).unwrap_or("");
            let end = count
                .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ','))
                .unwrap_or(0);
            if number && end > 0 && count.get(end..).is_some_and(|c| c.starts_with('}')) {
                at += end + 2;
                continue;
            }
        }
        let comment = tail.starts_with("//") || tail.starts_with("/*");
        if is_newline(c) || is_space(c) || "{};=\"()\\".contains(c) || comment {
            break;
        }
        at += c.len_utf8();
    }
    at.max(rest.chars().next().map_or(1, char::len_utf8))
}
