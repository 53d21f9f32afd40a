//! The audio engine: SDP, RTP, codecs, digits, prompts, recordings. Pure: no sockets, no clock.
pub mod command;
pub use command::*;
