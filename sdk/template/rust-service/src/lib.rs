//! {{name}}: greets callers, and those who called before otherwise.
//!
//! A service is one instance for all calls of a tenant. It is told what happens, input by input,
//! and answers with wishes; it never waits, has no clock and draws no lots, so that the switch can
//! replay it after a crash: the same inputs must give the same state and the same wishes.

use cordboard_module::ordered::Map;
use cordboard_module::{Actions, Body, Input, Json, Operation, Service, StepStart};

/// Numbers that are remembered; beyond it a new caller is always a first one.
const CALLERS_MAX: usize = 10_000;

#[derive(Default)]
struct Module {
    first: String,
    again: String,
    /// By number.
    callers: Map<String, Caller>,
    /// Steps whose greeting plays, and how they end.
    greeting: Map<u64, &'static str>,
}

#[derive(Default)]
struct Caller {
    calls: u64,
    last_ms: u64,
}

impl Service for Module {
    fn start(settings: &Json) -> Result<Self, Vec<String>> {
        Ok(Self {
            first: settings["first"].str().to_owned(),
            again: settings["again"].str().to_owned(),
            ..Self::default()
        })
    }

    fn handle(&mut self, input: Input, actions: &mut Actions) {
        match input.body {
            // A route has come to `{{name}}.greet`.
            Body::StepStarted(step) => self.greet(&step, input.at_ms, actions),
            // The greeting is over: so is the step.
            Body::StepAnswered(answered) => {
                if let Some(outcome) = self.greeting.remove(&answered.step) {
                    actions.end_step(answered.step, outcome);
                }
            }
            // The caller left in the middle.
            Body::StepGone(step) => drop(self.greeting.remove(&step)),
            Body::Request(asked) => {
                actions.reply(asked.request, Ok(self.list()));
            }
            _ => {}
        }
    }

    fn save(&self) -> Vec<u8> {
        let greeting = self.greeting.iter().map(|(step, outcome)| {
            Json::object().with("step", *step).with("outcome", *outcome)
        });
        let state = Json::object()
            .with("callers", self.list())
            .with("greeting", greeting.collect::<Json>());
        state.to_string().into_bytes()
    }

    fn restore(&mut self, _version: u32, state: &[u8]) -> Result<(), String> {
        let text = std::str::from_utf8(state).map_err(|_| "the state is no text".to_owned())?;
        let saved = Json::parse(text)?;
        let callers = saved["callers"].items().iter().map(|caller| {
            let (calls, last_ms) = (caller["calls"].u64(), caller["last_ms"].u64());
            (caller["number"].str().to_owned(), Caller { calls, last_ms })
        });
        self.callers = callers.collect();
        let greeting = saved["greeting"].items().iter();
        self.greeting = greeting
            .map(|one| (one["step"].u64(), outcome(one["outcome"].str() == "again")))
            .collect();
        Ok(())
    }
}

fn outcome(again: bool) -> &'static str {
    if again { "again" } else { "first" }
}

impl Module {
    fn greet(&mut self, step: &StepStart, now_ms: u64, actions: &mut Actions) {
        let number = &step.caller.number;
        let again = self.callers.contains(number.as_str());
        // Who withholds the number is nobody we know.
        let room = again || self.callers.len() < CALLERS_MAX;
        if room && !number.is_empty() {
            let caller = self.callers.entry(number);
            caller.calls += 1;
            caller.last_ms = now_ms;
        }
        let prompt = if again { &self.again } else { &self.first };
        actions.step(step.step, Operation::prompt(prompt, None));
        self.greeting.insert(step.step, outcome(again));
        // Others may hear that, and read how many there are.
        let told = Json::object().with("number", number).with("again", again);
        actions.publish("{{name}}.caller-greeted", told);
        actions.retain("{{name}}.callers", "all", Json::object().with("known", self.callers.len()));
    }

    fn list(&self) -> Json {
        let callers = self.callers.iter().map(|(number, caller)| {
            Json::object()
                .with("number", number)
                .with("calls", caller.calls)
                .with("last_ms", caller.last_ms)
        });
        callers.collect()
    }
}

cordboard_module::register!(service: Module);
