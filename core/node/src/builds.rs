//! Modules whose source was edited, built beside the running switch.
//!
//! One build at a time, its tools at low priority, so that calls do not notice. What comes of it is
//! a new artefact, which a load then takes like any other; a build that fails leaves the old one
//! where it is, and is not tried again until the source changes. A module is built when a file of
//! its source is younger than its artefact: whoever puts an artefact there by hand keeps it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use cordboard_host::manifest::Manifest;

use crate::sdk::build::{Built, build};
use crate::sdk::workshop::{BuildError, Workshop};

/// Files of a source that are looked at; a module of more is built by hand.
const FILES_MAX: usize = 5_000;
/// Folders of a module that are no source.
const NOT_SOURCE: [&str; 3] = ["target", "node_modules", "tests"];
/// Longest line of a compiler that is shown.
const LINE_BYTES_MAX: usize = 400;

/// What a build came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// There is a new artefact.
    Fresh,
    /// There was nothing to do.
    Same,
}

/// A build that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The first thing that the compiler found wrong, in one line.
    pub line: String,
    /// All that it said.
    pub output: String,
}

/// What is known of a module's last build.
struct Tried {
    /// The youngest file of its source then.
    source: SystemTime,
    failed: Option<Failed>,
}

/// Builds modules.
pub struct Builds {
    data: PathBuf,
    turn: tokio::sync::Mutex<()>,
    tried: Mutex<BTreeMap<PathBuf, Tried>>,
}

impl Builds {
    /// Builds with the cache of this data folder.
    pub fn new(data: PathBuf) -> Builds {
        Builds {
            data,
            turn: tokio::sync::Mutex::default(),
            tried: Mutex::default(),
        }
    }

    fn tried(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Tried>> {
        self.tried.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Is there source that is younger than the artefact, and not the source of a failed build?
    pub fn is_due(&self, folder: &Path) -> bool {
        let Some(source) = stale(folder) else {
            return false;
        };
        let tried = self.tried();
        tried.get(folder).is_none_or(|tried| tried.source != source)
    }

    /// Why the module's last build failed, if it did.
    pub fn failed(&self, folder: &Path) -> Option<Failed> {
        let failed = self.tried().get(folder)?.failed.clone()?;
        stale(folder).map(|_| failed)
    }

    /// Builds what is younger than its artefact, in its turn.
    ///
    /// # Errors
    /// What the compiler said.
    pub async fn build(&self, folder: &Path) -> Result<Came, Failed> {
        let _turn = self.turn.lock().await;
        let Some(source) = stale(folder) else {
            return Ok(Came::Same);
        };
        let (data, dir) = (self.data.clone(), folder.to_path_buf());
        let done = tokio::task::spawn_blocking(move || run(&data, &dir)).await;
        let result = match done {
            Ok(Ok(Built::Nothing)) => Ok(Came::Same),
            Ok(Ok(_)) => Ok(Came::Fresh),
            Ok(Err(error)) => Err(Failed {
                line: first_line(&error),
                output: error.to_string(),
            }),
            Err(error) => Err(Failed {
                line: format!("the build broke: {error}"),
                output: String::new(),
            }),
        };
        let failed = result.as_ref().err().cloned();
        let tried = Tried { source, failed };
        self.tried().insert(folder.to_path_buf(), tried);
        result
    }
}

fn run(data: &Path, folder: &Path) -> Result<Built, BuildError> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let say = {
        let name = name.into_owned();
        move |line: &str| tracing::info!(module = name, "{line}")
    };
    let shop = Workshop::open(data, Box::new(say))?.gentle();
    let manifest = crate::sdk::manifest(folder)?;
    let built = build(&shop, folder, &manifest, false)?;
    // The same source as once before: its artefact is taken from the cache, and is as old as that.
    if let Built::Kept(entry) | Built::Fresh(entry) = &built
        && let Ok(file) = fs::File::options().append(true).open(entry)
    {
        let _ = file.set_modified(SystemTime::now());
    }
    Ok(built)
}

/// The youngest file of a module's source, where that is younger than its artefact. None as well
/// for what this switch does not build: Lua, packages, command lines of a manifest's own.
fn stale(folder: &Path) -> Option<SystemTime> {
    let manifest = crate::sdk::manifest(folder).ok()?;
    if !manifest.code.build.starts_with("cordboard-") || !has_source(folder, &manifest) {
        return None;
    }
    let entry = folder.join(&manifest.code.entry);
    let mut left = FILES_MAX;
    let source = youngest(folder, &entry, &mut left)?;
    let built = fs::metadata(&entry).and_then(|meta| meta.modified());
    match built {
        Ok(built) if built >= source => None,
        _ => Some(source),
    }
}

fn has_source(folder: &Path, manifest: &Manifest) -> bool {
    let (file, place) = match manifest.code.build.as_str() {
        "cordboard-rust" => ("Cargo.toml", "src"),
        "cordboard-js" => ("module.js", "module.js"),
        _ => ("src", "src"),
    };
    folder.join(file).exists() && folder.join(place).exists()
}

fn youngest(folder: &Path, entry: &Path, left: &mut usize) -> Option<SystemTime> {
    let mut found: Option<SystemTime> = None;
    for path in fs::read_dir(folder).ok()?.flatten().map(|one| one.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let skipped = name.starts_with('.')
            || NOT_SOURCE.contains(&name.as_ref())
            || matches!(name.as_ref(), "Cargo.lock" | "README.md")
            || name.contains(".new-")
            || path == entry;
        if skipped || *left == 0 {
            continue;
        }
        *left -= 1;
        let changed = match path.is_dir() {
            true => youngest(&path, entry, left),
            false => fs::metadata(&path).and_then(|meta| meta.modified()).ok(),
        };
        found = found.max(changed);
    }
    found
}

/// The compiler's first error, or why there was none.
fn first_line(error: &BuildError) -> String {
    let lines = || error.output.lines().map(str::trim);
    let first = lines()
        .find(|line| line.starts_with("error") || line.contains(": error"))
        .or_else(|| lines().find(|line| !line.is_empty()));
    let line = first.unwrap_or(&error.why);
    let cut = line.floor_char_boundary(LINE_BYTES_MAX);
    line.get(..cut).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn folder() -> PathBuf {
        let name = format!("cordboard-builds-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("src")).unwrap();
        let manifest = "name = \"m\"\nversion = \"1.0.0\"\ncontract = \"0.1\"\nworld = \"router\"\n\
                        kind = \"wasm\"\nentry = \"m.wasm\"\n[build]\ncommand = \"cordboard-c\"\n\
                        [[step]]\nname = \"go\"\n";
        fs::write(folder.join("module.toml"), manifest).unwrap();
        fs::write(folder.join("src/module.c"), "int x = ;\n").unwrap();
        folder
    }

    fn age(path: &Path, back: Duration) {
        let file = fs::File::options().append(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - back).unwrap();
    }

    #[test]
    fn source_is_due_while_it_is_younger_than_its_artefact() {
        let folder = folder();
        let builds = Builds::new(folder.join("target"));
        let hour = Duration::from_secs(3_600);
        assert!(builds.is_due(&folder), "never built");
        fs::write(folder.join("m.wasm"), "\0asm").unwrap();
        for file in ["module.toml", "src/module.c"] {
            age(&folder.join(file), hour);
        }
        assert!(
            !builds.is_due(&folder),
            "an artefact put there by hand stays"
        );
        fs::create_dir_all(folder.join("tests")).unwrap();
        fs::write(folder.join("tests/story.txt"), "x").unwrap();
        fs::write(folder.join("README.md"), "x").unwrap();
        assert!(!builds.is_due(&folder), "these are no source");
        age(&folder.join("m.wasm"), 2 * hour);
        assert!(builds.is_due(&folder), "edited");
        let _ = fs::remove_dir_all(&folder);
    }

    #[test]
    fn the_compilers_first_error_is_the_line() {
        let error = BuildError {
            why: "cargo failed".to_owned(),
            cure: String::new(),
            output:
                "   Compiling m\nwarning: unused\nerror[E0425]: cannot find `x`\n --> a\nerror: b"
                    .to_owned(),
        };
        assert_eq!(first_line(&error), "error[E0425]: cannot find `x`");
        assert_eq!(first_line(&BuildError::new("no SDK", "")), "no SDK");
    }
}
