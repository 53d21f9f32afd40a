//! Keys of packages: those that sign here, and those of others that are trusted, by name.
//!
//! `DATA/keys/NAME.secret` (0600) holds a key that signs, `DATA/keys/trusted/NAME.pub` one that is
//! trusted. A key made here is trusted here. Native code runs outside of any sandbox, so trust in a
//! key does not reach so far: a package with native code wants a key made here, or one that the
//! machine's operator trusts with `--native` (`DATA/keys/trusted/NAME.native`). A tenant's word
//! never does: its `trust NAME` only says which of these keys its own modules may come from
//! (`loader/signed.rs`).

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use cordboard_host::package::{SigningKey, TrustedKeys, key_text, parse_key};

use super::new::right_name;
use super::workshop::{BuildError, on_disk};

/// A key that is known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its name here.
    pub name: String,
    /// Its public text, `ed25519 ...`.
    pub key: String,
    /// It can sign here.
    pub signs: bool,
    /// It is trusted for native code as well.
    pub native: bool,
}

fn folder(data: &Path) -> PathBuf {
    data.join("keys")
}

fn trusted_folder(data: &Path) -> Result<PathBuf, BuildError> {
    let folder = folder(data).join("trusted");
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .map_err(|e| on_disk(&folder, &e))?;
    Ok(folder)
}

/// Makes a key that signs; gives its public text. `seed` is 32 random bytes.
///
/// # Errors
/// The name is taken or bad.
pub fn new(data: &Path, name: &str, seed: [u8; 32]) -> Result<String, BuildError> {
    right_name(name)?;
    let key = SigningKey::from_seed(seed)
        .map_err(|_| BuildError::new("no key could be made", "try again"))?;
    let public = key_text(&key.public());
    trust(data, name, &public)?;
    let path = folder(data).join(format!("{name}.secret"));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| file.write_all(key.secret_text().as_bytes()));
    written.map_err(|e| on_disk(&path, &e))?;
    Ok(public)
}

/// A key that signs.
///
/// # Errors
/// There is none of that name.
pub fn signing(data: &Path, name: &str) -> Result<SigningKey, BuildError> {
    right_name(name)?;
    let path = folder(data).join(format!("{name}.secret"));
    let text = fs::read_to_string(&path).map_err(|_| {
        BuildError::new(
            format!("there is no key `{name}` that signs"),
            format!("`cordboard module keys new {name}`"),
        )
    })?;
    SigningKey::parse(&text)
        .map_err(|_| BuildError::new(format!("{} holds no key", path.display()), ""))
}

/// Trusts somebody's public key under a name.
///
/// # Errors
/// The text is no key, or the name is taken by another one.
pub fn trust(data: &Path, name: &str, text: &str) -> Result<(), BuildError> {
    right_name(name)?;
    let key = parse_key(text).map_err(|_| {
        BuildError::new(
            "this is no public key",
            "write it as its maker's `cordboard module keys list` does: \"ed25519 \" and 64 digits",
        )
    })?;
    let path = trusted_folder(data)?.join(format!("{name}.pub"));
    let line = format!("{}\n", key_text(&key));
    match fs::read_to_string(&path) {
        Ok(there) if there == line => return Ok(()),
        Ok(_) => {
            return Err(BuildError::new(
                format!("`{name}` is another key already"),
                format!("another name, or remove {}", path.display()),
            ));
        }
        Err(_) => {}
    }
    fs::write(&path, line).map_err(|e| on_disk(&path, &e))
}

/// Trusts a key that is known already for native code as well.
///
/// # Errors
/// The disk.
pub fn trust_native(data: &Path, name: &str) -> Result<(), BuildError> {
    right_name(name)?;
    let path = trusted_folder(data)?.join(format!("{name}.native"));
    fs::write(&path, "").map_err(|e| on_disk(&path, &e))
}

/// Is a key of this name trusted for native code?
///
/// # Errors
/// The folder cannot be read.
pub fn trusts_native(data: &Path, name: &str) -> Result<bool, BuildError> {
    Ok(list(data)?
        .iter()
        .any(|known| known.name == name && known.native))
}

/// All trusted keys.
///
/// # Errors
/// One of their files is no key.
pub fn trusted(data: &Path) -> Result<TrustedKeys, BuildError> {
    let mut keys = TrustedKeys::default();
    for known in list(data)? {
        let key = parse_key(&known.key).map_err(|_| {
            BuildError::new(format!("keys/trusted/{}.pub holds no key", known.name), "")
        })?;
        keys.trust(&known.name, key)
            .map_err(|why| BuildError::new(why, ""))?;
    }
    Ok(keys)
}

/// Keys that are known here, in order of names.
///
/// # Errors
/// The folder cannot be read.
pub fn list(data: &Path) -> Result<Vec<Known>, BuildError> {
    let folder = trusted_folder(data)?;
    let entries = fs::read_dir(&folder).map_err(|e| on_disk(&folder, &e))?;
    let mut found = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        let (Some(name), Some("pub")) = (
            path.file_stem().map(|n| n.to_string_lossy().into_owned()),
            path.extension().and_then(|e| e.to_str()),
        ) else {
            continue;
        };
        let key = fs::read_to_string(&path).map_err(|e| on_disk(&path, &e))?;
        let signs = self::folder(data).join(format!("{name}.secret")).is_file();
        let native = signs || folder.join(format!("{name}.native")).is_file();
        found.push(Known {
            name,
            key: key.trim().to_owned(),
            signs,
            native,
        });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}
