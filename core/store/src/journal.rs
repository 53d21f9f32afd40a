//! The journal: every fact in order, one gapless sequence a tenant, and what is folded from it.
//!
//! The way of a fact: the shard's [`Sequencer`] numbers it and puts it in a buffer; the writer
//! thread appends the buffer to a spool file within 5 ms (so a killed process loses nothing that
//! was written) and has it fsynced within 1 s (so a power loss loses at most that second); the
//! loader moves spooled facts into the database in batches, with the projections `calls` and
//! `cdrs` in the same transaction, and deletes spool segments that the database holds durably.
//!
//! Always true: a batch is of one tenant; batches of a tenant follow each other without gap or
//! overlap; what a batch holds is what its checksum says. Where the database stands still only
//! the spool grows; where the disk stands still facts wait in memory; at either bound new calls
//! are refused (`Journal::full`), and no fact that has a number is dropped.

pub mod disk;
mod loader;
mod open;
mod project;
mod read;
mod record;
mod rows;
mod sequencer;
mod shared;
mod spool;
mod writer;

pub use loader::{Loader, LoaderConfig};
pub use open::{Journal, JournalConfig, JournalError};
pub use read::{EVENTS_PAGE_MAX, events_of_batch};
pub use record::{EVENT_BYTES_MAX, StoredEvent};
pub use rows::{
    Batch, CallQuery, CallRow, CdrQuery, CdrRow, Commit, JournalStore, Verdict, checksum,
};
pub use sequencer::{NewEvent, Sequencer};
pub use shared::{JournalFigures, OnWritten, Written};
pub use spool::{Recovered, Spool, SpoolConfig, Tail};
pub use writer::WriterCore;

#[cfg(test)]
mod tests;

/// One record of a batch, for stories that make batches by hand.
#[cfg(test)]
pub(crate) fn write_record(out: &mut Vec<u8>, seq: u64, call: &str, payload: &[u8]) {
    let head = record::Head {
        seq,
        at_ms: 1_000 + seq,
        topic: "call.step-started",
        version: 1,
        call: Some(call),
        leg: Some(1),
    };
    let mut spooled = Vec::new();
    record::write(&mut spooled, "", head, |o| o.extend_from_slice(payload));
    // Without the tenant (empty here, one length byte), it is the record of a batch.
    out.extend_from_slice(&spooled[1..]);
}
