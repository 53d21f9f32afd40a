//! What the switch tells a media thread, and what it hears from it.
//!
//! A stream is one leg's audio: one RTP port and the RTCP port above it. The media thread owns
//! its sockets; signalling only names streams.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// A stream's number: unique while it is open, reused later with a new `generation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId {
    /// Slot of the port pair.
    pub slot: u32,
    /// Counts the slot's uses: a command or event of an older use is ignored.
    pub generation: u32,
}

/// A port pair that the switch took for a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaPort {
    /// The stream's name.
    pub stream: StreamId,
    /// Local RTP address; RTCP is one port above.
    pub local: SocketAddr,
}

/// Gives out RTP port pairs. The node binds them; the simulation counts them.
pub trait MediaPorts {
    /// A free pair on that local address, or `None` when the range is used up.
    fn take(&mut self, local: IpAddr) -> Option<MediaPort>;
    /// The stream is closed; its pair is free again after a pause.
    fn give_back(&mut self, stream: StreamId);
}

/// A codec of narrow-band audio, 8,000 samples a second, 20 ms a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// ITU-T G.711 mu-law, static payload type 0 (RFC 3551).
    Pcmu,
    /// ITU-T G.711 A-law, static payload type 8.
    Pcma,
}

/// Decoded audio that many streams share: mono, 8,000 samples a second.
#[derive(Debug, PartialEq, Eq)]
pub struct Audio {
    /// The prompt's name, for events.
    pub name: String,
    /// Linear 16-bit samples.
    pub samples: Vec<i16>,
}

/// One part of what is played.
#[derive(Clone, Debug, PartialEq)]
pub enum Clip {
    /// A prompt.
    Audio(Arc<Audio>),
    /// A tone by cadence.
    Tone(Arc<Tone>),
    /// Silence of that length.
    Silence(Duration),
}

/// A supervisory tone (ITU-T E.180): sine waves, on and off.
#[derive(Clone, Debug, PartialEq)]
pub struct Tone {
    /// Its name, for events: `ringback-gb`.
    pub name: String,
    /// Frequencies in hertz, added.
    pub hertz: Vec<f32>,
    /// Milliseconds of sound and of silence in turn; repeated from the start.
    pub cadence_ms: Vec<u32>,
    /// Level of each frequency relative to full scale, in dB (negative).
    pub level_db: f32,
    /// How long it lasts; `None` is for ever.
    pub lasts: Option<Duration>,
}

/// What was negotiated for a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamSpec {
    /// Where their SDP wants RTP; until the lock only this address's packets or, with symmetric RTP, the first valid source counts.
    pub remote: SocketAddr,
    /// Where their SDP wants RTCP (`a=rtcp`), else one port above.
    pub remote_rtcp: SocketAddr,
    /// Audio codec, both ways.
    pub codec: Codec,
    /// Payload type we send audio with, from their SDP.
    pub send_payload: u8,
    /// Payload type that they send audio with, from our SDP.
    pub receive_payload: u8,
    /// Payload type of telephone-event that we send, if they offered it.
    pub send_event_payload: Option<u8>,
    /// Payload type of telephone-event that they send.
    pub receive_event_payload: Option<u8>,
    /// We may send to them (their direction allows it).
    pub sending: bool,
    /// They may send to us.
    pub receiving: bool,
    /// Take the first valid packet's source in place of `remote` (symmetric RTP, RFC 4961).
    pub symmetric: bool,
}

/// What the switch wants of a media thread.
#[derive(Clone, Debug)]
pub enum Command {
    /// Begin a stream on a port pair. Nothing is heard or sent until `Configure`.
    Open {
        /// The pair.
        port: MediaPort,
        /// RTCP canonical name (opaque, no user data).
        cname: String,
        /// First SSRC, sequence number and timestamp, chosen by the caller's seed.
        ssrc: u32,
        /// No RTP for so long while `receiving`: event `Silent`. Zero is never.
        silent_after: Duration,
    },
    /// Set or change what was negotiated. A changed remote address unlocks the source.
    Configure {
        /// Which.
        stream: StreamId,
        /// The negotiated values.
        spec: StreamSpec,
    },
    /// Two streams hear each other (converted where codecs differ).
    Bridge {
        /// One.
        a: StreamId,
        /// The other.
        b: StreamId,
    },
    /// They part.
    Unbridge {
        /// Either.
        stream: StreamId,
    },
    /// Play to a stream; replaces what plays; pauses what a bridge would send there.
    Play {
        /// Who hears it.
        stream: StreamId,
        /// Returned in `PlayEnded`.
        play: u64,
        /// What.
        clips: Vec<Clip>,
        /// From the start again at the end.
        repeat: bool,
    },
    /// Stop playing.
    StopPlay {
        /// Who hears it.
        stream: StreamId,
    },
    /// Send RFC 4733 digits, 100 ms each with 60 ms pauses.
    SendDigits {
        /// To whom.
        stream: StreamId,
        /// `0-9*#A-D`.
        digits: String,
    },
    /// Record: the left channel is what `left` says, the right is what `left` hears from its bridge.
    Record {
        /// The stream whose voice is on the left.
        left: StreamId,
        /// Returned in events; the node opens the file of that number.
        recording: u64,
        /// File relative to the recordings' folder.
        file: String,
    },
    /// Stop recording; the file is completed.
    StopRecord {
        /// Which.
        recording: u64,
    },
    /// While on, recordings hold silence for this stream, and its in-band audio is not kept.
    Secret {
        /// Which.
        stream: StreamId,
        /// On or off.
        on: bool,
    },
    /// End the stream: its figures come back in `Closed`.
    Close {
        /// Which.
        stream: StreamId,
    },
}

/// Packets and quality of one stream (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// RTP packets accepted from the far end.
    pub received_packets: u64,
    /// RTP packets sent to it.
    pub sent_packets: u64,
    /// Packets missing in its numbering.
    pub lost_packets: u64,
    /// Interarrival jitter, milliseconds.
    pub jitter_ms: f32,
    /// Packets refused: wrong source, wrong payload, no RTP.
    pub refused_packets: u64,
    /// Octets of accepted packets, RTP header and payload.
    pub received_bytes: u64,
    /// Octets of sent packets, RTP header and payload.
    pub sent_bytes: u64,
}

/// What a media thread tells the switch.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// First accepted packet: only this source is heard now. Told again when the address of their
    /// SDP takes over from another one that was faster, which it may for five seconds.
    Locked {
        /// Which stream.
        stream: StreamId,
        /// The source.
        from: SocketAddr,
    },
    /// A telephone-event ended or was first seen (told once a key press).
    Digit {
        /// Which stream.
        stream: StreamId,
        /// `0-9*#A-D`.
        digit: char,
    },
    /// What played is over.
    PlayEnded {
        /// Which stream.
        stream: StreamId,
        /// The number given in `Play`.
        play: u64,
        /// Stopped or replaced before its end.
        stopped: bool,
        /// How much was heard.
        played: Duration,
    },
    /// No RTP came for `silent_after`. Told once until packets come again.
    Silent {
        /// Which stream.
        stream: StreamId,
    },
    /// A recording is complete or failed.
    Recorded {
        /// Its number.
        recording: u64,
        /// Its length.
        length: Duration,
        /// Why it ended early.
        error: Option<String>,
    },
    /// The stream is closed; its port may be given back.
    Closed {
        /// Which stream.
        stream: StreamId,
        /// Its figures.
        figures: Figures,
    },
}
