//! The whole of the queues: agents, visits, lines, and the one table that says who hears what.
//!
//! A pure machine: time comes with each input, nothing is drawn, and every collection is ordered,
//! so the same inputs give the same actions. After each input free agents are matched with waiting
//! visits, callers get their sound, and changed facts are told. Always true: a visit that rings or
//! talks has exactly one agent, and that agent's slot names exactly that visit.

use cordboard_module::ordered::{Map, Set};
use cordboard_module::{Actions, Body, Event, Input, Json, Service};

use crate::agent::{Agent, Presence, Slot};
use crate::contact::{Phase, Place, Visit};
use crate::settings::Settings;

/// The one timer that this module has.
const TIMER: &str = "due";

/// Who is looked at when the timer is due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// A waiting visit: it gives up, hears its position, or another level opens.
    Visit(u64),
    /// An agent: the wrap-up or the rest is over.
    Agent(String),
}

/// What the input under way has changed.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    /// Queues whose facts are told anew.
    pub queues: Set<String>,
    /// Agents whose facts are told anew.
    pub agents: Set<String>,
    /// Waiting visits that hear nothing yet.
    pub silent: Set<u64>,
    /// A free agent and a waiting visit may have come together.
    pub look: bool,
}

/// One input's time and wishes.
pub(crate) struct Turn<'a> {
    /// Unix milliseconds.
    pub now_ms: u64,
    /// What is wanted.
    pub actions: &'a mut Actions,
}

/// All queues of a tenant.
#[derive(Debug, Default)]
pub struct Centre {
    pub(crate) settings: Settings,
    pub(crate) agents: Map<String, Agent>,
    /// Queues that take no new callers.
    pub(crate) closed: Set<String>,
    /// Visits by their number, which is the host's for the step.
    pub(crate) visits: Map<u64, Box<Visit>>,
    /// Their numbers by contact.
    pub(crate) contacts: Map<String, u64>,
    /// Agents whose own calls are up, by call.
    pub(crate) own_calls: Map<String, String>,
    /// Who waits or rings, by queue.
    pub(crate) lines: Map<String, Set<Place>>,
    /// The same of all queues.
    pub(crate) waiting: Set<Place>,
    /// Inputs that fitted nothing: counted, and nothing else.
    pub(crate) ignored: u64,
    pub(crate) dues: Set<(u64, Due)>,
    armed_ms: Option<u64>,
    pub(crate) changed: Changed,
}

impl Service for Centre {
    fn start(settings: &Json) -> Result<Self, Vec<String>> {
        let settings = Settings::read(settings)?;
        let mut agents = Map::default();
        for name in settings.agents.keys() {
            agents.insert(name.clone(), Agent::default());
        }
        Ok(Self {
            agents,
            settings,
            ..Self::default()
        })
    }

    fn handle(&mut self, input: Input, actions: &mut Actions) {
        let mut turn = Turn {
            now_ms: input.at_ms,
            actions,
        };
        self.take(&mut turn, input.body);
        // Whatever came: after a reload the first input finds what fell due meanwhile.
        self.due(&mut turn);
        self.distribute(&mut turn);
        self.comfort(&mut turn);
        self.tell(&mut turn);
    }

    fn save(&self) -> Vec<u8> {
        self.saved().to_string().into_bytes()
    }

    fn restore(&mut self, version: u32, state: &[u8]) -> Result<(), String> {
        self.restored(version, state)
    }
}

impl Centre {
    fn take(&mut self, turn: &mut Turn, body: Body) {
        match body {
            Body::StepStarted(start) if start.name == "enter" => self.enter(turn, start),
            Body::StepStarted(start) => self.dialled_code(turn, &start),
            Body::StepAnswered(answer) => self.answered(turn, answer),
            Body::StepGone(step) if self.visits.contains(&step) => self.gone(turn, step),
            Body::StepGone(_) => self.ignored += 1,
            Body::Event(event) => self.heard(turn, &event),
            Body::Timer(_) => self.armed_ms = None,
            Body::Request(request) => self.request(turn, &request),
            Body::Refused((action, _)) => self.refused(turn, action),
            Body::HttpAnswered(_) => self.ignored += 1,
        }
    }

    /// A fact of the switch about a call of ours.
    fn heard(&mut self, turn: &mut Turn, event: &Event) {
        let call = event.call.as_deref().unwrap_or_default();
        match event.topic.as_str() {
            "call.started" => return self.own_call(turn, call, &event.data()),
            "call.ended" => self.own_call_over(turn, call),
            _ => {}
        }
        let Some(&number) = self.contacts.get(call) else {
            return;
        };
        // Leg 1 is the customer's: a hold there is not the agent's.
        let by_agent = event.leg.is_some_and(|leg| leg != 1);
        match event.topic.as_str() {
            "call.bridged" => self.connected(turn, number),
            "leg.held" if by_agent => self.hold(turn, number, true),
            "leg.resumed" if by_agent => self.hold(turn, number, false),
            "call.ended" => self.gone(turn, number),
            _ => {}
        }
    }

    /// The host would not do something: a step that is no more has no visit either.
    fn refused(&mut self, turn: &mut Turn, action: u64) {
        let awaits = |visit: &Visit| visit.awaited == action && action != 0;
        let found = self.visits.values().find(|visit| awaits(visit));
        let found = found.map(|visit| visit.place.visit);
        match found {
            Some(number) => self.gone(turn, number),
            None => self.ignored += 1,
        }
    }

    fn due(&mut self, turn: &mut Turn) {
        while let Some(first) = self.dues.first() {
            if first.0 > turn.now_ms {
                break;
            }
            let first = first.clone();
            self.dues.remove(&first);
            match first.1 {
                Due::Visit(number) => self.woken(turn, number),
                Due::Agent(name) => self.rested(turn, &name),
            }
        }
    }

    /// Changes an agent; what others may see of it is told where it differs.
    pub(crate) fn set_agent(
        &mut self,
        turn: &mut Turn,
        name: &str,
        change: impl FnOnce(&mut Agent),
    ) {
        // Little here: every change has a copy of this.
        let Some(agent) = self.agents.get_mut(name) else {
            self.ignored += 1;
            return;
        };
        let before = agent.clone();
        change(agent);
        self.agent_changed(turn, name, before);
    }

    #[inline(never)]
    fn agent_changed(&mut self, turn: &mut Turn, name: &str, before: Agent) {
        let Some(agent) = self.agents.get_mut(name) else {
            return;
        };
        if before.not_before_ms != agent.not_before_ms {
            let due = Due::Agent(name.to_owned());
            self.dues.remove(&(before.not_before_ms, due.clone()));
            if agent.not_before_ms > turn.now_ms {
                self.dues.add((agent.not_before_ms, due));
            }
        }
        self.changed.look = true;
        let same = before.presence == agent.presence && before.slot == agent.slot;
        if same && before.state() == agent.state() {
            return;
        }
        agent.since_ms = turn.now_ms;
        let visit = agent.visit.and_then(|number| self.visits.get(&number));
        let event = agent
            .facts()
            .with("agent", name)
            .with("contact", visit.map(|visit| visit.contact.as_str()))
            .with("at_ms", turn.now_ms);
        turn.actions.publish("queue.agent-state", event);
        self.changed.agents.add(name.to_owned());
        self.queues_changed(name);
    }

    /// The facts of an agent's queues are told anew.
    pub(crate) fn queues_changed(&mut self, agent: &str) {
        for queue in self.settings.agents.get(agent).into_iter().flatten() {
            self.changed.queues.add(queue.clone());
        }
    }

    /// When a waiting visit must be looked at next.
    pub(crate) fn set_wake(&mut self, number: u64) {
        let Some(visit) = self.visits.get_mut(&number) else {
            return;
        };
        let due = Due::Visit(number);
        self.dues.remove(&(visit.wakes_at_ms, due.clone()));
        visit.wakes_at_ms = 0;
        if visit.phase != Phase::Waiting {
            return;
        }
        visit.wakes_at_ms = [visit.announce_at_ms, visit.opens_at_ms]
            .into_iter()
            .filter(|at| *at > 0)
            .fold(visit.gives_up_at_ms, u64::min);
        self.dues.add((visit.wakes_at_ms, due));
    }

    /// Agents of a queue that are at work.
    pub(crate) fn logged_in(&self, queue: &str) -> usize {
        self.agents_of(queue)
            .filter(|agent| agent.presence != Presence::LoggedOut)
            .count()
    }

    fn agents_of(&self, queue: &str) -> impl Iterator<Item = &Agent> {
        let queue = self.settings.queues.get(queue);
        let tiers = queue.into_iter().flat_map(|queue| &queue.service.tiers);
        tiers.filter_map(|tier| self.agents.get(&tier.agent))
    }

    /// What anybody may know of a queue.
    pub(crate) fn queue_facts(&self, name: &str, now_ms: u64) -> Json {
        let line = self.lines.get(name);
        let oldest = line.and_then(|line| line.keys().map(|place| place.queued_at_ms).min());
        let in_slot = |slot: Slot| self.agents_of(name).filter(|a| a.slot == slot).count();
        let ready = self.agents_of(name).filter(|a| a.takes_contacts(now_ms));
        Json::object()
            .with("waiting", line.map_or(0, Set::len))
            .with(
                "longest_waiting_ms",
                oldest.map_or(0, |at| now_ms.saturating_sub(at)),
            )
            .with("oldest_queued_at_ms", oldest)
            .with("logged_in", self.logged_in(name))
            .with("ready", ready.count())
            .with("reserved", in_slot(Slot::Reserved))
            .with("talking", in_slot(Slot::Busy) + in_slot(Slot::Held))
            .with("wrap_up", in_slot(Slot::WrapUp))
            .with("closed", self.closed.contains(name))
            .with("at_ms", now_ms)
    }

    /// Retains what changed and sets the timer to the first that is due.
    fn tell(&mut self, turn: &mut Turn) {
        for (name, ()) in std::mem::take(&mut self.changed.agents) {
            if let Some(agent) = self.agents.get(&name) {
                turn.actions.retain("queue.agent", &name, agent.facts());
            }
        }
        for (name, ()) in std::mem::take(&mut self.changed.queues) {
            let facts = self.queue_facts(&name, turn.now_ms);
            turn.actions.retain("queue.stats", &name, facts);
        }
        let first = self.dues.first().map(|first| first.0);
        if first != self.armed_ms {
            match first {
                Some(at_ms) => turn.actions.set_timer(TIMER, at_ms),
                None => turn.actions.clear_timer(TIMER),
            };
            self.armed_ms = first;
        }
    }
}
