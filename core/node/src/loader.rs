//! From a tenant's folder to a generation: read, compile, check, test. Touches no running call.
//!
//! Every mistake of dialplan, scripts and modules is reported at once; a failed test in the dialplan
//! is a mistake as well. What did not change since the last load is not read, decoded or compiled
//! again.

mod bases;
pub mod catalogue;
pub mod forge;
mod refused;
mod signed;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use cordboard_call::event::Party;
use cordboard_call::{PartyLimits, Settings, TenantId};
use cordboard_dialplan::diagnostic::{Diagnostic, Severity};
use cordboard_dialplan::file::{Cache, Source};
use cordboard_dialplan::{Dialplan, Known};
use cordboard_host::module::Module;
use cordboard_host::program::Programs;
use cordboard_host::{CpuTime, Limits, LuaHost, Scripts};
use cordboard_media::Audio;
use cordboard_steps::simulate::{TestReport, run_tests};
use sha2::{Digest, Sha256};

use self::bases::Base;
pub use self::bases::{Bases, Beside, beside};
use self::catalogue::Catalogue;
use self::forge::{Broken, Forge, Forged, Wanted};
pub use self::refused::LoadError;
use crate::files;
use crate::simulated::{Lengths, SimulatedScripts};
use crate::tenants::Generation;
use crate::world::CODECS;

/// Where a load reads from.
#[derive(Clone, Debug)]
pub struct Folders {
    /// `dialplans/`.
    pub dialplans: PathBuf,
    /// `scripts/`.
    pub scripts: PathBuf,
}

/// Everything of a tenant as text and sound, before it is checked.
pub struct Material {
    /// Dialplan files.
    pub source: Source,
    /// Script files.
    pub scripts: BTreeMap<String, String>,
    /// Prompts, decoded.
    pub prompts: Arc<BTreeMap<String, Arc<Audio>>>,
    /// SHA-256 of the prompts' names and files, in order.
    pub prompts_hash: [u8; 32],
}

/// A prompt that was read before.
#[derive(Clone)]
struct Prompt {
    changed: SystemTime,
    bytes: u64,
    hash: [u8; 32],
    audio: Arc<Audio>,
}

/// Prompts by name, and the hash of them all.
type Prompts = (BTreeMap<String, Arc<Audio>>, [u8; 32]);

/// What one tenant's loads remember.
#[derive(Default)]
pub struct Memory {
    cache: Cache,
    /// The bases that tenants share.
    bases: Arc<Bases>,
    prompts: HashMap<PathBuf, Prompt>,
    scripts: Option<Arc<Scripts>>,
    /// Where modules come from; none loads no modules.
    forge: Option<Arc<Forge>>,
    /// The modules that serve; none where nothing of this tenant serves.
    serving: Option<BTreeMap<String, Arc<Module>>>,
    /// Modules that a kept generation had count as used.
    recalls: bool,
}

/// A tenant that passed.
pub struct Passed {
    /// The generation's parts.
    pub generation: Generation,
    /// Warnings of the check.
    pub warnings: Vec<Diagnostic>,
    /// The tests that ran. One may have failed where nothing serves yet and a module is broken.
    pub report: TestReport,
    /// Modules that are not what their files say.
    pub broken: Vec<Broken>,
    /// Hash of everything but the modules.
    pub ground: [u8; 32],
}

impl Memory {
    /// A memory whose tenants may load modules.
    pub fn with_modules(forge: Arc<Forge>) -> Memory {
        Memory {
            forge: Some(forge),
            ..Memory::default()
        }
    }

    /// From now on tenants may load modules.
    pub fn attach(&mut self, forge: &Arc<Forge>) {
        self.forge = Some(Arc::clone(forge));
    }

    /// From now on bases are read once for all memories that have this.
    pub fn share(&mut self, bases: &Arc<Bases>) {
        self.cache.share(bases.shared());
        self.bases = Arc::clone(bases);
    }

    /// What of the tenant serves now: what did not change is taken from there, and a module whose
    /// code is broken stays what it is there.
    pub fn serves(&mut self, modules: Option<BTreeMap<String, Arc<Module>>>) {
        self.serving = modules;
    }

    /// Manifests of a kept generation, for modules whose manifests are bad or gone by now.
    pub fn recall(&mut self, manifests: &BTreeMap<String, (String, String)>) {
        if let Some(forge) = &self.forge {
            forge.recall(manifests);
            self.recalls = true;
        }
    }

    /// Reads a tenant's folders.
    pub fn read(&mut self, folders: &Folders, folder: &Path) -> Result<Material, LoadError> {
        let mut source = files::dialplan_source(folder).map_err(LoadError::Files)?;
        let bases = Arc::clone(&self.bases).join(&folders.dialplans, &mut source)?;
        // The nearest wins: the tenant's own, those of its bases, those of the installation.
        let mut scripts = files::scripts_in(&folders.scripts).map_err(LoadError::Files)?;
        for base in bases.iter().rev() {
            scripts.extend(base.scripts.clone());
        }
        scripts.extend(files::scripts_in(&folder.join("scripts")).map_err(LoadError::Files)?);
        let (prompts, prompts_hash) = self.read_prompts(folder, &bases)?;
        Ok(Material {
            source,
            scripts,
            prompts: Arc::new(prompts),
            prompts_hash,
        })
    }

    fn read_prompts(&mut self, folder: &Path, bases: &[Arc<Base>]) -> Result<Prompts, LoadError> {
        let mut found: BTreeMap<&str, &Prompt> = BTreeMap::new();
        for base in bases.iter().rev() {
            found.extend(base.prompts.iter().map(|(name, p)| (name.as_str(), p)));
        }
        let mut kept = HashMap::new();
        let mut own = BTreeMap::new();
        for (name, path) in files::prompts_in(folder).map_err(LoadError::Files)? {
            let prompt = read_prompt(&self.prompts, &name, &path)
                .map_err(|why| LoadError::Prompt(name.clone(), why))?;
            kept.insert(path, prompt.clone());
            own.insert(name, prompt);
        }
        found.extend(own.iter().map(|(name, p)| (name.as_str(), p)));
        let mut prompts = BTreeMap::new();
        let mut hash = Sha256::new();
        for (name, prompt) in found {
            hash.update(name);
            hash.update([0]);
            hash.update(prompt.hash);
            prompts.insert(name.to_owned(), Arc::clone(&prompt.audio));
        }
        self.prompts = kept;
        Ok((prompts, hash.finalize().into()))
    }

    /// Checks and tests what was read.
    pub fn check(&mut self, tenant: &str, material: Material) -> Result<Passed, LoadError> {
        let scripts = Scripts::compile_after(&material.scripts, self.scripts.as_deref())
            .map_err(LoadError::Scripts)?;
        let scripts = Arc::new(scripts);
        let catalogue = self.look();
        let known = Known {
            prompts: material.prompts.keys().cloned().collect(),
            scripts: scripts.iter().map(|script| script.name.clone()).collect(),
            ..Known::default()
        };
        let known = known.with_modules(catalogue.schemas());
        let loaded = match cordboard_dialplan::load(&material.source, &known, &mut self.cache) {
            Ok(loaded) => loaded,
            Err(mistakes) => return Err(mistaken(mistakes, material.source, &catalogue)),
        };
        let mut warnings = loaded.warnings;
        let mut mistakes = scripts.check_runs(&loaded.dialplan, &known.prompts);
        warnings.extend(mistakes.extract_if(.., |found| found.severity == Severity::Warning));
        if !mistakes.is_empty() {
            return Err(LoadError::Mistakes(mistakes, material.source));
        }
        let dialplan = Arc::new(loaded.dialplan);
        // Before any code of it is compiled or begun.
        if let Some(forge) = &self.forge {
            let above = forge.above_ceiling(&dialplan);
            if !above.is_empty() {
                return Err(LoadError::Mistakes(above, material.source));
            }
        }
        let forged = self.modules(&dialplan, &material.source, &catalogue)?;
        let programs = Arc::new(Programs {
            scripts: Arc::clone(&scripts),
            modules: forged.modules,
        });
        let report = test(&dialplan, &material.prompts, &programs);
        // A broken module must not keep its whole tenant silent, so its tests cannot either.
        let excused = self.serving.is_none() && !forged.broken.is_empty();
        if !report.is_passed() && !excused {
            return Err(LoadError::Tests(Box::new(report)));
        }
        self.scripts = Some(scripts);
        let ground = ground(&dialplan.hash, &material);
        let generation = Generation {
            tenant: TenantId::new(tenant),
            number: 0,
            loaded_ms: 0,
            settings: Arc::new(settings(&dialplan, &material.prompts)),
            dialplan,
            prompts: material.prompts,
            hash: identity(&ground, &programs),
            programs,
        };
        Ok(Passed {
            generation,
            warnings,
            report,
            broken: forged.broken,
            ground,
        })
    }

    fn look(&self) -> Catalogue {
        let Some(forge) = &self.forge else {
            return Catalogue::default();
        };
        let serving = self.serving.iter().flat_map(BTreeMap::values);
        let used: BTreeSet<&str> = serving.map(|m| m.manifest.name.as_str()).collect();
        forge.look_for(|name| self.recalls || used.contains(name))
    }

    fn modules(
        &self,
        plan: &Dialplan,
        source: &Source,
        catalogue: &Catalogue,
    ) -> Result<Forged, LoadError> {
        let Some(forge) = &self.forge else {
            return Ok(Forged::default());
        };
        let nothing = BTreeMap::new();
        let wanted = Wanted {
            plan,
            source,
            catalogue,
            previous: self.serving.as_ref().unwrap_or(&nothing),
        };
        forge.modules(wanted).map_err(LoadError::Modules)
    }
}

/// A prompt, decoded where none of `known` is this file.
fn read_prompt(
    known: &HashMap<PathBuf, Prompt>,
    name: &str,
    path: &Path,
) -> Result<Prompt, String> {
    let meta = std::fs::metadata(path).map_err(|e| e.to_string())?;
    let changed = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    if let Some(known) = known.get(path)
        && known.changed == changed
        && known.bytes == meta.len()
    {
        return Ok(known.clone());
    }
    if !meta.is_file() || meta.len() > files::PROMPT_BYTES_MAX {
        return Err("this is no file of at most 64 MiB".to_owned());
    }
    let bytes = std::fs::read(path).map_err(|e| e.to_string())?;
    let audio = cordboard_media::wav::decode(name, &bytes).map_err(|e| e.to_string())?;
    Ok(Prompt {
        changed,
        bytes: meta.len(),
        hash: Sha256::digest(&bytes).into(),
        audio: Arc::new(audio),
    })
}

/// A dialplan's mistakes, and those of the manifests that it wants and that have some.
fn mistaken(mut mistakes: Vec<Diagnostic>, mut source: Source, catalogue: &Catalogue) -> LoadError {
    for (name, found) in &catalogue.modules {
        let Err(findings) = &found.manifest else {
            continue;
        };
        let wanted = |mistake: &Diagnostic| mistake.message.contains(&format!("`{name}`"));
        if mistakes.iter().any(wanted) {
            source
                .files
                .insert(found.file.to_string(), Arc::clone(&found.text));
            mistakes.extend(findings.iter().cloned());
        }
    }
    LoadError::Mistakes(mistakes, source)
}

/// Runs a dialplan's tests with its real programs on a virtual clock.
pub fn test(
    dialplan: &Arc<Dialplan>,
    prompts: &BTreeMap<String, Arc<Audio>>,
    programs: &Arc<Programs>,
) -> TestReport {
    let mut host = SimulatedScripts::new(
        LuaHost::new(Limits::default(), CpuTime::counted()),
        Arc::clone(programs),
    );
    run_tests(dialplan, &Lengths(prompts), &mut host)
}

fn ground(dialplan: &str, material: &Material) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(dialplan);
    for (name, text) in &material.scripts {
        hash.update(name);
        hash.update([0]);
        hash.update(Sha256::digest(text));
    }
    hash.update(material.prompts_hash);
    hash.finalize().into()
}

/// Identity of a generation: of its ground and its modules.
pub fn identity(ground: &[u8; 32], programs: &Programs) -> String {
    let mut hash = Sha256::new();
    hash.update(ground);
    for module in programs.modules.values() {
        hash.update(&module.hash);
    }
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

fn settings(plan: &Dialplan, prompts: &BTreeMap<String, Arc<Audio>>) -> Settings {
    let mut named = BTreeMap::new();
    for user in plan.users.values() {
        named.insert(Party::User(user.name.clone()), user.calls_max);
    }
    for trunk in plan.trunks.values() {
        named.insert(Party::Trunk(trunk.name.clone()), trunk.calls_max);
    }
    Settings {
        calls_max: plan.tenant.calls_max,
        parties: PartyLimits {
            named,
            ..PartyLimits::default()
        },
        longest_call: plan.tenant.longest_call,
        no_rtp: plan.tenant.no_rtp,
        music: plan
            .tenant
            .music
            .as_ref()
            .and_then(|name| prompts.get(name))
            .cloned(),
        codecs: Arc::from(CODECS),
    }
}
