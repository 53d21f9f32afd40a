//! Collecting digits: prompts that a key stops, time for the first digit, time between digits,
//! several tries.
//!
//! The first digit's time begins at the prompt's end. An entry is complete at its terminator, at
//! its greatest length, or when no more digits come; too short or unwanted, it costs a try, and
//! `invalid` is played before the next. Digits of a secret entry leave this file only as the
//! result.

use std::time::Duration;

use cordboard_call::action::Notice;
use cordboard_media::Clip;
use smallvec::SmallVec;

use super::{Begun, Finished, LASTS_MAX, Operation};
use crate::caller::Cx;
use crate::script::{CollectOp, CollectOutcome, ScriptCallError};
use crate::sound;
use crate::world::Time;

/// A prompt whose end nobody tells is over so long after its length.
const PROMPT_SLACK: Duration = Duration::from_secs(5);

/// One `collect`.
pub(crate) struct Collecting {
    wish: CollectOp,
    prompts: Vec<Clip>,
    invalid: Vec<Clip>,
    digits: SmallVec<[char; 16]>,
    /// Tries begun.
    tries: u8,
    stage: Stage,
    /// Entries that count; empty is any.
    wanted: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The prompt plays; it is over then at the latest.
    Prompting(Time),
    /// The first digit is due by then.
    First(Time),
    /// The next digit is due by then.
    Between(Time),
}

impl Collecting {
    /// Begins; the caller is answered. Where only some entries are wanted, another is invalid.
    pub fn begin(mut wish: CollectOp, wanted: Vec<String>, cx: &mut Cx<'_>) -> Begun {
        wish.max = wish.max.max(1);
        wish.min = wish.min.min(wish.max);
        wish.tries = wish.tries.max(1);
        wish.timeout = wish.timeout.min(LASTS_MAX);
        wish.between = wish.between.min(LASTS_MAX);
        let clips = sound::clips(cx.world, &wish.prompts)
            .and_then(|prompts| Ok((prompts, sound::clips(cx.world, &wish.invalid)?)));
        let (prompts, invalid) = match clips {
            Ok(clips) => clips,
            Err(why) => return Begun::Over(Finished::failed(ScriptCallError::NotFound, why)),
        };
        let typed = if wish.secret {
            cx.secret_on();
            SmallVec::new()
        } else {
            cx.secret_off();
            cx.take_typed()
        };
        let stage = Stage::First(cx.now);
        let digits = SmallVec::new();
        let mut collecting = Collecting {
            wish,
            prompts,
            invalid,
            digits,
            tries: 0,
            stage,
            wanted,
        };
        if typed.is_empty() {
            collecting.try_again(false, cx);
        } else {
            collecting.tries = 1;
        }
        for digit in typed {
            if let Some(finished) = collecting.key(digit, cx) {
                return Begun::Over(finished);
            }
        }
        Begun::Under(Operation::Collecting(Box::new(collecting)))
    }

    /// Hears a notice.
    pub fn notice(&mut self, notice: &Notice, cx: &mut Cx<'_>) -> Option<Finished> {
        let first = cx.call.caller.leg;
        match (self.stage, notice) {
            (_, Notice::Digit { leg, digit }) if *leg == first => self.key(*digit, cx),
            (Stage::Prompting(_), Notice::PlayEnded { leg, .. }) if *leg == first => {
                if cx.play_ended() {
                    self.stage = Stage::First(cx.now + self.wish.timeout);
                }
                None
            }
            (_, Notice::PlayEnded { leg, .. }) if *leg == first => {
                cx.play_ended();
                None
            }
            _ => None,
        }
    }

    /// When time matters next.
    pub fn next_timeout(&self) -> Option<Time> {
        match self.stage {
            Stage::Prompting(at) | Stage::First(at) | Stage::Between(at) => Some(at),
        }
    }

    /// Lets time act; it is due.
    pub fn handle_timeout(&mut self, cx: &mut Cx<'_>) -> Option<Finished> {
        match self.stage {
            Stage::Prompting(_) => {
                cx.stop_play();
                self.stage = Stage::First(cx.now + self.wish.timeout);
                None
            }
            Stage::First(_) if self.wish.min == 0 => self.complete(cx),
            Stage::First(_) => self.failed_try(CollectOutcome::Timeout, cx),
            Stage::Between(_) => self.complete(cx),
        }
    }

    /// Ends it from outside.
    pub fn cancel(&mut self, cx: &mut Cx<'_>) {
        cx.stop_play();
        cx.secret_off();
    }

    fn key(&mut self, digit: char, cx: &mut Cx<'_>) -> Option<Finished> {
        if let Stage::Prompting(_) = self.stage {
            cx.stop_play();
        }
        if self.wish.ends_with == Some(digit) {
            return self.complete(cx);
        }
        self.digits.push(digit);
        if self.digits.len() >= usize::from(self.wish.max) {
            return self.complete(cx);
        }
        self.stage = Stage::Between(cx.now + self.wish.between);
        None
    }

    fn complete(&mut self, cx: &mut Cx<'_>) -> Option<Finished> {
        let digits: String = self.digits.drain(..).collect();
        let wanted = self.wanted.is_empty() || self.wanted.contains(&digits);
        if digits.len() < usize::from(self.wish.min) || !wanted {
            return self.failed_try(CollectOutcome::Invalid, cx);
        }
        Some(self.finish(CollectOutcome::Digits, digits, cx))
    }

    fn failed_try(&mut self, outcome: CollectOutcome, cx: &mut Cx<'_>) -> Option<Finished> {
        if self.tries >= self.wish.tries {
            return Some(self.finish(outcome, String::new(), cx));
        }
        self.try_again(true, cx);
        None
    }

    fn try_again(&mut self, after_failure: bool, cx: &mut Cx<'_>) {
        self.tries = self.tries.saturating_add(1);
        self.digits.clear();
        let mut clips = if after_failure {
            self.invalid.clone()
        } else {
            Vec::new()
        };
        clips.extend(self.prompts.iter().cloned());
        if clips.is_empty() {
            self.stage = Stage::First(cx.now + self.wish.timeout);
            return;
        }
        let length = sound::length(&clips).unwrap_or(LASTS_MAX);
        self.stage = Stage::Prompting(cx.now + length + PROMPT_SLACK);
        cx.play(clips, false);
    }

    fn finish(&mut self, outcome: CollectOutcome, digits: String, cx: &mut Cx<'_>) -> Finished {
        let secret = self.wish.secret;
        if secret {
            cx.secret_linger(self.wish.between);
            cx.call.vars.remember_secret(&digits);
        }
        Finished::Digits {
            outcome,
            digits,
            secret,
        }
    }
}
