//! What agents and operators say: log in, pause, close a queue, how do things stand.
//!
//! Agents dial codes (the steps `login`, `logout`, `pause`, `ready`), operators use verbs of the
//! same names. A wish that fits nothing changes nothing and is answered with a sentence.

use cordboard_module::{Json, StepStart, VerbRequest};

use crate::agent::{Presence, Slot};
use crate::centre::{Centre, Turn};
use crate::contact::Phase;

/// Reason of a pause that names none.
const PAUSE: &str = "break";
/// Agents' own calls that are watched; beyond, an agent's phone may ring beside such a call.
const OWN_CALLS_MAX: usize = 10_000;
/// Longest reason.
const REASON_CHARS_MAX: usize = 64;

impl Centre {
    /// A step that an agent dialled. Its outcome is `done`, or `unknown` for who is no agent.
    pub(crate) fn dialled_code(&mut self, turn: &mut Turn, start: &StepStart) {
        let arguments = start.args();
        let named = arguments["agent"].text().filter(|name| !name.is_empty());
        let name = named.or(start.caller.user.as_deref()).unwrap_or_default();
        let done = self.presence(turn, &start.name, name, arguments["reason"].str());
        let outcome = if done.is_ok() { "done" } else { "unknown" };
        turn.actions.end_step(start.step, outcome);
    }

    /// An operator's verb.
    pub(crate) fn request(&mut self, turn: &mut Turn, request: &VerbRequest) {
        let arguments = request.args();
        let answer = match request.verb.as_str() {
            "login" | "logout" | "pause" | "ready" => self.presence(
                turn,
                &request.verb,
                arguments["agent"].str(),
                arguments["reason"].str(),
            ),
            "open" | "close" => self.open(turn, arguments["queue"].str(), request.verb == "open"),
            "status" => self.status(turn.now_ms, arguments["queue"].str()),
            "waiting" => self.waiting(turn.now_ms, arguments["queue"].str()),
            verb => Err(format!("the module `queue` has no verb `{verb}`")),
        };
        turn.actions.reply(request.request, answer);
    }

    /// Changes what an agent says; gives the agent's facts.
    fn presence(
        &mut self,
        turn: &mut Turn,
        verb: &str,
        name: &str,
        reason: &str,
    ) -> Result<Json, String> {
        if !self.settings.agents.contains(name) || !self.agents.contains(name) {
            return Err(format!(
                "no queue has an agent `{name}`: add the name to `agents` of a queue"
            ));
        }
        let reason = if reason.is_empty() { PAUSE } else { reason };
        if reason.chars().count() > REASON_CHARS_MAX {
            return Err(format!(
                "a reason has at most {REASON_CHARS_MAX} characters"
            ));
        }
        let presence = match verb {
            "login" | "ready" => Presence::Ready,
            "pause" => Presence::Paused(reason.to_owned()),
            _ => Presence::LoggedOut,
        };
        let leaves = presence == Presence::LoggedOut;
        let wraps_up = self.agents.get(name).map(|agent| agent.slot) == Some(Slot::WrapUp);
        let now_ms = turn.now_ms;
        self.set_agent(turn, name, |agent| {
            // Who was never here is idle from now on; nobody else becomes fresh by logging in.
            if !leaves && agent.idle_since_ms == 0 {
                agent.idle_since_ms = now_ms;
            }
            agent.presence = presence;
            if !leaves && agent.slot == Slot::Free {
                agent.not_before_ms = 0;
            }
        });
        // Ready or leaving ends the wrap-up; a pause lets it run.
        if wraps_up && verb != "pause" {
            self.wrapped_up(turn, name);
        }
        if leaves {
            self.leave_empty(turn, name);
        }
        let facts = self.agents.get(name).map(|agent| agent.facts());
        Ok(facts.unwrap_or_default().with("agent", name))
    }

    /// An agent has begun a call: nothing rings there until it is over.
    pub(crate) fn own_call(&mut self, turn: &mut Turn, call: &str, data: &Json) {
        let party = &data["party"];
        let name = party["name"].str();
        let is_user = party["kind"].str() == "user";
        if is_user && self.agents.contains(name) && self.own_calls.len() < OWN_CALLS_MAX {
            self.own_calls.insert(call.to_owned(), name.to_owned());
            self.set_agent(turn, name, |agent| agent.own_calls += 1);
        }
    }

    /// That call is over.
    pub(crate) fn own_call_over(&mut self, turn: &mut Turn, call: &str) {
        if let Some(name) = self.own_calls.remove(call) {
            self.set_agent(turn, &name, |agent| {
                agent.own_calls = agent.own_calls.saturating_sub(1);
            });
        }
    }

    /// Callers leave queues whose last agent logged out, where the queue says so.
    pub(crate) fn leave_empty(&mut self, turn: &mut Turn, name: &str) {
        let queues = self.settings.agents.get(name).cloned().unwrap_or_default();
        for queue in queues {
            let leaves = self
                .settings
                .queues
                .get(&queue)
                .is_some_and(|q| q.leave_empty);
            if !leaves || self.logged_in(&queue) > 0 {
                continue;
            }
            let line = self.lines.get(&queue).cloned().unwrap_or_default();
            for (place, ()) in line {
                let visit = self.visits.get(&place.visit);
                if visit.is_some_and(|visit| visit.phase == Phase::Waiting) {
                    self.leave(turn, place.visit, "no-agents", "kicked-empty");
                }
            }
        }
    }

    fn open(&mut self, turn: &mut Turn, queue: &str, open: bool) -> Result<Json, String> {
        if !self.settings.queues.contains(queue) {
            return Err(format!("no queue is called `{queue}`"));
        }
        let changed = match open {
            true => self.closed.remove(queue).is_some(),
            false => self.closed.add(queue.to_owned()),
        };
        if changed {
            let topic = if open {
                "queue.queue-opened"
            } else {
                "queue.queue-closed"
            };
            let event = Json::object()
                .with("queue", queue)
                .with("at_ms", turn.now_ms);
            turn.actions.publish(topic, event);
            self.changed.queues.add(queue.to_owned());
        }
        Ok(self.queue_facts(queue, turn.now_ms))
    }

    /// All queues and agents, or one queue and its agents.
    fn status(&self, now_ms: u64, queue: &str) -> Result<Json, String> {
        if !queue.is_empty() && !self.settings.queues.contains(queue) {
            return Err(format!("no queue is called `{queue}`"));
        }
        let wanted = |name: &String| queue.is_empty() || name == queue;
        let queues = self.settings.queues.keys().filter(|name| wanted(name));
        let queues: Json = queues
            .map(|name| (name.clone(), self.queue_facts(name, now_ms)))
            .collect();
        let serves = |name: &String| {
            let queues = self.settings.agents.get(name);
            queues.is_some_and(|queues| queues.iter().any(wanted))
        };
        let agents = self.agents.iter().filter(|(name, _)| serves(name));
        let agents: Json = agents
            .map(|(name, agent)| (name.clone(), agent.facts()))
            .collect();
        Ok(Json::object()
            .with("queues", queues)
            .with("agents", agents)
            .with("ignored", self.ignored))
    }

    /// Who waits, in order: at most 1,000.
    fn waiting(&self, now_ms: u64, queue: &str) -> Result<Json, String> {
        let Some(line) = self.lines.get(queue) else {
            return match self.settings.queues.contains(queue) {
                true => Ok(Json::List(Vec::new())),
                false => Err(format!("no queue is called `{queue}`")),
            };
        };
        let visits = line.keys().take(1_000);
        let visits = visits.filter_map(|place| self.visits.get(&place.visit));
        Ok(visits
            .zip(1_u64..)
            .map(|(visit, position)| {
                let rings = match &visit.phase {
                    Phase::Ringing { agent, .. } => Some(agent.as_str()),
                    _ => None,
                };
                Json::object()
                    .with("position", position)
                    .with("contact", visit.contact.as_str())
                    .with("wait_ms", visit.waited_ms(now_ms))
                    .with("rings", rings)
            })
            .collect())
    }
}
