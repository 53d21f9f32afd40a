//! A run: the route of one call as a pure state machine, from its entry in the dialplan to its
//! one `Action::End`.
//!
//! Notices, time, a script's turns and outside answers go in by `handle`; actions, facts, script
//! commands and outside requests come out by `poll`, in order. The same run drives live calls,
//! `simulate` and dialplan tests. What always holds: at most one step, one operation and one
//! script are under way; every `StepStarted` gets its `StepEnded`; when the caller is gone, the
//! run ends the call exactly once (a script has `GRACE` to clean up first).

mod ask;
mod begin;
mod decided;
mod entry;
mod module;
mod route;
mod scripted;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use cordboard_call::action::{Action, Notice, Refusal};
use cordboard_call::cause::Cause;
use cordboard_call::event::Fact;
use cordboard_call::ids::LegNo;
use cordboard_dialplan::route::Block;

use self::scripted::Scripted;
use crate::caller::{Cx, Shared};
use crate::operation::{Finished, Operation};
use crate::script::{OutsideRequest, ScriptAnswer, ScriptCommand, ScriptTurn};
use crate::world::{CallInfo, Entry, Time, World};

/// Most steps that run without waiting for anything; one more ends the call, since the route
/// goes round in a circle.
pub const STEPS_WITHOUT_WAITING_MAX: u32 = 1_000;
/// Most steps of one call; one more ends it.
pub const STEPS_MAX: u32 = 100_000;
/// What a script has to clean up in after its caller is gone; then it is killed.
pub const GRACE: Duration = Duration::from_secs(5);

/// What a run hears.
#[derive(Clone, Debug)]
pub enum Input {
    /// Begin. Anything before it, and a second one, is ignored.
    Start,
    /// What the call engine tells whoever acts for the call.
    Notice(Notice),
    /// The call engine refused an action of this run.
    Refused {
        /// Which.
        action: ActionTag,
        /// Why.
        refusal: Refusal,
    },
    /// `next_timeout` has come.
    Timeout,
    /// A program did its turn; heard only from the one that runs now.
    Script {
        /// Its number in the call.
        program: u32,
        /// What it did.
        turn: ScriptTurn,
    },
    /// The answer to `Output::Outside`.
    Answer {
        /// Which request.
        id: u64,
        /// What came of it.
        answer: ScriptAnswer,
    },
}

/// What a run wants.
#[derive(Clone, Debug)]
pub enum Output {
    /// For the call engine; a refusal comes back as `Input::Refused`.
    Act(Action),
    /// For the journal.
    Fact(Fact),
    /// For the script host; turns come back as `Input::Script`.
    Script {
        /// The program's number in the call, from 1.
        program: u32,
        /// What.
        command: ScriptCommand,
    },
    /// For the node; the answer comes back as `Input::Answer`.
    Outside {
        /// Names the request in its answer; unique in the run.
        id: u64,
        /// What is wanted.
        request: OutsideRequest,
    },
}

/// An action in short: kept while it is tried, so that a refusal can name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionTag {
    /// What was wanted.
    pub verb: ActionVerb,
    /// Of which leg; of `Bridge` the second.
    pub leg: Option<LegNo>,
}

/// The kinds of `Action`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "each is the variant of Action with the same name"
)]
pub enum ActionVerb {
    Ring,
    Progress,
    Answer,
    Dial,
    Play,
    StopPlay,
    Bridge,
    Unbridge,
    Record,
    StopRecord,
    Secret,
    SendDigits,
    PressDigit,
    HangUp,
    End,
}

impl ActionTag {
    /// The tag of an action.
    pub fn of(action: &Action) -> ActionTag {
        let (verb, leg) = match action {
            Action::Ring { leg } => (ActionVerb::Ring, Some(*leg)),
            Action::Progress { leg } => (ActionVerb::Progress, Some(*leg)),
            Action::Answer { leg } => (ActionVerb::Answer, Some(*leg)),
            Action::Dial { leg, .. } => (ActionVerb::Dial, Some(*leg)),
            Action::Play { leg, .. } => (ActionVerb::Play, Some(*leg)),
            Action::StopPlay { leg } => (ActionVerb::StopPlay, Some(*leg)),
            Action::Bridge { b, .. } => (ActionVerb::Bridge, Some(*b)),
            Action::Unbridge { leg } => (ActionVerb::Unbridge, Some(*leg)),
            Action::Record => (ActionVerb::Record, None),
            Action::StopRecord => (ActionVerb::StopRecord, None),
            Action::Secret { leg, .. } => (ActionVerb::Secret, Some(*leg)),
            Action::SendDigits { leg, .. } => (ActionVerb::SendDigits, Some(*leg)),
            Action::PressDigit { leg, .. } => (ActionVerb::PressDigit, Some(*leg)),
            Action::HangUp { leg, .. } => (ActionVerb::HangUp, Some(*leg)),
            Action::End { .. } => (ActionVerb::End, None),
        };
        ActionTag { verb, leg }
    }
}

/// The run of one call's route.
pub struct Run {
    shared: Shared,
    entry: Entry,
    stage: Stage,
    /// Blocks begun and not done, innermost last.
    stack: Vec<Frame>,
    /// The step under way.
    step: Option<At>,
    operation: Option<Operation>,
    script: Option<Scripted>,
    /// Programs begun; the last one's number.
    programs: u32,
    /// Steps since the run last waited, and in all.
    steps: (u32, u32),
    /// Why the last ring or trunk step failed.
    last_cause: Option<Cause>,
    /// Blocks entered, where a test wants to know them.
    entered: Option<Vec<Arc<Block>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    New,
    Running,
    Over,
}

struct Frame {
    block: Arc<Block>,
    next: usize,
}

/// A step by its block and number.
#[derive(Clone)]
struct At {
    block: Arc<Block>,
    index: usize,
}

impl Run {
    /// A run that waits for `Input::Start`.
    pub fn start(info: CallInfo, entry: Entry) -> Run {
        Run {
            shared: Shared::new(info),
            entry,
            stage: Stage::New,
            stack: Vec::new(),
            step: None,
            operation: None,
            script: None,
            programs: 0,
            steps: (0, 0),
            last_cause: None,
            entered: None,
        }
    }

    /// Takes one input; drain `poll` before the next.
    pub fn handle(&mut self, now: Time, world: &mut dyn World, input: Input) {
        match (self.stage, input) {
            (Stage::New, Input::Start) => {
                self.stage = Stage::Running;
                self.enter(now, world);
            }
            (Stage::Running, Input::Notice(notice)) => self.notice(&notice, now, world),
            (Stage::Running, Input::Refused { action, refusal }) => {
                self.refused(action, &refusal, now, world);
            }
            (Stage::Running, Input::Timeout) => self.timeout(now, world),
            (Stage::Running, Input::Script { program, turn }) => {
                // One that was killed may still have had a turn under way.
                if program == self.programs {
                    self.script_turn(turn, now, world);
                }
            }
            (Stage::Running, Input::Answer { id, answer }) => {
                let finished = self.operation.as_mut();
                let finished = finished.and_then(|op| op.answered_outside(id, answer));
                self.operation_over(finished, now, world);
            }
            (Stage::New | Stage::Running | Stage::Over, _) => {}
        }
        self.advance(now, world);
    }

    /// The next output. A drained run keeps no memory for outputs, since most of its life it waits.
    pub fn poll(&mut self) -> Option<Output> {
        let next = self.shared.out.pop_front();
        if next.is_none() {
            self.shared.out = VecDeque::new();
        }
        next
    }

    /// When `Input::Timeout` is due; `None` while only events can change anything.
    pub fn next_timeout(&self) -> Option<Time> {
        if self.stage != Stage::Running {
            return None;
        }
        let operation = self.operation.as_ref().and_then(Operation::next_timeout);
        let script = self.script.as_ref().and_then(Scripted::next_timeout);
        [operation, script, self.shared.next_timeout()]
            .into_iter()
            .flatten()
            .min()
    }

    /// True once `Action::End` has left.
    pub fn is_finished(&self) -> bool {
        self.stage == Stage::Over
    }

    /// True while digits are being collected (a simulated caller presses keys only then).
    pub fn is_collecting(&self) -> bool {
        matches!(self.operation, Some(Operation::Collecting(_)))
    }

    /// The call as the run was told of it.
    #[cfg(test)]
    pub(crate) fn info(&self) -> &CallInfo {
        &self.shared.info
    }

    /// Keeps the blocks that are entered from now on, for `entered`.
    pub(crate) fn keep_entered(&mut self) {
        self.entered = Some(Vec::new());
    }

    /// Blocks entered, in order, where they are kept.
    pub(crate) fn entered(&self) -> &[Arc<Block>] {
        self.entered.as_deref().unwrap_or(&[])
    }

    /// Begins a block.
    fn push(&mut self, block: Arc<Block>) {
        if let Some(entered) = &mut self.entered {
            entered.push(block.clone());
        }
        self.stack.push(Frame { block, next: 0 });
    }

    /// A variable of the call. Secret ones are not told.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let vars = &self.shared.vars;
        if vars.is_secret(name) {
            None
        } else {
            vars.value(name)
        }
    }

    /// Sets a variable before `Start` (a call begun at the console or by a program).
    ///
    /// # Errors
    /// A bad name, too many variables, too long a value.
    pub fn set_variable(&mut self, name: &str, value: &str) -> Result<(), crate::vars::VarRefused> {
        self.shared.vars.set(name, value.to_owned(), false)
    }

    /// Legs up to this one were used before `Start` (several phones rang, one answered): new ones
    /// are numbered above it.
    pub fn number_legs_after(&mut self, leg: LegNo) {
        let next = leg.0.saturating_add(1);
        self.shared.next_leg = self.shared.next_leg.max(next);
    }

    fn notice(&mut self, notice: &Notice, now: Time, world: &mut dyn World) {
        let first = self.shared.caller.leg;
        let mut cx = Cx {
            now,
            world: &mut *world,
            call: &mut self.shared,
        };
        let hears = self.operation.as_ref().is_some_and(Operation::hears_caller);
        match notice {
            Notice::LegEnded { leg, cause } if *leg == first => {
                return self.caller_gone(*cause, now, world);
            }
            Notice::LegEnded { leg, .. } => cx.leg_gone(*leg),
            Notice::Answered { leg } if *leg == first => cx.answered(),
            Notice::Answered { leg } if !matches!(self.operation, Some(Operation::Ringing(_))) => {
                let cause = Cause::ANSWERED_ELSEWHERE;
                cx.act(Action::HangUp { leg: *leg, cause });
            }
            Notice::Digit { leg, digit } if *leg == first && !hears && self.script.is_some() => {
                cx.key_between(*digit);
            }
            Notice::PlayEnded { leg, .. } if *leg == first && !hears => {
                cx.play_ended();
            }
            _ => {}
        }
        let finished = self
            .operation
            .as_mut()
            .and_then(|op| op.notice(notice, &mut cx));
        self.operation_over(finished, now, world);
    }

    fn refused(&mut self, tag: ActionTag, refusal: &Refusal, now: Time, world: &mut dyn World) {
        let mut cx = Cx {
            now,
            world: &mut *world,
            call: &mut self.shared,
        };
        match tag.verb {
            ActionVerb::Answer => cx.answer_refused(),
            ActionVerb::Progress => cx.progress_refused(),
            _ => {}
        }
        let finished = self
            .operation
            .as_mut()
            .and_then(|op| op.refused(tag, refusal, &mut cx));
        self.operation_over(finished, now, world);
    }

    fn timeout(&mut self, now: Time, world: &mut dyn World) {
        let mut cx = Cx {
            now,
            world: &mut *world,
            call: &mut self.shared,
        };
        cx.handle_timeout();
        let finished = self
            .operation
            .as_mut()
            .and_then(|op| op.handle_timeout(&mut cx));
        self.operation_over(finished, now, world);
        self.script_timeout(now, world);
    }

    /// An operation ended: the script or the step that wanted it goes on.
    fn operation_over(&mut self, finished: Option<Finished>, now: Time, world: &mut dyn World) {
        let Some(finished) = finished else { return };
        self.operation = None;
        if self.script.is_some() {
            self.answer_script(finished, now, world);
        } else {
            self.step_finished(finished, now, world);
        }
    }

    /// The caller is gone. A script may clean up; all else ends.
    fn caller_gone(&mut self, cause: Cause, now: Time, world: &mut dyn World) {
        if self.shared.caller.gone.is_some() {
            return;
        }
        self.shared.caller.gone = Some(cause);
        let mut cx = Cx {
            now,
            world: &mut *world,
            call: &mut self.shared,
        };
        if let Some(mut operation) = self.operation.take() {
            operation.cancel(&mut cx);
        }
        if self.script.is_some() {
            self.script_caller_gone(now, world);
        } else {
            self.finish(cause, None);
        }
    }

    /// Ends the call, once. A step or script under way ends first.
    fn finish(&mut self, cause: Cause, why: Option<String>) {
        if self.stage == Stage::Over {
            return;
        }
        self.kill_script();
        if let Some(at) = self.step.take() {
            let gone = self
                .shared
                .caller
                .gone
                .map(|cause| format!("the caller is gone: {cause}"));
            self.step_ended(&at, "hangup", gone.or_else(|| why.clone()));
        }
        self.operation = None;
        self.stack.clear();
        self.stage = Stage::Over;
        self.shared
            .out
            .push_back(Output::Act(Action::End { cause, why }));
    }

    fn fact(&mut self, fact: Fact) {
        self.shared.out.push_back(Output::Fact(fact));
    }
}

#[cfg(test)]
mod tests;
