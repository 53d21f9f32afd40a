//! Via: the way back of a response, and the name of a transaction (RFC 3261 section 20.42, RFC 3581).

use super::host::{Host, split_port};
use super::params::{Params, are_params};
use super::text::{is_token, split_once, trim};
use crate::error::{Fault, ParseError};

/// The cookie at the start of every RFC 3261 branch.
pub const BRANCH_COOKIE: &str = "z9hG4bK";

/// One Via value, borrowed from its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Via<'a> {
    /// The transport's name as written, such as `UDP`; compare it without regard to case.
    pub transport: &'a str,
    /// The host of sent-by.
    pub host: Host<'a>,
    /// The port of sent-by, if one is written.
    pub port: Option<u16>,
    params: Params<'a>,
}

impl<'a> Via<'a> {
    /// Reads one Via value; white space may stand around the slashes and the colon.
    ///
    /// # Errors
    /// [`Fault::Via`] if it is not `SIP/2.0/transport sent-by;params`.
    pub fn parse(value: &'a [u8]) -> Result<Via<'a>, ParseError> {
        Ok(Via::read(value).ok_or(Fault::Via)?)
    }

    pub(crate) fn read(value: &'a [u8]) -> Option<Via<'a>> {
        let (protocol, rest) = split_once(value, b'/')?;
        let (version, rest) = split_once(rest, b'/')?;
        let rest = trim(rest);
        let space = rest.iter().position(|byte| super::text::is_space(*byte))?;
        let (transport, rest) = rest.split_at(space);
        if !trim(protocol).eq_ignore_ascii_case(b"SIP")
            || trim(version) != b"2.0"
            || !is_token(transport)
        {
            return None;
        }
        let semicolon = memchr::memchr(b';', rest).unwrap_or(rest.len());
        let (sent_by, params) = rest.split_at(semicolon);
        if !are_params(params) {
            return None;
        }
        let (host, port) = split_port(std::str::from_utf8(trim(sent_by)).ok()?)?;
        Some(Via {
            transport: std::str::from_utf8(transport).ok()?,
            host: Host::parse(host)?,
            port,
            params: Params::new(std::str::from_utf8(trim(params)).ok()?),
        })
    }

    /// The branch; none in requests of RFC 2543.
    pub fn branch(&self) -> Option<&'a str> {
        self.param("branch").filter(|branch| !branch.is_empty())
    }

    /// Whether the branch identifies a transaction by itself: the cookie, and something behind it.
    pub fn has_unique_branch(&self) -> bool {
        self.branch()
            .is_some_and(|branch| branch.len() > BRANCH_COOKIE.len() && starts_with_cookie(branch))
    }

    /// Whether the branch is the bare cookie.
    pub(crate) fn has_bare_cookie(&self) -> bool {
        self.branch()
            .is_some_and(|branch| branch.len() == BRANCH_COOKIE.len() && starts_with_cookie(branch))
    }

    /// `None`: no rport. `Some(None)`: asked for. `Some(Some(port))`: filled in (RFC 3581).
    pub fn rport(&self) -> Option<Option<u16>> {
        self.param("rport").map(|port| port.parse().ok())
    }

    /// The address the request really came from; brackets around an IPv6 address are optional (RFC 5118 section 4.5).
    pub fn received(&self) -> Option<std::net::IpAddr> {
        self.param("received")?
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse()
            .ok()
    }

    /// A parameter's value as written; `Some("")` if it has none.
    pub fn param(&self, name: &str) -> Option<&'a str> {
        self.params.value(name)
    }

    /// All parameters.
    pub fn params(&self) -> Params<'a> {
        self.params
    }
}

fn starts_with_cookie(branch: &str) -> bool {
    branch
        .as_bytes()
        .get(..BRANCH_COOKIE.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(BRANCH_COOKIE.as_bytes()))
}
