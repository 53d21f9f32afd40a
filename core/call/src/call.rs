//! A call: all legs that share one story, and the only owner of each of them.
//!
//! What is always true: a call's first fact is `call.started` and its last is `call.ended`; each
//! leg tells `leg.ended` exactly once, with its CDR right behind; an inbound call ends with its
//! first leg; nothing of a call is left when it is over. What happens to a call is told in its
//! sub-rooms by where it comes from: `act` (wishes), `dial` (a new leg), `signal` (SIP),
//! `sound` (the media thread) and `end`.

mod act;
mod bridge;
mod dial;
mod end;
mod signal;
mod sound;

pub(crate) use dial::Dialled;

use std::sync::Arc;
use std::time::Duration;

use cordboard_media::{Codec, Command};
use smallvec::SmallVec;

use crate::action::{Notice, Refusal};
use crate::admission::{Origination, Settings};
use crate::board::{Moment, Output};
use crate::cdr::Fold;
use crate::event::{DialogFacts, Direction, Event, Fact, MediaFacts, Party};
use crate::ids::{CallId, LegNo, TenantId};
use crate::leg::{Ending, Leg, State};
use crate::recording::Tapes;

type Time = Duration;

/// Legs that a call may have at once; a further `Dial` is refused.
pub const LEGS_MAX: usize = 32;
/// Legs that a call may have in its life; a further `Dial` is refused.
pub const LEGS_EVER_MAX: usize = 1000;
/// How long a leg waits for its media thread to close the stream, and a recording for its file,
/// before it is told as ended without figures.
pub const CLOSING_MAX: Duration = Duration::from_secs(5);
/// How long a call may be without any leg; then it ends with `why: no-legs`.
pub const ALONE_MAX: Duration = Duration::from_secs(60);

/// Who began the call, and when.
#[derive(Clone, Debug)]
pub(crate) struct Born {
    pub tenant: TenantId,
    pub direction: Direction,
    pub party: Party,
    pub caller: String,
    pub dialled: String,
    pub at: Time,
    pub unix_ms: u64,
    pub random: u64,
}

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub id: CallId,
    pub born: Born,
    pub settings: Arc<Settings>,
    pub legs: Vec<Leg>,
    /// Numbers of all legs that ever were.
    pub used: SmallVec<[LegNo; 8]>,
    pub fold: Fold,
    pub tapes: Tapes,
    /// Set from the moment the call is told to end.
    pub ending: Option<Ending>,
    /// `call.ended` is told; the engine forgets the call.
    pub over: bool,
    /// Since when there has been no leg.
    pub alone_since: Option<Time>,
    /// Under which time the engine has filed it.
    pub timer: Option<Time>,
}

impl Call {
    /// A call without legs; tells `call.started`.
    pub fn begin(m: &mut Moment<'_>, origin: Origination, direction: Direction) -> Self {
        let mut call = Self {
            id: origin.call,
            born: Born {
                tenant: origin.tenant,
                direction,
                party: origin.party.clone(),
                caller: origin.caller.clone(),
                dialled: origin.dialled.clone(),
                at: m.now,
                unix_ms: origin.unix_ms,
                random: origin.random,
            },
            settings: origin.settings,
            legs: Vec::with_capacity(2),
            used: SmallVec::new(),
            fold: Fold::default(),
            tapes: Tapes::default(),
            ending: None,
            over: false,
            alone_since: Some(m.now),
            timer: None,
        };
        m.board.counters.calls_started += 1;
        let started = Fact::CallStarted {
            direction,
            caller: origin.caller,
            caller_name: origin.caller_name,
            dialled: origin.dialled,
            party: origin.party,
            generation: origin.generation,
        };
        call.tell(m, None, started);
        call
    }

    /// The wall clock at a moment of this call.
    pub fn unix_ms(&self, now: Time) -> u64 {
        let age = now.saturating_sub(self.born.at).as_millis();
        self.born
            .unix_ms
            .saturating_add(u64::try_from(age).unwrap_or(u64::MAX))
    }

    /// A fact: to the bill, to the journal, and where it ends a leg, the CDR after it.
    pub fn tell(&mut self, m: &mut Moment<'_>, leg: Option<LegNo>, fact: Fact) {
        let event = Event {
            tenant: self.born.tenant.clone(),
            call: self.id,
            leg,
            fact,
        };
        let cdr = self.fold.apply(self.unix_ms(m.now), &event);
        m.board.out.push_back(Output::Fact(event));
        if let Some(cdr) = cdr {
            m.board.out.push_back(Output::Fact(Event {
                tenant: self.born.tenant.clone(),
                call: self.id,
                leg,
                fact: Fact::CdrWritten(Box::new(cdr)),
            }));
        }
    }

    /// A notice to the route's runner.
    pub fn notice(&self, m: &mut Moment<'_>, notice: Notice) {
        m.board.out.push_back(Output::Notice {
            call: self.id,
            notice,
        });
    }

    /// A leg, closing or not.
    pub fn find(&self, no: LegNo) -> Option<&Leg> {
        self.legs.iter().find(|leg| leg.no == no)
    }

    /// A leg, closing or not.
    pub fn find_mut(&mut self, no: LegNo) -> Option<&mut Leg> {
        self.legs.iter_mut().find(|leg| leg.no == no)
    }

    /// A leg that is not closing, or the refusal that says so.
    pub fn leg(&self, no: LegNo) -> Result<&Leg, Refusal> {
        self.find(no)
            .filter(|leg| leg.is_live())
            .ok_or(Refusal::NoSuchLeg(no))
    }

    /// As `leg`.
    pub fn leg_mut(&mut self, no: LegNo) -> Result<&mut Leg, Refusal> {
        self.find_mut(no)
            .filter(|leg| leg.is_live())
            .ok_or(Refusal::NoSuchLeg(no))
    }

    /// Numbers of the legs that are not closing.
    pub fn live(&self) -> SmallVec<[LegNo; 8]> {
        let live = self.legs.iter().filter(|leg| leg.is_live());
        live.map(|leg| leg.no).collect()
    }

    /// Takes a new leg in.
    pub fn add_leg(&mut self, m: &mut Moment<'_>, leg: Leg) {
        m.board.add_stream(leg.sound.port.stream, self.id, leg.no);
        if let Some(dialog) = leg.dialog {
            m.board.add_dialog(dialog, self.id, leg.no);
        }
        self.used.push(leg.no);
        self.alone_since = None;
        self.legs.push(leg);
    }

    /// Sets a leg's state; patience with the old one ends.
    pub fn enter(&mut self, m: &Moment<'_>, no: LegNo, state: State) {
        if let Some(leg) = self.find_mut(no)
            && leg.state != state
        {
            leg.state = state;
            leg.since = m.now;
            if state.is_answered() {
                leg.until = None;
            }
        }
    }

    /// A number that is a leg's own: the same for the same seed, unlike any other leg's.
    pub fn seed_of(&self, leg: LegNo, purpose: u64) -> u64 {
        // The finaliser of splitmix64.
        let mut z = self
            .born
            .random
            .wrapping_add((u64::from(leg.0) << 8 | purpose).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The codec that spares a conversion: that of the bridged leg, else of any other leg, else
    /// what the caller's waiting offer wants first.
    pub fn codec_beside(&self, no: LegNo) -> Option<Codec> {
        let peer = self.find(no).and_then(|leg| leg.peer);
        let of = |leg: &Leg| leg.sound.spec.map(|spec| spec.codec);
        let others = || self.legs.iter().filter(|leg| leg.no != no && leg.is_live());
        others()
            .find(|leg| Some(leg.no) == peer)
            .and_then(of)
            .or_else(|| others().find_map(of))
            .or_else(|| others().find_map(|leg| leg.sound.ours.wanted_codec()))
    }

    /// Opens a leg's stream at its media thread, if that has not been done.
    pub fn open(&mut self, m: &mut Moment<'_>, no: LegNo) {
        let seed = self.seed_of(no, 2);
        let silent_after = self.settings.no_rtp;
        let Some(leg) = self.find_mut(no).filter(|leg| !leg.sound.opened) else {
            return;
        };
        leg.sound.opened = true;
        let stream = leg.sound.port.stream;
        m.board.media(Command::Open {
            port: leg.sound.port,
            cname: format!("{seed:016x}"),
            ssrc: (seed >> 32) as u32,
            silent_after,
        });
        if leg.secret {
            m.board.media(Command::Secret { stream, on: true });
        }
    }

    /// What takes the leg's dialog up again.
    pub fn dialog_facts(&self, m: &Moment<'_>, no: LegNo) -> DialogFacts {
        let dialog = self.find(no).and_then(|leg| leg.dialog);
        match dialog.and_then(|dialog| m.sip.dialog(dialog)) {
            Some(view) => crate::signalling::dialog_facts(&view),
            None => DialogFacts::default(),
        }
    }

    /// What was agreed for the leg's audio.
    pub fn media_facts(&self, no: LegNo) -> Option<MediaFacts> {
        let sound = &self.find(no)?.sound;
        let spec = sound.spec?;
        Some(MediaFacts {
            codec: cordboard_media::sdp::codec_name(spec.codec).to_owned(),
            local: sound.port.local,
            remote: spec.remote,
            sdp_version: sound.ours.version(),
        })
    }

    /// When the call wants to be woken.
    pub fn deadline(&self) -> Option<Time> {
        let longest = match self.ending {
            None if !self.settings.longest_call.is_zero() => {
                Some(self.born.at.saturating_add(self.settings.longest_call))
            }
            _ => None,
        };
        let alone = self.alone_since.filter(|_| self.ending.is_none());
        let legs = self.legs.iter().filter_map(|leg| leg.until);
        legs.chain(longest)
            .chain(alone.map(|since| since.saturating_add(ALONE_MAX)))
            .chain(self.tapes.deadline())
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bridged_call_is_small() {
        // With its strings, descriptions and index entries (about 1.2 KB) below 4 KB.
        let bytes = size_of::<Call>() + 2 * size_of::<Leg>();
        assert!(bytes <= 2_560, "{bytes} bytes");
    }
}
