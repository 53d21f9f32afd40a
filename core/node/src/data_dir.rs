//! The data folder: what this installation has made for itself.
//!
//! `--data`, else `CORDBOARD_DATA`, else `.cordboard/` in the working folder; 0700. In it: the
//! database, the journal's spool, recordings, the control socket, and `secrets.json` (0600) with
//! the passwords that were generated here. The database itself knows passwords only as HA1; an
//! operator who has noted them may delete `secrets.json`, and nothing else changes.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The folder and the names in it.
#[derive(Clone, Debug)]
pub struct DataDir {
    /// The folder itself.
    pub root: PathBuf,
}

/// Passwords that were generated here, to be read by their owner.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Secrets {
    /// SIP passwords: tenant, then user.
    #[serde(default)]
    pub sip: BTreeMap<String, BTreeMap<String, String>>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(..)")
    }
}

impl DataDir {
    /// Chooses the folder: the option, the environment, or `.cordboard/`.
    pub fn choose(option: Option<PathBuf>) -> Self {
        let root = option
            .or_else(|| std::env::var_os("CORDBOARD_DATA").map(PathBuf::from))
            .unwrap_or_else(|| PathBuf::from(".cordboard"));
        Self { root }
    }

    /// Makes the folder where it is missing and closes it to others.
    pub fn create(&self) -> io::Result<()> {
        for folder in [self.root.clone(), self.recordings(), self.spool()] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&folder)?;
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
        }
        Ok(())
    }

    /// Recordings, `<tenant>/<date>/<call>.wav`.
    pub fn recordings(&self) -> PathBuf {
        self.root.join("recordings")
    }

    /// The journal's spool.
    pub fn spool(&self) -> PathBuf {
        self.root.join("spool")
    }

    /// Installed modules, one folder each.
    pub fn modules(&self) -> PathBuf {
        self.root.join("modules")
    }

    /// Compiled code of modules.
    pub fn compiled(&self) -> PathBuf {
        self.root.join("compiled")
    }

    /// The SQLite database.
    pub fn database(&self) -> PathBuf {
        self.root.join("cordboard.db")
    }

    /// The control socket.
    pub fn control(&self) -> PathBuf {
        self.root.join("control.sock")
    }

    fn secrets_file(&self) -> PathBuf {
        self.root.join("secrets.json")
    }

    /// The generated passwords that are still kept readable; none when the file is gone.
    pub fn secrets(&self) -> io::Result<Secrets> {
        match fs::read(self.secrets_file()) {
            Ok(text) => serde_json::from_slice(&text).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Secrets::default()),
            Err(error) => Err(error),
        }
    }

    /// Replaces the file of generated passwords, whole or not at all.
    pub fn keep_secrets(&self, secrets: &Secrets) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(secrets).map_err(io::Error::other)?;
        write_private(&self.secrets_file(), &text)
    }
}

/// Writes a 0600 file by rename, so that a crash leaves the old or the new one.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

/// Random bytes from the kernel.
pub fn random_bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes).map_err(|e| io::Error::other(e.to_string()))?;
    Ok(bytes)
}

/// A password of 20 characters without look-alikes (about 114 bits).
pub fn generate_password() -> io::Result<String> {
    const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
    let mut password = String::with_capacity(20);
    while password.len() < 20 {
        for byte in random_bytes::<32>()? {
            // Bytes above the last whole multiple would favour the first letters.
            let index = usize::from(byte);
            let fair = 256 - 256 % LETTERS.len();
            if index < fair && password.len() < 20 {
                password.push(char::from(LETTERS[index % LETTERS.len()]));
            }
        }
    }
    Ok(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_survive_and_are_private() {
        let data = DataDir {
            root: std::env::temp_dir().join(format!("cordboard-{}", std::process::id())),
        };
        data.create().unwrap();
        let mut secrets = Secrets::default();
        let password = generate_password().unwrap();
        assert_eq!(password.len(), 20);
        secrets
            .sip
            .entry("demo".into())
            .or_default()
            .insert("alice".into(), password.clone());
        data.keep_secrets(&secrets).unwrap();
        assert_eq!(data.secrets().unwrap().sip["demo"]["alice"], password);
        let mode = fs::metadata(data.root.join("secrets.json"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!format!("{secrets:?}").contains(&password));
        fs::remove_dir_all(&data.root).unwrap();
    }
}
