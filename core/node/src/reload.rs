//! Reload: build the new, test it, swap, let the old drain.
//!
//! The only owner of which generation a tenant serves. A load that fails changes nothing: the old
//! generation goes on, and the refusal is kept for health, console and `dialplan.refused` until a
//! good load replaces it. Good generations are kept in the store (the last 20 of each tenant), so
//! that a bad edit before a restart does not silence a tenant: it starts with its last good one.
//! Broken code of one module refuses nothing: that module stays as it is (`decisions/0011`).

mod bounds;
mod built;
mod kept;
mod metrics;
mod modules;
mod node;
mod outcome;
mod state;
pub mod suspended;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use cordboard_dialplan::NodeFile;
use cordboard_dialplan::file::Source;
use cordboard_store::{Generation as StoredGeneration, Store};
use serde_json::{Value, json};

use crate::builds::Builds;
use crate::clock::unix_ms;
use crate::files;
use crate::loader::forge::{Broken, Forge};
use crate::loader::{Bases, Folders, LoadError, Memory};
use crate::mailbox::Sender;
use crate::passwords::Passwords;
use crate::shard::Input;
use crate::tenants::Generation;

use kept::Texts;
pub use modules::Followers;
pub use node::{NODE_FILE, OnCeilings};
pub use outcome::Outcome;

#[derive(Default)]
struct Tenant {
    memory: Memory,
    serving: Option<Arc<Generation>>,
    last_number: u64,
    /// Identity of the newest stored generation, where none serves yet.
    kept: Option<String>,
    /// Hash of the files that were refused, so that one mistake is told once.
    refused: Option<(Value, String)>,
    /// Generations that somebody still holds: the one that serves, and those whose calls go on.
    live: Vec<Weak<Generation>>,
    /// Modules that are not what their files say.
    broken: BTreeMap<String, Broken>,
    /// Set while an old generation serves by an operator's wish: hash of the files then.
    rolled_back_over: Option<String>,
    /// Set while it is suspended.
    resting: Option<suspended::Resting>,
}

impl Tenant {
    fn serve(&mut self, generation: Arc<Generation>) {
        self.live.retain(|old| old.strong_count() > 0);
        self.live.push(Arc::downgrade(&generation));
        self.serving = Some(generation);
    }

    /// How many generations are alive: more than one only while calls go on with an old one.
    fn generations_live(&self) -> usize {
        self.live
            .iter()
            .filter(|old| old.strong_count() > 0)
            .count()
    }
}

/// Time since the node's start.
pub type Now = Arc<dyn Fn() -> Duration + Send + Sync>;

/// What a reloader is made with.
pub struct ReloaderParts {
    /// Where dialplans and scripts stand.
    pub folders: Folders,
    /// Where modules come from.
    pub forge: Arc<Forge>,
    /// Time since the node's start.
    pub now: Now,
    /// Kept generations.
    pub store: Arc<dyn Store>,
    /// The shard.
    pub shard: Sender<Input>,
    /// SIP passwords.
    pub passwords: Arc<Passwords>,
}

/// Owner of the generations.
pub struct Reloader {
    folders: Folders,
    forge: Arc<Forge>,
    bases: Arc<Bases>,
    now: Now,
    followers: OnceLock<Followers>,
    builds: OnceLock<Builds>,
    node: node::NodeState,
    store: Arc<dyn Store>,
    shard: Sender<Input>,
    passwords: Arc<Passwords>,
    tenants: Mutex<BTreeMap<String, Tenant>>,
    /// One load at a time.
    turn: tokio::sync::Mutex<()>,
}

impl Reloader {
    /// Nothing loaded yet.
    pub fn new(parts: ReloaderParts, settings: &NodeFile) -> Self {
        Self {
            folders: parts.folders,
            forge: parts.forge,
            bases: Arc::default(),
            now: parts.now,
            followers: OnceLock::new(),
            builds: OnceLock::new(),
            node: node::NodeState::new(settings),
            store: parts.store,
            shard: parts.shard,
            passwords: parts.passwords,
            tenants: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Where modules come from.
    pub fn forge(&self) -> &Arc<Forge> {
        &self.forge
    }

    /// Where it reads from.
    pub fn folders(&self) -> &Folders {
        &self.folders
    }

    fn tenants(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Tenant>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Loads what has changed; the console's verb.
    pub async fn reload(self: &Arc<Self>) -> Result<Value, String> {
        let outcome = self.load_all().await?;
        if let Some((_, text)) = self.node_refused() {
            return Err(format!("{NODE_FILE} is refused:\n{text}"));
        }
        if outcome.refused.is_empty() {
            let loaded: Vec<Value> = outcome
                .loaded
                .iter()
                .map(|(t, n)| json!({ "tenant": t, "generation": n }))
                .collect();
            return Ok(json!({ "loaded": loaded, "warnings": outcome.warnings }));
        }
        Err(outcome.told_refused())
    }

    /// Loads every tenant whose files differ from what it serves.
    pub async fn load_all(self: &Arc<Self>) -> Result<Outcome, String> {
        let _turn = self.turn.lock().await;
        self.recall().await?;
        let reloader = Arc::clone(self);
        let (built, warnings) = tokio::task::spawn_blocking(move || reloader.build_all())
            .await
            .map_err(|error| format!("the load broke: {error}"))??;
        let mut outcome = self.install(built).await?;
        outcome.warnings.extend(warnings);
        Ok(outcome)
    }

    /// What tenants that do not serve yet served before a restart: it tells their files from
    /// fresh ones.
    async fn recall(&self) -> Result<(), String> {
        let folders = files::tenant_folders(&self.folders.dialplans).map_err(|e| e.to_string())?;
        for (name, _) in folders {
            let serves = self
                .tenants()
                .get(&name)
                .is_some_and(|tenant| tenant.serving.is_some());
            if !serves {
                let known = self.store.generations(&name).await.unwrap_or_default();
                let kept = known.into_iter().max_by_key(|g| g.number).map(|g| g.hash);
                self.recall_disabled(&name).await;
                self.recall_suspended(&name).await;
                self.tenants().entry(name).or_default().kept = kept;
            }
        }
        Ok(())
    }

    /// Reads, checks and tests on a thread of its own.
    fn build_all(&self) -> Result<(Vec<Built>, Vec<String>), String> {
        let warnings = self.read_node();
        let folders = files::tenant_folders(&self.folders.dialplans).map_err(|e| e.to_string())?;
        // A file system that has gone away must not take every tenant with it.
        if folders.is_empty() && self.tenants().values().any(|t| t.serving.is_some()) {
            let place = self.folders.dialplans.display();
            return Err(format!("{place} holds no tenant; what serves goes on"));
        }
        self.bases.begin_round();
        let mut built = Vec::new();
        for (name, folder) in folders {
            let mut memory =
                std::mem::take(&mut self.tenants().entry(name.clone()).or_default().memory);
            let result = self.build(&mut memory, &name, &folder);
            self.tenants().entry(name.clone()).or_default().memory = memory;
            built.push(Built { name, result });
        }
        self.check_bounds(&mut built);
        Ok((built, warnings))
    }

    fn build(
        &self,
        memory: &mut Memory,
        name: &str,
        folder: &Path,
    ) -> Result<Candidate, LoadError> {
        memory.attach(&self.forge);
        memory.share(&self.bases);
        let serving = self.serving(name);
        memory.serves(serving.map(|serving| serving.programs.modules.clone()));
        let material = memory.read(&self.folders, folder)?;
        let texts = Texts {
            dialplan: material
                .source
                .files
                .iter()
                .map(|(k, v)| (k.clone(), v.to_string()))
                .collect(),
            scripts: material.scripts.clone(),
            manifests: BTreeMap::new(),
        };
        let passed = memory.check(name, material)?;
        let warnings = passed
            .warnings
            .iter()
            .map(cordboard_dialplan::diagnostic::Diagnostic::line)
            .collect();
        Ok(Candidate {
            generation: passed.generation,
            texts,
            warnings,
            broken: passed.broken,
            ground: passed.ground,
        })
    }

    /// Swaps all good ones at once.
    async fn install(self: &Arc<Self>, built: Vec<Built>) -> Result<Outcome, String> {
        let mut outcome = Outcome::default();
        self.forget_removed(&built);
        for Built { name, result } in built {
            let result = match result {
                Ok(candidate) => self.keeps_domain(&name, candidate).await,
                refused => refused,
            };
            let result = match result {
                Ok(candidate) => Ok(self.hand_over(&name, candidate).await),
                refused => refused,
            };
            match result {
                Ok(candidate) => self.accept(&name, candidate, &mut outcome).await,
                Err(error) => self.refuse(&name, &error, &mut outcome).await,
            }
        }
        let table = self.table();
        // A database that stands still keeps new users without a password, and nothing else waiting.
        match self.passwords.provide(&table).await {
            Ok(fresh) => outcome.fresh = fresh,
            Err(error) => tracing::error!(%error, "passwords of new users cannot be made now"),
        }
        let table = Arc::new(table);
        self.swap(&table);
        self.follow_on(table).await;
        Ok(outcome)
    }

    /// A tenant whose folder is gone serves no new call; those that are up go on.
    fn forget_removed(&self, built: &[Built]) {
        let mut removed = Vec::new();
        self.tenants().retain(|name, _| {
            let stays = built.iter().any(|one| one.name == *name);
            if !stays {
                removed.push(name.clone());
            }
            stays
        });
        for name in removed {
            tracing::warn!(tenant = name, "its folder is gone; it takes no more calls");
            self.record(&name, "dialplan.removed", json!({}).to_string());
        }
    }

    /// A tenant's domain is the realm that its users' passwords are hashed with: it stays what it
    /// was at the tenant's creation.
    async fn keeps_domain(&self, name: &str, candidate: Candidate) -> Result<Candidate, LoadError> {
        let now = candidate.generation.dialplan.tenant.domain.clone();
        match self.passwords.realm(name, &now).await {
            Ok(was) if was != now => Err(LoadError::Tenant(format!(
                "the tenant's domain was `{was}` at its creation, and its users' passwords hold only \
                 there; it cannot become `{now}`: write the old one, or give the new domain to a new \
                 tenant"
            ))),
            Ok(_) => Ok(candidate),
            Err(why) => {
                tracing::warn!(tenant = name, %why, "the tenant's domain cannot be compared");
                Ok(candidate)
            }
        }
    }

    async fn accept(&self, name: &str, candidate: Candidate, outcome: &mut Outcome) {
        let Candidate {
            mut generation,
            mut texts,
            warnings,
            broken,
            ..
        } = candidate;
        outcome.warnings.extend(self.told_broken(name, broken));
        let hash = generation.hash.clone();
        let unchanged = {
            let mut tenants = self.tenants();
            let tenant = tenants.entry(name.to_owned()).or_default();
            tenant.refused = None;
            let same = tenant
                .serving
                .as_ref()
                .is_some_and(|serving| serving.hash == hash);
            same || tenant.rolled_back_over.as_ref() == Some(&hash)
        };
        if unchanged {
            return;
        }
        generation.number = self.next_number(name, &hash).await;
        generation.loaded_ms = unix_ms();
        let stored = StoredGeneration {
            tenant: name.to_owned(),
            number: generation.number,
            hash,
            at_ms: generation.loaded_ms,
        };
        texts.manifests = self.forge.manifests(&generation.programs);
        if let Ok(blob) = serde_json::to_vec(&texts)
            && let Err(error) = self.store.put_generation(&stored, &blob).await
        {
            tracing::warn!(tenant = name, %error, "the generation serves but is not kept for a roll-back");
        }
        let changed = self.changed(name, &generation);
        outcome.loaded.push((name.to_owned(), generation.number));
        outcome.warnings.extend(warnings);
        let payload =
            json!({ "generation": generation.number, "hash": generation.hash }).to_string();
        self.record(name, "dialplan.loaded", payload);
        self.told_loaded(name, &changed, generation.number);
        let mut tenants = self.tenants();
        let tenant = tenants.entry(name.to_owned()).or_default();
        tenant.last_number = generation.number;
        tenant.rolled_back_over = None;
        tenant.serve(Arc::new(generation));
    }

    /// The number of a generation: the stored one's where the same files served last, else the next.
    async fn next_number(&self, name: &str, hash: &str) -> u64 {
        let known = self.store.generations(name).await.unwrap_or_default();
        let newest = known.iter().max_by_key(|g| g.number);
        let (serving, last) = self
            .tenants()
            .get(name)
            .map_or((false, 0), |t| (t.serving.is_some(), t.last_number));
        match newest {
            Some(newest) if newest.hash == hash && !serving => newest.number,
            // The store may have missed some while it stood still.
            newest => newest.map_or(0, |g| g.number).max(last) + 1,
        }
    }

    async fn refuse(&self, name: &str, error: &LoadError, outcome: &mut Outcome) {
        let text = error.render(false);
        let told = {
            let mut tenants = self.tenants();
            let tenant = tenants.entry(name.to_owned()).or_default();
            let told = tenant
                .refused
                .as_ref()
                .is_some_and(|(_, known)| *known == text);
            tenant.refused = Some((error.to_json(), text.clone()));
            told
        };
        if !told {
            tracing::error!(
                tenant = name,
                "the dialplan is refused, the old one serves on:\n{}",
                error.told(&text)
            );
            self.record(
                name,
                "dialplan.refused",
                json!({ "mistakes": error.to_json() }).to_string(),
            );
            self.told_refused(name, error);
        }
        let silent = self
            .tenants()
            .get(name)
            .is_none_or(|tenant| tenant.serving.is_none());
        if silent
            && !told
            && let Err(why) = self.take_last_good(name).await
        {
            tracing::error!(tenant = name, %why, "no earlier generation can serve");
        }
        outcome.refused.push((name.to_owned(), text));
    }

    /// At a start with bad files: the newest stored generation that still fits serves.
    async fn take_last_good(&self, name: &str) -> Result<(), String> {
        let known = self
            .store
            .generations(name)
            .await
            .map_err(|e| e.to_string())?;
        let mut numbers: Vec<u64> = known.iter().map(|g| g.number).collect();
        numbers.sort_unstable_by_key(|number| std::cmp::Reverse(*number));
        let newest = numbers.first().copied();
        let mut why = "there is none".to_owned();
        for number in numbers {
            let stored = self.stored(name, number).await;
            match stored.and_then(|old| self.still_fits(name, &old.0).map(|()| old)) {
                Ok((generation, broken)) => {
                    for told in self.told_broken(name, broken) {
                        tracing::warn!(tenant = name, "{told}");
                    }
                    let mut tenants = self.tenants();
                    let tenant = tenants.entry(name.to_owned()).or_default();
                    tenant.last_number = newest.unwrap_or(number);
                    tenant.serve(Arc::new(generation));
                    return Ok(());
                }
                Err(error) => why = error,
            }
        }
        Err(why)
    }

    pub(crate) fn record(&self, tenant: &str, topic: &'static str, payload: String) {
        let input = Input::Record {
            tenant: cordboard_call::TenantId::new(tenant),
            topic: topic.into(),
            payload,
        };
        let _ = self.shard.send(input);
    }
}

struct Built {
    name: String,
    result: Result<Candidate, LoadError>,
}

struct Candidate {
    generation: Generation,
    texts: Texts,
    warnings: Vec<String>,
    broken: Vec<Broken>,
    /// Hash of everything but the modules.
    ground: [u8; 32],
}

impl Candidate {
    fn source(&self) -> Source {
        Source::of(
            self.texts
                .dialplan
                .iter()
                .map(|(path, text)| (path.as_str(), text.as_str())),
        )
    }
}
