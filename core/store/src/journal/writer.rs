//! The writer: takes what the sequencer handed over and appends it to the spool.
//!
//! [`WriterCore`] does it on demand, so a simulation can turn it by hand in virtual time. In a
//! node two threads drive it: one writes, at most every `write_within`, at once after silence;
//! the other syncs within `fsync_within`. A frame that the disk does not take waits in memory and
//! is tried again; frames keep their order. A failed sync ends trust in its segment: the next
//! frame begins a new one, and after three failures in turn new calls are refused.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::shared::{OnWritten, Shared, Written};
use super::spool::{self, Spool, Tail};

/// Pause after a failed write or sync, at first and at most.
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(1);
/// Tries to write what is left when the node closes and the disk still refuses.
const CLOSING_TRIES: u32 = 5;
/// Buffers larger than this are not kept for the next frame.
const SPARE_BYTES_MAX: usize = 1 << 20;

struct Waiting {
    frame: Vec<u8>,
    events: u64,
    tops: Vec<Written>,
}

/// Writes handed-over facts to the spool, one frame a turn.
pub struct WriterCore {
    shared: Arc<Shared>,
    spool: Spool,
    on_written: OnWritten,
    waiting: VecDeque<Waiting>,
    spare: Vec<u8>,
    events: u64,
}

impl WriterCore {
    pub(crate) fn new(shared: Arc<Shared>, spool: Spool, on_written: OnWritten) -> Self {
        let events = shared.tail.borrow().events;
        Self {
            shared,
            spool,
            on_written,
            waiting: VecDeque::new(),
            spare: Vec::new(),
            events,
        }
    }

    /// Writes everything that was handed over. An error leaves the rest waiting, in order, for
    /// the next turn; it is counted already.
    pub fn turn(&mut self) -> io::Result<()> {
        self.take_pending();
        let mut outcome = Ok(());
        while let Some(next) = self.waiting.pop_front() {
            if let Err(error) = self.write(&next) {
                self.waiting.push_front(next);
                outcome = Err(error);
                break;
            }
            for written in next.tops {
                (self.on_written)(written);
            }
            if next.frame.capacity() <= SPARE_BYTES_MAX {
                self.spare = next.frame;
            }
        }
        self.shared.review();
        outcome
    }

    fn take_pending(&mut self) {
        let mut pending = self.shared.pending();
        if pending.frame.is_empty() {
            return;
        }
        self.spare.clear();
        let mut frame = std::mem::replace(&mut pending.frame, std::mem::take(&mut self.spare));
        let events = std::mem::take(&mut pending.events);
        let tops = std::mem::take(&mut pending.tops);
        drop(pending);
        spool::seal_frame(&mut frame);
        self.waiting.push_back(Waiting {
            frame,
            events,
            tops,
        });
    }

    fn write(&mut self, next: &Waiting) -> io::Result<()> {
        let counters = &self.shared.counters;
        if self
            .shared
            .syncing
            .rotate_wanted
            .swap(false, Ordering::Relaxed)
        {
            self.spool.rotate();
        }
        let (segment, offset) = self.spool.write(&next.frame).inspect_err(|error| {
            let before = counters.write_failures.fetch_add(1, Ordering::Relaxed);
            if before.is_multiple_of(100) {
                tracing::error!(%error, "the journal's spool cannot be written; facts wait in memory");
            }
        })?;
        self.events += next.events;
        let held = (next.frame.len() - spool::FRAME_HEAD_BYTES) as u64;
        self.shared.held_bytes.fetch_sub(held, Ordering::Relaxed);
        self.ask_for_sync();
        self.shared.tail.send_replace(Tail {
            segment,
            offset,
            events: self.events,
        });
        Ok(())
    }

    fn ask_for_sync(&self) {
        let Some((number, file)) = self.spool.current() else {
            return;
        };
        let mut to_sync = self.shared.syncing.segments();
        if to_sync.last().is_none_or(|(last, _)| *last != number) {
            to_sync.push((number, file));
            drop(to_sync);
            self.shared.syncing.wake.notify_one();
        }
    }

    /// True when a frame waits for the disk.
    pub fn is_behind(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Syncs what was written (a simulation's own turn of the sync thread).
    pub fn sync(&mut self) -> io::Result<()> {
        sync(&self.shared)
    }
}

/// Syncs every segment that was written since its last sync; failed ones stay to be tried again.
fn sync(shared: &Shared) -> io::Result<()> {
    let files = std::mem::take(&mut *shared.syncing.segments());
    let mut outcome = Ok(());
    let mut failed = Vec::new();
    for (number, file) in files {
        if let Err(error) = file.sync() {
            shared
                .counters
                .sync_failures
                .fetch_add(1, Ordering::Relaxed);
            tracing::error!(%error, segment = number, "a spool segment cannot be synced");
            failed.push((number, file));
            outcome = Err(error);
        }
    }
    let in_turn = &shared.syncing.failures_in_turn;
    if failed.is_empty() {
        in_turn.store(0, Ordering::Relaxed);
    } else {
        in_turn.fetch_add(1, Ordering::Relaxed);
        shared.syncing.rotate_wanted.store(true, Ordering::Relaxed);
        let mut to_sync = shared.syncing.segments();
        failed.append(&mut to_sync);
        // Segments that cannot be synced are few, since each takes a failed second; a flood of
        // them says nothing more.
        failed.truncate(1_000);
        *to_sync = failed;
    }
    shared.review();
    outcome
}

/// The writer's thread: ends when the journal closes and everything is written, or cannot be.
pub(crate) fn run_writer(mut core: WriterCore, write_within: Duration) {
    let shared = core.shared.clone();
    let pace = write_within / 5 * 4;
    let mut last = Instant::now();
    let mut retry = RETRY_FIRST;
    let mut closing_tries = 0;
    loop {
        let closing = wait_for_work(&shared, core.is_behind());
        if !closing {
            thread::sleep(pace.saturating_sub(last.elapsed()));
        }
        last = Instant::now();
        match core.turn() {
            Ok(()) if closing => break,
            Ok(()) => retry = RETRY_FIRST,
            Err(error) => {
                closing_tries += u32::from(closing);
                if closing_tries >= CLOSING_TRIES {
                    tracing::error!(%error, "facts are lost: the spool cannot be written at the end");
                    break;
                }
                thread::sleep(retry);
                retry = (retry * 2).min(RETRY_MAX);
            }
        }
    }
    // The figure is logged where it fails.
    let _ = core.sync();
    shared.syncing.writer_gone.store(true, Ordering::Release);
    shared.syncing.wake.notify_all();
    shared.hurry.notify_one();
}

/// Sleeps until something is handed over or the journal closes; returns whether it closes.
fn wait_for_work(shared: &Shared, behind: bool) -> bool {
    let mut pending = shared.pending();
    while pending.frame.is_empty() && !pending.closing && !behind {
        pending.asleep = true;
        let woken = shared.wake.wait(pending);
        pending = woken.unwrap_or_else(PoisonError::into_inner);
    }
    pending.asleep = false;
    pending.closing
}

/// The sync thread: each written segment is synced within `fsync_within`.
pub(crate) fn run_syncer(shared: &Shared, fsync_within: Duration) {
    let pace = fsync_within / 4 * 3;
    while !shared.syncing.writer_gone.load(Ordering::Acquire) {
        let mut to_sync = shared.syncing.segments();
        while to_sync.is_empty() && !shared.syncing.writer_gone.load(Ordering::Acquire) {
            // The time-out only guards against a wake-up between check and wait.
            let woken = shared.syncing.wake.wait_timeout(to_sync, RETRY_MAX);
            to_sync = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(to_sync);
        let until = Instant::now() + pace;
        while Instant::now() < until && !shared.syncing.writer_gone.load(Ordering::Acquire) {
            thread::sleep(RETRY_FIRST.min(until.saturating_duration_since(Instant::now())));
        }
        // Failures are counted and logged inside; the segment stays in the list.
        let _ = sync(shared);
    }
}
