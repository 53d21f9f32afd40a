//! A program's last word, carried out by the run itself: operations one after another, then the
//! step's outcome.
//!
//! A router's or connector's answer needs nobody any more to carry it out, so its variables, log
//! lines and targets cost no way to a worker and back. To journal and caller each operation is as
//! if the program had asked for it.

use std::collections::VecDeque;

use super::{Run, Stage};
use crate::script::{
    Decided, ScriptAnswer, ScriptCallError, ScriptError, ScriptErrorKind, ScriptOp, ScriptTurn,
};
use crate::world::{Time, World};

/// What is left of it.
pub(super) struct Rest {
    left: VecDeque<ScriptOp>,
    outcome: String,
    /// The talk that is tried now.
    trying: Option<ScriptOp>,
    failed: Option<ScriptError>,
}

impl Rest {
    pub fn of(decided: Decided) -> Rest {
        Rest {
            left: decided.operations.into(),
            outcome: decided.outcome,
            trying: None,
            failed: None,
        }
    }

    fn next(&mut self) -> Option<ScriptOp> {
        let op = self.left.pop_front()?;
        let talk = matches!(op, ScriptOp::Ring { .. } | ScriptOp::Trunk { .. });
        self.trying = talk.then(|| op.clone());
        Some(op)
    }

    /// The answer to the operation under way. Targets are tried until one is answered; one that is
    /// not there is as one that failed.
    pub fn answered(&mut self, answer: ScriptAnswer) {
        let (kind, message) = match answer {
            ScriptAnswer::Talk { outcome, .. } if self.trying.is_some() => {
                if outcome == "answered" {
                    self.left.clear();
                }
                self.outcome = outcome;
                return;
            }
            ScriptAnswer::Error {
                kind: ScriptCallError::Gone,
                message,
            } => (ScriptErrorKind::Gone, message),
            ScriptAnswer::Error { .. } if self.trying.is_some() => {
                self.outcome = "failed".to_owned();
                return;
            }
            ScriptAnswer::Error { message, .. } => (ScriptErrorKind::Runtime, message),
            _ => return,
        };
        self.left.clear();
        self.failed = Some(ScriptError {
            message,
            line: None,
            stack: String::new(),
            kind,
        });
    }

    /// How it ended, when nothing is left.
    fn end(&mut self) -> ScriptTurn {
        match self.failed.take() {
            Some(error) => ScriptTurn::Failed { error },
            None => ScriptTurn::Done {
                outcome: Some(std::mem::take(&mut self.outcome)),
            },
        }
    }
}

impl Run {
    /// The talk of a last word that is tried now, and how many operations come after it.
    pub(crate) fn trying(&self) -> Option<(&ScriptOp, usize)> {
        let rest = self.script.as_ref()?.rest()?;
        Some((rest.trying.as_ref()?, rest.left.len()))
    }

    /// Goes on with what a program decided, until an operation takes time or the step is over.
    pub(super) fn carry_out(&mut self, now: Time, world: &mut dyn World) {
        while self.stage == Stage::Running
            && self.operation.is_none()
            && let Some(script) = &mut self.script
            && let Some(rest) = script.rest_to_do()
        {
            match rest.next() {
                Some(op) => self.script_asks(op, 0, now, world),
                None => {
                    let end = rest.end();
                    self.script_turn(end, now, world);
                }
            }
        }
    }
}
