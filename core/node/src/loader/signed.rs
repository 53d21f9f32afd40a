//! Whose key stands behind an installed module, asked at each load.
//!
//! A module that `cordboard module install` took from a package is loaded for tenants that trust
//! the package's key by its name here (`trust acme`). The package that is in use lies in
//! `DATA/packages/NAME/`, and its signature is looked at again whenever that file changes. A folder
//! of `modules/` has no package and wants no key: the operator put it there. So is it with a package
//! that nobody signed: only the operator's `--untrusted` lets such a one in. A key that was
//! forgotten since stands behind nothing.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use cordboard_dialplan::Dialplan;
use cordboard_host::package::key_text;

use crate::sdk::{keys, packages};

/// Packages whose signers are remembered; then all of them are read again.
const KNOWN_MAX: usize = 1_000;

/// When and how large a package was, and who signed it.
type Known = HashMap<PathBuf, (SystemTime, u64, Option<[u8; 32]>)>;

/// Signers of the packages in use.
#[derive(Debug, Default)]
pub struct Signers {
    known: Mutex<Known>,
}

impl Signers {
    /// Whether a tenant takes the module of this folder.
    ///
    /// # Errors
    /// One sentence with the line that would allow it.
    pub fn check(&self, plan: &Dialplan, folder: &Path) -> Result<(), String> {
        let Some((data, package)) = package_of(folder)? else {
            return Ok(());
        };
        let Some(signer) = self.signer(&package)? else {
            return Ok(());
        };
        let trusted = keys::trusted(&data).map_err(|error| error.to_string())?;
        match trusted.name_of(&signer) {
            Some(name) if plan.trusts.contains_key(name) => Ok(()),
            Some(name) => Err(format!(
                "it comes in a package that the key `{name}` signed, which `{}` does not trust: \
                 write `trust {name}` at the top level of its dialplan",
                plan.tenant.name
            )),
            None => Err(format!(
                "it comes in a package signed by {}, a key that this machine does not trust: \
                 `cordboard module keys trust NAME \"{0}\"`, and `trust NAME` at the top level of \
                 the dialplan",
                key_text(&signer)
            )),
        }
    }

    fn signer(&self, package: &Path) -> Result<Option<[u8; 32]>, String> {
        let meta = fs::metadata(package).and_then(|meta| Ok((meta.modified()?, meta)));
        let (changed, bytes) = meta
            .map(|(changed, meta): (_, Metadata)| (changed, meta.len()))
            .map_err(|error| format!("its package {}: {error}", package.display()))?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, size, signer)) = known.get(package)
            && (*at, *size) == (changed, bytes)
        {
            return Ok(*signer);
        }
        let read = packages::read(package).map_err(|error| error.to_string())?;
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(package.to_path_buf(), (changed, bytes, read.signer));
        Ok(read.signer)
    }
}

/// The data folder, and the package in use, of a module that came in one.
fn package_of(folder: &Path) -> Result<Option<(PathBuf, PathBuf)>, String> {
    let data = folder.parent().and_then(Path::parent);
    let (Some(data), Some(name)) = (data, folder.file_name()) else {
        return Ok(None);
    };
    let kept = data.join("packages").join(name);
    let Ok(number) = fs::read_to_string(kept.join("current")) else {
        return Ok(None);
    };
    let number: u64 = number.trim().parse().unwrap_or(0);
    let entries = fs::read_dir(&kept).map_err(|error| format!("{}: {error}", kept.display()))?;
    let wanted = format!("{number:06}-");
    let mut paths = entries.flatten().map(|entry| entry.path());
    let package = paths.find(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(&wanted) && name.ends_with(".cbm")
    });
    match package {
        Some(package) => Ok(Some((data.to_path_buf(), package))),
        None => Err(format!(
            "{} does not hold the package that is in use: install it again",
            kept.display()
        )),
    }
}
