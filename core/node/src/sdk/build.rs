//! `cordboard module build`: from a module's source to the file that its manifest calls `entry`.
//!
//! What is built is kept in the cache under a hash of everything that went into it: the module's
//! files, the SDK of its language, the contract and the build command. Nothing changed means
//! nothing is built, here and after a fresh checkout alike. The result is put into the module's
//! folder by renaming, so whoever watches it sees the old file or the new one, whole.

use std::fs;
use std::path::{Path, PathBuf};

use cordboard_host::manifest::{Kind, Manifest};
use sha2::{Digest, Sha256};

use super::workshop::{BuildError, LONG, Workshop, on_disk};
use super::{c, js, native, rust};

/// Most files that a module's source may have.
const FILES_MAX: usize = 5_000;
/// Most bytes of them.
const BYTES_MAX: u64 = 64 << 20;
/// Folders of a module that are no source.
const NOT_SOURCE: &[&str] = &["target", "node_modules", "tests"];
/// First bytes of a component.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// What a build came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Built {
    /// The tools ran.
    Fresh(PathBuf),
    /// The same source was built before.
    Kept(PathBuf),
    /// There is nothing to build: Lua, or somebody else's artefact.
    Nothing,
}

/// Builds the module in `dir`. `trusted` allows a manifest's own command line.
///
/// # Errors
/// What is missing, with its cure, or what the compiler said.
pub fn build(
    shop: &Workshop,
    dir: &Path,
    manifest: &Manifest,
    trusted: bool,
) -> Result<Built, BuildError> {
    let dir = std::path::absolute(dir).map_err(|e| on_disk(dir, &e))?;
    let entry = dir.join(&manifest.code.entry);
    let way = Way::of(manifest);
    // An installed package brings its artefact and no source.
    if way == Way::None || !way.has_source(&dir) {
        return there(&entry);
    }
    let key = Key::of(shop, &dir, &way, &entry)?;
    let kept = shop.cache.join("built");
    if let Ok(bytes) = fs::read(kept.join(key.name(&dir))) {
        put(&entry, &bytes)?;
        return Ok(Built::Kept(entry));
    }
    fs::create_dir_all(&kept).map_err(|e| on_disk(&kept, &e))?;
    let made = run(shop, &dir, manifest, trusted)?;
    let bytes = fs::read(&made).map_err(|e| on_disk(&made, &e))?;
    right_world(&bytes, manifest)?;
    let bytes = without_names(&bytes).unwrap_or(bytes);
    put(&kept.join(key.name(&dir)), &bytes)?;
    put(&entry, &bytes)?;
    Ok(Built::Fresh(entry))
}

fn there(entry: &Path) -> Result<Built, BuildError> {
    if entry.is_file() {
        return Ok(Built::Nothing);
    }
    Err(BuildError::new(
        format!(
            "{} is missing, and there is no source to build it from",
            entry.display()
        ),
        "put the file or its source there, and name the `command` in `[build]`",
    ))
}

/// How a module is built: the manifest's `build.command`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way<'a> {
    None,
    Rust,
    C,
    Js,
    RustNative,
    CNative,
    Shell(&'a str),
}

impl<'a> Way<'a> {
    fn of(manifest: &'a Manifest) -> Self {
        match manifest.code.build.as_str() {
            "none" | "" => Way::None,
            "cordboard-rust" => Way::Rust,
            "cordboard-c" => Way::C,
            "cordboard-js" => Way::Js,
            "cordboard-rust-native" => Way::RustNative,
            "cordboard-c-native" => Way::CNative,
            line => Way::Shell(line),
        }
    }

    fn has_source(self, dir: &Path) -> bool {
        match self {
            Way::Rust | Way::RustNative => dir.join("Cargo.toml").is_file(),
            Way::C | Way::CNative => dir.join("src").is_dir(),
            Way::Js => dir.join("module.js").is_file(),
            Way::None | Way::Shell(_) => true,
        }
    }

    /// The part of the SDK that goes into the result.
    fn sdk(self) -> &'static [&'static str] {
        match self {
            Way::Rust => &["rust"],
            Way::C => &["c"],
            Way::Js => &["js", "wit"],
            Way::RustNative => &["native", "rust"],
            Way::CNative => &["native"],
            Way::None | Way::Shell(_) => &["wit"],
        }
    }
}

/// Runs the tools; gives what they made, which the caller reads at once.
fn run(
    shop: &Workshop,
    dir: &Path,
    manifest: &Manifest,
    trusted: bool,
) -> Result<PathBuf, BuildError> {
    let world = manifest.world.word();
    let work = format!("{}-{}", manifest.name, std::process::id());
    let out = shop.cache.join("work").join(work);
    match Way::of(manifest) {
        Way::None => Ok(dir.join(&manifest.code.entry)),
        Way::Rust => rust::build(shop, dir),
        Way::C => c::build(shop, dir, world, &out),
        Way::Js => js::build(shop, dir, world, &out),
        Way::RustNative => native::rust(shop, dir),
        Way::CNative => native::c(shop, dir, &out),
        Way::Shell(line) if trusted => {
            let mut shell = shop.tool("/bin/sh");
            shell.args(["-c", line]).current_dir(dir);
            let said = shop.run(&mut shell, LONG);
            said.map(|_| dir.join(&manifest.code.entry))
        }
        Way::Shell(line) => Err(BuildError::new(
            format!("the manifest builds by a command line of its own: {line}"),
            "read it, then say `--yes`",
        )),
    }
}

/// What a build's result depends on.
struct Key {
    source: Sha256,
}

impl Key {
    fn of(shop: &Workshop, dir: &Path, way: &Way, entry: &Path) -> Result<Self, BuildError> {
        let mut source = Sha256::new();
        let mut bound = Bound::default();
        add(&mut source, dir, entry, &mut bound)?;
        for part in way.sdk() {
            add(&mut source, &shop.sdk.join(part), entry, &mut bound)?;
        }
        source.update(format!("{way:?} {}", env!("CARGO_PKG_VERSION")));
        if *way == Way::Rust {
            source.update(rust::version(shop)?);
            source.update(rust::settings());
        }
        if matches!(way, Way::RustNative | Way::CNative) {
            source.update(std::env::consts::ARCH);
        }
        if *way == Way::RustNative {
            source.update(rust::version(shop)?);
        }
        Ok(Self { source })
    }

    /// Name of the result in the cache. The lock file counts as it is now: a build may write it.
    fn name(&self, dir: &Path) -> String {
        let mut hash = self.source.clone();
        hash.update(fs::read(dir.join("Cargo.lock")).unwrap_or_default());
        let hash = hash.finalize();
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[derive(Default)]
struct Bound {
    files: usize,
    bytes: u64,
}

/// Adds a folder's files, by name and content.
fn add(hash: &mut Sha256, dir: &Path, entry: &Path, bound: &mut Bound) -> Result<(), BuildError> {
    let entries = fs::read_dir(dir).map_err(|e| on_disk(dir, &e))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let skipped = name.starts_with('.')
            || NOT_SOURCE.contains(&name.as_ref())
            || name == "Cargo.lock"
            || name == "README.md"
            || path == entry;
        if skipped {
            continue;
        }
        if path.is_dir() {
            hash.update(format!("folder {name}\n"));
            add(hash, &path, entry, bound)?;
            hash.update("end\n");
            continue;
        }
        let bytes = fs::read(&path).map_err(|e| on_disk(&path, &e))?;
        bound.files += 1;
        bound.bytes += bytes.len() as u64;
        if bound.files > FILES_MAX || bound.bytes > BYTES_MAX {
            return Err(BuildError::new(
                format!(
                    "{} has more than {FILES_MAX} files or 64 MiB of source",
                    dir.display()
                ),
                "keep what is no source out of the module's folder, or in `target`",
            ));
        }
        hash.update(format!("file {name} {}\n", bytes.len()));
        hash.update(&bytes);
    }
    Ok(())
}

/// A component that exports its world's interface, a library that can shake hands; the host looks
/// closer when it loads it.
fn right_world(bytes: &[u8], manifest: &Manifest) -> Result<(), BuildError> {
    match manifest.code.kind {
        Kind::Wasm => {}
        Kind::Native => return native::looks_right(bytes),
        Kind::Lua => return Ok(()),
    }
    if !bytes.starts_with(COMPONENT) {
        return Err(BuildError::new(
            "the build gave a core module, not a component",
            "build with cordboard-rust, cordboard-c or cordboard-js",
        ));
    }
    let export = format!("cordboard:module/{}@", interface(manifest.world.word()));
    let found = bytes.windows(export.len()).any(|w| w == export.as_bytes());
    if found {
        return Ok(());
    }
    Err(BuildError::new(
        format!(
            "the module exports no `{}`, which the manifest's world `{}` must",
            interface(manifest.world.word()),
            manifest.world.word()
        ),
        format!(
            "`register!({}: ...)`, or another `world` in module.toml",
            manifest.world.word()
        ),
    ))
}

/// The component without its custom sections: names for debuggers and who made it. None: it is no
/// component, or not a whole one, and stays as it is.
fn without_names(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = bytes.strip_prefix(COMPONENT)?;
    let mut kept = COMPONENT.to_vec();
    while let [kind, after @ ..] = rest {
        // The section's length, LEB128.
        let digits = after.iter().position(|byte| byte & 0x80 == 0)? + 1;
        let length = after.get(..digits.min(5))?.iter().rev();
        let length = length.fold(0_usize, |sum, byte| (sum << 7) | usize::from(byte & 0x7f));
        let (section, behind) = rest.split_at_checked(1 + digits + length)?;
        if *kind != 0 {
            kept.extend(section);
        }
        rest = behind;
    }
    Some(kept)
}

fn interface(world: &str) -> &'static str {
    match world {
        "call-script" => "scripting",
        "router" => "routing",
        "connector" => "connecting",
        "service" => "serving",
        _ => "reporting",
    }
}

/// Writes a file whole or not at all, and not when it is the same.
fn put(path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|e| on_disk(folder, &e))?;
    }
    let fresh = path.with_extension(format!("new-{}", std::process::id()));
    fs::write(&fresh, bytes)
        .and_then(|()| fs::rename(&fresh, path))
        .map_err(|e| on_disk(path, &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_left_out_and_what_is_not_whole_stays() {
        let mut made = COMPONENT.to_vec();
        made.extend([0, 2, 1, b'n', 7, 3, 1, 2, 3, 0, 0x80, 1]);
        made.extend([9; 128]);
        made.extend([4, 1, 5]);
        let mut expected = COMPONENT.to_vec();
        expected.extend([7, 3, 1, 2, 3, 4, 1, 5]);
        assert_eq!(without_names(&made), Some(expected));
        assert_eq!(without_names(&made[..made.len() - 1]), None);
        assert_eq!(without_names(b"\0asm\x01\0\0\0"), None);
    }
}
