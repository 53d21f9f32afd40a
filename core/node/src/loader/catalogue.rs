//! The modules that lie on this machine: each folder with a `module.toml`, read once until it changes.
//!
//! Folders are searched in order; of two modules of one name the first counts and the other is a
//! warning. A manifest with mistakes takes no other down: its mistakes are told to tenants that
//! want it, and where it was good before, dialplans are checked against what it was. An entry is
//! read only where it is a plain file inside its folder, links followed.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use cordboard_dialplan::Diagnostic;
use cordboard_dialplan::schema::ModuleSchema;
use cordboard_host::manifest::{Kind, MANIFEST_BYTES_MAX, Manifest};
use cordboard_host::module::{ARTEFACT_BYTES_MAX, Artefact};

/// Most modules of one folder.
const MODULES_MAX: usize = 1_000;
/// Most files of a Lua module, and how deep they may lie.
const LUA_FILES_MAX: usize = 200;
const LUA_DEPTH_MAX: usize = 4;
/// Largest file of a Lua module.
const LUA_BYTES_MAX: u64 = 256 << 10;

/// Name of a manifest's file.
pub const MANIFEST: &str = "module.toml";

/// A manifest that was read, with what dialplans see of it; or its mistakes.
pub type Read = Result<(Arc<Manifest>, Arc<ModuleSchema>), Arc<Vec<Diagnostic>>>;

/// One module on the disk.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its folder.
    pub folder: PathBuf,
    /// The manifest as messages name it, `modules/greeter/module.toml`.
    pub file: Arc<str>,
    /// Text of the manifest, for showing mistakes in it.
    pub text: Arc<str>,
    /// The manifest, or its mistakes.
    pub manifest: Read,
    /// Why `manifest` is the one that was read last and not the one that lies here; empty where
    /// it is.
    pub lost: Vec<String>,
}

impl Found {
    /// Its source is here and what is built of it is not.
    pub fn is_unbuilt(&self, manifest: &Manifest) -> bool {
        let code = &manifest.code;
        let built = self.folder.join(&code.entry).symlink_metadata().is_ok();
        code.build.starts_with("cordboard-") && !built
    }
}

/// What was found at one look.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// By name of the folder.
    pub modules: BTreeMap<String, Found>,
    /// Names that stand twice, and folders that cannot be read.
    pub warnings: Vec<String>,
}

impl Catalogue {
    /// What dialplans may be checked against.
    pub fn schemas(&self) -> impl Iterator<Item = Arc<ModuleSchema>> {
        let read = self
            .modules
            .values()
            .filter_map(|f| f.manifest.as_ref().ok());
        read.map(|(_, schema)| Arc::clone(schema))
    }
}

/// When and how large a file was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    changed: SystemTime,
    bytes: u64,
}

impl Stamp {
    fn of(meta: &Metadata) -> Stamp {
        Stamp {
            changed: meta.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            bytes: meta.len(),
        }
    }
}

type Artefacts = HashMap<PathBuf, (Vec<(String, Stamp)>, Arc<Artefact>)>;

/// Reads module folders, and remembers what did not change.
#[derive(Debug, Default)]
pub struct Shelf {
    roots: Vec<PathBuf>,
    manifests: Mutex<HashMap<PathBuf, (Stamp, Found)>>,
    artefacts: Mutex<Artefacts>,
    /// What was read without a mistake, by name: a manifest that goes bad is not forgotten.
    good: Mutex<BTreeMap<String, Found>>,
}

impl Shelf {
    /// Modules of these folders, the first before the second.
    pub fn new(roots: Vec<PathBuf>) -> Shelf {
        Shelf {
            roots,
            ..Shelf::default()
        }
    }

    /// The folders.
    pub fn roots(&self) -> &[PathBuf] {
        &self.roots
    }

    /// What lies there now.
    pub fn look(&self) -> Catalogue {
        let mut known = self
            .manifests
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut kept = HashMap::new();
        let mut catalogue = Catalogue::default();
        for root in &self.roots {
            let mut folders: Vec<PathBuf> = match fs::read_dir(root) {
                Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
                Err(_) => continue,
            };
            folders.sort();
            for folder in folders.into_iter().take(MODULES_MAX) {
                let name = folder.file_name().unwrap_or_default().to_string_lossy();
                let manifest = folder.join(MANIFEST);
                if name.starts_with(['.', '_']) || !manifest.is_file() {
                    continue;
                }
                let name = name.into_owned();
                let Ok(meta) = fs::metadata(&manifest) else {
                    continue;
                };
                let stamp = Stamp::of(&meta);
                let found = match known.remove(&folder) {
                    Some((old, found)) if old == stamp => found,
                    _ => read(root, &folder, &name, meta.len()),
                };
                kept.insert(folder, (stamp, found.clone()));
                if let Some(first) = catalogue.modules.get(&name) {
                    catalogue.warnings.push(format!(
                        "{} is not used: {} has that name and comes first",
                        found.file, first.file
                    ));
                } else {
                    catalogue.modules.insert(name, found);
                }
            }
        }
        *known = kept;
        let mut good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, found) in &catalogue.modules {
            if found.manifest.is_ok() {
                good.insert(name.clone(), found.clone());
            }
        }
        while good.len() > MODULES_MAX {
            good.pop_first();
        }
        catalogue
    }

    /// The same for a tenant: of modules that are in use, what was good stands in the place of
    /// what is bad or gone.
    pub fn look_for(&self, is_used: impl Fn(&str) -> bool) -> Catalogue {
        let mut catalogue = self.look();
        let good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, was) in good.iter().filter(|(name, _)| is_used(name)) {
            let lost = match catalogue.modules.get(name) {
                None => vec![format!("`{}` is gone: put it back", was.file)],
                Some(found) => match &found.manifest {
                    Ok(_) => continue,
                    Err(mistakes) => mistakes.iter().map(Diagnostic::line).collect(),
                },
            };
            let was = Found {
                lost,
                ..was.clone()
            };
            catalogue.modules.insert(name.clone(), was);
        }
        catalogue
    }

    /// File and text of a manifest that was read without a mistake.
    pub fn text(&self, name: &str) -> Option<(String, String)> {
        let good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        let found = good.get(name)?;
        Some((found.file.to_string(), found.text.to_string()))
    }

    /// Manifests as they were when a generation was kept, for those that are bad or gone by now.
    pub fn recall(&self, texts: &BTreeMap<String, (String, String)>) {
        let mut good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, (file, text)) in texts {
            let Ok(manifest) = Manifest::parse(file, text.as_bytes()) else {
                continue;
            };
            let schema = Arc::new(manifest.schema());
            good.entry(name.clone()).or_insert_with(|| Found {
                folder: PathBuf::new(),
                file: Arc::from(file.as_str()),
                text: Arc::from(text.as_str()),
                manifest: Ok((Arc::new(manifest), schema)),
                lost: Vec::new(),
            });
        }
    }

    /// The code of a module.
    ///
    /// # Errors
    /// One sentence with the cure.
    pub fn artefact(&self, found: &Found, manifest: &Manifest) -> Result<Arc<Artefact>, String> {
        let entry = &manifest.code.entry;
        let folder = real(&found.folder)?;
        let path = folder.join(entry);
        if path.symlink_metadata().is_err() {
            let cure = match manifest.code.build.as_str() {
                "none" => "put it there, or name another `entry`".to_owned(),
                _ => format!("`cordboard module build {}` makes it", manifest.name),
            };
            return Err(format!("its entry `{entry}` is not there: {cure}"));
        }
        let mut names = vec![entry.clone()];
        if manifest.code.kind == Kind::Lua {
            lua_files(&folder, "", LUA_DEPTH_MAX, &mut names)?;
            names.sort();
            names.dedup();
        }
        let mut stamps = Vec::new();
        for name in &names {
            stamps.push((name.clone(), inside(&folder, name)?));
        }
        let mut known = self
            .artefacts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((old, artefact)) = known.get(&path)
            && *old == stamps
        {
            return Ok(Arc::clone(artefact));
        }
        let mut files: BTreeMap<String, Arc<[u8]>> = BTreeMap::new();
        let mut bytes_all = 0;
        for name in &names {
            let bytes = fs::read(folder.join(name)).map_err(|e| format!("`{name}`: {e}"))?;
            bytes_all += bytes.len() as u64;
            if bytes_all > ARTEFACT_BYTES_MAX {
                return Err(format!("it has more than {ARTEFACT_BYTES_MAX} bytes"));
            }
            files.insert(name.clone(), bytes.into());
        }
        let artefact = Arc::new(Artefact::of(path.clone(), files));
        known.insert(path, (stamps, Arc::clone(&artefact)));
        Ok(artefact)
    }
}

fn read(root: &Path, folder: &Path, name: &str, bytes: u64) -> Found {
    let root = root.file_name().unwrap_or_default().to_string_lossy();
    let file: Arc<str> = Arc::from(format!("{root}/{name}/{MANIFEST}"));
    let text = match fs::read(folder.join(MANIFEST)) {
        _ if bytes > MANIFEST_BYTES_MAX as u64 => vec![b' '; MANIFEST_BYTES_MAX + 1],
        Ok(text) => text,
        Err(_) => Vec::new(),
    };
    let manifest = Manifest::parse(&file, &text).and_then(|manifest| {
        if manifest.name == name {
            let schema = Arc::new(manifest.schema());
            return Ok((Arc::new(manifest), schema));
        }
        let message = format!(
            "the folder is `{name}` and its manifest says `name = \"{}\"`: both must be one name",
            manifest.name
        );
        let place = manifest.place(1);
        let mark = cordboard_dialplan::diagnostic::Mark::at(&place);
        Err(vec![Diagnostic::error(mark, "MT0017", message)])
    });
    Found {
        folder: folder.to_path_buf(),
        file,
        text: Arc::from(String::from_utf8_lossy(&text).into_owned()),
        manifest: manifest.map_err(Arc::new),
        lost: Vec::new(),
    }
}

fn real(path: &Path) -> Result<PathBuf, String> {
    path.canonicalize()
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// The stamp of a plain file inside a folder.
fn inside(folder: &Path, name: &str) -> Result<Stamp, String> {
    let path = real(&folder.join(name))?;
    if !path.starts_with(folder) {
        return Err(format!(
            "`{name}` is a link that leads out of the module's folder: put the file itself there"
        ));
    }
    let meta = fs::metadata(&path).map_err(|e| format!("`{name}`: {e}"))?;
    let most = match name.ends_with(".lua") {
        true => LUA_BYTES_MAX,
        false => ARTEFACT_BYTES_MAX,
    };
    match meta.is_file() {
        true if meta.len() <= most => Ok(Stamp::of(&meta)),
        true => Err(format!(
            "`{name}` has {} bytes; {most} is the most",
            meta.len()
        )),
        false => Err(format!("`{name}` is no plain file")),
    }
}

/// Every `.lua` file of a folder but its tests.
fn lua_files(
    folder: &Path,
    prefix: &str,
    depth: usize,
    found: &mut Vec<String>,
) -> Result<(), String> {
    let entries = fs::read_dir(folder.join(prefix)).map_err(|e| e.to_string())?;
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || (prefix.is_empty() && name == "tests") {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            if depth > 0 {
                lua_files(folder, &format!("{path}/"), depth - 1, found)?;
            }
        } else if name.ends_with(".lua") {
            found.push(path);
        }
        if found.len() > LUA_FILES_MAX {
            return Err(format!("more than {LUA_FILES_MAX} Lua files"));
        }
    }
    Ok(())
}
