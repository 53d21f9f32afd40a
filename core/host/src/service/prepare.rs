//! From arrivals to numbered inputs: which step, which timer, which action is meant.

use cordboard_steps::{ScriptAnswer, ScriptErrorKind, ScriptTurn};

use super::driver::{Driver, fault};
use super::kept::{STEPS_MAX, Step};
use super::{Arrival, Effect, Entry, Journalled};
use crate::contract::{Body, Input, StepStart};

impl Driver {
    /// Adds the inputs that an arrival means, none or more. What no longer stands is left out: an
    /// answer to a step that is over, a timer that was cleared or moved.
    pub(super) fn prepare(
        &mut self,
        arrival: &Arrival,
        effects: &mut Vec<Effect>,
        inputs: &mut Vec<Input>,
    ) {
        self.kept.cursor = self.kept.cursor.max(arrival.seq);
        self.kept.clock_ms = self.kept.clock_ms.max(arrival.at_ms);
        match &arrival.entry {
            Entry::Event(event) => self.number(Body::Event(event.clone()), inputs),
            Entry::Published { topic } => self.kept.saw(topic),
            Entry::Input(input) => self.prepare_input(input, effects, inputs),
        }
    }

    fn prepare_input(
        &mut self,
        input: &Journalled,
        effects: &mut Vec<Effect>,
        inputs: &mut Vec<Input>,
    ) {
        match input {
            Journalled::StepStarted { program, start } => {
                self.begin_step(*program, start, effects, inputs);
            }
            Journalled::StepAnswered {
                call,
                program,
                answer,
            } => self.answer_step((call, *program), answer, inputs),
            Journalled::StepGone { call, program } => {
                if let Some(step) = self.kept.program_of(call, *program) {
                    self.kept.steps.remove(&step);
                    self.number(Body::StepGone { step }, inputs);
                }
            }
            Journalled::Timer { name, due_ms } => {
                self.asked.retain(|(n, due)| n != name || due != due_ms);
                if self.kept.timers.get(name) == Some(due_ms) {
                    self.kept.timers.remove(name);
                    self.kept.clock_ms = self.kept.clock_ms.max(*due_ms);
                    self.number(Body::Timer { name: name.clone() }, inputs);
                }
            }
            Journalled::Request {
                request,
                verb,
                arguments,
                by,
            } => {
                let body = Body::Request {
                    request: *request,
                    verb: verb.clone(),
                    arguments: arguments.clone(),
                    by: by.clone(),
                };
                self.number(body, inputs);
            }
            Journalled::HttpAnswered {
                action,
                status,
                body,
            } => {
                if self.kept.http.remove(action) {
                    let body = Body::HttpAnswered {
                        action: *action,
                        status: status.clone(),
                        body: body.clone(),
                    };
                    self.number(body, inputs);
                }
            }
            Journalled::Refused { action, error } => {
                let body = Body::Refused {
                    action: *action,
                    error: error.clone(),
                };
                self.number(body, inputs);
            }
        }
    }

    /// A step is known by the number of the input that began it.
    fn begin_step(
        &mut self,
        program: u32,
        start: &StepStart,
        effects: &mut Vec<Effect>,
        inputs: &mut Vec<Input>,
    ) {
        // A call has one step at a time: an older one has lost its end somewhere.
        if let Some(step) = self.kept.step_of(&start.call) {
            self.kept.steps.remove(&step);
            self.number(Body::StepGone { step }, inputs);
        }
        if self.kept.steps.len() >= STEPS_MAX {
            let message = format!("the module has {STEPS_MAX} steps under way and takes no more");
            effects.push(Effect::Turn {
                call: start.call.clone(),
                program,
                turn: ScriptTurn::Failed {
                    error: fault(ScriptErrorKind::Overload, message),
                },
            });
            return;
        }
        let step = self.kept.seq + 1;
        let begun = Step {
            call: start.call.clone(),
            program,
            name: start.name.clone(),
            ..Step::default()
        };
        self.kept.steps.insert(step, begun);
        let start = StepStart {
            step,
            ..start.clone()
        };
        self.number(Body::StepStarted(start), inputs);
    }

    /// The oldest operation under way is over. One that a later one ended says `busy`, however far
    /// it came.
    fn answer_step(
        &mut self,
        (call, program): (&str, u32),
        answer: &ScriptAnswer,
        inputs: &mut Vec<Input>,
    ) {
        let Some(number) = self.kept.program_of(call, program) else {
            return;
        };
        let Some(step) = self.kept.steps.get_mut(&number) else {
            return;
        };
        let Some(action) = step.under_way.pop_front() else {
            return;
        };
        let body = Body::StepAnswered {
            step: number,
            action,
            answer: answer.clone(),
        };
        self.number(body, inputs);
    }

    fn number(&mut self, body: Body, inputs: &mut Vec<Input>) {
        self.kept.seq += 1;
        inputs.push(Input {
            seq: self.kept.seq,
            at_ms: self.kept.clock_ms,
            seed: self.kept.chance(self.kept.seq),
            body,
        });
    }
}
