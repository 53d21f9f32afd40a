//! Postgres: the store of nodes that have a database server. The same statements as SQLite.
//!
//! A server that stands still makes requests fail after a while instead of hanging for ever: the
//! journal's spool carries on meanwhile, and everybody else gets an error that says so.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::error::StoreError;
use crate::kv::KvLimits;
use crate::sql::{Database, SqlStore, sort};

/// Connections of one node.
const CONNECTIONS_MAX: u32 = 8;
const ACQUIRE_MAX: Duration = Duration::from_secs(5);

/// What every connection asks of the server: commits are synced before they are answered, and
/// neither a lock nor a lost client is waited for without end.
const SETTINGS: &str = "SET synchronous_commit = on; SET lock_timeout = '5s';
    SET statement_timeout = '30s'; SET idle_in_transaction_session_timeout = '30s'";

/// Connects to the server that a `postgres://` URL names and brings the schema up.
pub async fn open_postgres(url: &str) -> Result<SqlStore, StoreError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(sort)?
        .application_name("cordboard");
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS_MAX)
        .acquire_timeout(ACQUIRE_MAX)
        .after_connect(|connection, _| {
            Box::pin(async move {
                sqlx::raw_sql(SETTINGS).execute(connection).await?;
                Ok(())
            })
        })
        .connect_with(options)
        .await
        .map_err(sort)?;
    let database = Database::Postgres(pool);
    database.migrate().await?;
    Ok(SqlStore {
        database,
        limits: KvLimits::default(),
    })
}
