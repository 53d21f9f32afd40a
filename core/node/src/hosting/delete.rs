//! The end of a tenant: its folder moved away, its ceiling taken out, its rows, recordings,
//! passwords and secrets removed. Only of one that is suspended and has no call up.
//!
//! The folder goes first, so that nothing serves it again whatever happens next; then memory, then
//! rows. Done twice is done once, so what a crash left is removed by saying it again. Two things
//! stay: the folder under `_deleted/`, for whoever regrets, and the journal's `tenant.deleted`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cordboard_call::TenantId;
use cordboard_dialplan::node_file::take_ceiling_out;
use serde_json::{Value, json};

use super::TenantVerb;
use super::make::write_node;
use crate::clock::unix_ms;
use crate::control::verb::Verb;
use crate::files;
use crate::operator::Operator;
use crate::reload::NODE_FILE;

/// Where folders of deleted tenants lie; nobody serves names that begin with `_`.
const DELETED: &str = "_deleted";

/// What the shard has been told is handed to the journal within this.
const JOURNAL_REST: Duration = Duration::from_millis(100);

/// Moves the folder away; none where it is gone already.
fn move_away(dialplans: &Path, tenant: &str, now_ms: u64) -> Result<Option<PathBuf>, String> {
    let folder = dialplans.join(tenant);
    if std::fs::symlink_metadata(&folder).is_err() {
        return Ok(None);
    }
    let away = dialplans.join(DELETED);
    std::fs::create_dir_all(&away).map_err(|e| format!("{}: {e}", away.display()))?;
    let place = away.join(format!("{tenant}-{now_ms}"));
    std::fs::rename(&folder, &place).map_err(|e| format!("{}: {e}", place.display()))?;
    Ok(Some(place))
}

fn take_ceiling(dialplans: &Path, tenant: &str) -> Result<bool, String> {
    let path = dialplans.join(NODE_FILE);
    if !path.exists() {
        return Ok(false);
    }
    let text = files::read_text(&path).map_err(|e| e.to_string())?;
    match take_ceiling_out(&text, tenant) {
        Some(less) => write_node(dialplans, &less).map(|()| true),
        None => Ok(false),
    }
}

/// A tenant's name as it may stand in a path.
fn is_plain(tenant: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !tenant.is_empty() && tenant.chars().all(good) && !tenant.starts_with(['_', '.'])
}

impl Operator {
    /// Removes a suspended tenant.
    pub(super) async fn delete_tenant(&self, tenant: &str, by: &str) -> Result<Value, String> {
        if !is_plain(tenant) {
            return Err(format!("no tenant {tenant}"));
        }
        let reloader = &self.reloader;
        let store = reloader.store();
        let serves = reloader.names().iter().any(|(name, _)| name == tenant);
        let known = store.last_seqs().await.map_err(|e| e.to_string())?;
        if !serves && !known.iter().any(|(name, _)| name == tenant) {
            return Err(format!("no tenant {tenant}"));
        }
        if serves && reloader.suspension(tenant).is_none() {
            return Err(format!(
                "tenant {tenant} is in use: `cordboard tenant suspend {tenant}` first"
            ));
        }
        let calls = TenantVerb::Calls {
            tenant: tenant.to_owned(),
            end: false,
        };
        let calls = self.ask_shard(Verb::Tenant(calls)).await?;
        if calls.as_u64() != Some(0) {
            return Err(format!(
                "tenant {tenant} has {calls} calls up: wait, or end them with `cordboard tenant \
                 resume {tenant}` and `suspend {tenant} --end-calls`"
            ));
        }
        let dialplans = reloader.folders().dialplans.clone();
        let place = move_away(&dialplans, tenant, unix_ms())?;
        // Its modules end here, and save into rows that are removed below.
        reloader.forget(tenant).await;
        let ceiling = take_ceiling(&dialplans, tenant)?;
        self.passwords.forget_tenant(tenant)?;
        let forget = TenantVerb::Forget {
            tenant: tenant.to_owned(),
        };
        self.ask_shard(Verb::Tenant(forget)).await?;
        self.modules.forget(tenant);
        self.accounts.forget(&TenantId::new(tenant));
        for fact in self.bus.retained_facts(tenant, "") {
            self.bus
                .forget(tenant, fact.envelope.topic.as_str(), &fact.key);
        }
        let recordings = self.passwords.data().recordings().join(tenant);
        match std::fs::remove_dir_all(&recordings) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(format!("{}: {error}", recordings.display()));
            }
            _ => {}
        }
        // What its modules said at their end is in the journal by now, and goes with the rest.
        tokio::time::sleep(JOURNAL_REST).await;
        (self.flush)().await?;
        let realm = [format!("realm/{tenant}")];
        let rows = store.delete_tenant(tenant, &realm).await;
        let rows = rows.map_err(|e| e.to_string())?;
        self.tokens.forget(tenant);
        let payload = json!({ "by": by, "rows": rows });
        reloader.record(tenant, "tenant.deleted", payload.to_string());
        tokio::time::sleep(JOURNAL_REST).await;
        (self.flush)().await?;
        Ok(json!({
            "tenant": tenant,
            "rows": rows,
            "folder": place.map(|place| place.display().to_string()),
            "ceiling": if ceiling { "taken out of _node.kdl" } else { "there was none" },
        }))
    }
}
