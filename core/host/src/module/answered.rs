//! What a router's or a connector's answer means for the call: operations, one after another.
//!
//! Both worlds say in one answer what they want; a run wants one operation at a time. `Steps` is
//! the list between them: variables are set, reasons go to the call's log, targets are tried in
//! their order until one is answered. It is the same for every kind of module and never waits.
//!
//! Bounds: 64 variables, 64 reasons, 32 targets; an answer beyond them fails the step.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use cordboard_steps::{
    LogLevel, ScriptAnswer, ScriptCallError, ScriptError, ScriptErrorKind, ScriptOp, ScriptTurn,
};

use super::Module;
use crate::contract::{Decision, Found, Reasoned, Refused, Target};

const SETS_MAX: usize = 64;
const REASONS_MAX: usize = 64;
const TARGETS_MAX: usize = 32;
/// Longest ringing of one target.
const RINGING_MAX: Duration = Duration::from_secs(600);

/// The operations that are left of an answer.
#[derive(Clone, Debug)]
pub struct Steps {
    left: VecDeque<ScriptOp>,
    /// Taken when nothing is left.
    outcome: String,
    /// The operation under way is a target's.
    trying: bool,
}

/// A router's answer as operations; the first turn is `Steps::begin`.
///
/// # Errors
/// What makes the answer useless: the step fails with it.
pub fn router_steps(module: &Module, step: &str, answer: Reasoned) -> Result<Steps, ScriptError> {
    let mut left = sets(module, answer.set)?;
    if answer.reasons.len() > REASONS_MAX {
        let message = format!(
            "{} reasons; {REASONS_MAX} is the most",
            answer.reasons.len()
        );
        return Err(wrong(module, &message));
    }
    left.extend(answer.reasons.into_iter().map(|message| ScriptOp::Log {
        level: LogLevel::Info,
        message,
    }));
    let outcome = match answer.decision {
        Decision::Outcome(outcome) => declared(module, step, outcome)?,
        Decision::Targets(targets) if targets.len() > TARGETS_MAX => {
            let message = format!("{} targets; {TARGETS_MAX} is the most", targets.len());
            return Err(wrong(module, &message));
        }
        Decision::Targets(targets) => {
            for target in targets {
                left.push_back(ring(module, target)?);
            }
            "failed".to_owned()
        }
    };
    let trying = false;
    Ok(Steps {
        left,
        outcome,
        trying,
    })
}

/// A connector's answer as operations.
///
/// # Errors
/// As `router_steps`.
pub fn connector_steps(module: &Module, step: &str, answer: Found) -> Result<Steps, ScriptError> {
    Ok(Steps {
        left: sets(module, answer.set)?,
        outcome: declared(module, step, answer.outcome)?,
        trying: false,
    })
}

/// The module's own refusal as operations: it is logged, and the step ends with `failed`. No trap.
pub fn refused_steps(module: &Module, refused: &Refused) -> Steps {
    let message = match refused.message.as_str() {
        "" => format!("module `{}` says {}", module.name, refused.kind.word()),
        why => format!(
            "module `{}` says {}: {why}",
            module.name,
            refused.kind.word()
        ),
    };
    let level = LogLevel::Warn;
    Steps {
        left: VecDeque::from([ScriptOp::Log { level, message }]),
        outcome: "failed".to_owned(),
        trying: false,
    }
}

impl Steps {
    /// The first turn.
    pub fn begin(&mut self) -> ScriptTurn {
        match self.left.pop_front() {
            None => ScriptTurn::Done {
                outcome: Some(self.outcome.clone()),
            },
            Some(op) => {
                self.trying = matches!(op, ScriptOp::Ring { .. } | ScriptOp::Trunk { .. });
                ScriptTurn::Call { op, line: 0 }
            }
        }
    }

    /// The turn after an answer.
    pub fn resume(&mut self, answer: ScriptAnswer) -> ScriptTurn {
        match answer {
            ScriptAnswer::Error {
                kind: ScriptCallError::Gone,
                message,
            } => failed(ScriptErrorKind::Gone, message),
            ScriptAnswer::Talk { outcome, .. } if self.trying => {
                if outcome == "answered" {
                    self.left.clear();
                }
                self.outcome = outcome;
                self.begin()
            }
            // A user or trunk that is not there is as one that failed: the next is tried.
            ScriptAnswer::Error { .. } if self.trying => {
                self.outcome = "failed".to_owned();
                self.begin()
            }
            ScriptAnswer::Error { message, .. } => failed(ScriptErrorKind::Runtime, message),
            _ => self.begin(),
        }
    }
}

fn sets(module: &Module, set: BTreeMap<String, String>) -> Result<VecDeque<ScriptOp>, ScriptError> {
    if set.len() > SETS_MAX {
        let message = format!("{} variables; {SETS_MAX} is the most", set.len());
        return Err(wrong(module, &message));
    }
    let op = |(name, value)| ScriptOp::Set { name, value };
    Ok(set.into_iter().map(op).collect())
}

fn ring(module: &Module, target: Target) -> Result<ScriptOp, ScriptError> {
    let wanted = Duration::from_millis(u64::from(target.timeout_ms));
    let timeout = wanted.clamp(Duration::from_secs(1), RINGING_MAX);
    match (target.trunk, target.user) {
        (Some(trunk), None) => {
            let granted = module.effective.check_trunk(&trunk);
            granted.map_err(|denied| wrong(module, &denied.message))?;
            Ok(ScriptOp::Trunk {
                trunks: vec![trunk],
                number: target.number,
                timeout,
                caller_id: target.caller_id,
            })
        }
        (None, Some(user)) => Ok(ScriptOp::Ring {
            users: vec![user],
            in_turn: false,
            timeout,
            music: None,
        }),
        _ => Err(wrong(
            module,
            "a target names a trunk or a user, one of them",
        )),
    }
}

/// The outcome, where the manifest declares it for this step.
fn declared(module: &Module, step: &str, outcome: String) -> Result<String, ScriptError> {
    let Some(schema) = module.manifest.steps.get(step) else {
        return Err(wrong(module, &format!("there is no step `{step}`")));
    };
    if schema.may_end_with(&outcome) {
        return Ok(outcome);
    }
    let shown: String = outcome.chars().take(64).collect();
    let message = format!(
        "step `{step}` ended with `{shown}`, and its manifest declares {}",
        schema.outcomes.join(", ")
    );
    Err(wrong(module, &message))
}

fn wrong(module: &Module, message: &str) -> ScriptError {
    ScriptError {
        message: format!("module `{}`: {message}", module.name),
        line: None,
        stack: String::new(),
        kind: ScriptErrorKind::Runtime,
    }
}

fn failed(kind: ScriptErrorKind, message: String) -> ScriptTurn {
    ScriptTurn::Failed {
        error: ScriptError {
            message,
            line: None,
            stack: String::new(),
            kind,
        },
    }
}
