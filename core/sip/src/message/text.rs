//! The letters of SIP: tokens, trimming, quoted strings, and splitting where quotes and brackets allow (RFC 3261 section 25.1).

/// For every byte whether it may stand in a token; a look is cheaper than the comparisons.
static TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~'
            );
        byte += 1;
    }
    table
};

/// Whether a byte may stand in a token.
pub(crate) fn is_token_byte(byte: u8) -> bool {
    TOKEN.get(usize::from(byte)).copied().unwrap_or(false)
}

/// Whether the text is a token, that is, not empty and of token bytes only.
pub(crate) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| is_token_byte(*byte))
}

/// White space within a line. Folds (CR LF and white space) count, because a value may still hold them.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The text without white space at both ends.
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    trim_start(trim_end(text))
}

/// The text without white space at its start.
pub(crate) fn trim_start(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_space(*first)
    {
        text = rest;
    }
    text
}

/// The text without white space at its end.
pub(crate) fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., last] = text
        && is_space(*last)
    {
        text = rest;
    }
    text
}

/// Splits at the first `separator`: before and after it, without it.
pub(crate) fn split_once(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(separator, text)?;
    let (before, after) = text.split_at(at);
    Some((before, after.get(1..).unwrap_or_default()))
}

/// The place of the first `wanted` byte outside quoted strings and angle brackets.
pub(crate) fn find_outside(text: &[u8], wanted: u8) -> Option<usize> {
    // Most values have neither quotes nor brackets before the separator, or no separator at all.
    memchr::memchr(wanted, text)?;
    let (mut quoted, mut escaped, mut bracketed) = (false, false, false);
    for (at, byte) in text.iter().enumerate() {
        match *byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if !bracketed => quoted = !quoted,
            b'<' if !quoted => bracketed = true,
            b'>' if !quoted => bracketed = false,
            byte if byte == wanted && !quoted && !bracketed => return Some(at),
            _ => {}
        }
    }
    None
}

/// The length of the quoted string that `text` starts with, both quotes counted; `None` if it does not end.
pub(crate) fn quoted_len(text: &[u8]) -> Option<usize> {
    let (b'"', rest) = text.split_first()? else {
        return None;
    };
    let mut escaped = false;
    for (at, byte) in rest.iter().enumerate() {
        match *byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 2),
            _ => {}
        }
    }
    None
}

/// The content of a quoted string without its quotes and escapes; other text as it is.
pub(crate) fn unquote(text: &str) -> std::borrow::Cow<'_, str> {
    let Some(inner) = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
    else {
        return text.into();
    };
    if !inner.contains('\\') {
        return inner.into();
    }
    let mut plain = String::with_capacity(inner.len());
    let mut escaped = false;
    for letter in inner.chars() {
        if letter == '\\' && !escaped {
            escaped = true;
        } else {
            escaped = false;
            plain.push(letter);
        }
    }
    plain.into()
}

/// A decimal number; `None` if it is empty, has another letter than digits, or does not fit.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

/// A decimal number that is `u32::MAX` where it would not fit; `None` if it is no number.
pub(crate) fn saturating_seconds(text: &[u8]) -> Option<u32> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(
        number(text)
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(u32::MAX),
    )
}

/// Splits a header value at the commas outside quotes and brackets; values come trimmed, empty ones included.
pub(crate) struct Commas<'a> {
    rest: Option<&'a [u8]>,
    split: bool,
}

impl<'a> Commas<'a> {
    /// Over `value`; with `split` false the whole value comes once.
    pub(crate) fn new(value: &'a [u8], split: bool) -> Self {
        Commas {
            rest: Some(value),
            split,
        }
    }
}

impl<'a> Iterator for Commas<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest.take()?;
        match self.split.then(|| find_outside(rest, b',')).flatten() {
            None => Some(trim(rest)),
            Some(at) => {
                let (value, after) = rest.split_at(at);
                self.rest = after.get(1..);
                Some(trim(value))
            }
        }
    }
}
