//! Services in a simulation: the production driver, with virtual time and nothing behind it.
//!
//! A service lives as long as its test, so a call may log somebody in and the next one may find
//! him. Calls of a test may begin at the same clock; a service's time only goes forward, so what
//! passed before is added to it. Its own events come back to it and to others that subscribe;
//! its http requests are answered by the test's `http` lines, and calls that it wants to start are
//! taken or refused by its `start` lines; nothing more is heard of such a call.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use cordboard_dialplan::route::Test;
use cordboard_host::contract::{Event, Refused, StartCall, StepStart};
use cordboard_host::module::{Module, StepBegin};
use cordboard_host::service::{Arrival, Driver, Effect, Entry, Identity, Journalled, MakeGuest};
use cordboard_steps::simulate::{Retained, canned_http};
use cordboard_steps::{ScriptAnswer, ScriptCallError, ScriptTurn};

use super::failed;

/// What one turn may set off, in inputs; the rest is not heard.
const INPUTS_MAX: usize = 1_000;

/// The services of a test, made when they are first needed.
#[derive(Default)]
pub struct Services {
    drivers: BTreeMap<String, (Arc<Module>, Driver)>,
    /// Number of the last arrival.
    seq: u64,
    /// The stage's time, as it was told last.
    told_ms: u64,
    /// What is added to it.
    passed_ms: u64,
    /// Whose step runs on which call.
    running: Option<(String, String)>,
    turns: VecDeque<ScriptTurn>,
    retained: Vec<Retained>,
    /// The test's `http` lines.
    http: Vec<(String, u16, String)>,
    /// Its `start` lines.
    starts: Vec<(String, Option<String>)>,
}

impl Services {
    /// The stage's wall clock.
    pub fn set_time(&mut self, unix_ms: u64) {
        let back = self.told_ms.saturating_sub(unix_ms);
        self.passed_ms += back;
        self.told_ms = unix_ms;
    }

    fn now_ms(&self) -> u64 {
        self.told_ms + self.passed_ms
    }

    /// Begins a step.
    pub fn start(&mut self, module: &Arc<Module>, begin: StepBegin) -> ScriptTurn {
        let call = begin.call.id.to_string();
        if let Err(why) = self.make(module) {
            return failed(why);
        }
        self.running = Some((module.name.clone(), call.clone()));
        self.turns.clear();
        let start = StepStart {
            step: 0,
            caller: begin.caller(),
            dialled: begin.call.dialled.clone(),
            answered: begin.call.answered,
            name: begin.step.step,
            arguments: begin.step.arguments,
            variables: begin.call.variables,
            call,
        };
        self.hear(&module.name, Journalled::StepStarted { program: 0, start });
        self.turn()
    }

    /// Answers the operation under way.
    pub fn resume(&mut self, answer: ScriptAnswer) -> ScriptTurn {
        let Some((module, call)) = self.running.clone() else {
            return failed("no step of a service waits for an answer".to_owned());
        };
        let answered = Journalled::StepAnswered {
            call,
            program: 0,
            answer,
        };
        self.hear(&module, answered);
        self.turn()
    }

    /// The caller left.
    pub fn kill(&mut self) {
        if let Some((module, call)) = self.running.take() {
            self.hear(&module, Journalled::StepGone { call, program: 0 });
        }
        self.turns.clear();
    }

    /// A test begins, with its answers to http requests and started calls.
    pub fn begin_test(&mut self, test: &Test) {
        self.http = test.http.clone();
        self.starts = test.starts.clone();
    }

    /// The test is over: the next one begins with no state.
    pub fn forget(&mut self) {
        *self = Services::default();
    }

    /// What the step does now; where it does nothing, a timer may ring. What is left over comes
    /// at once, as a timeout does.
    fn turn(&mut self) -> ScriptTurn {
        if let Some(turn) = self.turns.pop_front() {
            if turn.is_last() {
                self.running = None;
            }
            return turn;
        }
        ScriptTurn::Idle
    }

    /// When a timer rings, by the stage's clock.
    pub fn next_timeout(&self) -> Option<u64> {
        if !self.turns.is_empty() {
            return Some(self.told_ms);
        }
        let due = self
            .drivers
            .values()
            .filter_map(|(_, driver)| driver.next_timer());
        due.min().map(|at| at.saturating_sub(self.passed_ms))
    }

    /// Rings what is due; the turn that came of it, if any.
    pub fn timeout(&mut self) -> Option<ScriptTurn> {
        if !self.turns.is_empty() {
            return Some(self.turn());
        }
        let now = self.now_ms();
        let names: Vec<String> = self.drivers.keys().cloned().collect();
        for name in names {
            let due = match self.drivers.get_mut(&name) {
                Some((_, driver)) => driver.due(now),
                None => Vec::new(),
            };
            for input in due {
                self.hear(&name, input);
            }
        }
        match self.turns.is_empty() {
            true => None,
            false => Some(self.turn()),
        }
    }

    /// Facts that were retained since this was asked last.
    pub fn retained(&mut self) -> Vec<Retained> {
        std::mem::take(&mut self.retained)
    }

    fn make(&mut self, module: &Arc<Module>) -> Result<(), String> {
        if self.drivers.contains_key(&module.name) {
            return Ok(());
        }
        let identity = Identity {
            module: module.name.clone(),
            source: module.manifest.name.clone(),
            state_version: module.manifest.code.state_version,
        };
        let maker = Arc::clone(module);
        let make: MakeGuest = Box::new(move || maker.guest.service(&maker));
        let permit = Box::new(Arc::clone(module));
        let driver = Driver::fresh(identity, permit, make, (1, 0)).map_err(|e| e.to_string())?;
        let made = (Arc::clone(module), driver);
        self.drivers.insert(module.name.clone(), made);
        Ok(())
    }

    /// A service hears one input, and everybody what that sets off.
    fn hear(&mut self, module: &str, input: Journalled) {
        let mut waiting = VecDeque::from([(module.to_owned(), Entry::Input(input))]);
        let mut heard = 0;
        while let Some((module, entry)) = waiting.pop_front() {
            heard += 1;
            if heard > INPUTS_MAX {
                self.turns
                    .push_back(failed(format!("module `{module}` goes round in circles")));
                return;
            }
            self.seq += 1;
            let arrival = Arrival {
                seq: self.seq,
                at_ms: self.now_ms(),
                bytes: 0,
                entry,
            };
            let Some((_, driver)) = self.drivers.get_mut(&module) else {
                continue;
            };
            let handled = driver.handle(vec![arrival]);
            for fault in handled.faults {
                self.turns
                    .push_back(failed(format!("module `{module}`: {fault}")));
            }
            for effect in handled.effects {
                self.effect(&module, effect, &mut waiting);
            }
        }
    }

    fn effect(&mut self, module: &str, effect: Effect, waiting: &mut VecDeque<(String, Entry)>) {
        let mut feed = |input| waiting.push_back((module.to_owned(), Entry::Input(input)));
        match effect {
            Effect::Turn { call, turn, .. } => {
                if self
                    .running
                    .as_ref()
                    .is_some_and(|(_, known)| *known == call)
                {
                    self.turns.push_back(turn);
                }
            }
            Effect::Publish { topic, payload } => self.publish(module, topic, payload, waiting),
            Effect::Retain {
                topic,
                key,
                payload,
            } => self.retained.push((topic, key, payload)),
            Effect::StartCall { action, start } => {
                if let Some(error) = refusal(&self.starts, &start) {
                    feed(Journalled::Refused { action, error });
                }
            }
            Effect::Http { action, send } => {
                let canned = canned_http(&self.http, &send.method, &send.url);
                let (status, body) = match canned {
                    Ok((status, body)) => (Ok(status), body.to_owned()),
                    Err(why) => (Err(unavailable(&why)), String::new()),
                };
                feed(Journalled::HttpAnswered {
                    action,
                    status,
                    body,
                });
            }
            Effect::Feed(input) => feed(*input),
            Effect::Reply { .. } => {}
        }
    }

    fn publish(
        &self,
        module: &str,
        topic: String,
        payload: serde_json::Value,
        waiting: &mut VecDeque<(String, Entry)>,
    ) {
        for (name, (other, _)) in &self.drivers {
            if other.manifest.topics.subscribe.contains(&topic) {
                let event = Event {
                    seq: self.seq,
                    at_ms: self.now_ms(),
                    topic: topic.clone(),
                    call: None,
                    leg: None,
                    payload: payload.clone(),
                };
                waiting.push_back((name.clone(), Entry::Event(event)));
            }
        }
        waiting.push_back((module.to_owned(), Entry::Published { topic }));
    }
}

/// What comes of a started call: nothing where it is taken. The longest line that fits counts.
fn refusal(lines: &[(String, Option<String>)], start: &StartCall) -> Option<Refused> {
    let target = match (&start.user, &start.trunk, &start.number) {
        (Some(user), None, None) => format!("user:{user}"),
        (None, Some(trunk), Some(number)) => format!("trunk:{trunk}:{number}"),
        _ => {
            let message = "a call is to a user, or to a number through a trunk".to_owned();
            let kind = ScriptCallError::Invalid;
            return Some(Refused { kind, message });
        }
    };
    let fits = lines.iter().filter(|(whom, _)| target.starts_with(whom));
    let Some((_, refused)) = fits.max_by_key(|(whom, _)| whom.len()) else {
        let why = format!("no call is started in this test: write `start \"{target}\"` in it");
        return Some(unavailable(&why));
    };
    let word = serde_json::Value::from(refused.as_deref()?);
    let kind = serde_json::from_value(word).unwrap_or(ScriptCallError::Unavailable);
    let message = format!("the test refuses {target}");
    Some(Refused { kind, message })
}

fn unavailable(why: &str) -> Refused {
    Refused {
        kind: ScriptCallError::Unavailable,
        message: why.to_owned(),
    }
}
