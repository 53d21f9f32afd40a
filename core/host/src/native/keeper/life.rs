//! The life of a module's process: it rises with the first step, falls, rests, and rises again.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use cordboard_steps::script::ScriptErrorKind;

use super::{
    After, GONE_MAX, Keeper, LOOK, Life, PING_EVERY, PONG_MAX, Phase, REST_FIRST, REST_MAX,
    START_MAX, State, Story, WELL_AFTER, failed,
};
use crate::module::Module;
use crate::native::link::{End, Link};
use crate::native::said;
use crate::native::wire::{Frame, Tag};

impl Keeper {
    /// Starts the process.
    pub(super) fn rise(&self, state: &mut State, module: &Arc<Module>, after: &mut After) {
        state.epoch += 1;
        let again = matches!(state.life, Life::Resting { .. });
        let (me, epoch) = (self.me.clone(), state.epoch);
        let hears = Arc::new(move |heard| {
            if let Some(keeper) = Weak::upgrade(&me) {
                keeper.heard(epoch, heard);
            }
        });
        let housing = self.native.housing_of(module);
        let now = Instant::now();
        let link = Link::open(module, &self.code, &housing, hears);
        let life = Life::Up {
            link,
            since: now,
            ready: false,
            pinged: None,
            heard: now,
            again,
        };
        if let Life::Up { link, .. } = std::mem::replace(&mut state.life, life) {
            after.dropped = Some(link);
        }
    }

    /// The process is no more. `culprit` is the run that made us end it.
    pub(super) fn fall(
        &self,
        state: &mut State,
        end: End,
        culprit: Option<u64>,
        after: &mut After,
    ) {
        let now = Instant::now();
        let well = |fell: Instant| now.duration_since(fell) > WELL_AFTER;
        let rest = match (state.fell, state.rest) {
            (Some(fell), Some(rest)) if !well(fell) => (rest * 2).min(REST_MAX),
            _ => REST_FIRST,
        };
        (state.fell, state.rest) = (Some(now), Some(rest));
        state.epoch += 1;
        let life = Life::Resting {
            until: now + rest,
            why: end.why.clone(),
        };
        if let Life::Up { link, .. } = std::mem::replace(&mut state.life, life) {
            after.dropped = Some(link);
        }
        let name = self.module.upgrade().map(|module| module.name.clone());
        let name = name.unwrap_or_default();
        let message = format!("the module `{name}` stopped: {}", end.why);
        // One fall is one trap: of several runs the first has it.
        let kind = match end.by.as_str() {
            "hang" => ScriptErrorKind::Budget,
            _ => ScriptErrorKind::Runtime,
        };
        let mut blamed = None;
        for (id, run) in std::mem::take(&mut state.runs) {
            match run.phase {
                Phase::Gone(_) => {}
                Phase::Code(_) | Phase::Asked(_) => {
                    state.of_call.remove(&run.call);
                    let entered = run.held.is_none_or(|frame| frame.tag != Tag::Enter);
                    let first =
                        blamed.is_none() && entered && culprit.is_none_or(|culprit| culprit == id);
                    let kind = match first {
                        true => kind,
                        false => ScriptErrorKind::Overload,
                    };
                    if first {
                        blamed = Some(id);
                    }
                    after.turns.push((run.call, failed(kind, message.clone())));
                }
            }
        }
        after.stories.push(Story::Stopped {
            by: end.by,
            error: said::failure(kind, message),
            restarts_in: rest,
            counted: blamed.is_some(),
        });
    }

    /// Looks at what is due. When to look again; none: nothing is awaited.
    pub fn tick(&self, now: Instant) -> Option<Duration> {
        let mut after = After::default();
        let next = {
            let mut state = self.lock();
            self.due(&mut state, now, &mut after)
        };
        self.carry_out(after);
        next
    }

    fn due(&self, state: &mut State, now: Instant, after: &mut After) -> Option<Duration> {
        if let Life::Resting { until, .. } = &state.life {
            // Nobody needs it any more: it does not come back.
            let module = self.module.upgrade()?;
            if now < *until {
                return Some(until.duration_since(now));
            }
            self.rise(state, &module, after);
            return Some(LOOK);
        }
        if let Life::Up { link, .. } = &state.life {
            link.look();
        }
        self.release(state, now);
        let hang = state.hanging(now);
        let Life::Up {
            link,
            since,
            ready,
            pinged,
            heard,
            ..
        } = &mut state.life
        else {
            return None;
        };
        if let Some((culprit, why)) = hang {
            let end = End {
                by: "hang".to_owned(),
                why,
            };
            self.fall(state, end, culprit, after);
            return Some(LOOK);
        }
        let waits = now.saturating_duration_since(*since);
        let silent = pinged.is_some_and(|pinged| now.saturating_duration_since(pinged) > PONG_MAX);
        if (!*ready && waits > START_MAX) || silent {
            let why = match *ready {
                true => format!("its process did not answer for {} s", PONG_MAX.as_secs()),
                false => format!("its process was not ready after {} s", START_MAX.as_secs()),
            };
            let by = "hang".to_owned();
            self.fall(state, End { by, why }, None, after);
            return Some(LOOK);
        }
        if *ready && pinged.is_none() && now.saturating_duration_since(*heard) >= PING_EVERY {
            (*pinged, *heard) = (Some(now), now);
            link.send(Frame::bare(Tag::Ping, 0));
        }
        match state
            .runs
            .values()
            .any(|run| !matches!(run.phase, Phase::Asked(_)))
        {
            true => Some(LOOK),
            false => Some(Duration::from_secs(1)),
        }
    }
}

impl State {
    /// Sends to the process; one that does not take it is ended.
    pub(super) fn send(&mut self, frame: Frame) {
        if let Life::Up { link, .. } = &self.life
            && !link.send(frame)
        {
            link.kill(
                "hang",
                "its process does not read what it is sent".to_owned(),
            );
        }
    }

    pub(super) fn kill(&mut self, by: &str, why: String) {
        if let Life::Up { link, .. } = &self.life {
            link.kill(by, why);
        }
    }

    pub(super) fn forget(&mut self, id: u64) {
        if let Some(run) = self.runs.remove(&id)
            && self.of_call.get(&run.call) == Some(&id)
        {
            self.of_call.remove(&run.call);
        }
    }

    /// A run that should have been back: which, where a step hangs on it, and in words.
    fn hanging(&self, now: Instant) -> Option<(Option<u64>, String)> {
        let Life::Up { ready: true, .. } = &self.life else {
            return None;
        };
        let mut runs = self.runs.iter().filter(|(_, run)| run.held.is_none());
        runs.find_map(|(id, run)| {
            let (since, most, culprit) = match run.phase {
                Phase::Code(since) => (since, run.module.limits.cpu, Some(*id)),
                Phase::Gone(since) => (since, GONE_MAX + run.module.limits.cpu, None),
                Phase::Asked(_) => return None,
            };
            let late = now.saturating_duration_since(since) > most;
            let name = run.entry.name();
            let most = most.as_millis();
            late.then(|| {
                (
                    culprit,
                    format!("`{name}` did not come back within {most} ms"),
                )
            })
        })
    }
}
