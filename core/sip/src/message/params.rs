//! Parameters: `;name=value` after a URI, an address or a Via, read where they stand.

use std::borrow::Cow;

use super::text::{find_outside, is_token, quoted_len, trim, unquote};

/// A list of parameters over borrowed text. Names are compared without regard to case; values come as written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Params<'a> {
    text: &'a str,
}

impl<'a> Params<'a> {
    /// Over text which is empty or starts with `;`.
    pub(crate) fn new(text: &'a str) -> Self {
        Params { text }
    }

    /// The text, from the first semicolon on.
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// All parameters in their order: name, and value where there is one (quoted strings keep their quotes).
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Option<&'a str>)> + use<'a> {
        let mut rest = self.text;
        std::iter::from_fn(move || {
            rest = rest.get(rest.find(';')? + 1..)?;
            let end = find_outside(rest.as_bytes(), b';').unwrap_or(rest.len());
            let (one, after) = rest.split_at_checked(end)?;
            rest = after;
            Some(match one.split_once('=') {
                None => (one.trim(), None),
                Some((name, value)) => (name.trim(), Some(value.trim())),
            })
        })
    }

    /// The value of a parameter; `Some("")` if it stands without a value.
    pub fn value(&self, name: &str) -> Option<&'a str> {
        self.iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.unwrap_or(""))
    }

    /// Like [`Params::value`], without the quotes and escapes of a quoted string.
    pub fn unquoted(&self, name: &str) -> Option<Cow<'a, str>> {
        self.value(name).map(unquote)
    }

    /// Whether a parameter stands here, with or without a value.
    pub fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }
}

/// Whether bytes are well-formed parameters of a header: nothing, or `;name` and `;name=value` with any bytes but white space
/// in values, or quoted strings.
pub(crate) fn are_params(text: &[u8]) -> bool {
    let mut rest = trim(text);
    while !rest.is_empty() {
        let Some((b';', after)) = rest.split_first() else {
            return false;
        };
        let end = find_outside(after, b';').unwrap_or(after.len());
        let (one, next) = after.split_at(end);
        if !is_param(one) {
            return false;
        }
        rest = next;
    }
    true
}

fn is_param(text: &[u8]) -> bool {
    let Some(equals) = memchr::memchr(b'=', text) else {
        return is_token(trim(text));
    };
    let (name, value) = text.split_at(equals);
    let value = trim(value.get(1..).unwrap_or_default());
    is_token(trim(name))
        && match value.first() {
            Some(b'"') => quoted_len(value) == Some(value.len()),
            _ => !value
                .iter()
                .any(|byte| matches!(byte, 0..=b' ' | b'"' | b'<' | b'>' | 0x7f)),
        }
}
