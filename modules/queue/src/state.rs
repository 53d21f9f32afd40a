//! The saved state: JSON of version 1.
//!
//! Settings are not in it: new ones apply at the next input, and places, waits and accounts are
//! kept. A visit of a queue that is no more leaves with `closed`; an agent of no queue is dropped
//! as soon as the slot is free.

use cordboard_module::Json;

use crate::agent::{Agent, Slot};
use crate::centre::{Centre, Due};
use crate::contact::{Phase, Visit};

/// The version that `save` writes; the manifest's `state-version`.
pub const VERSION: u32 = 1;

impl Centre {
    pub(crate) fn saved(&self) -> Json {
        let agents = self.agents.iter();
        let agents: Json = agents
            .map(|(name, agent)| (name.clone(), agent.save()))
            .collect();
        let own_calls = self.own_calls.iter();
        let own_calls: Json = own_calls
            .map(|(call, agent)| (call.clone(), agent.as_str()))
            .collect();
        Json::object()
            .with("ignored", self.ignored)
            .with("own_calls", own_calls)
            .with("agents", agents)
            .with("closed", self.closed.keys().collect::<Json>())
            .with(
                "visits",
                self.visits
                    .values()
                    .map(|visit| visit.save())
                    .collect::<Json>(),
            )
    }

    pub(crate) fn restored(&mut self, version: u32, state: &[u8]) -> Result<(), String> {
        if version > VERSION {
            return Err(format!(
                "the state is of version {version}, this module knows up to {VERSION}"
            ));
        }
        let text = std::str::from_utf8(state).map_err(|_| "the state is no text".to_owned())?;
        let saved = Json::parse(text)?;
        let mut agents: Vec<(String, Agent)> = Vec::new();
        for (name, agent) in saved["agents"].members() {
            let agent = Agent::restore(agent);
            if agent.slot != Slot::Free || self.settings.agents.contains(name) {
                agents.push((name.clone(), agent));
            }
        }
        for (name, agent) in agents {
            if agent.not_before_ms > 0 {
                self.dues
                    .add((agent.not_before_ms, Due::Agent(name.clone())));
            }
            self.agents.insert(name, agent);
        }
        self.ignored = saved["ignored"].u64();
        for queue in saved["closed"].texts() {
            if self.settings.queues.contains(queue) {
                self.closed.add(queue.to_owned());
            }
        }
        for (call, agent) in saved["own_calls"].members() {
            let agent = agent.str().to_owned();
            self.own_calls.insert(call.clone(), agent);
        }
        for visit in saved["visits"].items() {
            self.restore_visit(Visit::restore(visit));
        }
        for name in self.agents.keys() {
            self.changed.agents.add(name.clone());
        }
        for name in self.settings.queues.keys() {
            self.changed.queues.add(name.clone());
        }
        self.changed.look = true;
        Ok(())
    }

    fn restore_visit(&mut self, mut visit: Visit) {
        let number = visit.place.visit;
        if !self.settings.queues.contains(&visit.queue) {
            visit.gives_up_at_ms = 1;
        }
        if !matches!(visit.phase, Phase::Talking(_)) {
            self.lines.entry(&visit.queue).add(visit.place);
            self.waiting.add(visit.place);
        }
        self.contacts.insert(visit.contact.clone(), number);
        self.visits.insert(number, Box::new(visit));
        self.set_wake(number);
    }
}
