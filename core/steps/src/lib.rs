//! The route runner: what a dialplan's steps and a call's script do, as a pure state machine.
//!
//! `Run` is one call's route: notices, time and script turns go in, actions and facts come out.
//! It knows neither sockets nor clocks nor Lua; `World` is what it may look at. The live switch,
//! `simulate` and dialplan tests all drive this one machine.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod caller;
mod operation;
pub mod run;
pub mod script;
pub mod simulate;
pub mod sound;
#[cfg(test)]
mod testing;
pub mod vars;
pub mod world;

pub use operation::ring::TalkOutcome;
pub use run::{ActionTag, ActionVerb, Input, Output, Run};
pub use script::{
    CollectOp, CollectOutcome, Decided, LogLevel, OutsideRequest, Program, ProgramId, ScriptAnswer,
    ScriptCall, ScriptCallError, ScriptCommand, ScriptError, ScriptErrorKind, ScriptOp,
    ScriptStart, ScriptTurn, StepProgram,
};
pub use world::{CallInfo, Entry, Located, Target, Time, World};
