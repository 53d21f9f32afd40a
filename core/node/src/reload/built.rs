//! Modules whose source was edited: built beside the switch, told of where that fails.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::Reloader;
use crate::builds::{Builds, Came, Failed};

/// A module's folder, and the tenants and names under which it is loaded.
type Users = BTreeMap<PathBuf, BTreeSet<(String, String)>>;

impl Reloader {
    /// Where builds keep what they made; said once. Without it nothing is built here.
    pub fn build_in(&self, data: &Path) {
        let _ = self.builds.set(Builds::new(data.to_path_buf()));
    }

    /// The folders of modules that tenants load, with their users.
    fn users(&self) -> Users {
        let mut users = Users::new();
        // Installed packages bring no source: the first folder is the one that is edited.
        let Some(root) = self.forge.roots().first() else {
            return users;
        };
        for (tenant, known) in self.tenants().iter() {
            let plans = known.serving.iter().map(|serving| &serving.dialplan);
            for loaded in plans.flat_map(|plan| plan.modules.values()) {
                let key = (tenant.clone(), loaded.name.clone());
                let folder = root.join(&loaded.source);
                users.entry(folder).or_default().insert(key);
            }
        }
        users
    }

    /// Builds every module in use whose source was edited, one after another. True: there is
    /// something to load.
    pub async fn build_due(&self) -> bool {
        let Some(builds) = self.builds.get() else {
            return false;
        };
        let mut fresh = false;
        for (folder, users) in self.users() {
            if !builds.is_due(&folder) {
                continue;
            }
            tracing::info!("{} was edited and is built", folder.display());
            match builds.build(&folder).await {
                Ok(came) => fresh |= came == Came::Fresh,
                Err(failed) => self.tell_failed(&folder, &users, &failed),
            }
        }
        fresh
    }

    fn tell_failed(&self, folder: &Path, users: &BTreeSet<(String, String)>, failed: &Failed) {
        tracing::error!(
            "{} is not built, and what was built before goes on: {}\n{}",
            folder.display(),
            failed.line,
            failed.output
        );
        for (tenant, module) in users {
            let payload = json!({ "module": module, "error": failed.line });
            self.record(tenant, "module.build-failed", payload.to_string());
        }
    }

    /// Builds a module now. Gives the tenants and names that have a new artefact.
    ///
    /// # Errors
    /// What the compiler said.
    pub(super) async fn build_now(
        &self,
        tenant: Option<&str>,
        name: Option<&str>,
    ) -> Result<BTreeSet<(String, String)>, String> {
        let mut fresh = BTreeSet::new();
        let Some(builds) = self.builds.get() else {
            return Ok(fresh);
        };
        let tenant = tenant.map(|_| self.name(tenant)).transpose()?;
        let meant = |key: &&(String, String)| {
            tenant.as_ref().is_none_or(|tenant| *tenant == key.0)
                && name.is_none_or(|name| name == key.1)
        };
        for (folder, users) in self.users() {
            if !users.iter().any(|key| meant(&key)) {
                continue;
            }
            match builds.build(&folder).await {
                Ok(Came::Fresh) => fresh.extend(users),
                Ok(Came::Same) => {}
                Err(failed) => {
                    self.tell_failed(&folder, &users, &failed);
                    return Err(match failed.output.is_empty() {
                        true => failed.line,
                        false => failed.output,
                    });
                }
            }
        }
        Ok(fresh)
    }

    /// Why a module's last build failed, in the compiler's first line.
    pub(super) fn build_failure(&self, source: &str) -> Option<String> {
        let root = self.forge.roots().first()?;
        let failed = self.builds.get()?.failed(&root.join(source))?;
        Some(failed.line)
    }
}
