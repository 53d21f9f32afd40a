//! From manifests and grants to modules that can run: compiled once for all tenants, checked in a
//! throwaway instance, shared with the generation before where nothing changed.
//!
//! What one module of a tenant lacks refuses that tenant's generation, with the module's line and
//! the cure; other tenants, and the generation that serves, notice nothing. Health (counts,
//! breaker, an operator's `disable`) belongs to tenant and name and outlives generations.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use cordboard_call::TenantId;
use cordboard_dialplan::file::Source;
use cordboard_dialplan::node_file::{ModulesCeiling, NodeFile};
use cordboard_dialplan::schema::Loaded;
use cordboard_dialplan::{Dialplan, Place};
use cordboard_host::capability::Effective;
use cordboard_host::manifest::{Kind, Manifest};
use cordboard_host::module::{Artefact, Compiler, Config, Guest, Health, Limits, Module, Parts};
use sha2::{Digest, Sha256};

use super::catalogue::{Catalogue, Shelf};

/// Compile errors that are remembered, so that a broken artefact is not compiled every 30 s.
const BROKEN_MAX: usize = 100;

/// Who compiles what; an absent kind is refused at the load.
#[derive(Clone, Default)]
pub struct Compilers {
    /// Components of WebAssembly.
    pub wasm: Option<Arc<dyn Compiler>>,
    /// Luau.
    pub lua: Option<Arc<dyn Compiler>>,
    /// Libraries of the machine's own code.
    pub native: Option<Arc<dyn Compiler>>,
}

/// Why a module of a tenant cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its name in the tenant.
    pub module: String,
    /// Where the dialplan loads it.
    pub place: Place,
    /// Reasons, each a sentence with the cure.
    pub why: Vec<String>,
}

type GuestKey = (Kind, [u8; 32]);
type Broken = HashMap<GuestKey, Vec<String>>;

/// Makes modules.
#[derive(Default)]
pub struct Forge {
    shelf: Shelf,
    compilers: Compilers,
    ceilings: BTreeMap<String, Arc<ModulesCeiling>>,
    guests: Mutex<HashMap<GuestKey, Weak<dyn Guest>>>,
    broken: Mutex<Broken>,
    healths: Mutex<BTreeMap<(String, String), Arc<Health>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Forge {
    /// Modules of these folders, made by these compilers.
    pub fn new(roots: Vec<PathBuf>, compilers: Compilers, settings: &NodeFile) -> Forge {
        let ceilings = settings.ceilings.iter();
        Forge {
            shelf: Shelf::new(roots),
            compilers,
            ceilings: ceilings
                .map(|c| (c.tenant.clone(), Arc::new(c.modules.clone())))
                .collect(),
            ..Forge::default()
        }
    }

    /// The folders that modules come from.
    pub fn roots(&self) -> &[PathBuf] {
        self.shelf.roots()
    }

    /// What lies on the disk now.
    pub fn look(&self) -> Catalogue {
        self.shelf.look()
    }

    /// Health of a tenant's module, made when it is first asked for.
    pub fn health(&self, tenant: &str, module: &str) -> Arc<Health> {
        let key = (tenant.to_owned(), module.to_owned());
        Arc::clone(lock(&self.healths).entry(key).or_default())
    }

    /// The tenant's ceiling of modules.
    pub fn ceiling(&self, tenant: &str) -> Arc<ModulesCeiling> {
        self.ceilings.get(tenant).cloned().unwrap_or_default()
    }

    /// All modules of a dialplan. Those of `previous` that are the same are taken from there. One
    /// that was never built (a machine without its toolchain) and did not serve before is left
    /// out: a centre without its queue still answers, by what its routes do when a step fails.
    ///
    /// # Errors
    /// Every module that cannot be loaded.
    pub fn modules(
        &self,
        plan: &Dialplan,
        source: &Source,
        catalogue: &Catalogue,
        previous: &BTreeMap<String, Arc<Module>>,
    ) -> Result<BTreeMap<String, Arc<Module>>, Vec<Refusal>> {
        let mut made = BTreeMap::new();
        let mut refused = Vec::new();
        for (name, loaded) in &plan.modules {
            let before = previous.get(name);
            if before.is_none() && self.is_unbuilt(loaded, catalogue) {
                let tenant = &plan.tenant.name;
                tracing::warn!(
                    tenant,
                    module = name,
                    "not built, so its steps fail and their `else` runs: `cordboard module build {}`",
                    loaded.source
                );
                continue;
            }
            match self.module(&plan.tenant.name, loaded, source, catalogue, before) {
                Ok(module) => {
                    made.insert(name.clone(), module);
                }
                Err(why) => refused.push(Refusal {
                    module: name.clone(),
                    place: loaded.place.clone(),
                    why,
                }),
            }
        }
        match refused.is_empty() {
            true => Ok(made),
            false => Err(refused),
        }
    }

    fn is_unbuilt(&self, loaded: &Loaded, catalogue: &Catalogue) -> bool {
        let found = catalogue.modules.get(&loaded.source);
        let parsed = found.and_then(|found| Some((found, found.manifest.as_ref().ok()?)));
        parsed.is_some_and(|(found, (manifest, _))| found.is_unbuilt(manifest))
    }

    fn module(
        &self,
        tenant: &str,
        loaded: &Loaded,
        source: &Source,
        catalogue: &Catalogue,
        previous: Option<&Arc<Module>>,
    ) -> Result<Arc<Module>, Vec<String>> {
        let one = |why: String| vec![why];
        let found = catalogue.modules.get(&loaded.source);
        let found = found.ok_or_else(|| one(format!("there is no module `{}`", loaded.source)))?;
        let (manifest, _) = found.manifest.as_ref().map_err(|list| {
            list.iter()
                .map(|finding| finding.line())
                .collect::<Vec<_>>()
        })?;
        let artefact = self.shelf.artefact(found, manifest).map_err(one)?;
        let parts = self
            .parts(tenant, loaded, source, manifest, Arc::clone(&artefact))
            .map_err(one)?;
        if let Some(previous) = previous.filter(|previous| previous.hash == parts.hash()) {
            return Ok(Arc::clone(previous));
        }
        let guest = self.guest(manifest, &artefact)?;
        let module = Arc::new(parts.assemble(guest));
        module.guest.check(&module)?;
        Ok(module)
    }

    fn parts(
        &self,
        tenant: &str,
        loaded: &Loaded,
        source: &Source,
        manifest: &Arc<Manifest>,
        artefact: Arc<Artefact>,
    ) -> Result<Parts, String> {
        let ceiling = self.ceiling(tenant);
        let wishes = manifest.limits;
        let memory_mb = wishes.memory_mb.min(ceiling.memory_mb_max);
        let limits = Limits {
            memory_bytes: u64::from(memory_mb) << 20,
            cpu: wishes.cpu,
            instances_max: wishes.instances.min(ceiling.instances_max),
        };
        let effective = Effective::of(Arc::clone(manifest), loaded, ceiling)?;
        if manifest.code.kind == Kind::Native {
            effective.check("native", "").map_err(|d| d.message)?;
        }
        let mut files = BTreeMap::new();
        for name in effective.files() {
            let text = source.files.get(name).ok_or_else(|| {
                format!("the granted file `{name}` is not beside the dialplan: put it there")
            })?;
            files.insert(name.to_owned(), Arc::from(text.as_bytes()));
        }
        let settings = loaded.settings_json();
        Ok(Parts {
            tenant: TenantId::new(tenant),
            name: loaded.name.clone(),
            manifest: Arc::clone(manifest),
            artefact,
            effective,
            limits,
            config: Config {
                text: Arc::from(settings.to_string()),
                settings,
                files,
            },
            health: self.health(tenant, &loaded.name),
        })
    }

    /// The compiled code of an artefact, shared while somebody has it.
    fn guest(
        &self,
        manifest: &Manifest,
        artefact: &Artefact,
    ) -> Result<Arc<dyn Guest>, Vec<String>> {
        let kind = manifest.code.kind;
        // What a compiler checks of the manifest is part of what was compiled.
        let mut hash = Sha256::new();
        hash.update(artefact.hash);
        hash.update(format!("{manifest:?}"));
        let key: GuestKey = (kind, hash.finalize().into());
        if let Some(guest) = lock(&self.guests).get(&key).and_then(Weak::upgrade) {
            return Ok(guest);
        }
        if let Some(why) = lock(&self.broken).get(&key) {
            return Err(why.clone());
        }
        let compiler = match kind {
            Kind::Wasm => &self.compilers.wasm,
            Kind::Lua => &self.compilers.lua,
            Kind::Native => &self.compilers.native,
        };
        let Some(compiler) = compiler else {
            let what = kind.word();
            return Err(vec![format!("this switch runs no {what} modules")]);
        };
        match compiler.compile(manifest, artefact) {
            Ok(guest) => {
                let mut guests = lock(&self.guests);
                guests.retain(|_, guest| guest.strong_count() > 0);
                guests.insert(key, Arc::downgrade(&guest));
                Ok(guest)
            }
            Err(why) => {
                let mut broken = lock(&self.broken);
                if broken.len() >= BROKEN_MAX {
                    broken.clear();
                }
                broken.insert(key, why.clone());
                Err(why)
            }
        }
    }
}
