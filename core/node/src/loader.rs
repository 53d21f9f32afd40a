//! From a tenant's folder to a generation: read, compile, check, test. Touches no running call.
//!
//! Every mistake of dialplan and scripts is reported at once; a failed test in the dialplan is a
//! mistake as well. What did not change since the last load is not read or decoded again.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use cordboard_call::event::Party;
use cordboard_call::{PartyLimits, Settings, TenantId};
use cordboard_dialplan::diagnostic::{self, Diagnostic, Severity};
use cordboard_dialplan::file::{Cache, Source};
use cordboard_dialplan::{Dialplan, Known};
use cordboard_host::{CpuTime, Limits, LuaHost, ScriptDiagnostic, Scripts};
use cordboard_media::Audio;
use cordboard_steps::simulate::{TestReport, run_tests};
use sha2::{Digest, Sha256};

use crate::files::{self, FilesError};
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

/// Why a tenant could not be loaded.
#[derive(Debug)]
pub enum LoadError {
    /// A file could not be read.
    Files(FilesError),
    /// A prompt is no sound that can be played.
    Prompt(String, String),
    /// Mistakes, with the source for showing them.
    Mistakes(Vec<Diagnostic>, Source),
    /// Mistakes in scripts.
    Scripts(Vec<ScriptDiagnostic>),
    /// The tenant's name or domain cannot be what its files say.
    Tenant(String),
    /// Tests of the dialplan failed.
    Tests(Box<TestReport>),
}

impl LoadError {
    /// The error for people, with the text underlined where it is a mistake in a file.
    pub fn render(&self, colours: bool) -> String {
        match self {
            LoadError::Files(error) => format!("{error}\n"),
            LoadError::Prompt(name, why) => format!("prompts/{name}.wav: {why}\n"),
            LoadError::Tenant(why) => format!("{why}\n"),
            LoadError::Mistakes(list, source) => diagnostic::render(list, source, colours),
            LoadError::Scripts(list) => list
                .iter()
                .map(|d| {
                    let help = d
                        .help
                        .as_ref()
                        .map(|h| format!("\n  help: {h}"))
                        .unwrap_or_default();
                    format!(
                        "scripts/{}:{}:{}: {}{help}\n",
                        d.file, d.line, d.column, d.message
                    )
                })
                .collect(),
            LoadError::Tests(report) => report
                .failed
                .iter()
                .map(|failure| format!("{failure}\n"))
                .collect(),
        }
    }

    /// The error for programs: a list of places and messages.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::json;
        match self {
            LoadError::Files(error) => json!([{ "message": error.to_string() }]),
            LoadError::Prompt(name, why) => json!([{ "file": format!("prompts/{name}.wav"), "message": why }]),
            LoadError::Tenant(why) => json!([{ "message": why }]),
            LoadError::Mistakes(list, _) => diagnostic::to_json(list),
            LoadError::Scripts(list) => list
                .iter()
                .map(|d| json!({ "file": format!("scripts/{}", d.file), "line": d.line, "column": d.column, "message": d.message, "help": d.help }))
                .collect(),
            LoadError::Tests(report) => serde_json::to_value(report).unwrap_or_default(),
        }
    }
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
    prompts: HashMap<PathBuf, Prompt>,
    scripts: Option<Arc<Scripts>>,
}

/// A tenant that passed.
pub struct Passed {
    /// The generation's parts.
    pub generation: Generation,
    /// Warnings of the check.
    pub warnings: Vec<Diagnostic>,
    /// The tests that ran.
    pub report: TestReport,
}

impl Memory {
    /// Reads a tenant's folders.
    pub fn read(&mut self, folders: &Folders, folder: &Path) -> Result<Material, LoadError> {
        let source = files::dialplan_source(folder).map_err(LoadError::Files)?;
        let scripts = files::script_sources(&folders.scripts, folder).map_err(LoadError::Files)?;
        let (prompts, prompts_hash) = self.read_prompts(folder)?;
        Ok(Material {
            source,
            scripts,
            prompts: Arc::new(prompts),
            prompts_hash,
        })
    }

    fn read_prompts(&mut self, folder: &Path) -> Result<Prompts, LoadError> {
        let mut prompts = BTreeMap::new();
        let mut kept = HashMap::new();
        let mut hash = Sha256::new();
        for (name, path) in files::prompt_files(folder).map_err(LoadError::Files)? {
            let prompt = self
                .read_prompt(&name, &path)
                .map_err(|why| LoadError::Prompt(name.clone(), why))?;
            hash.update(&name);
            hash.update([0]);
            hash.update(prompt.hash);
            prompts.insert(name, Arc::clone(&prompt.audio));
            kept.insert(path, prompt);
        }
        self.prompts = kept;
        Ok((prompts, hash.finalize().into()))
    }

    fn read_prompt(&self, name: &str, path: &Path) -> Result<Prompt, String> {
        let meta = std::fs::metadata(path).map_err(|e| e.to_string())?;
        let changed = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        if let Some(known) = self.prompts.get(path)
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

    /// Checks and tests what was read.
    pub fn check(&mut self, tenant: &str, material: Material) -> Result<Passed, LoadError> {
        let scripts = Scripts::compile_after(&material.scripts, self.scripts.as_deref())
            .map_err(LoadError::Scripts)?;
        let scripts = Arc::new(scripts);
        let known = Known {
            prompts: material.prompts.keys().cloned().collect(),
            scripts: scripts.iter().map(|script| script.name.clone()).collect(),
        };
        let loaded = match cordboard_dialplan::load(&material.source, &known, &mut self.cache) {
            Ok(loaded) => loaded,
            Err(mistakes) => return Err(LoadError::Mistakes(mistakes, material.source)),
        };
        let mut warnings = loaded.warnings;
        let mut mistakes = scripts.check_runs(&loaded.dialplan, &known.prompts);
        warnings.extend(mistakes.extract_if(.., |found| found.severity == Severity::Warning));
        if !mistakes.is_empty() {
            return Err(LoadError::Mistakes(mistakes, material.source));
        }
        let dialplan = Arc::new(loaded.dialplan);
        let report = test(&dialplan, &material.prompts, &scripts);
        if !report.is_passed() {
            return Err(LoadError::Tests(Box::new(report)));
        }
        self.scripts = Some(Arc::clone(&scripts));
        let hash = identity(&dialplan.hash, &material);
        let generation = Generation {
            tenant: TenantId::new(tenant),
            number: 0,
            loaded_ms: 0,
            settings: Arc::new(settings(&dialplan, &material.prompts)),
            dialplan,
            prompts: material.prompts,
            scripts,
            hash,
        };
        Ok(Passed {
            generation,
            warnings,
            report,
        })
    }
}

/// Runs a dialplan's tests with its real scripts on a virtual clock.
pub fn test(
    dialplan: &Arc<Dialplan>,
    prompts: &BTreeMap<String, Arc<Audio>>,
    scripts: &Arc<Scripts>,
) -> TestReport {
    let mut host = SimulatedScripts::new(
        LuaHost::new(Limits::default(), CpuTime::counted()),
        Arc::clone(scripts),
    );
    run_tests(dialplan, &Lengths(prompts), &mut host)
}

fn identity(dialplan: &str, material: &Material) -> String {
    let mut hash = Sha256::new();
    hash.update(dialplan);
    for (name, text) in &material.scripts {
        hash.update(name);
        hash.update([0]);
        hash.update(Sha256::digest(text));
    }
    hash.update(material.prompts_hash);
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
