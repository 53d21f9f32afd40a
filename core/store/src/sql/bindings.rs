//! Bindings in a SQL database.

use std::collections::BTreeMap;

use super::{Insertion, Row, SqlStore, Value};
use crate::bindings::{Binding, BindingStore};
use crate::error::{StoreError, Task};

pub(super) const COLUMNS: &str = "tenant, name, contact, flow, path, sip_call_id, cseq, instance,
    expires_at_ms, user_agent";

fn values(b: &Binding) -> Vec<Value> {
    vec![
        Value::from(&b.tenant),
        Value::from(&b.user),
        Value::from(&b.contact),
        Value::from(&b.flow),
        Value::from(&b.path),
        Value::from(&b.sip_call_id),
        Value::from(u64::from(b.cseq)),
        Value::from(&b.instance),
        Value::from(b.expires_at_ms),
        Value::from(&b.user_agent),
    ]
}

pub(super) fn binding(row: &Row) -> Result<Binding, StoreError> {
    Ok(Binding {
        tenant: row.text(0)?,
        user: row.text(1)?,
        contact: row.text(2)?,
        flow: row.text(3)?,
        path: row.text(4)?,
        sip_call_id: row.text(5)?,
        cseq: u32::try_from(row.number(6)?).unwrap_or(0),
        instance: row.optional_text(7)?,
        expires_at_ms: row.number(8)?,
        user_agent: row.text(9)?,
    })
}

impl BindingStore for SqlStore {
    fn put_bindings<'a>(&'a self, bindings: &'a [Binding]) -> Task<'a, ()> {
        Box::pin(async move {
            // One statement may not set a key twice: the last of each counts.
            let latest: BTreeMap<_, _> = bindings
                .iter()
                .map(|b| ((&b.tenant, &b.user, &b.contact), b))
                .collect();
            let statements = self.database.insert(Insertion {
                head: "INSERT INTO bindings (tenant, name, contact, flow, path, sip_call_id, cseq,
                    instance, expires_at_ms, user_agent)",
                tail: "ON CONFLICT (tenant, name, contact) DO UPDATE SET flow = excluded.flow,
                    path = excluded.path, sip_call_id = excluded.sip_call_id,
                    cseq = excluded.cseq, instance = excluded.instance,
                    expires_at_ms = excluded.expires_at_ms, user_agent = excluded.user_agent",
                rows: latest.into_values().map(values).collect(),
            });
            self.database.transact(statements).await
        })
    }

    fn delete_binding<'a>(
        &'a self,
        tenant: &'a str,
        user: &'a str,
        contact: &'a str,
    ) -> Task<'a, bool> {
        Box::pin(async move {
            let sql = "DELETE FROM bindings WHERE tenant = $1 AND name = $2 AND contact = $3";
            let values = vec![tenant.into(), user.into(), contact.into()];
            Ok(self.database.run(sql, values).await? > 0)
        })
    }

    fn load_bindings(&self, now_ms: u64) -> Task<'_, Vec<Binding>> {
        Box::pin(async move {
            let sql = "DELETE FROM bindings WHERE expires_at_ms <= $1";
            self.database.run(sql, vec![now_ms.into()]).await?;
            let sql = format!("SELECT {COLUMNS} FROM bindings ORDER BY tenant, name, contact");
            let rows = self.database.rows(&sql, Vec::new()).await?;
            rows.iter().map(binding).collect()
        })
    }
}
