//! The sequencer: gives every fact of a tenant its number, one after the other without a gap.
//!
//! There is one, and the shard's thread owns it. `append` writes into a local buffer without a
//! lock; `hand_over`, called at the end of each turn of the shard's loop, gives the buffer to
//! the writer under one short lock. A fact costs well under a microsecond here.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::record::{self, Head};
use super::shared::{Shared, Written};

/// Bytes in the local buffer at which it is handed over without being asked.
const LOCAL_BYTES_MAX: usize = 64 << 10;

/// A fact before it has a number. Topic and call id are cut at 255 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewEvent<'a> {
    /// When it happened, in Unix milliseconds.
    pub at_ms: u64,
    /// What happened: `call.started`.
    pub topic: &'a str,
    /// Version of the payload's shape.
    pub version: u16,
    /// The call it is about, as text.
    pub call: Option<&'a str>,
    /// The leg's number in that call, from 1.
    pub leg: Option<u16>,
}

#[derive(Debug)]
struct Counter {
    tenant: Arc<str>,
    last: u64,
    lost: u64,
    dirty: bool,
}

/// Numbers facts and passes them to the writer.
pub struct Sequencer {
    shared: Arc<Shared>,
    index: HashMap<Arc<str>, usize>,
    counters: Vec<Counter>,
    dirty: Vec<usize>,
    local: Vec<u8>,
    local_events: u64,
    payload: Range<usize>,
}

impl Sequencer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        last_seqs: impl IntoIterator<Item = (String, u64)>,
    ) -> Self {
        let mut sequencer = Self {
            shared,
            index: HashMap::new(),
            counters: Vec::new(),
            dirty: Vec::new(),
            local: Vec::with_capacity(LOCAL_BYTES_MAX * 2),
            local_events: 0,
            payload: 0..0,
        };
        for (tenant, last) in last_seqs {
            let at = sequencer.counter(&tenant);
            if let Some(counter) = sequencer.counters.get_mut(at) {
                counter.last = counter.last.max(last);
            }
        }
        sequencer
    }

    fn counter(&mut self, tenant: &str) -> usize {
        if let Some(at) = self.index.get(tenant) {
            return *at;
        }
        let name: Arc<str> = Arc::from(record::short(tenant));
        let at = self.counters.len();
        self.index.insert(name.clone(), at);
        self.counters.push(Counter {
            tenant: name,
            last: 0,
            lost: 0,
            dirty: false,
        });
        at
    }

    /// Gives the fact its number and keeps it. `payload` writes one JSON value; see
    /// [`EVENT_BYTES_MAX`](super::EVENT_BYTES_MAX). `None` when memory is at its hard bound
    /// because the disk stands still: then the fact has no number and is counted as lost, and
    /// the tenant's next fact is `journal.events-lost` with their count.
    pub fn append(
        &mut self,
        tenant: &str,
        event: NewEvent<'_>,
        payload: impl FnOnce(&mut Vec<u8>),
    ) -> Option<u64> {
        let at = self.counter(tenant);
        let held = self.shared.held_bytes.load(Ordering::Relaxed) + self.local.len() as u64;
        if held > self.shared.bounds.memory_bytes_max.saturating_mul(4) {
            self.lose(at);
            return None;
        }
        let lost = self
            .counters
            .get_mut(at)
            .map_or(0, |c| std::mem::take(&mut c.lost));
        if lost > 0 {
            let confession = NewEvent {
                topic: "journal.events-lost",
                version: 1,
                call: None,
                leg: None,
                ..event
            };
            let text = format!("{{\"events\":{lost}}}");
            self.put(at, confession, |out| out.extend_from_slice(text.as_bytes()));
        }
        self.put(at, event, payload)
    }

    fn put(
        &mut self,
        at: usize,
        event: NewEvent<'_>,
        payload: impl FnOnce(&mut Vec<u8>),
    ) -> Option<u64> {
        if self.local.len() > LOCAL_BYTES_MAX {
            self.hand_over();
        }
        let counter = self.counters.get_mut(at)?;
        counter.last += 1;
        if !std::mem::replace(&mut counter.dirty, true) {
            self.dirty.push(at);
        }
        let head = Head {
            seq: counter.last,
            at_ms: event.at_ms,
            topic: event.topic,
            version: event.version,
            call: event.call,
            leg: event.leg,
        };
        self.payload = record::write(&mut self.local, &counter.tenant, head, payload);
        self.local_events += 1;
        Some(head.seq)
    }

    fn lose(&mut self, at: usize) {
        if let Some(counter) = self.counters.get_mut(at) {
            counter.lost += 1;
        }
        self.payload = 0..0;
        self.shared
            .counters
            .lost_events
            .fetch_add(1, Ordering::Relaxed);
    }

    /// The payload of the fact appended last, for the bus; empty after a hand-over.
    pub fn last_payload(&self) -> &[u8] {
        self.local.get(self.payload.clone()).unwrap_or(&[])
    }

    /// The last number given to a tenant; 0 where there is none.
    pub fn last_seq(&self, tenant: &str) -> u64 {
        let counter = self.index.get(tenant).and_then(|at| self.counters.get(*at));
        counter.map_or(0, |counter| counter.last)
    }

    /// True while new calls are to be refused.
    pub fn full(&self) -> bool {
        self.shared.full.load(Ordering::Relaxed)
    }

    /// Gives everything appended so far to the writer. To be called at the end of each turn of
    /// the shard's loop; costs nothing when nothing was appended.
    pub fn hand_over(&mut self) {
        if self.local.is_empty() {
            return;
        }
        let counters = &mut self.counters;
        let tops = self.dirty.drain(..).filter_map(|at| {
            let counter = counters.get_mut(at)?;
            counter.dirty = false;
            Some(Written {
                tenant: counter.tenant.clone(),
                up_to_seq: counter.last,
            })
        });
        self.shared.hand_over(&self.local, self.local_events, tops);
        self.local.clear();
        self.local_events = 0;
        self.payload = 0..0;
        if self.shared.held_bytes.load(Ordering::Relaxed) > self.shared.bounds.memory_bytes_max {
            self.shared.review();
        }
    }
}

impl Drop for Sequencer {
    fn drop(&mut self) {
        self.hand_over();
    }
}
