//! What tests from outside stand on: a running switch in a folder of its own, other people's
//! phones as child processes, and an ear that finds tones in recordings.
//!
//! Every child dies with its owner, every wait has an end, and nothing uses a fixed port.

pub mod baresip;
#[path = "../fuzz/mod.rs"]
pub mod fuzz;
pub mod linphone;
pub mod ports;
pub mod programs;
pub mod scratch;
pub mod sim;
pub mod sip_text;
pub mod sipp;
pub mod switch;
pub mod tone;
pub mod wait;
pub mod web;
