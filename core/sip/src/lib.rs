//! The signalling engine: SIP (RFC 3261) without sockets or clock.
//!
//! Bytes and time go in; bytes, timers and events come out. It owns messages, transactions, dialogs and digest
//! authentication; it knows nothing of media, calls or configuration.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod error;
pub mod flow;
pub mod message;

pub use error::{BuildError, Fault, ParseError};
pub use flow::{Flow, Time, Transport};
