//! The call engine: calls, legs and bridges as a pure state machine.
pub mod action;
pub mod cause;
pub mod cdr;
pub mod event;
pub mod ids;
