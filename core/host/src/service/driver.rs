//! The driver of one instance: arrivals in their order in, effects out.
//!
//! Events that follow each other are given to the guest together, at most 64; everything else is
//! given alone, since what it means depends on what the guest wanted just before. So the inputs
//! and their numbers do not depend on how arrivals came in batches, and a replay gives the same.

use std::sync::Arc;

use cordboard_steps::{ScriptError, ScriptErrorKind};

use super::kept::{Kept, Snapshot};
use super::permit::Permit;
use super::{Arrival, BATCH_MAX, Effect, Entry, Journalled};
use crate::contract::STATE_BYTES_MAX;
use crate::module::ServiceGuest;

/// Makes an instance, `lifecycle.start` included.
pub type MakeGuest = Box<dyn Fn() -> Result<Box<dyn ServiceGuest>, ScriptError> + Send>;

/// Arrivals after the last snapshot that are kept for a replay; then there is a new snapshot.
const SINCE_MAX: usize = 4_096;
/// Bytes of their payloads, likewise.
const SINCE_BYTES_MAX: usize = 4 << 20;

/// Which module it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its name in the tenant.
    pub module: String,
    /// Its source's name: another source does not get this one's state.
    pub source: String,
    /// `state-version` of its manifest.
    pub state_version: u32,
}

/// What came of arrivals.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Handled {
    /// What is to be done, in this order.
    pub effects: Vec<Effect>,
    /// What the guest did wrong; it was made anew after each.
    pub faults: Vec<ScriptError>,
}

/// Aloud: effects are done. Quiet: they were done before, only state follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    Aloud,
    Quiet,
}

/// One instance of a service and everything about it that must survive.
pub struct Driver {
    pub(super) identity: Identity,
    pub(super) permit: Box<dyn Permit>,
    pub(super) make: MakeGuest,
    /// None: it is put away, or down, and then nothing is heard until `Driver::mend`.
    pub(super) guest: Option<Box<dyn ServiceGuest>>,
    /// Its guest is put away: the snapshot is all of its state.
    pub(super) parked: bool,
    pub(super) kept: Kept,
    pub(super) snapshot: Arc<Snapshot>,
    /// Heard after the snapshot.
    pub(super) since: Vec<Arrival>,
    pub(super) since_bytes: usize,
    /// Timers that were asked for and have not arrived: name and when they were due.
    pub(super) asked: Vec<(String, u64)>,
    /// Something was heard after the snapshot, or left out.
    pub(super) dirty: bool,
}

impl Driver {
    /// A new one, whose journal begins after `cursor`. `seed` is the beginning of its chance.
    ///
    /// # Errors
    /// The guest cannot be made or saved.
    pub fn fresh(
        identity: Identity,
        permit: Box<dyn Permit>,
        make: MakeGuest,
        (seed, cursor): (u64, u64),
    ) -> Result<Driver, ScriptError> {
        let mut guest = make()?;
        let kept = Kept::new(&identity.source, seed, cursor);
        let snapshot = Snapshot {
            version: identity.state_version,
            kept: kept.clone(),
            state: saved(guest.as_mut())?,
        };
        Ok(Driver {
            identity,
            permit,
            make,
            guest: Some(guest),
            parked: false,
            kept,
            snapshot: Arc::new(snapshot),
            since: Vec::new(),
            since_bytes: 0,
            asked: Vec::new(),
            dirty: true,
        })
    }

    /// Goes on from a snapshot: `recall` what the journal holds after its cursor, then `wake`.
    ///
    /// # Errors
    /// The guest cannot be made, or refuses the state.
    pub fn revive(
        identity: Identity,
        permit: Box<dyn Permit>,
        make: MakeGuest,
        snapshot: Snapshot,
    ) -> Result<Driver, ScriptError> {
        let guest = restored(&make, &identity, &snapshot)?;
        Ok(Driver {
            identity,
            permit,
            make,
            guest: Some(guest),
            parked: false,
            kept: snapshot.kept.clone(),
            snapshot: Arc::new(snapshot),
            since: Vec::new(),
            since_bytes: 0,
            asked: Vec::new(),
            dirty: false,
        })
    }

    /// Which module it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Number of the last event of the journal that was heard.
    pub fn cursor(&self) -> u64 {
        self.kept.cursor
    }

    /// The journal is heard after this number. A power loss may have taken events that a snapshot
    /// had followed; what comes in their place is heard.
    pub fn begin_at(&mut self, cursor: u64) {
        self.kept.cursor = cursor;
        self.dirty = true;
    }

    /// It hears nothing: its guest could not be made again.
    pub fn is_down(&self) -> bool {
        self.guest.is_none() && !self.parked
    }

    /// Its guest is put away until something is to be heard.
    pub fn is_parked(&self) -> bool {
        self.parked
    }

    /// Puts the guest away: its memory is given back, and the next arrival finds it made anew from
    /// the snapshot. Gives the snapshot where it is another than the last one.
    pub fn park(&mut self, handled: &mut Handled) -> Option<Arc<Snapshot>> {
        let newer = match self.dirty || !self.since.is_empty() {
            true => Some(self.save(handled)?),
            false => None,
        };
        self.parked = self.guest.take().is_some() || self.parked;
        newer
    }

    /// Before anything is heard: a guest that was put away is made again.
    fn unpark(&mut self, handled: &mut Handled) {
        if std::mem::take(&mut self.parked) {
            self.rebuild(handled);
        }
    }

    /// Something was heard since the last snapshot.
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Steps, timers and facts now, for figures.
    pub fn counts(&self) -> (usize, usize, usize) {
        let facts = self.kept.facts.values().map(|keys| keys.len()).sum();
        (self.kept.steps.len(), self.kept.timers.len(), facts)
    }

    /// Calls with a step under way.
    pub fn calls(&self) -> impl Iterator<Item = &str> {
        self.kept.steps.values().map(|step| step.call.as_str())
    }

    /// Hears arrivals; while it is down, nothing.
    pub fn handle(&mut self, arrivals: Vec<Arrival>) -> Handled {
        self.hear(arrivals, Voice::Aloud)
    }

    /// Hears what was heard before a restart: state follows, nothing is done again.
    pub fn recall(&mut self, arrivals: Vec<Arrival>) -> Handled {
        let mut handled = self.hear(arrivals, Voice::Quiet);
        handled.effects.clear();
        handled
    }

    /// After the last `recall`: what a restart left undone. Events that the journal has not got
    /// are published, facts are retained again; steps are gone with their calls, and http
    /// requests with the process, so the guest is told.
    pub fn wake(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (topic, payload) in &self.kept.unseen {
            effects.push(Effect::Publish {
                topic: topic.clone(),
                payload: payload.clone(),
            });
        }
        effects.extend(self.facts());
        for step in self.kept.steps.values() {
            effects.push(Effect::Feed(Box::new(step.gone())));
        }
        for action in &self.kept.http {
            effects.push(Effect::Feed(Box::new(Journalled::HttpAnswered {
                action: *action,
                status: Err(crate::contract::Refused {
                    kind: cordboard_steps::ScriptCallError::Unavailable,
                    message: "the switch was restarted meanwhile".to_owned(),
                }),
                body: String::new(),
            })));
        }
        effects
    }

    /// Its retained facts, to be kept on the bus.
    pub fn facts(&self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (topic, keys) in &self.kept.facts {
            for (key, payload) in keys {
                effects.push(Effect::Retain {
                    topic: topic.clone(),
                    key: key.clone(),
                    payload: Some(payload.clone()),
                });
            }
        }
        effects
    }

    /// When the next timer rings, Unix milliseconds.
    pub fn next_timer(&self) -> Option<u64> {
        let waits = |(name, due): &(&String, &u64)| {
            let asked = |(n, d): &(String, u64)| n == *name && d == *due;
            !self.asked.iter().any(asked)
        };
        let timers = self.kept.timers.iter().filter(waits);
        timers.map(|(_, due)| *due).min()
    }

    /// Timers that are due, the earliest first, to be journalled; each is asked for once.
    pub fn due(&mut self, now_ms: u64) -> Vec<Journalled> {
        let mut due: Vec<(u64, String)> = self
            .kept
            .timers
            .iter()
            .filter(|(_, due)| **due <= now_ms)
            .map(|(name, due)| (*due, name.clone()))
            .collect();
        due.sort();
        due.retain(|(due, name)| !self.asked.iter().any(|(n, d)| n == name && d == due));
        let asked = due.iter().map(|(due, name)| (name.clone(), *due));
        self.asked.extend(asked);
        due.into_iter()
            .map(|(due_ms, name)| Journalled::Timer { name, due_ms })
            .collect()
    }

    /// A snapshot of now. A guest that breaks on it is made anew from the last one, which stays.
    pub fn save(&mut self, handled: &mut Handled) -> Option<Arc<Snapshot>> {
        if self.parked {
            self.keep(self.snapshot.state.clone());
            return Some(Arc::clone(&self.snapshot));
        }
        let state = match saved(self.guest.as_mut()?.as_mut()) {
            Ok(state) => state,
            Err(fault) => {
                handled.faults.push(fault);
                self.rebuild(handled);
                return None;
            }
        };
        self.keep(state);
        Some(Arc::clone(&self.snapshot))
    }

    /// The snapshot that a rebuild would begin at.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot)
    }

    pub(super) fn keep(&mut self, state: Vec<u8>) {
        self.snapshot = Arc::new(Snapshot {
            version: self.identity.state_version,
            kept: self.kept.clone(),
            state,
        });
        self.since.clear();
        self.since_bytes = 0;
        self.dirty = false;
    }

    /// Hands the state over to a new generation's code: save, make, restore. On an error the old
    /// one goes on as if nothing had been.
    ///
    /// # Errors
    /// Why the new one cannot take over.
    pub fn reload(
        &mut self,
        identity: Identity,
        permit: Box<dyn Permit>,
        make: MakeGuest,
    ) -> Result<(), String> {
        let mut handled = Handled::default();
        let saved = match self.guest.is_some() {
            true => self.save(&mut handled),
            // It is down: the last snapshot is what there is.
            false => Some(self.snapshot()),
        };
        let Some(snapshot) = saved else {
            let why = handled.faults.first().map(ToString::to_string);
            return Err(why.unwrap_or_else(|| "its state cannot be saved".to_owned()));
        };
        let guest = restored(&make, &identity, &snapshot).map_err(|error| error.message)?;
        let was_down = self.guest.is_none();
        self.guest = Some(guest);
        self.parked = false;
        self.identity = identity;
        self.permit = permit;
        self.make = make;
        self.dirty = true;
        if was_down {
            self.kept = snapshot.kept.clone();
        } else if let Some(state) = self.guest.as_mut().and_then(|g| saved_or_none(g.as_mut())) {
            self.keep(state);
            self.dirty = true;
        }
        Ok(())
    }

    pub(super) fn hear(&mut self, arrivals: Vec<Arrival>, voice: Voice) -> Handled {
        let mut handled = Handled::default();
        self.unpark(&mut handled);
        let mut waiting = arrivals.into_iter().peekable();
        let is_event = |arrival: &Arrival| matches!(arrival.entry, Entry::Event(_));
        while self.guest.is_some()
            && let Some(first) = waiting.next()
        {
            if first.seq != 0 && first.seq <= self.kept.cursor {
                continue;
            }
            let mut group = vec![first];
            while group.len() < BATCH_MAX
                && group.iter().all(is_event)
                && let Some(next) = waiting.next_if(is_event)
            {
                if next.seq == 0 || next.seq > self.kept.cursor {
                    group.push(next);
                }
            }
            self.take(group, voice, &mut handled);
        }
        handled
    }

    fn take(&mut self, group: Vec<Arrival>, voice: Voice, handled: &mut Handled) {
        self.dirty = true;
        let before = handled.effects.len();
        match self.enter(&group, voice, &mut handled.effects) {
            Ok(()) => self.heard(group),
            Err(fault) => {
                handled.effects.truncate(before);
                handled.faults.push(fault);
                self.recover(group, voice, handled);
            }
        }
        if self.since.len() >= SINCE_MAX || self.since_bytes >= SINCE_BYTES_MAX {
            self.save(handled);
        }
    }

    pub(super) fn heard(&mut self, group: Vec<Arrival>) {
        self.since_bytes += group.iter().map(|arrival| arrival.bytes).sum::<usize>();
        self.since.extend(group);
    }

    /// One entry of the guest. After an error `kept` is in between and must be rebuilt.
    pub(super) fn enter(
        &mut self,
        group: &[Arrival],
        voice: Voice,
        effects: &mut Vec<Effect>,
    ) -> Result<(), ScriptError> {
        let mut inputs = Vec::new();
        for arrival in group {
            self.prepare(arrival, effects, &mut inputs);
        }
        if inputs.is_empty() {
            return Ok(());
        }
        let Some(guest) = &mut self.guest else {
            return Ok(());
        };
        let actions = guest.handle(&inputs)?;
        let after_refusal = inputs
            .iter()
            .all(|input| matches!(input.body, crate::contract::Body::Refused { .. }));
        self.apply(actions, after_refusal, voice, effects);
        if let [
            Arrival {
                entry: Entry::Input(input),
                ..
            },
        ] = group
            && voice == Voice::Aloud
        {
            match input {
                Journalled::StepStarted { start, .. } => self.idle(&start.call, effects),
                Journalled::StepAnswered { call, .. } => self.idle(call, effects),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Bytes that a guest saved, within the bound.
pub(super) fn saved(guest: &mut dyn ServiceGuest) -> Result<Vec<u8>, ScriptError> {
    let state = guest.save()?;
    if state.len() > STATE_BYTES_MAX {
        let message = format!(
            "it saved {} bytes; a state may have {STATE_BYTES_MAX}",
            state.len()
        );
        return Err(fault(ScriptErrorKind::Memory, message));
    }
    Ok(state)
}

fn saved_or_none(guest: &mut dyn ServiceGuest) -> Option<Vec<u8>> {
    saved(guest).ok()
}

/// A guest that has taken a snapshot's state.
pub(super) fn restored(
    make: &MakeGuest,
    identity: &Identity,
    snapshot: &Snapshot,
) -> Result<Box<dyn ServiceGuest>, ScriptError> {
    let mut guest = make()?;
    match guest.restore(snapshot.version, &snapshot.state)? {
        Ok(()) => Ok(guest),
        Err(why) => {
            let message = format!(
                "{} (state version {}) does not take the state of version {}: {why}",
                identity.module, identity.state_version, snapshot.version
            );
            Err(fault(ScriptErrorKind::Runtime, message))
        }
    }
}

pub(super) fn fault(kind: ScriptErrorKind, message: String) -> ScriptError {
    ScriptError {
        message,
        line: None,
        stack: String::new(),
        kind,
    }
}
