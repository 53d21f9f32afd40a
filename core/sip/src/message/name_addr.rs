//! Addresses: `"Display name" <uri>;params`, or a bare URI with parameters behind it (RFC 3261 section 20.10).
//!
//! Without brackets everything behind the first semicolon belongs to the header, and the URI may hold neither comma nor
//! question mark.

use super::params::{Params, are_params};
use super::text::{quoted_len, trim, trim_end, trim_start, unquote};
use super::uri::{Parts, Uri};
use crate::error::{Fault, ParseError};

/// The value of From, To, Contact, Route, Record-Route, Refer-To and the like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameAddr {
    /// The display name without quotes and escapes; bytes that are not UTF-8 are shown as U+FFFD here.
    pub display: Option<String>,
    /// The URI.
    pub uri: Uri,
    params: String,
}

/// The pieces of an address, still as bytes of the message.
struct Pieces<'a> {
    display: &'a [u8],
    uri: &'a [u8],
    params: &'a [u8],
}

impl NameAddr {
    /// Reads one address.
    ///
    /// # Errors
    /// [`Fault::HeaderValue`] if display name, brackets or parameters are not well formed, [`Fault::Uri`] if the URI is not.
    pub fn parse(value: &[u8]) -> Result<NameAddr, ParseError> {
        let pieces = split(value)?;
        let uri = Uri::parse(pieces.uri)?;
        let display = trim(pieces.display);
        let display =
            (!display.is_empty()).then(|| unquote(&String::from_utf8_lossy(display)).into_owned());
        let params = String::from_utf8_lossy(trim(pieces.params)).into_owned();
        Ok(NameAddr {
            display,
            uri,
            params,
        })
    }

    /// Whether the value is an address, found out without an allocation.
    pub(crate) fn check(value: &[u8]) -> Result<(), Fault> {
        let pieces = split(value)?;
        Parts::find(pieces.uri).map(|_| ())
    }

    /// The `tag` parameter, where it is there and not empty.
    pub fn tag(&self) -> Option<&str> {
        self.param("tag").filter(|tag| !tag.is_empty())
    }

    /// A header parameter's value as written; `Some("")` if it has none.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params().value(name)
    }

    /// All header parameters.
    pub fn params(&self) -> Params<'_> {
        Params::new(&self.params)
    }
}

impl std::fmt::Display for NameAddr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(display) = &self.display {
            write!(
                f,
                "\"{}\" ",
                display.replace('\\', "\\\\").replace('"', "\\\"")
            )?;
        }
        write!(f, "<{}>{}", self.uri, self.params)
    }
}

/// The header parameters of an address without reading its URI: for tags, which every message is searched for.
pub(crate) fn params_of(value: &[u8]) -> Option<Params<'_>> {
    std::str::from_utf8(trim(split(value).ok()?.params))
        .ok()
        .map(Params::new)
}

fn split(value: &[u8]) -> Result<Pieces<'_>, Fault> {
    let value = trim(value);
    let display_len = match value.first() {
        Some(b'"') => quoted_len(value).ok_or(Fault::HeaderValue)?,
        _ => memchr::memchr(b'<', value).unwrap_or(0),
    };
    let (display, rest) = value.split_at(display_len);
    let rest = trim_start(rest);
    let pieces = match rest.split_first() {
        Some((b'<', inside)) => {
            let close = memchr::memchr(b'>', inside).ok_or(Fault::HeaderValue)?;
            let (uri, after) = inside.split_at(close);
            Pieces {
                display,
                uri,
                params: after.get(1..).unwrap_or_default(),
            }
        }
        _ if !display.is_empty() => return Err(Fault::HeaderValue),
        _ => {
            let semicolon = memchr::memchr(b';', rest).unwrap_or(rest.len());
            let (uri, params) = rest.split_at(semicolon);
            if memchr::memchr2(b',', b'?', uri).is_some() {
                return Err(Fault::HeaderValue);
            }
            Pieces {
                display,
                uri: trim_end(uri),
                params,
            }
        }
    };
    if !is_display(display) || !are_params(pieces.params) {
        return Err(Fault::HeaderValue);
    }
    Ok(pieces)
}

/// A quoted string, or words without the separators that would need quotes. Bytes above ASCII are let through.
fn is_display(text: &[u8]) -> bool {
    text.first() == Some(&b'"')
        || !text
            .iter()
            .any(|byte| matches!(byte, b',' | b';' | b':' | b'"' | b'\\'))
}
