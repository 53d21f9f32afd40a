//! The tenants of a machine in one table: what they are, how they do, what they used today.

use std::collections::BTreeMap;
use std::path::Path;

use cordboard_store::{Span, Store};
use serde_json::{Value, json};

use super::TenantVerb;
use super::usage::{begin_of, measured};
use crate::clock::unix_ms;
use crate::control::verb::Verb;
use crate::files;
use crate::operator::Operator;
use crate::reload::suspended::suspension;
use crate::usage::Used;

/// What a tenant's files say where its base stands, looked for in its own files only.
pub(super) fn base_of(folder: &Path) -> Option<String> {
    let source = files::dialplan_source(folder).ok()?;
    let lines = source.files.values().flat_map(|text| text.lines());
    let mut rests = lines.filter_map(|line| line.trim_start().strip_prefix("base "));
    let quoted = rests.next()?.trim_start().strip_prefix('"')?;
    Some(quoted.split('"').next().unwrap_or_default().to_owned())
}

fn today(used: &Used) -> Value {
    let talk = (used.talk.talk_ms_in + used.talk.talk_ms_out) / 1000;
    json!({ "calls": used.talk.calls, "leg_seconds": talk })
}

impl Operator {
    /// Every tenant that has a folder.
    pub(super) async fn list_tenants(&self) -> Result<Value, String> {
        let meters = self.ask_shard(Verb::Tenant(TenantVerb::Meters)).await?;
        let calls = |tenant: &str| meters.get("calls").and_then(|c| c.get(tenant)).cloned();
        let running = |tenant: &str| -> Option<Used> {
            let used = meters.get("used")?.get(tenant)?.clone();
            serde_json::from_value(used).ok()
        };
        let serving: BTreeMap<String, _> = self
            .reloader
            .generations_serving()
            .into_iter()
            .map(|g| (g.tenant.as_str().to_owned(), g))
            .collect();
        let dialplans = &self.reloader.folders().dialplans;
        let now = unix_ms();
        let mut rows = Vec::new();
        for (name, refused) in self.reloader.names() {
            let span = Span {
                tenant: name.clone(),
                from_ms: begin_of(now, false),
                to_ms: now + 1,
                after_seq: 0,
            };
            let sum = measured(self.reloader.store().as_ref(), &span).await;
            let mut used = sum.map(|(used, _)| used).unwrap_or_default();
            if let Some(running) = running(&name) {
                used.add(&running);
            }
            let generation = serving.get(&name);
            let rests = self.reloader.suspension(&name);
            let state = match (&rests, refused, generation) {
                (Some(_), ..) => "suspended",
                (None, true, _) => "refused",
                (None, false, None) => "silent",
                _ => "active",
            };
            let today = today(&used);
            rows.push(json!({
                "tenant": name,
                "domain": generation.map(|g| g.dialplan.tenant.domain.clone()),
                "state": state,
                "reason": rests.map(|r| r.reason),
                "users": generation.map(|g| g.dialplan.users.len()),
                "calls": calls(&name).unwrap_or_else(|| 0.into()),
                "generation": generation.map(|g| g.number),
                "base": base_of(&dialplans.join(&name)),
                "calls_today": today["calls"],
                "leg_seconds_today": today["leg_seconds"],
            }));
        }
        Ok(Value::Array(rows))
    }
}

/// The same without a running switch: what files and store say.
pub(super) async fn list_offline(
    store: Option<&dyn Store>,
    dialplans: &Path,
) -> Result<Value, String> {
    let folders = files::tenant_folders(dialplans).map_err(|e| e.to_string())?;
    let mut rows = Vec::new();
    for (name, folder) in folders {
        let rests = match store {
            Some(store) => suspension(store, &name).await?,
            None => None,
        };
        rows.push(json!({
            "tenant": name,
            "state": if rests.is_some() { "suspended" } else { "not running" },
            "reason": rests.map(|r| r.reason),
            "base": base_of(&folder),
            "folder": folder.display().to_string(),
        }));
    }
    Ok(Value::Array(rows))
}
