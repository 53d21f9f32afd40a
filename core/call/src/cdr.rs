//! The bill line: one CDR a leg, joined by the call's id.
//!
//! The core folds it, because a bill must not depend on a module. Times are Unix milliseconds.
//! `Fold` is that fold: fed a call's facts in order, it gives a CDR at each `leg.ended`. The live
//! engine and whoever reads the journal after a crash use the same one.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::cause::Cause;
use crate::event::{Direction, EndedBy, Event, Fact, MediaFigures, Party};
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

/// Legs of one call whose bill is open.
#[derive(Clone, Debug, Default)]
pub struct Fold {
    caller: String,
    legs: SmallVec<[OpenLeg; 2]>,
    /// File and left leg of the recording that runs.
    tape: Option<(String, LegNo)>,
}

#[derive(Clone, Debug)]
struct OpenLeg {
    no: LegNo,
    direction: Direction,
    party: Party,
    caller: String,
    dialled: String,
    started_ms: u64,
    ringing_ms: Option<u64>,
    answered_ms: Option<u64>,
    over_ms: Option<u64>,
    codec: Option<String>,
    recording: Option<String>,
}

impl Fold {
    /// Takes the next fact of the call, which happened at that Unix time in milliseconds. At a
    /// `leg.ended` the leg's CDR comes out; a leg that was never seen to begin has none.
    pub fn apply(&mut self, at_ms: u64, event: &Event) -> Option<Cdr> {
        match (&event.fact, event.leg) {
            (Fact::CallStarted { .. }, _) => self.begin_call(at_ms, &event.fact),
            (
                Fact::LegDialled {
                    party,
                    target,
                    caller,
                },
                Some(leg),
            ) => {
                let dialled = match party {
                    Party::User(name) => name.clone(),
                    Party::Trunk(_) | Party::Stranger => user_part(target).to_owned(),
                };
                self.open(
                    at_ms,
                    leg,
                    Direction::Outbound,
                    party,
                    (caller.clone(), dialled),
                );
            }
            (Fact::LegRinging { .. }, Some(leg)) => {
                if let Some(open) = self.leg(leg) {
                    open.ringing_ms.get_or_insert(at_ms);
                }
            }
            (Fact::LegEarlyMedia { media }, Some(leg))
            | (Fact::LegRenegotiated { media, .. }, Some(leg)) => {
                if let Some(open) = self.leg(leg) {
                    open.codec = Some(media.codec.clone());
                }
            }
            (Fact::LegAnswered { media, .. }, Some(leg)) => {
                if let Some(open) = self.leg(leg) {
                    open.answered_ms.get_or_insert(at_ms);
                    open.codec = Some(media.codec.clone());
                }
            }
            (Fact::RecordingStarted { file, legs }, _) => {
                self.tape = legs.first().map(|&left| (file.clone(), left));
                self.mark_recorded(legs);
            }
            (Fact::RecordingEnded { file, .. }, _) => {
                self.tape = self.tape.take().filter(|(running, _)| running != file);
            }
            (Fact::Bridged { legs, .. }, _) => {
                let left = self.tape.as_ref().map(|(_, left)| *left);
                if left.is_some_and(|left| legs.contains(&left)) {
                    self.mark_recorded(legs);
                }
            }
            (Fact::LegEnded { .. }, Some(leg)) => return self.close(at_ms, leg, event),
            _ => {}
        }
        None
    }

    /// The leg's signalling is over, while its figures are still to come: billing stops here.
    pub fn leg_over(&mut self, at_ms: u64, leg: LegNo) {
        if let Some(open) = self.leg(leg) {
            open.over_ms.get_or_insert(at_ms);
        }
    }

    /// Legs that have begun and not ended: after a crash, those whose bill is still to be closed.
    pub fn open_legs(&self) -> impl Iterator<Item = LegNo> + '_ {
        self.legs.iter().map(|open| open.no)
    }

    fn begin_call(&mut self, at_ms: u64, fact: &Fact) {
        let Fact::CallStarted {
            direction,
            caller,
            dialled,
            party,
            ..
        } = fact
        else {
            return;
        };
        self.caller.clone_from(caller);
        if *direction == Direction::Inbound {
            let names = (caller.clone(), dialled.clone());
            self.open(at_ms, LegNo(1), Direction::Inbound, party, names);
        }
    }

    fn open(
        &mut self,
        started_ms: u64,
        no: LegNo,
        direction: Direction,
        party: &Party,
        (caller, dialled): (String, String),
    ) {
        if self.leg(no).is_some() {
            return;
        }
        self.legs.push(OpenLeg {
            no,
            direction,
            party: party.clone(),
            caller: if caller.is_empty() {
                self.caller.clone()
            } else {
                caller
            },
            dialled,
            started_ms,
            ringing_ms: None,
            answered_ms: None,
            over_ms: None,
            codec: None,
            recording: None,
        });
    }

    fn leg(&mut self, no: LegNo) -> Option<&mut OpenLeg> {
        self.legs.iter_mut().find(|open| open.no == no)
    }

    fn mark_recorded(&mut self, legs: &[LegNo]) {
        let Some((file, _)) = &self.tape else { return };
        for open in self.legs.iter_mut().filter(|open| legs.contains(&open.no)) {
            open.recording.get_or_insert_with(|| file.clone());
        }
    }

    fn close(&mut self, at_ms: u64, leg: LegNo, event: &Event) -> Option<Cdr> {
        let Fact::LegEnded {
            cause,
            sip_status,
            by,
            media,
            ..
        } = &event.fact
        else {
            return None;
        };
        let at = self.legs.iter().position(|open| open.no == leg)?;
        let open = self.legs.remove(at);
        let ended_ms = open.over_ms.unwrap_or(at_ms);
        let result = match open.answered_ms {
            Some(_) => "answered",
            None => unanswered(open.direction, *cause, *by),
        };
        Some(Cdr {
            tenant: event.tenant.clone(),
            call: event.call,
            leg,
            direction: open.direction,
            party: open.party,
            caller: open.caller,
            dialled: open.dialled,
            started_ms: open.started_ms,
            ringing_ms: open.ringing_ms,
            answered_ms: open.answered_ms,
            ended_ms,
            talk_ms: open
                .answered_ms
                .map_or(0, |from| ended_ms.saturating_sub(from)),
            result: result.to_owned(),
            cause: *cause,
            sip_status: *sip_status,
            ended_by: *by,
            codec: open.codec,
            media: *media,
            recording: open.recording,
        })
    }
}

/// The result of a leg that nobody answered.
fn unanswered(direction: Direction, cause: Cause, by: EndedBy) -> &'static str {
    match (direction, cause) {
        (_, Cause::BUSY) => "busy",
        (_, Cause::NO_ANSWER | Cause::NO_RESPONSE) => "no-answer",
        (_, Cause::REJECTED | Cause::BARRED) => "rejected",
        (_, Cause::ANSWERED_ELSEWHERE) => "cancelled",
        // The side that called gave up: the far end of an inbound leg, we on an outbound one.
        (Direction::Inbound, Cause::NORMAL | Cause::NORMAL_UNSPECIFIED)
            if by == EndedBy::Remote =>
        {
            "cancelled"
        }
        (Direction::Outbound, Cause::NORMAL | Cause::NORMAL_UNSPECIFIED)
            if by == EndedBy::Local =>
        {
            "cancelled"
        }
        _ => "failed",
    }
}

/// The user of a URI: what stands between its scheme and `@`, without parameters.
fn user_part(uri: &str) -> &str {
    let rest = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    let user = rest.split_once('@').map_or(rest, |(user, _)| user);
    user.split(';').next().unwrap_or(user)
}

#[cfg(test)]
mod tests;
