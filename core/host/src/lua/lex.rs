//! The tokens of a Luau file, as far as the checker needs them: names, strings, symbols, and the
//! comments at the top. It never fails: what it cannot read becomes a one-character symbol, and
//! the compiler says what is wrong with it.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or a keyword.
    Name,
    /// A string; `text` is what stands between the quotes, escapes unread.
    Text,
    /// A number.
    Number,
    /// An operator or a bracket.
    Symbol,
    /// A comment; `text` has its dashes.
    Comment,
}

/// One token and where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
}

impl Token<'_> {
    pub fn is_name(&self, text: &str) -> bool {
        self.kind == Kind::Name && self.text == text
    }

    pub fn is_symbol(&self, text: &str) -> bool {
        self.kind == Kind::Symbol && self.text == text
    }
}

/// All tokens, comments among them.
pub(crate) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer {
        source,
        at: 0,
        line: 1,
        column: 1,
    };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next() {
        tokens.push(token);
    }
    tokens
}

/// The comments before the first line of code, as long as they stand on neighbouring lines.
pub(crate) fn first_comments<'t, 's>(tokens: &'t [Token<'s>]) -> &'t [Token<'s>] {
    // Luau's own directives (`--!strict`) may come first.
    let start = tokens
        .iter()
        .take_while(|t| t.kind == Kind::Comment && t.text.starts_with("--!"))
        .count();
    let rest = tokens.get(start..).unwrap_or(&[]);
    let mut end = 0;
    let mut line = None;
    for token in rest {
        if token.kind != Kind::Comment || line.is_some_and(|l: u32| token.line != l + 1) {
            break;
        }
        line = Some(token.line);
        end += 1;
    }
    rest.get(..end).unwrap_or(&[])
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    line: u32,
    /// Of `at`, in characters, from 1.
    column: u32,
}

/// Longest first.
const SYMBOLS: [&str; 17] = [
    "...", "..=", "//=", "==", "~=", "<=", ">=", "..", "::", "<<", ">>", "->", "//", "+=", "-=",
    "*=", "/=",
];

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or("")
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !c.is_whitespace())
            .unwrap_or(rest.len());
        self.step(end);
    }

    /// Moves on and counts lines.
    fn step(&mut self, bytes: usize) -> &'a str {
        let text = self.rest().get(..bytes).unwrap_or("");
        match text.rfind('\n') {
            Some(last) => {
                self.line += text.matches('\n').count() as u32;
                let after = text.get(last + 1..).unwrap_or("");
                self.column = after.chars().count() as u32 + 1;
            }
            None => self.column += text.chars().count() as u32,
        }
        self.at += text.len();
        text
    }

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_space();
        let rest = self.rest();
        let first = rest.chars().next()?;
        let (line, column) = (self.line, self.column);
        let (kind, text) = if rest.starts_with("--") {
            let bytes = match long_bracket(rest.get(2..).unwrap_or("")) {
                Some((_, bytes)) => bytes + 2,
                None => rest.find('\n').unwrap_or(rest.len()),
            };
            (Kind::Comment, self.step(bytes))
        } else if let Some((inside, bytes)) = long_bracket(rest) {
            let text = rest.get(inside.0..inside.1).unwrap_or("");
            self.step(bytes);
            (Kind::Text, text)
        } else if matches!(first, '"' | '\'' | '`') {
            let bytes = quoted(rest, first);
            let text = self.step(bytes);
            (Kind::Text, text.get(1..bytes.max(2) - 1).unwrap_or(""))
        } else if first.is_ascii_alphabetic() || first == '_' {
            let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
            (Kind::Name, self.step(rest.find(word).unwrap_or(rest.len())))
        } else if first.is_ascii_digit() {
            let part = |c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '_');
            (
                Kind::Number,
                self.step(rest.find(part).unwrap_or(rest.len())),
            )
        } else {
            let bytes = SYMBOLS
                .iter()
                .find(|s| rest.starts_with(**s))
                .map_or(first.len_utf8(), |s| s.len());
            (Kind::Symbol, self.step(bytes))
        };
        Some(Token {
            kind,
            text,
            line,
            column,
        })
    }
}

/// A `[[...]]` or `[=[...]=]` at the start: where its inside is, and its whole length.
fn long_bracket(text: &str) -> Option<((usize, usize), usize)> {
    let after = text.strip_prefix('[')?;
    let level = after.bytes().take_while(|&b| b == b'=').count();
    if !after.get(level..)?.starts_with('[') {
        return None;
    }
    let start = level + 2;
    let close = format!("]{}]", "=".repeat(level));
    let end = text.get(start..)?.find(&close).map(|i| i + start);
    Some(match end {
        Some(end) => ((start, end), end + close.len()),
        None => ((start, text.len()), text.len()),
    })
}

/// Length of a quoted string with its quotes; an unfinished one ends with its line.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (i, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' if quote != '`' => return i,
            c if c == quote => return i + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn knows_where_tokens_stand() {
        let found = tokens("-- é\nlocal x = \"a\\\"b\" --[[ two\nlines ]] .. [=[c]]d]=]");
        let seen: Vec<_> = found
            .iter()
            .map(|t| (t.kind, t.text, t.line, t.column))
            .collect();
        assert_eq!(
            seen,
            [
                (Kind::Comment, "-- é", 1, 1),
                (Kind::Name, "local", 2, 1),
                (Kind::Name, "x", 2, 7),
                (Kind::Symbol, "=", 2, 9),
                (Kind::Text, "a\\\"b", 2, 11),
                (Kind::Comment, "--[[ two\nlines ]]", 2, 18),
                (Kind::Symbol, "..", 3, 10),
                (Kind::Text, "c]]d", 3, 13),
            ]
        );
    }

    #[test]
    fn manifest_ends_at_the_first_gap() {
        let found = tokens("--!strict\n-- one\n-- two\n\n-- three\ncode()");
        let texts: Vec<_> = first_comments(&found).iter().map(|t| t.text).collect();
        assert_eq!(texts, ["-- one", "-- two"]);
    }

    proptest! {
        #[test]
        fn any_text_ends(source in "[-\\[\\]='\"`\\\\a-z0-9 \n.:é]{0,80}") {
            let total: usize = tokens(&source).iter().map(|t| t.text.len()).sum();
            prop_assert!(total <= source.len());
        }
    }
}
