//! All of one tenant, in a SQL database.

use super::bindings::{COLUMNS, binding};
use super::journal::{CDR, cdr};
use super::{SqlStore, Statement, Value};
use crate::bindings::Binding;
use crate::error::{StoreError, Task};
use crate::journal::CdrRow;
use crate::tenants::{Span, StoredValue, TENANT_PAGE_MAX, TenantStore, UsageRow};

/// Every table that has rows of tenants, but `journal_tenants`.
const TABLES: [&str; 10] = [
    "ha1",
    "secrets",
    "bindings",
    "kv",
    "generations",
    "snapshots",
    "usage",
    "cdrs",
    "calls",
    "journal_batches",
];

fn span_values(span: &Span) -> Vec<Value> {
    vec![
        Value::from(&span.tenant),
        Value::from(span.from_ms),
        Value::from(span.to_ms),
        Value::from(span.after_seq),
        Value::from(u64::from(TENANT_PAGE_MAX)),
    ]
}

impl TenantStore for SqlStore {
    fn tenant_bytes(&self) -> Task<'_, Vec<(String, u64)>> {
        Box::pin(async move {
            let sql = "SELECT tenant, CAST(SUM(bytes) AS BIGINT) FROM (
                    SELECT tenant, SUM(size) AS bytes FROM kv GROUP BY tenant
                    UNION ALL
                    SELECT tenant, SUM(LENGTH(bytes)) AS bytes FROM snapshots GROUP BY tenant
                ) AS kept GROUP BY tenant ORDER BY tenant";
            let rows = self.database.rows(sql, Vec::new()).await?;
            rows.iter()
                .map(|row| Ok((row.text(0)?, row.number(1)?)))
                .collect()
        })
    }

    fn usage<'a>(&'a self, span: &'a Span) -> Task<'a, Vec<UsageRow>> {
        Box::pin(async move {
            let sql = "SELECT tenant, seq, from_ms, to_ms, json FROM usage WHERE tenant = $1
                AND to_ms > $2 AND to_ms <= $3 AND seq > $4 ORDER BY seq LIMIT $5";
            let rows = self.database.rows(sql, span_values(span)).await?;
            rows.iter()
                .map(|row| {
                    Ok(UsageRow {
                        tenant: row.text(0)?,
                        seq: row.number(1)?,
                        from_ms: row.number(2)?,
                        to_ms: row.number(3)?,
                        json: row.text(4)?,
                    })
                })
                .collect()
        })
    }

    fn bills<'a>(&'a self, span: &'a Span) -> Task<'a, Vec<CdrRow>> {
        Box::pin(async move {
            let sql = format!(
                "{CDR} WHERE tenant = $1 AND ended_ms >= $2 AND ended_ms < $3 AND seq > $4
                    ORDER BY seq LIMIT $5"
            );
            let rows = self.database.rows(&sql, span_values(span)).await?;
            rows.iter().map(cdr).collect()
        })
    }

    fn values_after<'a>(
        &'a self,
        tenant: &'a str,
        after: (&'a str, &'a str),
        limit: u32,
    ) -> Task<'a, Vec<StoredValue>> {
        Box::pin(async move {
            let sql = "SELECT owner, name, value, number, ends_ms FROM kv WHERE tenant = $1
                AND (owner > $2 OR (owner = $2 AND name > $3)) ORDER BY owner, name LIMIT $4";
            let limit = u64::from(limit.min(TENANT_PAGE_MAX));
            let values = vec![tenant.into(), after.0.into(), after.1.into(), limit.into()];
            let rows = self.database.rows(sql, values).await?;
            rows.iter()
                .map(|row| {
                    let value = match row.optional_bytes(2)? {
                        Some(value) => value,
                        None => row.int(3)?.to_string().into_bytes(),
                    };
                    Ok(StoredValue {
                        owner: row.text(0)?,
                        key: row.text(1)?,
                        value,
                        ends_ms: row.optional_number(4)?,
                    })
                })
                .collect::<Result<_, StoreError>>()
        })
    }

    fn snapshot_owners<'a>(&'a self, tenant: &'a str) -> Task<'a, Vec<String>> {
        Box::pin(async move {
            let sql = "SELECT owner FROM snapshots WHERE tenant = $1 ORDER BY owner";
            let rows = self.database.rows(sql, vec![tenant.into()]).await?;
            rows.iter().map(|row| row.text(0)).collect()
        })
    }

    fn bindings_of<'a>(&'a self, tenant: &'a str) -> Task<'a, Vec<Binding>> {
        Box::pin(async move {
            let sql =
                format!("SELECT {COLUMNS} FROM bindings WHERE tenant = $1 ORDER BY name, contact");
            let rows = self.database.rows(&sql, vec![tenant.into()]).await?;
            rows.iter().map(binding).collect()
        })
    }

    fn delete_tenant<'a>(&'a self, tenant: &'a str, node_secrets: &'a [String]) -> Task<'a, u64> {
        Box::pin(async move {
            let of_table = |table: &&str| {
                let sql = format!("DELETE FROM {table} WHERE tenant = $1");
                Statement::new(sql, vec![tenant.into()])
            };
            let of_secret = |name: &String| {
                let sql = "DELETE FROM node_secrets WHERE name = $1";
                Statement::new(sql, vec![name.into()])
            };
            let tables = TABLES.iter().map(of_table);
            let all = tables.chain(node_secrets.iter().map(of_secret)).collect();
            // All of it or nothing: half a tenant is nobody's.
            self.database.transact_counted(all).await
        })
    }
}
