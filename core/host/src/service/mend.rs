//! What happens when a guest breaks: a new one, the last snapshot, the arrivals after it, and the
//! one that broke it left out.

use cordboard_steps::{ScriptError, ScriptErrorKind, ScriptTurn};

use super::driver::{Driver, Handled, Voice, fault, restored};
use super::{Arrival, BATCH_MAX, Effect, Entry, Journalled};

/// Guests that one mending makes at most; then the service is down.
const GUESTS_MAX: usize = 4;

impl Driver {
    /// The guest broke on these arrivals.
    pub(super) fn recover(&mut self, group: Vec<Arrival>, voice: Voice, handled: &mut Handled) {
        if !self.rebuild(handled) {
            return;
        }
        if let [only] = group.as_slice() {
            self.leave_out(only, voice, handled);
            return;
        }
        // One of them is to blame: they are heard one by one.
        for arrival in group {
            if self.guest.is_none() {
                return;
            }
            let single = vec![arrival];
            let before = handled.effects.len();
            match self.enter(&single, voice, &mut handled.effects) {
                Ok(()) => self.heard(single),
                Err(fault) => {
                    handled.effects.truncate(before);
                    handled.faults.push(fault);
                    if self.rebuild(handled)
                        && let Some(arrival) = single.first()
                    {
                        self.leave_out(arrival, voice, handled);
                    }
                }
            }
        }
    }

    /// A service that is down is made anew, for whoever decides that it may try again.
    pub fn mend(&mut self) -> Handled {
        let mut handled = Handled::default();
        if self.is_down() {
            self.rebuild(&mut handled);
        }
        handled
    }

    /// Takes the service down: its steps fail. Nothing is heard until `mend`.
    pub fn take_down(&mut self, why: &ScriptError) -> Handled {
        let mut handled = Handled::default();
        self.fall(why, &mut handled);
        handled
    }

    fn fall(&mut self, why: &ScriptError, handled: &mut Handled) {
        self.guest = None;
        self.parked = false;
        for step in std::mem::take(&mut self.kept.steps).values() {
            handled.effects.push(failed(&step.call, step.program, why));
            // Journalled, so that the guest hears of it once it is back.
            handled.effects.push(Effect::Feed(Box::new(step.gone())));
        }
    }

    /// A new guest with the last snapshot, and what was heard after it, quietly. Steps that are
    /// lost on the way fail. False: it is down.
    pub(super) fn rebuild(&mut self, handled: &mut Handled) -> bool {
        let had = std::mem::take(&mut self.kept.steps);
        let mut one_by_one = false;
        let mut made = 0;
        let down = loop {
            made += 1;
            let result = restored(&self.make, &self.identity, &self.snapshot);
            self.kept = self.snapshot.kept.clone();
            match result {
                Ok(guest) => self.guest = Some(guest),
                Err(error) => break Some(error),
            }
            match self.replay(one_by_one) {
                Ok(()) => break None,
                Err((error, at)) => {
                    handled.faults.push(error.clone());
                    if made == GUESTS_MAX {
                        break Some(error);
                    }
                    match at {
                        Some(at) if one_by_one => drop(self.since.remove(at)),
                        _ => one_by_one = true,
                    }
                }
            }
        };
        let lost_by = down.clone().unwrap_or_else(|| {
            let message = "the step was lost when its module broke".to_owned();
            fault(ScriptErrorKind::Runtime, message)
        });
        for step in had.values() {
            if self.guest.is_some() && self.kept.program_of(&step.call, step.program).is_some() {
                continue;
            }
            handled
                .effects
                .push(failed(&step.call, step.program, &lost_by));
        }
        match down {
            None => true,
            Some(error) => {
                if handled.faults.last() != Some(&error) {
                    handled.faults.push(error);
                }
                self.guest = None;
                false
            }
        }
    }

    /// Hears the arrivals after the snapshot again. The error says which one broke it, where that
    /// is known.
    fn replay(&mut self, one_by_one: bool) -> Result<(), (ScriptError, Option<usize>)> {
        let since = std::mem::take(&mut self.since);
        let mut nothing = Vec::new();
        let mut at = 0;
        let mut result = Ok(());
        while at < since.len() && result.is_ok() {
            let rest = since.get(at..).unwrap_or_default();
            let events = rest
                .iter()
                .take_while(|arrival| matches!(arrival.entry, Entry::Event(_)))
                .count();
            let take = match one_by_one {
                true => 1,
                false => events.clamp(1, BATCH_MAX),
            };
            let group = rest.get(..take).unwrap_or_default();
            let entered = self.enter(group, Voice::Quiet, &mut nothing);
            result = entered.map_err(|error| (error, (take == 1).then_some(at)));
            nothing.clear();
            at += take;
        }
        self.since = since;
        result
    }

    /// An arrival that breaks the guest is not heard; whoever waits for its effect is told, and a
    /// snapshot keeps it out for good.
    fn leave_out(&mut self, arrival: &Arrival, voice: Voice, handled: &mut Handled) {
        self.kept.cursor = self.kept.cursor.max(arrival.seq);
        let why = handled
            .faults
            .last()
            .cloned()
            .unwrap_or_else(|| fault(ScriptErrorKind::Runtime, "the module broke".to_owned()));
        let mut effects = Vec::new();
        if let Entry::Input(input) = &arrival.entry {
            match input {
                // The rebuild has failed it already: it had begun.
                Journalled::StepStarted { program, start }
                    if has_failed(handled, &start.call, *program) => {}
                Journalled::StepStarted { program, start } => {
                    effects.push(failed(&start.call, *program, &why));
                }
                Journalled::StepAnswered { call, program, .. } => {
                    effects.push(failed(call, *program, &why));
                    let (call, program) = (call.clone(), *program);
                    let gone = Journalled::StepGone { call, program };
                    effects.push(Effect::Feed(Box::new(gone)));
                }
                Journalled::StepGone { call, program } => {
                    if let Some(step) = self.kept.program_of(call, *program) {
                        self.kept.steps.remove(&step);
                    }
                }
                Journalled::Timer { name, due_ms } => {
                    self.asked.retain(|(n, due)| n != name || due != due_ms);
                    self.kept.timers.remove(name);
                }
                Journalled::Request { request, .. } => effects.push(Effect::Reply {
                    request: *request,
                    answer: Err(format!("the module broke on this request: {}", why.message)),
                }),
                Journalled::HttpAnswered { action, .. } => {
                    self.kept.http.remove(action);
                }
                Journalled::Refused { .. } => {}
            }
        }
        if voice == Voice::Aloud {
            handled.effects.extend(effects);
        }
        self.save(handled);
    }
}

fn has_failed(handled: &Handled, call: &str, program: u32) -> bool {
    handled.effects.iter().any(|effect| match effect {
        Effect::Turn {
            call: known,
            program: number,
            turn: ScriptTurn::Failed { .. },
        } => known == call && *number == program,
        _ => false,
    })
}

fn failed(call: &str, program: u32, why: &ScriptError) -> Effect {
    Effect::Turn {
        call: call.to_owned(),
        program,
        turn: ScriptTurn::Failed { error: why.clone() },
    }
}
