//! The door for steps: what a call's run says to a service is journalled, and heard from there.

use std::sync::Arc;

use cordboard_host::WorkerClosed;
use cordboard_host::contract::StepStart;
use cordboard_host::module::{Module, StepBegin};
use cordboard_host::program::Runner;
use cordboard_host::service::Journalled;
use cordboard_steps::{ProgramId, ScriptCommand};

use super::Modules;
use super::hub::record_of;
use super::service::Phase;

/// Inputs that a service has not heard yet; then its steps are refused.
pub(super) const INPUTS_MAX: usize = 4_096;

impl Runner for Modules {
    fn send(
        &self,
        program: ProgramId,
        module: &Arc<Module>,
        command: ScriptCommand,
    ) -> Result<(), WorkerClosed> {
        let running = self.find(module.tenant.as_str(), &module.name);
        let (call, program) = (program.call.to_string(), program.number);
        let (input, must) = match command {
            ScriptCommand::Start(start) => {
                let begin = StepBegin::of(&start).ok_or(WorkerClosed)?;
                let running = running.as_ref().ok_or(WorkerClosed)?;
                let full = running.shared.waiting() >= INPUTS_MAX;
                if full || running.shared.phase() == Phase::Down {
                    return Err(WorkerClosed);
                }
                let start = step_start(begin, call);
                (Journalled::StepStarted { program, start }, false)
            }
            ScriptCommand::Resume { answer } => {
                let answered = Journalled::StepAnswered {
                    call,
                    program,
                    answer,
                };
                (answered, false)
            }
            ScriptCommand::Kill => (Journalled::StepGone { call, program }, true),
        };
        let record = record_of(module, &input).ok_or(WorkerClosed)?;
        if let Some(running) = &running {
            running.shared.more();
        }
        match self.hub.try_tell(record) {
            None => Ok(()),
            // A step that is gone must be told, however long that takes.
            Some(record) if must => {
                let hub = Arc::clone(&self.hub);
                self.hub
                    .runtime
                    .spawn(async move { hub.tell(record).await });
                Ok(())
            }
            Some(_) => {
                if let Some(running) = &running {
                    running.shared.fewer(1);
                }
                Err(WorkerClosed)
            }
        }
    }
}

fn step_start(begin: StepBegin, call: String) -> StepStart {
    StepStart {
        step: 0,
        caller: begin.caller(),
        dialled: begin.call.dialled.clone(),
        answered: begin.call.answered,
        name: begin.step.step,
        arguments: begin.step.arguments,
        variables: begin.call.variables,
        call,
    }
}
