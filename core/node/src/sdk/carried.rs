//! The SDK that this program carries: unpacked into the cache, for modules made and built where
//! there is no source of Cordboard.
//!
//! It lies in `sdk-HASH`, a folder of that content for ever; `sdk` beside it leads to the one of
//! the program that ran last, and is the way that a module's `Cargo.toml` names. Either may be
//! deleted: the next command unpacks it again. `build.rs` packs it and describes the form.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};

use super::workshop::{BuildError, fetched, on_disk};

/// Every file of it, as `build.rs` packed them.
const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/sdk.packed"));

/// Its files: path in the SDK, content.
fn files() -> Vec<(&'static str, &'static [u8])> {
    let mut rest = PACKED;
    let mut found = Vec::new();
    while let (Some(path), Some(bytes)) = (next(&mut rest), next(&mut rest)) {
        if let Ok(path) = std::str::from_utf8(path) {
            found.push((path, bytes));
        }
    }
    found
}

fn next(rest: &mut &'static [u8]) -> Option<&'static [u8]> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (taken, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

/// First 16 digits of the hash of its content.
fn hash() -> String {
    let hash = Sha256::digest(PACKED);
    let bytes = hash.iter().take(8);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

/// Unpacks it into the cache where it is not yet; gives the way to it.
///
/// # Errors
/// The cache cannot be written.
pub fn unpacked(cache: &Path) -> Result<PathBuf, BuildError> {
    let folder = fetched(cache, &format!("sdk-{}", hash()), |fresh| {
        for (path, bytes) in files() {
            write(fresh, Path::new(path), bytes)?;
        }
        Ok(())
    })?;
    let way = cache.join("sdk");
    if fs::read_link(&way).is_ok_and(|leads| leads == folder) {
        return Ok(way);
    }
    // Renamed into place, so that no other command finds it missing.
    let fresh = cache.join(format!("sdk.{}", std::process::id()));
    let _ = fs::remove_file(&fresh);
    symlink(&folder, &fresh).map_err(|e| on_disk(&fresh, &e))?;
    fs::rename(&fresh, &way).map_err(|e| on_disk(&way, &e))?;
    Ok(way)
}

fn write(into: &Path, path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    let plain = path.components().all(|c| matches!(c, Component::Normal(_)));
    if !plain {
        let why = format!("{} leads out of the SDK", path.display());
        return Err(BuildError::new(why, "install this program again"));
    }
    let path = into.join(path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|e| on_disk(folder, &e))?;
    }
    fs::write(&path, bytes).map_err(|e| on_disk(&path, &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a module in each language is made and built of.
    const NEEDED: &[&str] = &[
        "c/cordboard.c",
        "c/generated/call_script.h",
        "c/generated/call_script_component_type.o",
        "js/call-script.js",
        "lua/module.d.lua",
        "rust/Cargo.toml",
        "rust/src/worlds/router.type",
        "template/lua/module.toml",
        "template/rust/.gitignore",
        "template/rust/Cargo.toml.template",
        "wit/module.wit",
    ];

    #[test]
    fn what_modules_are_made_of_is_carried_as_it_stands() {
        let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk");
        let files = files();
        for needed in NEEDED {
            assert!(files.iter().any(|(path, _)| path == needed), "{needed}");
        }
        for (path, bytes) in files {
            assert_eq!(fs::read(sdk.join(path)).unwrap(), bytes, "{path}");
            assert!(!path.contains("target/"), "{path}");
        }
    }

    #[test]
    fn it_is_unpacked_once_and_again_when_it_was_deleted() {
        let cache = std::env::temp_dir().join(format!("cordboard-carried-{}", std::process::id()));
        let _ = fs::remove_dir_all(&cache);
        fs::create_dir_all(&cache).unwrap();
        let way = unpacked(&cache).unwrap();
        let wit = fs::read(way.join("wit/module.wit")).unwrap();
        assert!(wit.starts_with(b"/// What Cordboard"));
        fs::write(way.join("wit/mark"), "").unwrap();
        assert_eq!(unpacked(&cache), Ok(way.clone()));
        assert!(way.join("wit/mark").exists(), "it was unpacked twice");
        fs::remove_dir_all(cache.join(format!("sdk-{}", hash()))).unwrap();
        assert_eq!(unpacked(&cache), Ok(way.clone()));
        assert_eq!(fs::read(way.join("wit/module.wit")).unwrap(), wit);
        fs::remove_dir_all(&cache).unwrap();
    }
}
