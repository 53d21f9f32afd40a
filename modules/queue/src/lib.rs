//! The module `queue`: contacts wait, agents take them.
//!
//! `centre` is the machine and its table of inputs; `caller`, `offer` and `desk` are its three
//! sides; `choose` picks an agent; `agent` and `contact` are what it is made of; `settings` is
//! what the dialplan says; `state` is what outlives a reload.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod agent;
mod caller;
mod centre;
mod choose;
mod contact;
mod desk;
mod offer;
mod settings;
mod state;
#[cfg(test)]
mod tests;

pub use agent::{Agent, Presence, Slot};
pub use centre::Centre;
pub use choose::{Choice, Strategy, choose};
pub use settings::{Service, Settings, Tier};

#[cfg(target_arch = "wasm32")]
cordboard_module::register!(service: Centre);
