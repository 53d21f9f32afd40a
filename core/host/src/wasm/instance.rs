//! One instance: made, started, asked. Whoever polls these futures is the thread it lives on.
//!
//! After a trap or an overrun the instance is of no use and is dropped with its future; until then
//! a router or connector decides many times in the same instance.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use cordboard_steps::script::{LogLevel, ScriptError, ScriptErrorKind, ScriptOp};
use wasmtime::Store;
use wasmtime::component::Resource;

use super::bindings::script::cordboard::module::types;
use super::bindings::{connector, reporter, router, script, service};
use super::code::{Code, Pre};
use super::convert;
use super::engine::WasmEngine;
use super::failure;
use super::state::{Exchange, Purpose, Room, Seat, State};
use crate::contract::{
    Action, Event, Found, Input, Query, Reasoned, Refused, Report, RouteRequest, STATE_BYTES_MAX,
};
use crate::crew;
use crate::module::Module;
use crate::quota::Account;

/// A guest's own answer, or its refusal; the outer error is the end of the instance.
pub(super) type Asked<T> = Result<Result<T, Refused>, ScriptError>;

/// An instance of some world.
pub(super) struct Instance {
    store: Store<State>,
    live: Live,
}

enum Live {
    CallScript(script::CallScript),
    Router(router::Router),
    Connector(connector::Connector),
    Service(service::Service),
    Reporter(reporter::Reporter),
}

/// Room for one instance, or why there is none.
pub(super) fn room(engine: &Arc<WasmEngine>, module: &Module) -> Result<Room, ScriptError> {
    room_with(engine, module, 0)
}

/// The same with so many instances above the module's own limit.
pub(super) fn room_with(
    engine: &Arc<WasmEngine>,
    module: &Module,
    spare: u32,
) -> Result<Room, ScriptError> {
    let full = |what: String| failure::plain(ScriptErrorKind::Overload, what);
    let Some(seat) = Seat::take(module, spare) else {
        return Err(full(format!(
            "module `{0}`: all its {1} instances are in use: `instances` under [limits] in its \
             module.toml asks for more",
            module.name, module.limits.instances_max
        )));
    };
    let account = engine.account(&module.tenant);
    let Some(permit) = account.enter() else {
        return Err(full(format!(
            "module `{}`: all {} instances of tenant `{}` are in use: `instances` in its `modules` \
             ceiling allows more",
            module.name,
            account.quota().instances_max,
            module.tenant
        )));
    };
    let Some(place) = engine.enter() else {
        return Err(full(format!(
            "module `{}`: all {} WASM instances of the node are in use",
            module.name,
            engine.limits().instances_max
        )));
    };
    Ok(Room {
        place,
        seat,
        permit,
        account,
    })
}

impl Instance {
    /// Makes an instance and calls its `lifecycle.start`.
    pub async fn make(
        engine: Arc<WasmEngine>,
        code: Arc<Code>,
        module: Arc<Module>,
        exchange: Arc<Exchange>,
        (purpose, room): (Purpose, Room),
    ) -> Result<Instance, ScriptError> {
        let mut store = State::store(&engine, &module, &exchange, purpose, room);
        let live = match &code.pre {
            Pre::CallScript(pre) => pre
                .instantiate_async(&mut store)
                .await
                .map(Live::CallScript),
            Pre::Router(pre) => pre.instantiate_async(&mut store).await.map(Live::Router),
            Pre::Connector(pre) => pre.instantiate_async(&mut store).await.map(Live::Connector),
            Pre::Service(pre) => pre.instantiate_async(&mut store).await.map(Live::Service),
            Pre::Reporter(pre) => pre.instantiate_async(&mut store).await.map(Live::Reporter),
        };
        let live = live.map_err(|e| failure::not_made(&module.name, &e, store.data()))?;
        let mut instance = Instance { store, live };
        let started = instance.start().await;
        match instance.sound(started)? {
            Ok(()) => {}
            Err(reasons) => {
                return Err(failure::plain(
                    ScriptErrorKind::Runtime,
                    format!(
                        "module `{}` does not start: {}",
                        module.name,
                        reasons.join("; ")
                    ),
                ));
            }
        }
        instance.store.data_mut().starting = false;
        Ok(instance)
    }

    async fn start(&mut self) -> wasmtime::Result<Result<(), Vec<String>>> {
        let store = &mut self.store;
        match &self.live {
            Live::CallScript(g) => g.cordboard_module_lifecycle().call_start(store).await,
            Live::Router(g) => g.cordboard_module_lifecycle().call_start(store).await,
            Live::Connector(g) => g.cordboard_module_lifecycle().call_start(store).await,
            Live::Service(g) => g.cordboard_module_lifecycle().call_start(store).await,
            Live::Reporter(g) => g.cordboard_module_lifecycle().call_start(store).await,
        }
    }

    /// A result of wasmtime as one of ours.
    fn sound<T>(&self, result: wasmtime::Result<T>) -> Result<T, ScriptError> {
        let state = self.store.data();
        result.map_err(|e| failure::trapped(&state.module.name, &e, state))
    }

    fn other_world<T>(&self, wanted: &str) -> Result<T, ScriptError> {
        Err(crate::module::wrong_world(
            &self.store.data().module,
            wanted,
        ))
    }

    /// A guest's answer that has a refusal of the contract in it.
    fn answered<T, R>(
        &self,
        result: wasmtime::Result<Result<T, types::Error>>,
        turn: impl FnOnce(T) -> R,
    ) -> Asked<R> {
        Ok(self.sound(result)?.map(turn).map_err(convert::refused))
    }

    /// Log lines of a world that keeps them.
    pub fn take_lines(&mut self) -> Vec<(LogLevel, String)> {
        std::mem::take(&mut self.store.data_mut().lines)
    }

    /// Tells the call's log what was written while it started.
    pub async fn tell_lines(&mut self) {
        for (level, message) in self.take_lines() {
            let state = self.store.data_mut();
            state.ask(ScriptOp::Log { level, message }).await;
        }
    }

    /// Another turn: who drives it, and for what.
    pub fn lend(&mut self, purpose: Purpose) {
        self.store.data_mut().purpose = purpose;
        self.store.set_epoch_deadline(1);
    }

    /// `scripting.run`.
    pub async fn run(&mut self, step: &str, arguments: &str) -> Asked<String> {
        let Live::CallScript(guest) = &self.live else {
            return self.other_world("call-script");
        };
        let (arguments, call) = (arguments.to_owned(), Resource::new_own(0));
        let scripting = guest.cordboard_module_scripting();
        let result = scripting
            .call_run(&mut self.store, step, &arguments, call)
            .await;
        self.answered(result, |outcome| outcome)
    }

    /// `routing.route`.
    pub async fn route(&mut self, request: &RouteRequest) -> Asked<Reasoned> {
        let Live::Router(guest) = &self.live else {
            return self.other_world("router");
        };
        let request = convert::request(request);
        let routing = guest.cordboard_module_routing();
        let result = routing.call_route(&mut self.store, &request).await;
        self.answered(result, convert::reasoned)
    }

    /// `connecting.look-up`.
    pub async fn look_up(&mut self, query: &Query) -> Asked<Found> {
        let Live::Connector(guest) = &self.live else {
            return self.other_world("connector");
        };
        let query = convert::query(query);
        let connecting = guest.cordboard_module_connecting();
        let result = connecting.call_look_up(&mut self.store, &query).await;
        self.answered(result, convert::found)
    }

    /// `connecting.on-event`.
    pub async fn on_event(&mut self, event: &Event) -> Asked<()> {
        let Live::Connector(guest) = &self.live else {
            return self.other_world("connector");
        };
        let event = convert::event(event);
        let connecting = guest.cordboard_module_connecting();
        let result = connecting.call_on_event(&mut self.store, &event).await;
        self.answered(result, |()| ())
    }

    /// `serving.handle`.
    pub async fn handle(&mut self, inputs: &[Input]) -> Result<Vec<Action>, ScriptError> {
        let Live::Service(guest) = &self.live else {
            return self.other_world("service");
        };
        let inputs: Vec<_> = inputs.iter().map(convert::input).collect();
        let serving = guest.cordboard_module_serving();
        let result = serving.call_handle(&mut self.store, &inputs).await;
        let actions = self.sound(result)?;
        let actions: Result<Vec<Action>, String> =
            actions.into_iter().map(convert::action).collect();
        actions.map_err(|why| {
            let name = &self.store.data().module.name;
            failure::plain(ScriptErrorKind::Runtime, format!("module `{name}`: {why}"))
        })
    }

    /// `reporting.fold`.
    pub async fn fold(&mut self, events: &[Event]) -> Result<(), ScriptError> {
        let Live::Reporter(guest) = &self.live else {
            return self.other_world("reporter");
        };
        let events: Vec<_> = events.iter().map(convert::event).collect();
        let reporting = guest.cordboard_module_reporting();
        let result = reporting.call_fold(&mut self.store, &events).await;
        self.sound(result)
    }

    /// `reporting.render`.
    pub async fn render(&mut self, verb: &str, arguments: &str) -> Asked<Report> {
        let Live::Reporter(guest) = &self.live else {
            return self.other_world("reporter");
        };
        let arguments = arguments.to_owned();
        let reporting = guest.cordboard_module_reporting();
        let result = reporting
            .call_render(&mut self.store, verb, &arguments)
            .await;
        self.answered(result, convert::report)
    }

    /// `save` of a service or reporter.
    pub async fn save(&mut self) -> Result<Vec<u8>, ScriptError> {
        let store = &mut self.store;
        let result = match &self.live {
            Live::Service(g) => g.cordboard_module_serving().call_save(store).await,
            Live::Reporter(g) => g.cordboard_module_reporting().call_save(store).await,
            _ => return self.other_world("service or reporter"),
        };
        let state = self.sound(result)?;
        if state.len() > STATE_BYTES_MAX {
            let name = &self.store.data().module.name;
            return Err(failure::plain(
                ScriptErrorKind::Memory,
                format!(
                    "module `{name}` saved {} bytes; {STATE_BYTES_MAX} is the most",
                    state.len()
                ),
            ));
        }
        Ok(state)
    }

    /// `restore` of a service or reporter.
    pub async fn restore(
        &mut self,
        version: u32,
        state: &[u8],
    ) -> Result<Result<(), String>, ScriptError> {
        let store = &mut self.store;
        let result = match &self.live {
            Live::Service(g) => {
                let serving = g.cordboard_module_serving();
                serving.call_restore(store, version, state).await
            }
            Live::Reporter(g) => {
                let reporting = g.cordboard_module_reporting();
                reporting.call_restore(store, version, state).await
            }
            _ => return self.other_world("service or reporter"),
        };
        self.sound(result)
    }
}

/// Polls a guest that never waits for anybody to its end. Its budget of CPU time bounds this.
pub(super) fn at_once<T>(
    engine: &WasmEngine,
    module: &Module,
    exchange: &Exchange,
    guest: impl Future<Output = T>,
) -> T {
    let mut guest = pin!(guest);
    let account = engine.account(&module.tenant);
    exchange.turn(None);
    loop {
        let (polled, spent) = slice(engine, exchange, guest.as_mut());
        pay(engine, &account, spent);
        match polled {
            Poll::Ready(done) => return done,
            Poll::Pending => crew::breathe(),
        }
    }
}

/// The tenant pays for a slice; on a thread of the crew it does so there.
pub(super) fn pay(engine: &WasmEngine, account: &Account, spent: std::time::Duration) {
    if !crew::is_here() {
        account.spend(engine.now(), spent);
    }
}

/// One slice of a guest, and the CPU time that it took.
pub(super) fn slice<F: Future + ?Sized>(
    engine: &WasmEngine,
    exchange: &Exchange,
    guest: Pin<&mut F>,
) -> (Poll<F::Output>, std::time::Duration) {
    exchange.poll_begins(&engine.time);
    let polled = guest.poll(&mut Context::from_waker(Waker::noop()));
    let spent = exchange.poll_ends(&engine.time);
    (polled, spent)
}
