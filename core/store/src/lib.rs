//! Storage: what survives the process, behind traits that know no database.
//!
//! Seven nouns are kept: secrets, bindings, scripts' values, dialplan generations, snapshots of
//! modules, and the journal with its projections (calls and CDRs). Each is a trait; `memory.rs` keeps all of them for
//! tests and simulation, `sqlite.rs` and `postgres.rs` keep them with one and the same SQL.
//! `journal/` also holds the write path: sequencer, spool, writer and loader.
//!
//! Always true: this room uses nothing else of ours, so tenants, call ids and events come as
//! plain text and JSON; times come as arguments in Unix milliseconds, except in the journal's two
//! threads, which pace themselves by the clock.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod bindings;
mod error;
mod generations;
pub mod journal;
mod kv;
mod memory;
mod postgres;
mod schema;
mod secrets;
mod snapshots;
mod sql;
mod sqlite;
mod tenants;

pub use bindings::{Binding, BindingStore};
pub use error::{StoreError, Task};
pub use generations::{GENERATIONS_KEPT, Generation, GenerationStore};
pub use journal::{
    Batch, CallQuery, CallRow, CdrQuery, CdrRow, JournalStore, StoredEvent, Verdict,
};
pub use kv::{KvLimits, KvPlace, KvStore, KvWrite, NUMBER_MAX};
pub use memory::{MemoryStore, StoreFaults};
pub use postgres::open_postgres;
pub use secrets::{Ha1, Secret, SecretStore};
pub use snapshots::{SNAPSHOT_BYTES_MAX, SnapshotStore, StoredSnapshot};
pub use sql::SqlStore;
pub use sqlite::open_sqlite;
pub use tenants::{Span, StoredValue, TENANT_PAGE_MAX, TenantStore, UsageRow};

/// Everything a node keeps, in one object: `Arc<dyn Store>`.
pub trait Store:
    SecretStore
    + BindingStore
    + KvStore
    + GenerationStore
    + SnapshotStore
    + JournalStore
    + TenantStore
    + Send
    + Sync
    + 'static
{
}

impl<T> Store for T where
    T: SecretStore
        + BindingStore
        + KvStore
        + GenerationStore
        + SnapshotStore
        + JournalStore
        + TenantStore
        + Send
        + Sync
        + 'static
{
}

/// Opens the store that `place` names: `postgres://...` or `postgresql://...` is a server,
/// `memory:` keeps nothing after the process, anything else is the path of a SQLite file.
pub async fn open(place: &str) -> Result<std::sync::Arc<dyn Store>, StoreError> {
    if place.starts_with("postgres://") || place.starts_with("postgresql://") {
        Ok(std::sync::Arc::new(open_postgres(place).await?))
    } else if place == "memory:" {
        Ok(std::sync::Arc::new(MemoryStore::new()))
    } else {
        Ok(std::sync::Arc::new(open_sqlite(place.as_ref()).await?))
    }
}

#[cfg(test)]
mod tests;
