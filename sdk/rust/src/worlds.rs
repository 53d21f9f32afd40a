//! The five kinds of module, a trait each. `start` makes the module from its settings.
//!
//! `start` is called once in each new instance before anything else. What it refuses never serves:
//! the generation that is there goes on, and the operator reads the sentences.

use crate::{
    Actions, Call, Error, Event, Found, Input, Json, Query, Reasoned, Report, RouteRequest,
};

/// Straight-line code of one call, one instance a call. A function of `call` returns when it is
/// done: `call.play(..)` when the prompt is over. Meanwhile the call costs no thread.
pub trait CallScript: Sized {
    /// From the settings.
    fn start(settings: &Json) -> Result<Self, Vec<String>>;
    /// Runs one of the manifest's steps and gives its outcome, which `on` in the dialplan takes.
    /// An error takes the step's `else`.
    fn run(&mut self, step: &str, arguments: &Json, call: &Call) -> Result<String, Error>;
}

/// Where a call goes. One instance makes many decisions, each within 20 ms.
pub trait Router: Sized {
    /// From the settings: the place to read tables.
    fn start(settings: &Json) -> Result<Self, Vec<String>>;
    /// One decision.
    fn route(&mut self, request: RouteRequest) -> Result<Reasoned, Error>;
}

/// Another program, most often a CRM.
pub trait Connector: Sized {
    /// From the settings.
    fn start(settings: &Json) -> Result<Self, Vec<String>>;
    /// Runs one of the manifest's steps: who is that?
    fn look_up(&mut self, query: Query) -> Result<Found, Error>;
    /// An event that the manifest subscribes to. An error is tried again, for a day.
    fn on_event(&mut self, event: Event) -> Result<(), Error> {
        let _ = event;
        Ok(())
    }
}

/// State of a tenant that follows events. The same inputs must give the same state and the same
/// actions, always: time and chance come with each input, and nothing else may be asked.
pub trait Service: Sized {
    /// From the settings, with no state.
    fn start(settings: &Json) -> Result<Self, Vec<String>>;
    /// Takes one input; what it wants it says to `actions`.
    fn handle(&mut self, input: Input, actions: &mut Actions);
    /// The whole state, at most 16 MiB.
    fn save(&self) -> Vec<u8>;
    /// Takes a state that `save` gave, of this `state-version` or an older one. An error keeps the
    /// generation that is there.
    fn restore(&mut self, version: u32, state: &[u8]) -> Result<(), String>;
}

/// Totals over the journal.
pub trait Reporter: Sized {
    /// From the settings, with no totals.
    fn start(settings: &Json) -> Result<Self, Vec<String>>;
    /// An event that the manifest subscribes to, in the order of the journal, once.
    fn fold(&mut self, event: Event);
    /// Answers one of the manifest's verbs.
    fn render(&mut self, verb: &str, arguments: &Json) -> Result<Report, Error>;
    /// All totals, at most 16 MiB.
    fn save(&self) -> Vec<u8>;
    /// Takes totals that `save` gave, of this `state-version` or an older one.
    fn restore(&mut self, version: u32, state: &[u8]) -> Result<(), String>;
}
