//! The bus itself: publishes envelopes to subscriptions and keeps the retained facts.
//!
//! `Bus` is a cheap handle; clones share one bus. Publishing takes one read lock and one short
//! lock a matching mailbox, allocates once where anybody listens and not at all where nobody
//! does. Subscribing and leaving are rare and take the write lock.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::envelope::Envelope;
use crate::retained::{Retained, RetainedFact, RetainedLimits, Unretained};
use crate::subscription::{Mailbox, Subscription};
use crate::topic::Filter;

#[derive(Debug, Default)]
pub(crate) struct Shared {
    mailboxes: RwLock<Mailboxes>,
    retained: Mutex<Retained>,
    missed: AtomicU64,
}

/// Mailboxes by the tenant they want, so that an event is held against those of its own tenant and
/// not against those of a thousand others.
#[derive(Debug, Default)]
struct Mailboxes {
    of: HashMap<Arc<str>, Vec<Arc<Mailbox>>>,
    of_all: Vec<Arc<Mailbox>>,
}

impl Mailboxes {
    fn put(&mut self, mailbox: Arc<Mailbox>) {
        match &mailbox.filter.tenant {
            Some(tenant) => self.of.entry(tenant.clone()).or_default().push(mailbox),
            None => self.of_all.push(mailbox),
        }
    }

    fn remove(&mut self, mailbox: &Arc<Mailbox>) {
        let other = |known: &Arc<Mailbox>| !Arc::ptr_eq(known, mailbox);
        let Some(tenant) = &mailbox.filter.tenant else {
            return self.of_all.retain(other);
        };
        if let Some(own) = self.of.get_mut(tenant) {
            own.retain(other);
            own.shrink_to_fit();
            if own.is_empty() {
                self.of.remove(tenant);
            }
        }
    }

    /// Those that an event of this tenant may be for.
    fn near(&self, tenant: &str) -> impl Iterator<Item = &Arc<Mailbox>> {
        let own = self.of.get(tenant).map(Vec::as_slice).unwrap_or_default();
        own.iter().chain(&self.of_all)
    }

    fn drain(&mut self) -> impl Iterator<Item = Arc<Mailbox>> {
        let of = std::mem::take(&mut self.of).into_values().flatten();
        of.chain(std::mem::take(&mut self.of_all))
    }

    fn count(&self) -> usize {
        self.of.values().map(Vec::len).sum::<usize>() + self.of_all.len()
    }
}

impl Shared {
    pub(crate) fn leave(&self, mailbox: &Arc<Mailbox>) {
        let mut all = self
            .mailboxes
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        all.remove(mailbox);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let all = self
            .mailboxes
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        for mailbox in all.drain() {
            mailbox.close();
        }
    }
}

/// The event bus of a node. Clones share it; it ends with its last clone, and so do the
/// subscriptions once they have read what waits.
#[derive(Clone, Debug, Default)]
pub struct Bus {
    shared: Arc<Shared>,
}

impl Bus {
    /// An empty bus with the default bounds on retained facts.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty bus with other bounds on retained facts.
    pub fn with_limits(limits: RetainedLimits) -> Self {
        let bus = Self::default();
        bus.retained().limits = limits;
        bus
    }

    fn retained(&self) -> std::sync::MutexGuard<'_, Retained> {
        let lock = self.shared.retained.lock();
        lock.unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a subscription whose mailbox holds `bound` envelopes (1 to
    /// [`MAILBOX_ENVELOPES_MAX`](crate::MAILBOX_ENVELOPES_MAX)); at the bound the oldest falls out.
    pub fn subscribe(&self, filter: Filter, bound: usize) -> Subscription {
        let mailbox = Arc::new(Mailbox::new(filter, bound));
        let lock = self.shared.mailboxes.write();
        lock.unwrap_or_else(PoisonError::into_inner)
            .put(mailbox.clone());
        Subscription {
            mailbox,
            bus: Arc::downgrade(&self.shared),
        }
    }

    /// As [`subscribe`](Self::subscribe), and the retained facts that match come first.
    pub fn subscribe_with_retained(&self, filter: Filter, bound: usize) -> Subscription {
        // The facts are read under the lock that `retain` publishes under: none falls between.
        let retained = self.retained();
        let subscription = self.subscribe(filter, bound);
        let filter = &subscription.mailbox.filter;
        let tenants = match &filter.tenant {
            Some(tenant) => vec![tenant.clone()],
            None => retained.tenants(),
        };
        for fact in tenants.iter().flat_map(|tenant| retained.list(tenant, "")) {
            if filter.matches(&fact.envelope) {
                self.deliver(&subscription.mailbox, fact.envelope);
            }
        }
        drop(retained);
        subscription
    }

    /// True when somebody listens to this tenant and topic; lets a publisher skip work.
    pub fn wanted(&self, tenant: &str, topic: &str) -> bool {
        let lock = self.shared.mailboxes.read();
        let all = lock.unwrap_or_else(PoisonError::into_inner);
        all.near(tenant)
            .any(|mailbox| mailbox.filter.takes(tenant, topic))
    }

    /// Hands the envelope to every subscription that wants it; never waits for a reader.
    /// Returns how many took it.
    pub fn publish(&self, envelope: Envelope) -> usize {
        let lock = self.shared.mailboxes.read();
        let all = lock.unwrap_or_else(PoisonError::into_inner);
        let near = all.near(&envelope.tenant);
        let mut takers = near.filter(|m| m.filter.matches(&envelope));
        let Some(first) = takers.next() else {
            return 0;
        };
        let others: Vec<&Arc<Mailbox>> = takers.collect();
        let envelope = Arc::new(envelope);
        self.deliver(first, envelope.clone());
        for mailbox in &others {
            self.deliver(mailbox, envelope.clone());
        }
        1 + others.len()
    }

    fn publish_shared(&self, envelope: &Arc<Envelope>) {
        let lock = self.shared.mailboxes.read();
        let all = lock.unwrap_or_else(PoisonError::into_inner);
        for mailbox in all
            .near(&envelope.tenant)
            .filter(|m| m.filter.matches(envelope))
        {
            self.deliver(mailbox, envelope.clone());
        }
    }

    fn deliver(&self, mailbox: &Mailbox, envelope: Arc<Envelope>) {
        if !mailbox.put(envelope) {
            self.shared.missed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Envelopes that fell out of full mailboxes since the start, all readers together.
    pub fn missed(&self) -> u64 {
        self.shared.missed.load(Ordering::Relaxed)
    }

    /// Open subscriptions.
    pub fn subscriptions(&self) -> usize {
        let lock = self.shared.mailboxes.read();
        lock.unwrap_or_else(PoisonError::into_inner).count()
    }

    /// Keeps the envelope as the latest fact under its tenant, its topic and `key`, and
    /// publishes it. At a bound nothing is kept, nothing is published, and the error says which.
    pub fn retain(&self, key: &str, envelope: Envelope) -> Result<(), Unretained> {
        let envelope = Arc::new(envelope);
        let mut retained = self.retained();
        retained.put(key, envelope.clone())?;
        self.publish_shared(&envelope);
        Ok(())
    }

    /// Removes a retained fact; false when there was none.
    pub fn forget(&self, tenant: &str, topic: &str, key: &str) -> bool {
        self.retained().remove(tenant, topic, key)
    }

    /// The retained fact under exactly this topic and key.
    pub fn retained_fact(&self, tenant: &str, topic: &str, key: &str) -> Option<Arc<Envelope>> {
        self.retained().find(tenant, topic, key)
    }

    /// The tenant's retained facts whose topic begins with `prefix`, by topic and key.
    pub fn retained_facts(&self, tenant: &str, prefix: &str) -> Vec<RetainedFact> {
        self.retained().list(tenant, prefix)
    }
}

#[cfg(test)]
mod tests;
