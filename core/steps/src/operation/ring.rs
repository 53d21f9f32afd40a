//! Ringing: users at all their devices, in parallel or in turn, or a number through trunks in
//! order; then the talk, to its end.
//!
//! The first answer wins; the other legs are hung up as answered elsewhere. Meanwhile an
//! unanswered caller gets 180, or the early media of the one leg that rings, and an answered
//! caller hears ringback or music. Of several failures the most telling counts: somebody rang in
//! vain, then busy, then failed, then absent.

mod outcome;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use cordboard_call::action::{Action, Destination, Notice, Refusal};
use cordboard_call::cause::Cause;
use cordboard_call::ids::LegNo;
use cordboard_media::Clip;

pub use self::outcome::TalkOutcome;
use self::outcome::{caller_id, is_final};
use super::{Begun, Finished, LASTS_MAX, Operation};
use crate::caller::{Cx, Hears};
use crate::run::{ActionTag, ActionVerb};
use crate::script::ScriptCallError;
use crate::sound;
use crate::world::{Located, Target, Time};

/// Most legs that ring at once; further devices are not rung.
pub const LEGS_MAX: usize = 16;
/// Most users or trunks of one step; more fail it.
pub const TARGETS_MAX: usize = 32;
/// The call engine ends an attempt in time; should it not, the run does so much later.
const RING_SLACK: Duration = Duration::from_secs(2);
/// For the caller's own answer to stand (RFC 3261 section 13.3.1.4: 32 s).
const JOIN_MAX: Duration = Duration::from_secs(40);

/// One `ring` or `trunk`.
pub(crate) struct Ringing {
    turns: VecDeque<Vec<Target>>,
    legs: Vec<RingLeg>,
    stage: Stage,
    timeout: Duration,
    /// What an answered caller hears.
    comfort: Vec<Clip>,
    /// The number shown, where one was asked for.
    shown: Option<String>,
    worst: Option<Failure>,
}

struct RingLeg {
    leg: LegNo,
    name: String,
    user: bool,
    rang: bool,
}

struct Failure {
    outcome: TalkOutcome,
    cause: Option<Cause>,
    why: String,
}

enum Stage {
    Ringing {
        until: Time,
    },
    /// Somebody answered; the caller's answer is under way.
    Joining {
        with: RingLeg,
        until: Time,
    },
    Talking {
        with: RingLeg,
    },
}

impl Ringing {
    /// Begins to ring users.
    pub fn begin_users(
        users: Vec<String>,
        in_turn: bool,
        timeout: Duration,
        music: Option<String>,
        cx: &mut Cx<'_>,
    ) -> Begun {
        let mut targets: Vec<Target> = Vec::with_capacity(users.len());
        for name in users {
            let target = Target::User(name);
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        let turns = match in_turn {
            true => targets.into_iter().map(|target| vec![target]).collect(),
            false => VecDeque::from([targets]),
        };
        let music = music.and_then(|name| sound::clips(cx.world, &[name]).ok());
        Ringing::begin(turns, timeout, None, music, cx)
    }

    /// Begins to call out.
    pub fn begin_trunks(
        trunks: Vec<String>,
        number: Option<String>,
        timeout: Duration,
        shown: Option<String>,
        cx: &mut Cx<'_>,
    ) -> Begun {
        let number = number.unwrap_or_else(|| cx.call.info.dialled.clone());
        let targets = trunks.into_iter();
        let turns = targets.map(|trunk| {
            vec![Target::Trunk {
                trunk,
                number: number.clone(),
            }]
        });
        Ringing::begin(turns.collect(), timeout, shown, None, cx)
    }

    fn begin(
        turns: VecDeque<Vec<Target>>,
        timeout: Duration,
        shown: Option<String>,
        music: Option<Vec<Clip>>,
        cx: &mut Cx<'_>,
    ) -> Begun {
        if turns.iter().map(Vec::len).sum::<usize>() > TARGETS_MAX {
            let why = format!("at most {TARGETS_MAX} can be called in one step");
            return Begun::Over(Finished::failed(ScriptCallError::Invalid, why));
        }
        cx.secret_off();
        cx.forget_typed();
        let comfort = music.unwrap_or_else(|| {
            let country = &cx.world.dialplan().tenant.tones;
            let ringback = sound::tone_of(country, "ringback", None);
            ringback
                .map(|tone| Clip::Tone(Arc::new(tone)))
                .into_iter()
                .collect()
        });
        let mut ringing = Ringing {
            turns,
            legs: Vec::new(),
            stage: Stage::Ringing { until: cx.now },
            timeout: timeout.min(LASTS_MAX),
            comfort,
            shown,
            worst: None,
        };
        match ringing.next_turn(cx) {
            Some(finished) => Begun::Over(finished),
            None => Begun::Under(Operation::Ringing(Box::new(ringing))),
        }
    }

    /// Dials the next turn in which anybody can be dialled.
    fn next_turn(&mut self, cx: &mut Cx<'_>) -> Option<Finished> {
        while let Some(targets) = self.turns.pop_front() {
            for target in &targets {
                self.dial_target(target, cx);
            }
            if !self.legs.is_empty() {
                self.stage = Stage::Ringing {
                    until: cx.now + self.timeout + RING_SLACK,
                };
                self.comfort_caller(cx);
                return None;
            }
        }
        Some(self.nobody(cx))
    }

    fn dial_target(&mut self, target: &Target, cx: &mut Cx<'_>) {
        let name = target.name();
        match cx.world.locate(target) {
            Located::Destinations(list) if !list.is_empty() => {
                for to in list {
                    if self.legs.len() < LEGS_MAX {
                        self.dial(target, to, cx);
                    }
                }
            }
            Located::Destinations(_) | Located::Absent => {
                let why = format!("{name} has no device");
                self.failed(TalkOutcome::Absent, Some(Cause::ABSENT), why);
            }
            Located::Busy(limit) => self.failed(TalkOutcome::Busy, Some(Cause::BUSY), limit),
            Located::Unknown => {
                let why = format!("there is no `{name}`");
                self.failed(TalkOutcome::Failed, Some(Cause::UNALLOCATED), why);
            }
        }
    }

    fn dial(&mut self, target: &Target, to: Destination, cx: &mut Cx<'_>) {
        let leg = cx.new_leg();
        let caller = caller_id(target, self.shown.as_deref(), cx);
        cx.act(Action::Dial {
            leg,
            to: Box::new(to),
            caller,
            ring_for: self.timeout,
            headers: Vec::new(),
        });
        let user = matches!(target, Target::User(_));
        self.legs.push(RingLeg {
            leg,
            name: target.name().to_owned(),
            user,
            rang: false,
        });
    }

    fn comfort_caller(&self, cx: &mut Cx<'_>) {
        if cx.is_heard() && cx.call.caller.hears == Hears::Nothing {
            cx.play(self.comfort.clone(), true);
        }
    }

    fn failed(&mut self, outcome: TalkOutcome, cause: Option<Cause>, why: String) {
        if self
            .worst
            .as_ref()
            .is_none_or(|worst| worst.outcome < outcome)
        {
            self.worst = Some(Failure {
                outcome,
                cause,
                why,
            });
        }
    }

    /// Nobody took the call.
    fn nobody(&mut self, cx: &mut Cx<'_>) -> Finished {
        cx.stop_play();
        match self.worst.take() {
            Some(Failure {
                outcome,
                cause,
                why,
            }) => Finished::Talk {
                outcome,
                by: None,
                cause,
                why: Some(why),
            },
            None => Finished::Talk {
                outcome: TalkOutcome::Failed,
                by: None,
                cause: None,
                why: Some("there is nobody to call".into()),
            },
        }
    }

    /// Hears a notice.
    pub fn notice(&mut self, notice: &Notice, cx: &mut Cx<'_>) -> Option<Finished> {
        let first = cx.call.caller.leg;
        match notice {
            Notice::Ringing { leg } => self.rings(*leg, cx),
            Notice::EarlyMedia { leg } => self.early(*leg, cx),
            Notice::Answered { leg } if *leg == first => return self.join(cx),
            Notice::Answered { leg } => self.take(*leg, cx),
            Notice::LegEnded { leg, cause } => return self.leg_ended(*leg, *cause, cx),
            // What an operator played meanwhile is over: the comfort begins again.
            Notice::PlayEnded { leg, stopped } if *leg == first => {
                let over = cx.play_ended() && !stopped;
                if let (true, Stage::Ringing { .. }) = (over, &self.stage) {
                    self.comfort_caller(cx);
                }
            }
            _ => {}
        }
        None
    }

    fn rings(&mut self, leg: LegNo, cx: &mut Cx<'_>) {
        if let (Stage::Ringing { .. }, Some(one)) = (&self.stage, find(&mut self.legs, leg)) {
            one.rang = true;
            cx.ring_caller();
        }
    }

    fn early(&mut self, leg: LegNo, cx: &mut Cx<'_>) {
        let alone = self.legs.len() == 1;
        if let (Stage::Ringing { .. }, Some(one)) = (&self.stage, find(&mut self.legs, leg)) {
            one.rang = true;
            if alone {
                cx.progress();
                cx.bridge(leg);
            } else {
                cx.ring_caller();
            }
        }
    }

    /// A leg answered: the first wins.
    fn take(&mut self, leg: LegNo, cx: &mut Cx<'_>) {
        let at = self.legs.iter().position(|one| one.leg == leg);
        let (Stage::Ringing { .. }, Some(at)) = (&self.stage, at) else {
            let winner = match &self.stage {
                Stage::Joining { with, .. } | Stage::Talking { with } => with.leg == leg,
                Stage::Ringing { .. } => false,
            };
            if !winner {
                cx.act(Action::HangUp {
                    leg,
                    cause: Cause::ANSWERED_ELSEWHERE,
                });
            }
            return;
        };
        let with = self.legs.swap_remove(at);
        for other in self.legs.drain(..) {
            cx.act(Action::HangUp {
                leg: other.leg,
                cause: Cause::ANSWERED_ELSEWHERE,
            });
        }
        self.turns.clear();
        if cx.answer() {
            cx.bridge(leg);
            self.stage = Stage::Talking { with };
        } else {
            self.stage = Stage::Joining {
                with,
                until: cx.now + JOIN_MAX,
            };
        }
    }

    /// The caller's answer stands.
    fn join(&mut self, cx: &mut Cx<'_>) -> Option<Finished> {
        let until = Stage::Ringing { until: cx.now };
        self.stage = match std::mem::replace(&mut self.stage, until) {
            Stage::Joining { with, .. } => {
                cx.bridge(with.leg);
                Stage::Talking { with }
            }
            other => other,
        };
        None
    }

    fn leg_ended(&mut self, leg: LegNo, cause: Cause, cx: &mut Cx<'_>) -> Option<Finished> {
        match &self.stage {
            Stage::Talking { with } if with.leg == leg => {
                let why = Some(format!("{}: {cause}", with.name));
                let (outcome, by) = (TalkOutcome::Answered, Some(with.name.clone()));
                Some(Finished::Talk {
                    outcome,
                    by,
                    cause: Some(cause),
                    why,
                })
            }
            Stage::Joining { with, .. } if with.leg == leg => {
                let why = format!("{} was gone before the talk began: {cause}", with.name);
                self.failed(TalkOutcome::Failed, Some(cause), why);
                Some(self.nobody(cx))
            }
            Stage::Ringing { .. } => self.attempt_ended(leg, cause, None, cx),
            _ => None,
        }
    }

    fn attempt_ended(
        &mut self,
        leg: LegNo,
        cause: Cause,
        why: Option<String>,
        cx: &mut Cx<'_>,
    ) -> Option<Finished> {
        let at = self.legs.iter().position(|one| one.leg == leg)?;
        let one = self.legs.swap_remove(at);
        let why = why.unwrap_or_else(|| format!("{}: {cause}", one.name));
        self.failed(TalkOutcome::of(cause, one.user), Some(cause), why);
        if !one.user && is_final(cause, one.rang) {
            self.turns.clear();
        }
        if !self.legs.is_empty() {
            return None;
        }
        self.next_turn(cx)
    }

    /// When time matters next.
    pub fn next_timeout(&self) -> Option<Time> {
        match &self.stage {
            Stage::Ringing { until } | Stage::Joining { until, .. } => Some(*until),
            Stage::Talking { .. } => None,
        }
    }

    /// Lets time act; it is due.
    pub fn handle_timeout(&mut self, cx: &mut Cx<'_>) -> Option<Finished> {
        if let Stage::Joining { with, .. } = &self.stage {
            let leg = with.leg;
            cx.act(Action::HangUp {
                leg,
                cause: Cause::TIMER_EXPIRED,
            });
            let why = "the caller's answer was not confirmed".to_owned();
            self.failed(TalkOutcome::Failed, Some(Cause::TIMER_EXPIRED), why);
            return Some(self.nobody(cx));
        }
        let late: Vec<LegNo> = self.legs.iter().map(|one| one.leg).collect();
        for leg in late {
            cx.act(Action::HangUp {
                leg,
                cause: Cause::NO_ANSWER,
            });
            cx.leg_gone(leg);
            if let Some(finished) = self.attempt_ended(leg, Cause::NO_ANSWER, None, cx) {
                return Some(finished);
            }
        }
        None
    }

    /// An action was refused.
    pub fn refused(
        &mut self,
        tag: ActionTag,
        refusal: &Refusal,
        cx: &mut Cx<'_>,
    ) -> Option<Finished> {
        match (&self.stage, tag.verb, tag.leg) {
            (Stage::Ringing { .. }, ActionVerb::Dial, Some(leg)) => {
                let cause = match refusal {
                    Refusal::Limit(_) => Cause::BUSY,
                    Refusal::NoPorts => Cause::EQUIPMENT_CONGESTION,
                    _ => Cause::TEMPORARY_FAILURE,
                };
                self.attempt_ended(leg, cause, Some(refusal.to_string()), cx)
            }
            (Stage::Joining { with, .. }, ActionVerb::Answer, _)
            | (Stage::Talking { with }, ActionVerb::Bridge, _) => {
                let leg = with.leg;
                cx.leg_gone(leg);
                cx.act(Action::HangUp {
                    leg,
                    cause: Cause::TEMPORARY_FAILURE,
                });
                let why = refusal.to_string();
                self.failed(TalkOutcome::Failed, Some(Cause::TEMPORARY_FAILURE), why);
                Some(self.nobody(cx))
            }
            (Stage::Ringing { .. }, ActionVerb::Bridge, Some(_)) => {
                cx.unbridged();
                cx.ring_caller();
                self.comfort_caller(cx);
                None
            }
            _ => None,
        }
    }

    /// Ends it from outside: every leg of it is hung up.
    pub fn cancel(&mut self, cx: &mut Cx<'_>) {
        for one in self.legs.drain(..) {
            cx.act(Action::HangUp {
                leg: one.leg,
                cause: Cause::NORMAL,
            });
        }
        if let Stage::Joining { with, .. } | Stage::Talking { with } = &self.stage {
            let leg = with.leg;
            cx.act(Action::HangUp {
                leg,
                cause: Cause::NORMAL,
            });
        }
        cx.stop_play();
    }
}

fn find(legs: &mut [RingLeg], leg: LegNo) -> Option<&mut RingLeg> {
    legs.iter_mut().find(|one| one.leg == leg)
}
