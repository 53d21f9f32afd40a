//! The audio engine: SDP, RTP, codecs, digits, prompts, recordings. Pure: no sockets, no clock.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
pub mod codec;
pub mod command;
pub mod dtmf;
pub mod engine;
pub mod fuzz;
pub mod play;
pub mod record;
pub mod rtp;
pub mod sdp;
pub mod tone;
pub mod wav;
pub use command::*;
pub use engine::{Engine, Recorded, Transmit};
