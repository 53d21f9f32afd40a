//! `cordboard module ...`: everything that is done with a module's files, with no switch running.
//!
//! `new` copies a template, `build` makes the artefact, `test` runs the module's stories in the
//! production host on a virtual clock, `package`, `verify`, `install`, `upgrade`, `rollback` and
//! `remove` carry it from one installation to another, and `keys` are what signatures are made
//! and trusted with. Verbs for modules that run are the console's.

pub mod build;
pub mod c;
mod carried;
pub mod first;
pub mod js;
pub mod keys;
pub mod native;
pub mod new;
pub mod packages;
pub mod rust;
pub mod stories;
#[cfg(test)]
mod tests;
pub mod workshop;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, Subcommand};
use cordboard_dialplan::diagnostic;
use cordboard_dialplan::file::Source;
use cordboard_host::manifest::Manifest;
use serde_json::json;

use crate::cli::choose_modules;
use crate::data_dir::DataDir;
use build::Built;
use packages::{Installed, Shelf};
use workshop::{BuildError, Workshop, on_disk};

/// Commands on a module's files.
#[derive(Clone, Debug, Subcommand)]
pub enum ModuleCommand {
    /// Make a module from a template.
    #[command(after_help = new::TEMPLATES)]
    New {
        /// Its name: `a-z 0-9 -`.
        name: String,
        /// Language: rust, c, js or lua.
        #[arg(long, default_value = "rust")]
        lang: String,
        /// World of the contract: call-script, router, connector, service or reporter.
        #[arg(long, default_value = "call-script")]
        world: String,
        /// Folder that it is made in; else CORDBOARD_MODULES, else modules/.
        #[arg(long)]
        modules: Option<PathBuf>,
    },
    /// Build modules; what did not change is not built.
    Build {
        /// Folders, or names under `modules/`; nothing is every module there.
        modules: Vec<PathBuf>,
        /// Run a manifest's own command line without asking.
        #[arg(long)]
        yes: bool,
    },
    /// Build a module and play the stories in its `tests`: no network, no running switch.
    Test {
        /// Its folder, or its name under `modules/`.
        module: PathBuf,
        /// Folder of the stories; else `tests` in the module's folder.
        #[arg(long)]
        stories: Option<PathBuf>,
    },
    /// Pack a built module into one file.
    Package {
        /// Its folder, or its name under `modules/`.
        module: PathBuf,
        /// Key that signs it, made by `keys new`.
        #[arg(long)]
        key: Option<String>,
        /// Folder that the file is written to.
        #[arg(long, default_value = ".")]
        out: PathBuf,
    },
    /// Check a package: whole, and signed by whom.
    Verify {
        /// The file.
        file: PathBuf,
    },
    /// Install a package.
    Install(Incoming),
    /// Put a newer package in place of the installed one.
    Upgrade(Incoming),
    /// Go back to the package that was installed before.
    Rollback {
        /// The module.
        name: String,
        /// Go back though no trusted key signed it.
        #[arg(long)]
        untrusted: bool,
        /// Folder of installed modules; else `modules` in the data folder.
        #[arg(long)]
        modules: Option<PathBuf>,
    },
    /// Take an installed module away.
    Remove {
        /// The module.
        name: String,
        /// Folder of installed modules; else `modules` in the data folder.
        #[arg(long)]
        modules: Option<PathBuf>,
    },
    /// Keys that packages are signed and trusted with.
    Keys {
        /// What to do.
        #[command(subcommand)]
        what: KeyCommand,
    },
}

/// A package that comes in.
#[derive(Clone, Debug, Args)]
pub struct Incoming {
    /// The file.
    pub file: PathBuf,
    /// Take it though no trusted key signed it.
    #[arg(long)]
    pub untrusted: bool,
    /// Folder of installed modules; else `modules` in the data folder.
    #[arg(long)]
    pub modules: Option<PathBuf>,
}

/// Commands on keys.
#[derive(Clone, Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key that signs, and trust it here.
    New {
        /// Its name here.
        name: String,
    },
    /// List keys that are trusted here.
    List,
    /// Trust somebody's key.
    Trust {
        /// Its name here.
        name: String,
        /// Its text, `ed25519 ...`.
        key: String,
        /// Native code too, which runs outside of any sandbox: the machine operator's word.
        #[arg(long)]
        native: bool,
    },
}

/// Carries a command out.
pub fn run(data: &DataDir, what: ModuleCommand, json: bool) -> ExitCode {
    match carry_out(data, what, json) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if json => {
            let said = json!({ "ok": false, "error": error.why, "cure": error.cure, "output": error.output });
            println!("{said:#}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("cordboard module: {error}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(data: &DataDir, what: ModuleCommand, json: bool) -> Result<(), BuildError> {
    let shop = || Workshop::open(&data.root, Box::new(|line| eprintln!("{line}")));
    match what {
        ModuleCommand::New {
            name,
            lang,
            world,
            modules,
        } => {
            let modules = choose_modules(modules);
            let dir = new::new(&shop()?, &modules, &name, &lang, &world)?;
            let dir = dir.display().to_string();
            match json {
                true => println!("{:#}", json!({ "ok": true, "folder": dir })),
                false => println!(
                    "{dir}: a {world} in {lang}\n  cordboard module build {dir}\n  cordboard module test {dir}"
                ),
            }
            Ok(())
        }
        ModuleCommand::Build { modules, yes } => build(&shop()?, modules, yes, json),
        ModuleCommand::Test { module, stories } => {
            let dir = folder(&module);
            let manifest = manifest(&dir)?;
            build::build(&shop()?, &dir, &manifest, agreed(&manifest))?;
            stories::play(data, &dir, stories.as_deref(), json)
        }
        ModuleCommand::Package { module, key, out } => {
            let key = key
                .map(|name| keys::signing(&data.root, &name))
                .transpose()?;
            let file = packages::pack(&folder(&module), key.as_ref(), &out)?;
            verify(data, &file, json)
        }
        ModuleCommand::Verify { file } => verify(data, &file, json),
        ModuleCommand::Install(package) => {
            let done = shelf(data, &installed(data, package.modules))
                .install(&package.file, package.untrusted);
            say_installed("installed", &done?, json)
        }
        ModuleCommand::Upgrade(package) => {
            let done = shelf(data, &installed(data, package.modules))
                .upgrade(&package.file, package.untrusted);
            say_installed("upgraded", &done?, json)
        }
        ModuleCommand::Rollback {
            name,
            untrusted,
            modules,
        } => {
            let done = shelf(data, &installed(data, modules)).rollback(&name, untrusted);
            say_installed("back", &done?, json)
        }
        ModuleCommand::Remove { name, modules } => {
            shelf(data, &installed(data, modules)).remove(&name)?;
            match json {
                true => println!("{:#}", json!({ "ok": true, "removed": name })),
                false => println!("{name}: removed"),
            }
            Ok(())
        }
        ModuleCommand::Keys { what } => key(data, what, json),
    }
}

fn shelf<'a>(data: &'a DataDir, modules: &'a Path) -> Shelf<'a> {
    let data = &data.root;
    Shelf { data, modules }
}

fn installed(data: &DataDir, option: Option<PathBuf>) -> PathBuf {
    option.unwrap_or_else(|| data.modules())
}

fn say_installed(word: &str, done: &Installed, json: bool) -> Result<(), BuildError> {
    let Installed {
        name,
        version,
        hash,
        signer,
    } = done;
    match json {
        true => println!(
            "{:#}",
            json!({ "ok": true, "result": word, "module": name, "version": version, "hash": hash, "signer": signer })
        ),
        false => println!("{name} {version}: {word}, signed by {signer}"),
    }
    Ok(())
}

fn verify(data: &DataDir, file: &Path, json: bool) -> Result<(), BuildError> {
    let package = packages::read(file)?;
    let (signer, trusted) = shelf(data, &data.modules()).signer(&package)?;
    let manifest = &package.manifest;
    let asks: Vec<String> = manifest
        .asks
        .iter()
        .map(|asked| {
            format!(
                "{} {}: {}",
                asked.ask.capability, asked.ask.what, asked.ask.reason
            )
        })
        .collect();
    let bytes: usize = package.files.values().map(Vec::len).sum();
    if json {
        let said = json!({
            "ok": true, "file": file, "module": manifest.name, "version": manifest.version,
            "world": manifest.world.word(), "kind": manifest.code.kind.word(), "asks": asks,
            "files": package.files.keys().collect::<Vec<_>>(), "bytes": bytes,
            "hash": package.hash, "signer": signer, "trusted": trusted,
        });
        println!("{said:#}");
        return Ok(());
    }
    println!(
        "{}: {} {}, a {} in {}, {} files, {bytes} bytes\n  signed by {signer}\n  hash {}",
        file.display(),
        manifest.name,
        manifest.version,
        manifest.world.word(),
        manifest.code.kind.word(),
        package.files.len(),
        package.hash,
    );
    for ask in asks {
        println!("  asks for {ask}");
    }
    Ok(())
}

fn key(data: &DataDir, what: KeyCommand, json: bool) -> Result<(), BuildError> {
    match what {
        KeyCommand::New { name } => {
            let seed = crate::data_dir::random_bytes().map_err(|e| on_disk(&data.root, &e))?;
            keys::new(&data.root, &name, seed)?;
        }
        KeyCommand::Trust { name, key, native } => {
            keys::trust(&data.root, &name, &key)?;
            if native {
                keys::trust_native(&data.root, &name)?;
            }
        }
        KeyCommand::List => {}
    }
    let known = keys::list(&data.root)?;
    if json {
        let list = known
            .iter()
            .map(|known| json!({ "name": known.name, "key": known.key, "signs": known.signs, "native": known.native }));
        println!(
            "{:#}",
            json!({ "ok": true, "keys": list.collect::<Vec<_>>() })
        );
        return Ok(());
    }
    for known in &known {
        let signs = match (known.signs, known.native) {
            (true, _) => "  (signs here)",
            (false, true) => "  (native too)",
            (false, false) => "",
        };
        println!("{}  {}{signs}", known.name, known.key);
    }
    Ok(())
}

fn build(shop: &Workshop, modules: Vec<PathBuf>, yes: bool, json: bool) -> Result<(), BuildError> {
    let folders = match modules.is_empty() {
        true => all(&choose_modules(None)),
        false => modules.iter().map(|name| folder(name)).collect(),
    };
    let mut said = Vec::new();
    let mut wrong = Vec::new();
    for dir in folders {
        let begun = Instant::now();
        let built = manifest(&dir).and_then(|manifest| {
            let trusted = yes || agreed(&manifest);
            build::build(shop, &dir, &manifest, trusted).map(|built| (manifest, built))
        });
        let (manifest, built) = match built {
            Ok(built) => built,
            Err(error) => {
                wrong.push(error);
                continue;
            }
        };
        let ms = begun.elapsed().as_millis() as u64;
        let entry = dir.join(&manifest.code.entry);
        let word = match &built {
            Built::Fresh(_) => "built",
            Built::Kept(_) => "unchanged",
            Built::Nothing => "nothing to build",
        };
        let bytes = fs::metadata(&entry).map_or(0, |meta| meta.len());
        let entry = entry.display().to_string();
        if !json {
            println!("{}: {word}, {entry}, {bytes} bytes, {ms} ms", manifest.name);
        }
        said.push(json!({ "module": manifest.name, "result": word, "entry": entry, "bytes": bytes, "ms": ms }));
    }
    // One that fails holds up no other; all that is wrong is told.
    let last = wrong.pop();
    for error in wrong {
        eprintln!("cordboard module: {error}");
    }
    match last {
        Some(error) => Err(error),
        None if json => {
            println!("{:#}", json!({ "ok": true, "modules": said }));
            Ok(())
        }
        None => Ok(()),
    }
}

/// A manifest's own command line runs when a person at a terminal says so.
fn agreed(manifest: &Manifest) -> bool {
    use std::io::{IsTerminal, Write};
    if manifest.code.build.starts_with("cordboard-") || manifest.code.build == "none" {
        return true;
    }
    if !std::io::stdin().is_terminal() {
        return false;
    }
    print!(
        "{} is built by its own command line:\n  {}\nRun it? [y/N] ",
        manifest.name, manifest.code.build
    );
    let _ = std::io::stdout().flush();
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).is_ok() && line.trim().eq_ignore_ascii_case("y")
}

/// A module's folder: as it was written, else by name under `modules/`.
pub fn folder(name: &Path) -> PathBuf {
    let named = choose_modules(None).join(name);
    match name.join("module.toml").is_file() || !named.is_dir() {
        true => name.to_path_buf(),
        false => named,
    }
}

/// Every folder in `modules` that has a manifest, in order of names.
pub fn all(modules: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(modules).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|dir| dir.join("module.toml").is_file())
        .collect();
    found.sort();
    found
}

/// The manifest in a module's folder.
///
/// # Errors
/// There is none, or it has mistakes: all of them at once.
pub fn manifest(dir: &Path) -> Result<Manifest, BuildError> {
    let path = dir.join("module.toml");
    let bytes = fs::read(&path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => BuildError::new(
            format!("{} is no module: it has no module.toml", dir.display()),
            "`cordboard module new NAME` makes one",
        ),
        _ => on_disk(&path, &e),
    })?;
    let name = path.display().to_string();
    Manifest::parse(&name, &bytes).map_err(|mistakes| {
        let text = String::from_utf8_lossy(&bytes);
        let source = Source::of([(name.as_str(), &*text)]);
        BuildError {
            why: format!("{name} has {} mistake(s)", mistakes.len()),
            cure: String::new(),
            output: diagnostic::render(&mistakes, &source, true),
        }
    })
}
