//! WASM as a kind of module: artefacts in, guests and their instances out.
//!
//! Code is compiled once a process and shared by all tenants that load the same artefact for the
//! same world. Routers, services and reporters are asked here and answer at once; call scripts and
//! connectors wait for their calls, so they run in a `WasmHost`.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use cordboard_steps::script::{ScriptError, ScriptErrorKind};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::code::Code;
use super::engine::WasmEngine;
use super::failure;
use super::host::WasmHost;
use super::instance::{Asked, Instance, at_once, room_with};
use super::state::{Exchange, Purpose};
use crate::contract::{Action, Event, Input, Reasoned, Refused, Report, RouteRequest, World};
use crate::manifest::Manifest;
use crate::module::{
    Artefact, Compiler, Guest, Module, ReporterGuest, RouterGuest, ServiceGuest, wrong_world,
};

/// Makes guests of `.wasm` artefacts.
#[derive(Clone, Debug)]
pub struct WasmCompiler {
    engine: Arc<WasmEngine>,
}

impl WasmCompiler {
    /// One that compiles for this engine.
    pub fn new(engine: &Arc<WasmEngine>) -> WasmCompiler {
        WasmCompiler {
            engine: engine.clone(),
        }
    }
}

impl Compiler for WasmCompiler {
    fn compile(
        &self,
        manifest: &Manifest,
        artefact: &Artefact,
    ) -> Result<Arc<dyn Guest>, Vec<String>> {
        let entry = &manifest.code.entry;
        let Some(bytes) = artefact.file(entry) else {
            return Err(vec![format!(
                "{entry} is not there: `cordboard module build` makes it"
            )]);
        };
        let mut key = manifest.world.word().to_owned();
        for byte in Sha256::digest(bytes) {
            key.push_str(&format!(" {byte:02x}"));
        }
        let code = match self.engine.known(&key) {
            Some(code) => code,
            None => {
                let loaded = Code::load(&self.engine, manifest.world, bytes);
                let loaded = loaded.map_err(|faults| {
                    let told = |fault| format!("{entry}: {fault}");
                    faults.into_iter().map(told).collect::<Vec<_>>()
                })?;
                let code = Arc::new(loaded);
                self.engine.know(key, &code);
                code
            }
        };
        Ok(Arc::new(WasmGuest {
            engine: self.engine.clone(),
            code,
            world: manifest.world,
        }))
    }
}

/// Compiled code of one artefact.
pub struct WasmGuest {
    engine: Arc<WasmEngine>,
    pub(super) code: Arc<Code>,
    pub(super) world: World,
}

impl fmt::Debug for WasmGuest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasmGuest")
            .field("world", &self.world)
            .field("code_bytes", &self.code.bytes)
            .finish_non_exhaustive()
    }
}

impl WasmGuest {
    /// A host for steps of this and every other WASM module of the same engine.
    pub fn host(&self) -> WasmHost {
        WasmHost::new(&self.engine)
    }

    fn alone(&self, module: &Arc<Module>, world: World) -> Result<Alone, ScriptError> {
        if self.world != world {
            return Err(wrong_world(module, world.word()));
        }
        Alone::make(&self.engine, &self.code, module)
    }
}

impl Guest for WasmGuest {
    fn check(&self, module: &Arc<Module>) -> Result<(), Vec<String>> {
        let (engine, code) = (self.engine.clone(), self.code.clone());
        let check = move |module: &Arc<Module>| match Alone::make(&engine, &code, module) {
            Ok(_) => Ok(()),
            Err(error) => Err(vec![error.message]),
        };
        match &self.engine.crew {
            Some(crew) => crate::crew::check(crew, module, check),
            None => check(module),
        }
    }

    fn router(&self, module: &Arc<Module>) -> Result<Box<dyn RouterGuest>, ScriptError> {
        Ok(Box::new(self.alone(module, World::Router)?))
    }

    fn service(&self, module: &Arc<Module>) -> Result<Box<dyn ServiceGuest>, ScriptError> {
        Ok(Box::new(self.alone(module, World::Service)?))
    }

    fn reporter(&self, module: &Arc<Module>) -> Result<Box<dyn ReporterGuest>, ScriptError> {
        Ok(Box::new(self.alone(module, World::Reporter)?))
    }

    fn code_bytes(&self) -> usize {
        self.code.bytes
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Instances above a module's limit while it is reloaded: one that is checked, and one that takes
/// over from the one that still serves.
const SPARE: u32 = 2;

/// An instance that answers at once, on the thread that asks.
struct Alone {
    engine: Arc<WasmEngine>,
    module: Arc<Module>,
    exchange: Arc<Exchange>,
    /// None after a trap.
    instance: Option<Instance>,
}

impl Alone {
    fn make(
        engine: &Arc<WasmEngine>,
        code: &Arc<Code>,
        module: &Arc<Module>,
    ) -> Result<Alone, ScriptError> {
        let exchange = Arc::new(Exchange::default());
        let room = room_with(engine, module, SPARE)?;
        let make = Instance::make(
            engine.clone(),
            code.clone(),
            module.clone(),
            exchange.clone(),
            (Purpose::AtOnce, room),
        );
        let instance = at_once(engine, module, &exchange, make)?;
        Ok(Alone {
            engine: engine.clone(),
            module: module.clone(),
            exchange,
            instance: Some(instance),
        })
    }

    /// Asks it; an instance that failed is dropped and never asked again.
    fn ask<'s, T, F>(
        &'s mut self,
        ask: impl FnOnce(&'s mut Instance) -> F,
    ) -> Result<T, ScriptError>
    where
        F: Future<Output = Result<T, ScriptError>> + 's,
    {
        let Some(instance) = self.instance.as_mut() else {
            let message = format!("module `{}`: this instance has failed", self.module.name);
            return Err(failure::plain(ScriptErrorKind::Runtime, message));
        };
        instance.lend(Purpose::AtOnce);
        at_once(&self.engine, &self.module, &self.exchange, ask(instance))
    }

    /// Drops the instance where it failed.
    fn settle<T>(&mut self, result: Result<T, ScriptError>) -> Result<T, ScriptError> {
        match (&result, self.instance.as_mut()) {
            (Err(_), _) => self.instance = None,
            // Its lines are nobody's: an instance like this one belongs to no call.
            (Ok(_), Some(instance)) => drop(instance.take_lines()),
            (Ok(_), None) => {}
        }
        result
    }
}

impl RouterGuest for Alone {
    fn route(&mut self, request: &RouteRequest) -> Asked<Reasoned> {
        let result = self.ask(|instance| instance.route(request));
        self.settle(result)
    }
}

impl ServiceGuest for Alone {
    fn handle(&mut self, inputs: &[Input]) -> Result<Vec<Action>, ScriptError> {
        let result = self.ask(|instance| instance.handle(inputs));
        self.settle(result)
    }

    fn save(&mut self) -> Result<Vec<u8>, ScriptError> {
        let result = self.ask(|instance| instance.save());
        self.settle(result)
    }

    fn restore(&mut self, version: u32, state: &[u8]) -> Result<Result<(), String>, ScriptError> {
        let result = self.ask(|instance| instance.restore(version, state));
        self.settle(result)
    }
}

impl ReporterGuest for Alone {
    fn fold(&mut self, events: &[Event]) -> Result<(), ScriptError> {
        let result = self.ask(|instance| instance.fold(events));
        self.settle(result)
    }

    fn render(
        &mut self,
        verb: &str,
        arguments: &Value,
    ) -> Result<Result<Report, Refused>, ScriptError> {
        let arguments = arguments.to_string();
        let result = self.ask(|instance| instance.render(verb, &arguments));
        self.settle(result)
    }

    fn save(&mut self) -> Result<Vec<u8>, ScriptError> {
        ServiceGuest::save(self)
    }

    fn restore(&mut self, version: u32, state: &[u8]) -> Result<Result<(), String>, ScriptError> {
        ServiceGuest::restore(self, version, state)
    }
}
