//! Modules of the generations: handed over before a swap, told of after it, shown and switched.
//!
//! `module.loaded`, `module.upgraded` and `module.refused` are facts of the tenant's journal, as are
//! `module.disabled` and `module.enabled`. What an operator disabled stays so over restarts: the names are kept in
//! the store under an owner that no script or module can have.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use cordboard_host::module::{Change, Module};
use cordboard_host::program::Programs;
use cordboard_store::{KvPlace, KvWrite};
use serde_json::{Value, json};

use super::{Candidate, Reloader};
use crate::clock::unix_ms;
use crate::loader::catalogue::Catalogue;
use crate::loader::forge::{Broken, Refusal, Wanted};
use crate::loader::{LoadError, identity};
use crate::tenants::{Generation, Tenants};

const OWNER: &str = "node:modules";
const DISABLED: &str = "disabled";
/// How long the store may take to say what is disabled; then nothing is.
const STORE_PATIENCE: Duration = Duration::from_secs(5);

type Doing<T> = Pin<Box<dyn Future<Output = T> + Send>>;
/// Could this version take over the state of the one that runs? Nothing changes.
pub type TryHandOver = dyn Fn(Arc<Module>) -> Doing<Result<(), String>> + Send + Sync;
/// These generations serve from now on.
pub type Serve = dyn Fn(Arc<Tenants>) -> Doing<()> + Send + Sync;

/// Who runs modules that live longer than a call, and must take over from one generation to the next.
pub struct Followers {
    /// Could this version take over the state of the one that runs? Nothing changes.
    pub try_hand_over: Box<TryHandOver>,
    /// These generations serve from now on.
    pub serve: Box<Serve>,
}

impl Reloader {
    /// Who follows the generations; said once, before the first load.
    pub fn follow(&self, followers: Followers) {
        let _ = self.followers.set(followers);
    }

    /// Modules that cannot take over the state of those that run stay as they are.
    pub(super) async fn hand_over(&self, name: &str, candidate: Candidate) -> Candidate {
        let Some(followers) = self.followers.get() else {
            return candidate;
        };
        let mut unfit = Vec::new();
        for module in self.changed(name, &candidate.generation) {
            if let Err(why) = (followers.try_hand_over)(Arc::clone(&module)).await {
                unfit.push((module, why));
            }
        }
        match unfit.is_empty() {
            true => candidate,
            false => self.without(name, candidate, unfit),
        }
    }

    /// A candidate in which these modules are what they are now, or nothing.
    fn without(
        &self,
        name: &str,
        mut candidate: Candidate,
        unfit: Vec<(Arc<Module>, String)>,
    ) -> Candidate {
        let serving = self.serving(name);
        let source = candidate.source();
        let plan = Arc::clone(&candidate.generation.dialplan);
        let programs = &candidate.generation.programs;
        let mut modules = programs.modules.clone();
        let wanted = Wanted {
            plan: &plan,
            source: &source,
            catalogue: &Catalogue::default(),
            previous: &BTreeMap::new(),
        };
        for (module, why) in unfit {
            let why = vec![why];
            self.forge.fail(&module, &why);
            let Some(loaded) = plan.modules.get(&module.name) else {
                continue;
            };
            modules.remove(&module.name);
            let before = serving
                .as_ref()
                .and_then(|s| s.programs.module(&module.name));
            let kept = before.and_then(|before| self.forge.keep(wanted, loaded, before));
            candidate.broken.push(Broken {
                refusal: Refusal {
                    module: module.name.clone(),
                    place: loaded.place.clone(),
                    why,
                },
                serves: kept.as_ref().map(|kept| kept.manifest.version.clone()),
                unbuilt: false,
            });
            modules.extend(kept.map(|kept| (module.name.clone(), kept)));
        }
        let programs = Programs {
            scripts: Arc::clone(&programs.scripts),
            modules,
        };
        candidate.generation.hash = identity(&candidate.ground, &programs);
        candidate.generation.programs = Arc::new(programs);
        candidate
    }

    /// Remembers which modules of a tenant are broken; gives those that were not so before, as
    /// lines for people, and writes them into the journal.
    pub(super) fn told_broken(&self, tenant: &str, broken: Vec<Broken>) -> Vec<String> {
        let now: BTreeMap<String, Broken> = broken
            .into_iter()
            .map(|broken| (broken.refusal.module.clone(), broken))
            .collect();
        let before = {
            let mut tenants = self.tenants();
            let known = tenants.entry(tenant.to_owned()).or_default();
            std::mem::replace(&mut known.broken, now.clone())
        };
        let fresh = |broken: &&Broken| before.get(&broken.refusal.module) != Some(*broken);
        let fresh: Vec<&Broken> = now.values().filter(fresh).collect();
        for Broken {
            refusal, serves, ..
        } in &fresh
        {
            let Refusal { module, place, why } = refusal;
            let place = format!("{}:{}", place.file, place.line);
            let payload = json!({
                "module": module, "place": place, "why": why, "serves": serves,
            });
            self.record(tenant, "module.refused", payload.to_string());
            self.forge.health(tenant, module).note(Change::Refused);
        }
        fresh.into_iter().map(ToString::to_string).collect()
    }

    /// Modules of a generation that are not those that serve now.
    pub(super) fn changed(&self, tenant: &str, generation: &Generation) -> Vec<Arc<Module>> {
        let serving = self.serving(tenant);
        let same = |module: &Arc<Module>| {
            let old = serving.as_ref()?.programs.module(&module.name)?;
            (old.hash == module.hash).then_some(())
        };
        let modules = generation.programs.modules.values();
        modules.filter(|m| same(m).is_none()).cloned().collect()
    }

    /// After a swap: who follows is told.
    pub(super) async fn follow_on(&self, table: Arc<Tenants>) {
        if let Some(followers) = self.followers.get() {
            (followers.serve)(table).await;
        }
    }

    /// Before the swap: what is new of a tenant, and what was upgraded.
    pub(super) fn told_loaded(&self, tenant: &str, modules: &[Arc<Module>], generation: u64) {
        let serving = self.serving(tenant);
        for module in modules {
            let payload = json!({
                "module": module.name, "version": module.manifest.version,
                "hash": module.hash, "generation": generation,
            });
            self.record(tenant, "module.loaded", payload.to_string());
            module.health.note(Change::Loaded);
            let before = serving
                .as_ref()
                .and_then(|s| s.programs.module(&module.name));
            let from = before.map(|before| &before.manifest.version);
            if let Some(from) = from.filter(|from| **from != module.manifest.version) {
                let payload = json!({
                    "module": module.name, "from": from, "to": module.manifest.version,
                });
                self.record(tenant, "module.upgraded", payload.to_string());
                module.health.note(Change::Upgraded);
            }
        }
    }

    pub(super) fn told_refused(&self, tenant: &str, error: &LoadError) {
        let LoadError::Modules(refused) = error else {
            return;
        };
        for Refusal { module, place, why } in refused {
            let place = format!("{}:{}", place.file, place.line);
            let payload = json!({ "module": module, "place": place, "why": why });
            self.record(tenant, "module.refused", payload.to_string());
            self.forge.health(tenant, module).note(Change::Refused);
        }
    }

    pub(super) fn serving(&self, tenant: &str) -> Option<Arc<Generation>> {
        self.tenants().get(tenant)?.serving.clone()
    }

    /// The modules of a tenant, or of every one.
    ///
    /// # Errors
    /// No such tenant.
    pub fn modules(&self, tenant: Option<&str>) -> Result<Value, String> {
        let names: Vec<String> = match tenant {
            Some(_) => vec![self.name(tenant)?],
            None => self.tenants().keys().cloned().collect(),
        };
        let mut rows = Vec::new();
        for name in names {
            let Some(generation) = self.serving(&name) else {
                continue;
            };
            let mut broken = self.broken(&name);
            for module in generation.programs.modules.values() {
                let health = module.health.show((self.now)());
                let figure = |key: &str| health.get(key).cloned().unwrap_or_default();
                rows.push(json!({
                    "tenant": name, "module": module.name, "version": module.manifest.version,
                    "world": module.manifest.world.word(), "kind": module.kind().word(),
                    "state": figure("state"), "instances": figure("instances"),
                    "starts": figure("starts"), "traps": figure("traps"),
                    "generation": generation.number,
                    "refused": broken.remove(&module.name).map(|b| b.refusal.why.join("; ")),
                }));
            }
            for (module, left_out) in broken {
                rows.push(json!({
                    "tenant": name, "module": module, "version": null, "world": null, "kind": null,
                    "state": "refused", "instances": 0, "starts": 0, "traps": 0,
                    "generation": generation.number, "refused": left_out.refusal.why.join("; "),
                }));
            }
        }
        Ok(Value::Array(rows))
    }

    fn broken(&self, tenant: &str) -> BTreeMap<String, Broken> {
        let tenants = self.tenants();
        let known = tenants.get(tenant).map(|tenant| tenant.broken.clone());
        known.unwrap_or_default()
    }

    /// All that is known of one module of a tenant.
    ///
    /// # Errors
    /// No such tenant or module.
    pub fn module(&self, tenant: Option<&str>, name: &str) -> Result<Value, String> {
        let (tenant, generation, module) = self.find(tenant, name)?;
        let mut shown = module.show((self.now)());
        if let Some(fields) = shown.as_object_mut() {
            let tenants = self.tenants();
            let refused = tenants.get(&tenant).and_then(|t| t.refused.as_ref());
            fields.insert("tenant".into(), tenant.as_str().into());
            fields.insert("generation".into(), generation.number.into());
            fields.insert(
                "dialplan_refused".into(),
                refused.map(|r| r.0.clone()).into(),
            );
            let broken = tenants.get(&tenant).and_then(|t| t.broken.get(name));
            let why = broken.map(|broken| broken.refusal.why.clone());
            fields.insert("refused".into(), why.into());
            let failed = self.build_failure(&module.manifest.name);
            fields.insert("build_failed".into(), failed.into());
        }
        Ok(shown)
    }

    fn find(
        &self,
        tenant: Option<&str>,
        name: &str,
    ) -> Result<(String, Arc<Generation>, Arc<Module>), String> {
        let tenant = self.name(tenant)?;
        let generation = self.serving(&tenant).ok_or("nothing serves")?;
        let Some(module) = generation.programs.module(name).cloned() else {
            let known: Vec<&str> = generation
                .programs
                .modules
                .keys()
                .map(String::as_str)
                .collect();
            if let Some(broken) = self.broken(&tenant).get(name) {
                return Err(broken.to_string());
            }
            let known = match known.is_empty() {
                true => "it has none".to_owned(),
                false => format!("it has {}", known.join(", ")),
            };
            return Err(format!("tenant {tenant} has no module `{name}`: {known}"));
        };
        Ok((tenant, generation, module))
    }

    /// Lets a module run again, or keeps it from running until it is enabled. Steps that are under
    /// way go on; new ones fail, and their `else` runs.
    ///
    /// # Errors
    /// No such tenant or module.
    pub async fn enable(
        &self,
        tenant: Option<&str>,
        name: &str,
        enabled: bool,
    ) -> Result<Value, String> {
        let (tenant, _, module) = self.find(tenant, name)?;
        module.health.set(enabled);
        let kept = self.keep_disabled(&tenant, name, enabled).await;
        if let Err(why) = &kept {
            tracing::warn!(tenant, module = name, %why, "a restart forgets what was said of the module");
        }
        let topic = match enabled {
            true => "module.enabled",
            false => "module.disabled",
        };
        module.health.note(match enabled {
            true => Change::Enabled,
            false => Change::Disabled,
        });
        let payload = json!({ "module": name, "by": "operator" });
        self.record(&tenant, topic, payload.to_string());
        Ok(json!({ "tenant": tenant, "module": name, "enabled": enabled, "kept": kept.is_ok() }))
    }

    async fn disabled(&self, tenant: &str) -> Result<BTreeSet<String>, String> {
        let place = KvPlace {
            tenant,
            owner: OWNER,
            key: DISABLED,
        };
        let read = tokio::time::timeout(STORE_PATIENCE, self.store.kv_get(place, unix_ms()));
        let value = read.await.map_err(|_| "the store does not answer")?;
        let value = value.map_err(|e| e.to_string())?;
        Ok(value
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default())
    }

    async fn keep_disabled(&self, tenant: &str, name: &str, enabled: bool) -> Result<(), String> {
        let mut names = self.disabled(tenant).await?;
        match enabled {
            true => names.remove(name),
            false => names.insert(name.to_owned()),
        };
        let text = serde_json::to_vec(&names).map_err(|e| e.to_string())?;
        let place = KvPlace {
            tenant,
            owner: OWNER,
            key: DISABLED,
        };
        let write = self.store.kv_set(place, &text, KvWrite::lasting(unix_ms()));
        let written = tokio::time::timeout(STORE_PATIENCE, write).await;
        written
            .map_err(|_| "the store does not answer")?
            .map_err(|e| e.to_string())
    }

    /// At a tenant's first load: what was disabled before the restart.
    pub(super) async fn recall_disabled(&self, tenant: &str) {
        match self.disabled(tenant).await {
            Ok(names) => {
                for name in names {
                    self.forge.health(tenant, &name).set(false);
                }
            }
            Err(why) => {
                tracing::warn!(tenant, %why, "modules that were disabled cannot be recalled");
            }
        }
    }

    /// Builds and loads what has changed, also what has failed before, and shows the modules then.
    ///
    /// # Errors
    /// What the compiler said, or what was refused, for people.
    pub async fn reload_modules(
        self: &Arc<Self>,
        tenant: Option<&str>,
        name: Option<&str>,
    ) -> Result<Value, String> {
        let before = self.modules_by_hash(tenant)?;
        let fresh = self.build_now(tenant, name).await?;
        self.forge.forgive();
        self.reload().await?;
        let after = self.modules_by_hash(tenant)?;
        let wanted = |key: &&(String, String)| name.is_none_or(|name| key.1 == name);
        let mut rows: Vec<Value> = after
            .iter()
            .filter(|(key, _)| wanted(key))
            .map(|(key, hash)| {
                let changed = before.get(key) != Some(hash);
                let broken = self.broken(&key.0).remove(&key.1);
                json!({
                    "tenant": key.0, "module": key.1, "built": fresh.contains(key),
                    "changed": changed, "hash": hash,
                    "refused": broken.map(|b| b.refusal.why.join("; ")),
                })
            })
            .collect();
        rows.extend(self.left_out(tenant, name)?);
        if let (Some(name), true) = (name, rows.is_empty()) {
            return Err(format!("no tenant that was meant has a module `{name}`"));
        }
        Ok(Value::Array(rows))
    }

    /// Modules that are broken and of which nothing serves, as a reload shows them.
    fn left_out(&self, tenant: Option<&str>, name: Option<&str>) -> Result<Vec<Value>, String> {
        let tenant = tenant.map(|_| self.name(tenant)).transpose()?;
        let tenants = self.tenants();
        let mut rows = Vec::new();
        for (of, known) in tenants.iter() {
            if tenant.as_ref().is_some_and(|wanted| wanted != of) {
                continue;
            }
            for (module, broken) in &known.broken {
                if broken.serves.is_none() && name.is_none_or(|name| name == module) {
                    rows.push(json!({
                        "tenant": of, "module": module, "built": false, "changed": false,
                        "hash": null, "refused": broken.refusal.why.join("; "),
                    }));
                }
            }
        }
        Ok(rows)
    }

    fn modules_by_hash(
        &self,
        tenant: Option<&str>,
    ) -> Result<BTreeMap<(String, String), String>, String> {
        let tenant = tenant.map(|_| self.name(tenant)).transpose()?;
        let mut found = BTreeMap::new();
        for (name, known) in self.tenants().iter() {
            if tenant.as_ref().is_some_and(|wanted| wanted != name) {
                continue;
            }
            let modules = known
                .serving
                .iter()
                .flat_map(|g| g.programs.modules.values());
            for module in modules {
                found.insert((name.clone(), module.name.clone()), module.hash.clone());
            }
        }
        Ok(found)
    }
}
