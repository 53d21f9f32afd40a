//! Which of our addresses a peer is told, by the network it is in.
//!
//! A phone on the office network and a carrier on the internet see different addresses of the same
//! switch. The node's settings list networks; the most specific that holds the peer wins, else the
//! socket's own address stands.

use std::net::{IpAddr, SocketAddr};

use cordboard_sip::{Flow, Transport};

/// One `network` line of the node's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its address.
    pub address: IpAddr,
    /// Bits of it that count.
    pub prefix_bits: u8,
    /// What its peers are told.
    pub advertise: IpAddr,
}

impl Network {
    fn holds(&self, peer: IpAddr) -> bool {
        match (self.address, peer) {
            (IpAddr::V4(net), IpAddr::V4(peer)) => {
                let mask = u32::MAX
                    .checked_shl(32 - u32::from(self.prefix_bits.min(32)))
                    .unwrap_or(0);
                u32::from(net) & mask == u32::from(peer) & mask
            }
            (IpAddr::V6(net), IpAddr::V6(peer)) => {
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(self.prefix_bits.min(128)))
                    .unwrap_or(0);
                u128::from(net) & mask == u128::from(peer) & mask
            }
            _ => false,
        }
    }
}

/// Networks and sockets of the node.
#[derive(Clone, Debug, Default)]
pub struct Networks {
    /// From the settings.
    pub known: Vec<Network>,
    /// Bound UDP sockets.
    pub udp: Vec<SocketAddr>,
    /// Bound TCP listeners.
    pub tcp: Vec<SocketAddr>,
}

impl Networks {
    fn advertised(&self, local: IpAddr, peer: IpAddr) -> IpAddr {
        let local = if local.is_unspecified() {
            address_towards(peer).unwrap_or(local)
        } else {
            local
        };
        self.known
            .iter()
            .filter(|network| network.holds(peer))
            .max_by_key(|network| network.prefix_bits)
            .map_or(local, |network| network.advertise)
    }

    /// What goes into Via and Contact for a peer.
    pub fn signalling(&self, flow: &Flow) -> SocketAddr {
        // A connection that we opened has a port of its own; peers call back on the listener's.
        let port = match flow.transport {
            Transport::Tcp => self
                .tcp
                .iter()
                .find(|tcp| tcp.ip() == flow.local.ip())
                .map_or(flow.local.port(), SocketAddr::port),
            _ => flow.local.port(),
        };
        SocketAddr::new(self.advertised(flow.local.ip(), flow.remote.ip()), port)
    }

    /// Where RTP for a peer is bound, and what SDP says.
    pub fn media(&self, flow: &Flow) -> (IpAddr, IpAddr) {
        let (local, peer) = (flow.local.ip(), flow.remote.ip());
        let bound = if local.is_unspecified() {
            address_towards(peer).unwrap_or(local)
        } else {
            local
        };
        (bound, self.advertised(local, peer))
    }

    /// A flow from us to an address; `None` when no socket of its family is bound.
    pub fn flow_to(&self, remote: SocketAddr, tcp: bool) -> Option<Flow> {
        let (sockets, transport) = if tcp {
            (&self.tcp, Transport::Tcp)
        } else {
            (&self.udp, Transport::Udp)
        };
        let fits = |local: &&SocketAddr| local.is_ipv4() == remote.is_ipv4();
        let same_kind = |local: &&SocketAddr| {
            fits(local) && local.ip().is_loopback() == remote.ip().is_loopback()
        };
        let local = sockets
            .iter()
            .find(same_kind)
            .or_else(|| sockets.iter().find(fits))?;
        Some(Flow {
            transport,
            local: *local,
            remote,
            connection: 0,
        })
    }
}

/// The address that the system would send from to a peer: for sockets bound to every address.
/// Nothing is sent; connecting a datagram socket only looks the route up.
fn address_towards(peer: IpAddr) -> Option<IpAddr> {
    let any: SocketAddr = match peer {
        IpAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
        IpAddr::V6(_) => ([0u16; 8], 0).into(),
    };
    let socket = std::net::UdpSocket::bind(any).ok()?;
    socket.connect((peer, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_network_decides() {
        let network = |text: &str, prefix_bits, advertise: &str| Network {
            address: text.parse().unwrap(),
            prefix_bits,
            advertise: advertise.parse().unwrap(),
        };
        let networks = Networks {
            known: vec![
                network("0.0.0.0", 0, "203.0.113.9"),
                network("10.0.0.0", 8, "10.0.0.5"),
            ],
            udp: vec![
                "10.0.0.5:5060".parse().unwrap(),
                "127.0.0.1:5060".parse().unwrap(),
            ],
            tcp: vec![],
        };
        let flow = networks
            .flow_to("10.2.3.4:5060".parse().unwrap(), false)
            .unwrap();
        assert_eq!(networks.signalling(&flow), "10.0.0.5:5060".parse().unwrap());
        let far = networks
            .flow_to("198.51.100.7:5060".parse().unwrap(), false)
            .unwrap();
        assert_eq!(
            networks.signalling(&far),
            "203.0.113.9:5060".parse().unwrap()
        );
        let here = networks
            .flow_to("127.0.0.1:5071".parse().unwrap(), false)
            .unwrap();
        assert_eq!(here.local, "127.0.0.1:5060".parse().unwrap());
        assert_eq!(networks.flow_to("[::1]:5071".parse().unwrap(), false), None);
    }
}
