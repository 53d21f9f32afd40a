//! Snapshots in a SQL database.

use super::SqlStore;
use crate::error::Task;
use crate::snapshots::{SnapshotStore, StoredSnapshot, check};

impl SnapshotStore for SqlStore {
    fn put_snapshot<'a>(
        &'a self,
        tenant: &'a str,
        owner: &'a str,
        snapshot: &'a StoredSnapshot,
    ) -> Task<'a, ()> {
        Box::pin(async move {
            check(snapshot)?;
            let sql = "INSERT INTO snapshots (tenant, owner, seq, at_ms, bytes)
                VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant, owner) DO UPDATE SET
                seq = excluded.seq, at_ms = excluded.at_ms, bytes = excluded.bytes";
            let values = vec![
                tenant.into(),
                owner.into(),
                snapshot.seq.into(),
                snapshot.at_ms.into(),
                snapshot.bytes.as_slice().into(),
            ];
            self.database.run(sql, values).await?;
            Ok(())
        })
    }

    fn snapshot<'a>(&'a self, tenant: &'a str, owner: &'a str) -> Task<'a, Option<StoredSnapshot>> {
        Box::pin(async move {
            let sql = "SELECT seq, at_ms, bytes FROM snapshots WHERE tenant = $1 AND owner = $2";
            let row = self
                .database
                .row(sql, vec![tenant.into(), owner.into()])
                .await?;
            row.map(|row| {
                Ok(StoredSnapshot {
                    seq: row.number(0)?,
                    at_ms: row.number(1)?,
                    bytes: row.bytes(2)?,
                })
            })
            .transpose()
        })
    }

    fn delete_snapshot<'a>(&'a self, tenant: &'a str, owner: &'a str) -> Task<'a, bool> {
        Box::pin(async move {
            let sql = "DELETE FROM snapshots WHERE tenant = $1 AND owner = $2";
            let values = vec![tenant.into(), owner.into()];
            Ok(self.database.run(sql, values).await? > 0)
        })
    }
}
