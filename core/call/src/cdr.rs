//! The bill line: one CDR a leg, joined by the call's id.
//!
//! The core folds it, because a bill must not depend on a module. Times are Unix milliseconds.

use serde::{Deserialize, Serialize};

use crate::cause::Cause;
use crate::event::{Direction, EndedBy, MediaFigures, Party};
use crate::ids::{CallId, LegNo, TenantId};

/// One leg, from its INVITE to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cdr {
    /// Whose leg it was.
    pub tenant: TenantId,
    /// The call that joins its legs.
    #[serde(rename = "call_id")]
    pub call: CallId,
    /// The leg's number there.
    #[serde(rename = "leg_no")]
    pub leg: LegNo,
    /// Who began it.
    pub direction: Direction,
    /// Who stood at its far end.
    pub party: Party,
    /// The number or name that called.
    pub caller: String,
    /// The number or name that was called.
    pub dialled: String,
    /// INVITE received or sent.
    pub started_ms: u64,
    /// First ringing, if any.
    pub ringing_ms: Option<u64>,
    /// Answer, if any.
    pub answered_ms: Option<u64>,
    /// End.
    pub ended_ms: u64,
    /// From answer to end; 0 when not answered.
    pub talk_ms: u64,
    /// `answered`, `busy`, `no-answer`, `rejected`, `cancelled`, `failed`.
    pub result: String,
    /// Q.850 cause.
    pub cause: Cause,
    /// Final SIP status before an answer.
    pub sip_status: Option<u16>,
    /// Who ended it.
    pub ended_by: EndedBy,
    /// Codec of its audio, if any was agreed.
    pub codec: Option<String>,
    /// Packets and quality.
    pub media: Option<MediaFigures>,
    /// Recording's file, if the leg was recorded.
    pub recording: Option<String>,
}
