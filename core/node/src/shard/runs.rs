//! The runs of a shard: what each call's route hears and what it wants.

use std::cmp::Reverse;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use cordboard_call::Doors;
use cordboard_call::action::{Action, Notice, Refusal};
use cordboard_call::event::Direction;
use cordboard_call::ids::CallId;
use cordboard_steps::{
    ActionTag, Input as RunInput, Output as RunOutput, ProgramId, Run, ScriptAnswer, ScriptCommand,
    ScriptTurn,
};

use super::{Output, Shard};
use crate::world::LiveWorld;

/// Timers of ended calls that cost nothing worth looking for.
const TIMERS_SPARE: usize = 1024;

impl Shard {
    /// Begins the route of a call whose first leg is there. An originated call begins at its answer.
    pub(super) fn start_route(&mut self, call: CallId) {
        let Some(running) = self.calls.running.get_mut(&call) else {
            return;
        };
        let Some((info, _)) = &running.begins else {
            return;
        };
        if info.direction == Direction::Outbound {
            self.dial_first(call);
            return;
        }
        self.start_run(call);
    }

    pub(crate) fn start_run(&mut self, call: CallId) {
        let Some(running) = self.calls.running.get_mut(&call) else {
            return;
        };
        let Some((info, entry)) = running.begins.take() else {
            return;
        };
        let mut run = Run::start(info, entry);
        run.number_legs_after(running.ringing.1);
        for (name, value) in std::mem::take(&mut running.variables) {
            // A name or value beyond the bounds is left out; the route sees it as unset.
            let _ = run.set_variable(&name, &value);
        }
        running.run = Some(run);
        self.tell(call, RunInput::Start);
    }

    pub(super) fn notice(&mut self, call: CallId, notice: Notice) {
        let begins = self
            .calls
            .running
            .get(&call)
            .is_some_and(|r| r.begins.is_some());
        if begins {
            self.originated(call, &notice);
            return;
        }
        self.tell(call, RunInput::Notice(notice));
    }

    /// Gives a run one input.
    pub(crate) fn tell(&mut self, call: CallId, input: RunInput) {
        let moment = self.desk.moment;
        let Some(running) = self.calls.running.get_mut(&call) else {
            return;
        };
        let Some(run) = &mut running.run else { return };
        let mut world = LiveWorld {
            generation: &running.generation,
            registrar: &self.registrar,
            networks: &self.networks,
            facts: &self.bus,
            chance: &mut self.desk.chance,
            unix_ms: moment.unix_ms,
            codecs: &self.desk.codecs,
        };
        let told = catch_unwind(AssertUnwindSafe(|| {
            #[cfg(feature = "faults")]
            super::fault::if_wanted(run);
            run.handle(moment.now, &mut world, input);
        }));
        if told.is_err() {
            self.route_broke(call);
        }
        self.calls.stir(call);
    }

    /// Carries out what a run wants, until it wants nothing more; then sets its timer.
    pub(super) fn walk(&mut self, call: CallId) {
        let now = self.desk.moment.now;
        if let Some(running) = self.calls.running.get_mut(&call) {
            running.stirred = false;
        }
        while let Some(output) = self
            .calls
            .running
            .get_mut(&call)
            .and_then(|r| r.run.as_mut()?.poll())
        {
            self.wish(call, output);
        }
        self.set_timer(call);
        let Some(running) = self.calls.running.get(&call) else {
            return;
        };
        if running.run.as_ref().is_none_or(Run::is_finished)
            && let Some(ended) = running.ended.clone()
        {
            self.calls.running.remove(&call);
            self.count("calls_ended");
            self.capture.release(now, call);
            self.write_fact(&ended.tenant, call, ended.leg, &ended.fact);
        }
    }

    pub(super) fn wish(&mut self, call: CallId, output: RunOutput) {
        let Some(running) = self.calls.running.get_mut(&call) else {
            return;
        };
        let generation = Arc::clone(&running.generation);
        match output {
            RunOutput::Act(action) => self.act(call, action),
            RunOutput::Fact(fact) => {
                self.write_fact(&generation.tenant, call, None, &fact);
            }
            RunOutput::Script { program, command } => {
                if let ScriptCommand::Start(start) = &command {
                    running.script = start.program.name().into_owned();
                }
                let number = program;
                self.outputs.push_back(Output::Script {
                    program: ProgramId { call, number },
                    generation,
                    command,
                });
            }
            RunOutput::Outside { id, request } => {
                let script = running.script.clone();
                self.outputs.push_back(Output::Outside {
                    call,
                    id,
                    generation,
                    script,
                    request,
                });
            }
        }
    }

    pub(crate) fn act(&mut self, call: CallId, mut action: Action) {
        if let Action::Dial { headers, .. } = &mut action
            && let Some(running) = self.calls.running.get(&call)
        {
            headers.push(("Max-Forwards".to_owned(), running.hops.to_string()));
        }
        let tag = ActionTag::of(&action);
        if let Err(refusal) = self.try_act(call, action) {
            self.tell(
                call,
                RunInput::Refused {
                    action: tag,
                    refusal,
                },
            );
        }
    }

    pub(crate) fn try_act(&mut self, call: CallId, action: Action) -> Result<(), Refusal> {
        let now = self.desk.moment.now;
        let mut doors = Doors {
            sip: &mut self.endpoint,
            ports: self.ports.as_mut(),
        };
        let result = self.engine.act(now, &mut doors, call, action);
        self.bind_new_dialogs(call);
        result
    }

    /// Sets a run's timer, unless an earlier one is set already: that one looks again. So a run
    /// that hears much (keys, an operator) does not fill the table.
    fn set_timer(&mut self, call: CallId) {
        let now = self.desk.moment.now;
        if let Some(running) = self.calls.running.get_mut(&call)
            && let Some(at) = running.run.as_ref().and_then(Run::next_timeout)
            && running.timer.is_none_or(|set| at < set)
        {
            let at = at.max(now);
            running.timer = Some(at);
            self.desk.timers.push(Reverse((at, call)));
        }
    }

    /// Drops the timers of calls that are over, when they are most of the table.
    pub(super) fn forget_timers(&mut self) {
        let running = &self.calls.running;
        if self.desk.timers.len() > 2 * running.len() + TIMERS_SPARE {
            self.desk.timers.retain(|Reverse((at, call))| {
                let running = running.get(call);
                running.is_some_and(|r| r.timer == Some(*at))
            });
        }
    }

    /// A run's timer.
    pub(crate) fn run_timeouts(&mut self, now: std::time::Duration) {
        while let Some(Reverse((at, call))) = self.desk.timers.peek().copied()
            && at <= now
        {
            self.desk.timers.pop();
            let Some(running) = self.calls.running.get_mut(&call) else {
                continue;
            };
            if running.timer == Some(at) {
                running.timer = None;
            }
            let due = running.run.as_ref().and_then(Run::next_timeout);
            if due.is_some_and(|due| due <= now) {
                self.tell(call, RunInput::Timeout);
                self.settle();
            } else {
                self.set_timer(call);
            }
        }
    }

    /// A script did something.
    pub(crate) fn script_turn(&mut self, of: ProgramId, turn: ScriptTurn) {
        let program = of.number;
        self.tell(of.call, RunInput::Script { program, turn });
    }

    /// An answer from outside.
    pub(crate) fn outside_answer(&mut self, call: CallId, id: u64, answer: ScriptAnswer) {
        self.tell(call, RunInput::Answer { id, answer });
    }
}
