//! Stories of calls in virtual time: two or three phones and a switch, all engines real.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod digits;
mod early;
mod ends;
mod faults;
mod hold;
mod limits;
mod phone;
mod random;
mod raw;
mod recording;
mod switch;
mod talk;
mod world;
