//! A leg: one party's dialog and media with us, and the table of its states.
//!
//! A leg belongs to exactly one call from birth to death; `Call` is its only owner. Offer/answer
//! follows RFC 3264; early media is a state, not a flag. A leg whose signalling is over stays as
//! `Closing` until its media thread has given back the figures; only then is it told as ended.

use std::time::Duration;

use cordboard_media::{Codec, MediaPort, StreamSpec};
use cordboard_sip::DialogId;
use smallvec::SmallVec;

use crate::cause::Cause;
use crate::event::{Direction, EndedBy, Party};
use crate::ids::LegNo;
use crate::negotiate::Ours;

type Time = Duration;

/// Where a leg stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Their INVITE has our 100.
    Incoming,
    /// It has our 180.
    Alerting,
    /// It has our 183 with SDP: they hear us before the answer.
    Early,
    /// It has our 200 with an offer; their answer comes in the ACK.
    Confirming,
    /// Our INVITE has no response above 100.
    Dialling,
    /// They ring.
    Ringing,
    /// They ring and send audio.
    EarlyHeard,
    /// Answered, audio agreed.
    Up,
    /// Signalling is over; the media thread has not closed the stream yet.
    Closing,
}

impl State {
    /// All states, for the table's tests.
    #[cfg(test)]
    pub const ALL: [State; 9] = [
        State::Incoming,
        State::Alerting,
        State::Early,
        State::Confirming,
        State::Dialling,
        State::Ringing,
        State::EarlyHeard,
        State::Up,
        State::Closing,
    ];

    /// The state's word on the console.
    pub fn word(self) -> &'static str {
        match self {
            State::Incoming => "incoming",
            State::Alerting | State::Ringing => "ringing",
            State::Early | State::EarlyHeard => "early",
            State::Confirming => "answering",
            State::Dialling => "dialling",
            State::Up => "up",
            State::Closing => "closing",
        }
    }

    /// Answered, or about to be.
    pub fn is_answered(self) -> bool {
        matches!(self, State::Up | State::Confirming)
    }
}

/// What a leg meets: wishes of ours, signalling, the end of its media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Wish: tell them it rings.
    Ring,
    /// Wish: audio before the answer.
    Progress,
    /// Wish: answer; `late` when their INVITE had no SDP.
    Answer {
        /// The offer is ours, in the 200.
        late: bool,
    },
    /// Wish: end it.
    HangUp,
    /// 180.
    Rang,
    /// 18x with SDP.
    Sounded,
    /// 2xx to our INVITE.
    Accepted,
    /// 300 to 699 to our INVITE, or no response at all.
    Failed,
    /// Their CANCEL.
    Cancelled,
    /// ACK of our 2xx.
    Acknowledged,
    /// Their INVITE inside the dialog.
    Reinvited,
    /// Their BYE, or the dialog broke.
    Ended,
}

/// What a transition asks the call to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Nothing.
    Nothing,
    /// Send 180.
    SendRinging,
    /// Send 183 with our SDP.
    SendProgress,
    /// Send 200 with our SDP.
    SendAnswer,
    /// Refuse their INVITE.
    Reject,
    /// CANCEL ours.
    Cancel,
    /// BYE.
    Bye,
    /// Tell that they ring.
    TellRinging,
    /// Take their early SDP, tell that there is audio.
    TakeEarly,
    /// Take their answer, tell that they answered.
    TakeAnswer,
    /// Take what their ACK brings.
    TakeAck,
    /// Answer their re-INVITE.
    Renegotiate,
    /// The dialog is gone already: tell nobody but our own side.
    Gone,
}

/// The table: what each state makes of each input. An error says why not and changes nothing.
pub fn step(state: State, input: Input) -> Result<(State, Duty), &'static str> {
    use State::*;
    let next = match (state, input) {
        (Incoming, Input::Ring) => (Alerting, Duty::SendRinging),
        (Alerting | Early, Input::Ring) => (state, Duty::Nothing),
        (Incoming | Alerting, Input::Progress) => (Early, Duty::SendProgress),
        (Early, Input::Progress) => (Early, Duty::Nothing),
        (Incoming | Alerting | Early, Input::Answer { late: false }) => (Up, Duty::SendAnswer),
        (Incoming | Alerting, Input::Answer { late: true }) => (Confirming, Duty::SendAnswer),
        (Confirming | Up, Input::Answer { .. }) => (state, Duty::Nothing),
        (Incoming | Alerting | Early, Input::Cancelled) => (Closing, Duty::Gone),
        (Incoming | Alerting | Early, Input::HangUp) => (Closing, Duty::Reject),

        (Dialling, Input::Rang) => (Ringing, Duty::TellRinging),
        (Ringing | EarlyHeard, Input::Rang) => (state, Duty::Nothing),
        (Dialling | Ringing | EarlyHeard, Input::Sounded) => (EarlyHeard, Duty::TakeEarly),
        (Dialling | Ringing | EarlyHeard, Input::Accepted) => (Up, Duty::TakeAnswer),
        (Dialling | Ringing | EarlyHeard, Input::Failed) => (Closing, Duty::Gone),
        (Dialling | Ringing | EarlyHeard, Input::HangUp) => (Closing, Duty::Cancel),

        (Confirming | Up, Input::Acknowledged) => (Up, Duty::TakeAck),
        (Up, Input::Reinvited) => (Up, Duty::Renegotiate),
        (Confirming | Up, Input::HangUp) => (Closing, Duty::Bye),

        (Closing, _) => return Err("it has ended"),
        (_, Input::Ended) => (Closing, Duty::Gone),
        (Incoming | Alerting | Early, Input::Failed) => (Closing, Duty::Gone),
        (Dialling | Ringing | EarlyHeard, Input::Ring | Input::Progress | Input::Answer { .. }) => {
            return Err("we call it, it does not call us");
        }
        (Confirming | Up, Input::Ring | Input::Progress) => return Err("it is answered"),
        (_, _) => return Err("its state does not allow that"),
    };
    Ok(next)
}

/// Why and how a leg ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    pub cause: Cause,
    pub sip_status: Option<u16>,
    pub by: EndedBy,
    pub why: Option<String>,
}

impl Ending {
    /// An ending of that cause, with nothing more known.
    pub fn new(cause: Cause, by: EndedBy) -> Self {
        Self {
            cause,
            sip_status: None,
            by,
            why: None,
        }
    }

    /// The switch itself ends it and says why.
    pub fn switch(cause: Cause, why: &str) -> Self {
        Self {
            why: Some(why.to_owned()),
            ..Self::new(cause, EndedBy::Switch)
        }
    }
}

/// What plays on a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Playing {
    /// Number given to the media thread.
    pub number: u64,
    /// Music for a party whose other side holds it; nobody waits for its end.
    pub hold_music: bool,
}

/// A leg's audio: its stream, what we said and what was agreed.
#[derive(Clone, Debug)]
pub(crate) struct Sound {
    pub port: MediaPort,
    /// `Open` has been sent.
    pub opened: bool,
    /// Our side of the session description.
    pub ours: Ours,
    /// What was agreed, once it was.
    pub spec: Option<StreamSpec>,
    /// Codecs that both sides know: theirs could be changed to one of them.
    pub common: SmallVec<[Codec; 2]>,
    /// Our 2xx held an offer: the ACK brings the answer.
    pub awaits_ack: bool,
    /// We have asked once for another codec; we do not ask twice.
    pub asked: bool,
    /// The far end holds us: it neither hears nor is waited for.
    pub held: bool,
    /// The journal has been told so.
    pub told_held: bool,
    /// Silence was told while it did not matter: before the answer.
    pub silent: bool,
    /// What the leg hears now.
    pub playing: Option<Playing>,
    /// Plays of ours whose end the media thread has not told yet.
    pub prompts: SmallVec<[u64; 1]>,
}

impl Sound {
    /// Nothing is opened or agreed yet.
    pub fn new(port: MediaPort, ours: Ours) -> Self {
        Self {
            port,
            opened: false,
            ours,
            spec: None,
            common: SmallVec::new(),
            awaits_ack: false,
            asked: false,
            held: false,
            told_held: false,
            silent: false,
            playing: None,
            prompts: SmallVec::new(),
        }
    }
}

/// One leg.
#[derive(Clone, Debug)]
pub(crate) struct Leg {
    pub no: LegNo,
    pub direction: Direction,
    pub party: Party,
    pub state: State,
    pub dialog: Option<DialogId>,
    pub sound: Sound,
    /// The leg it is bridged with.
    pub peer: Option<LegNo>,
    /// Its digits are secret.
    pub secret: bool,
    pub since: Time,
    /// When the state's patience ends: ringing, or waiting for the media thread.
    pub until: Option<Time>,
    /// Set from the moment the leg closes.
    pub ending: Option<Ending>,
}

impl Leg {
    /// Neither closing nor closed.
    pub fn is_live(&self) -> bool {
        self.state != State::Closing
    }

    /// Its audio is agreed, so it can be played to and bridged.
    pub fn is_audible(&self) -> bool {
        self.is_live() && self.sound.spec.is_some()
    }
}

#[cfg(test)]
mod tests;
