//! The signalling engine: SIP (RFC 3261) without sockets or clock.
//!
//! Bytes and time go in; bytes, timers and events come out. It owns messages, transactions, dialogs and digest
//! authentication; it knows nothing of media, calls or configuration.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod auth;
pub mod counters;
mod dialog;
pub mod endpoint;
pub mod error;
pub mod flow;
pub mod fuzz;
pub mod message;
mod timer;
pub mod transaction;

pub use counters::Counters;
pub use endpoint::types::{
    Body, ClientTx, Config, DialogId, DialogView, EndReason, Event, Invite, NewRequest,
    OutOfDialog, Output, Refused, ServerTx,
};
pub use endpoint::{Endpoint, shard_of};
pub use error::{BuildError, Fault, ParseError};
pub use flow::{Flow, Time, Transport};
pub use message::{Headers, Method, Request, Response};
