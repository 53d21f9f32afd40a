//! What a router's or a connector's answer means for the call: operations, one after another.
//!
//! Both worlds say in one answer what they want: variables are set, reasons go to the call's log,
//! targets are tried in their order until one is answered. The run of the call carries that out,
//! so the module is over with its answer. It is the same for every kind of module.
//!
//! Bounds: 64 variables, 64 reasons, 32 targets; an answer beyond them fails the step.

use std::collections::BTreeMap;
use std::time::Duration;

use cordboard_steps::{Decided, LogLevel, ScriptError, ScriptErrorKind, ScriptOp};

use super::Module;
use crate::contract::{Decision, Found, Reasoned, Refused, Target};

const SETS_MAX: usize = 64;
const REASONS_MAX: usize = 64;
const TARGETS_MAX: usize = 32;
/// Longest ringing of one target.
const RINGING_MAX: Duration = Duration::from_secs(600);

/// A router's answer as the last word of its step.
///
/// # Errors
/// What makes the answer useless: the step fails with it.
pub fn router_steps(module: &Module, step: &str, answer: Reasoned) -> Result<Decided, ScriptError> {
    let mut operations = sets(module, answer.set)?;
    if answer.reasons.len() > REASONS_MAX {
        let message = format!(
            "{} reasons; {REASONS_MAX} is the most",
            answer.reasons.len()
        );
        return Err(wrong(module, &message));
    }
    operations.extend(answer.reasons.into_iter().map(|message| ScriptOp::Log {
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
                operations.push(ring(module, target)?);
            }
            "failed".to_owned()
        }
    };
    Ok(Decided {
        operations,
        outcome,
    })
}

/// A connector's answer, as `router_steps`.
///
/// # Errors
/// As `router_steps`.
pub fn connector_steps(module: &Module, step: &str, answer: Found) -> Result<Decided, ScriptError> {
    Ok(Decided {
        operations: sets(module, answer.set)?,
        outcome: declared(module, step, answer.outcome)?,
    })
}

/// The module's own refusal as a last word: it is logged, and the step ends with `failed`. No trap.
pub fn refused_steps(module: &Module, refused: &Refused) -> Decided {
    let message = match refused.message.as_str() {
        "" => format!("module `{}` says {}", module.name, refused.kind.word()),
        why => format!(
            "module `{}` says {}: {why}",
            module.name,
            refused.kind.word()
        ),
    };
    let level = LogLevel::Warn;
    Decided {
        operations: vec![ScriptOp::Log { level, message }],
        outcome: "failed".to_owned(),
    }
}

fn sets(module: &Module, set: BTreeMap<String, String>) -> Result<Vec<ScriptOp>, ScriptError> {
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
