//! Dialplan generations in a SQL database.

use super::{Row, SqlStore, Statement};
use crate::error::{StoreError, Task};
use crate::generations::{GENERATIONS_KEPT, Generation, GenerationStore};

fn generation(row: &Row) -> Result<Generation, StoreError> {
    Ok(Generation {
        tenant: row.text(0)?,
        number: row.number(1)?,
        hash: row.text(2)?,
        at_ms: row.number(3)?,
    })
}

impl GenerationStore for SqlStore {
    fn put_generation<'a>(&'a self, generation: &'a Generation, files: &'a [u8]) -> Task<'a, ()> {
        Box::pin(async move {
            let put = Statement::new(
                "INSERT INTO generations (tenant, number, hash, at_ms, files)
                    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant, number) DO UPDATE SET
                    hash = excluded.hash, at_ms = excluded.at_ms, files = excluded.files",
                vec![
                    (&generation.tenant).into(),
                    generation.number.into(),
                    (&generation.hash).into(),
                    generation.at_ms.into(),
                    files.into(),
                ],
            );
            let forget = Statement::new(
                "DELETE FROM generations WHERE tenant = $1 AND number NOT IN (SELECT number
                    FROM generations WHERE tenant = $1 ORDER BY number DESC LIMIT $2)",
                vec![(&generation.tenant).into(), GENERATIONS_KEPT.into()],
            );
            self.database.transact(vec![put, forget]).await
        })
    }

    fn generations<'a>(&'a self, tenant: &'a str) -> Task<'a, Vec<Generation>> {
        Box::pin(async move {
            let sql = "SELECT tenant, number, hash, at_ms FROM generations WHERE tenant = $1
                ORDER BY number DESC";
            let rows = self.database.rows(sql, vec![tenant.into()]).await?;
            rows.iter().map(generation).collect()
        })
    }

    fn generation<'a>(
        &'a self,
        tenant: &'a str,
        number: u64,
    ) -> Task<'a, Option<(Generation, Vec<u8>)>> {
        Box::pin(async move {
            let sql = "SELECT tenant, number, hash, at_ms, files FROM generations
                WHERE tenant = $1 AND number = $2";
            let row = self
                .database
                .row(sql, vec![tenant.into(), number.into()])
                .await?;
            row.map(|row| Ok((generation(&row)?, row.bytes(4)?)))
                .transpose()
        })
    }
}
