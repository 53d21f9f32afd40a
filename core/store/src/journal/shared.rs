//! What sequencer, writer, loader and the node's handle share: one mailbox and some counters.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::{Notify, watch};

use super::disk::SpoolFile;
use super::spool::{self, Tail};

/// Facts of a tenant up to a number are in the spool: a killed process does not lose them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Whose facts.
    pub tenant: Arc<str>,
    /// Number of the last one.
    pub up_to_seq: u64,
}

/// Called on the writer's thread after each write, once for each tenant in it; must not block.
pub type OnWritten = Box<dyn Fn(Written) + Send>;

/// Bounds of what waits in memory while the disk stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Bytes in memory beyond which new calls are refused; at four times this, facts of calls
    /// that are up get no number and are counted as lost.
    pub(crate) memory_bytes_max: u64,
    /// Bytes in the spool beyond which new calls are refused.
    pub(crate) spool_bytes_max: u64,
}

/// The buffer between sequencer and writer.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    /// A frame in the making; empty, or begun with room for its head.
    pub(crate) frame: Vec<u8>,
    pub(crate) events: u64,
    /// Per tenant the last number in the frame.
    pub(crate) tops: Vec<Written>,
    /// The writer sleeps until it is woken.
    pub(crate) asleep: bool,
    pub(crate) closing: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) write_failures: AtomicU64,
    pub(crate) sync_failures: AtomicU64,
    pub(crate) commit_failures: AtomicU64,
    pub(crate) lost_events: AtomicU64,
    pub(crate) torn_bytes: AtomicU64,
    pub(crate) gaps: AtomicU64,
    pub(crate) unprojected_commits: AtomicU64,
}

/// The journal's figures, for metrics and health.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct JournalFigures {
    /// Facts handed to the writer since the start, and those found in the spool then.
    pub events_handed: u64,
    /// Facts written to the spool.
    pub events_written: u64,
    /// Facts that the database holds.
    pub events_loaded: u64,
    /// Facts that got no number because memory was at its hard bound.
    pub events_lost: u64,
    /// Bytes that wait in memory for the disk.
    pub held_bytes: u64,
    /// Bytes of the spool on the disk.
    pub spool_bytes: u64,
    /// Failed writes to the spool.
    pub write_failures: u64,
    /// Failed syncs of the spool.
    pub sync_failures: u64,
    /// Commits that the database did not take at once.
    pub commit_failures: u64,
    /// Bytes that were cut or skipped because they were no whole frame.
    pub torn_bytes: u64,
    /// Holes found in a tenant's numbers.
    pub gaps: u64,
    /// 1 while new calls are refused.
    pub full: u64,
}

pub(crate) type ToSync = (u64, Arc<dyn SpoolFile>);

/// What the sync thread works on.
#[derive(Default)]
pub(crate) struct Syncing {
    /// Segments that were written since their last sync.
    segments: Mutex<Vec<ToSync>>,
    pub(crate) wake: Condvar,
    /// The segment in hand is not trusted any more: the writer begins a new one.
    pub(crate) rotate_wanted: AtomicBool,
    /// Failed syncs since the last good one.
    pub(crate) failures_in_turn: AtomicU64,
    /// The writer has written and synced what it could, and is gone.
    pub(crate) writer_gone: AtomicBool,
}

impl Syncing {
    pub(crate) fn segments(&self) -> MutexGuard<'_, Vec<ToSync>> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Shared {
    pub(crate) bounds: Bounds,
    pending: Mutex<Pending>,
    pub(crate) wake: Condvar,
    /// Bytes in `pending` and in frames that the disk has not taken yet.
    pub(crate) held_bytes: AtomicU64,
    pub(crate) spool_bytes: Arc<AtomicU64>,
    pub(crate) full: AtomicBool,
    /// Facts handed over, counted from those found at the start.
    pub(crate) handed: AtomicU64,
    pub(crate) tail: watch::Sender<Tail>,
    pub(crate) loaded: watch::Sender<u64>,
    /// Wakes the loader before its time.
    pub(crate) hurry: Notify,
    pub(crate) counters: Counters,
    pub(crate) syncing: Syncing,
}

impl Shared {
    pub(crate) fn new(bounds: Bounds, spool_bytes: Arc<AtomicU64>, tail: Tail) -> Self {
        Self {
            bounds,
            pending: Mutex::default(),
            wake: Condvar::new(),
            held_bytes: AtomicU64::new(0),
            spool_bytes,
            full: AtomicBool::new(false),
            handed: AtomicU64::new(tail.events),
            tail: watch::Sender::new(tail),
            loaded: watch::Sender::new(0),
            hurry: Notify::new(),
            counters: Counters::default(),
            syncing: Syncing::default(),
        }
    }

    pub(crate) fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts records into the frame in the making and wakes the writer if it sleeps.
    pub(crate) fn hand_over(
        &self,
        records: &[u8],
        events: u64,
        tops: impl Iterator<Item = Written>,
    ) {
        let mut pending = self.pending();
        if pending.frame.is_empty() {
            spool::begin_frame(&mut pending.frame);
        }
        pending.frame.extend_from_slice(records);
        pending.events += events;
        for top in tops {
            let same = |old: &&mut Written| Arc::ptr_eq(&old.tenant, &top.tenant);
            match pending.tops.iter_mut().rev().take(8).find(same) {
                Some(old) => old.up_to_seq = top.up_to_seq,
                None => pending.tops.push(top),
            }
        }
        self.handed.fetch_add(events, Ordering::Release);
        self.held_bytes
            .fetch_add(records.len() as u64, Ordering::Relaxed);
        let asleep = std::mem::take(&mut pending.asleep);
        drop(pending);
        if asleep {
            self.wake.notify_one();
        }
    }

    /// Decides anew whether new calls are refused. It clears only well below the bounds.
    pub(crate) fn review(&self) {
        let held = self.held_bytes.load(Ordering::Relaxed);
        let spool = self.spool_bytes.load(Ordering::Relaxed);
        let syncs = self.syncing.failures_in_turn.load(Ordering::Relaxed);
        let (memory_max, spool_max) = (self.bounds.memory_bytes_max, self.bounds.spool_bytes_max);
        let over = held > memory_max || spool > spool_max || syncs >= 3;
        let under = held <= memory_max / 4 * 3 && spool <= spool_max / 4 * 3 && syncs == 0;
        if over && !self.full.swap(true, Ordering::Relaxed) {
            tracing::error!(
                held_bytes = held,
                spool_bytes = spool,
                failed_syncs = syncs,
                "the journal is at its bound: new calls are refused"
            );
        } else if under && self.full.swap(false, Ordering::Relaxed) {
            tracing::warn!("the journal has room again: new calls are taken");
        }
    }

    pub(crate) fn figures(&self) -> JournalFigures {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        JournalFigures {
            events_handed: of(&self.handed),
            events_written: self.tail.borrow().events,
            events_loaded: *self.loaded.borrow(),
            events_lost: of(&self.counters.lost_events),
            held_bytes: of(&self.held_bytes),
            spool_bytes: of(&self.spool_bytes),
            write_failures: of(&self.counters.write_failures),
            sync_failures: of(&self.counters.sync_failures),
            commit_failures: of(&self.counters.commit_failures),
            torn_bytes: of(&self.counters.torn_bytes),
            gaps: of(&self.counters.gaps),
            full: u64::from(self.full.load(Ordering::Relaxed)),
        }
    }
}
