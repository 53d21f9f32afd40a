//! The path of a dialog: route set, remote target and where the next request really goes.
//!
//! RFC 3261 12.1 and 12.2.1.1 give the route set and the request URI. Where the next hop is an
//! address literal, requests go there; a host name or a peer behind a NAT is reached along the
//! flow that it uses with us, since resolving names is not this engine's work.

use std::net::{IpAddr, SocketAddr};

use crate::flow::{Flow, Transport};
use crate::message::{HeaderName, Headers, Host, Params, Via};

/// Routes beyond this many are refused with the message (a loop, or somebody's joke).
pub(crate) const ROUTES_MAX: usize = 16;

/// Where a dialog's requests go.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    /// Route set, next hop first, each a whole name-addr.
    pub(crate) routes: Vec<Box<[u8]>>,
    /// The URI of the far end's Contact.
    pub(crate) target: Box<[u8]>,
    /// The flow that the far end uses with us.
    pub(crate) flow: Flow,
    /// Where requests go; follows from the others.
    pub(crate) hop: Flow,
    /// The far end cannot be reached at the address that it names.
    pub(crate) natted: bool,
}

impl Path {
    /// The path back to the sender of a dialog-forming request (RFC 3261 12.1.1).
    pub(crate) fn of_request(headers: &Headers, via: &Via<'_>, flow: Flow) -> Self {
        let routes = headers.all(HeaderName::RecordRoute).take(ROUTES_MAX);
        let fallback = headers.first(HeaderName::From).map_or(&[][..], uri_of);
        Self {
            routes: routes.map(Box::from).collect(),
            target: contact_of(headers).unwrap_or(fallback).into(),
            flow,
            hop: flow,
            natted: is_natted(via, &flow),
        }
        .settled()
    }

    /// The path of a first INVITE: where its user says. A user that sends an address literal along
    /// another flow knows of a NAT (a registered device's flow).
    pub(crate) fn towards(uri: &[u8], flow: Flow) -> Self {
        let literal = literal_of(uri).map(|(address, _)| address);
        Self {
            routes: Vec::new(),
            target: uri.into(),
            flow,
            hop: flow,
            natted: literal.is_some_and(|address| address != flow.remote),
        }
    }

    /// The path to the sender of a 2xx to the INVITE that went this way (RFC 3261 12.1.2).
    pub(crate) fn answered(&self, headers: &Headers) -> Self {
        let routes = headers.all(HeaderName::RecordRoute).take(ROUTES_MAX);
        let mut routes: Vec<Box<[u8]>> = routes.map(Box::from).collect();
        routes.reverse();
        Self {
            routes,
            target: contact_of(headers).unwrap_or(&self.target).into(),
            flow: self.flow,
            hop: self.flow,
            natted: self.natted,
        }
        .settled()
    }

    /// Takes a new remote target from a target refresh (RFC 3261 12.2.1.2, 12.2.2).
    pub(crate) fn refresh(&mut self, headers: &Headers) {
        if let Some(target) = contact_of(headers)
            && *self.target != *target
        {
            self.target = target.into();
            self.settle();
        }
    }

    /// The far end was heard on this flow.
    pub(crate) fn heard(&mut self, flow: Flow) {
        if self.flow != flow {
            self.flow = flow;
            self.settle();
        }
    }

    pub(crate) fn settled(mut self) -> Self {
        self.settle();
        self
    }

    fn settle(&mut self) {
        let next = match self.routes.first() {
            Some(route) => uri_of(route),
            None => &self.target,
        };
        // A proxy's own address can be trusted even where the phone behind it has a private one.
        let trusted = !self.natted || !self.routes.is_empty();
        self.hop = match literal_of(next) {
            Some((address, transport)) if trusted && is_usable(address, &self.flow) => {
                towards(&self.flow, address, transport)
            }
            _ => self.flow,
        };
    }
}

/// The URI of the first route, where that is a strict router of RFC 2543.
pub(crate) fn strict_router(routes: &[Box<[u8]>]) -> Option<&[u8]> {
    let uri = uri_of(routes.first()?);
    (!has_param(uri, "lr")).then_some(uri)
}

fn towards(flow: &Flow, address: SocketAddr, transport: Option<Transport>) -> Flow {
    let transport = transport.unwrap_or(flow.transport);
    // A connection outlives the port that the far end opened it from.
    let same_connection =
        transport == flow.transport && transport.is_reliable() && address.ip() == flow.remote.ip();
    if same_connection {
        return *flow;
    }
    Flow {
        transport,
        local: flow.local,
        remote: address,
        connection: if transport == flow.transport && address == flow.remote {
            flow.connection
        } else {
            0
        },
    }
}

/// A sender is behind a NAT if its Via names another address than the one it was heard from.
fn is_natted(via: &Via<'_>, flow: &Flow) -> bool {
    let Some(ip) = via.host.ip() else {
        return true;
    };
    let port_differs = flow.transport == Transport::Udp
        && via.rport().is_some()
        && via.port.unwrap_or(5060) != flow.remote.port();
    ip != flow.remote.ip() || port_differs
}

fn is_usable(address: SocketAddr, flow: &Flow) -> bool {
    let ip = address.ip();
    let hidden = is_private(ip) && !is_private(flow.remote.ip());
    let looped = ip.is_loopback() && !flow.remote.ip().is_loopback();
    let reachable = !(ip.is_unspecified() || ip.is_multicast() || address.port() == 0);
    reachable && !hidden && !looped && ip.is_ipv4() == flow.remote.is_ipv4()
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// The URI of the first Contact.
pub(crate) fn contact_of(headers: &Headers) -> Option<&[u8]> {
    let value = headers.all(HeaderName::Contact).next()?;
    let uri = uri_of(value);
    (!uri.is_empty() && uri != b"*").then_some(uri)
}

/// The URI of a name-addr or addr-spec, without brackets and header parameters.
pub(crate) fn uri_of(value: &[u8]) -> &[u8] {
    let start = value
        .iter()
        .scan((false, false), |(quoted, escaped), byte| {
            let open = !*quoted && *byte == b'<';
            match byte {
                _ if *escaped => *escaped = false,
                b'\\' if *quoted => *escaped = true,
                b'"' => *quoted = !*quoted,
                _ => {}
            }
            Some(open)
        });
    let inner = match start.into_iter().position(|open| open) {
        Some(at) => {
            let rest = value.get(at + 1..).unwrap_or_default();
            let end = memchr::memchr(b'>', rest).unwrap_or(rest.len());
            rest.get(..end)
        }
        None => {
            let end = memchr::memchr(b';', value).unwrap_or(value.len());
            value.get(..end)
        }
    };
    inner.unwrap_or_default().trim_ascii()
}

/// The parts of a sip URI behind the scheme and user: `host:port` and parameters.
fn host_and_params(uri: &[u8]) -> Option<(&str, Params<'_>)> {
    let text = std::str::from_utf8(uri).ok()?;
    let (scheme, rest) = text.split_once(':')?;
    if !scheme.eq_ignore_ascii_case("sip") {
        return None;
    }
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let rest = rest.split_once('?').map_or(rest, |(host, _)| host);
    let end = rest.find(';').unwrap_or(rest.len());
    let (host, params) = rest.split_at(end);
    Some((host, Params::new(params)))
}

fn has_param(uri: &[u8], name: &str) -> bool {
    host_and_params(uri).is_some_and(|(_, params)| params.has(name))
}

/// Address and transport of a sip URI whose host is a literal.
fn literal_of(uri: &[u8]) -> Option<(SocketAddr, Option<Transport>)> {
    let (host_port, params) = host_and_params(uri)?;
    let (host, port) = match host_port.rfind(':') {
        Some(at) if !host_port.ends_with(']') => {
            (host_port.get(..at)?, host_port.get(at + 1..)?.parse().ok()?)
        }
        _ => (host_port, 5060),
    };
    let transport = match params.value("transport") {
        Some(name) if name.eq_ignore_ascii_case("udp") => Some(Transport::Udp),
        Some(name) if name.eq_ignore_ascii_case("tcp") => Some(Transport::Tcp),
        Some(_) => return None,
        None => None,
    };
    let ip = Host::parse(host)?.ip()?;
    Some((SocketAddr::new(ip, port), transport))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(remote: &str) -> Flow {
        Flow {
            transport: Transport::Udp,
            local: "10.0.0.1:5060".parse().unwrap(),
            remote: remote.parse().unwrap(),
            connection: 0,
        }
    }

    fn path(routes: &[&str], target: &str, remote: &str, natted: bool) -> Path {
        Path {
            routes: routes.iter().map(|r| r.as_bytes().into()).collect(),
            target: target.as_bytes().into(),
            flow: flow(remote),
            hop: flow(remote),
            natted,
        }
        .settled()
    }

    #[test]
    fn an_open_peer_is_reached_at_its_contact() {
        let path = path(&[], "sip:a@10.0.0.9:5070", "10.0.0.8:5060", false);
        assert_eq!(path.hop.remote, "10.0.0.9:5070".parse().unwrap());
    }

    #[test]
    fn a_peer_behind_nat_is_reached_along_its_flow() {
        let path1 = path(&[], "sip:a@192.168.1.2", "203.0.113.7:40000", false);
        assert_eq!(path1.hop.remote, "203.0.113.7:40000".parse().unwrap());
        let path2 = path(&[], "sip:a@10.0.0.9:5070", "10.0.0.8:40000", true);
        assert_eq!(path2.hop.remote, "10.0.0.8:40000".parse().unwrap());
    }

    #[test]
    fn a_device_that_was_called_along_its_flow_stays_there() {
        let called = Path::towards(b"sip:a@192.168.1.5:5060", flow("172.17.0.1:40000"));
        assert!(called.natted);
        let called = Path::towards(b"sip:+49@carrier.example", flow("198.51.100.1:5060"));
        assert!(!called.natted);
        let called = Path::towards(b"sip:a@10.0.0.9", flow("10.0.0.9:5060"));
        assert!(!called.natted);
    }

    #[test]
    fn the_first_route_decides_over_the_target() {
        let path = path(
            &["<sip:10.0.0.5;lr>", "<sip:10.0.0.6;lr>"],
            "sip:a@192.168.1.2",
            "10.0.0.8:5060",
            true,
        );
        assert_eq!(path.hop.remote, "10.0.0.5:5060".parse().unwrap());
        assert_eq!(strict_router(&path.routes), None);
    }

    #[test]
    fn finds_the_uri_behind_quotes_and_brackets() {
        assert_eq!(
            uri_of(b"\"a <b> \\\" c\" <sip:x@y;p=1>;tag=2"),
            b"sip:x@y;p=1"
        );
        assert_eq!(uri_of(b"sip:x@y;tag=2"), b"sip:x@y");
        assert_eq!(uri_of(b"<sip:x@y"), b"sip:x@y");
    }

    #[test]
    fn reads_v6_literals() {
        let (address, _) = literal_of(b"sip:a@[2001:db8::1]:5080").unwrap();
        assert_eq!(address, "[2001:db8::1]:5080".parse().unwrap());
        let (address, _) = literal_of(b"sip:[2001:db8::1]").unwrap();
        assert_eq!(address, "[2001:db8::1]:5060".parse().unwrap());
        assert!(literal_of(b"sip:example.com").is_none());
    }
}
