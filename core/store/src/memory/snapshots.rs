//! Snapshots of the store in memory.

use super::{MemoryStore, names};
use crate::error::Task;
use crate::snapshots::{SnapshotStore, StoredSnapshot, check};

impl SnapshotStore for MemoryStore {
    fn put_snapshot<'a>(
        &'a self,
        tenant: &'a str,
        owner: &'a str,
        snapshot: &'a StoredSnapshot,
    ) -> Task<'a, ()> {
        self.now(|i| {
            check(snapshot)?;
            i.snapshots.insert(names([tenant, owner]), snapshot.clone());
            Ok(())
        })
    }

    fn snapshot<'a>(&'a self, tenant: &'a str, owner: &'a str) -> Task<'a, Option<StoredSnapshot>> {
        self.now(|i| Ok(i.snapshots.get(&names([tenant, owner])).cloned()))
    }

    fn delete_snapshot<'a>(&'a self, tenant: &'a str, owner: &'a str) -> Task<'a, bool> {
        self.now(|i| Ok(i.snapshots.remove(&names([tenant, owner])).is_some()))
    }
}
