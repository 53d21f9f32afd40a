//! Bringing a waiting visit and a free agent together: reservation, ring, talk, wrap-up.
//!
//! An agent is reserved before the phone rings, so nobody is ever rung for two contacts. A missed
//! ring gives the visit its very place back. What a miss means for the agent depends on its cause.

use cordboard_module::{Json, Operation, Ring};

use crate::agent::{Handled, Presence, Slot};
use crate::centre::{Centre, Turn};
use crate::choose::choose;
use crate::contact::{Phase, Sound, Talk};
use crate::settings::NoAnswer;

impl Centre {
    /// Matches waiting visits of all queues, by their places, with free agents until none is left.
    pub(crate) fn distribute(&mut self, turn: &mut Turn) {
        if !std::mem::take(&mut self.changed.look) {
            return;
        }
        let now_ms = turn.now_ms;
        if !self
            .agents
            .values()
            .any(|agent| agent.takes_contacts(now_ms))
        {
            return;
        }
        let mut next = 0;
        // Reserving takes nobody out of the line, so the places stand still.
        while let Some(place) = self.waiting.at(next).copied() {
            next += 1;
            let Some(visit) = self.visits.get(&place.visit) else {
                continue;
            };
            if visit.phase != Phase::Waiting {
                continue;
            }
            let queue = self.settings.queues.get(&visit.queue);
            let waited_ms = visit.waited_ms(now_ms);
            let choice = queue.and_then(|q| choose(&q.service, &self.agents, waited_ms, now_ms));
            if let Some(choice) = choice {
                self.reserve(turn, place.visit, &choice.agent, choice.why);
            }
        }
        // Reserving is no reason to look again.
        self.changed.look = false;
    }

    fn reserve(&mut self, turn: &mut Turn, number: u64, agent: &str, why: String) {
        let now_ms = turn.now_ms;
        let Some(visit) = self.visits.get_mut(&number) else {
            return;
        };
        let Some(queue) = self.settings.queues.get(&visit.queue) else {
            return;
        };
        visit.phase = Phase::Ringing {
            agent: agent.to_owned(),
            since_ms: now_ms,
        };
        visit.sound = Sound::None;
        visit.tells_position = false;
        let event = visit
            .event(now_ms)
            .with("agent", agent)
            .with("wait_ms", visit.waited_ms(now_ms))
            .with("why", why);
        let ring = Ring {
            users: vec![agent.to_owned()],
            in_turn: false,
            timeout_ms: queue.service.ring_timeout_ms,
            music: queue.comfort.music.clone(),
        };
        turn.actions.publish("queue.agent-reserved", event);
        self.set_agent(turn, agent, |agent| {
            agent.slot = Slot::Reserved;
            agent.visit = Some(number);
        });
        let awaited = turn.actions.step(number, Operation::Ring(ring));
        if let Some(visit) = self.visits.get_mut(&number) {
            visit.awaited = awaited;
        }
        self.set_wake(number);
    }

    /// The agent of a ringing visit is free again, with no mark for it.
    pub(crate) fn free_reserved(&mut self, turn: &mut Turn, number: u64) {
        let Some(visit) = self.visits.get(&number) else {
            return;
        };
        if let Phase::Ringing { agent, .. } = &visit.phase {
            let agent = agent.clone();
            self.set_agent(turn, &agent, |agent| {
                agent.slot = Slot::Free;
                agent.visit = None;
            });
        }
    }

    /// The phone rang and nobody talked: `no-answer`, `busy`, `absent`, `failed`.
    pub(crate) fn missed(&mut self, turn: &mut Turn, number: u64, cause: &str) {
        let now_ms = turn.now_ms;
        let Some(visit) = self.visits.get_mut(&number) else {
            return;
        };
        let Phase::Ringing { agent, since_ms } = visit.phase.clone() else {
            return;
        };
        visit.phase = Phase::Waiting;
        let event = visit
            .event(now_ms)
            .with("agent", agent.as_str())
            .with("cause", cause)
            .with("rang_ms", now_ms.saturating_sub(since_ms));
        turn.actions.publish("queue.agent-missed", event);
        let service = self.settings.queues.get(&visit.queue).map(|q| &q.service);
        let delay_ms = service.map_or(0, |service| service.delay_ms);
        let pauses = match cause {
            "no-answer" => service.is_none_or(|s| s.no_answer == NoAnswer::Pause),
            // Its phone is not registered: whoever is back says so.
            "absent" => true,
            _ => false,
        };
        let cause = cause.to_owned();
        self.set_agent(turn, &agent, |agent| {
            agent.slot = Slot::Free;
            agent.visit = None;
            agent.missed += 1;
            if !pauses {
                agent.not_before_ms = now_ms + delay_ms;
            } else if agent.presence == Presence::Ready {
                agent.presence = Presence::Paused(cause);
            }
        });
        self.changed.silent.add(number);
        self.set_wake(number);
        // The last agent may have logged out while the phone rang.
        self.leave_empty(turn, &agent);
    }

    /// The two are joined.
    pub(crate) fn connected(&mut self, turn: &mut Turn, number: u64) {
        let now_ms = turn.now_ms;
        let Some(visit) = self.visits.get_mut(&number) else {
            return;
        };
        let Phase::Ringing { agent, since_ms } = &visit.phase else {
            // A talk that is joined again after a hold, or a bridge that is not ours.
            return;
        };
        let (agent, rang_ms) = (agent.clone(), now_ms.saturating_sub(*since_ms));
        visit.phase = Phase::Talking(Talk {
            agent: agent.clone(),
            since_ms: now_ms,
            ..Talk::default()
        });
        let event = visit
            .event(now_ms)
            .with("agent", agent.as_str())
            .with("wait_ms", visit.waited_ms(now_ms))
            .with("rang_ms", rang_ms);
        if let Some(line) = self.lines.get_mut(&visit.queue) {
            line.remove(&visit.place);
        }
        self.waiting.remove(&visit.place);
        self.changed.queues.add(visit.queue.clone());
        turn.actions.publish("queue.contact-answered", event);
        self.set_agent(turn, &agent, |agent| {
            agent.slot = Slot::Busy;
            agent.answered += 1;
        });
    }

    /// The agent holds the customer, or no longer does.
    pub(crate) fn hold(&mut self, turn: &mut Turn, number: u64, on: bool) {
        let now_ms = turn.now_ms;
        let visit = self.visits.get_mut(&number);
        let Some(Phase::Talking(talk)) = visit.map(|visit| &mut visit.phase) else {
            return;
        };
        match (on, talk.held_at_ms) {
            (true, None) => talk.held_at_ms = Some(now_ms),
            (false, Some(since_ms)) => {
                talk.hold_ms += now_ms.saturating_sub(since_ms);
                talk.held_at_ms = None;
            }
            _ => return,
        }
        let agent = talk.agent.clone();
        self.set_agent(turn, &agent, |agent| {
            agent.slot = if on { Slot::Held } else { Slot::Busy };
        });
    }

    /// The talk is over and the step with it.
    pub(crate) fn ended(&mut self, turn: &mut Turn, number: u64) {
        self.talk_over(turn, number);
        turn.actions.end_step(number, "answered");
        self.forget(number);
    }

    /// The talk is over; the agent wraps up.
    pub(crate) fn talk_over(&mut self, turn: &mut Turn, number: u64) {
        let now_ms = turn.now_ms;
        let Some(visit) = self.visits.get(&number) else {
            return;
        };
        let Phase::Talking(talk) = &visit.phase else {
            return;
        };
        let (talk_ms, hold_ms) = talk.lengths(now_ms);
        let agent = talk.agent.clone();
        let event = visit
            .event(now_ms)
            .with("agent", agent.as_str())
            .with("talk_ms", talk_ms)
            .with("hold_ms", hold_ms);
        turn.actions.publish("queue.contact-ended", event);
        let handled = Handled {
            visit: number,
            contact: visit.contact.clone(),
            queue: visit.queue.clone(),
            talk_ms,
            hold_ms,
            ended_at_ms: now_ms,
        };
        let wrap_up_ms = self.settings.queues.get(&visit.queue);
        let wrap_up_ms = wrap_up_ms.map_or(0, |queue| queue.service.wrap_up_ms);
        self.set_agent(turn, &agent, |agent| {
            agent.slot = Slot::WrapUp;
            agent.visit = None;
            agent.idle_since_ms = now_ms;
            agent.not_before_ms = now_ms + wrap_up_ms;
            agent.handled = Some(handled);
        });
        if wrap_up_ms == 0 {
            self.wrapped_up(turn, &agent);
        }
    }

    /// An agent's wrap-up or rest is over.
    pub(crate) fn rested(&mut self, turn: &mut Turn, name: &str) {
        self.changed.look = true;
        let wraps_up = |slot| slot == Slot::WrapUp;
        if self
            .agents
            .get(name)
            .is_some_and(|agent| wraps_up(agent.slot))
        {
            self.wrapped_up(turn, name);
        } else {
            self.queues_changed(name);
        }
    }

    /// The wrap-up is over: the contact's account is closed.
    pub(crate) fn wrapped_up(&mut self, turn: &mut Turn, name: &str) {
        let now_ms = turn.now_ms;
        let mut handled = None;
        self.set_agent(turn, name, |agent| {
            agent.slot = Slot::Free;
            agent.not_before_ms = 0;
            handled = agent.handled.take();
        });
        if let Some(handled) = handled {
            let event = Json::object()
                .with("contact", handled.contact)
                .with("visit", handled.visit)
                .with("queue", handled.queue)
                .with("agent", name)
                .with("talk_ms", handled.talk_ms)
                .with("hold_ms", handled.hold_ms)
                .with("wrap_up_ms", now_ms.saturating_sub(handled.ended_at_ms))
                .with("at_ms", now_ms);
            turn.actions.publish("queue.contact-handled", event);
        }
    }
}
