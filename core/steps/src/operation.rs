//! Operations: what a dialplan step or a script's host call makes the call do until it is over.
//!
//! Both sides ask in the same words (`ScriptOp`) and get the same machines. An operation begins,
//! hears notices and time, and ends once with a `Finished`. A caller who is not answered yet is
//! answered first, where the operation needs that. The caller's own end is not an operation's
//! business: the run cancels it.

pub(crate) mod collect;
pub(crate) mod ring;

use std::sync::Arc;
use std::time::Duration;

use cordboard_call::action::{Action, Notice, Refusal};
use cordboard_call::cause::Cause;
use cordboard_media::Clip;

use self::collect::Collecting;
use self::ring::{Ringing, TalkOutcome};
use crate::caller::Cx;
use crate::run::{ActionTag, ActionVerb};
use crate::script::{CollectOutcome, OutsideRequest, ScriptAnswer, ScriptCallError, ScriptOp};
use crate::sound;
use crate::world::Time;

/// An answer that never stands: the far end's ACK is awaited 32 s (RFC 3261 section 13.3.1.4).
const ANSWER_MAX: Duration = Duration::from_secs(40);
/// A prompt whose end nobody tells is over so long after its length.
const PLAY_SLACK: Duration = Duration::from_secs(5);
/// A store that does not answer within this has failed.
const STORE_MAX: Duration = Duration::from_secs(10);
/// Beyond an http request's own time-out, for whoever keeps it.
const HTTP_SLACK: Duration = Duration::from_secs(2);
/// Longest wait, tone, repeat, time-out that an operation takes; longer ones are cut.
pub(crate) const LASTS_MAX: Duration = Duration::from_secs(24 * 3600);

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Ask {
    pub op: ScriptOp,
    /// For `collect`: the entries that count; empty is any.
    pub wanted: Vec<String>,
}

impl From<ScriptOp> for Ask {
    fn from(op: ScriptOp) -> Ask {
        Ask {
            op,
            wanted: Vec::new(),
        }
    }
}

/// An operation under way.
pub(crate) enum Operation {
    /// The caller is being answered; then this begins.
    Answering { then: Box<Ask>, until: Time },
    /// Something plays to the caller.
    Playing { until: Option<Time> },
    /// Time passes.
    Waiting { until: Time },
    /// Digits are asked for.
    Collecting(Box<Collecting>),
    /// Somebody is called, or talks.
    Ringing(Box<Ringing>),
    /// The world outside works on a request.
    Outside { id: u64, until: Time },
}

/// How an operation ended.
#[derive(Debug)]
pub(crate) enum Finished {
    Done,
    Failed {
        kind: ScriptCallError,
        why: String,
    },
    Digits {
        outcome: CollectOutcome,
        digits: String,
        secret: bool,
    },
    Talk {
        outcome: TalkOutcome,
        by: Option<String>,
        cause: Option<Cause>,
        why: Option<String>,
    },
    Answer(ScriptAnswer),
}

/// An operation's beginning: some are over at once.
pub(crate) enum Begun {
    Under(Operation),
    Over(Finished),
}

impl Finished {
    pub fn failed(kind: ScriptCallError, why: impl Into<String>) -> Finished {
        Finished::Failed {
            kind,
            why: why.into(),
        }
    }
}

impl Begun {
    fn failed(kind: ScriptCallError, why: impl Into<String>) -> Begun {
        Begun::Over(Finished::failed(kind, why))
    }
}

/// Begins an operation. Those of a script that touch no call (`Set`, `Now` ...) are not its own:
/// the run answers them.
pub(crate) fn begin(ask: Ask, cx: &mut Cx<'_>) -> Begun {
    if wants_answer(&ask.op) && !cx.answer() {
        let until = cx.now + ANSWER_MAX;
        return Begun::Under(Operation::Answering {
            then: Box::new(ask),
            until,
        });
    }
    match ask.op {
        ScriptOp::Answer => Begun::Over(Finished::Done),
        ScriptOp::Play {
            prompts,
            repeat_for,
            ..
        } => begin_play(&prompts, repeat_for, cx),
        ScriptOp::Tone { name, lasts } => begin_tone(&name, lasts.min(LASTS_MAX), cx),
        ScriptOp::Wait { lasts } => Begun::Under(Operation::Waiting {
            until: cx.now + lasts.min(LASTS_MAX),
        }),
        ScriptOp::Collect(wish) => Collecting::begin(wish, ask.wanted, cx),
        ScriptOp::Ring {
            users,
            in_turn,
            timeout,
            music,
        } => Ringing::begin_users(users, in_turn, timeout, music, cx),
        ScriptOp::Trunk {
            trunks,
            number,
            timeout,
            caller_id,
        } => Ringing::begin_trunks(trunks, number, timeout, caller_id, cx),
        ScriptOp::Record { on } => {
            cx.record(on);
            Begun::Over(Finished::Done)
        }
        ScriptOp::SendDigits { digits } => {
            let known = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#' | 'A'..='D');
            if digits.len() > 64 || !digits.chars().all(known) {
                let why = "digits are at most 64 of 0-9 * # A-D";
                return Begun::failed(ScriptCallError::Invalid, why);
            }
            let leg = cx.call.caller.leg;
            cx.act(Action::SendDigits { leg, digits });
            Begun::Over(Finished::Done)
        }
        ScriptOp::Outside(request) => begin_outside(request, cx),
        other => {
            let why = format!("`{}` is not an operation on the call", other.function());
            Begun::failed(ScriptCallError::Invalid, why)
        }
    }
}

fn wants_answer(op: &ScriptOp) -> bool {
    match op {
        ScriptOp::Answer | ScriptOp::Collect(_) | ScriptOp::SendDigits { .. } => true,
        ScriptOp::Play { early, .. } => !early,
        _ => false,
    }
}

fn begin_play(prompts: &[String], repeat_for: Option<Duration>, cx: &mut Cx<'_>) -> Begun {
    match sound::clips(cx.world, prompts) {
        Ok(clips) if clips.is_empty() => Begun::Over(Finished::Done),
        Ok(clips) => play(clips, repeat_for, cx),
        Err(why) => Begun::failed(ScriptCallError::NotFound, why),
    }
}

fn begin_tone(name: &str, lasts: Duration, cx: &mut Cx<'_>) -> Begun {
    let country = &cx.world.dialplan().tenant.tones;
    match sound::tone_of(country, name, Some(lasts)) {
        Some(tone) => play(vec![Clip::Tone(Arc::new(tone))], None, cx),
        None => Begun::failed(
            ScriptCallError::NotFound,
            format!("no tone is called `{name}`"),
        ),
    }
}

fn play(clips: Vec<Clip>, repeat_for: Option<Duration>, cx: &mut Cx<'_>) -> Begun {
    cx.progress();
    let until = match repeat_for {
        Some(lasts) => Some(cx.now + lasts.min(LASTS_MAX)),
        None => sound::length(&clips).map(|l| cx.now + l + PLAY_SLACK),
    };
    cx.play(clips, repeat_for.is_some());
    Begun::Under(Operation::Playing { until })
}

fn begin_outside(request: OutsideRequest, cx: &mut Cx<'_>) -> Begun {
    let until = match &request {
        OutsideRequest::Http { timeout, .. } => cx.now + (*timeout).min(LASTS_MAX) + HTTP_SLACK,
        _ => cx.now + STORE_MAX,
    };
    let id = cx.new_request();
    cx.call
        .out
        .push_back(crate::run::Output::Outside { id, request });
    Begun::Under(Operation::Outside { id, until })
}

impl Operation {
    /// Hears a notice about the call (never the first leg's end).
    pub fn notice(&mut self, notice: &Notice, cx: &mut Cx<'_>) -> Option<Finished> {
        let first = cx.call.caller.leg;
        match (&mut *self, notice) {
            (Operation::Answering { then, .. }, Notice::Answered { leg }) if *leg == first => {
                let then = std::mem::replace(&mut **then, ScriptOp::Answer.into());
                self.become_one(then, cx)
            }
            (Operation::Playing { .. }, Notice::PlayEnded { leg, .. }) if *leg == first => {
                cx.play_ended().then_some(Finished::Done)
            }
            (Operation::Collecting(collecting), notice) => collecting.notice(notice, cx),
            (Operation::Ringing(ringing), notice) => ringing.notice(notice, cx),
            _ => None,
        }
    }

    /// True when keys and the ends of prompts are its business.
    pub fn hears_caller(&self) -> bool {
        matches!(
            self,
            Operation::Playing { .. } | Operation::Collecting(_) | Operation::Ringing(_)
        )
    }

    fn become_one(&mut self, ask: Ask, cx: &mut Cx<'_>) -> Option<Finished> {
        match begin(ask, cx) {
            Begun::Under(operation) => {
                *self = operation;
                None
            }
            Begun::Over(finished) => Some(finished),
        }
    }

    /// The answer to a request outside; others are ignored.
    pub fn answered_outside(&mut self, id: u64, answer: ScriptAnswer) -> Option<Finished> {
        match self {
            Operation::Outside { id: own, .. } if *own == id => Some(Finished::Answer(answer)),
            _ => None,
        }
    }

    /// When time matters next.
    pub fn next_timeout(&self) -> Option<Time> {
        match self {
            Operation::Answering { until, .. }
            | Operation::Waiting { until }
            | Operation::Outside { until, .. } => Some(*until),
            Operation::Playing { until } => *until,
            Operation::Collecting(collecting) => collecting.next_timeout(),
            Operation::Ringing(ringing) => ringing.next_timeout(),
        }
    }

    /// Lets time act.
    pub fn handle_timeout(&mut self, cx: &mut Cx<'_>) -> Option<Finished> {
        if self.next_timeout().is_none_or(|at| at > cx.now) {
            return None;
        }
        match self {
            Operation::Answering { .. } => Some(Finished::failed(
                ScriptCallError::Timeout,
                "the answer was not confirmed",
            )),
            Operation::Waiting { .. } => Some(Finished::Done),
            Operation::Playing { .. } => {
                cx.stop_play();
                Some(Finished::Done)
            }
            Operation::Outside { .. } => Some(Finished::failed(
                ScriptCallError::Timeout,
                "no answer in time",
            )),
            Operation::Collecting(collecting) => collecting.handle_timeout(cx),
            Operation::Ringing(ringing) => ringing.handle_timeout(cx),
        }
    }

    /// An action was refused: whatever waits for its effect fails.
    pub fn refused(
        &mut self,
        tag: ActionTag,
        refusal: &Refusal,
        cx: &mut Cx<'_>,
    ) -> Option<Finished> {
        match (&mut *self, tag.verb) {
            (Operation::Ringing(ringing), _) => ringing.refused(tag, refusal, cx),
            (Operation::Answering { .. }, ActionVerb::Answer)
            | (Operation::Playing { .. } | Operation::Collecting(_), ActionVerb::Play) => Some(
                Finished::failed(ScriptCallError::Unavailable, refusal.to_string()),
            ),
            _ => None,
        }
    }

    /// Ends it from outside: what it began is stopped.
    pub fn cancel(&mut self, cx: &mut Cx<'_>) {
        match self {
            Operation::Playing { .. } => cx.stop_play(),
            Operation::Collecting(collecting) => collecting.cancel(cx),
            Operation::Ringing(ringing) => ringing.cancel(cx),
            _ => {}
        }
    }
}
