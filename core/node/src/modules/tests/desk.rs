//! A service in Rust: people come and go, events are counted, a reminder rings.

use std::any::Any;
use std::sync::Arc;

use cordboard_call::event::Direction;
use cordboard_call::ids::{CallId, TenantId};
use cordboard_host::contract::{Act, Action, Body, Input};
use cordboard_host::module::{
    Guest, Module, ReporterGuest, RouterGuest, ServiceGuest, wrong_world,
};
use cordboard_steps::{
    Program, ScriptCall, ScriptError, ScriptErrorKind, ScriptOp, ScriptStart, StepProgram,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub const MANIFEST: &str = r#"
name = "desk"
version = "1.0.0"
contract = "0.1"
world = "service"
kind = "wasm"
entry = "desk.wasm"
state-version = 1
subscribe = ["shop.sold"]
publish = ["came", "reminded"]
retain = ["board"]
[[step]]
name = "enter"
outcomes = ["seen"]
[[operation]]
verb = "login"
arguments = [{ name = "user", type = "user", required = true }]
[[operation]]
verb = "list"
[[operation]]
verb = "heard"
[[operation]]
verb = "remind"
"#;

/// What differs between versions of it.
#[derive(Clone, Debug, Default)]
pub struct Behaviour {
    pub greets: &'static str,
    pub refuses_state: bool,
}

#[derive(Debug)]
pub struct DeskCode(pub Behaviour);

impl Guest for DeskCode {
    fn check(&self, _: &Arc<Module>) -> Result<(), Vec<String>> {
        Ok(())
    }
    fn router(&self, module: &Arc<Module>) -> Result<Box<dyn RouterGuest>, ScriptError> {
        Err(wrong_world(module, "router"))
    }
    fn service(&self, _: &Arc<Module>) -> Result<Box<dyn ServiceGuest>, ScriptError> {
        Ok(Box::new(Desk {
            behaviour: self.0.clone(),
            state: State::default(),
        }))
    }
    fn reporter(&self, module: &Arc<Module>) -> Result<Box<dyn ReporterGuest>, ScriptError> {
        Err(wrong_world(module, "reporter"))
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct State {
    on_duty: Vec<String>,
    sold: u64,
    sum: u64,
    actions: u64,
}

struct Desk {
    behaviour: Behaviour,
    state: State,
}

impl Desk {
    fn acts(&mut self, input: &Input) -> Vec<Act> {
        match &input.body {
            Body::Event(event) => {
                self.state.sold += 1;
                self.state.sum += event.payload.as_u64().unwrap_or(0);
                Vec::new()
            }
            Body::StepStarted(start) => vec![Act::Step {
                step: start.step,
                operation: ScriptOp::Answer,
            }],
            Body::StepAnswered { step, .. } => vec![Act::EndStep {
                step: *step,
                outcome: "seen".into(),
            }],
            Body::Timer { .. } => vec![Act::Publish {
                topic: "desk.reminded".into(),
                payload: json!({}),
            }],
            Body::Request {
                request,
                verb,
                arguments,
                ..
            } => self.answer(*request, verb, arguments, input.at_ms),
            _ => Vec::new(),
        }
    }

    fn answer(&mut self, request: u64, verb: &str, arguments: &Value, at_ms: u64) -> Vec<Act> {
        let mut acts = Vec::new();
        let mut answer = json!({ "on_duty": self.state.on_duty });
        match verb {
            "login" => {
                let user = arguments["user"].as_str().unwrap_or_default().to_owned();
                self.state.on_duty.push(user.clone());
                answer = json!({ "on_duty": self.state.on_duty });
                acts.push(Act::Publish {
                    topic: "desk.came".into(),
                    payload: json!({ "user": user }),
                });
                acts.push(Act::Retain {
                    topic: "desk.board".into(),
                    key: "all".into(),
                    payload: Some(json!(self.state.on_duty)),
                });
            }
            "heard" => answer = json!({ "sold": self.state.sold, "sum": self.state.sum }),
            "remind" => acts.push(Act::SetTimer {
                name: "reminder".into(),
                at_ms: at_ms + 200,
            }),
            _ => {}
        }
        if !self.behaviour.greets.is_empty() {
            answer["by"] = json!(self.behaviour.greets);
        }
        acts.push(Act::Reply {
            request,
            answer: Ok(answer),
        });
        acts
    }
}

impl ServiceGuest for Desk {
    fn handle(&mut self, inputs: &[Input]) -> Result<Vec<Action>, ScriptError> {
        let mut actions = Vec::new();
        for input in inputs {
            if let Body::StepStarted(start) = &input.body
                && start.dialled == "trap"
            {
                self.state = State::default();
                return Err(ScriptError {
                    message: "unreachable".into(),
                    line: None,
                    stack: String::new(),
                    kind: ScriptErrorKind::Runtime,
                });
            }
            for act in self.acts(input) {
                self.state.actions += 1;
                let id = self.state.actions;
                actions.push(Action { id, act });
            }
        }
        Ok(actions)
    }

    fn save(&mut self) -> Result<Vec<u8>, ScriptError> {
        Ok(serde_json::to_vec(&self.state).unwrap())
    }

    fn restore(&mut self, _: u32, state: &[u8]) -> Result<Result<(), String>, ScriptError> {
        if self.behaviour.refuses_state {
            return Ok(Err("I begin anew".into()));
        }
        self.state = serde_json::from_slice(state).unwrap();
        Ok(Ok(()))
    }
}

pub fn call(n: u64) -> CallId {
    CallId::new(1_000, 0, u128::from(n))
}

pub fn start(n: u64) -> ScriptStart {
    ScriptStart {
        program: Program::Step(Box::new(StepProgram {
            module: "desk".into(),
            step: "enter".into(),
            arguments: json!({}),
            outcomes: Vec::new(),
        })),
        arguments: Default::default(),
        call: ScriptCall {
            id: call(n),
            tenant: TenantId::new("demo"),
            direction: Direction::Inbound,
            caller: "+441".into(),
            caller_name: None,
            dialled: "100".into(),
            user: None,
            trunk: None,
            answered: false,
            at_ms: 1_000,
            variables: Default::default(),
        },
    }
}
