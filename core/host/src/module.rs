//! A loaded module of one tenant: manifest, code, what it may do, its settings, its health.
//!
//! Immutable but for its health and its rates. Two loads of the same artefact with the same
//! settings, grants and files have the same `hash`, and the newer generation shares the older
//! one's `Module`: its instances, rates and breaker go on. Kinds implement `guest`'s traits;
//! nothing else of the switch asks which kind a module is.

mod answered;
mod breaker;
mod guest;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cordboard_call::ids::TenantId;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::capability::{Allowed, Denied, Effective, Rates};
use crate::manifest::{Kind, Manifest};

pub use answered::{connector_steps, refused_steps, router_steps};
pub use breaker::{Breaker, Change, Health, State, TRAPS_MAX, TRAPS_WITHIN};
pub use guest::{
    Compiler, Guest, HostFigures, Pumped, ReporterGuest, RouterGuest, ServiceGuest, StepBegin,
    StepHost, Work, wrong_world,
};

/// Version of the contract that this switch speaks.
pub const CONTRACT: &str = "0.1";

/// Largest artefact, in bytes.
pub const ARTEFACT_BYTES_MAX: u64 = 64 << 20;

/// The code of a module as it lies on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artefact {
    /// Where `entry` stands, absolute: native libraries are opened there.
    pub path: PathBuf,
    /// By path inside the module's folder: the entry, and for Lua every other `.lua` file.
    pub files: BTreeMap<String, Arc<[u8]>>,
    /// SHA-256 over names and contents.
    pub hash: [u8; 32],
}

impl Artefact {
    /// An artefact of these files.
    pub fn of(path: PathBuf, files: BTreeMap<String, Arc<[u8]>>) -> Artefact {
        let mut hash = Sha256::new();
        for (name, bytes) in &files {
            hash.update((name.len() as u64).to_le_bytes());
            hash.update(name);
            hash.update(Sha256::digest(bytes));
        }
        Artefact {
            path,
            files,
            hash: hash.finalize().into(),
        }
    }

    /// The bytes of a file.
    pub fn file(&self, name: &str) -> Option<&Arc<[u8]>> {
        self.files.get(name)
    }
}

/// What instances of a module may use: the manifest's wishes under the tenant's ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Memory of one instance; an allocation beyond it fails.
    pub memory_bytes: u64,
    /// CPU time of one entry; beyond it the instance is ended with `Budget`.
    pub cpu: Duration,
    /// Instances at once; one more start fails with `Overload`.
    pub instances_max: u32,
}

/// What a module has of its tenant: settings and the files that were granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// One JSON object; a secret is `{{secret:NAME}}`.
    pub settings: Value,
    /// `settings` as text, as guests get it.
    pub text: Arc<str>,
    /// Files beside the tenant's dialplan that `grant file` names.
    pub files: BTreeMap<String, Arc<[u8]>>,
}

/// One module of one tenant, loaded.
#[derive(Debug)]
pub struct Module {
    /// Whose.
    pub tenant: TenantId,
    /// Its name in this tenant: prefix of its steps and topics.
    pub name: String,
    /// What it says of itself.
    pub manifest: Arc<Manifest>,
    /// Its code as it lies on the disk.
    pub artefact: Arc<Artefact>,
    /// Its code, ready to run.
    pub guest: Arc<dyn Guest>,
    /// What it may do.
    pub effective: Effective,
    /// What it may use.
    pub limits: Limits,
    /// Settings and files.
    pub config: Config,
    /// Identity: SHA-256 of artefact, manifest, settings, grants, limits and contract version, hex.
    pub hash: String,
    /// Counts and breaker; shared by all generations of this tenant and name.
    pub health: Arc<Health>,
    rates: Mutex<Rates>,
}

/// What a module is made of.
pub struct Parts {
    /// Whose.
    pub tenant: TenantId,
    /// Its name in this tenant.
    pub name: String,
    /// What it says of itself.
    pub manifest: Arc<Manifest>,
    /// Its code as it lies on the disk.
    pub artefact: Arc<Artefact>,
    /// What it may do.
    pub effective: Effective,
    /// What it may use.
    pub limits: Limits,
    /// Settings and files.
    pub config: Config,
    /// Counts and breaker of its tenant and name.
    pub health: Arc<Health>,
}

impl Parts {
    /// Identity of the module that these parts make.
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        let mut put = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        put(CONTRACT.as_bytes());
        put(self.tenant.as_str().as_bytes());
        put(self.name.as_bytes());
        put(&self.artefact.hash);
        put(format!("{:?}", self.manifest).as_bytes());
        put(self.config.text.as_bytes());
        put(self.effective.identity().as_bytes());
        put(format!("{:?}", self.limits).as_bytes());
        for (name, bytes) in &self.config.files {
            put(name.as_bytes());
            put(bytes);
        }
        hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }

    /// The module, with its code compiled.
    pub fn assemble(self, guest: Arc<dyn Guest>) -> Module {
        let hash = self.hash();
        Module {
            tenant: self.tenant,
            name: self.name,
            manifest: self.manifest,
            artefact: self.artefact,
            guest,
            effective: self.effective,
            limits: self.limits,
            config: self.config,
            hash,
            health: self.health,
            rates: Mutex::default(),
        }
    }
}

impl Module {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.manifest.code.kind
    }

    /// Asks for an http request at `now` (time since the node's start): grant and rate.
    ///
    /// # Errors
    /// What is not granted, or the rate.
    pub fn may_send(&self, now: Duration, method: &str, url: &str) -> Result<Allowed, Denied> {
        let allowed = self.effective.check_http(method, url)?;
        self.take(now, &allowed)?;
        Ok(allowed)
    }

    /// Takes one from the rate of what was allowed.
    ///
    /// # Errors
    /// The rate is met.
    pub fn take(&self, now: Duration, allowed: &Allowed) -> Result<(), Denied> {
        let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        rates.take(now, allowed).map_err(|denied| Denied {
            message: format!("module `{}`: {}", self.name, denied.message),
            ..denied
        })
    }

    /// Its topic for a name of the manifest: `stats` of `sales` is `sales.stats`.
    pub fn topic(&self, name: &str) -> String {
        format!("{}.{name}", self.name)
    }

    /// Who owns its values in the tenant's store; scripts own theirs by their bare names.
    pub fn store_owner(&self) -> String {
        format!("module:{}", self.name)
    }

    /// For the console: what it is, what it may, how it does. `now` is time since the node's start.
    pub fn show(&self, now: Duration) -> Value {
        let manifest = &self.manifest;
        json!({
            "module": self.name,
            "source": manifest.name,
            "version": manifest.version,
            "world": manifest.world.word(),
            "kind": self.kind().word(),
            "about": manifest.about,
            "steps": manifest.steps.keys().collect::<Vec<_>>(),
            "operations": manifest.operations.iter().map(|o| &o.verb).collect::<Vec<_>>(),
            "limits": {
                "memory_bytes": self.limits.memory_bytes,
                "cpu_ms": self.limits.cpu.as_millis() as u64,
                "instances": self.limits.instances_max,
            },
            "granted": self.effective.granted(),
            "denied": self.effective.denied(),
            "settings": self.config.settings,
            "health": self.health.show(now),
            "code_bytes": self.guest.code_bytes(),
            "hash": self.hash,
        })
    }
}
