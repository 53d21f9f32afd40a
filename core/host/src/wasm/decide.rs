//! What a guest is asked, as a future that ends with what it decided.
//!
//! A call script's future owns its instance to the end; a router's or connector's gives it back,
//! so that the next decision finds it warm. After a trap there is nothing to give back.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use cordboard_steps::script::{LogLevel, ScriptError};

use super::code::Code;
use super::engine::WasmEngine;
use super::failure;
use super::instance::{Asked, Instance};
use super::state::{Exchange, Purpose, Room};
use crate::contract::{Event, Found, Reasoned};
use crate::module::{Module, StepBegin};

/// How a guest's program ended.
pub(super) struct Ended {
    /// The instance, where it may serve again.
    pub instance: Option<Instance>,
    pub lines: Vec<(LogLevel, String)>,
    pub result: Result<Decision, ScriptError>,
}

/// What a guest decided.
pub(super) enum Decision {
    Outcome(String),
    Routed(Reasoned),
    Found(Found),
    Heard,
}

pub(super) type Program = Pin<Box<dyn Future<Output = Ended> + Send>>;

/// What a router or connector is asked.
pub(super) enum Ask {
    Route(Box<StepBegin>),
    LookUp(Box<StepBegin>),
    Event(Event),
}

impl Ask {
    pub fn purpose(&self) -> Purpose {
        match self {
            Ask::Route(_) => Purpose::AtOnce,
            Ask::LookUp(begin) => Purpose::Waits {
                call: Some(Box::new(begin.call.clone())),
                outcomes: Vec::new(),
            },
            Ask::Event(_) => Purpose::Waits {
                call: None,
                outcomes: Vec::new(),
            },
        }
    }

    pub async fn of(self, mut instance: Instance, name: String) -> Ended {
        if !matches!(self, Ask::Route(_)) {
            instance.tell_lines().await;
        }
        let result = match self {
            Ask::Route(begin) => {
                let asked = instance.route(&begin.request()).await;
                settled_warm(&name, asked, Decision::Routed)
            }
            Ask::LookUp(begin) => {
                let asked = instance.look_up(&begin.query()).await;
                settled_warm(&name, asked, Decision::Found)
            }
            Ask::Event(event) => {
                let asked = instance.on_event(&event).await;
                settled_warm(&name, asked, |()| Decision::Heard)
            }
        };
        let lines = instance.take_lines();
        match result {
            Ok(result) => Ended {
                instance: Some(instance),
                lines,
                result,
            },
            Err(error) => Ended::failed(error),
        }
    }
}

impl Ended {
    pub fn failed(error: ScriptError) -> Ended {
        Ended {
            instance: None,
            lines: Vec::new(),
            result: Err(error),
        }
    }
}

/// The outer error ends the instance, the inner one is the module's own word.
fn settled_warm<T>(
    name: &str,
    asked: Asked<T>,
    decision: impl FnOnce(T) -> Decision,
) -> Result<Result<Decision, ScriptError>, ScriptError> {
    Ok(asked?
        .map(decision)
        .map_err(|refusal| failure::refused(name, refusal)))
}

fn settled<T>(
    name: &str,
    asked: Asked<T>,
    decision: impl FnOnce(T) -> Decision,
) -> Result<Decision, ScriptError> {
    settled_warm(name, asked, decision)?
}

/// What an instance is made of.
pub(super) struct Making {
    pub engine: Arc<WasmEngine>,
    pub code: Arc<Code>,
    pub module: Arc<Module>,
    pub exchange: Arc<Exchange>,
    pub room: Room,
}

impl Making {
    /// A call script's whole life.
    pub async fn script(self, begin: Box<StepBegin>) -> Ended {
        let name = self.module.name.clone();
        let arguments = begin.step.arguments.to_string();
        let purpose = Purpose::Waits {
            call: Some(Box::new(begin.call)),
            outcomes: begin.step.outcomes,
        };
        let mut instance = match self.instance(purpose).await {
            Ok(instance) => instance,
            Err(error) => return Ended::failed(error),
        };
        instance.tell_lines().await;
        let asked = instance.run(&begin.step.step, &arguments).await;
        Ended {
            instance: None,
            lines: Vec::new(),
            result: settled(&name, asked, Decision::Outcome),
        }
    }

    /// A decision in a new instance.
    pub async fn decide(self, ask: Ask) -> Ended {
        let name = self.module.name.clone();
        match self.instance(ask.purpose()).await {
            Ok(instance) => ask.of(instance, name).await,
            Err(error) => Ended::failed(error),
        }
    }

    async fn instance(self, purpose: Purpose) -> Result<Instance, ScriptError> {
        let with = (purpose, self.room);
        let make = Instance::make(self.engine, self.code, self.module, self.exchange, with);
        // In a box of its own, which goes when the instance is made: a program that stands still
        // keeps nothing of it.
        Box::pin(make).await
    }
}
