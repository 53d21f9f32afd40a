//! The store in a SQL database: one set of statements for SQLite and Postgres.
//!
//! Both speak `$1` parameters, `ON CONFLICT` and `RETURNING`, so everything above this file is
//! written once, with values of three kinds. What differs (opening, durability, binary columns)
//! stands in `sqlite.rs` and `postgres.rs`.

use sqlx::postgres::{PgPool, PgRow};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _};

use crate::error::StoreError;
use crate::kv::KvLimits;
use crate::schema::MIGRATIONS;

mod bindings;
mod generations;
mod journal;
mod kv;
mod secrets;
mod snapshots;
mod tenants;

/// Everything a node keeps, in a SQL database.
#[derive(Clone, Debug)]
pub struct SqlStore {
    pub(crate) database: Database,
    pub(crate) limits: KvLimits,
}

#[derive(Clone, Debug)]
pub(crate) enum Database {
    /// SQLite lets one write at a time: all writes take one connection, whose page cache so
    /// stays right; reads take others.
    Sqlite {
        writes: SqlitePool,
        reads: SqlitePool,
    },
    Postgres(PgPool),
}

/// A value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

/// Numbers beyond `i64` do not occur; they would be cut to its largest.
fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Int(Some(value))
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Value::Int(Some(int(value)))
    }
}

impl From<Option<u64>> for Value {
    fn from(value: Option<u64>) -> Self {
        Value::Int(value.map(int))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::Text(Some(value.to_owned()))
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Value::Text(Some(value.clone()))
    }
}

impl From<&Option<String>> for Value {
    fn from(value: &Option<String>) -> Self {
        Value::Text(value.clone())
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Value::Bytes(Some(value.to_vec()))
    }
}

/// One statement of a transaction.
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
    /// Rows that it must change; else the whole transaction is taken back with
    /// [`StoreError::Position`].
    pub(crate) must_change: Option<u64>,
}

impl Statement {
    pub(crate) fn new(sql: impl Into<String>, values: Vec<Value>) -> Self {
        Self {
            sql: sql.into(),
            values,
            must_change: None,
        }
    }
}

/// Rows of one insertion: `head` stands before `VALUES`, `tail` after the rows.
pub(crate) struct Insertion<'a> {
    pub(crate) head: &'a str,
    pub(crate) tail: &'a str,
    pub(crate) rows: Vec<Vec<Value>>,
}

/// A row of either database. Columns are read by their place.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! column {
    ($name:ident, $optional:ident, $type:ty) => {
        pub(crate) fn $name(&self, at: usize) -> Result<$type, StoreError> {
            match self {
                Row::Sqlite(row) => row.try_get(at).map_err(sort),
                Row::Postgres(row) => row.try_get(at).map_err(sort),
            }
        }

        pub(crate) fn $optional(&self, at: usize) -> Result<Option<$type>, StoreError> {
            match self {
                Row::Sqlite(row) => row.try_get(at).map_err(sort),
                Row::Postgres(row) => row.try_get(at).map_err(sort),
            }
        }
    };
}

impl Row {
    column!(int, optional_int, i64);
    column!(text, optional_text, String);
    column!(bytes, optional_bytes, Vec<u8>);

    /// A number that is never negative.
    pub(crate) fn number(&self, at: usize) -> Result<u64, StoreError> {
        self.int(at)
            .map(|number| u64::try_from(number).unwrap_or(0))
    }

    pub(crate) fn optional_number(&self, at: usize) -> Result<Option<u64>, StoreError> {
        let number = self.optional_int(at)?;
        Ok(number.map(|number| u64::try_from(number).unwrap_or(0)))
    }
}

macro_rules! bound {
    ($sql:expr, $values:expr) => {
        $values.into_iter().fold(
            sqlx::query(AssertSqlSafe($sql)),
            |query, value| match value {
                Value::Int(value) => query.bind(value),
                Value::Text(value) => query.bind(value),
                Value::Bytes(value) => query.bind(value),
            },
        )
    };
}

macro_rules! transact {
    ($transaction:expr, $statements:expr) => {{
        let mut transaction = $transaction;
        let mut all_changed = 0;
        for statement in $statements {
            let done = bound!(statement.sql, statement.values)
                .execute(&mut *transaction)
                .await
                .map_err(sort)?;
            let changed = done.rows_affected();
            all_changed += changed;
            if statement
                .must_change
                .is_some_and(|wanted| wanted != changed)
            {
                transaction.rollback().await.map_err(sort)?;
                return Err(StoreError::Position);
            }
        }
        transaction.commit().await.map_err(sort)?;
        Ok(all_changed)
    }};
}

impl Database {
    /// Runs a statement; gives the rows that it changed.
    pub(crate) async fn run(&self, sql: &str, values: Vec<Value>) -> Result<u64, StoreError> {
        let sql = sql.to_owned();
        match self {
            Database::Sqlite { writes, .. } => {
                let done = bound!(sql, values).execute(writes).await;
                done.map(|done| done.rows_affected()).map_err(sort)
            }
            Database::Postgres(pool) => {
                let done = bound!(sql, values).execute(pool).await;
                done.map(|done| done.rows_affected()).map_err(sort)
            }
        }
    }

    /// Runs a query; gives its rows.
    pub(crate) async fn rows(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        match self {
            Database::Sqlite { reads, .. } => sqlite_rows(reads, sql, values).await,
            Database::Postgres(pool) => {
                let query = bound!(sql.to_owned(), values);
                let rows = query.fetch_all(pool).await.map_err(sort)?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// The first row of a query.
    pub(crate) async fn row(
        &self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// The first row that a writing statement returns.
    pub(crate) async fn written_row(
        &self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        match self {
            Database::Sqlite { writes, .. } => {
                let rows = sqlite_rows(writes, sql, values).await?;
                Ok(rows.into_iter().next())
            }
            Database::Postgres(_) => self.row(sql, values).await,
        }
    }

    /// Runs all statements or none.
    pub(crate) async fn transact(&self, statements: Vec<Statement>) -> Result<(), StoreError> {
        self.transact_counted(statements).await.map(drop)
    }

    /// The same; gives the rows that they changed.
    pub(crate) async fn transact_counted(
        &self,
        statements: Vec<Statement>,
    ) -> Result<u64, StoreError> {
        match self {
            Database::Sqlite { writes, .. } => {
                // Takes the write lock at once: a reader that turns writer could not wait.
                let begun = writes.begin_with("BEGIN IMMEDIATE").await.map_err(sort)?;
                transact!(begun, statements)
            }
            Database::Postgres(pool) => {
                let begun = pool.begin().await.map_err(sort)?;
                transact!(begun, statements)
            }
        }
    }

    /// Statements that insert these rows, many at once. The numbers of rows are few and fixed,
    /// so that each statement is prepared once.
    pub(crate) fn insert(&self, insertion: Insertion<'_>) -> Vec<Statement> {
        let Insertion { head, tail, rows } = insertion;
        let mut statements = Vec::new();
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            let fits = |size: &usize| *size <= rows.len();
            let size = [64, 8, 1].into_iter().find(fits).unwrap_or(1);
            let values: Vec<Vec<Value>> = rows.by_ref().take(size).collect();
            let columns = values.first().map_or(0, Vec::len);
            let mut sql = format!("{head} VALUES ");
            for row in 0..size {
                sql.push_str(if row == 0 { "(" } else { ", (" });
                for column in 1..=columns {
                    if column > 1 {
                        sql.push(',');
                    }
                    match self {
                        // Parameters with names are looked up one by one, for each one anew.
                        Database::Sqlite { .. } => sql.push('?'),
                        Database::Postgres(_) => {
                            sql.push('$');
                            sql.push_str(&(row * columns + column).to_string());
                        }
                    }
                }
                sql.push(')');
            }
            sql.push(' ');
            sql.push_str(tail);
            statements.push(Statement::new(sql, values.into_iter().flatten().collect()));
        }
        statements
    }

    fn bytes_type(&self) -> &'static str {
        match self {
            Database::Sqlite { .. } => "BLOB",
            Database::Postgres(_) => "BYTEA",
        }
    }

    /// Brings the schema to the newest version. Two processes may do so at once.
    pub(crate) async fn migrate(&self) -> Result<(), StoreError> {
        let table =
            "CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT NOT NULL PRIMARY KEY)";
        if self.run(table, Vec::new()).await.is_err() {
            // Two processes made it at once (Postgres says so by an error).
            self.run(table, Vec::new()).await?;
        }
        loop {
            let select = "SELECT COALESCE(MAX(version), 0) FROM schema_versions";
            let row = self.row(select, Vec::new()).await?;
            let version = row.map_or(Ok(0), |row| row.number(0))?;
            let newest = MIGRATIONS.len() as u64;
            if version > newest {
                return Err(StoreError::Refused(format!(
                    "the database has schema {version}, this program knows {newest}: it is older"
                )));
            }
            let at = usize::try_from(version).unwrap_or(usize::MAX);
            let Some(migration) = MIGRATIONS.get(at) else {
                return Ok(());
            };
            let mut claim = Statement::new(
                "INSERT INTO schema_versions (version) VALUES ($1) ON CONFLICT DO NOTHING",
                vec![Value::from(version + 1)],
            );
            claim.must_change = Some(1);
            let mut statements = vec![claim];
            for sql in *migration {
                let sql = sql.replace("{bytes}", self.bytes_type());
                statements.push(Statement::new(sql, Vec::new()));
            }
            match self.transact(statements).await {
                Ok(()) => tracing::info!(
                    version = version + 1,
                    "the database's schema was brought up"
                ),
                // Another process did this one: look again.
                Err(StoreError::Position) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

async fn sqlite_rows(
    pool: &SqlitePool,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<Row>, StoreError> {
    let query = bound!(sql.to_owned(), values);
    let rows = query.fetch_all(pool).await.map_err(sort)?;
    Ok(rows.into_iter().map(Row::Sqlite).collect())
}

impl SqlStore {
    /// The same store with other bounds on values.
    pub fn with_limits(mut self, limits: KvLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Closes all connections; what is under way ends first.
    pub async fn close(&self) {
        match &self.database {
            Database::Sqlite { writes, reads } => {
                reads.close().await;
                writes.close().await;
            }
            Database::Postgres(pool) => pool.close().await,
        }
    }
}

/// Sorts a database's error by what the caller can do about it.
pub(crate) fn sort(error: sqlx::Error) -> StoreError {
    use sqlx::Error as E;
    let text = error.to_string();
    match &error {
        E::Database(database) => {
            let code = database.code().unwrap_or_default();
            let passing = if database
                .try_downcast_ref::<sqlx::sqlite::SqliteError>()
                .is_some()
            {
                // SQLITE_BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN,
                // PROTOCOL; the low byte of the extended code.
                let code: u32 = code.parse().unwrap_or(0);
                matches!(code & 0xff, 5..=10 | 13 | 14 | 15)
            } else {
                // SQLSTATE classes: connection, transaction state and rollback, resources,
                // object state (locks), operator intervention, system error.
                let class = code.get(..2).unwrap_or("");
                matches!(class, "08" | "25" | "40" | "53" | "55" | "57" | "58")
            };
            if passing {
                StoreError::Unavailable(text)
            } else {
                StoreError::Refused(text)
            }
        }
        E::ColumnDecode { .. }
        | E::Decode(_)
        | E::ColumnNotFound(_)
        | E::ColumnIndexOutOfBounds { .. } => StoreError::Damaged(text),
        E::Configuration(_) | E::Encode(_) | E::TypeNotFound { .. } => StoreError::Refused(text),
        _ => StoreError::Unavailable(text),
    }
}
