//! The event bus: hands every journalled fact to whoever listens, inside this process.
//!
//! It owns the subscriptions and the retained facts, and nothing else: no event is born here and
//! none is durable here (that is the journal's part). Always true: a publisher never waits for a
//! reader. Each subscription has a bounded mailbox; when it is full the oldest envelope falls out
//! and the reader is told how many it missed, so a slow reader harms only itself.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod bus;
mod envelope;
mod retained;
mod subscription;
mod topic;

pub use bus::Bus;
pub use envelope::Envelope;
pub use retained::{RetainedFact, RetainedLimits, Unretained};
pub use subscription::{MAILBOX_ENVELOPES_MAX, Received, Subscription};
pub use topic::{Filter, Topic};
