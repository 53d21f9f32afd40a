//! Commands on bases: what a tenant says beyond its own (`diff`), and every tenant on one (`check`).

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cordboard_dialplan::diagnostic;
use cordboard_dialplan::own_lines;
use serde_json::json;

use super::{Places, failed, load};
use crate::files;
use crate::loader::{Beside, LoadError, beside};

/// `cordboard diff TENANT`: its own lines beside those of its base. A tenant is a folder, or a name
/// among the dialplans.
pub fn diff(dialplans: &Path, tenant: &Path, json: bool) -> ExitCode {
    let named = dialplans.join(tenant);
    let folder = match tenant.is_dir() && !named.is_dir() {
        true => tenant.to_path_buf(),
        false => named,
    };
    if !folder.is_dir() {
        let why = format!(
            "no tenant `{}`: {} is no folder",
            tenant.display(),
            folder.display()
        );
        return failed(&LoadError::Tenant(why), json);
    }
    // `.` has neither a name nor a folder above it.
    let folder = match folder.file_name() {
        Some(_) => folder,
        None => folder.canonicalize().unwrap_or(folder),
    };
    let Beside {
        source,
        hidden,
        missing,
    } = match beside(&super::root_of(&folder), &folder) {
        Ok(beside) => beside,
        Err(error) => return failed(&error, json),
    };
    if let Some((name, why)) = missing {
        let why = format!("the base `{name}` cannot be read: {why}");
        return failed(&LoadError::Tenant(why), json);
    }
    let (own, mistakes) = own_lines(&source);
    if json {
        let hidden: Vec<_> = hidden
            .iter()
            .map(|(own, base)| json!({ "file": own, "base": base }))
            .collect();
        let said = json!({
            "bases": own.bases, "own": own.own, "untouched": own.untouched, "hides": hidden,
            "mistakes": diagnostic::to_json(&mistakes),
        });
        println!("{said:#}");
    } else {
        print!("{own}");
        for (own, base) in &hidden {
            println!("~ file {own} (base {base})");
        }
        if !mistakes.is_empty() {
            eprint!("{}", diagnostic::render(&mistakes, &source, true));
        }
    }
    match mistakes.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// The tenants that stand on a base, each with its folder.
fn tenants_on(base: &Path) -> Result<Vec<(String, PathBuf)>, LoadError> {
    let root = super::root_of(base);
    let name = base.file_name().unwrap_or_default().to_string_lossy();
    let mut found = files::tenant_folders(&root).map_err(LoadError::Files)?;
    let on = |folder: &Path| {
        let beside = beside(&root, folder);
        beside.is_ok_and(|b| b.source.bases().iter().any(|base| *base == name))
    };
    found.retain(|(_, folder)| on(folder));
    Ok(found)
}

/// `cordboard check _base`: every tenant on it, and each mistake once with the tenants it stops.
pub(super) fn check(places: &Places, json: bool) -> ExitCode {
    let tenants = match tenants_on(&places.dir) {
        Ok(tenants) => tenants,
        Err(error) => return failed(&error, json),
    };
    let mut good: Vec<String> = Vec::new();
    let mut bad: Vec<(String, serde_json::Value, Vec<String>)> = Vec::new();
    for (name, folder) in tenants {
        let own = Places {
            dir: folder,
            ..places.clone()
        };
        let Err(error) = load(&own) else {
            good.push(name);
            continue;
        };
        let text = error.render(!json);
        match bad.iter_mut().find(|(known, ..)| *known == text) {
            Some((_, _, names)) => names.push(name),
            None => bad.push((text, error.to_json(), vec![name])),
        }
    }
    if json {
        let refused: Vec<_> = bad
            .iter()
            .map(|(_, mistakes, names)| json!({ "tenants": names, "mistakes": mistakes }))
            .collect();
        let said = json!({ "ok": bad.is_empty(), "good": good, "refused": refused });
        println!("{said:#}");
    } else {
        for (text, _, names) in &bad {
            eprint!("stops {}:\n{text}", names.join(", "));
        }
        let dir = places.dir.display();
        let all = good.len() + bad.iter().map(|(_, _, names)| names.len()).sum::<usize>();
        println!("{dir}: {} of {all} tenants on it are good.", good.len());
    }
    match bad.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
