//! The caller's side of a run: what its first leg hears, whether it is answered, and the hand
//! through which operations act on the call.
//!
//! Operations ask `Cx`, which keeps account of what the caller hears, of secrecy and of keys
//! pressed too early.

use std::cell::Cell;
use std::collections::VecDeque;
use std::time::Duration;

use cordboard_call::action::Action;
use cordboard_call::cause::Cause;
use cordboard_call::event::Direction;
use cordboard_call::ids::LegNo;
use cordboard_media::Clip;
use smallvec::SmallVec;

use crate::run::Output;
use crate::vars::{Reader, Vars};
use crate::world::{CallInfo, Time, World};

/// Most digits kept between two collects of a script; later ones are dropped.
const TYPED_MAX: usize = 16;

/// The first leg as the run sees it.
pub(crate) struct Caller {
    pub leg: LegNo,
    pub answered: bool,
    pub gone: Option<Cause>,
    /// What the caller hears from us now.
    pub hears: Hears,
    rung: bool,
    progressed: bool,
    answer_sent: bool,
    /// `record` came before the answer.
    record_at_answer: bool,
    secret: Secrecy,
    /// Keys pressed while a script was between two operations.
    typed: SmallVec<[char; TYPED_MAX]>,
}

/// What the first leg hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hears {
    Nothing,
    Play,
    Bridge(LegNo),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secrecy {
    Off,
    On,
    /// Still on for late keys.
    Until(Time),
}

/// All of a run that operations may use.
pub(crate) struct Shared {
    pub info: CallInfo,
    pub vars: Vars,
    pub caller: Caller,
    pub out: VecDeque<Output>,
    pub(crate) next_leg: u16,
    next_request: u64,
}

impl Shared {
    pub fn new(info: CallInfo) -> Shared {
        let next_leg = info.first_leg.0.saturating_add(1);
        let caller = Caller {
            leg: info.first_leg,
            answered: info.direction == Direction::Outbound,
            gone: None,
            hears: Hears::Nothing,
            rung: false,
            progressed: false,
            answer_sent: info.direction == Direction::Outbound,
            record_at_answer: false,
            secret: Secrecy::Off,
            typed: SmallVec::new(),
        };
        let (vars, out) = (Vars::default(), VecDeque::new());
        Shared {
            info,
            vars,
            caller,
            out,
            next_leg,
            next_request: 1,
        }
    }

    /// When secrecy that lingers ends.
    pub fn next_timeout(&self) -> Option<Time> {
        match self.caller.secret {
            Secrecy::Until(at) => Some(at),
            _ => None,
        }
    }
}

/// One moment of a run: the time, the world, and the run's shared part.
pub(crate) struct Cx<'a> {
    pub now: Time,
    pub world: &'a mut dyn World,
    pub call: &'a mut Shared,
}

impl Cx<'_> {
    pub fn act(&mut self, action: Action) {
        self.call.out.push_back(Output::Act(action));
    }

    pub fn new_leg(&mut self) -> LegNo {
        let leg = LegNo(self.call.next_leg);
        self.call.next_leg = self.call.next_leg.saturating_add(1);
        leg
    }

    pub fn new_request(&mut self) -> u64 {
        let id = self.call.next_request;
        self.call.next_request += 1;
        id
    }

    /// What templates and conditions read now.
    pub fn reader(&self) -> Reader<'_> {
        let (info, vars) = (&self.call.info, &self.call.vars);
        Reader {
            info,
            vars,
            world: &*self.world,
            read_secret: Cell::new(false),
        }
    }

    /// Answers the caller unless that is done; false while the answer is under way.
    pub fn answer(&mut self) -> bool {
        if self.call.caller.answered {
            return true;
        }
        if !self.call.caller.answer_sent {
            self.call.caller.answer_sent = true;
            let leg = self.call.caller.leg;
            self.act(Action::Answer { leg });
        }
        false
    }

    /// The caller's answer stands.
    pub fn answered(&mut self) {
        self.call.caller.answered = true;
        self.call.caller.answer_sent = true;
        if std::mem::take(&mut self.call.caller.record_at_answer) {
            self.act(Action::Record);
        }
    }

    /// The answer was refused: it may be asked for again.
    pub fn answer_refused(&mut self) {
        self.call.caller.answer_sent = self.call.caller.answered;
    }

    /// True when what we play reaches the caller.
    pub fn is_heard(&self) -> bool {
        self.call.caller.answered || self.call.caller.progressed
    }

    /// The way to an unanswered caller's ear could not be opened.
    pub fn progress_refused(&mut self) {
        self.call.caller.progressed = false;
    }

    /// Tells an unanswered caller that somebody rings (180), once; one who hears us already hears
    /// it from us.
    pub fn ring_caller(&mut self) {
        let caller = &mut self.call.caller;
        if !caller.answered && !caller.answer_sent && !caller.rung && !caller.progressed {
            caller.rung = true;
            let leg = caller.leg;
            self.act(Action::Ring { leg });
        }
    }

    /// Opens the way to an unanswered caller's ear (183), once.
    pub fn progress(&mut self) {
        let caller = &mut self.call.caller;
        if !caller.answered && !caller.answer_sent && !caller.progressed {
            caller.progressed = true;
            let leg = caller.leg;
            self.act(Action::Progress { leg });
        }
    }

    /// Plays to the caller in place of what it hears.
    pub fn play(&mut self, clips: Vec<Clip>, repeat: bool) {
        let caller = &mut self.call.caller;
        caller.typed.clear();
        caller.hears = Hears::Play;
        let leg = caller.leg;
        self.act(Action::Play { leg, clips, repeat });
    }

    /// Stops what plays to the caller.
    pub fn stop_play(&mut self) {
        let caller = &mut self.call.caller;
        if caller.hears == Hears::Play {
            caller.hears = Hears::Nothing;
            let leg = caller.leg;
            self.act(Action::StopPlay { leg });
        }
    }

    /// The call engine tells the end of the latest play only: true where that is still wanted.
    pub fn play_ended(&mut self) -> bool {
        let caller = &mut self.call.caller;
        let wanted = caller.hears == Hears::Play;
        if wanted {
            caller.hears = Hears::Nothing;
        }
        wanted
    }

    /// Lets the caller and a leg hear each other.
    pub fn bridge(&mut self, with: LegNo) {
        self.secret_off();
        let caller = &mut self.call.caller;
        if caller.hears == Hears::Bridge(with) {
            return;
        }
        caller.typed.clear();
        caller.hears = Hears::Bridge(with);
        let a = caller.leg;
        self.act(Action::Bridge { a, b: with });
    }

    /// The bridge did not come about.
    pub fn unbridged(&mut self) {
        if let Hears::Bridge(_) = self.call.caller.hears {
            self.call.caller.hears = Hears::Nothing;
        }
    }

    /// A leg is gone: a bridge with it is over.
    pub fn leg_gone(&mut self, leg: LegNo) {
        if self.call.caller.hears == Hears::Bridge(leg) {
            self.call.caller.hears = Hears::Nothing;
        }
    }

    /// Records from now on, or from the answer on.
    pub fn record(&mut self, on: bool) {
        if !on {
            self.call.caller.record_at_answer = false;
            self.act(Action::StopRecord);
        } else if self.call.caller.answered {
            self.act(Action::Record);
        } else {
            self.call.caller.record_at_answer = true;
        }
    }

    /// Digits are secret from now on.
    pub fn secret_on(&mut self) {
        let before = std::mem::replace(&mut self.call.caller.secret, Secrecy::On);
        self.call.caller.typed.clear();
        if before == Secrecy::Off {
            let leg = self.call.caller.leg;
            self.act(Action::Secret { leg, on: true });
        }
    }

    /// Digits stay secret a little longer, since a hasty caller presses one key too many.
    pub fn secret_linger(&mut self, lasts: Duration) {
        if self.call.caller.secret == Secrecy::On {
            self.call.caller.secret = Secrecy::Until(self.now + lasts);
        }
    }

    /// Digits are secret no longer.
    pub fn secret_off(&mut self) {
        if std::mem::replace(&mut self.call.caller.secret, Secrecy::Off) != Secrecy::Off {
            let leg = self.call.caller.leg;
            self.act(Action::Secret { leg, on: false });
        }
    }

    /// Ends secrecy whose time is over.
    pub fn handle_timeout(&mut self) {
        if matches!(self.call.caller.secret, Secrecy::Until(at) if at <= self.now) {
            self.secret_off();
        }
    }

    /// A key between two operations: kept for the next collect, unless it may be a secret's.
    pub fn key_between(&mut self, digit: char) {
        let caller = &mut self.call.caller;
        if caller.secret == Secrecy::Off && caller.typed.len() < TYPED_MAX {
            caller.typed.push(digit);
        }
    }

    /// Takes the keys pressed since the last operation.
    pub fn take_typed(&mut self) -> SmallVec<[char; TYPED_MAX]> {
        std::mem::take(&mut self.call.caller.typed)
    }

    /// Forgets them: what follows does not go on where they were pressed.
    pub fn forget_typed(&mut self) {
        self.call.caller.typed.clear();
    }
}
