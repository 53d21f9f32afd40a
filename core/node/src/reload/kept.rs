//! Kept generations: listed, compared, and served again until the files change.

use std::collections::BTreeMap;
use std::sync::Arc;

use cordboard_dialplan::Dialplan;
use cordboard_dialplan::diagnostic::Diagnostic;
use cordboard_dialplan::file::Source;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Reloader;
use crate::clock::unix_ms;
use crate::loader::forge::Broken;
use crate::loader::{Folders, Material, Memory, Passed};
use crate::tenants::Generation;

/// What of a generation is stored: its texts. Prompts and modules are taken as they are now.
#[derive(Serialize, Deserialize)]
pub(super) struct Texts {
    pub(super) dialplan: BTreeMap<String, String>,
    pub(super) scripts: BTreeMap<String, String>,
    /// Of its modules, by their sources: file and text. Only for those that are bad or gone.
    #[serde(default)]
    pub(super) manifests: BTreeMap<String, (String, String)>,
}

impl Reloader {
    pub(super) fn name(&self, tenant: Option<&str>) -> Result<String, String> {
        let tenants = self.tenants();
        let default = self.node.default_tenant();
        match tenant.or(default.as_deref()) {
            Some(name) if tenants.contains_key(name) => Ok(name.to_owned()),
            Some(name) => Err(format!("no tenant {name}")),
            None if tenants.len() == 1 => Ok(tenants.keys().next().cloned().unwrap_or_default()),
            None => Err("name a tenant: there is no default one".to_owned()),
        }
    }

    /// A tenant's kept generations, the newest first.
    pub async fn generations(&self, tenant: Option<&str>) -> Result<Value, String> {
        let name = self.name(tenant)?;
        let serving = self
            .tenants()
            .get(&name)
            .and_then(|t| t.serving.as_ref().map(|g| g.number));
        // Files that are newer than what serves and were refused, by their first mistake.
        let refused = self.tenants().get(&name).and_then(|tenant| {
            let (mistakes, text) = tenant.refused.as_ref()?;
            let first = mistakes.get(0).and_then(|m| m.get("message")).cloned();
            Some(first.unwrap_or_else(|| Value::from(text.lines().next().unwrap_or_default())))
        });
        let mut known = self
            .store
            .generations(&name)
            .await
            .map_err(|e| e.to_string())?;
        known.sort_by_key(|g| std::cmp::Reverse(g.number));
        let shown: Vec<Value> = known
            .iter()
            .map(|g| {
                json!({
                    "tenant": name, "generation": g.number, "loaded_ms": g.at_ms,
                    "hash": g.hash, "serving": serving == Some(g.number),
                    "refused": refused.as_ref().filter(|_| serving == Some(g.number)),
                })
            })
            .collect();
        Ok(Value::Array(shown))
    }

    /// What differs between a kept generation and the one that serves.
    pub async fn diff(&self, tenant: Option<&str>, number: u64) -> Result<Value, String> {
        let name = self.name(tenant)?;
        let (old, _) = self.stored(&name, number).await?;
        let serving = self
            .tenants()
            .get(&name)
            .and_then(|t| t.serving.clone())
            .ok_or("nothing serves")?;
        let changes = cordboard_dialplan::diff(&old.dialplan, &serving.dialplan);
        let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
        Ok(json!({ "from": number, "to": serving.number, "changes": lines }))
    }

    /// What was good once must fit what is allowed, and what others own, now.
    pub(super) fn still_fits(&self, name: &str, generation: &Generation) -> Result<(), String> {
        let plan = &generation.dialplan;
        let mut findings = self.above_ceiling(name, plan);
        let mut plans: Vec<Arc<Dialplan>> = self
            .tenants()
            .iter()
            .filter(|(other, _)| *other != name)
            .filter_map(|(_, tenant)| Some(Arc::clone(&tenant.serving.as_ref()?.dialplan)))
            .collect();
        plans.push(Arc::clone(plan));
        let prefix = format!("{name}/");
        let owners = self.check_owners(&plans);
        findings.extend(
            owners
                .into_iter()
                .filter(|f| f.mark.file.starts_with(&prefix)),
        );
        let lines: Vec<String> = findings.iter().map(Diagnostic::line).collect();
        match lines.is_empty() {
            true => Ok(()),
            false => Err(lines.join("\n")),
        }
    }

    /// Serves a kept generation until the files change.
    pub async fn roll_back(
        self: &Arc<Self>,
        tenant: Option<&str>,
        number: u64,
    ) -> Result<Value, String> {
        let name = self.name(tenant)?;
        let _turn = self.turn.lock().await;
        let (generation, broken) = self.stored(&name, number).await?;
        let generation = Arc::new(generation);
        self.still_fits(&name, &generation)?;
        {
            let mut tenants = self.tenants();
            let tenant = tenants.entry(name.clone()).or_default();
            let over = tenant.serving.as_ref().map(|serving| serving.hash.clone());
            tenant.rolled_back_over = tenant.rolled_back_over.take().or(over);
            tenant.serve(Arc::clone(&generation));
        }
        for told in self.told_broken(&name, broken) {
            tracing::warn!(tenant = name, "{told}");
        }
        self.record(
            &name,
            "dialplan.rolled-back",
            json!({ "generation": number }).to_string(),
        );
        let table = Arc::new(self.table());
        self.swap(&table);
        self.follow_on(table).await;
        Ok(json!({ "tenant": name, "generation": number }))
    }

    /// Rebuilds a stored generation.
    pub(super) async fn stored(
        &self,
        name: &str,
        number: u64,
    ) -> Result<(Generation, Vec<Broken>), String> {
        let (meta, blob) = self
            .store
            .generation(name, number)
            .await
            .map_err(|e| e.to_string())?
            .ok_or_else(|| format!("tenant {name} has no generation {number}"))?;
        let texts: Texts = serde_json::from_slice(&blob).map_err(|e| e.to_string())?;
        let (folders, forge) = (self.folders.clone(), Arc::clone(&self.forge));
        let mut memory = Memory::with_modules(forge);
        let serving = self.serving(name);
        memory.serves(serving.map(|serving| serving.programs.modules.clone()));
        let name = name.to_owned();
        let built = tokio::task::spawn_blocking(move || rebuild(&folders, memory, &name, texts));
        let passed = built
            .await
            .map_err(|error| format!("the load broke: {error}"))??;
        let generation = Generation {
            number: meta.number,
            loaded_ms: unix_ms(),
            ..passed.generation
        };
        Ok((generation, passed.broken))
    }
}

/// A generation from stored texts, with prompts and modules as they are now.
fn rebuild(
    folders: &Folders,
    mut memory: Memory,
    name: &str,
    texts: Texts,
) -> Result<Passed, String> {
    memory.recall(&texts.manifests);
    let now = memory
        .read(folders, &folders.dialplans.join(name))
        .map_err(|e| e.render(false))?;
    let files = texts
        .dialplan
        .into_iter()
        .map(|(path, text)| (path, Arc::from(text)))
        .collect();
    let material = Material {
        source: Source {
            files,
            ..Source::default()
        },
        scripts: texts.scripts,
        ..now
    };
    memory.check(name, material).map_err(|e| e.render(false))
}
