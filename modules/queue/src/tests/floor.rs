//! A call centre's floor for stories: calls, agents and a clock around the machine that serves.
//!
//! What the host would do is done here in its simplest form: steps have numbers, an operation that
//! another one replaces answers `busy`, timers ring when the clock passes them.

use std::collections::BTreeMap;

use cordboard_module::{
    Act, Actions, Answer, Body, Caller, Error, Event, Input, Json, Operation, Service, StepAnswer,
    StepStart, Talk, VerbRequest,
};

use crate::Centre;

#[derive(Default)]
struct Step {
    number: u64,
    /// Id and words of the operation under way.
    under_way: Option<(u64, Operation)>,
    last: String,
    over: bool,
}

pub struct Floor {
    pub centre: Centre,
    pub now_ms: u64,
    seq: u64,
    timers: BTreeMap<String, u64>,
    calls: BTreeMap<String, Step>,
    events: Vec<(String, Json)>,
    facts: BTreeMap<(String, String), Json>,
    replies: BTreeMap<u64, Result<String, String>>,
}

impl Floor {
    pub fn open(settings: &str) -> Self {
        Self {
            centre: Centre::start(&Json::parse(settings).unwrap()).unwrap(),
            now_ms: 1_000_000,
            seq: 0,
            timers: BTreeMap::new(),
            calls: BTreeMap::new(),
            events: Vec::new(),
            facts: BTreeMap::new(),
            replies: BTreeMap::new(),
        }
    }

    pub fn input(&mut self, body: Body) {
        let mut bodies = vec![body];
        while let Some(body) = bodies.pop() {
            self.seq += 1;
            let input = Input {
                seq: self.seq,
                at_ms: self.now_ms,
                seed: 0,
                body,
            };
            let mut actions = Actions::of(&input);
            self.centre.handle(input, &mut actions);
            for action in actions.into_list() {
                self.act(action.id, action.act, &mut bodies);
            }
        }
    }

    fn act(&mut self, id: u64, act: Act, bodies: &mut Vec<Body>) {
        match act {
            Act::Step(wish) => {
                let step = self
                    .calls
                    .values_mut()
                    .find(|s| s.number == wish.step && !s.over);
                let step = step.expect("an operation on a step that is over");
                step.last = words(&wish.operation);
                if let Some((old, _)) = step.under_way.replace((id, wish.operation)) {
                    bodies.push(Body::StepAnswered(StepAnswer {
                        step: step.number,
                        action: old,
                        answer: Err(Error::Busy),
                    }));
                }
            }
            Act::EndStep(end) => {
                let step = self
                    .calls
                    .values_mut()
                    .find(|s| s.number == end.step && !s.over);
                if let Some(step) = step {
                    step.last = format!("end {}", end.outcome);
                    step.over = true;
                    step.under_way = None;
                }
            }
            Act::Publish((topic, payload)) => {
                let topic = topic
                    .strip_prefix("queue.")
                    .expect("its own topic")
                    .to_owned();
                self.events.push((topic, Json::parse(&payload).unwrap()));
            }
            Act::Retain(fact) => {
                let value = Json::parse(&fact.payload.unwrap_or_default()).unwrap_or_default();
                self.facts.insert((fact.topic, fact.key), value);
            }
            Act::SetTimer((name, at_ms)) => {
                self.timers.insert(name, at_ms);
            }
            Act::ClearTimer(name) => {
                self.timers.remove(&name);
            }
            Act::Reply((request, answer)) => {
                self.replies.insert(request, answer);
            }
            Act::StartCall(_) | Act::Http(_) => panic!("a queue starts no calls and sends nothing"),
        }
    }

    /// Time passes; timers ring on the way.
    pub fn wait_ms(&mut self, ms: u64) {
        let until = self.now_ms + ms;
        loop {
            let next = self
                .timers
                .iter()
                .map(|(name, at)| (*at, name.clone()))
                .min();
            match next {
                Some((at, name)) if at <= until => {
                    self.timers.remove(&name);
                    self.now_ms = self.now_ms.max(at);
                    self.input(Body::Timer(name));
                }
                _ => break,
            }
        }
        self.now_ms = until;
    }

    pub fn enter(&mut self, call: &str, queue: &str, more: &str) {
        let comma = if more.is_empty() { "" } else { "," };
        let arguments = format!("{{\"queue\":\"{queue}\"{comma}{more}}}");
        self.begin(call, "enter", &arguments, None);
    }

    pub fn dial(&mut self, call: &str, step: &str, user: &str) {
        let user = (!user.is_empty()).then(|| user.to_owned());
        self.begin(call, step, "{}", user);
    }

    fn begin(&mut self, call: &str, name: &str, arguments: &str, user: Option<String>) {
        let number = self.seq + 1;
        self.calls.insert(
            call.to_owned(),
            Step {
                number,
                ..Step::default()
            },
        );
        self.input(Body::StepStarted(StepStart {
            step: number,
            name: name.to_owned(),
            arguments: arguments.to_owned(),
            call: call.to_owned(),
            caller: Caller {
                number: "+442079460999".to_owned(),
                name: None,
                user,
                trunk: None,
            },
            dialled: "+442079460110".to_owned(),
            variables: Vec::new(),
            answered: true,
        }));
    }

    fn answer(&mut self, call: &str, answer: Result<Answer, Error>) {
        let Some((action, _)) = self.calls.get_mut(call).unwrap().under_way.take() else {
            return;
        };
        let step = self.calls[call].number;
        self.input(Body::StepAnswered(StepAnswer {
            step,
            action,
            answer,
        }));
    }

    fn talk(&mut self, call: &str, outcome: &str) {
        let talk = Talk {
            outcome: outcome.to_owned(),
            by: None,
            cause: None,
        };
        self.answer(call, Ok(Answer::Talk(talk)));
    }

    /// What is played is over.
    pub fn over(&mut self, call: &str) {
        self.answer(call, Ok(Answer::Done));
    }

    /// What is played does not exist.
    pub fn broken(&mut self, call: &str) {
        self.answer(call, Err(Error::NotFound("no such prompt".to_owned())));
    }

    pub fn missed(&mut self, call: &str, cause: &str) {
        self.talk(call, cause);
    }

    pub fn talked(&mut self, call: &str) {
        self.talk(call, "answered");
    }

    pub fn bridged(&mut self, call: &str) {
        self.event(call, "call.bridged", "{\"legs\":[1,2]}");
    }

    pub fn leg(&mut self, call: &str, topic: &str, leg: u16) {
        self.fact(call, topic, Some(leg), "{}");
    }

    pub fn event(&mut self, call: &str, topic: &str, payload: &str) {
        self.fact(call, topic, None, payload);
    }

    fn fact(&mut self, call: &str, topic: &str, leg: Option<u16>, payload: &str) {
        self.input(Body::Event(Event {
            seq: self.seq,
            at_ms: self.now_ms,
            topic: topic.to_owned(),
            call: Some(call.to_owned()),
            leg,
            payload: payload.to_owned(),
        }));
    }

    pub fn hang_up(&mut self, call: &str) {
        let step = self.calls.get_mut(call).unwrap();
        step.over = true;
        let number = step.number;
        self.input(Body::StepGone(number));
    }

    /// The caller is gone, and the operation under way says so.
    pub fn gone(&mut self, call: &str) {
        self.answer(call, Err(Error::Gone));
    }

    /// The host refuses what is under way.
    pub fn refuse(&mut self, call: &str) {
        let step = self.calls.get_mut(call).unwrap();
        step.over = true;
        let (action, _) = step.under_way.take().unwrap();
        self.input(Body::Refused((action, Error::Gone)));
    }

    /// Inputs about things that never were.
    pub fn strangers(&mut self) {
        self.input(Body::StepGone(9_999));
        self.input(Body::Refused((9_999, Error::Gone)));
        self.input(Body::StepAnswered(StepAnswer {
            step: 9_999,
            action: 1,
            answer: Ok(Answer::Done),
        }));
        let call = "no-such-call";
        for topic in [
            "call.bridged",
            "call.ended",
            "leg.held",
            "leg.resumed",
            "x.y",
        ] {
            self.event(call, topic, "not json");
        }
        assert!(self.ask("logout", r#"{"agent":"stranger"}"#).is_err());
        assert!(self.ask("fly", "{}").is_err());
    }

    pub fn say(&mut self, verb: &str, agent: &str) {
        self.ask(verb, &format!("{{\"agent\":\"{agent}\"}}"))
            .unwrap();
    }

    pub fn ask(&mut self, verb: &str, arguments: &str) -> Result<Json, String> {
        let request = self.seq + 1;
        self.input(Body::Request(VerbRequest {
            request,
            verb: verb.to_owned(),
            arguments: arguments.to_owned(),
            by: "console".to_owned(),
        }));
        let answer = self.replies.remove(&request).expect("an answer");
        answer.map(|text| Json::parse(&text).unwrap())
    }

    pub fn reload(&mut self, settings: &str) {
        let state = self.centre.save();
        self.centre = Centre::start(&Json::parse(settings).unwrap()).unwrap();
        self.centre.restore(1, &state).unwrap();
    }

    pub fn restore(&mut self, version: u32, state: &[u8]) -> Result<(), String> {
        self.centre.restore(version, state)
    }

    /// The last thing that was wanted of the call.
    pub fn did(&self, call: &str) -> &str {
        &self.calls[call].last
    }

    /// Agents whose phones a call rings now, as the last wish said.
    pub fn under_way(&self, call: &str) -> Option<&Operation> {
        self.calls[call]
            .under_way
            .as_ref()
            .map(|(_, operation)| operation)
    }

    pub fn agent(&self, name: &str) -> &str {
        self.centre.agents.get(name).unwrap().state()
    }

    /// The newest event of this topic.
    pub fn told(&self, topic: &str) -> Json {
        let found = self.events.iter().rev().find(|(known, _)| known == topic);
        found
            .map(|(_, payload)| payload.clone())
            .unwrap_or_default()
    }

    pub fn count(&self, topic: &str) -> usize {
        self.events
            .iter()
            .filter(|(known, _)| known == topic)
            .count()
    }

    /// The retained fact.
    pub fn stats(&self, queue: &str) -> &Json {
        &self.facts[&("queue.stats".to_owned(), queue.to_owned())]
    }

    pub fn status(&mut self) -> Json {
        self.ask("status", "{}").unwrap()
    }
}

fn words(operation: &Operation) -> String {
    match operation {
        Operation::Play(play) => format!("play {}", play.prompts.join(" ")),
        Operation::Ring(ring) => format!("ring {}", ring.users.join(" ")),
        Operation::Wait(_) => "wait".to_owned(),
        _ => "something else".to_owned(),
    }
}
