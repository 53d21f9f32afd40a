//! The contract of a store, told once and kept by every adapter.
//!
//! Each story takes any `Store`; the modules below run all of them on memory, on SQLite and, where
//! `CORDBOARD_TEST_POSTGRES` names a server, on Postgres (every story in a database of its own).

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{KvLimits, MemoryStore, SqlStore, Store, open_postgres, open_sqlite};

mod journal;
mod small;

/// A folder that goes with its test.
pub(crate) struct Scratch(pub(crate) PathBuf);

static COUNT: AtomicU64 = AtomicU64::new(0);

impl Scratch {
    pub(crate) fn new() -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("cordboard-store-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An adapter under test, and what must outlive it.
pub(crate) struct Bench {
    pub(crate) store: Arc<dyn Store>,
    sql: Option<SqlStore>,
    scratch: Option<Scratch>,
    database: Option<(String, String)>,
}

/// Small bounds, so that the stories reach them.
pub(crate) const LIMITS: KvLimits = KvLimits {
    key_bytes_max: 32,
    value_bytes_max: 64,
    owner_bytes_max: 120,
    owner_values_max: 5,
};

impl Bench {
    pub(crate) async fn memory() -> Option<Self> {
        Some(Self {
            store: Arc::new(MemoryStore::with_limits(LIMITS)),
            sql: None,
            scratch: None,
            database: None,
        })
    }

    pub(crate) async fn sqlite() -> Option<Self> {
        let scratch = Scratch::new();
        let sql = open_sqlite(&scratch.0.join("store.db")).await.unwrap();
        let sql = sql.with_limits(LIMITS);
        Some(Self {
            store: Arc::new(sql.clone()),
            sql: Some(sql),
            scratch: Some(scratch),
            database: None,
        })
    }

    pub(crate) async fn postgres() -> Option<Self> {
        let Ok(url) = std::env::var("CORDBOARD_TEST_POSTGRES") else {
            println!("skipped: CORDBOARD_TEST_POSTGRES names no server");
            return None;
        };
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("t{}_{number}", std::process::id());
        admin(&url, &format!("CREATE DATABASE {name}")).await;
        let (base, _) = url.rsplit_once('/').unwrap();
        let sql = open_postgres(&format!("{base}/{name}")).await.unwrap();
        let sql = sql.with_limits(LIMITS);
        Some(Self {
            store: Arc::new(sql.clone()),
            sql: Some(sql),
            scratch: None,
            database: Some((url, name)),
        })
    }

    /// Closes the store and opens it again, as a restart does; memory just stays.
    pub(crate) async fn restart(&mut self) {
        let Some(sql) = self.sql.take() else {
            return;
        };
        sql.close().await;
        let sql = match (&self.scratch, &self.database) {
            (Some(scratch), _) => open_sqlite(&scratch.0.join("store.db")).await.unwrap(),
            (None, Some((url, name))) => {
                let (base, _) = url.rsplit_once('/').unwrap();
                open_postgres(&format!("{base}/{name}")).await.unwrap()
            }
            (None, None) => return,
        };
        let sql = sql.with_limits(LIMITS);
        self.store = Arc::new(sql.clone());
        self.sql = Some(sql);
    }

    pub(crate) async fn close(self) {
        if let Some(sql) = &self.sql {
            sql.close().await;
        }
        if let Some((url, name)) = &self.database {
            admin(url, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
        }
    }
}

async fn admin(url: &str, statement: &str) {
    use sqlx::{AssertSqlSafe, Connection, PgConnection};
    let mut connection = PgConnection::connect(url).await.unwrap();
    let done = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection);
    done.await.unwrap();
    connection.close().await.unwrap();
}

/// Runs every story on every adapter.
macro_rules! stories {
    ($($path:ident :: $story:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test] async fn $story() {
                if let Some(mut bench) = crate::tests::Bench::memory().await {
                    crate::tests::$path::$story(&mut bench).await;
                    bench.close().await;
                }
            })*
        }
        mod sqlite {
            $(#[tokio::test] async fn $story() {
                if let Some(mut bench) = crate::tests::Bench::sqlite().await {
                    crate::tests::$path::$story(&mut bench).await;
                    bench.close().await;
                }
            })*
        }
        mod postgres {
            $(#[tokio::test] async fn $story() {
                if let Some(mut bench) = crate::tests::Bench::postgres().await {
                    crate::tests::$path::$story(&mut bench).await;
                    bench.close().await;
                }
            })*
        }
    };
}

stories! {
    small::secrets_belong_to_their_tenant,
    small::bindings_survive_a_restart,
    small::values_end_and_are_bounded,
    small::numbers_count_up_and_down,
    small::the_last_twenty_generations_are_kept,
    small::a_snapshot_replaces_the_last_one_of_its_owner,
    journal::a_batch_is_written_once,
    journal::a_commit_is_all_or_nothing,
    journal::calls_are_folded_and_found,
    journal::cdrs_are_followed_by_number,
    journal::verify_names_what_is_wrong,
    journal::hostile_text_is_kept,
    journal::many_tenants_commit_at_once,
    journal::usage_and_bills_of_a_time_are_found_and_a_removed_journal_goes_on_counting,
    small::a_tenant_is_counted_listed_and_removed_alone,
}

#[test]
fn secrets_are_not_printed() {
    let ha1 = crate::Ha1 {
        md5: crate::Secret::new("0123456789abcdef"),
        sha256: crate::Secret::new("fedcba9876543210"),
    };
    let text = format!("{ha1:?}");
    assert!(!text.contains("0123") && !text.contains("fedc"), "{text}");
}

#[tokio::test]
async fn the_sqlite_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let path = scratch.0.join("store.db");
    let store = open_sqlite(&path).await.unwrap();
    crate::SecretStore::put_node_secret(&store, "k", crate::Secret::new("v"))
        .await
        .unwrap();
    for entry in std::fs::read_dir(&scratch.0).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
    store.close().await;
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    let scratch = Scratch::new();
    let path = scratch.0.join("store.db");
    let store = open_sqlite(&path).await.unwrap();
    let newer = "INSERT INTO schema_versions (version) VALUES (999)";
    store.database.run(newer, Vec::new()).await.unwrap();
    store.close().await;
    let refused = open_sqlite(&path).await.unwrap_err();
    assert!(
        matches!(refused, crate::StoreError::Refused(_)),
        "{refused}"
    );
}
