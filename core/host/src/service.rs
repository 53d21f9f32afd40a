//! Services: modules with a state of their own, driven by inputs and by nothing else.
//!
//! A guest (WASM, Lua or native) implements `module::ServiceGuest`; [`Driver`] owns it and all
//! about it that must survive: number of the last input, timers, steps under way, retained facts,
//! what it published. The driver has no thread and no clock: an [`Arrival`] carries its time and
//! its place in the tenant's journal, and what the guest wants comes back as [`Effect`]s.
//!
//! Always true: the order of arrivals is the order of the journal, so a driver that begins at a
//! snapshot and hears the journal from there on has the state it had. Inputs are numbered without
//! gaps. A guest that breaks is made anew from the last snapshot and hears the inputs after it
//! again; what it wanted then is not done twice, and the input that broke it is left out.

mod act;
mod arrival;
mod driver;
mod kept;
mod mend;
mod permit;
mod prepare;
#[cfg(test)]
mod tests;

pub use arrival::{Arrival, Entry, INPUT_TOPIC, Journalled};
pub use driver::{Driver, Handled, Identity, MakeGuest};
pub use kept::{
    HTTP_MAX, Kept, RETAINED_BYTES_MAX, RETAINED_MAX, STEPS_MAX, Snapshot, TIMERS_MAX, UNSEEN_MAX,
};
pub use permit::Permit;

/// Most inputs that one entry of a guest takes.
pub const BATCH_MAX: usize = 64;
/// Most actions that one entry may want; the rest are refused.
pub const ACTIONS_MAX: usize = 4_096;

/// What one entry of a guest wants to have done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// A turn of the script that is this call's step.
    Turn {
        /// The call, as text.
        call: String,
        /// Which of the call's programs.
        program: u32,
        /// What.
        turn: cordboard_steps::ScriptTurn,
    },
    /// Write an event into the journal, and tell the bus.
    Publish {
        /// `<module>.<past-tense>`.
        topic: String,
        /// JSON.
        payload: serde_json::Value,
    },
    /// Keep a fact on the bus; none forgets it. The driver keeps it over restarts.
    Retain {
        /// `<module>.<noun>`.
        topic: String,
        /// Which one.
        key: String,
        /// JSON.
        payload: Option<serde_json::Value>,
    },
    /// Start a call; a refusal comes back as `Body::Refused`.
    StartCall {
        /// The action's id.
        action: u64,
        /// Whom, and what then.
        start: Box<crate::contract::StartCall>,
    },
    /// Answer an operator's verb.
    Reply {
        /// Which.
        request: u64,
        /// JSON, or what was wrong.
        answer: Result<serde_json::Value, String>,
    },
    /// An http request; its answer comes back as `Body::HttpAnswered`.
    Http {
        /// The action's id.
        action: u64,
        /// What.
        send: Box<crate::contract::HttpSend>,
    },
    /// Journal this input for the same guest: a refusal that the driver decided.
    Feed(Box<Journalled>),
}
