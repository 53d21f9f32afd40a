//! Whole calls: what the phones do, what everyone must see and hear.

mod borrowed_ears;
mod calls;
mod challenges;
mod faults;
mod floods;
mod menu;
mod operator;
mod races;
mod registrar;
mod still_store;
mod strangers;
mod tenants;

use std::time::Duration;

/// Milliseconds.
fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Seconds.
fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
