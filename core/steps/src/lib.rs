//! The route runner: what a dialplan's steps and a call's script do, as a pure state machine.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod script;

pub use script::{
    CollectOp, CollectOutcome, LogLevel, OutsideRequest, ScriptAnswer, ScriptCall, ScriptCallError,
    ScriptCommand, ScriptError, ScriptErrorKind, ScriptOp, ScriptStart, ScriptTurn,
};
