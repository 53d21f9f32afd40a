//! Bases: the folders `_NAME` beside the tenants' on which tenants stand.
//!
//! A base is read from the disk once a round of loads, its files parsed and its prompts decoded
//! once for all tenants. Only folders that really lie among the dialplans are bases: a symbolic
//! link that leads out of there, also one inside a base, makes it none, and says so.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cordboard_dialplan::file::{Shared, Source};

use super::{LoadError, Prompt, read_prompt};
use crate::files;

/// A base as it lies on the disk.
#[derive(Default)]
pub(super) struct Base {
    /// Its dialplan files and tables, under `../_base/`.
    files: BTreeMap<String, Arc<str>>,
    /// Its scripts.
    pub(super) scripts: BTreeMap<String, String>,
    /// Its prompts by name.
    pub(super) prompts: BTreeMap<String, Prompt>,
}

type Looked = Result<Arc<Base>, String>;

#[derive(Default)]
struct Round {
    bases: HashMap<String, Looked>,
    folders: Option<Arc<BTreeMap<String, Option<String>>>>,
}

/// What the tenants of a machine share of their bases.
#[derive(Default)]
pub struct Bases {
    shared: Arc<Shared>,
    round: Mutex<Round>,
    prompts: Mutex<HashMap<PathBuf, Prompt>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bases {
    /// A round of loads begins: what lies on the disk is looked at again.
    pub fn begin_round(&self) {
        *lock(&self.round) = Round::default();
        // What no tenant's generation or memory has any more is forgotten.
        lock(&self.prompts).retain(|_, prompt| Arc::strong_count(&prompt.audio) > 1);
    }

    /// Files of bases that are parsed already.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Adds the bases that a tenant's files stand on to them; gives them, the nearest first.
    pub(super) fn join(
        &self,
        dialplans: &Path,
        source: &mut Source,
    ) -> Result<Vec<Arc<Base>>, LoadError> {
        let mut joined = Vec::new();
        // Each base may say on which it stands itself; the check says what is too deep.
        while let Some(name) = source.bases().get(joined.len()) {
            if joined.is_empty() {
                source.folders = (*self.folders(dialplans)).clone();
            }
            let base = match self.base(dialplans, name)? {
                Ok(base) => base,
                Err(why) => {
                    // A folder that is not there is for the check to say.
                    if let Some(known) = source.folders.get_mut(name) {
                        known.get_or_insert(why);
                    }
                    break;
                }
            };
            let files = base.files.iter();
            source
                .files
                .extend(files.map(|(path, text)| (path.clone(), Arc::clone(text))));
            joined.push(base);
        }
        Ok(joined)
    }

    /// Folders that may be bases, for suggestions.
    fn folders(&self, dialplans: &Path) -> Arc<BTreeMap<String, Option<String>>> {
        let mut round = lock(&self.round);
        let folders = round.folders.get_or_insert_with(|| {
            let found = fs::read_dir(dialplans).into_iter().flatten().flatten();
            let names = found.filter(|entry| entry.path().is_dir());
            let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
            let names = names.filter(|name| name.starts_with('_'));
            Arc::new(names.map(|name| (name, None)).collect())
        });
        Arc::clone(folders)
    }

    fn base(&self, dialplans: &Path, name: &str) -> Result<Looked, LoadError> {
        if let Some(known) = lock(&self.round).bases.get(name) {
            return Ok(known.clone());
        }
        let folder = dialplans.join(name);
        let looked = match refusal(dialplans, &folder) {
            Some(why) => Err(why),
            None => Ok(Arc::new(self.read(name, &folder)?)),
        };
        lock(&self.round)
            .bases
            .insert(name.to_owned(), looked.clone());
        Ok(looked)
    }

    fn read(&self, name: &str, folder: &Path) -> Result<Base, LoadError> {
        let source = files::dialplan_source(folder).map_err(LoadError::Files)?;
        let files = source.files.into_iter();
        let files = files.map(|(path, text)| (format!("../{name}/{path}"), text));
        let scripts = files::scripts_in(&folder.join("scripts")).map_err(LoadError::Files)?;
        let mut prompts = BTreeMap::new();
        let mut known = lock(&self.prompts);
        for (prompt, path) in files::prompts_in(folder).map_err(LoadError::Files)? {
            let read = read_prompt(&known, &prompt, &path);
            let read = read.map_err(|why| {
                LoadError::Tenant(format!("../{name}/prompts/{prompt}.wav: {why}"))
            })?;
            known.insert(path, read.clone());
            prompts.insert(prompt, read);
        }
        Ok(Base {
            files: files.collect(),
            scripts,
            prompts,
        })
    }
}

/// A tenant's files with those of its bases, and which of its other files hide a base's.
pub struct Beside {
    /// Dialplan files and tables.
    pub source: Source,
    /// Prompts and scripts: the tenant's, and the base's that it hides.
    pub hidden: Vec<(String, String)>,
    /// The first base that could not be read, and why.
    pub missing: Option<(String, String)>,
}

/// Reads a tenant's files and those of its bases, for showing both.
pub fn beside(dialplans: &Path, folder: &Path) -> Result<Beside, LoadError> {
    let mut source = files::dialplan_source(folder).map_err(LoadError::Files)?;
    let bases = Bases::default().join(dialplans, &mut source)?;
    let names = source.bases();
    let prompts = files::prompts_in(folder).map_err(LoadError::Files)?;
    let scripts = files::scripts_in(&folder.join("scripts")).map_err(LoadError::Files)?;
    let mut hidden = Vec::new();
    for prompt in prompts.keys() {
        let mut all = bases.iter().zip(&names);
        if let Some((_, name)) = all.find(|(base, _)| base.prompts.contains_key(prompt)) {
            let path = format!("prompts/{prompt}.wav");
            hidden.push((path.clone(), format!("../{name}/{path}")));
        }
    }
    for script in scripts.keys() {
        let mut all = bases.iter().zip(&names);
        if let Some((_, name)) = all.find(|(base, _)| base.scripts.contains_key(script)) {
            let path = format!("scripts/{script}");
            hidden.push((path.clone(), format!("../{name}/{path}")));
        }
    }
    let missing = names.get(bases.len()).map(|name| {
        let why = source.folders.get(name).cloned().flatten();
        let why = why.unwrap_or_else(|| "it is not there".to_owned());
        (name.clone(), why)
    });
    Ok(Beside {
        source,
        hidden,
        missing,
    })
}

/// Why a folder cannot be a base.
fn refusal(dialplans: &Path, folder: &Path) -> Option<String> {
    let Ok(root) = dialplans.canonicalize() else {
        return Some("the folder of dialplans is gone".to_owned());
    };
    let Ok(real) = folder.canonicalize() else {
        return Some("it is not there".to_owned());
    };
    if !real.is_dir() || real == root {
        return Some("it is no folder".to_owned());
    }
    if !real.starts_with(&root) {
        return Some("it is a symbolic link that leads out of the folder of dialplans".to_owned());
    }
    let link = files::links_out_of(&real, &root)?;
    Some(format!(
        "`{}` in it is a symbolic link that leads out of the folder of dialplans",
        link.display()
    ))
}
