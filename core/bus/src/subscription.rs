//! A subscription: one reader's bounded mailbox.
//!
//! The publisher puts envelopes in; at the bound the oldest falls out and is counted. Dropping
//! the subscription closes it. There is exactly one reader: `next` takes `&mut self`.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::envelope::Envelope;
use crate::topic::Filter;

/// Most envelopes that one mailbox may hold; a larger wish is cut to this.
pub const MAILBOX_ENVELOPES_MAX: usize = 65_536;

/// An empty mailbox keeps room for so many envelopes.
const KEPT_MAX: usize = 32;

/// What a reader gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// How many envelopes fell out of the mailbox just before this one.
    pub missed: u64,
    /// The event.
    pub envelope: Arc<Envelope>,
}

#[derive(Debug, Default)]
struct Waiting {
    envelopes: VecDeque<Arc<Envelope>>,
    missed: u64,
}

/// The side of a subscription that the bus holds.
#[derive(Debug)]
pub(crate) struct Mailbox {
    pub(crate) filter: Filter,
    bound: usize,
    waiting: Mutex<Waiting>,
    filled: Notify,
    closed: AtomicBool,
}

impl Mailbox {
    pub(crate) fn new(filter: Filter, bound: usize) -> Self {
        Self {
            filter,
            bound: bound.clamp(1, MAILBOX_ENVELOPES_MAX),
            waiting: Mutex::default(),
            filled: Notify::new(),
            closed: AtomicBool::new(false),
        }
    }

    /// Puts an envelope in. Returns false when the oldest had to fall out for it.
    pub(crate) fn put(&self, envelope: Arc<Envelope>) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let room = waiting.envelopes.len() < self.bound;
        if !room {
            waiting.envelopes.pop_front();
            waiting.missed += 1;
        }
        waiting.envelopes.push_back(envelope);
        drop(waiting);
        self.filled.notify_one();
        room
    }

    /// No envelope follows; the reader still gets what waits.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.filled.notify_one();
    }

    fn take(&self) -> Option<Received> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let envelope = waiting.envelopes.pop_front()?;
        // After a burst the room for it is given back.
        if waiting.envelopes.is_empty() && waiting.envelopes.capacity() > KEPT_MAX {
            waiting.envelopes = VecDeque::new();
        }
        let missed = std::mem::take(&mut waiting.missed);
        Some(Received { missed, envelope })
    }
}

/// One reader's place on the bus. It ends when this value is dropped.
#[derive(Debug)]
pub struct Subscription {
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) bus: std::sync::Weak<crate::bus::Shared>,
}

impl Subscription {
    /// The next envelope, waiting for it; `None` once the bus is gone and nothing waits.
    /// Cancelling the wait loses nothing.
    pub async fn next(&mut self) -> Option<Received> {
        loop {
            // Read before the mailbox: what was put before the close is then surely seen.
            let closed = self.mailbox.closed.load(Ordering::Acquire);
            if let Some(received) = self.mailbox.take() {
                return Some(received);
            }
            if closed {
                return None;
            }
            self.mailbox.filled.notified().await;
        }
    }

    /// The next envelope if one waits already.
    pub fn try_next(&mut self) -> Option<Received> {
        self.mailbox.take()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(bus) = self.bus.upgrade() {
            bus.leave(&self.mailbox);
        }
    }
}
