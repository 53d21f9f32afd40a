//! What an instance may do: asked of its module, which knows manifest, grants and ceiling.

use std::sync::Arc;

use cordboard_steps::{ScriptCallError, ScriptOp};

use crate::capability::TopicUse;
use crate::contract::{Act, Refused};
use crate::module::Module;

/// Says whether an action is allowed. The same question has the same answer while one generation
/// serves; rates are counted where the action is done.
pub trait Permit: Send {
    /// May it be done?
    ///
    /// # Errors
    /// Why not, for the module.
    fn act(&self, act: &Act) -> Result<(), Refused>;

    /// Is it an outcome of that step?
    ///
    /// # Errors
    /// The sentence that the step fails with.
    fn outcome(&self, step: &str, outcome: &str) -> Result<(), String>;
}

impl Permit for Arc<Module> {
    fn act(&self, act: &Act) -> Result<(), Refused> {
        match act {
            Act::Step { operation, .. } => step_op(self, operation),
            Act::Publish { topic, .. } => self
                .effective
                .check_topic(topic, TopicUse::Publish)
                .map_err(Refused::from),
            Act::Retain { topic, .. } => self
                .effective
                .check_topic(topic, TopicUse::Retain)
                .map_err(Refused::from),
            Act::StartCall(_) => self
                .effective
                .check("start-call", "")
                .map(drop)
                .map_err(Refused::from),
            // Http is answered, not refused: the one who sends it asks with its rate.
            Act::Http(_)
            | Act::EndStep { .. }
            | Act::SetTimer { .. }
            | Act::ClearTimer { .. }
            | Act::Reply { .. } => Ok(()),
        }
    }

    fn outcome(&self, step: &str, outcome: &str) -> Result<(), String> {
        let Some(schema) = self.manifest.steps.get(step) else {
            return Err(format!("module `{}` has no step `{step}`", self.name));
        };
        if schema.may_end_with(outcome) {
            return Ok(());
        }
        let shown: String = outcome.chars().take(64).collect();
        Err(format!(
            "module `{}`: step `{step}` ended with `{shown}`, and its manifest declares {}",
            self.name,
            schema.outcomes.join(", ")
        ))
    }
}

fn step_op(module: &Module, op: &ScriptOp) -> Result<(), Refused> {
    let ScriptOp::Trunk { trunks, .. } = op else {
        return ordinary(op);
    };
    for trunk in trunks {
        module.effective.check_trunk(trunk)?;
    }
    Ok(())
}

/// Operations that every service may want on the calls in its own steps. Everything that a service
/// hears is journalled, so digits that nobody may see are not for it.
pub(super) fn ordinary(op: &ScriptOp) -> Result<(), Refused> {
    let (kind, why) = match op {
        ScriptOp::Collect(collect) if collect.secret => (
            ScriptCallError::Denied,
            "secret digits are for call scripts: what a service hears is journalled",
        ),
        ScriptOp::Open { .. }
        | ScriptOp::Fact { .. }
        | ScriptOp::Now
        | ScriptOp::Random
        | ScriptOp::Outside(_) => (
            ScriptCallError::Invalid,
            "that is no operation on a call; a service has events, http and chance as inputs",
        ),
        _ => return Ok(()),
    };
    Err(Refused {
        kind,
        message: why.to_owned(),
    })
}
