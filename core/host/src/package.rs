//! A module as one file, `NAME-VERSION.cbm`: what it holds, whose it is, and that nothing else is in it.
//!
//! A plain tar (POSIX.1-1988 ustar, nothing compressed, so nothing can swell) of `package.json`,
//! then `signature.json` where it is signed, then the files in order of their paths.
//! `package.json` names every file with its size and SHA-256; the package's hash is the SHA-256 of
//! that text, and the signature (Ed25519, RFC 8032) is over it. The same files always make the
//! same bytes. A package that holds a file too many, too few, twice, in another order, or that
//! could be written outside its folder is refused whole, before anything is written.

mod key;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tar::{Archive, Builder, EntryType, Header};

use crate::manifest::Manifest;
use crate::module::CONTRACT;

pub use key::{KeyError, SigningKey, TrustedKeys, key_text, parse_key};

/// Largest package.
pub const PACKAGE_BYTES_MAX: usize = 64 << 20;
/// Most files in one.
pub const FILES_MAX: usize = 1_000;
/// Longest path inside: what a tar header holds.
const PATH_BYTES_MAX: usize = 99;
/// Deepest folder.
const DEPTH_MAX: usize = 8;
/// Largest `package.json` and `signature.json`.
const LIST_BYTES_MAX: usize = 1 << 20;

const LIST: &str = "package.json";
const SIGNATURE: &str = "signature.json";
const MANIFEST: &str = "module.toml";
/// What a signature is over, before the list: such a signature is good for nothing else.
const DOMAIN: &[u8] = b"cordboard package 1\n";

/// Why a package is refused.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// Larger than is read, or more in it.
    #[error("the package has {0}")]
    TooMuch(String),
    /// Not a package, or a broken one.
    #[error("this is no package: {0}")]
    Broken(String),
    /// A path that could lead out of the folder, or mean two files.
    #[error("the package's path `{0}` is refused: {1}")]
    Path(String, &'static str),
    /// A file is not what the list says.
    #[error("the package's file `{0}` is not what its list says: {1}")]
    Differs(String, &'static str),
    /// The manifest inside has mistakes.
    #[error("the package's manifest has mistakes:\n{0}")]
    Manifest(String),
    /// The signature is not its signer's, or the package was changed after it.
    #[error("the package's signature is wrong: it was changed after it was signed")]
    Signature,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    path: String,
    bytes: u64,
    sha256: String,
}

/// `package.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    format: u32,
    name: String,
    version: String,
    contract: String,
    files: Vec<Listed>,
}

/// `signature.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    /// Public key, hex.
    key: String,
    /// Signature, hex.
    signature: String,
}

/// A package that was read and is whole. Its signature, where it has one, is good; whether its
/// signer is trusted is `trust`'s.
#[derive(Debug)]
pub struct Package {
    /// The manifest inside.
    pub manifest: Manifest,
    /// Every file, by path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// SHA-256 of the list, hex: the package's identity.
    pub hash: String,
    /// The signer's public key.
    pub signer: Option<[u8; 32]>,
}

/// Whether a package's signer is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Signed by the key of this name.
    Trusted(String),
    /// Signed by a key that is not among the trusted ones: its text, as `key_text` writes it.
    Unknown(String),
    /// Not signed.
    Unsigned,
}

/// Packs files (`module.toml` and the entry among them), signed where a key is given.
///
/// # Errors
/// Whatever `open` would refuse.
pub fn pack(
    files: &BTreeMap<String, Vec<u8>>,
    key: Option<&SigningKey>,
) -> Result<Vec<u8>, PackageError> {
    check_paths(files.keys().map(String::as_str))?;
    let manifest = manifest_of(files)?;
    let listed = files.iter().map(|(path, bytes)| Listed {
        path: path.clone(),
        bytes: bytes.len() as u64,
        sha256: hex(&Sha256::digest(bytes)),
    });
    let list = List {
        format: 1,
        name: manifest.name,
        version: manifest.version,
        contract: CONTRACT.to_owned(),
        files: listed.collect(),
    };
    let json = |error: serde_json::Error| PackageError::Broken(error.to_string());
    let list = serde_json::to_vec_pretty(&list).map_err(json)?;
    let mut tar = Builder::new(Vec::new());
    let broken = |error: io::Error| PackageError::Broken(error.to_string());
    append(&mut tar, LIST, &list).map_err(broken)?;
    if let Some(key) = key {
        let signed = Signed {
            key: hex(&key.public()),
            signature: hex(&key.sign(&message(&list))),
        };
        let signed = serde_json::to_vec_pretty(&signed).map_err(json)?;
        append(&mut tar, SIGNATURE, &signed).map_err(broken)?;
    }
    for (path, bytes) in files {
        append(&mut tar, path, bytes).map_err(broken)?;
    }
    let packed = tar.into_inner().map_err(broken)?;
    match packed.len() > PACKAGE_BYTES_MAX {
        true => Err(too_large(packed.len())),
        false => Ok(packed),
    }
}

/// Reads a package, and checks that it is whole.
///
/// # Errors
/// The first thing that is wrong.
pub fn open(bytes: &[u8]) -> Result<Package, PackageError> {
    if bytes.len() > PACKAGE_BYTES_MAX {
        return Err(too_large(bytes.len()));
    }
    let mut entries = entries(bytes)?.into_iter().peekable();
    let list = match entries.next() {
        Some((path, list)) if path == LIST && list.len() <= LIST_BYTES_MAX => list,
        _ => {
            return Err(PackageError::Broken(format!(
                "it does not begin with {LIST}"
            )));
        }
    };
    let signed = entries.next_if(|(path, _)| path == SIGNATURE);
    let read: List = serde_json::from_slice(&list)
        .map_err(|error| PackageError::Broken(format!("{LIST}: {error}")))?;
    if read.format != 1 {
        let why = format!("format {}; this switch reads format 1", read.format);
        return Err(PackageError::Broken(why));
    }
    check_paths(read.files.iter().map(|listed| listed.path.as_str()))?;
    let signer = signed.map(|(_, text)| verify(&list, &text)).transpose()?;
    let mut files = BTreeMap::new();
    for listed in &read.files {
        let differs = |why| PackageError::Differs(listed.path.clone(), why);
        let Some((path, bytes)) = entries.next() else {
            return Err(differs("it is missing"));
        };
        if path != listed.path {
            return Err(differs("another file stands in its place"));
        }
        if bytes.len() as u64 != listed.bytes || hex(&Sha256::digest(&bytes)) != listed.sha256 {
            return Err(differs("it was changed"));
        }
        files.insert(path, bytes);
    }
    if let Some((path, _)) = entries.next() {
        return Err(PackageError::Differs(path, "it is not in the list"));
    }
    let manifest = manifest_of(&files)?;
    if (&manifest.name, &manifest.version) != (&read.name, &read.version) {
        let path = MANIFEST.to_owned();
        return Err(PackageError::Differs(path, "another name or version"));
    }
    Ok(Package {
        manifest,
        files,
        hash: hex(&Sha256::digest(&list)),
        signer,
    })
}

impl Package {
    /// Whether its signer is among the trusted keys.
    pub fn trust(&self, keys: &TrustedKeys) -> Trust {
        match &self.signer {
            None => Trust::Unsigned,
            Some(signer) => match keys.name_of(signer) {
                Some(name) => Trust::Trusted(name.to_owned()),
                None => Trust::Unknown(key_text(signer)),
            },
        }
    }

    /// `greeter-1.2.0.cbm`.
    pub fn file_name(&self) -> String {
        format!("{}-{}.cbm", self.manifest.name, self.manifest.version)
    }

    /// Writes the files into `folder`, which must not be there yet: whole or not at all.
    ///
    /// # Errors
    /// The folder is there, or the system says no.
    pub fn unpack(&self, folder: &Path) -> io::Result<()> {
        if folder.symlink_metadata().is_ok() {
            let why = format!("{} is there already", folder.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
        }
        // A watcher takes no folder whose name begins with a dot.
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let fresh = folder.with_file_name(format!(".{name}.new"));
        if fresh.exists() {
            fs::remove_dir_all(&fresh)?;
        }
        let written = self.write(&fresh).and_then(|()| fs::rename(&fresh, folder));
        if written.is_err() {
            let _ = fs::remove_dir_all(&fresh);
        }
        written
    }

    fn write(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        for (path, bytes) in &self.files {
            let path = folder.join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            let mut file = fs::File::create_new(path)?;
            file.write_all(bytes)?;
            file.sync_all()?;
        }
        Ok(())
    }
}

/// The files of a tar, in order. Only plain files are read.
fn entries(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, PackageError> {
    let broken = |error: io::Error| PackageError::Broken(error.to_string());
    let mut archive = Archive::new(bytes);
    let mut found = Vec::new();
    // Raw: extended headers, which could rename or swell what follows, are entries like others,
    // and their type is refused.
    for entry in archive.entries().map_err(broken)?.raw(true) {
        let mut entry = entry.map_err(broken)?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if entry.header().entry_type() != EntryType::Regular {
            return Err(PackageError::Path(path, "it is no plain file"));
        }
        if found.len() >= FILES_MAX + 2 {
            return Err(PackageError::TooMuch(format!(
                "more than {FILES_MAX} files"
            )));
        }
        let size = usize::try_from(entry.size()).unwrap_or(usize::MAX);
        if size > bytes.len() {
            return Err(PackageError::Broken(format!("`{path}` is cut off")));
        }
        let mut content = Vec::with_capacity(size);
        entry.read_to_end(&mut content).map_err(broken)?;
        if content.len() != size {
            return Err(PackageError::Broken(format!("`{path}` is cut off")));
        }
        found.push((path, content));
    }
    Ok(found)
}

/// A header with nothing of this machine or moment in it.
fn append(tar: &mut Builder<Vec<u8>>, path: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = Header::new_ustar();
    header.set_path(path)?;
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_entry_type(EntryType::Regular);
    header.set_cksum();
    tar.append(&header, bytes)
}

/// Each path leads to its own file inside the folder, on every file system.
fn check_paths<'p>(paths: impl Iterator<Item = &'p str>) -> Result<(), PackageError> {
    let mut seen = BTreeSet::new();
    let mut folders = BTreeSet::new();
    let mut last: Option<&str> = None;
    for path in paths {
        let refuse = |why| Err(PackageError::Path(path.chars().take(100).collect(), why));
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let good = |part: &str| !part.is_empty() && part.bytes().all(plain);
        if path.len() > PATH_BYTES_MAX || path.split('/').count() > DEPTH_MAX {
            return refuse("it is too long or too deep");
        }
        if !path.split('/').all(good) {
            return refuse("its parts are letters, digits, `.`, `_` and `-`");
        }
        if path.split('/').any(|part| part.starts_with('.')) {
            return refuse("no part begins with a dot");
        }
        if [LIST, SIGNATURE].contains(&path) {
            return refuse("the package itself uses that name");
        }
        if last.is_some_and(|last| last >= path) {
            return refuse("files stand in order of their paths, each once");
        }
        last = Some(path);
        let low = path.to_ascii_lowercase();
        let parents = low
            .match_indices('/')
            .map(|(at, _)| low.get(..at).unwrap_or_default().to_owned());
        folders.extend(parents);
        if !seen.insert(low) {
            return refuse("another path differs from it only in case");
        }
        if seen.len() > FILES_MAX {
            return Err(PackageError::TooMuch(format!(
                "more than {FILES_MAX} files"
            )));
        }
    }
    match folders.intersection(&seen).next() {
        Some(both) => Err(PackageError::Path(
            both.clone(),
            "it is a file and a folder",
        )),
        None => Ok(()),
    }
}

fn manifest_of(files: &BTreeMap<String, Vec<u8>>) -> Result<Manifest, PackageError> {
    let Some(text) = files.get(MANIFEST) else {
        return Err(PackageError::Broken(format!("it holds no {MANIFEST}")));
    };
    let manifest = Manifest::parse(MANIFEST, text).map_err(|findings| {
        let lines: Vec<String> = findings.iter().map(|finding| finding.line()).collect();
        PackageError::Manifest(lines.join("\n"))
    })?;
    match files.contains_key(&manifest.code.entry) {
        true => Ok(manifest),
        false => {
            let why = format!(
                "it holds no `{}`, its entry: build it first",
                manifest.code.entry
            );
            Err(PackageError::Broken(why))
        }
    }
}

fn verify(list: &[u8], text: &[u8]) -> Result<[u8; 32], PackageError> {
    let broken = |why: &str| PackageError::Broken(format!("{SIGNATURE}: {why}"));
    if text.len() > LIST_BYTES_MAX {
        return Err(broken("it is too large"));
    }
    let signed: Signed = serde_json::from_slice(text).map_err(|e| broken(&e.to_string()))?;
    let key: [u8; 32] = unhex(&signed.key).ok_or_else(|| broken("the key is no key"))?;
    let signature: [u8; 64] =
        unhex(&signed.signature).ok_or_else(|| broken("the signature is none"))?;
    match key::is_signed(&key, &message(list), &signature) {
        true => Ok(key),
        false => Err(PackageError::Signature),
    }
}

fn message(list: &[u8]) -> Vec<u8> {
    [DOMAIN, list].concat()
}

fn too_large(bytes: usize) -> PackageError {
    PackageError::TooMuch(format!("{bytes} bytes; {PACKAGE_BYTES_MAX} is the most"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0u8; N];
    if text.len() != 2 * N || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (slot, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *slot = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}
