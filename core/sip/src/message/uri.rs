//! URIs: sip, sips, tel and urn, and any other scheme kept as it is (RFC 3261 section 19.1, RFC 3966, RFC 8141).
//!
//! A `Uri` is its text with the places of its parts, so it is written back byte for byte. Escapes stay escaped; the `decoded`
//! getters resolve them. Parts are never guessed from the text twice: what `parse` accepted is what every getter reads.

use std::borrow::Cow;

use super::host::{Host, split_port};
use super::params::Params;
use crate::error::{Fault, ParseError};

/// The scheme of a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:` (RFC 3966); the number is the user.
    Tel,
    /// `urn:` (RFC 8141), such as `urn:service:sos`; opaque.
    Urn,
    /// Anything else; opaque.
    Other,
}

/// A place in the text.
type Span = (u16, u16);

/// Where the parts of a URI are; without text, so that a message can be checked without an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    scheme: Scheme,
    user: Option<Span>,
    password: Option<Span>,
    host: Option<Span>,
    port: Option<u16>,
    params: Span,
    headers: Option<Span>,
}

impl Parts {
    /// Whether the URI carries headers (`?Route=...`), which a Request-URI may not.
    pub(crate) fn has_headers(&self) -> bool {
        self.headers.is_some()
    }

    /// The scheme, for the check of a Request-URI.
    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Finds the parts of `text`, or says why there are none.
    pub(crate) fn find(text: &[u8]) -> Result<(Parts, &str), Fault> {
        let text = std::str::from_utf8(text).map_err(|_| Fault::Uri)?;
        let illegal = |byte: u8| matches!(byte, 0..=b' ' | b'<' | b'>' | b'"' | 0x7f);
        if text.len() > usize::from(u16::MAX) || text.bytes().any(illegal) {
            return Err(Fault::Uri);
        }
        let colon = text.find(':').ok_or(Fault::Uri)?;
        let (scheme, rest) = text.split_at(colon);
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        if rest.len() < 2
            || !scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            || !scheme.bytes().all(legal)
        {
            return Err(Fault::Uri);
        }
        let scheme = match scheme {
            _ if scheme.eq_ignore_ascii_case("sip") => Scheme::Sip,
            _ if scheme.eq_ignore_ascii_case("sips") => Scheme::Sips,
            _ if scheme.eq_ignore_ascii_case("tel") => Scheme::Tel,
            _ if scheme.eq_ignore_ascii_case("urn") => Scheme::Urn,
            _ => Scheme::Other,
        };
        let parts = match scheme {
            Scheme::Sip | Scheme::Sips => Parts::of_sip(text, colon + 1, scheme),
            Scheme::Tel => Parts::of_tel(text, colon + 1),
            Scheme::Urn | Scheme::Other => Some(Parts::opaque(text, scheme)),
        };
        parts.map(|parts| (parts, text)).ok_or(Fault::Uri)
    }

    fn opaque(text: &str, scheme: Scheme) -> Parts {
        let end = span(text.len(), text.len());
        Parts {
            scheme,
            user: None,
            password: None,
            host: None,
            port: None,
            params: end,
            headers: None,
        }
    }

    /// `tel:number;params`
    fn of_tel(text: &str, start: usize) -> Option<Parts> {
        let end = text.len();
        let semicolon = text.get(start..)?.find(';').map_or(end, |at| start + at);
        let number = text.get(start..semicolon)?;
        let legal = |byte: u8| {
            byte.is_ascii_hexdigit()
                || matches!(byte, b'+' | b'-' | b'.' | b'(' | b')' | b'*' | b'#')
        };
        if number.is_empty()
            || !number.bytes().all(legal)
            || !are_uri_params(text.get(semicolon..)?)
        {
            return None;
        }
        Some(Parts {
            user: Some(span(start, semicolon)),
            params: span(semicolon, end),
            ..Parts::opaque(text, Scheme::Tel)
        })
    }

    /// `sip:user:password@host:port;params?headers`
    fn of_sip(text: &str, start: usize, scheme: Scheme) -> Option<Parts> {
        let end = text.len();
        let rest = text.get(start..)?;
        let (mut user, mut password, mut host_start) = (None, None, start);
        if let Some(at) = rest.find('@') {
            let userinfo = rest.get(..at)?;
            let colon = userinfo.find(':').unwrap_or(at);
            if colon == 0 || !has_good_escapes(userinfo) {
                return None;
            }
            user = Some(span(start, start + colon));
            password = (colon < at).then(|| span(start + colon + 1, start + at));
            host_start = start + at + 1;
        }
        let hostport = text.get(host_start..)?;
        if hostport.contains('@') {
            return None;
        }
        let host_end = host_start + hostport.find([';', '?']).unwrap_or(hostport.len());
        let question = text.get(host_end..)?.find('?').map(|at| host_end + at);
        let params_end = question.unwrap_or(end);
        let (host, port) = split_port(text.get(host_start..host_end)?)?;
        Host::parse(host)?;
        let params = text.get(host_end..params_end)?;
        let headers = question.map(|at| span(at + 1, end));
        if !are_uri_params(params) || !has_good_escapes(text.get(params_end..)?) {
            return None;
        }
        Some(Parts {
            scheme,
            user,
            password,
            host: Some(span(host_start, host_start + host.len())),
            port,
            params: span(host_end, params_end),
            headers,
        })
    }
}

/// A span; the caller has checked that the text is no longer than 65535 bytes.
fn span(start: usize, end: usize) -> Span {
    (
        u16::try_from(start).unwrap_or(u16::MAX),
        u16::try_from(end).unwrap_or(u16::MAX),
    )
}

/// Whether every percent sign is followed by two hexadecimal digits.
fn has_good_escapes(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'%', bytes).all(|at| {
        bytes
            .get(at + 1..at + 3)
            .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// More parameters than this make a URI unreadable, so that comparing two costs little whatever they hold.
const PARAMS_MAX: usize = 64;

/// Whether the text is empty or `;name[=value]...`, no name empty, escapes whole, not too many.
fn are_uri_params(text: &str) -> bool {
    let Some(list) = text.strip_prefix(';') else {
        return text.is_empty();
    };
    let mut names = list.split(';');
    names.all(|one| !one.is_empty() && !one.starts_with('='))
        && memchr::memchr_iter(b';', list.as_bytes()).count() < PARAMS_MAX
        && has_good_escapes(list)
}

/// A URI. Two are `==` when their text is; [`Uri::same_as`] compares by the RFC's rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uri {
    text: String,
    parts: Parts,
}

impl Uri {
    /// Reads a URI without brackets around it.
    ///
    /// # Errors
    /// [`Fault::Uri`] for text that is no URI: no scheme, no host, white space, an incomplete escape, a bad port.
    pub fn parse(text: &[u8]) -> Result<Uri, ParseError> {
        let (parts, text) = Parts::find(text)?;
        Ok(Uri {
            text: text.to_owned(),
            parts,
        })
    }

    /// The whole URI as it came.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn at(&self, (start, end): Span) -> &str {
        self.text
            .get(usize::from(start)..usize::from(end))
            .unwrap_or_default()
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.parts.scheme
    }

    /// The user part of a sip or sips URI, the number of a tel URI; escapes as written, parameters of the user included.
    pub fn user(&self) -> Option<&str> {
        self.parts.user.map(|user| self.at(user))
    }

    /// The user part with its escapes resolved; as written where they would not be UTF-8.
    pub fn user_decoded(&self) -> Option<Cow<'_, str>> {
        self.user().map(decoded)
    }

    /// The password, deprecated but legal.
    pub fn password(&self) -> Option<&str> {
        self.parts.password.map(|password| self.at(password))
    }

    /// The host of a sip or sips URI; other schemes have none.
    pub fn host(&self) -> Option<Host<'_>> {
        Host::parse(self.at(self.parts.host?))
    }

    /// The port, if one is written.
    pub fn port(&self) -> Option<u16> {
        self.parts.port
    }

    /// The parameters of a sip, sips or tel URI.
    pub fn params(&self) -> Params<'_> {
        Params::new(self.at(self.parts.params))
    }

    /// The value of a parameter; `Some("")` if it has none. `lr`, `transport`, `maddr`, `user`, `phone-context` and others.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params().value(name)
    }

    /// The headers behind `?`, as written.
    pub fn headers(&self) -> Option<&str> {
        self.parts.headers.map(|headers| self.at(headers))
    }

    /// Whether both URIs mean the same by RFC 3261 section 19.1.4.
    ///
    /// Schemes other than sip and sips are compared as text without regard to case.
    pub fn same_as(&self, other: &Uri) -> bool {
        if self.text == other.text {
            return true;
        }
        if !matches!(self.scheme(), Scheme::Sip | Scheme::Sips) {
            return self.text.eq_ignore_ascii_case(&other.text);
        }
        let hosts_match = match (self.host(), other.host()) {
            (Some(one), Some(two)) => one.same_as(&two),
            _ => false,
        };
        self.scheme() == other.scheme()
            && self.user_decoded() == other.user_decoded()
            && self.password().map(decoded) == other.password().map(decoded)
            && hosts_match
            && self.port() == other.port()
            && self.params_match(other)
            && other.params_match(self)
            && self.header_set() == other.header_set()
    }

    /// Whether each of our parameters agrees with the other's, or is one that may be missing there.
    fn params_match(&self, other: &Uri) -> bool {
        const NEVER_MISSING: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];
        self.params()
            .iter()
            .all(|(name, value)| match other.param(name) {
                Some(theirs) => decoded(theirs).eq_ignore_ascii_case(&decoded(value.unwrap_or(""))),
                None => !NEVER_MISSING
                    .iter()
                    .any(|strict| strict.eq_ignore_ascii_case(name)),
            })
    }

    fn header_set(&self) -> Vec<String> {
        let mut set: Vec<String> = self
            .headers()
            .into_iter()
            .flat_map(|all| all.split('&'))
            .map(|one| decoded(one).to_ascii_lowercase())
            .collect();
        set.sort_unstable();
        set
    }
}

impl std::fmt::Display for Uri {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::str::FromStr for Uri {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uri::parse(text.as_bytes())
    }
}

/// The text with `%xx` resolved, or as it is where the result would not be UTF-8.
pub fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = after
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}
