//! The loader: moves spooled facts into the database, and deletes what the database holds.
//!
//! Its position is the database's own: a fact whose number a tenant's journal already holds is
//! skipped, and a commit that would overlap is refused by the database. So a commit whose answer
//! was lost is not written twice, and a start from the oldest segment is always right. Where the
//! database does not answer, the same commit is tried again for as long as it takes.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::disk::SpoolDisk;
use super::project::{OpenCalls, Projection};
use super::record;
use super::rows::{Batch, Commit, checksum};
use super::shared::Shared;
use super::spool::{self, Tail};
use crate::Store;
use crate::error::StoreError;

const RETRY_FIRST: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(2);
/// A commit that takes longer counts as failed; its outcome is learnt by trying again.
const COMMIT_TIME_MAX: Duration = Duration::from_secs(15);

/// How the loader paces itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoaderConfig {
    /// Pause between a fact's arrival and the commit that takes it and what came meanwhile.
    pub commit_within: Duration,
    /// Bytes of spool in one commit, about.
    pub commit_bytes: usize,
}

struct Ready {
    commit: Commit,
    /// Where the spool is read on once this is committed.
    next: (u64, u64),
    events: u64,
}

/// Moves the spool into the database.
pub struct Loader {
    shared: Arc<Shared>,
    disk: Arc<dyn SpoolDisk>,
    store: Arc<dyn Store>,
    config: LoaderConfig,
    tail: watch::Receiver<Tail>,
    position: (u64, u64),
    oldest: u64,
    last_seqs: HashMap<String, u64>,
    open: Arc<Mutex<OpenCalls>>,
    ready: Option<Ready>,
    loaded: u64,
}

impl Loader {
    pub(crate) fn new(
        shared: Arc<Shared>,
        disk: Arc<dyn SpoolDisk>,
        store: Arc<dyn Store>,
        config: LoaderConfig,
        last_seqs: HashMap<String, u64>,
    ) -> Self {
        Self {
            tail: shared.tail.subscribe(),
            shared,
            disk,
            store,
            config,
            position: (0, 0),
            oldest: 0,
            last_seqs,
            open: Arc::default(),
            ready: None,
            loaded: 0,
        }
    }

    pub(crate) fn open_calls(&self) -> Arc<Mutex<OpenCalls>> {
        self.open.clone()
    }

    /// Moves one commit's worth. Returns true when the database then held all that was written.
    /// After an error the same is tried again by the next turn.
    pub async fn turn(&mut self) -> Result<bool, StoreError> {
        let tail = *self.tail.borrow_and_update();
        if self.ready.is_none() {
            self.ready = self.prepare(tail)?;
        }
        let Some(ready) = &mut self.ready else {
            self.arrive(tail).await;
            return Ok(true);
        };
        let counters = &self.shared.counters;
        if !ready.commit.batches.is_empty() {
            let outcome =
                tokio::time::timeout(COMMIT_TIME_MAX, self.store.commit(&ready.commit)).await;
            let outcome = outcome.unwrap_or_else(|_| {
                Err(StoreError::Unavailable("a commit took too long".to_owned()))
            });
            match outcome {
                Ok(()) => {}
                Err(StoreError::Position) => {
                    // An earlier try was written after all: learn how far, and read again.
                    self.last_seqs = self.store.last_seqs().await?.into_iter().collect();
                    self.ready = None;
                    return Ok(false);
                }
                Err(error) => {
                    counters.commit_failures.fetch_add(1, Ordering::Relaxed);
                    let commit = &ready.commit;
                    let projects = !commit.calls.is_empty() || !commit.cdrs.is_empty();
                    if projects && !error.is_passing() {
                        // The facts come first: give up the projection of this commit.
                        tracing::error!(%error, "a commit is tried again without calls and CDRs");
                        counters.unprojected_commits.fetch_add(1, Ordering::Relaxed);
                        ready.commit.calls.clear();
                        ready.commit.cdrs.clear();
                    }
                    return Err(error);
                }
            }
        }
        self.committed(tail).await;
        Ok(self.position == (tail.segment, tail.offset))
    }

    async fn committed(&mut self, tail: Tail) {
        let Some(ready) = self.ready.take() else {
            return;
        };
        for batch in ready.commit.batches {
            self.last_seqs.insert(batch.tenant, batch.last_seq);
        }
        self.position = ready.next;
        self.loaded += ready.events;
        if self.position == (tail.segment, tail.offset) {
            self.arrive(tail).await;
        } else {
            self.shared.loaded.send_replace(self.loaded);
            self.delete_consumed().await;
        }
    }

    async fn arrive(&mut self, tail: Tail) {
        self.loaded = tail.events;
        self.shared.loaded.send_replace(self.loaded);
        self.delete_consumed().await;
    }

    /// Reads frames from the position on and makes a commit of them.
    fn prepare(&mut self, tail: Tail) -> Result<Option<Ready>, StoreError> {
        loop {
            let (segment, offset) = self.position;
            if (segment, offset) == (tail.segment, tail.offset) {
                return Ok(None);
            }
            let end = if segment == tail.segment {
                tail.offset
            } else {
                u64::MAX
            };
            let frames = if segment == 0 {
                None
            } else {
                let read =
                    spool::read_frames(&*self.disk, segment, offset, self.config.commit_bytes, end);
                Some(read.map_err(|error| {
                    StoreError::Unavailable(format!("the spool cannot be read: {error}"))
                })?)
            };
            match frames {
                Some(frames) if frames.whole > 0 => return Ok(Some(self.fold(&frames))),
                other => {
                    let rest = other.map_or(0, |frames| frames.bytes.len() as u64);
                    if rest > 0 {
                        self.shared
                            .counters
                            .torn_bytes
                            .fetch_add(rest, Ordering::Relaxed);
                        tracing::error!(
                            segment,
                            offset,
                            "a spool segment has bytes that are no whole frame"
                        );
                    }
                    self.position = self.next_segment(segment, tail)?;
                }
            }
        }
    }

    fn next_segment(&self, after: u64, tail: Tail) -> Result<(u64, u64), StoreError> {
        if after >= tail.segment {
            // What is left of the tail's segment cannot be read; do not stand still over it.
            return Ok((tail.segment, tail.offset));
        }
        let segments = self.disk.segments();
        let segments = segments.map_err(|error| {
            StoreError::Unavailable(format!("the spool cannot be listed: {error}"))
        })?;
        let next = segments
            .iter()
            .map(|(number, _)| *number)
            .find(|number| *number > after);
        Ok((next.unwrap_or(tail.segment), 0))
    }

    fn fold(&mut self, frames: &spool::Frames) -> Ready {
        let mut batches: Vec<Batch> = Vec::new();
        let mut index: HashMap<&str, usize> = HashMap::new();
        let mut projection = Projection::default();
        let mut events = 0;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for body in &frames.bodies {
            let mut rest = frames.bytes.get(body.clone()).unwrap_or(&[]);
            while let Some((tenant, record)) = record::read_spooled(&mut rest) {
                events += 1;
                let at = index.get(tenant).copied();
                let known = match at.and_then(|at| batches.get(at)) {
                    Some(batch) => batch.last_seq,
                    None => self.last_seqs.get(tenant).copied().unwrap_or(0),
                };
                if record.seq <= known {
                    continue;
                }
                if record.seq != known + 1 {
                    self.shared.counters.gaps.fetch_add(1, Ordering::Relaxed);
                    tracing::error!(
                        tenant,
                        after = known,
                        next = record.seq,
                        "facts are missing in the journal"
                    );
                }
                let at = at.unwrap_or_else(|| {
                    index.insert(tenant, batches.len());
                    batches.push(begin(tenant, record.seq, record.at_ms));
                    batches.len() - 1
                });
                if let Some(batch) = batches.get_mut(at) {
                    batch.last_seq = record.seq;
                    batch.payload.extend_from_slice(record.bytes);
                    projection.take(tenant, &record, batch.first_seq, &mut open);
                }
            }
        }
        drop(open);
        for batch in &mut batches {
            batch.checksum = checksum(
                &batch.tenant,
                batch.first_seq,
                batch.last_seq,
                &batch.payload,
            );
        }
        let mut commit = Commit {
            batches,
            ..Commit::default()
        };
        projection.finish(&mut commit);
        let (segment, offset) = self.position;
        Ready {
            commit,
            next: (segment, offset + frames.whole),
            events,
        }
    }

    /// Deletes segments that are wholly behind, once the database holds them durably.
    async fn delete_consumed(&mut self) {
        let done = self.position.0;
        if done <= self.oldest {
            return;
        }
        if let Err(error) = self.store.make_durable().await {
            tracing::warn!(%error, "spool segments are kept: the database could not be made durable");
            return;
        }
        let Ok(segments) = self.disk.segments() else {
            return;
        };
        for (number, bytes) in segments.into_iter().filter(|(number, _)| *number < done) {
            match self.disk.remove(number) {
                Ok(()) => {
                    let spool = &self.shared.spool_bytes;
                    let less = |old: u64| Some(old.saturating_sub(bytes));
                    let _ = spool.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
                }
                Err(error) => {
                    tracing::warn!(%error, segment = number, "a spool segment cannot be deleted")
                }
            }
        }
        self.oldest = done;
        self.shared.review();
    }

    /// Runs until the journal closes: then moves what is left, while the database takes it.
    pub(crate) async fn run(mut self) {
        let mut retry = RETRY_FIRST;
        loop {
            let ending = self.shared.syncing.writer_gone.load(Ordering::Acquire);
            match self.turn().await {
                Ok(true) if ending => return,
                Ok(true) => {
                    retry = RETRY_FIRST;
                    self.rest().await;
                }
                Ok(false) => retry = RETRY_FIRST,
                Err(error) => {
                    if ending {
                        tracing::warn!(%error, "facts stay in the spool for the next start");
                        return;
                    }
                    tracing::warn!(%error, "the database does not take the journal; facts stay in the spool");
                    tokio::time::sleep(retry).await;
                    retry = (retry * 2).min(RETRY_MAX);
                }
            }
        }
    }

    /// Waits for something new, and then a while for more of it, unless somebody is in a hurry.
    async fn rest(&mut self) {
        let shared = self.shared.clone();
        let more = async {
            if self.tail.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(self.config.commit_within).await;
        };
        tokio::select! {
            () = more => {}
            () = shared.hurry.notified() => {}
        }
    }
}

fn begin(tenant: &str, first_seq: u64, at_ms: u64) -> Batch {
    Batch {
        tenant: tenant.to_owned(),
        first_seq,
        last_seq: first_seq,
        at_ms,
        checksum: Vec::new(),
        payload: Vec::new(),
    }
}
