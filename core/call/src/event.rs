//! What happened to calls: facts in the past tense, immutable, defined once.
//!
//! An event's `topic` names it in the journal, on the bus and in logs; its payload is its serde
//! form. Payload fields are only ever added; a changed meaning takes a new `version`.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::cause::Cause;
use crate::ids::{CallId, LegNo, TenantId};

/// One fact about one call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Whose call it is.
    pub tenant: TenantId,
    /// The call.
    pub call: CallId,
    /// The leg it is about, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leg: Option<LegNo>,
    /// What happened.
    #[serde(flatten)]
    pub fact: Fact,
}

/// Who began a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// The other side sent us an INVITE.
    Inbound,
    /// We sent the INVITE.
    Outbound,
}

/// What stands at the far end of a leg.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", content = "name", rename_all = "kebab-case")]
pub enum Party {
    /// A user of the tenant, by name.
    User(String),
    /// A trunk of the tenant, by name.
    Trunk(String),
    /// Neither (a stranger on a public route).
    Stranger,
}

/// How a digit reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DigitVia {
    /// RFC 4733 telephone-event.
    Rfc4733,
    /// SIP INFO (application/dtmf-relay or application/dtmf).
    Info,
    /// A program (console, simulation).
    Program,
}

/// What takes a dialog up again after a restart (RFC 3261 section 12).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialogFacts {
    /// SIP Call-ID.
    pub sip_call_id: String,
    /// Our tag.
    pub local_tag: String,
    /// Their tag; empty before the first tagged response.
    pub remote_tag: String,
    /// Our address-of-record in From or To.
    pub local_uri: String,
    /// Theirs.
    pub remote_uri: String,
    /// Last CSeq number that we used.
    pub local_cseq: u32,
    /// Last CSeq number that they used.
    pub remote_cseq: u32,
    /// Route set in the order we use it.
    pub route_set: Vec<String>,
    /// Remote target (their Contact).
    pub target: String,
    /// Where requests go now: `udp 10.0.0.5:5060`.
    pub hop: String,
}

/// What was agreed for a leg's audio.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaFacts {
    /// Codec name as in SDP's rtpmap: `PCMU`, `PCMA`.
    pub codec: String,
    /// Our address for RTP.
    pub local: SocketAddr,
    /// Theirs as SDP said it.
    pub remote: SocketAddr,
    /// Version number of our last SDP (`o=` line).
    pub sdp_version: u64,
}

/// Packets and quality of one leg at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MediaFigures {
    /// RTP packets that came from the far end.
    pub received_packets: u64,
    /// RTP packets that we sent to it.
    pub sent_packets: u64,
    /// Packets missing in the far end's numbering.
    pub lost_packets: u64,
    /// Interarrival jitter of RFC 3550 section 6.4.1, in milliseconds.
    pub jitter_ms: f32,
    /// Packets refused because they came from another source after the lock.
    pub refused_packets: u64,
    /// Octets of RTP that came, header and payload.
    #[serde(default)]
    pub received_bytes: u64,
    /// Octets of RTP that we sent, header and payload.
    #[serde(default)]
    pub sent_bytes: u64,
}

/// Place in a dialplan or script: shown in every explanation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// File, relative to the tenant's folder.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
}

/// What happened. The serde tag is the topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "topic")]
pub enum Fact {
    /// A call was admitted. Written before the caller gets a response above 100.
    #[serde(rename = "call.started")]
    CallStarted {
        /// Who began it.
        direction: Direction,
        /// Number or name of the caller, as policy left it.
        caller: String,
        /// Display name of the caller.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caller_name: Option<String>,
        /// What was dialled.
        dialled: String,
        /// Who sent it to us.
        party: Party,
        /// Generation of the dialplan that the call keeps.
        generation: u64,
    },
    /// The dialplan found where the call begins.
    #[serde(rename = "call.routed")]
    CallRouted {
        /// What matched: `did "+4420794601xx"`, `outbound national`, `route main`.
        route: String,
        /// Where it stands.
        at: Place,
    },
    /// No entry of the dialplan matches: the call ends with `cause`.
    #[serde(rename = "call.unrouted")]
    CallUnrouted {
        /// What was looked for and not found, in a sentence.
        why: String,
    },
    /// A step began.
    #[serde(rename = "call.step-started")]
    StepStarted {
        /// The step as the dialplan names it: `play`, `ring`, `run`.
        step: String,
        /// Its arguments in short, without secrets.
        detail: String,
        /// Where it stands.
        at: Place,
    },
    /// A step ended.
    #[serde(rename = "call.step-ended")]
    StepEnded {
        /// The step's name.
        step: String,
        /// `done`, `answered`, `timeout`, `busy`, `failed`, the key that was pressed ...
        outcome: String,
        /// More about it: a script's error with line and stack, a cause.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
        /// Where it stands.
        at: Place,
    },
    /// A condition was evaluated.
    #[serde(rename = "call.condition")]
    ConditionChecked {
        /// The condition's text.
        condition: String,
        /// Its value.
        value: bool,
        /// Where it stands.
        at: Place,
    },
    /// A script asked for something, or said something (one host call).
    #[serde(rename = "call.script")]
    ScriptCalled {
        /// Host function: `play`, `collect`, `http`, `log`, `now`, `random` ...
        function: String,
        /// Arguments, secrets left out.
        arguments: serde_json::Value,
        /// Its answer, when it has come; secrets left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<serde_json::Value>,
        /// Line of the script.
        at: Place,
    },
    /// A variable of the call changed.
    #[serde(rename = "call.variable-set")]
    VariableSet {
        /// Its name.
        name: String,
        /// Its new value.
        value: String,
    },
    /// An INVITE left us.
    #[serde(rename = "leg.dialled")]
    LegDialled {
        /// Who is called.
        party: Party,
        /// The request URI.
        target: String,
        /// The number that the far end sees.
        caller: String,
    },
    /// The far end rings (180), or we told the caller so.
    #[serde(rename = "leg.ringing")]
    LegRinging {
        /// Their status code.
        code: u16,
    },
    /// Audio before the answer (183 with SDP).
    #[serde(rename = "leg.early-media")]
    LegEarlyMedia {
        /// Agreed audio.
        media: MediaFacts,
    },
    /// The leg is answered.
    #[serde(rename = "leg.answered")]
    LegAnswered {
        /// What takes the dialog up again.
        dialog: DialogFacts,
        /// Agreed audio.
        media: MediaFacts,
    },
    /// The dialog or the audio changed (re-INVITE either way).
    #[serde(rename = "leg.renegotiated")]
    LegRenegotiated {
        /// What takes the dialog up again.
        dialog: DialogFacts,
        /// Agreed audio.
        media: MediaFacts,
    },
    /// The far end put us on hold.
    #[serde(rename = "leg.held")]
    LegHeld,
    /// The far end came back.
    #[serde(rename = "leg.resumed")]
    LegResumed,
    /// A key was pressed. Secret digits have no `digit`.
    #[serde(rename = "leg.digit-pressed")]
    DigitPressed {
        /// `0-9`, `*`, `#`, `A-D`; absent while digits are secret.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digit: Option<char>,
        /// How it came.
        via: DigitVia,
    },
    /// A prompt began.
    #[serde(rename = "leg.prompt-started")]
    PromptStarted {
        /// The prompts' names.
        prompts: Vec<String>,
    },
    /// A prompt ended.
    #[serde(rename = "leg.prompt-ended")]
    PromptEnded {
        /// True when it was stopped before its end.
        stopped: bool,
        /// Milliseconds heard.
        played_ms: u64,
    },
    /// The far end's first accepted RTP packet came; only this source is heard from now on.
    #[serde(rename = "leg.source-locked")]
    SourceLocked {
        /// That source.
        from: SocketAddr,
    },
    /// Two legs hear each other.
    #[serde(rename = "call.bridged")]
    Bridged {
        /// The legs.
        legs: [LegNo; 2],
        /// True when their codecs differ and are converted.
        converted: bool,
    },
    /// They no longer do.
    #[serde(rename = "call.unbridged")]
    Unbridged {
        /// The legs.
        legs: [LegNo; 2],
    },
    /// A recording began.
    #[serde(rename = "recording.started")]
    RecordingStarted {
        /// Its file, relative to the recordings' folder.
        file: String,
        /// Left channel and right channel.
        legs: Vec<LegNo>,
    },
    /// A recording ended.
    #[serde(rename = "recording.ended")]
    RecordingEnded {
        /// Its file.
        file: String,
        /// Length in milliseconds.
        length_ms: u64,
        /// Why it ended early, when it did (a full disk).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// A leg is gone.
    #[serde(rename = "leg.ended")]
    LegEnded {
        /// Why, by Q.850.
        cause: Cause,
        /// Final SIP status that ended it before an answer, if one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sip_status: Option<u16>,
        /// Who ended it.
        by: EndedBy,
        /// What of ours made it end, when something did: `no-rtp`, `longest-call`, `drain`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
        /// Packets and quality, where the leg had audio.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        media: Option<MediaFigures>,
    },
    /// The bill line of one leg (see `cdr.rs`), right after its `leg.ended`.
    #[serde(rename = "cdr.written")]
    CdrWritten(Box<crate::cdr::Cdr>),
    /// The call is over; no event of it follows.
    #[serde(rename = "call.ended")]
    CallEnded {
        /// Why, by Q.850.
        cause: Cause,
    },
}

/// Who ended a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndedBy {
    /// The far end (BYE, CANCEL or a refusal).
    Remote,
    /// The dialplan, a script or an operator.
    Local,
    /// A limit, a time-out or a failure of ours.
    Switch,
}

impl Fact {
    /// The topic under which the fact is journalled and published.
    pub fn topic(&self) -> &'static str {
        match self {
            Fact::CallStarted { .. } => "call.started",
            Fact::CallRouted { .. } => "call.routed",
            Fact::CallUnrouted { .. } => "call.unrouted",
            Fact::StepStarted { .. } => "call.step-started",
            Fact::StepEnded { .. } => "call.step-ended",
            Fact::ConditionChecked { .. } => "call.condition",
            Fact::ScriptCalled { .. } => "call.script",
            Fact::VariableSet { .. } => "call.variable-set",
            Fact::LegDialled { .. } => "leg.dialled",
            Fact::LegRinging { .. } => "leg.ringing",
            Fact::LegEarlyMedia { .. } => "leg.early-media",
            Fact::LegAnswered { .. } => "leg.answered",
            Fact::LegRenegotiated { .. } => "leg.renegotiated",
            Fact::LegHeld => "leg.held",
            Fact::LegResumed => "leg.resumed",
            Fact::DigitPressed { .. } => "leg.digit-pressed",
            Fact::PromptStarted { .. } => "leg.prompt-started",
            Fact::PromptEnded { .. } => "leg.prompt-ended",
            Fact::SourceLocked { .. } => "leg.source-locked",
            Fact::Bridged { .. } => "call.bridged",
            Fact::Unbridged { .. } => "call.unbridged",
            Fact::RecordingStarted { .. } => "recording.started",
            Fact::RecordingEnded { .. } => "recording.ended",
            Fact::LegEnded { .. } => "leg.ended",
            Fact::CdrWritten(_) => "cdr.written",
            Fact::CallEnded { .. } => "call.ended",
        }
    }

    /// The payload's version; it grows only when a field changes its meaning.
    pub fn version(&self) -> u16 {
        1
    }
}
