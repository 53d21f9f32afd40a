//! Hosts: a name, an IPv4 address, or an IPv6 address in brackets, and the port behind it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::text::{number, trim_end, trim_start};

/// The host of a URI or of a Via.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Host<'a> {
    /// A domain name as it was written. Compare it without regard to case.
    Name(&'a str),
    /// An IPv4 literal.
    V4(Ipv4Addr),
    /// An IPv6 literal; on the wire it stands in brackets.
    V6(Ipv6Addr),
}

impl<'a> Host<'a> {
    /// The address, if the host is a literal.
    pub fn ip(&self) -> Option<IpAddr> {
        match *self {
            Host::Name(_) => None,
            Host::V4(ip) => Some(ip.into()),
            Host::V6(ip) => Some(ip.into()),
        }
    }

    /// Reads a whole host, with brackets where it is IPv6; `None` if it is none.
    ///
    /// Underscores are let through, since hosts have them, and so is the grammar's own mistake, a third colon before an IPv4 part
    /// (RFC 5118 section 4.10).
    pub fn parse(text: &'a str) -> Option<Host<'a>> {
        if let Some(inner) = text.strip_prefix('[') {
            return Host::parse_v6(inner.strip_suffix(']')?);
        }
        if let Ok(ip) = text.parse() {
            return Some(Host::V4(ip));
        }
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        (!text.is_empty() && text.bytes().all(legal)).then_some(Host::Name(text))
    }

    /// Reads an IPv6 address without brackets.
    fn parse_v6(text: &str) -> Option<Host<'static>> {
        if let Ok(ip) = text.parse() {
            return Some(Host::V6(ip));
        }
        let (start, end) = text.split_once(":::")?;
        end.parse::<Ipv4Addr>().ok()?;
        format!("{start}::{end}").parse().ok().map(Host::V6)
    }

    /// Whether both name the same host: addresses by value, names without regard to case.
    pub fn same_as(&self, other: &Host<'_>) -> bool {
        match (self, other) {
            (Host::Name(one), Host::Name(two)) => one.eq_ignore_ascii_case(two),
            _ => self.ip().is_some() && self.ip() == other.ip(),
        }
    }
}

impl std::fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::V4(ip) => ip.fmt(f),
            Host::V6(ip) => write!(f, "[{ip}]"),
        }
    }
}

/// Splits `host[:port]` into the host's text and the port; white space around the colon is allowed in a Via.
///
/// `None` if the port is no number or above 65535. The host's text is not checked here.
pub(crate) fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let bytes = text.as_bytes();
    let after_brackets = memchr::memrchr(b']', bytes).map_or(0, |at| at + 1);
    let Some(colon) = memchr::memchr(b':', bytes.get(after_brackets..)?) else {
        return Some((text, None));
    };
    let colon = after_brackets + colon;
    let port = number(trim_start(bytes.get(colon + 1..)?))?;
    let host = text.get(..trim_end(bytes.get(..colon)?).len())?;
    Some((host, Some(u16::try_from(port).ok()?)))
}
