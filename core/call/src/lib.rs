//! The call engine: calls, legs and bridges as a pure state machine.
//!
//! `Engine` is the door. What a call is told to do is an `Action`; what its route hears is a
//! `Notice`; what happened is a `Fact`. Time, chance and the world come as arguments.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod action;
pub mod admission;
mod board;
mod call;
pub mod cause;
pub mod cdr;
mod digits;
mod engine;
pub mod event;
pub mod ids;
mod leg;
pub mod limits;
mod negotiate;
mod recording;
mod signalling;
mod view;

pub use action::{Action, CallerId, Destination, Notice, Refusal};
pub use admission::{Admission, Origination, Settings};
pub use board::{Counters, Doors, Output};
pub use cause::Cause;
pub use cdr::Cdr;
pub use engine::{Config, Engine};
pub use event::{Event, Fact, Party};
pub use ids::{CallId, LegId, LegNo, TenantId};
pub use limits::PartyLimits;
pub use view::{CallView, LegView};
