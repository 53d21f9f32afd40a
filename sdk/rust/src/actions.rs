//! What a service wants, in order.
//!
//! Each wish gets an id that names it in answers and refusals: the input's number and a count, so
//! that ids repeat neither within a run nor after a restart, and a replay gives the same ones.

use crate::{Act, Action, Fact, HttpSend, Input, Json, Operation, StartCall, StepAct, StepEnd};

/// Wishes that one input may have before ids would meet those of the next.
const PER_INPUT: u64 = 1 << 16;

/// The wishes of one input.
#[derive(Debug)]
pub struct Actions {
    list: Vec<Action>,
    next: u64,
}

impl Actions {
    /// None yet, for that input.
    pub fn of(input: &Input) -> Self {
        Self {
            list: Vec::new(),
            next: input.seq.wrapping_mul(PER_INPUT).wrapping_add(1),
        }
    }

    /// What was wanted so far, in order.
    pub fn list(&self) -> &[Action] {
        &self.list
    }

    /// All of it.
    pub fn into_list(self) -> Vec<Action> {
        self.list
    }

    /// Any wish; gives its id.
    pub fn push(&mut self, act: Act) -> u64 {
        let id = self.next;
        self.next += 1;
        self.list.push(Action { id, act });
        id
    }

    /// Do this on the step's call. `Body::StepAnswered` with this id says how it went. A new
    /// operation ends the last one, whose answer then is `busy`.
    pub fn step(&mut self, step: u64, operation: Operation) -> u64 {
        self.push(Act::Step(StepAct { step, operation }))
    }

    /// The step is over: the route goes on with `on OUTCOME`.
    pub fn end_step(&mut self, step: u64, outcome: &str) -> u64 {
        let outcome = outcome.to_owned();
        self.push(Act::EndStep(StepEnd { step, outcome }))
    }

    /// Tells everybody who listens, and the journal: a topic of the manifest's `publish`.
    pub fn publish(&mut self, topic: &str, payload: Json) -> u64 {
        self.push(Act::Publish((topic.to_owned(), payload.to_string())))
    }

    /// Keeps a value that everybody may read, in place of the last one.
    pub fn retain(&mut self, topic: &str, key: &str, payload: Json) -> u64 {
        self.fact(topic, key, Some(payload.to_string()))
    }

    /// Forgets such a value.
    pub fn forget(&mut self, topic: &str, key: &str) -> u64 {
        self.fact(topic, key, None)
    }

    fn fact(&mut self, topic: &str, key: &str, payload: Option<String>) -> u64 {
        let (topic, key) = (topic.to_owned(), key.to_owned());
        self.push(Act::Retain(Fact {
            topic,
            key,
            payload,
        }))
    }

    /// `Body::Timer` with this name comes at `at_ms`; the same name again moves it.
    pub fn set_timer(&mut self, name: &str, at_ms: u64) -> u64 {
        self.push(Act::SetTimer((name.to_owned(), at_ms)))
    }

    /// It does not come.
    pub fn clear_timer(&mut self, name: &str) -> u64 {
        self.push(Act::ClearTimer(name.to_owned()))
    }

    /// A call that nobody dialled in. Capability `start-call`.
    pub fn start_call(&mut self, call: StartCall) -> u64 {
        self.push(Act::StartCall(call))
    }

    /// Answers `Body::Request`: a value, or a sentence that says what was wrong.
    pub fn reply(&mut self, request: u64, answer: Result<Json, String>) -> u64 {
        let answer = answer.map(|value| value.to_string());
        self.push(Act::Reply((request, answer)))
    }

    /// An http request; `Body::HttpAnswered` with this id is its answer. Capability `http`.
    pub fn http(&mut self, request: HttpSend) -> u64 {
        self.push(Act::Http(request))
    }
}
