//! URLs of requests, read strictly: a permission hangs on it.
//!
//! What two readers could read in two ways is refused, not repaired: user names, backslashes,
//! control characters, escapes in the host, numbers that some resolvers take for addresses
//! (`http://2130706433/`), empty labels, `..` and escaped slashes under a restricted path
//! (RFC 3986 sections 3.2, 5.2.4 and 6; hosts end in a number as the WHATWG URL standard says).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use cordboard_dialplan::url_pattern::{UrlPattern, is_private_address};

use crate::lua::host_of;

/// Longest URL.
const URL_BYTES_MAX: usize = 8_192;

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// True for `https`.
    pub tls: bool,
    /// Who.
    pub host: Host,
    /// 1 to 65535.
    pub port: u16,
    /// Begins with `/`; no query, no fragment.
    pub path: String,
}

/// Who is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A name in lower case, without a dot at the end.
    Name(String),
    /// An address; an IPv4 address within IPv6 is the IPv4 address.
    Address(IpAddr),
}

impl Url {
    /// Reads an absolute URL.
    ///
    /// # Errors
    /// One sentence.
    pub fn parse(text: &str) -> Result<Url, &'static str> {
        if text.len() > URL_BYTES_MAX {
            return Err("the URL has more than 8,192 bytes");
        }
        let (host, port) = host_of(text)?;
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let after = rest.get(authority..).unwrap_or_default();
        let path = after.split(['?', '#']).next().unwrap_or_default();
        if rest.get(..authority).is_some_and(|a| a.contains("..")) {
            return Err("the URL's host has an empty part");
        }
        Ok(Url {
            tls: scheme.eq_ignore_ascii_case("https"),
            host: Host::read(&host)?,
            port,
            path: if path.is_empty() { "/" } else { path }.to_owned(),
        })
    }

    /// True when the host is, by its text, this machine or its neighbourhood. What a name
    /// resolves to is looked at when it is resolved.
    pub fn is_private(&self) -> bool {
        match &self.host {
            Host::Name(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Address(address) => is_private_address(*address),
        }
    }
}

impl Host {
    fn read(text: &str) -> Result<Host, &'static str> {
        if let Some(inside) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
            let address: Ipv6Addr = inside
                .parse()
                .map_err(|_| "the URL's IPv6 address is none")?;
            return Ok(Host::Address(IpAddr::V6(address).to_canonical()));
        }
        if text.split('.').any(str::is_empty) || text.len() > 253 {
            return Err("the URL's host has an empty part");
        }
        let last = text.rsplit('.').next().unwrap_or_default();
        let number = last.bytes().all(|b| b.is_ascii_digit())
            || last
                .strip_prefix("0x")
                .is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        if !number {
            return Ok(Host::Name(text.to_owned()));
        }
        // `Ipv4Addr` reads four plain decimal numbers and nothing else.
        let address: Ipv4Addr = text
            .parse()
            .map_err(|_| "the URL's host is a number that is read in several ways")?;
        Ok(Host::Address(IpAddr::V4(address)))
    }
}

/// True when the pattern means the URL. A URL whose path can be read in several ways is meant only
/// by patterns of every path.
pub fn permits(pattern: &UrlPattern, url: &Url) -> bool {
    let scheme = if url.tls { "https" } else { "http" };
    let host = match &url.host {
        Host::Name(name) => name.clone(),
        Host::Address(address) => address.to_string(),
    };
    let may = |path: &str| pattern.allows(scheme, &host, url.port, path);
    may(&url.path) && (is_plain(&url.path) || may("/"))
}

/// True when every server finds the same thing there.
fn is_plain(path: &str) -> bool {
    let low = path.to_ascii_lowercase();
    let segments = low.split('/');
    // Some servers cut `;x` off a segment before they look for `..`.
    let dots = |segment: &str| matches!(segment.split(';').next(), Some("." | ".."));
    !segments.into_iter().any(dots)
        && !low.contains("//")
        && !["%2e", "%2f", "%5c", "%25", "%00"]
            .iter()
            .any(|escape| low.contains(escape))
}
