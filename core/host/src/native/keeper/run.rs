//! What a module's process says of its runs: questions, lines, ends.

use std::time::Instant;

use cordboard_steps::script::{
    OutsideRequest, ScriptAnswer, ScriptCallError, ScriptError, ScriptErrorKind, ScriptOp,
    ScriptTurn,
};

use super::{ASKS_MAX, After, Keeper, Life, Phase, Run, State, Story, failed};
use crate::lua::permitted;
use crate::module::{connector_steps, refused_steps, router_steps};
use crate::native::abi::Entry;
use crate::native::link::Heard;
use crate::native::said;
use crate::native::wire::{Frame, Tag};

impl Keeper {
    /// Something was heard of the process of that number.
    pub(super) fn heard(&self, epoch: u64, heard: Heard) {
        let mut after = After::default();
        {
            let mut state = self.lock();
            if state.epoch != epoch {
                return;
            }
            match heard {
                Heard::Frame(frame) => self.frame(&mut state, frame, &mut after),
                Heard::Line(line) => after.lines.push((2, line)),
                Heard::Ended(end) => self.fall(&mut state, end, None, &mut after),
            }
        }
        self.carry_out(after);
    }

    fn frame(&self, state: &mut State, frame: Frame, after: &mut After) {
        let Life::Up {
            link,
            ready,
            heard,
            pinged,
            again,
            ..
        } = &mut state.life
        else {
            return;
        };
        *heard = Instant::now();
        match frame.tag {
            Tag::Ready => {
                let reasons: Vec<String> = serde_json::from_slice(&frame.body).unwrap_or_default();
                if reasons.is_empty() {
                    *ready = true;
                    if *again {
                        after.stories.push(Story::Restarted);
                    }
                    // Runs that waited for the start begin now.
                    let now = Instant::now();
                    for run in state.runs.values_mut() {
                        if matches!(run.phase, Phase::Code(_)) {
                            run.phase = Phase::Code(now);
                        }
                    }
                } else {
                    link.kill("refusal", reasons.join("; "));
                }
            }
            Tag::Pong => *pinged = None,
            Tag::Log => {
                let line = String::from_utf8_lossy(&frame.body).into_owned();
                after.lines.push((frame.word, line));
            }
            Tag::Ask => self.asked(state, &frame, after),
            Tag::Ended => self.ended(state, frame, after),
            _ => link.kill("garbage", "it sent what only the switch sends".to_owned()),
        }
    }

    /// Gives a run its answer; one that nobody waits for is dropped.
    pub(super) fn answer(&self, state: &mut State, id: u64, answer: ScriptAnswer) {
        let Some(run) = state.runs.get_mut(&id) else {
            return;
        };
        if let Phase::Asked(random) = run.phase {
            let (code, body) = said::answer(answer, random);
            run.phase = Phase::Code(Instant::now());
            self.enter(state, id, Frame::of(Tag::Answer, code, id, body));
        }
    }

    /// Lets a run's code go on, now or when its tenant has CPU time again.
    pub(super) fn enter(&self, state: &mut State, id: u64, frame: Frame) {
        let may = |run: &Run| self.native.may_run(&run.module.tenant);
        match state.runs.get_mut(&id) {
            Some(run) if !may(run) => run.held = Some(frame),
            _ => state.send(frame),
        }
    }

    /// Sends what was held, as far as the tenant's CPU time reaches.
    pub(super) fn release(&self, state: &mut State, now: Instant) {
        let held = |run: &&mut Run| run.held.is_some();
        let Some(first) = state.runs.values_mut().find(held) else {
            return;
        };
        if !self.native.may_run(&first.module.tenant) {
            return;
        }
        let mut frames = Vec::new();
        for run in state.runs.values_mut() {
            if let Some(frame) = run.held.take() {
                run.phase = Phase::Code(now);
                frames.push(frame);
            }
        }
        for frame in frames {
            state.send(frame);
        }
    }

    /// A run asks for something.
    fn asked(&self, state: &mut State, frame: &Frame, after: &mut After) {
        let Some(run) = state.runs.get_mut(&frame.run) else {
            return;
        };
        match run.phase {
            Phase::Code(_) => {}
            // It did not know yet; its `gone` is on the way.
            Phase::Gone(_) => return,
            Phase::Asked(_) => {
                let why = "a run asked twice at once".to_owned();
                return state.kill("garbage", why);
            }
        }
        run.asks += 1;
        if run.asks > ASKS_MAX {
            let message = format!("the step asked for more than {ASKS_MAX} things");
            let (call, id) = (run.call, frame.run);
            run.phase = Phase::Gone(Instant::now());
            state.of_call.remove(&call);
            state.send(Frame::bare(Tag::Gone, id));
            after
                .turns
                .push((call, failed(ScriptErrorKind::Budget, message)));
            return;
        }
        match run.permit(&frame.body) {
            Ok(op) => {
                run.phase = Phase::Asked(matches!(op, ScriptOp::Random));
                after
                    .turns
                    .push((run.call, ScriptTurn::Call { op, line: 0 }));
            }
            Err((kind, message)) => {
                run.phase = Phase::Code(Instant::now());
                let answer = Frame::of(Tag::Answer, said::code(kind), frame.run, message);
                self.enter(state, frame.run, answer);
            }
        }
    }

    /// An entry came back.
    fn ended(&self, state: &mut State, frame: Frame, after: &mut After) {
        let id = frame.run;
        let Some(run) = state.runs.get_mut(&id) else {
            return;
        };
        if let Phase::Gone(_) = run.phase {
            return state.forget(id);
        }
        let (call, turn) = (run.call, run.result(frame.word, frame.body));
        let turn = turn.unwrap_or_else(|error| ScriptTurn::Failed { error });
        state.forget(id);
        after.turns.push((call, turn));
    }
}

impl Run {
    /// Reads what is asked for, and looks at whether it may.
    fn permit(&self, body: &[u8]) -> Result<ScriptOp, (ScriptCallError, String)> {
        let op = said::operation(&self.module, body).map_err(|e| (ScriptCallError::Invalid, e))?;
        let outside = matches!(
            op,
            ScriptOp::Outside(_) | ScriptOp::Now | ScriptOp::Random | ScriptOp::Fact { .. }
        );
        if self.entry != Entry::Run && !outside {
            let why = "a connector has no call to act on: its answer sets variables";
            return Err((ScriptCallError::Denied, why.to_owned()));
        }
        if let ScriptOp::Outside(OutsideRequest::StoreSet { value, .. }) = &op
            && value.len() > crate::contract::JSON_BYTES_MAX
        {
            let why = "store_set: a value has at most 256 KiB".to_owned();
            return Err((ScriptCallError::Invalid, why));
        }
        match permitted(&self.module.effective, &op) {
            Ok(()) => Ok(op),
            Err(denied) => Err((denied.kind, denied.message)),
        }
    }

    /// What its end means: a turn, or what it did wrong.
    fn result(&self, code: i32, reply: Vec<u8>) -> Result<ScriptTurn, ScriptError> {
        let reply = match said::ended(self.entry.name(), code, reply)? {
            Ok(reply) => reply,
            // It decides and cannot: no fault of its code.
            Err(refused) if matches!(self.entry, Entry::Route | Entry::LookUp) => {
                return Ok(refused_steps(&self.module, &refused).turn());
            }
            Err(refused) => return Err(said::said_no(&refused)),
        };
        let wrong = said::fault;
        let (module, step) = (&self.module, self.step.as_str());
        Ok(match self.entry {
            Entry::Route => {
                let answer = said::reasoned(&reply).map_err(wrong)?;
                router_steps(module, step, answer)?.turn()
            }
            Entry::LookUp => {
                let answer = said::found(&reply).map_err(wrong)?;
                connector_steps(module, step, answer)?.turn()
            }
            Entry::Run => ScriptTurn::Done {
                outcome: said::outcome(module, step, &reply).map_err(wrong)?,
            },
            _ => ScriptTurn::Done { outcome: None },
        })
    }
}
