//! The audio engine: SDP, RTP, codecs, digits, prompts, recordings. Pure: no sockets, no clock.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
pub mod codec;
pub mod command;
pub mod sdp;
pub use command::*;
