//! What steps and settings give to modules by name, once all files are read: files that the module
//! must be granted, and names of blocks in its settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::sink::{FileUse, NameUse};
use super::words::suggestion;
use super::{Item, Lowered, codes};
use crate::diagnostic::Diagnostic;
use crate::schema::{FieldValue, Loaded};

/// Most findings of each kind.
const FINDINGS_MAX: usize = 500;

type Modules<'m> = BTreeMap<&'m str, &'m Item<Arc<Loaded>>>;

/// Says what is not there.
pub(super) fn check(files: &[Arc<Lowered>], modules: &Modules<'_>, findings: &mut Vec<Diagnostic>) {
    let given = || files.iter().map(|file| &file.given);
    let ungranted = given().flat_map(|g| &g.files);
    let unnamed = given().flat_map(|g| &g.names);
    let ungranted = ungranted.filter_map(|used| file(used, modules));
    let unnamed = unnamed.filter_map(|used| name(used, modules));
    findings.extend(ungranted.take(FINDINGS_MAX));
    findings.extend(unnamed.take(FINDINGS_MAX));
}

fn file(used: &FileUse, modules: &Modules<'_>) -> Option<Diagnostic> {
    let module = modules.get(&*used.module)?;
    if module.value.granted("file").any(|g| g.what == used.file) {
        return None;
    }
    let message = format!("`{}` is not granted the file `{}`", used.module, used.file);
    let finding = Diagnostic::error(used.mark.clone(), codes::MODULE, message);
    let help = format!("add `grant file \"{}\"` to the module", used.file);
    Some(finding.help(help).also(module.mark.clone(), "the module"))
}

fn name(used: &NameUse, modules: &Modules<'_>) -> Option<Diagnostic> {
    let module = modules.get(&*used.module)?;
    let nothing = BTreeMap::new();
    let blocks = match module.value.settings.get(&used.of) {
        Some(FieldValue::Named(blocks)) => blocks,
        _ => &nothing,
    };
    if blocks.contains_key(&used.name) {
        return None;
    }
    let NameUse {
        of,
        name,
        module: own,
        ..
    } = used;
    let message = format!("no {of} is called `{name}` in the settings of `{own}`");
    let mut finding = Diagnostic::error(used.mark.clone(), codes::UNKNOWN_NAME, message);
    finding.help = suggestion(name, blocks.keys().map(String::as_str))
        .or_else(|| Some(format!("add `config {{ {of} \"{name}\" }}` to the module")));
    Some(finding.also(module.mark.clone(), "the module"))
}
