//! What a Cordboard module in Rust is written against.
//!
//! A module implements the one trait of its world and says so with [`register!`]:
//!
//! ```
//! use cordboard_module::{Decision, Error, Json, Reasoned, RouteRequest, Router, Target};
//!
//! struct Routing {
//!     trunk: String,
//! }
//!
//! impl Router for Routing {
//!     fn start(settings: &Json) -> Result<Self, Vec<String>> {
//!         Ok(Self { trunk: settings["trunk"].str().to_owned() })
//!     }
//!
//!     fn route(&mut self, request: RouteRequest) -> Result<Reasoned, Error> {
//!         let to = Target::trunk(&self.trunk).number(&request.dialled);
//!         Ok(Reasoned::from(vec![to]).because("everything goes there"))
//!     }
//! }
//!
//! cordboard_module::register!(router: Routing);
//! ```
//!
//! Records and functions are those of `sdk/wit`, under its names; JSON is [`Json`]. What the world
//! of a module does not import can be named here and fails when the module is linked: a service
//! has no `clock`. A panic ends what the module was asked to do, and its message goes to the log.

pub mod json;
pub mod log;
pub mod ordered;

mod abi;
mod actions;
mod memory;
mod records;
mod register;
mod worlds;

#[doc(hidden)]
#[allow(missing_docs, unused, clippy::all)]
pub mod bindings;

pub use actions::Actions;
pub use json::Json;
pub use worlds::{CallScript, Connector, Reporter, Router, Service};

pub use bindings::cordboard::module::calls::{Call, Info as CallInfo};
pub use bindings::cordboard::module::operations::{
    Answer, Collect, Collected, Entry, Operation, Play, Ring, Talk, Trunk,
};
pub use bindings::cordboard::module::types::{Caller, Error, Event};
pub use bindings::exports::cordboard::module::connecting::{Found, Query};
pub use bindings::exports::cordboard::module::reporting::Report;
pub use bindings::exports::cordboard::module::routing::{
    Decision, Reasoned, Request as RouteRequest, Target,
};
pub use bindings::exports::cordboard::module::serving::{
    Act, Action, Body, Fact, HttpAnswer, HttpSend, Input, Request as VerbRequest, StartCall,
    StepAct, StepAnswer, StepEnd, StepStart,
};

/// Chance: `chance::draw()`. Not in services, routers and reporters.
pub use bindings::cordboard::module::chance;
/// The time: `clock::now_ms()`. Not in services, routers and reporters.
pub use bindings::cordboard::module::clock;
/// Facts: `events::publish`, `events::retain`, `events::fact`. Services use [`Actions`].
pub use bindings::cordboard::module::events;
/// Requests to granted hosts: `http::send`. Services use [`Actions`].
pub use bindings::cordboard::module::http;
/// Values that outlive restarts: `store::get`, `set`, `increment`, `delete`. Not in services,
/// routers and reporters, whose state is saved by `save`.
pub use bindings::cordboard::module::store;

/// The module's settings in the tenant's dialplan, complete with defaults.
pub fn settings() -> Json {
    Json::parse(&bindings::cordboard::module::config::settings()).unwrap_or_default()
}

/// The tenant that the module serves.
pub fn tenant() -> String {
    bindings::cordboard::module::config::tenant()
}

/// A file beside the tenant's dialplan that `grant file` names; none where it is not granted.
pub fn file(name: &str) -> Option<Vec<u8>> {
    bindings::cordboard::module::config::file(name)
}

/// For [`register!`] only.
#[doc(hidden)]
pub mod guest {
    pub use crate::abi::grow;
    pub use crate::bindings::exports::cordboard::module::{
        connecting, lifecycle, reporting, routing, scripting, serving,
    };
    pub use crate::log::panics_are_logged;
    pub use crate::register::{absent, types};
}
