//! Calls as the console shows them.

use std::time::Duration;

use serde::Serialize;

use crate::call::Call;
use crate::event::{Direction, Party};
use crate::ids::{CallId, LegNo, TenantId};

/// One call now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallView {
    /// Its id.
    pub call: CallId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Inbound, or begun by us.
    pub direction: Direction,
    /// Who began it.
    pub party: Party,
    /// The number or name that calls.
    pub caller: String,
    /// What was dialled.
    pub dialled: String,
    /// Unix milliseconds of its beginning.
    pub started_ms: u64,
    /// Since then, on the node's own clock.
    #[serde(skip)]
    pub since: Duration,
    /// It is being recorded.
    pub recording: bool,
    /// It is told to end.
    pub ending: bool,
    /// Its legs in the order in which they came.
    pub legs: Vec<LegView>,
}

/// One leg now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LegView {
    /// Its number.
    pub leg: LegNo,
    /// Who began it.
    pub direction: Direction,
    /// Who stands at its far end.
    pub party: Party,
    /// `incoming`, `ringing`, `early`, `answering`, `dialling`, `up` or `closing`.
    pub state: &'static str,
    /// When it entered that state, on the node's own clock.
    #[serde(skip)]
    pub since: Duration,
    /// The far end holds us.
    pub held: bool,
    /// The leg it is bridged with.
    pub peer: Option<LegNo>,
    /// Codec of its audio.
    pub codec: Option<&'static str>,
}

impl CallView {
    pub(crate) fn of(call: &Call) -> Self {
        Self {
            call: call.id,
            tenant: call.born.tenant.clone(),
            direction: call.born.direction,
            party: call.born.party.clone(),
            caller: call.born.caller.clone(),
            dialled: call.born.dialled.clone(),
            started_ms: call.born.unix_ms,
            since: call.born.at,
            recording: call.tapes.running().is_some(),
            ending: call.ending.is_some(),
            legs: call
                .legs
                .iter()
                .map(|leg| LegView {
                    leg: leg.no,
                    direction: leg.direction,
                    party: leg.party.clone(),
                    state: leg.state.word(),
                    since: leg.since,
                    held: leg.sound.held,
                    peer: leg.peer,
                    codec: leg
                        .sound
                        .spec
                        .map(|spec| cordboard_media::sdp::codec_name(spec.codec)),
                })
                .collect(),
        }
    }
}
