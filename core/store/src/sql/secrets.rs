//! Secrets in a SQL database. They stand there as they are: the file's mode, or the server's
//! rights, guard them.

use super::{Row, SqlStore};
use crate::error::{StoreError, Task};
use crate::secrets::{Ha1, Secret, SecretStore};

fn ha1(row: &Row, at: usize) -> Result<Ha1, StoreError> {
    Ok(Ha1 {
        md5: Secret::new(row.text(at)?),
        sha256: Secret::new(row.text(at + 1)?),
    })
}

fn secret(row: Option<Row>) -> Result<Option<Secret>, StoreError> {
    row.map(|row| row.text(0).map(Secret::new)).transpose()
}

impl SecretStore for SqlStore {
    fn ha1<'a>(&'a self, tenant: &'a str, user: &'a str) -> Task<'a, Option<Ha1>> {
        Box::pin(async move {
            let sql = "SELECT md5, sha256 FROM ha1 WHERE tenant = $1 AND name = $2";
            let row = self
                .database
                .row(sql, vec![tenant.into(), user.into()])
                .await?;
            row.map(|row| ha1(&row, 0)).transpose()
        })
    }

    fn all_ha1<'a>(&'a self, tenant: &'a str) -> Task<'a, Vec<(String, Ha1)>> {
        Box::pin(async move {
            let sql = "SELECT name, md5, sha256 FROM ha1 WHERE tenant = $1 ORDER BY name";
            let rows = self.database.rows(sql, vec![tenant.into()]).await?;
            rows.iter()
                .map(|row| Ok((row.text(0)?, ha1(row, 1)?)))
                .collect()
        })
    }

    fn put_ha1<'a>(&'a self, tenant: &'a str, user: &'a str, ha1: Ha1) -> Task<'a, ()> {
        Box::pin(async move {
            let sql = "INSERT INTO ha1 (tenant, name, md5, sha256) VALUES ($1, $2, $3, $4)
                ON CONFLICT (tenant, name) DO UPDATE SET md5 = excluded.md5, sha256 = excluded.sha256";
            let values = vec![
                tenant.into(),
                user.into(),
                ha1.md5.reveal().into(),
                ha1.sha256.reveal().into(),
            ];
            self.database.run(sql, values).await.map(|_| ())
        })
    }

    fn delete_ha1<'a>(&'a self, tenant: &'a str, user: &'a str) -> Task<'a, bool> {
        Box::pin(async move {
            let sql = "DELETE FROM ha1 WHERE tenant = $1 AND name = $2";
            let changed = self
                .database
                .run(sql, vec![tenant.into(), user.into()])
                .await?;
            Ok(changed > 0)
        })
    }

    fn secret<'a>(&'a self, tenant: &'a str, name: &'a str) -> Task<'a, Option<Secret>> {
        Box::pin(async move {
            let sql = "SELECT value FROM secrets WHERE tenant = $1 AND name = $2";
            secret(
                self.database
                    .row(sql, vec![tenant.into(), name.into()])
                    .await?,
            )
        })
    }

    fn secret_names<'a>(&'a self, tenant: &'a str) -> Task<'a, Vec<String>> {
        Box::pin(async move {
            let sql = "SELECT name FROM secrets WHERE tenant = $1 ORDER BY name";
            let rows = self.database.rows(sql, vec![tenant.into()]).await?;
            rows.iter().map(|row| row.text(0)).collect()
        })
    }

    fn put_secret<'a>(&'a self, tenant: &'a str, name: &'a str, value: Secret) -> Task<'a, ()> {
        Box::pin(async move {
            let sql = "INSERT INTO secrets (tenant, name, value) VALUES ($1, $2, $3)
                ON CONFLICT (tenant, name) DO UPDATE SET value = excluded.value";
            let values = vec![tenant.into(), name.into(), value.reveal().into()];
            self.database.run(sql, values).await.map(|_| ())
        })
    }

    fn delete_secret<'a>(&'a self, tenant: &'a str, name: &'a str) -> Task<'a, bool> {
        Box::pin(async move {
            let sql = "DELETE FROM secrets WHERE tenant = $1 AND name = $2";
            let changed = self
                .database
                .run(sql, vec![tenant.into(), name.into()])
                .await?;
            Ok(changed > 0)
        })
    }

    fn node_secret<'a>(&'a self, name: &'a str) -> Task<'a, Option<Secret>> {
        Box::pin(async move {
            let sql = "SELECT value FROM node_secrets WHERE name = $1";
            secret(self.database.row(sql, vec![name.into()]).await?)
        })
    }

    fn put_node_secret<'a>(&'a self, name: &'a str, value: Secret) -> Task<'a, ()> {
        Box::pin(async move {
            let sql = "INSERT INTO node_secrets (name, value) VALUES ($1, $2)
                ON CONFLICT (name) DO UPDATE SET value = excluded.value";
            let values = vec![name.into(), value.reveal().into()];
            self.database.run(sql, values).await.map(|_| ())
        })
    }
}
