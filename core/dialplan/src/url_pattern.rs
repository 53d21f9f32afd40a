//! Which addresses of the web a `grant http` line means: `https://crm.example.com/api/*`.
//!
//! `*` alone is every address; `https://*` every host; `https://*.example.com/*` the hosts beneath
//! `example.com`, not itself. A path without a closing `*` is that one path, an absent one is all.
//! A host without a port means the scheme's own (`:*` is any), a pattern without a host any. Patterns compare by
//! [`UrlPattern::covers`] and [`UrlPattern::meets`], so that a grant can be held against what was
//! asked and against a ceiling before any request; a request is held against them by
//! [`UrlPattern::allows`], with the address already taken apart and its path resolved.

use std::fmt;
use std::net::IpAddr;

/// Longest pattern, in bytes.
pub const BYTES_MAX: usize = 512;

/// A pattern of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlPattern {
    source: Box<str>,
    /// `http` or `https`; none is both.
    scheme: Option<Scheme>,
    host: Host,
    /// None is any.
    port: Option<u16>,
    path: Path,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Any,
    /// Names beneath this one.
    Under(Box<str>),
    Exact(Box<str>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Path {
    /// Whatever begins so.
    From(Box<str>),
    Exact(Box<str>),
}

/// A pattern that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UrlPatternError {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: &'static str,
}

impl UrlPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Another scheme, a name or password, a query, a `*` in the middle, a host that is none.
    pub fn parse(source: &str) -> Result<UrlPattern, UrlPatternError> {
        let whole = |scheme, host, port, path| UrlPattern {
            source: source.into(),
            scheme,
            host,
            port,
            path,
        };
        if source == "*" {
            return Ok(whole(None, Host::Any, None, Path::From("".into())));
        }
        if source.len() > BYTES_MAX {
            return Err(wrong("an address of more than 512 bytes", "shorten it"));
        }
        let (scheme, rest) = match source.split_once("://") {
            Some(("https", rest)) => (Scheme::Https, rest),
            Some(("http", rest)) => (Scheme::Http, rest),
            Some((other, _)) => {
                let message = format!("`{other}` is neither `https` nor `http`");
                return Err(wrong(message, "write `https://crm.example.com/*`"));
            }
            None => {
                let message = format!("`{source}` is no web address");
                return Err(wrong(message, "write `https://crm.example.com/*`"));
            }
        };
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/*"),
        };
        let (host, port) = read_authority(authority)?;
        let port = match (&host, port) {
            (_, Some(port)) => port,
            (Host::Any, None) => None,
            (_, None) => Some(scheme.port()),
        };
        Ok(whole(Some(scheme), host, port, read_path(path)?))
    }

    /// The pattern as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// True when everything that `other` means is meant by this one.
    pub fn covers(&self, other: &UrlPattern) -> bool {
        let scheme = self.scheme.is_none() || self.scheme == other.scheme;
        let port = self.port.is_none() || self.port == other.port;
        scheme && port && self.host.covers(&other.host) && self.path.covers(&other.path)
    }

    /// True when some address is meant by both.
    pub fn meets(&self, other: &UrlPattern) -> bool {
        fn may<T: PartialEq>(a: &Option<T>, b: &Option<T>) -> bool {
            a.is_none() || b.is_none() || a == b
        }
        let host = self.host.covers(&other.host) || other.host.covers(&self.host);
        let path = self.path.covers(&other.path) || other.path.covers(&self.path);
        may(&self.scheme, &other.scheme) && may(&self.port, &other.port) && host && path
    }

    /// True for an address. `scheme` is `http` or `https`, `host` a name or an address without
    /// brackets, `path` what follows the port without `..` in it, with its query.
    pub fn allows(&self, scheme: &str, host: &str, port: u16, path: &str) -> bool {
        let scheme = match scheme {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return false,
        };
        let host = Host::Exact(host.trim_end_matches('.').to_ascii_lowercase().into());
        // A pattern of one path means it whatever the query asks.
        let bare = path.split('?').next().unwrap_or(path);
        self.scheme.is_none_or(|own| own == scheme)
            && self.port.is_none_or(|own| own == port)
            && self.host.covers(&host)
            && match &self.path {
                Path::From(start) => path.starts_with(&**start),
                Path::Exact(own) => **own == *bare,
            }
    }

    /// True when the host is written as a private or loopback address, or is `localhost`: such a
    /// grant says `private=#true`. A name that leads to such an address is found at run time.
    pub fn is_private(&self) -> bool {
        match &self.host {
            Host::Exact(host) => {
                let name = **host == *"localhost" || host.ends_with(".localhost");
                name || host.parse().is_ok_and(is_private_address)
            }
            _ => false,
        }
    }

    /// True when the pattern names nobody's host in particular: every host, or every one beneath a
    /// top-level domain (`https://*.com/*`). A ceiling has to say such a pattern before it may be granted.
    pub fn is_open(&self) -> bool {
        match &self.host {
            Host::Any => true,
            Host::Under(name) => !name.contains('.'),
            Host::Exact(_) => false,
        }
    }

    /// True when the pattern names no host.
    pub fn is_any_host(&self) -> bool {
        self.host == Host::Any
    }
}

impl fmt::Display for UrlPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl Scheme {
    fn port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

impl Host {
    fn covers(&self, other: &Host) -> bool {
        let beneath = |name: &str, of: &str| {
            name.strip_suffix(of)
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        };
        match (self, other) {
            (Host::Any, _) => true,
            (_, Host::Any) => false,
            (Host::Under(own), Host::Under(other)) => own == other || beneath(other, own),
            (Host::Under(own), Host::Exact(other)) => beneath(other, own),
            (Host::Exact(own), Host::Exact(other)) => own == other,
            (Host::Exact(_), Host::Under(_)) => false,
        }
    }
}

impl Path {
    fn covers(&self, other: &Path) -> bool {
        match (self, other) {
            (Path::From(own), Path::From(other) | Path::Exact(other)) => other.starts_with(&**own),
            (Path::Exact(own), Path::Exact(other)) => own == other,
            (Path::Exact(_), Path::From(_)) => false,
        }
    }
}

/// The host, and the port where one is written; `:*` is any.
fn read_authority(text: &str) -> Result<(Host, Option<Option<u16>>), UrlPatternError> {
    if text.contains('@') {
        let help = "give the password as `(secret)\"name\"` in `config`";
        return Err(wrong("an address with a name or password in it", help));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let port = match port {
        None => None,
        Some("*") => Some(None),
        Some(text) => match text.parse::<u16>().ok().filter(|port| *port > 0) {
            Some(port) => Some(Some(port)),
            None => {
                let message = format!("`{text}` is no port");
                return Err(wrong(message, "write a number from 1 to 65535"));
            }
        },
    };
    let host = host.to_ascii_lowercase();
    if let Some(inside) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        return match inside.parse::<std::net::Ipv6Addr>() {
            Ok(address) => Ok((Host::Exact(address.to_string().into()), port)),
            Err(_) => Err(no_host(&host)),
        };
    }
    match host.strip_prefix("*.") {
        _ if host == "*" => Ok((Host::Any, port)),
        Some(rest) if is_name(rest) && rest.parse::<IpAddr>().is_err() => {
            Ok((Host::Under(rest.into()), port))
        }
        None if is_name(&host) => Ok((Host::Exact(host.into()), port)),
        _ => Err(no_host(&host)),
    }
}

fn no_host(host: &str) -> UrlPatternError {
    let help = "write a name, an address, or `*.example.com` for all names beneath one";
    wrong(format!("`{host}` is no host"), help)
}

fn is_name(text: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    text.len() <= 253 && text.split('.').all(part)
}

fn read_path(text: &str) -> Result<Path, UrlPatternError> {
    let (start, open) = match text.strip_suffix('*') {
        Some(start) => (start, true),
        None => (text, false),
    };
    if start.contains(['*', '?', '#', '\\', ' ']) || start.chars().any(char::is_control) {
        let help = "a path is written out and may end with `*`";
        return Err(wrong(format!("`{text}` is no path"), help));
    }
    if start.split('/').any(|part| matches!(part, "." | "..")) {
        return Err(wrong("a path with `..` in it", "write the path itself"));
    }
    Ok(match open {
        true => Path::From(start.into()),
        false => Path::Exact(start.into()),
    })
}

fn wrong(message: impl Into<String>, help: &'static str) -> UrlPatternError {
    UrlPatternError {
        message: message.into(),
        help,
    }
}

/// True for addresses that lead into our own machine or network rather than to the public one
/// (RFC 6890 and its kin); IPv4 inside IPv6 counts as what it is.
pub fn is_private_address(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast()
                || v4.is_documentation()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && (18..20).contains(&b))
        }
        IpAddr::V6(v6) => {
            if let Some(v4) = v6.to_ipv4_mapped() {
                return is_private_address(IpAddr::V4(v4));
            }
            let [first, second, ..] = v6.segments();
            let translated = first == 0x64 && second == 0xff9b;
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || (first & 0xfe00) == 0xfc00
                || (first & 0xffc0) == 0xfe80
                || (first == 0x2001 && second == 0xdb8)
                || first == 0x2002
                || translated
                || v6.segments().iter().take(6).all(|s| *s == 0)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(text: &str) -> UrlPattern {
        UrlPattern::parse(text).unwrap()
    }

    #[test]
    fn a_wider_pattern_covers_a_closer_one() {
        for (wide, close) in [
            ("*", "http://10.0.0.1:8080/x"),
            ("https://*", "https://crm.example.com:8443/*"),
            ("https://*.example.com/*", "https://crm.example.com/*"),
            ("https://*.example.com", "https://*.eu.example.com/a"),
            (
                "https://crm.example.com/api/*",
                "https://crm.example.com/api/v1/*",
            ),
            ("https://crm.example.com", "https://CRM.example.com:443/x"),
            ("https://crm.example.com:*/", "https://crm.example.com/"),
        ] {
            assert!(url(wide).covers(&url(close)), "{wide} {close}");
            assert!(url(wide).meets(&url(close)) && url(close).meets(&url(wide)));
            assert!(!url(close).covers(&url(wide)), "{close} {wide}");
        }
    }

    #[test]
    fn what_only_looks_alike_is_not_covered() {
        for (one, other) in [
            ("https://*.example.com/*", "https://example.com/*"),
            ("https://*.example.com/*", "https://evilexample.com/*"),
            ("https://*.example.com/*", "https://example.com.evil.com/*"),
            ("https://crm.example.com/*", "http://crm.example.com/*"),
            (
                "https://crm.example.com/*",
                "https://crm.example.com:8443/*",
            ),
            (
                "https://crm.example.com/api",
                "https://crm.example.com/apis",
            ),
        ] {
            assert!(!url(one).covers(&url(other)), "{one} {other}");
            assert!(!url(one).meets(&url(other)), "{one} {other}");
        }
    }

    #[test]
    fn requests_are_held_against_patterns() {
        let api = url("https://*.example.com/api/*");
        assert!(api.allows("https", "crm.Example.com.", 443, "/api/v1?x=/../"));
        assert!(!api.allows("https", "crm.example.com", 8443, "/api/v1"));
        assert!(!api.allows("https", "example.com", 443, "/api/v1"));
        assert!(!api.allows("https", "crm.example.com", 443, "/apis"));
        assert!(!api.allows("http", "crm.example.com", 443, "/api/v1"));
        assert!(url("https://a.example/one").allows("https", "a.example", 443, "/one?q=1"));
        assert!(!url("https://a.example/one").allows("https", "a.example", 443, "/one/two"));
        assert!(url("*").allows("http", "10.0.0.1", 1, ""));
        assert!(!url("*").allows("ftp", "a.example", 21, "/"));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for text in [
            "",
            "crm.example.com",
            "ftp://a.example/*",
            "https://",
            "https://user:pw@a.example/*",
            "https://a.example:0/",
            "https://a.example:99999/",
            "https://a*.example/",
            "https://*.10.0.0.1/",
            "https://[::g]/",
            "https://a.example/x?y",
            "https://a.example/*/x",
            "https://a.example/x/../y",
            "https://a..example/",
            "https://приклад.example/",
        ] {
            assert!(UrlPattern::parse(text).is_err(), "{text}");
        }
        assert!(UrlPattern::parse(&format!("https://a.example/{}", "x".repeat(600))).is_err());
    }

    #[test]
    fn private_hosts_are_known_by_their_address() {
        for text in [
            "http://127.0.0.1:8093/*",
            "http://10.1.2.3/*",
            "https://[::1]/*",
            "https://[::ffff:192.168.0.1]/*",
            "http://localhost/",
            "http://100.64.0.1/",
            "http://169.254.169.254/latest/*",
            "https://[fd00::1]/*",
        ] {
            assert!(url(text).is_private(), "{text}");
        }
        for text in [
            "https://8.8.8.8/",
            "https://crm.example.com/*",
            "https://*",
            "*",
        ] {
            assert!(!url(text).is_private(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_and_what_is_read_covers_itself(text in "\\PC{0,40}") {
            for text in [text.clone(), format!("https://{text}")] {
                if let Ok(pattern) = UrlPattern::parse(&text) {
                    prop_assert!(pattern.covers(&pattern) && pattern.meets(&pattern));
                    prop_assert!(url("*").covers(&pattern));
                }
            }
        }

        #[test]
        fn what_a_closer_pattern_allows_a_wider_one_that_covers_it_allows(
            a in 0usize..6, b in 0usize..6, host in 0usize..4, path in 0usize..4, port in 0usize..2,
        ) {
            let patterns = ["*", "https://*", "https://*.b.c/*", "https://a.b.c/*", "https://a.b.c/x/*",
                "https://a.b.c/x"];
            let (wide, close) = (url(patterns[a]), url(patterns[b]));
            let host = ["a.b.c", "b.c", "x.a.b.c", "d.c"][host];
            let path = ["/", "/x", "/x/y", "/xy?z"][path];
            let port = [443, 8443][port];
            if wide.covers(&close) && close.allows("https", host, port, path) {
                prop_assert!(wide.allows("https", host, port, path));
            }
            if wide.allows("https", host, port, path) && close.allows("https", host, port, path) {
                prop_assert!(wide.meets(&close));
            }
        }
    }
}
