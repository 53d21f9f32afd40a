//! The journal and its projections in a SQL database.
//!
//! A tenant's row in `journal_tenants` moves only forward, in the transaction that writes the
//! batch: an overlap changes fewer rows than it must, and everything is taken back.

use super::{Database, Insertion, Row, SqlStore, Statement, Value};
use crate::error::{StoreError, Task};
use crate::journal::{Batch, CallQuery, CallRow, CdrQuery, CdrRow, Commit, JournalStore};
use crate::tenants::UsageRow;

const ROWS_MAX: u32 = 1_000;

const BATCH: &str = "SELECT tenant, first_seq, last_seq, at_ms, checksum, payload
    FROM journal_batches WHERE tenant = $1";

const CALL: &str = "SELECT tenant, call, started_ms, ended_ms, caller, dialled, result, cause,
    first_seq, last_seq, batches FROM calls WHERE tenant = $1";

pub(super) const CDR: &str = "SELECT tenant, seq, call, leg, started_ms, ended_ms, talk_ms, caller,
    dialled, result, cause, json FROM cdrs";

fn batch(row: &Row) -> Result<Batch, StoreError> {
    Ok(Batch {
        tenant: row.text(0)?,
        first_seq: row.number(1)?,
        last_seq: row.number(2)?,
        at_ms: row.number(3)?,
        checksum: row.bytes(4)?,
        payload: row.bytes(5)?,
    })
}

fn narrow(number: u64) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

fn call(row: &Row) -> Result<CallRow, StoreError> {
    let batches = row.optional_bytes(10)?.map(|bytes| {
        let (numbers, _) = bytes.as_chunks::<8>();
        numbers.iter().map(|n| u64::from_le_bytes(*n)).collect()
    });
    Ok(CallRow {
        tenant: row.text(0)?,
        call: row.text(1)?,
        started_ms: row.number(2)?,
        ended_ms: row.optional_number(3)?,
        caller: row.optional_text(4)?,
        dialled: row.optional_text(5)?,
        result: row.optional_text(6)?,
        cause: row.optional_number(7)?.map(narrow),
        first_seq: row.number(8)?,
        last_seq: row.optional_number(9)?,
        batches,
    })
}

fn call_values(row: &CallRow) -> Vec<Value> {
    let batches = row.batches.as_ref();
    let batches = batches.map(|all| all.iter().flat_map(|seq| seq.to_le_bytes()).collect());
    vec![
        Value::from(&row.tenant),
        Value::from(&row.call),
        Value::from(row.started_ms),
        Value::from(row.ended_ms),
        Value::from(&row.caller),
        Value::from(&row.dialled),
        Value::from(&row.result),
        Value::from(row.cause.map(u64::from)),
        Value::from(row.first_seq),
        Value::from(row.last_seq),
        Value::Bytes(batches),
    ]
}

pub(super) fn cdr(row: &Row) -> Result<CdrRow, StoreError> {
    Ok(CdrRow {
        tenant: row.text(0)?,
        seq: row.number(1)?,
        call: row.text(2)?,
        leg: narrow(row.number(3)?),
        started_ms: row.number(4)?,
        ended_ms: row.number(5)?,
        talk_ms: row.number(6)?,
        caller: row.text(7)?,
        dialled: row.text(8)?,
        result: row.text(9)?,
        cause: narrow(row.number(10)?),
        json: row.text(11)?,
    })
}

fn cdr_values(row: &CdrRow) -> Vec<Value> {
    vec![
        Value::from(&row.tenant),
        Value::from(row.seq),
        Value::from(&row.call),
        Value::from(u64::from(row.leg)),
        Value::from(row.started_ms),
        Value::from(row.ended_ms),
        Value::from(row.talk_ms),
        Value::from(&row.caller),
        Value::from(&row.dialled),
        Value::from(&row.result),
        Value::from(u64::from(row.cause)),
        Value::from(&row.json),
    ]
}

fn usage_values(row: &UsageRow) -> Vec<Value> {
    vec![
        Value::from(&row.tenant),
        Value::from(row.seq),
        Value::from(row.from_ms),
        Value::from(row.to_ms),
        Value::from(&row.json),
    ]
}

/// Moves the tenants' positions; each statement must change all of its rows.
fn positions(database: &Database, commit: &Commit) -> Vec<Statement> {
    let rows = commit.batches.iter().map(|batch| {
        vec![
            Value::from(&batch.tenant),
            Value::from(batch.first_seq),
            Value::from(batch.last_seq),
        ]
    });
    let mut statements = database.insert(Insertion {
        head: "INSERT INTO journal_tenants (tenant, batch_seq, last_seq)",
        tail: "ON CONFLICT (tenant) DO UPDATE SET batch_seq = excluded.batch_seq,
            last_seq = excluded.last_seq WHERE journal_tenants.last_seq < excluded.batch_seq",
        rows: rows.collect(),
    });
    for statement in &mut statements {
        statement.must_change = Some(statement.values.len() as u64 / 3);
    }
    statements
}

fn statements(database: &Database, commit: &Commit) -> Vec<Statement> {
    let batches = commit.batches.iter().map(|batch| {
        vec![
            Value::from(&batch.tenant),
            Value::from(batch.first_seq),
            Value::from(batch.last_seq),
            Value::from(batch.at_ms),
            Value::from(&batch.checksum[..]),
            Value::from(&batch.payload[..]),
        ]
    });
    let insertions = [
        Insertion {
            head: "INSERT INTO journal_batches
                (tenant, first_seq, last_seq, at_ms, checksum, payload)",
            tail: "",
            rows: batches.collect(),
        },
        Insertion {
            head: "INSERT INTO calls (tenant, call, started_ms, ended_ms, caller, dialled, result,
                cause, first_seq, last_seq, batches)",
            tail: "ON CONFLICT (tenant, call) DO UPDATE SET
                started_ms = CASE WHEN excluded.started_ms < calls.started_ms
                    THEN excluded.started_ms ELSE calls.started_ms END,
                first_seq = CASE WHEN excluded.first_seq < calls.first_seq
                    THEN excluded.first_seq ELSE calls.first_seq END,
                ended_ms = COALESCE(excluded.ended_ms, calls.ended_ms),
                caller = COALESCE(excluded.caller, calls.caller),
                dialled = COALESCE(excluded.dialled, calls.dialled),
                result = COALESCE(excluded.result, calls.result),
                cause = COALESCE(excluded.cause, calls.cause),
                last_seq = COALESCE(excluded.last_seq, calls.last_seq),
                batches = COALESCE(excluded.batches, calls.batches)",
            rows: commit.calls.iter().map(call_values).collect(),
        },
        Insertion {
            head: "INSERT INTO cdrs (tenant, seq, call, leg, started_ms, ended_ms, talk_ms, caller,
                dialled, result, cause, json)",
            tail: "",
            rows: commit.cdrs.iter().map(cdr_values).collect(),
        },
        Insertion {
            head: "INSERT INTO usage (tenant, seq, from_ms, to_ms, json)",
            tail: "",
            rows: commit.usage.iter().map(usage_values).collect(),
        },
    ];
    let mut statements = positions(database, commit);
    for insertion in insertions {
        statements.extend(database.insert(insertion));
    }
    statements
}

impl JournalStore for SqlStore {
    fn last_seqs(&self) -> Task<'_, Vec<(String, u64)>> {
        Box::pin(async move {
            let sql = "SELECT tenant, last_seq FROM journal_tenants ORDER BY tenant";
            let rows = self.database.rows(sql, Vec::new()).await?;
            rows.iter()
                .map(|row| Ok((row.text(0)?, row.number(1)?)))
                .collect()
        })
    }

    fn commit<'a>(&'a self, commit: &'a Commit) -> Task<'a, ()> {
        Box::pin(self.database.transact(statements(&self.database, commit)))
    }

    fn make_durable(&self) -> Task<'_, ()> {
        Box::pin(async move {
            match &self.database {
                // A commit is in the write-ahead log, which is only synced here.
                Database::Sqlite { .. } => {
                    let row = self
                        .database
                        .written_row("PRAGMA wal_checkpoint(FULL)", Vec::new())
                        .await?;
                    match row {
                        Some(row) if row.int(0)? == 0 => Ok(()),
                        _ => Err(StoreError::Unavailable(
                            "the checkpoint had to wait".to_owned(),
                        )),
                    }
                }
                // Each commit was synced before it was answered (`synchronous_commit` is on).
                Database::Postgres(_) => Ok(()),
            }
        })
    }

    fn batches<'a>(&'a self, tenant: &'a str, from_seq: u64, limit: u32) -> Task<'a, Vec<Batch>> {
        Box::pin(async move {
            let sql = format!(
                "{BATCH} AND last_seq >= $2 AND first_seq >= (SELECT COALESCE(MAX(first_seq), 0)
                    FROM journal_batches WHERE tenant = $1 AND first_seq <= $2)
                    ORDER BY first_seq LIMIT $3"
            );
            let values = vec![tenant.into(), from_seq.into(), u64::from(limit).into()];
            let rows = self.database.rows(&sql, values).await?;
            rows.iter().map(batch).collect()
        })
    }

    fn batch<'a>(&'a self, tenant: &'a str, first_seq: u64) -> Task<'a, Option<Batch>> {
        Box::pin(async move {
            let sql = format!("{BATCH} AND first_seq = $2");
            let row = self
                .database
                .row(&sql, vec![tenant.into(), first_seq.into()])
                .await?;
            row.map(|row| batch(&row)).transpose()
        })
    }

    fn call<'a>(&'a self, tenant: &'a str, id: &'a str) -> Task<'a, Option<CallRow>> {
        Box::pin(async move {
            let sql = format!("{CALL} AND call = $2");
            let row = self
                .database
                .row(&sql, vec![tenant.into(), id.into()])
                .await?;
            row.map(|row| call(&row)).transpose()
        })
    }

    fn calls<'a>(&'a self, query: &'a CallQuery) -> Task<'a, Vec<CallRow>> {
        Box::pin(async move {
            let mut values = vec![
                Value::from(&query.tenant),
                Value::from(query.from_ms),
                Value::from(query.to_ms),
                Value::from(u64::from(query.limit.min(ROWS_MAX))),
            ];
            let number = match &query.number {
                Some(number) => {
                    values.push(Value::from(number));
                    "AND (caller = $5 OR dialled = $5)"
                }
                None => "",
            };
            let sql = format!(
                "{CALL} AND started_ms >= $2 AND started_ms < $3 {number}
                    ORDER BY started_ms DESC, first_seq DESC LIMIT $4"
            );
            let rows = self.database.rows(&sql, values).await?;
            rows.iter().map(call).collect()
        })
    }

    fn cdrs<'a>(&'a self, query: &'a CdrQuery) -> Task<'a, Vec<CdrRow>> {
        Box::pin(async move {
            let mut values = vec![
                Value::from(&query.tenant),
                Value::from(query.after_seq),
                Value::from(query.from_ms),
                Value::from(u64::from(query.limit.min(ROWS_MAX))),
            ];
            let of_call = match &query.call {
                Some(call) => {
                    values.push(Value::from(call));
                    "AND call = $5"
                }
                None => "",
            };
            let order = if query.newest_first { "DESC" } else { "ASC" };
            let sql = format!(
                "{CDR} WHERE tenant = $1 AND seq > $2
                    AND started_ms >= $3 {of_call} ORDER BY seq {order} LIMIT $4"
            );
            let rows = self.database.rows(&sql, values).await?;
            rows.iter().map(cdr).collect()
        })
    }
}
