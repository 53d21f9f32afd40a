//! Session descriptions: offer and answer for one audio stream (RFC 3264 over RFC 8866).
//!
//! `Session` is one dialog's state of it: our payload numbers, the order of m-lines and the
//! version of our last description. We speak PCMU and PCMA with telephone-event over RTP/AVP,
//! 20 ms a packet, RTCP one port above; every other m-line is answered with port 0.
//! Text from outside is bounded before it is parsed: `BODY_BYTES_MAX`, `LINES_MAX`, `MEDIA_MAX`.

mod read;
mod session;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use smallvec::SmallVec;

use crate::command::{Codec, StreamSpec};

pub use read::offered_codecs;
pub use session::Session;

/// A longer body is refused unread with 488.
pub const BODY_BYTES_MAX: usize = 32 * 1024;
/// More lines are refused unread with 488.
pub const LINES_MAX: usize = 1024;
/// More m-lines are refused with 488.
pub const MEDIA_MAX: usize = 8;
/// Of one m-line, formats beyond this are not looked at.
pub const FORMATS_MAX: usize = 64;
/// Payload type of telephone-event in our own offers, unless the dialog already uses another.
pub const EVENT_PAYLOAD: u8 = 101;

/// Who sends, seen from the side whose description it is (RFC 8866 section 6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Direction {
    /// Sends and receives; the default.
    #[default]
    SendReceive,
    /// Sends only: the usual form of hold.
    SendOnly,
    /// Receives only.
    ReceiveOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// From its two halves.
    pub fn new(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendReceive,
            (true, false) => Self::SendOnly,
            (false, true) => Self::ReceiveOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// True when that side may send.
    pub fn sends(self) -> bool {
        matches!(self, Self::SendReceive | Self::SendOnly)
    }

    /// True when that side listens.
    pub fn receives(self) -> bool {
        matches!(self, Self::SendReceive | Self::ReceiveOnly)
    }

    /// The same thing seen from the other side.
    pub fn reversed(self) -> Self {
        Self::new(self.receives(), self.sends())
    }

    /// What both allow.
    pub fn and(self, other: Self) -> Self {
        Self::new(
            self.sends() && other.sends(),
            self.receives() && other.receives(),
        )
    }

    /// The attribute's name.
    pub fn attribute(self) -> &'static str {
        match self {
            Self::SendReceive => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::ReceiveOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }
}

/// What we bring to a negotiation.
#[derive(Clone, Copy, Debug)]
pub struct LocalMedia<'a> {
    /// RTP address to advertise; RTCP is one port above.
    pub address: SocketAddr,
    /// Codecs that we accept; in an offer they are listed in this order.
    pub codecs: &'a [Codec],
    /// What we want: `SendOnly` or `Inactive` holds the far end.
    pub direction: Direction,
    /// Take the first valid source in place of their address (RFC 4961).
    pub symmetric: bool,
}

/// What both sides agreed.
#[derive(Clone, Debug, PartialEq)]
pub struct Negotiated {
    /// For the media thread.
    pub spec: StreamSpec,
    /// What we may do now, seen from us.
    pub direction: Direction,
    /// They no longer listen although we would send: hold, by attribute or by `c=0.0.0.0`.
    pub held_by_remote: bool,
    /// Every codec of ours that they know too, in their order; the first is in use.
    pub common: SmallVec<[Codec; 2]>,
    /// Version in the `o=` line of our latest description.
    pub version: u64,
}

/// Whose mistake an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Culprit {
    /// The far end's description.
    Peer,
    /// Our use of this room.
    Us,
}

/// Why a description was refused. Each names its culprit and the SIP status that answers it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// It is no session description.
    #[error("malformed session description: {0}")]
    Malformed(String),
    /// It exceeds a bound; says which.
    #[error("session description exceeds a limit: {0}")]
    TooLarge(&'static str),
    /// No m-line is plain audio (RTP/AVP) with a port.
    #[error("no audio over RTP/AVP with a port")]
    NoAudio,
    /// Audio, but no codec that we accept.
    #[error("no codec in common")]
    NoCommonCodec,
    /// Its address is a name, a multicast group or of the other IP version.
    #[error("unusable media address {0}")]
    Address(String),
    /// An answer that does not fit our offer (RFC 3264 section 6).
    #[error("the answer does not fit the offer: {0}")]
    Mismatch(&'static str),
    /// An answer was read where no offer of ours is open.
    #[error("no offer of ours is open")]
    NoOffer,
}

impl SdpError {
    /// Status to answer a request that carried it.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::NoOffer => 500,
            _ => 488,
        }
    }

    /// Whose mistake it is.
    pub fn culprit(&self) -> Culprit {
        match self {
            Self::NoOffer => Culprit::Us,
            _ => Culprit::Peer,
        }
    }
}

/// A codec's name in rtpmap.
pub fn codec_name(codec: Codec) -> &'static str {
    match codec {
        Codec::Pcmu => "PCMU",
        Codec::Pcma => "PCMA",
    }
}

/// A codec's static payload type (RFC 3551 table 4).
pub fn static_payload(codec: Codec) -> u8 {
    match codec {
        Codec::Pcmu => 0,
        Codec::Pcma => 8,
    }
}
