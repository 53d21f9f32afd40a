//! What a native Cordboard module in Rust is written against: `sdk/native/cordboard.h`, made safe.
//!
//! A module implements the one trait of its world and says so with [`export!`]:
//!
//! ```
//! use cordboard_native::{Call, CallScript, Error, Host, Json};
//!
//! struct Module;
//!
//! impl CallScript for Module {
//!     fn start(_settings: &Json, _tenant: &str) -> Result<Self, Vec<String>> {
//!         Ok(Module)
//!     }
//!
//!     fn run(&self, _step: &str, _arguments: &Json, call: &Call) -> Result<String, Error> {
//!         call.answer()?;
//!         call.play(&["welcome"])?;
//!         Ok("done".to_owned())
//!     }
//! }
//!
//! cordboard_native::export!(call-script: Module);
//! ```
//!
//! It is built as a `cdylib` and runs in a process of its own. A panic is caught at the border: the
//! step fails with its message, and the process goes on. Steps run on threads of their own, so the
//! traits of call-scripts, routers and connectors take `&self`.
//!
//! Values are [`Json`] with the shapes that the header names; `sdk/wit/module.wit` says what they
//! mean.

#[doc(hidden)]
#[path = "export.rs"]
pub mod __private;
#[doc(hidden)]
pub mod border;

use std::fmt;

pub use border::Host;
pub use cordboard_module::Json;

/// Why something failed, and whose fault that is: `types.error` of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The caller is gone: finish.
    Gone,
    /// Nothing answered in time.
    Timeout(String),
    /// Not granted; names the line that would allow it.
    Denied(String),
    /// No such prompt, user, trunk, calendar.
    NotFound(String),
    /// An argument is wrong.
    Invalid(String),
    /// A rate or a bound of the tenant is met.
    Busy(String),
    /// What was needed is down.
    Unavailable(String),
}

impl Error {
    /// Its code at the border, and its message.
    pub fn parts(&self) -> (i32, &str) {
        match self {
            Error::Gone => (1, ""),
            Error::Timeout(why) => (2, why),
            Error::Denied(why) => (3, why),
            Error::NotFound(why) => (4, why),
            Error::Invalid(why) => (5, why),
            Error::Busy(why) => (6, why),
            Error::Unavailable(why) => (7, why),
        }
    }

    pub(crate) fn of(code: i32, why: String) -> Self {
        match code {
            1 => Error::Gone,
            2 => Error::Timeout(why),
            3 => Error::Denied(why),
            4 => Error::NotFound(why),
            5 => Error::Invalid(why),
            6 => Error::Busy(why),
            _ => Error::Unavailable(why),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            (_, "") => write!(f, "{self:?}"),
            (_, why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Error {}

impl From<String> for Error {
    fn from(why: String) -> Self {
        Error::Invalid(why)
    }
}

/// World `call-script`.
pub trait CallScript: Send + Sync + Sized + 'static {
    /// Made once in the process; what it refuses never serves.
    fn start(settings: &Json, tenant: &str) -> Result<Self, Vec<String>>;
    /// Runs a step of the manifest; gives its outcome.
    fn run(&self, step: &str, arguments: &Json, call: &Call) -> Result<String, Error>;
}

/// World `router`.
pub trait Router: Send + Sync + Sized + 'static {
    /// As of a call script.
    fn start(settings: &Json, tenant: &str) -> Result<Self, Vec<String>>;
    /// `routing.request` to `routing.reasoned`.
    fn route(&self, request: &Json, host: &Host) -> Result<Json, Error>;
}

/// World `connector`.
pub trait Connector: Send + Sync + Sized + 'static {
    /// As of a call script.
    fn start(settings: &Json, tenant: &str) -> Result<Self, Vec<String>>;
    /// `connecting.query` to `connecting.found`.
    fn look_up(&self, query: &Json, host: &Host) -> Result<Json, Error>;
    /// An event that the manifest subscribes to, at least once each.
    fn on_event(&self, event: &Json, host: &Host) -> Result<(), Error>;
}

/// World `service`.
pub trait Service: Send + Sized + 'static {
    /// As of a call script.
    fn start(settings: &Json, tenant: &str) -> Result<Self, Vec<String>>;
    /// A list of `serving.input` to a list of actions.
    fn handle(&mut self, inputs: &Json, host: &Host) -> Json;
    /// The whole state.
    fn save(&self) -> Vec<u8>;
    /// Takes a state that `save` gave under that `state-version`.
    fn restore(&mut self, version: u32, state: &[u8]) -> Result<(), String>;
}

/// World `reporter`.
pub trait Reporter: Send + Sized + 'static {
    /// As of a call script.
    fn start(settings: &Json, tenant: &str) -> Result<Self, Vec<String>>;
    /// One event, each once, in the order of the journal.
    fn fold(&mut self, event: &Json);
    /// Answers an operator's verb: `{"media_type", "body"}`.
    fn render(&mut self, verb: &str, arguments: &Json) -> Result<Json, Error>;
    /// The whole state.
    fn save(&self) -> Vec<u8>;
    /// As of a service.
    fn restore(&mut self, version: u32, state: &[u8]) -> Result<(), String>;
}

/// The call of a step.
pub struct Call<'r> {
    /// What the step knows of it without asking: `id`, `caller`, `dialled`, `answered`, `at_ms`,
    /// `outcomes`, `variables`.
    pub info: &'r Json,
    /// The switch.
    pub host: &'r Host<'r>,
}

impl Call<'_> {
    /// Answers the caller.
    pub fn answer(&self) -> Result<(), Error> {
        self.host.ask(&Json::from("answer")).map(drop)
    }

    /// Plays prompts, one after another.
    pub fn play<T: AsRef<str>>(&self, prompts: &[T]) -> Result<(), Error> {
        let names: Json = prompts.iter().map(|prompt| prompt.as_ref()).collect();
        self.wish("play", Json::object().with("prompts", names))
            .map(drop)
    }

    /// Waits.
    pub fn wait(&self, ms: u32) -> Result<(), Error> {
        self.wish("wait", ms).map(drop)
    }

    /// Asks for digits by the header's options: `{"outcome", "digits"}`.
    pub fn collect(&self, options: Json) -> Result<Json, Error> {
        self.wish("collect", options)
    }

    /// Rings users and talks, by the header's options: `{"outcome", "by", "cause"}`.
    pub fn ring(&self, options: Json) -> Result<Json, Error> {
        self.wish("ring", options)
    }

    /// Sets a variable of the call.
    pub fn set(&self, name: &str, value: &str) -> Result<(), Error> {
        let set = Json::object().with("name", name).with("value", value);
        self.wish("set", set).map(drop)
    }

    /// Ends the call.
    pub fn hang_up(&self) -> Result<(), Error> {
        self.host.ask(&Json::from("hang_up")).map(drop)
    }

    /// Any operation of the header by its name.
    pub fn wish(&self, name: &str, value: impl Into<Json>) -> Result<Json, Error> {
        self.host.ask(&Json::object().with(name, value))
    }
}
