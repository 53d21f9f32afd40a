//! `cordboard module test`: a module's stories, played by the production host.
//!
//! `tests/` in the module's folder, or the folder that `--stories` names, is a tenant of its own,
//! with a dialplan, its prompts and `test` nodes; so is each folder in it. The module is built first where that is due, and then loaded,
//! granted and run as a switch would: only phones and clock are made up. No network, no daemon.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::workshop::{BuildError, on_disk};
use crate::data_dir::DataDir;
use crate::offline::{self, Places};

/// Plays all stories of the module in `dir`.
///
/// # Errors
/// There are none, or one failed; what was wrong is printed already.
pub fn play(
    data: &DataDir,
    dir: &Path,
    stories: Option<&Path>,
    json: bool,
) -> Result<(), BuildError> {
    let absolute = |path: &Path| std::path::absolute(path).map_err(|e| on_disk(path, &e));
    let dir = absolute(dir)?;
    let stories = match stories {
        Some(folder) => absolute(folder)?,
        None => dir.join("tests"),
    };
    let tenants = tenants(&stories);
    if tenants.is_empty() {
        return Err(BuildError::new(
            format!("{} has no stories", stories.display()),
            "write a dialplan with `test` nodes into tests/main.kdl; `cordboard module new` makes one",
        ));
    }
    let modules = dir.parent().map(Path::to_path_buf);
    let mut failed = Vec::new();
    for tenant in tenants {
        let places = Places::new(data, &tenant, &tenant.join("scripts"), modules.clone());
        let places = places.with_native();
        if offline::test(&places, json) != ExitCode::SUCCESS {
            failed.push(tenant.display().to_string());
        }
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(BuildError::new(
            format!("stories failed: {}", failed.join(", ")),
            "",
        )),
    }
}

/// Folders with dialplan files: `tests` itself and those in it.
fn tenants(tests: &Path) -> Vec<PathBuf> {
    let inside = fs::read_dir(tests).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = inside.map(|entry| entry.path()).collect();
    folders.push(tests.to_path_buf());
    folders.retain(|folder| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut names = entries.map(|entry| entry.path());
        names.any(|path| path.extension().is_some_and(|e| e == "kdl"))
    });
    folders.sort();
    folders
}
