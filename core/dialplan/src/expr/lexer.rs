//! A condition's text as words with their places.

use super::{ExprError, Span};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Text(String),
    Number(f64),
    Word(String),
    Sign(&'static str),
    End,
}

const SIGNS: [&str; 10] = ["==", "!=", "<=", ">=", "<", ">", "(", ")", ",", "."];

/// All words; the last is [`Token::End`].
pub(super) fn tokens(source: &str) -> Result<Vec<(Token, Span)>, ExprError> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(rest) = source.get(at..).filter(|r| !r.is_empty()) {
        let Some(c) = rest.chars().next() else { break };
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (token, len) = if c == '\'' || c == '"' {
            quoted(rest, c, at)?
        } else if c.is_ascii_digit() || (c == '-' && digit_follows(rest)) {
            number(rest, at)?
        } else if c.is_ascii_alphabetic() || c == '_' {
            word(rest)
        } else if let Some(sign) = SIGNS.iter().find(|s| rest.starts_with(**s)) {
            (Token::Sign(sign), sign.len())
        } else {
            return Err(stray(rest, c, at));
        };
        out.push((token, Span { at, len }));
        at += len;
    }
    out.push((
        Token::End,
        Span {
            at: source.len(),
            len: 0,
        },
    ));
    Ok(out)
}

fn digit_follows(rest: &str) -> bool {
    rest.chars().nth(1).is_some_and(|c| c.is_ascii_digit())
}

fn quoted(rest: &str, quote: char, at: usize) -> Result<(Token, usize), ExprError> {
    let inside = rest.get(1..).unwrap_or("");
    let Some(end) = inside.find(quote) else {
        let span = Span {
            at,
            len: rest.len(),
        };
        return Err(ExprError::new(
            span,
            "a text that is not closed",
            "close it with `'`",
        ));
    };
    Ok((Token::Text(inside.get(..end).unwrap_or("").into()), end + 2))
}

fn number(rest: &str, at: usize) -> Result<(Token, usize), ExprError> {
    let more = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_' || c == '-';
    let len = rest
        .char_indices()
        .find(|(i, c)| *i > 0 && !more(*c))
        .map_or(rest.len(), |(i, _)| i);
    let text = rest.get(..len).unwrap_or("");
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b == b'.' || b == b'-');
    match text.parse::<f64>() {
        Ok(value) if plain && value.is_finite() => Ok((Token::Number(value), len)),
        _ => {
            let message = format!("`{text}` is no number");
            Err(ExprError::new(
                Span { at, len },
                message,
                "quote it if it is text: `'...'`",
            ))
        }
    }
}

/// Letters, digits, `_`, `-`, and dots that lead to a further letter or `_`.
fn word(rest: &str) -> (Token, usize) {
    let mut len = 0;
    let mut chars = rest.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        let letter = |c: &char| c.is_ascii_alphabetic() || *c == '_';
        let dot = c == '.' && chars.peek().is_some_and(|(_, next)| letter(next));
        if !(c.is_ascii_alphanumeric() || c == '_' || c == '-' || dot) {
            break;
        }
        len = i + c.len_utf8();
    }
    (Token::Word(rest.get(..len).unwrap_or("").into()), len)
}

fn stray(rest: &str, c: char, at: usize) -> ExprError {
    let (len, help) = match c {
        '=' => (1, "equality is `==`"),
        '&' => (
            rest.chars().take_while(|c| *c == '&').count(),
            "write `and`",
        ),
        '|' => (rest.chars().take_while(|c| *c == '|').count(), "write `or`"),
        '!' => (1, "write `not`, or `!=`"),
        _ => (c.len_utf8(), "text is quoted: `'...'`"),
    };
    ExprError::new(Span { at, len }, format!("`{c}` means nothing here"), help)
}
