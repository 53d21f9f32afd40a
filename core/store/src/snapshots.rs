//! Snapshots: what programs with a memory need to go on after a restart. One a tenant and owner.
//!
//! The bytes are the owner's own. `seq` is the number in the tenant's journal that they have
//! followed, so that whoever takes them up reads the journal from there on.

use crate::error::Task;

/// Largest snapshot; a larger one is refused with [`StoreError::Limit`](crate::StoreError::Limit).
pub const SNAPSHOT_BYTES_MAX: usize = 24 << 20;

/// One snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredSnapshot {
    /// Last number of the tenant's journal that is in it.
    pub seq: u64,
    /// When it was taken, Unix milliseconds.
    pub at_ms: u64,
    /// What it is.
    pub bytes: Vec<u8>,
}

/// Keeps snapshots.
pub trait SnapshotStore: Send + Sync {
    /// Keeps one in the last one's place.
    fn put_snapshot<'a>(
        &'a self,
        tenant: &'a str,
        owner: &'a str,
        snapshot: &'a StoredSnapshot,
    ) -> Task<'a, ()>;
    /// The one that is kept.
    fn snapshot<'a>(&'a self, tenant: &'a str, owner: &'a str) -> Task<'a, Option<StoredSnapshot>>;
    /// Forgets it; false when there was none.
    fn delete_snapshot<'a>(&'a self, tenant: &'a str, owner: &'a str) -> Task<'a, bool>;
}

/// The refusal of one that is too large.
pub(crate) fn check(snapshot: &StoredSnapshot) -> Result<(), crate::StoreError> {
    match snapshot.bytes.len() > SNAPSHOT_BYTES_MAX {
        false => Ok(()),
        true => Err(crate::StoreError::Limit(format!(
            "a snapshot may have {SNAPSHOT_BYTES_MAX} bytes, not {}",
            snapshot.bytes.len()
        ))),
    }
}
