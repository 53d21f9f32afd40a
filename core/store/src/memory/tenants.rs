//! All of one tenant, in memory.

use std::collections::BTreeMap;

use super::MemoryStore;
use crate::bindings::Binding;
use crate::error::Task;
use crate::journal::CdrRow;
use crate::tenants::{Span, StoredValue, TENANT_PAGE_MAX, TenantStore, UsageRow};

impl TenantStore for MemoryStore {
    fn tenant_bytes(&self) -> Task<'_, Vec<(String, u64)>> {
        self.now(|i| {
            let mut bytes: BTreeMap<String, u64> = BTreeMap::new();
            for ([tenant, _, key], value) in &i.values {
                *bytes.entry(tenant.clone()).or_default() += (key.len() + value.bytes.len()) as u64;
            }
            for ([tenant, _], snapshot) in &i.snapshots {
                *bytes.entry(tenant.clone()).or_default() += snapshot.bytes.len() as u64;
            }
            Ok(bytes.into_iter().collect())
        })
    }

    fn usage<'a>(&'a self, span: &'a Span) -> Task<'a, Vec<UsageRow>> {
        self.now(|i| {
            let within = |row: &&UsageRow| {
                row.tenant == span.tenant
                    && row.to_ms > span.from_ms
                    && row.to_ms <= span.to_ms
                    && row.seq > span.after_seq
            };
            let rows = i.journal.usage.values().filter(within);
            Ok(rows.take(TENANT_PAGE_MAX as usize).cloned().collect())
        })
    }

    fn bills<'a>(&'a self, span: &'a Span) -> Task<'a, Vec<CdrRow>> {
        self.now(|i| {
            let within = |row: &&CdrRow| {
                row.tenant == span.tenant
                    && (span.from_ms..span.to_ms).contains(&row.ended_ms)
                    && row.seq > span.after_seq
            };
            let rows = i.journal.cdrs.values().filter(within);
            Ok(rows.take(TENANT_PAGE_MAX as usize).cloned().collect())
        })
    }

    fn values_after<'a>(
        &'a self,
        tenant: &'a str,
        after: (&'a str, &'a str),
        limit: u32,
    ) -> Task<'a, Vec<StoredValue>> {
        self.now(|i| {
            let wanted = i.values.iter().filter(|([t, owner, key], _)| {
                t == tenant && (owner.as_str(), key.as_str()) > after
            });
            let limit = limit.min(TENANT_PAGE_MAX) as usize;
            Ok(wanted
                .take(limit)
                .map(|([_, owner, key], value)| StoredValue {
                    owner: owner.clone(),
                    key: key.clone(),
                    value: value.bytes.clone(),
                    ends_ms: value.ends_ms,
                })
                .collect())
        })
    }

    fn snapshot_owners<'a>(&'a self, tenant: &'a str) -> Task<'a, Vec<String>> {
        self.now(|i| {
            let own = i.snapshots.keys().filter(|[t, _]| t == tenant);
            Ok(own.map(|[_, owner]| owner.clone()).collect())
        })
    }

    fn bindings_of<'a>(&'a self, tenant: &'a str) -> Task<'a, Vec<Binding>> {
        self.now(|i| {
            let own = i.bindings.iter().filter(|([t, ..], _)| t == tenant);
            Ok(own.map(|(_, binding)| binding.clone()).collect())
        })
    }

    fn delete_tenant<'a>(&'a self, tenant: &'a str, node_secrets: &'a [String]) -> Task<'a, u64> {
        self.now(|i| {
            let rows = |i: &super::Inner| {
                i.ha1.len()
                    + i.secrets.len()
                    + i.node_secrets.len()
                    + i.bindings.len()
                    + i.values.len()
                    + i.generations.len()
                    + i.snapshots.len()
                    + i.journal.batches.len()
                    + i.journal.calls.len()
                    + i.journal.cdrs.len()
                    + i.journal.usage.len()
            };
            let before = rows(i);
            i.ha1.retain(|[t, _], _| t != tenant);
            i.secrets.retain(|[t, _], _| t != tenant);
            i.node_secrets
                .retain(|name, _| !node_secrets.contains(name));
            i.bindings.retain(|[t, ..], _| t != tenant);
            i.values.retain(|[t, ..], _| t != tenant);
            i.generations.retain(|(t, _), _| t != tenant);
            i.snapshots.retain(|[t, _], _| t != tenant);
            i.journal.batches.retain(|(t, _), _| t != tenant);
            i.journal.calls.retain(|[t, _], _| t != tenant);
            i.journal.cdrs.retain(|(t, _), _| t != tenant);
            i.journal.usage.retain(|(t, _), _| t != tenant);
            Ok((before - rows(i)) as u64)
        })
    }
}
