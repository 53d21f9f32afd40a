//! From manifests and grants to modules that can run: compiled once for all tenants, checked in a
//! throwaway instance, shared with the generation before where nothing changed.
//!
//! A setting or a grant that is wrong refuses its tenant's generation, with the line and the cure.
//! Code that is broken takes nothing else down: its module stays what it was (its old code, under
//! today's grants), or is left out where nothing of it served (`decisions/0011`). Health (counts,
//! breaker, an operator's `disable`) belongs to tenant and name and outlives generations.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use cordboard_call::TenantId;
use cordboard_dialplan::file::Source;
use cordboard_dialplan::node_file::{Ceiling, ModulesCeiling, NodeFile, check_ceiling};
use cordboard_dialplan::schema::Loaded;
use cordboard_dialplan::{Diagnostic, Dialplan, Place};
use cordboard_host::capability::Effective;
use cordboard_host::manifest::{Kind, Manifest};
use cordboard_host::module::{Artefact, Compiler, Config, Guest, Health, Limits, Module, Parts};
use cordboard_host::program::Programs;
use sha2::{Digest, Sha256};

use super::catalogue::{Catalogue, Shelf};
use super::signed::Signers;

/// Compile errors that are remembered, so that a broken artefact is not compiled every 30 s.
const BROKEN_MAX: usize = 100;
/// Modules whose own refusals are remembered, likewise; then all of them are tried again.
const FAILED_MAX: usize = 10_000;

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

/// A module whose code cannot be taken; its tenant is loaded all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which, where and why.
    pub refusal: Refusal,
    /// Version of what serves in its place; none is nothing, and its steps fail.
    pub serves: Option<String>,
    /// Its source is here and was never built.
    pub unbuilt: bool,
}

/// The modules of one tenant.
#[derive(Debug, Default)]
pub struct Forged {
    /// Those that can run, by their names in the tenant.
    pub modules: BTreeMap<String, Arc<Module>>,
    /// Those that are not what their files say.
    pub broken: Vec<Broken>,
}

/// What a tenant wants of the forge.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// Its dialplan.
    pub plan: &'a Dialplan,
    /// The files beside it.
    pub source: &'a Source,
    /// What lies on the disk.
    pub catalogue: &'a Catalogue,
    /// Its modules that serve now.
    pub previous: &'a BTreeMap<String, Arc<Module>>,
}

/// Who is at fault when a module cannot be made.
enum Fault {
    /// A line of the dialplan.
    Line(Vec<String>),
    /// The module.
    Code(Vec<String>),
}

type GuestKey = (Kind, [u8; 32]);
type BrokenCode = HashMap<GuestKey, Vec<String>>;
/// By tenant and name: identity of what failed, and why.
type Failed = HashMap<(String, String), (String, Vec<String>)>;

/// Makes modules.
#[derive(Default)]
pub struct Forge {
    shelf: Shelf,
    signers: Signers,
    compilers: Compilers,
    ceilings: Mutex<BTreeMap<String, Arc<ModulesCeiling>>>,
    whole: Mutex<Vec<Ceiling>>,
    /// Of tenants of whom nothing is said.
    unsaid: Arc<ModulesCeiling>,
    guests: Mutex<HashMap<GuestKey, Weak<dyn Guest>>>,
    broken: Mutex<BrokenCode>,
    failed: Mutex<Failed>,
    healths: Mutex<BTreeMap<(String, String), Arc<Health>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Forge {
    /// Modules of these folders, made by these compilers.
    pub fn new(roots: Vec<PathBuf>, compilers: Compilers, settings: &NodeFile) -> Forge {
        let forge = Forge {
            shelf: Shelf::new(roots),
            compilers,
            ..Forge::default()
        };
        forge.set_ceilings(&settings.ceilings);
        forge
    }

    /// What tenants' modules may have from the next load on.
    pub fn set_ceilings(&self, ceilings: &[Ceiling]) {
        *lock(&self.whole) = ceilings.to_vec();
        let ceilings = ceilings.iter();
        *lock(&self.ceilings) = ceilings
            .map(|c| (c.tenant.clone(), Arc::new(c.modules.clone())))
            .collect();
    }

    /// The folders that modules come from.
    pub fn roots(&self) -> &[PathBuf] {
        self.shelf.roots()
    }

    /// What lies on the disk now, for a tenant that uses these modules.
    pub fn look_for(&self, is_used: impl Fn(&str) -> bool) -> Catalogue {
        self.shelf.look_for(is_used)
    }

    /// File and text of modules' manifests, by their sources, as `recall` takes them.
    pub fn manifests(&self, programs: &Programs) -> BTreeMap<String, (String, String)> {
        let modules = programs.modules.values();
        let sources = modules.map(|module| module.manifest.name.as_str());
        sources
            .filter_map(|source| Some((source.to_owned(), self.shelf.text(source)?)))
            .collect()
    }

    /// Manifests of a kept generation, for those that are bad or gone by now.
    pub fn recall(&self, manifests: &BTreeMap<String, (String, String)>) {
        self.shelf.recall(manifests);
    }

    /// Health of a tenant's module, made when it is first asked for.
    pub fn health(&self, tenant: &str, module: &str) -> Arc<Health> {
        let key = (tenant.to_owned(), module.to_owned());
        Arc::clone(lock(&self.healths).entry(key).or_default())
    }

    /// Where a tenant's files go beyond its ceiling: asked before any of its code is looked at.
    pub fn above_ceiling(&self, plan: &Dialplan) -> Vec<Diagnostic> {
        let tenant = &plan.tenant.name;
        let whole = lock(&self.whole);
        match whole.iter().find(|ceiling| ceiling.tenant == *tenant) {
            Some(ceiling) => check_ceiling(plan, ceiling),
            None => {
                let modules = (*self.unsaid).clone();
                check_ceiling(
                    plan,
                    &Ceiling {
                        modules,
                        ..Ceiling::unsaid(tenant)
                    },
                )
            }
        }
    }

    /// The tenant's ceiling of modules.
    pub fn ceiling(&self, tenant: &str) -> Arc<ModulesCeiling> {
        lock(&self.ceilings)
            .get(tenant)
            .unwrap_or(&self.unsaid)
            .clone()
    }

    /// With this ceiling of tenants of whom nothing is said.
    #[must_use]
    pub fn with_unsaid(self, unsaid: ModulesCeiling) -> Forge {
        Forge {
            unsaid: Arc::new(unsaid),
            ..self
        }
    }

    /// All modules of a dialplan. Those of `previous` that are the same are taken from there; one
    /// whose code is broken stays what it was there, and is left out where it was not: a centre
    /// without its queue still answers, by what its routes do when a step fails.
    ///
    /// # Errors
    /// Every module whose lines in the dialplan are wrong.
    pub fn modules(&self, wanted: Wanted<'_>) -> Result<Forged, Vec<Refusal>> {
        let mut forged = Forged::default();
        let mut refused = Vec::new();
        for (name, loaded) in &wanted.plan.modules {
            let refusal = |why| Refusal {
                module: name.clone(),
                place: loaded.place.clone(),
                why,
            };
            match self.module(wanted, loaded) {
                Ok(module) => {
                    forged.modules.insert(name.clone(), module);
                }
                Err(Fault::Line(why)) => refused.push(refusal(why)),
                Err(Fault::Code(why)) => {
                    let before = wanted.previous.get(name);
                    let kept = before.and_then(|before| self.keep(wanted, loaded, before));
                    forged.broken.push(Broken {
                        refusal: refusal(why),
                        serves: kept.as_ref().map(|kept| kept.manifest.version.clone()),
                        unbuilt: is_unbuilt(loaded, wanted.catalogue),
                    });
                    forged.modules.extend(kept.map(|kept| (name.clone(), kept)));
                }
            }
        }
        match refused.is_empty() {
            true => Ok(forged),
            false => Err(refused),
        }
    }

    fn module(&self, wanted: Wanted<'_>, loaded: &Loaded) -> Result<Arc<Module>, Fault> {
        let one = |why: String| vec![why];
        let tenant = &wanted.plan.tenant.name;
        let found = wanted.catalogue.modules.get(&loaded.source);
        let found = found.ok_or_else(|| {
            let why = format!("there is no module `{}`", loaded.source);
            Fault::Line(one(why))
        })?;
        if !found.lost.is_empty() {
            return Err(Fault::Code(found.lost.clone()));
        }
        let (manifest, _) = found
            .manifest
            .as_ref()
            .map_err(|list| Fault::Line(list.iter().map(Diagnostic::line).collect()))?;
        let trusted = self.signers.check(wanted.plan, &found.folder);
        trusted.map_err(|why| Fault::Line(one(why)))?;
        let artefact = self.shelf.artefact(found, manifest);
        let artefact = artefact.map_err(|why| Fault::Code(one(why)))?;
        let parts = self
            .parts(wanted, loaded, manifest, Arc::clone(&artefact))
            .map_err(|why| Fault::Line(one(why)))?;
        let hash = parts.hash();
        let previous = wanted.previous.get(&loaded.name);
        if let Some(previous) = previous.filter(|previous| previous.hash == hash) {
            return Ok(Arc::clone(previous));
        }
        // The same code under other lines: what it says no to is one of these lines.
        let same_code = |previous: &Arc<Module>| {
            previous.artefact.hash == artefact.hash && previous.manifest == *manifest
        };
        let fault = match previous.is_some_and(same_code) {
            true => Fault::Line,
            false => Fault::Code,
        };
        if let Some(why) = self.has_failed(tenant, &loaded.name, &hash) {
            return Err(fault(why));
        }
        let guest = self.guest(manifest, &artefact).map_err(Fault::Code)?;
        let module = Arc::new(parts.assemble(guest));
        if let Err(why) = module.guest.check(&module) {
            self.fail(&module, &why);
            return Err(fault(why));
        }
        Ok(module)
    }

    /// What a module was: its old code and manifest, with what is granted today and, where its
    /// old code takes them, the settings of today. None: it may not even be that.
    pub fn keep(
        &self,
        wanted: Wanted<'_>,
        loaded: &Loaded,
        before: &Arc<Module>,
    ) -> Option<Arc<Module>> {
        let parts = || {
            let artefact = Arc::clone(&before.artefact);
            let parts = self.parts(wanted, loaded, &before.manifest, artefact);
            parts.ok()
        };
        let today = parts()?;
        let mut of_old = parts()?;
        of_old.config.settings = before.config.settings.clone();
        of_old.config.text = Arc::clone(&before.config.text);
        for parts in [today, of_old] {
            if parts.hash() == before.hash {
                return Some(Arc::clone(before));
            }
            let kept = Arc::new(parts.assemble(Arc::clone(&before.guest)));
            if kept.guest.check(&kept).is_ok() {
                return Some(kept);
            }
        }
        None
    }

    fn has_failed(&self, tenant: &str, module: &str, hash: &str) -> Option<Vec<String>> {
        let failed = lock(&self.failed);
        let (of, why) = failed.get(&(tenant.to_owned(), module.to_owned()))?;
        (of == hash).then(|| why.clone())
    }

    /// This module was tried and cannot serve: it is not tried again until something of it changes.
    pub fn fail(&self, module: &Module, why: &[String]) {
        let key = (module.tenant.as_str().to_owned(), module.name.clone());
        let mut failed = lock(&self.failed);
        if failed.len() >= FAILED_MAX {
            failed.clear();
        }
        failed.insert(key, (module.hash.clone(), why.to_vec()));
    }

    /// Everything that failed is tried again at the next load: an operator asks for it.
    pub fn forgive(&self) {
        lock(&self.failed).clear();
        lock(&self.broken).clear();
    }

    fn parts(
        &self,
        wanted: Wanted<'_>,
        loaded: &Loaded,
        manifest: &Arc<Manifest>,
        artefact: Arc<Artefact>,
    ) -> Result<Parts, String> {
        let (tenant, source) = (wanted.plan.tenant.name.as_str(), wanted.source);
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
            let text = source.find(name).map(|(_, text)| text).ok_or_else(|| {
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

fn is_unbuilt(loaded: &Loaded, catalogue: &Catalogue) -> bool {
    let found = catalogue.modules.get(&loaded.source);
    let parsed = found.and_then(|found| Some((found, found.manifest.as_ref().ok()?)));
    parsed.is_some_and(|(found, (manifest, _))| found.is_unbuilt(manifest))
}
