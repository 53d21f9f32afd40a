//! What is kept of one tenant as a whole: counted, given out, and removed.
//!
//! A removed tenant leaves one thing behind: the last number of its journal, so that no number is
//! given twice and a spool that is read again after a crash brings nothing back.

use serde::{Deserialize, Serialize};

use crate::bindings::Binding;
use crate::error::Task;
use crate::journal::CdrRow;

/// Most rows of one page.
pub const TENANT_PAGE_MAX: u32 = 1_000;

/// One value of a script or module, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredValue {
    /// The module or script that owns it.
    pub owner: String,
    /// Its name there.
    pub key: String,
    /// It, as bytes.
    pub value: Vec<u8>,
    /// When it ends, Unix milliseconds; none is never.
    pub ends_ms: Option<u64>,
}

/// One `usage.measured` event as it is found by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageRow {
    /// Whose.
    pub tenant: String,
    /// Number of the event.
    pub seq: u64,
    /// Begin of the interval, Unix milliseconds.
    pub from_ms: u64,
    /// Its end.
    pub to_ms: u64,
    /// The event's payload as text.
    pub json: String,
}

/// A page of a tenant's rows within a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Whose.
    pub tenant: String,
    /// What ends at or after this, Unix milliseconds ...
    pub from_ms: u64,
    /// ... and before this.
    pub to_ms: u64,
    /// Only numbers above this one.
    pub after_seq: u64,
}

/// Looks at, and removes, all of a tenant.
pub trait TenantStore: Send + Sync {
    /// Bytes of values and snapshots of each tenant that has some.
    fn tenant_bytes(&self) -> Task<'_, Vec<(String, u64)>>;
    /// Usage events of intervals that end in the span, by number; at most [`TENANT_PAGE_MAX`].
    fn usage<'a>(&'a self, span: &'a Span) -> Task<'a, Vec<UsageRow>>;
    /// CDRs of legs that ended in the span, by number; at most [`TENANT_PAGE_MAX`].
    fn bills<'a>(&'a self, span: &'a Span) -> Task<'a, Vec<CdrRow>>;
    /// A tenant's values after `(owner, key)` in that order; at most `limit`.
    fn values_after<'a>(
        &'a self,
        tenant: &'a str,
        after: (&'a str, &'a str),
        limit: u32,
    ) -> Task<'a, Vec<StoredValue>>;
    /// Who has a snapshot.
    fn snapshot_owners<'a>(&'a self, tenant: &'a str) -> Task<'a, Vec<String>>;
    /// All bindings of a tenant.
    fn bindings_of<'a>(&'a self, tenant: &'a str) -> Task<'a, Vec<Binding>>;
    /// Removes everything of a tenant but the last number of its journal, and `node_secrets` of
    /// these names. Gives the number of rows; a second time, none.
    fn delete_tenant<'a>(&'a self, tenant: &'a str, node_secrets: &'a [String]) -> Task<'a, u64>;
}
