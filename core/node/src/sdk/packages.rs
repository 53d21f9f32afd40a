//! Packages: from a module's folder to one file, and from that file into another installation.
//!
//! An installed package stays in `DATA/packages/NAME/` under a number that counts upwards, and
//! `current` holds the number in use: so a rollback needs nobody else. The files go to
//! `DATA/modules/NAME`, where a running switch finds them as it finds any change. A folder that was
//! not installed from a package is somebody's source, and is never overwritten or removed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cordboard_host::manifest::Kind;
use cordboard_host::package::{self, Package, SigningKey, Trust};

use super::keys;
use super::workshop::{BuildError, on_disk};

/// Packages of one module that are kept; the oldest go.
const KEPT_MAX: usize = 20;
/// Folders of a module that a package does not carry.
const NOT_PACKED: &[&str] = &["target", "node_modules", "tests", "src"];
/// Files that are for building only.
const NOT_FOR_USE: &[&str] = &["Cargo.toml", "Cargo.lock"];

/// What an installation of packages knows: where modules stand and what was kept.
pub struct Shelf<'a> {
    /// The data folder.
    pub data: &'a Path,
    /// Where installed modules stand, `DATA/modules`.
    pub modules: &'a Path,
}

/// A package that is in use now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The module.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The package's hash.
    pub hash: String,
    /// Who signed it: a trusted key's name, `unknown key` or `nobody`.
    pub signer: String,
}

/// Packs the module in `dir`, signed where a key is given; writes `NAME-VERSION.cbm` into `out`.
///
/// # Errors
/// It is not built, or could not be opened again.
pub fn pack(dir: &Path, key: Option<&SigningKey>, out: &Path) -> Result<PathBuf, BuildError> {
    let mut files = BTreeMap::new();
    collect(dir, "", &mut files)?;
    let bytes = package::pack(&files, key).map_err(refused)?;
    // What others will read is read here first.
    let opened = package::open(&bytes).map_err(refused)?;
    let path = out.join(opened.file_name());
    fs::write(&path, bytes).map_err(|e| on_disk(&path, &e))?;
    Ok(path)
}

fn collect(
    dir: &Path,
    under: &str,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Result<(), BuildError> {
    let entries = fs::read_dir(dir).map_err(|e| on_disk(dir, &e))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let left_out = name.starts_with('.')
            || NOT_FOR_USE.contains(&name.as_str())
            || (under.is_empty() && NOT_PACKED.contains(&name.as_str()))
            || [".c", ".h", ".js", ".rs"]
                .iter()
                .any(|end| name.ends_with(end));
        if left_out {
            continue;
        }
        let inside = match under {
            "" => name,
            under => format!("{under}/{name}"),
        };
        if path.is_dir() {
            collect(&path, &inside, files)?;
        } else {
            let bytes = fs::read(&path).map_err(|e| on_disk(&path, &e))?;
            files.insert(inside, bytes);
        }
    }
    Ok(())
}

fn refused(error: package::PackageError) -> BuildError {
    BuildError::new(error.to_string(), "")
}

/// Reads a package and checks that it is whole.
///
/// # Errors
/// The first thing that is wrong.
pub fn read(file: &Path) -> Result<Package, BuildError> {
    let size = fs::metadata(file).map_err(|e| on_disk(file, &e))?.len();
    if size > package::PACKAGE_BYTES_MAX as u64 {
        return Err(BuildError::new(
            format!(
                "{} has {size} bytes, more than a package may",
                file.display()
            ),
            "",
        ));
    }
    let bytes = fs::read(file).map_err(|e| on_disk(file, &e))?;
    package::open(&bytes).map_err(|error| BuildError {
        why: format!("{}: {error}", file.display()),
        ..refused(error)
    })
}

impl Shelf<'_> {
    /// Who signed a package, in words.
    pub fn signer(&self, package: &Package) -> Result<(String, bool), BuildError> {
        Ok(match package.trust(&keys::trusted(self.data)?) {
            Trust::Trusted(name) => (name, true),
            Trust::Unknown(key) => (format!("unknown key, {key}"), false),
            Trust::Unsigned => ("nobody".to_owned(), false),
        })
    }

    /// Installs a package; `untrusted` takes one that no trusted key signed.
    ///
    /// # Errors
    /// It is not trusted, or the module is there already.
    pub fn install(&self, file: &Path, untrusted: bool) -> Result<Installed, BuildError> {
        let package = read(file)?;
        let name = &package.manifest.name;
        if self.modules.join(name).exists() {
            return Err(BuildError::new(
                format!("{} is there already", self.modules.join(name).display()),
                format!(
                    "`cordboard module upgrade {}`, or remove it first",
                    file.display()
                ),
            ));
        }
        self.take(&package, file, untrusted)
    }

    /// Puts a newer package in place of the installed one.
    ///
    /// # Errors
    /// Nothing to upgrade, not newer, or not trusted.
    pub fn upgrade(&self, file: &Path, untrusted: bool) -> Result<Installed, BuildError> {
        let package = read(file)?;
        let name = &package.manifest.name;
        let there = self.current(name)?;
        let old = read(&there.1)?.manifest.version;
        if order(&package.manifest.version) <= order(&old) {
            return Err(BuildError::new(
                format!(
                    "{name} {old} is installed, and {} is not newer",
                    package.manifest.version
                ),
                "`cordboard module rollback` goes back; `remove` and `install` take any version",
            ));
        }
        self.take(&package, file, untrusted)
    }

    fn take(
        &self,
        package: &Package,
        file: &Path,
        untrusted: bool,
    ) -> Result<Installed, BuildError> {
        let name = &package.manifest.name;
        let signer = self.accepted(package, untrusted)?;
        let folder = self.kept(name);
        fs::create_dir_all(&folder).map_err(|e| on_disk(&folder, &e))?;
        let numbers = self.numbers(name);
        let number = numbers.last().map_or(1, |(last, _)| last + 1);
        let copy = folder.join(format!("{number:06}-{}.cbm", package.manifest.version));
        fs::copy(file, &copy).map_err(|e| on_disk(&copy, &e))?;
        self.place(package)?;
        self.say_current(name, number)?;
        for (old, path) in numbers.iter().rev().skip(KEPT_MAX - 1) {
            if *old != number {
                let _ = fs::remove_file(path);
            }
        }
        Ok(Installed {
            name: name.clone(),
            version: package.manifest.version.clone(),
            hash: package.hash.clone(),
            signer,
        })
    }

    /// Who signed it, where its code may be used as keys are trusted now.
    fn accepted(&self, package: &Package, untrusted: bool) -> Result<String, BuildError> {
        let name = &package.manifest.name;
        let (signer, trusted) = self.signer(package)?;
        if !trusted && !untrusted {
            return Err(BuildError::new(
                format!("{name} {} is signed by {signer}", package.manifest.version),
                "`cordboard module keys trust NAME \"ed25519 ...\"` with its maker's key, \
                 or `--untrusted` to take it all the same",
            ));
        }
        if package.manifest.code.kind == Kind::Native
            && !(trusted && keys::trusts_native(self.data, &signer)?)
        {
            return Err(BuildError::new(
                format!(
                    "{name} {} is native code, which runs outside of any sandbox, and is signed by {signer}",
                    package.manifest.version
                ),
                "have the machine's operator sign it (`cordboard module package --key`), or trust its \
                 maker so far: `cordboard module keys trust NAME \"ed25519 ...\" --native`",
            ));
        }
        Ok(signer)
    }

    /// Goes back to the package that was in use before. Whether it is trusted is asked again: its
    /// key may have been forgotten since.
    ///
    /// # Errors
    /// There is none, or it is not trusted any more.
    pub fn rollback(&self, name: &str, untrusted: bool) -> Result<Installed, BuildError> {
        let (now, _) = self.current(name)?;
        let before = self
            .numbers(name)
            .into_iter()
            .rfind(|(number, _)| *number < now);
        let Some((number, path)) = before else {
            return Err(BuildError::new(
                format!("{name} has no earlier package"),
                "install one with `cordboard module upgrade FILE`",
            ));
        };
        let package = read(&path)?;
        let signer = self.accepted(&package, untrusted)?;
        self.place(&package)?;
        self.say_current(name, number)?;
        Ok(Installed {
            name: name.to_owned(),
            version: package.manifest.version.clone(),
            hash: package.hash.clone(),
            signer,
        })
    }

    /// Takes an installed module away, and what was kept of it.
    ///
    /// # Errors
    /// It was not installed from a package.
    pub fn remove(&self, name: &str) -> Result<(), BuildError> {
        self.current(name)?;
        let folder = self.modules.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|e| on_disk(&folder, &e))?;
        }
        let kept = self.kept(name);
        fs::remove_dir_all(&kept).map_err(|e| on_disk(&kept, &e))
    }

    /// Puts a package's files in the place of the module's folder.
    fn place(&self, package: &Package) -> Result<(), BuildError> {
        let name = &package.manifest.name;
        fs::create_dir_all(self.modules).map_err(|e| on_disk(self.modules, &e))?;
        let folder = self.modules.join(name);
        let fresh = self.modules.join(format!(".{name}-next"));
        let old = self.modules.join(format!(".{name}-old"));
        for left in [&fresh, &old] {
            if left.exists() {
                fs::remove_dir_all(left).map_err(|e| on_disk(left, &e))?;
            }
        }
        package.unpack(&fresh).map_err(|e| on_disk(&fresh, &e))?;
        if folder.exists() {
            fs::rename(&folder, &old).map_err(|e| on_disk(&folder, &e))?;
        }
        if let Err(error) = fs::rename(&fresh, &folder) {
            let _ = fs::rename(&old, &folder);
            return Err(on_disk(&folder, &error));
        }
        let _ = fs::remove_dir_all(&old);
        Ok(())
    }

    fn kept(&self, name: &str) -> PathBuf {
        self.data.join("packages").join(name)
    }

    /// Kept packages by their numbers, in order.
    fn numbers(&self, name: &str) -> Vec<(u64, PathBuf)> {
        let entries = fs::read_dir(self.kept(name))
            .into_iter()
            .flatten()
            .flatten();
        let mut found: Vec<(u64, PathBuf)> = entries
            .filter_map(|entry| {
                let file = entry.file_name().to_string_lossy().into_owned();
                let (number, _) = file.strip_suffix(".cbm")?.split_once('-')?;
                Some((number.parse().ok()?, entry.path()))
            })
            .collect();
        found.sort();
        found
    }

    /// Number and file of the package in use.
    fn current(&self, name: &str) -> Result<(u64, PathBuf), BuildError> {
        super::new::right_name(name)?;
        let said = fs::read_to_string(self.kept(name).join("current")).unwrap_or_default();
        let number: Option<u64> = said.trim().parse().ok();
        let mut numbers = self.numbers(name).into_iter();
        let found = numbers.find(|(known, _)| Some(*known) == number);
        found.ok_or_else(|| {
            let source = self.modules.join(name);
            match source.is_dir() {
                true => BuildError::new(
                    format!("{} was not installed from a package", source.display()),
                    "it is somebody's source: change or remove it by hand",
                ),
                false => BuildError::new(
                    format!("no module `{name}` is installed"),
                    "`cordboard module install FILE`",
                ),
            }
        })
    }

    fn say_current(&self, name: &str, number: u64) -> Result<(), BuildError> {
        let path = self.kept(name).join("current");
        let fresh = self.kept(name).join("current.new");
        fs::write(&fresh, number.to_string())
            .and_then(|()| fs::rename(&fresh, &path))
            .map_err(|e| on_disk(&path, &e))
    }
}

/// A semantic version's order; what comes before a release is below it.
fn order(version: &str) -> (Vec<u64>, bool, String) {
    let plain = version.split('+').next().unwrap_or_default();
    let (numbers, before) = plain.split_once('-').unwrap_or((plain, ""));
    let numbers = numbers.split('.').map(|n| n.parse().unwrap_or(0)).collect();
    (numbers, before.is_empty(), before.to_owned())
}

#[cfg(test)]
mod tests {
    use super::order;

    #[test]
    fn versions_are_ordered_by_number_and_a_release_is_above_what_led_to_it() {
        assert!(order("1.10.0") > order("1.9.9"));
        assert!(order("1.0.0") > order("1.0.0-rc.1"));
        assert!(order("1.0.0+a") == order("1.0.0+b"));
    }
}
