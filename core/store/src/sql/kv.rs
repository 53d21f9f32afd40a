//! Values of scripts and modules in a SQL database.
//!
//! A write and its check of the owner's bounds are one statement. `number` holds the value as a
//! whole number where it is one; after an increment `value` is NULL and `number` alone counts.

use super::{SqlStore, Value};
use crate::error::{StoreError, Task};
use crate::kv::{KvPlace, KvStore, KvWrite, NUMBER_MAX, number_of};

/// `$1` to `$3` tenant, owner and key; `$4` value, `$5` number, `$6` end, `$7` size; `$8` now,
/// `$9` and `$10` the owner's bounds.
const INSERT: &str = "INSERT INTO kv (tenant, owner, name, value, number, ends_ms, size)
    SELECT $1, $2, $3, $4, $5, $6, $7
    WHERE (SELECT COUNT(*) FROM kv WHERE tenant = $1 AND owner = $2 AND name <> $3
            AND (ends_ms IS NULL OR ends_ms > $8)) < $9
        AND (SELECT COALESCE(CAST(SUM(size) AS BIGINT), 0) FROM kv WHERE tenant = $1
            AND owner = $2 AND name <> $3 AND (ends_ms IS NULL OR ends_ms > $8)) + $7 <= $10
    ON CONFLICT (tenant, owner, name) DO UPDATE SET ";

const SET: &str = "value = excluded.value, number = excluded.number,
    ends_ms = excluded.ends_ms, size = excluded.size";

const INCREMENT: &str = "value = NULL, size = excluded.size,
    number = CASE WHEN kv.ends_ms <= $8 THEN excluded.number
        ELSE kv.number + excluded.number END,
    ends_ms = CASE WHEN kv.ends_ms <= $8 THEN excluded.ends_ms ELSE kv.ends_ms END
    WHERE kv.ends_ms <= $8
        OR kv.number + excluded.number BETWEEN -9007199254740992 AND 9007199254740992
    RETURNING number";

impl SqlStore {
    fn row_values(
        &self,
        place: KvPlace<'_>,
        value: Option<&[u8]>,
        number: Option<i64>,
        when: KvWrite,
    ) -> Vec<Value> {
        let digits = number.map_or(0, |number| number.to_string().len());
        let size = place.key.len() + value.map_or(digits, <[u8]>::len);
        vec![
            place.tenant.into(),
            place.owner.into(),
            place.key.into(),
            Value::Bytes(value.map(<[u8]>::to_vec)),
            Value::Int(number),
            when.ends_ms().into(),
            Value::from(size as u64),
            when.now_ms.into(),
            self.limits.owner_values_max.into(),
            self.limits.owner_bytes_max.into(),
        ]
    }

    async fn find(&self, place: KvPlace<'_>, now_ms: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT value, number FROM kv WHERE tenant = $1 AND owner = $2 AND name = $3
            AND (ends_ms IS NULL OR ends_ms > $4)";
        let values = vec![
            place.tenant.into(),
            place.owner.into(),
            place.key.into(),
            now_ms.into(),
        ];
        let Some(row) = self.database.row(sql, values).await? else {
            return Ok(None);
        };
        if let Some(value) = row.optional_bytes(0)? {
            return Ok(Some(value));
        }
        Ok(Some(row.int(1)?.to_string().into_bytes()))
    }
}

impl KvStore for SqlStore {
    fn kv_get<'a>(&'a self, place: KvPlace<'a>, now_ms: u64) -> Task<'a, Option<Vec<u8>>> {
        Box::pin(self.find(place, now_ms))
    }

    fn kv_set<'a>(&'a self, place: KvPlace<'a>, value: &'a [u8], when: KvWrite) -> Task<'a, ()> {
        Box::pin(async move {
            self.limits.check(place, value.len())?;
            let values = self.row_values(place, Some(value), number_of(value), when);
            let changed = self.database.run(&format!("{INSERT}{SET}"), values).await?;
            if changed == 0 {
                return Err(self.limits.full());
            }
            Ok(())
        })
    }

    fn kv_incr<'a>(&'a self, place: KvPlace<'a>, delta: i64, when: KvWrite) -> Task<'a, i64> {
        Box::pin(async move {
            self.limits.check(place, 0)?;
            if !(-NUMBER_MAX..=NUMBER_MAX).contains(&delta) {
                return Err(StoreError::NotANumber);
            }
            let values = self.row_values(place, None, Some(delta), when);
            let row = self
                .database
                .written_row(&format!("{INSERT}{INCREMENT}"), values)
                .await?;
            match row {
                Some(row) => row.int(0),
                // Either the value there cannot take it, or there is no room for a new one.
                None => match self.find(place, when.now_ms).await? {
                    Some(_) => Err(StoreError::NotANumber),
                    None => Err(self.limits.full()),
                },
            }
        })
    }

    fn kv_delete<'a>(&'a self, place: KvPlace<'a>) -> Task<'a, bool> {
        Box::pin(async move {
            let sql = "DELETE FROM kv WHERE tenant = $1 AND owner = $2 AND name = $3";
            let values = vec![place.tenant.into(), place.owner.into(), place.key.into()];
            Ok(self.database.run(sql, values).await? > 0)
        })
    }

    fn kv_purge(&self, now_ms: u64) -> Task<'_, u64> {
        Box::pin(async move {
            let sql = "DELETE FROM kv WHERE ends_ms <= $1";
            self.database.run(sql, vec![now_ms.into()]).await
        })
    }
}
