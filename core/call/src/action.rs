//! What a route, a script or an operator wants done with a call: imperative, refusable.
//!
//! `Engine::act` takes one; a refusal is a value that says why and changes nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use cordboard_media::Clip;
use cordboard_sip::Flow;

use crate::cause::Cause;
use crate::event::{DigitVia, Party};
use crate::ids::LegNo;

/// Where an INVITE goes and as whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Destination {
    /// Who is called; counted against that user's or trunk's limit.
    pub party: Party,
    /// The request URI.
    pub uri: String,
    /// The URI of the To header.
    pub to: String,
    /// Transport, our socket and the next hop.
    pub flow: Flow,
    /// Route headers before the request (a binding's Path, an outbound proxy).
    pub routes: Vec<String>,
    /// What we write into Via, Contact and SDP for that network.
    pub advertise: SocketAddr,
    /// Local address whose RTP ports the leg uses.
    pub media_local: std::net::IpAddr,
    /// Address that SDP advertises for media.
    pub media_advertise: std::net::IpAddr,
    /// Codecs in order of preference, as rtpmap names.
    pub codecs: Arc<[cordboard_media::Codec]>,
}

/// Who calls, as the far end shall see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallerId {
    /// Number or user name; empty means anonymous.
    pub number: String,
    /// Display name.
    pub name: Option<String>,
    /// Host part of the From URI: the tenant's domain.
    pub host: String,
}

/// One wish.
#[derive(Clone, Debug)]
pub enum Action {
    /// Send 180 to an inbound leg that is not answered.
    Ring {
        /// The inbound leg.
        leg: LegNo,
    },
    /// Send 183 with SDP: prompts and ringback are heard before the answer.
    Progress {
        /// The inbound leg.
        leg: LegNo,
    },
    /// Answer an inbound leg. Answering an answered leg changes nothing.
    Answer {
        /// The inbound leg.
        leg: LegNo,
    },
    /// Call somebody: a new outbound leg. Its outcome comes as notices.
    Dial {
        /// Number of the new leg, not used before in this call.
        leg: LegNo,
        /// Whom and where.
        to: Box<Destination>,
        /// As whom.
        caller: CallerId,
        /// Ends the attempt with NO_ANSWER.
        ring_for: Duration,
        /// Extra headers (name, value), such as `Diversion`.
        headers: Vec<(String, String)>,
    },
    /// Play to one leg. A second Play on the leg replaces the first.
    Play {
        /// Who hears it.
        leg: LegNo,
        /// What, in order.
        clips: Vec<Clip>,
        /// Begin again at the end, until stopped.
        repeat: bool,
    },
    /// Stop what plays on a leg.
    StopPlay {
        /// Who hears it.
        leg: LegNo,
    },
    /// Let two legs hear each other; playing to both stops.
    Bridge {
        /// One.
        a: LegNo,
        /// The other.
        b: LegNo,
    },
    /// Part them; both legs stay.
    Unbridge {
        /// Either of them.
        leg: LegNo,
    },
    /// Record the call: its first leg on the left channel, whoever is bridged to it on the right.
    Record,
    /// Stop recording.
    StopRecord,
    /// While on, the leg's digits appear in no event, log, trace or recording.
    Secret {
        /// Whose digits.
        leg: LegNo,
        /// On or off.
        on: bool,
    },
    /// Send digits to a leg.
    SendDigits {
        /// Who gets them.
        leg: LegNo,
        /// `0-9*#A-D`.
        digits: String,
    },
    /// A program's digit, as if the leg's far end had pressed it.
    PressDigit {
        /// Whose.
        leg: LegNo,
        /// `0-9*#A-D`.
        digit: char,
        /// How it is labelled.
        via: DigitVia,
    },
    /// End one leg: CANCEL, BYE or a refusal, whichever fits.
    HangUp {
        /// Which.
        leg: LegNo,
        /// Why.
        cause: Cause,
    },
    /// End the call: every leg.
    End {
        /// Why.
        cause: Cause,
        /// What of ours made it end, when something did.
        why: Option<String>,
    },
}

/// Why an action was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The call is over.
    #[error("the call is over")]
    NoSuchCall,
    /// No such leg, or it has ended.
    #[error("leg {0} is gone")]
    NoSuchLeg(LegNo),
    /// The leg's state does not allow it.
    #[error("leg {0} cannot do that now: {1}")]
    WrongState(LegNo, &'static str),
    /// A limit is met; says which.
    #[error("limit met: {0}")]
    Limit(String),
    /// No RTP port is free.
    #[error("no RTP port is free")]
    NoPorts,
    /// The signalling engine refused.
    #[error("signalling: {0}")]
    Signalling(String),
    /// The far end's SDP cannot be read, or shares no codec with us.
    #[error("no common audio: {0}")]
    Incompatible(String),
}

impl Refusal {
    /// The cause that a caller is refused with when a call cannot be admitted.
    pub fn cause(&self) -> Cause {
        match self {
            Refusal::Limit(_) | Refusal::NoPorts => Cause::CONGESTION,
            Refusal::Incompatible(_) => Cause::INCOMPATIBLE,
            Refusal::NoSuchCall | Refusal::NoSuchLeg(_) | Refusal::WrongState(..) => {
                Cause::PROTOCOL_ERROR
            }
            Refusal::Signalling(_) => Cause::TEMPORARY_FAILURE,
        }
    }

    /// The SIP status for a refused INVITE: 503, 488 or 500.
    pub fn sip_status(&self) -> u16 {
        self.cause().sip_status()
    }
}

/// What the runner of a call's route hears about it: each drives a step on.
/// (The journal gets `event::Fact`; notices are for the one listener that acts.)
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// An outbound leg rings.
    Ringing {
        /// Which.
        leg: LegNo,
    },
    /// An outbound leg has audio before its answer.
    EarlyMedia {
        /// Which.
        leg: LegNo,
    },
    /// A leg is answered and its media is up.
    Answered {
        /// Which.
        leg: LegNo,
    },
    /// A key was pressed (the true digit, secret or not).
    Digit {
        /// On which leg.
        leg: LegNo,
        /// Which key.
        digit: char,
    },
    /// What played on a leg is over.
    PlayEnded {
        /// On which leg.
        leg: LegNo,
        /// True when stopped or replaced before its end.
        stopped: bool,
    },
    /// A leg is gone.
    LegEnded {
        /// Which.
        leg: LegNo,
        /// Why.
        cause: Cause,
    },
    /// Recording ended by itself (disk full).
    RecordingFailed {
        /// Why.
        why: String,
    },
}
