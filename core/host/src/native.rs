//! Native modules: shared libraries behind the C border of `sdk/native/cordboard.h`.
//!
//! A library runs in a child process of this program, one for each tenant and module, that is
//! supervised: its crash, its hang, its garbage are an event, each of its steps fails, and it is
//! started again after a rest (`keeper`). Call-scripts, routers and connectors share that one
//! process, each step on a thread of its own; a service or reporter has a process for its instance
//! (`alone`). The operator of the machine may have a library run in the switch itself; then there
//! is no border but the author's care.
//!
//! What runs is a copy of the artefact in the data folder, named by its hash: the module's own file
//! may be built anew meanwhile. A library is never closed.

mod abi;
mod alone;
mod child;
mod guest;
mod keeper;
mod link;
mod meter;
mod room;
mod said;
mod steps;
#[cfg(test)]
mod tests;
mod wire;

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use cordboard_call::ids::TenantId;
use cordboard_steps::ScriptError;
use cordboard_steps::script::LogLevel;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::module::Module;
use crate::quota::Accounts;

pub use child::{VERB as CHILD_VERB, aside};
pub use guest::{NativeCompiler, NativeGuest};
pub use link::Housing;
pub use steps::{NativeHost, NativeSteps};

/// Copies of libraries that are kept; of more, the oldest go.
const COPIES_MAX: usize = 64;

/// What is told of a module's process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Story {
    /// It ended by itself or was ended.
    Stopped {
        /// `signal 11 (SIGSEGV)`, `exit 3`, `hang`, `garbage`, `no start`, `refusal`.
        by: String,
        /// What it did wrong.
        error: ScriptError,
        /// When it starts again.
        restarts_in: Duration,
        /// A step that failed by it, or its driver, counts it against the module.
        counted: bool,
    },
    /// It serves again.
    Restarted,
}

impl Story {
    /// The event of the tenant's journal: its topic and payload.
    pub fn event(&self, module: &Module) -> (&'static str, Value) {
        keeper::payload(module, self)
    }
}

/// A library and where our copy of it lies.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    native: Arc<Native>,
    bytes: Arc<[u8]>,
    path: PathBuf,
}

impl Code {
    /// Makes sure that the copy is there and is what it was. Reads the disk: not for a thread that
    /// may not wait.
    fn ensure(&self) -> Result<(), String> {
        self.native.keep(&self.path, &self.bytes)
    }
}

/// What takes log lines of native modules.
pub type Log = dyn Fn(&Module, LogLevel, &str) + Send + Sync;
/// What takes stories; called on the threads of processes.
pub type OnStory = dyn Fn(&Arc<Module>, Story) + Send + Sync;

/// What all native modules of this program share.
pub struct Native {
    housing: Housing,
    obeys_ceiling: bool,
    /// Who pays for children; nobody for a tool's.
    accounts: Option<Arc<Accounts>>,
    folder: PathBuf,
    log: Arc<Log>,
    on_story: OnceLock<Arc<OnStory>>,
}

impl std::fmt::Debug for Native {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Native({:?}, {})", self.housing, self.folder.display())
    }
}

impl Native {
    /// Libraries run as `housing` says; their copies are kept in `folder`, which is made when the
    /// first is needed; lines of theirs go to `log`.
    pub fn new(housing: Housing, folder: PathBuf, log: Arc<Log>) -> Native {
        Native {
            housing,
            obeys_ceiling: false,
            accounts: None,
            folder,
            log,
            on_story: OnceLock::new(),
        }
    }

    /// With `native #true in-process=#true` of a tenant's ceiling obeyed: the switch itself, and
    /// no tool.
    #[must_use]
    pub fn in_process_where_allowed(mut self) -> Native {
        self.obeys_ceiling = true;
        self
    }

    /// With the CPU time of children paid by their tenants. What runs in the switch itself pays
    /// nothing: it was the operator's wish.
    #[must_use]
    pub fn paid_by(mut self, accounts: &Arc<Accounts>) -> Native {
        self.accounts = Some(Arc::clone(accounts));
        self
    }

    /// May a tenant's native code be entered now?
    pub(crate) fn may_run(&self, tenant: &TenantId) -> bool {
        let accounts = self.accounts.as_ref();
        accounts.is_none_or(|accounts| accounts.of(tenant).may_run(accounts.now()))
    }

    fn meter(&self, tenant: &TenantId) -> Option<meter::Meter> {
        let accounts = self.accounts.as_ref()?;
        Some(meter::Meter::of(accounts, tenant))
    }

    /// Who is told of falls and returns. The first one stays.
    pub fn on_story(&self, on_story: Arc<OnStory>) {
        let _ = self.on_story.set(on_story);
    }

    pub(crate) fn tell(&self, module: &Arc<Module>, story: Story) {
        if let Some(on_story) = self.on_story.get() {
            on_story(module, story);
        }
    }

    pub(crate) fn housing_of(&self, module: &Module) -> Housing {
        match self.obeys_ceiling && module.effective.native_in_process() {
            true => Housing::Here,
            false => self.housing.clone(),
        }
    }

    /// The code of a library, with our own copy of it on the disk.
    pub(crate) fn code(self: &Arc<Native>, bytes: &Arc<[u8]>) -> Result<Code, String> {
        let sum: String = Sha256::digest(bytes)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        // A child stands elsewhere.
        let path = std::path::absolute(self.folder.join(format!("{sum}.so")));
        let code = Code {
            native: Arc::clone(self),
            bytes: Arc::clone(bytes),
            path: path.map_err(|e| format!("{}: {e}", self.folder.display()))?,
        };
        code.ensure()?;
        Ok(code)
    }

    /// Writes a copy when it is not there yet.
    fn keep(&self, path: &Path, bytes: &[u8]) -> Result<(), String> {
        let failed = |path: &Path, e: &std::io::Error| format!("{}: {e}", path.display());
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .map_err(|e| failed(&self.folder, &e))?;
        let about = fs::symlink_metadata(&self.folder).map_err(|e| failed(&self.folder, &e))?;
        let ours = fs::metadata("/proc/self").map_or(u32::MAX, |about| about.uid());
        if !about.is_dir() || about.uid() != ours {
            return Err(format!(
                "{}: copies of native libraries are kept here, and it must be a folder of the user that runs the switch",
                self.folder.display()
            ));
        }
        if about.mode() & 0o077 != 0 {
            let private = fs::Permissions::from_mode(0o700);
            fs::set_permissions(&self.folder, private).map_err(|e| failed(&self.folder, &e))?;
        }
        // Content and not name: what stands there may have been written by somebody else.
        if fs::read(path).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        self.prune();
        let fresh = path.with_extension(format!("{}.new", std::process::id()));
        let written = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o500)
            .open(&fresh)
            .and_then(|mut file| std::io::Write::write_all(&mut file, bytes))
            .and_then(|()| fs::rename(&fresh, path));
        written.map_err(|e| failed(path, &e))
    }

    /// Takes the oldest copies away; a process that has one open keeps it.
    fn prune(&self) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut copies: Vec<(SystemTime, PathBuf)> = entries
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        copies.sort();
        let too_many = copies.len().saturating_sub(COPIES_MAX - 1);
        for (_, path) in copies.into_iter().take(too_many) {
            let _ = fs::remove_file(path);
        }
    }
}
