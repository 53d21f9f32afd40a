//! A witness of the journal: sees every event as it is numbered, and later tells whether what the
//! node has acknowledged is still there, and still the same.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use cordboard_node::shard::Record;
use cordboard_store::StoredEvent;
use sha2::{Digest, Sha256};

/// One tenant's events.
#[derive(Default)]
struct Seen {
    /// Hashes of the events from number 1 on.
    hashes: Vec<u64>,
    /// Last number that a killed process keeps.
    written: u64,
    /// Last number that a power loss leaves.
    durable: u64,
}

/// What was seen.
#[derive(Default)]
pub struct Witness {
    tenants: BTreeMap<Arc<str>, Seen>,
    chain: Sha256,
    /// Events were appended since this was last taken.
    pub fresh: bool,
    /// All events ever numbered.
    pub count: u64,
    /// Events that found no room and got no number.
    pub unnumbered: u64,
    /// When the last whole sync was.
    pub synced_at: Duration,
}

fn hash(at_ms: u64, topic: &str, leg: Option<u16>, call: Option<&str>, payload: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (at_ms, topic, leg, call, payload).hash(&mut hasher);
    hasher.finish()
}

impl Witness {
    /// An event got its number.
    pub fn appended(&mut self, seq: u64, record: &Record<'_>) {
        self.fresh = true;
        if seq == 0 {
            self.unnumbered += 1;
            return;
        }
        self.count += 1;
        let call = record.call.map(|call| call.to_string());
        let payload = String::from_utf8_lossy(record.payload);
        self.chain.update(record.tenant.as_str());
        self.chain.update(seq.to_le_bytes());
        self.chain.update(record.at_ms.to_le_bytes());
        self.chain.update(record.topic);
        self.chain.update(call.as_deref().unwrap_or_default());
        self.chain.update(record.payload);
        let seen = self
            .tenants
            .entry(Arc::clone(&record.tenant.0))
            .or_default();
        // A confession of lost events takes a number that the shard does not see.
        while (seen.hashes.len() as u64) + 1 < seq {
            seen.hashes.push(0);
        }
        seen.hashes.push(hash(
            record.at_ms,
            record.topic,
            record.leg,
            call.as_deref(),
            &payload,
        ));
    }

    /// The spool has a tenant's events up to this number.
    pub fn written(&mut self, tenant: &Arc<str>, up_to: u64) {
        let seen = self.tenants.entry(Arc::clone(tenant)).or_default();
        seen.written = seen.written.max(up_to);
    }

    /// Everything written is now durable.
    pub fn synced(&mut self, now: Duration) {
        self.synced_at = now;
        for seen in self.tenants.values_mut() {
            seen.durable = seen.written;
        }
    }

    /// The power was lost: only what is durable was ever promised.
    pub fn power_lost(&mut self) {
        for seen in self.tenants.values_mut() {
            seen.written = seen.durable;
        }
    }

    /// A node has begun anew; it goes on after these numbers.
    pub fn restarted(&mut self, last_seq: impl Fn(&str) -> u64) {
        for (tenant, seen) in &mut self.tenants {
            let last = last_seq(tenant);
            assert!(
                last >= seen.written,
                "tenant {tenant}: {} events were acknowledged, the new node goes on after {last}",
                seen.written
            );
            seen.hashes.truncate(last as usize);
        }
    }

    /// Tenants that have events.
    pub fn tenants(&self) -> Vec<String> {
        self.tenants.keys().map(|name| name.to_string()).collect()
    }

    /// Compares what the database holds with what was seen.
    pub fn compare(&self, tenant: &str, stored: &[StoredEvent]) {
        let seen = &self.tenants[tenant];
        assert!(
            stored.len() as u64 >= seen.written,
            "tenant {tenant}: acknowledged events are missing"
        );
        assert_eq!(
            stored.len(),
            seen.hashes.len(),
            "tenant {tenant}: events of nobody's"
        );
        for (event, hashed) in stored
            .iter()
            .zip(&seen.hashes)
            .filter(|(_, hashed)| **hashed != 0)
        {
            let now = hash(
                event.at_ms,
                &event.topic,
                event.leg,
                event.call.as_deref(),
                &event.payload,
            );
            assert_eq!(
                now, *hashed,
                "tenant {tenant}: event {} has changed: {}",
                event.seq, event.topic
            );
        }
    }

    /// Hash over all events in the order of their birth, with their numbers and times.
    pub fn chain(&self) -> String {
        self.chain
            .clone()
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}
