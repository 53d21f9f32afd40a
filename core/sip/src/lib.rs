//! The signalling engine: RFC 3261 without sockets or clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
/// One path to a peer.
pub struct Flow { pub x: u8 }
