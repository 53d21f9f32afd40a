//! Opening a journal, and the node's handle on it.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::disk::{FolderDisk, SpoolDisk};
use super::loader::{Loader, LoaderConfig};
use super::project::OpenCalls;
use super::read;
use super::record::StoredEvent;
use super::sequencer::Sequencer;
use super::shared::{Bounds, JournalFigures, OnWritten, Shared};
use super::spool::{Recovered, Spool, SpoolConfig};
use super::writer::{self, WriterCore};
use crate::Store;
use crate::error::StoreError;

/// How fast and how large a journal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalConfig {
    /// A fact handed over is in the spool within this.
    pub write_within: Duration,
    /// What is in the spool survives a power loss after this.
    pub fsync_within: Duration,
    /// Pause before the database takes what was written; longer costs less. Readers need not wait
    /// for it: see [`Journal::flush`].
    pub commit_within: Duration,
    /// Bytes in one commit, about.
    pub commit_bytes: usize,
    /// Size at which a spool segment is followed by the next.
    pub segment_bytes: u64,
    /// Bytes of spool beyond which new calls are refused; a quarter more and facts wait in
    /// memory.
    pub spool_bytes_max: u64,
    /// Bytes in memory beyond which new calls are refused; four times this and facts of calls
    /// that are up are counted as lost.
    pub memory_bytes_max: u64,
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self {
            write_within: Duration::from_millis(5),
            fsync_within: Duration::from_secs(1),
            commit_within: Duration::from_millis(500),
            commit_bytes: 1 << 20,
            segment_bytes: 8 << 20,
            spool_bytes_max: 4 << 30,
            memory_bytes_max: 16 << 20,
        }
    }
}

/// Why a journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The spool's folder or a segment cannot be used.
    #[error("the journal's spool cannot be opened: {0}")]
    Spool(#[from] io::Error),
    /// The database cannot say which numbers it holds.
    #[error("the journal's numbers cannot be read: {0}")]
    Store(#[from] StoreError),
}

/// The node's handle on its journal. Clones share it.
#[derive(Clone)]
pub struct Journal {
    shared: Arc<Shared>,
    store: Arc<dyn Store>,
    open: Arc<Mutex<OpenCalls>>,
    threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
    loader: Arc<Mutex<Option<tokio::task::JoinHandle<()>>>>,
}

impl Journal {
    /// Opens the spool in `folder`, takes up what is in it, and starts two threads and one task
    /// of the current tokio runtime. Numbers go on after the highest of spool and database.
    /// `on_written` is called on the writer's thread after each write and must not block.
    pub async fn open(
        folder: &Path,
        store: Arc<dyn Store>,
        config: JournalConfig,
        on_written: OnWritten,
    ) -> Result<(Sequencer, Journal), JournalError> {
        let disk: Arc<dyn SpoolDisk> = Arc::new(FolderDisk::open(folder)?);
        let parts = Self::assemble(disk, store, config, on_written).await?;
        let (sequencer, core, loader, journal, _) = parts;
        let shared = journal.shared.clone();
        let write = move || writer::run_writer(core, config.write_within);
        let sync = move || writer::run_syncer(&shared, config.fsync_within);
        let threads = [
            std::thread::Builder::new()
                .name("journal-write".to_owned())
                .spawn(write)?,
            std::thread::Builder::new()
                .name("journal-sync".to_owned())
                .spawn(sync)?,
        ];
        journal.threads().extend(threads);
        *journal
            .loader
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(tokio::spawn(loader.run()));
        Ok((sequencer, journal))
    }

    /// The same journal without threads: the caller turns writer, sync and loader by hand (a
    /// simulation in virtual time, a test). The last part says what the spool held.
    pub async fn assemble(
        disk: Arc<dyn SpoolDisk>,
        store: Arc<dyn Store>,
        config: JournalConfig,
        on_written: OnWritten,
    ) -> Result<(Sequencer, WriterCore, Loader, Journal, Recovered), JournalError> {
        let spool_config = SpoolConfig {
            segment_bytes: config.segment_bytes,
            bytes_max: config
                .spool_bytes_max
                .saturating_add(config.spool_bytes_max / 4),
        };
        let known: HashMap<String, u64> = store.last_seqs().await?.into_iter().collect();
        let (spool, recovered) = Spool::recover(disk.clone(), spool_config, &known)?;
        let bounds = Bounds {
            memory_bytes_max: config.memory_bytes_max,
            spool_bytes_max: config.spool_bytes_max,
        };
        let shared = Arc::new(Shared::new(bounds, spool.bytes(), recovered.tail));
        shared
            .counters
            .torn_bytes
            .store(recovered.torn_bytes, Ordering::Relaxed);
        if recovered.torn_bytes > 0 || recovered.set_aside > 0 {
            tracing::warn!(
                torn_bytes = recovered.torn_bytes,
                set_aside = recovered.set_aside,
                "the spool had a torn end and was cut to whole facts"
            );
        }
        shared.review();
        let last_seqs = known.clone().into_iter().chain(recovered.last_seqs.clone());
        let sequencer = Sequencer::new(shared.clone(), last_seqs);
        let core = WriterCore::new(shared.clone(), spool, on_written);
        let loader_config = LoaderConfig {
            commit_within: config.commit_within,
            commit_bytes: config.commit_bytes,
        };
        let loader = Loader::new(shared.clone(), disk, store.clone(), loader_config, known);
        let journal = Journal {
            shared,
            store,
            open: loader.open_calls(),
            threads: Arc::default(),
            loader: Arc::default(),
        };
        Ok((sequencer, core, loader, journal, recovered))
    }

    fn threads(&self) -> std::sync::MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True while new calls are to be refused: spool or memory is at its bound, or the disk
    /// cannot sync. One relaxed load.
    pub fn full(&self) -> bool {
        self.shared.full.load(Ordering::Relaxed)
    }

    /// The journal's figures.
    pub fn figures(&self) -> JournalFigures {
        self.shared.figures()
    }

    /// Waits until the database holds everything handed over before this call, so that readers
    /// see it. Waits as long as the database stands still: give it a time-out.
    pub async fn flush(&self) {
        let target = self.shared.handed.load(Ordering::Acquire);
        let mut tail = self.shared.tail.subscribe();
        // Both senders live in `shared`, which this handle holds: they cannot be gone.
        let _ = tail.wait_for(|tail| tail.events >= target).await;
        let mut loaded = self.shared.loaded.subscribe();
        self.shared.hurry.notify_one();
        let _ = loaded.wait_for(|events| *events >= target).await;
    }

    /// Facts of a call in order, at most `limit`, also while it is up (only those that the
    /// database holds; see [`flush`](Self::flush)).
    pub async fn events_of_call(
        &self,
        tenant: &str,
        call: &str,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let open = self
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .batches(tenant, call);
        match open {
            Some(batches) => {
                read::events_in_batches(&*self.store, tenant, call, &batches, limit).await
            }
            None => self.store.events_of_call(tenant, call, limit).await,
        }
    }

    /// The store behind it.
    pub fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    /// Writes and syncs what was handed over, lets the database take it if it does, and ends
    /// threads and task. Drop the sequencer, or hand over, before.
    pub async fn close(&self) {
        self.shared.pending().closing = true;
        self.shared.wake.notify_all();
        let threads = std::mem::take(&mut *self.threads());
        let joined = tokio::task::spawn_blocking(move || {
            threads.into_iter().all(|thread| thread.join().is_ok())
        });
        if !matches!(joined.await, Ok(true)) {
            tracing::error!("a thread of the journal ended badly");
        }
        let loader = self
            .loader
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(loader) = loader {
            self.shared.hurry.notify_one();
            if loader.await.is_err() {
                tracing::error!("the journal's loader ended badly");
            }
        }
    }
}
