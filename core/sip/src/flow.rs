//! A flow: one path between this node and a peer, and the time that the engine is told.
//!
//! The engine never opens or reads anything; a flow is only a name which the node's sockets understand.

use std::net::SocketAddr;

/// Monotonic time since the node's start. Nothing in this crate reads a clock.
pub type Time = std::time::Duration;

/// The transports this engine speaks (RFC 3261 section 18). TLS, WS and WSS are to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Datagrams: requests are retransmitted by the transaction layer.
    Udp,
    /// A byte stream: messages are framed by Content-Length.
    Tcp,
}

impl Transport {
    /// The word in a Via header: `UDP` or `TCP`.
    pub fn name(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
        }
    }

    /// Whether the transport delivers everything by itself, so that retransmission timers stay off (RFC 3261 section 17).
    pub fn is_reliable(self) -> bool {
        match self {
            Transport::Udp => false,
            Transport::Tcp => true,
        }
    }
}

/// One path to a peer.
///
/// For TCP `connection` is the node's number of the accepted or opened connection (0: open one when sending);
/// for UDP it is always 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flow {
    /// How bytes travel.
    pub transport: Transport,
    /// Our address and port.
    pub local: SocketAddr,
    /// The peer's address and port, as seen from here (behind a NAT, the NAT's).
    pub remote: SocketAddr,
    /// The node's number of the connection; 0 for UDP, and for TCP when one is still to be opened.
    pub connection: u64,
}
