//! SQLite: the store of a node that has no database server. One file, mode 0600.
//!
//! Write-ahead log with `synchronous=NORMAL`: a commit survives the process at once and a power
//! loss after the next checkpoint. The journal's loader asks for that checkpoint before it
//! deletes spool segments, so no fact depends on an unsynced commit.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::error::StoreError;
use crate::kv::KvLimits;
use crate::sql::{Database, SqlStore, sort};

/// Connections that read at once.
const READERS_MAX: u32 = 3;
/// Larger than SQLite's own 4,096, because most bytes are the journal's large rows.
const PAGE_BYTES: u32 = 8_192;
const BUSY_MAX: Duration = Duration::from_secs(5);
const ACQUIRE_MAX: Duration = Duration::from_secs(10);

/// Opens the file, making it (mode 0600) where it is missing, and brings its schema up.
pub async fn open_sqlite(path: &Path) -> Result<SqlStore, StoreError> {
    // Made here, since SQLite would make it readable for others; its log files take this mode.
    let mut file = OpenOptions::new();
    file.create(true).append(true).mode(0o600);
    file.open(path).map_err(|error| {
        StoreError::Unavailable(format!("{} cannot be opened: {error}", path.display()))
    })?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .page_size(PAGE_BYTES)
        .busy_timeout(BUSY_MAX)
        .foreign_keys(true);
    let writes = pool(1).connect_with(options.clone()).await.map_err(sort)?;
    let reads = pool(READERS_MAX).connect_lazy_with(options);
    let database = Database::Sqlite { writes, reads };
    database.migrate().await?;
    Ok(SqlStore {
        database,
        limits: KvLimits::default(),
    })
}

fn pool(connections_max: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(ACQUIRE_MAX)
        .test_before_acquire(false)
}
