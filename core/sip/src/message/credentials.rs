//! Digest challenges and credentials as they stand in headers: a scheme and a list of `name=value` (RFC 7616 section 3).
//!
//! Values are borrowed; quoted ones come without their quotes. One with escapes inside is refused where it would be compared,
//! since neither realms of ours nor nonces have any: see [`Fields::get`].

use std::borrow::Cow;

use super::text::{find_outside, is_space, is_token, quoted_len, trim, unquote};

/// The fields of a challenge or of credentials.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    text: &'a str,
}

impl<'a> Fields<'a> {
    /// Reads `scheme field, field ...`; `None` if the scheme differs or a field is not well formed.
    pub fn parse(value: &'a [u8], scheme: &str) -> Option<Fields<'a>> {
        let text = std::str::from_utf8(trim(value)).ok()?;
        let space = text.bytes().position(is_space)?;
        let (word, text) = text.split_at_checked(space)?;
        let fields = Fields { text };
        (word.eq_ignore_ascii_case(scheme) && fields.iter().all(|field| field.is_some()))
            .then_some(fields)
    }

    /// Name and raw value of each field; `None` for one that is not well formed. Empty list entries are skipped.
    fn iter(&self) -> impl Iterator<Item = Option<(&'a str, &'a str)>> + use<'a> {
        let mut rest = Some(self.text);
        let entries = std::iter::from_fn(move || {
            let text = rest.take()?;
            let Some(comma) = find_outside(text.as_bytes(), b',') else {
                return Some(text.trim());
            };
            rest = text.get(comma + 1..);
            text.get(..comma).map(str::trim)
        });
        entries.filter(|entry| !entry.is_empty()).map(|entry| {
            let (name, value) = entry.split_once('=')?;
            let (name, value) = (name.trim(), value.trim());
            let good_value = match value.as_bytes().first() {
                Some(b'"') => quoted_len(value.as_bytes()) == Some(value.len()),
                _ => is_token(value.as_bytes()),
            };
            (is_token(name.as_bytes()) && good_value).then_some((name, value))
        })
    }

    /// A field's value without quotes and escapes. `None` if it is missing, or stands twice.
    pub fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        let mut values = self
            .iter()
            .flatten()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let (_, value) = values.next()?;
        values.next().is_none().then(|| unquote(value))
    }
}

/// Digest credentials of an Authorization header; the mandatory fields are there, none twice.
#[derive(Clone, Debug)]
pub struct Credentials<'a> {
    /// User name.
    pub username: Cow<'a, str>,
    /// Realm as the client repeats it.
    pub realm: Cow<'a, str>,
    /// Nonce as the client repeats it.
    pub nonce: Cow<'a, str>,
    /// The URI that was hashed.
    pub uri: Cow<'a, str>,
    /// The hash in hexadecimal digits.
    pub response: Cow<'a, str>,
    /// The algorithm's name, where it is given; MD5 else.
    pub algorithm: Option<Cow<'a, str>>,
    /// The quality of protection, where it is given.
    pub qop: Option<Cow<'a, str>>,
    /// The client's nonce, where it is given.
    pub cnonce: Option<Cow<'a, str>>,
    /// The nonce count as written: eight hexadecimal digits.
    pub nc: Option<Cow<'a, str>>,
    /// The server's own string, repeated.
    pub opaque: Option<Cow<'a, str>>,
}

impl<'a> Credentials<'a> {
    /// Reads a header value; `None` for another scheme or where a mandatory field is missing or doubled.
    pub fn parse(value: &'a [u8]) -> Option<Credentials<'a>> {
        let fields = Fields::parse(value, "Digest")?;
        Some(Credentials {
            username: fields.get("username")?,
            realm: fields.get("realm")?,
            nonce: fields.get("nonce")?,
            uri: fields.get("uri")?,
            response: fields.get("response")?,
            algorithm: fields.get("algorithm"),
            qop: fields.get("qop"),
            cnonce: fields.get("cnonce"),
            nc: fields.get("nc"),
            opaque: fields.get("opaque"),
        })
    }
}
