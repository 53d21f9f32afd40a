//! The tenant's own files and those of its bases, one above the other, and what of a base each
//! layer replaces.
//!
//! A point is declared once, in a base: by `override NAME { ... }` inside a block, or outermost
//! where no deeper base has a point of the name. An outermost `override` of a name that a deeper
//! layer declares replaces it; the nearest layer wins. Values go the same way.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use super::words::{nearest, suggestion};
use super::{codes, hex};
use crate::diagnostic::{Diagnostic, Mark};
use crate::file::sketch::{PointLine, Sketch, Tree, ValueLine};
use crate::file::tree::ValueKind;
use crate::file::{Key, Source};

/// Most bases one above the other.
pub const BASES_MAX: usize = 3;

/// A file as it was found, before points are in place.
pub(super) struct File {
    pub(super) key: Key,
    /// How many bases deep; 0 is the tenant's own.
    pub(super) layer: usize,
    pub(super) sketch: Arc<Sketch>,
    /// Kept where the sketch is open.
    pub(super) tree: Option<Arc<Tree>>,
    pub(super) whole: bool,
}

/// What stands at a point.
#[derive(Clone)]
pub(super) struct Chosen {
    pub(super) tree: Arc<Tree>,
    /// Hash of its text.
    pub(super) sum: [u8; 32],
    /// The `override` among the tree's nodes.
    pub(super) index: usize,
    pub(super) mark: Mark,
}

/// A point of a base.
pub(super) struct Point {
    /// Where the base has it.
    pub(super) declared: Mark,
    /// What replaces its default.
    pub(super) chosen: Option<Chosen>,
}

/// A value: what it says and where.
pub(super) struct Held {
    pub(super) says: Vec<ValueKind>,
    pub(super) mark: Mark,
}

/// All points and values of a tenant.
#[derive(Default)]
pub(super) struct Context {
    pub(super) points: BTreeMap<String, Point>,
    pub(super) values: BTreeMap<String, Held>,
    /// False when a file could not be read, so that a point or value may be missing.
    pub(super) whole: bool,
    /// Hash of all this.
    pub(super) sum: [u8; 32],
}

/// Where a file's path says it belongs: nothing for the tenant's own, `../_base/` for a base's.
pub(crate) fn prefix(path: &str) -> &str {
    let inside = path.strip_prefix("../").and_then(|rest| rest.find('/'));
    inside.and_then(|end| path.get(..end + 4)).unwrap_or("")
}

/// Follows `base` from the tenant's files down: prefixes of layers, the tenant's own first. What
/// cannot be followed is said.
pub(super) fn chain(
    files: &[(String, Arc<Sketch>)],
    source: &Source,
    findings: &mut Vec<Diagnostic>,
) -> (Vec<String>, Option<Mark>) {
    let mut chain = vec![String::new()];
    let mut first_line = None;
    let mut here = String::new();
    loop {
        let own = files.iter().filter(|(prefix, _)| *prefix == here);
        let mut lines = own.flat_map(|(_, sketch)| &sketch.bases);
        let Some(line) = lines.next() else { break };
        for more in lines {
            let message = "a second `base`: a folder stands on one";
            let finding = Diagnostic::error(more.mark.clone(), codes::TWICE, message);
            findings.push(finding.also(line.mark.clone(), "the first"));
        }
        first_line = first_line.or_else(|| Some(line.mark.clone()));
        let Some(folder) = &line.folder else { break };
        let next = format!("../{folder}/");
        let mut wrong = |message: String, help: Option<String>| {
            let mut finding = Diagnostic::error(line.mark.clone(), codes::BASE, message);
            finding.help = help;
            findings.push(finding);
        };
        if chain.contains(&next) {
            let round: Vec<&str> = chain.iter().map(|p| name_of(p)).collect();
            let message = format!("bases go round: {} > {folder}", round.join(" > "));
            wrong(message, Some("take one of the `base` lines out".into()));
            break;
        }
        if chain.len() > BASES_MAX {
            let message = format!("more than {BASES_MAX} bases, one on the other");
            wrong(message, Some("join two of them".into()));
            break;
        }
        if let Some(Some(why)) = source.folders.get(folder) {
            wrong(format!("`{folder}` cannot be a base: {why}"), None);
            break;
        }
        if !files.iter().any(|(prefix, _)| *prefix == next) {
            let known = source.folders.keys().map(String::as_str);
            let near = nearest(folder, known.filter(|name| name != folder));
            let help = match near {
                Some(near) => format!("did you mean `base \"../{near}\"`?"),
                None => "the folder stands beside the tenants' and holds `*.kdl` files".into(),
            };
            wrong(format!("no base `{folder}` is there"), Some(help));
            break;
        }
        chain.push(next.clone());
        here = next;
    }
    (chain, first_line)
}

fn name_of(prefix: &str) -> &str {
    match prefix {
        "" => "the tenant",
        _ => prefix.trim_start_matches("../").trim_end_matches('/'),
    }
}

/// Gathers points and values of all layers. `line` is the tenant's `base`.
pub(super) fn gather(
    files: &[File],
    line: Option<&Mark>,
    findings: &mut Vec<Diagnostic>,
) -> Context {
    let mut context = Context {
        whole: files.iter().all(|f| f.whole),
        ..Context::default()
    };
    points(files, line, &mut context, findings);
    values(files, line, &mut context, findings);
    let mut text = String::new();
    for (name, point) in &context.points {
        let chosen = point.chosen.as_ref();
        let sum = chosen.map(|c| hex(&c.sum));
        let places = (&point.declared, chosen.map(|c| &c.mark));
        let _ = writeln!(text, "point {name} {places:?} {sum:?}");
    }
    for (name, held) in &context.values {
        let _ = writeln!(text, "value {name} {:?} {:?}", held.says, held.mark);
    }
    context.sum = crate::file::hash(&text);
    context
}

fn points(
    files: &[File],
    line: Option<&Mark>,
    context: &mut Context,
    findings: &mut Vec<Diagnostic>,
) {
    let deepest = files.iter().map(|f| f.layer).max().unwrap_or(0);
    for layer in (0..=deepest).rev() {
        let own = || files.iter().filter(|f| f.layer == layer);
        let lines = || own().flat_map(|f| f.sketch.points.iter().map(move |p| (f, p)));
        let mut taken: BTreeMap<&str, &Mark> = BTreeMap::new();
        // What replaces comes first, so that points of this layer do not look like deeper ones.
        for (file, point) in lines() {
            let Some(index) = point.outermost else {
                continue;
            };
            if !context.points.contains_key(&point.name) {
                continue;
            }
            if let Some(first) = taken.insert(&point.name, &point.mark) {
                findings.push(twice(point, first));
                continue;
            }
            if let (Some(known), Some(tree)) = (context.points.get_mut(&point.name), &file.tree) {
                known.chosen = Some(Chosen {
                    tree: tree.clone(),
                    sum: file.key.1,
                    index,
                    mark: point.mark.clone(),
                });
            }
        }
        for (_, point) in lines() {
            if point.outermost.is_some() && taken.contains_key(&*point.name) {
                continue;
            }
            match (layer, context.points.get(&point.name)) {
                (0, _) => findings.extend(misplaced(point, line, context)),
                (_, Some(first)) => findings.push(twice(point, &first.declared)),
                (_, None) => {
                    let point_of_base = Point {
                        declared: point.mark.clone(),
                        chosen: None,
                    };
                    context.points.insert(point.name.clone(), point_of_base);
                }
            }
        }
    }
}

fn twice(point: &PointLine, first: &Mark) -> Diagnostic {
    let message = format!("a second `override {}`", point.name);
    let finding = Diagnostic::error(point.mark.clone(), codes::TWICE, message);
    finding.also(first.clone(), "the first")
}

/// A tenant's `override` that replaces nothing.
fn misplaced(point: &PointLine, line: Option<&Mark>, context: &Context) -> Option<Diagnostic> {
    let name = &point.name;
    let error = |message: String| Diagnostic::error(point.mark.clone(), codes::BASE, message);
    let Some(line) = line else {
        let message = "`override` replaces a point of a base, and this tenant has none".to_string();
        let help = "write `base \"../_base\"` in one of the tenant's files";
        return Some(error(message).help(help));
    };
    if let (None, Some(known)) = (point.outermost, context.points.get(name)) {
        let message = format!("`override {name}` stands outermost in the tenant's files");
        let help = "move it out of the block";
        let finding = error(message).help(help);
        return Some(finding.also(known.declared.clone(), "the point"));
    }
    // A base that could not be read may hold it.
    if !context.whole {
        return None;
    }
    let mut finding = error(format!("no point of the base is called `{name}`"));
    finding.help = suggestion(name, context.points.keys().map(String::as_str))
        .or_else(|| Some("the base has no point; its `override NAME { ... }` makes one".into()));
    Some(finding.also(line.clone(), "the base"))
}

fn values(
    files: &[File],
    line: Option<&Mark>,
    context: &mut Context,
    findings: &mut Vec<Diagnostic>,
) {
    let mut lines: Vec<(usize, &ValueLine)> = files
        .iter()
        .flat_map(|f| f.sketch.values.iter().map(move |v| (f.layer, v)))
        .collect();
    lines.sort_by_key(|(layer, _)| std::cmp::Reverse(*layer));
    let mut declared: BTreeMap<&str, (usize, &Mark)> = BTreeMap::new();
    for (layer, value) in lines {
        if let Some((other, first)) = declared.insert(&value.name, (layer, &value.mark))
            && other == layer
        {
            let message = format!("a second `value {}`", value.name);
            let finding = Diagnostic::error(value.mark.clone(), codes::TWICE, message);
            findings.push(finding.also(first.clone(), "the first"));
            continue;
        }
        let before = context.values.contains_key(&value.name);
        if layer == 0 && !before {
            findings.extend(unused(value, files, line, context));
        }
        if !value.says.is_empty() || !before {
            let held = Held {
                says: value.says.clone(),
                mark: value.mark.clone(),
            };
            context.values.insert(value.name.clone(), held);
        }
    }
    for (name, held) in context
        .values
        .iter()
        .filter(|(_, held)| held.says.is_empty())
    {
        let message = match prefix(&held.mark.file) {
            "" => format!("`value {name}` says nothing"),
            _ => format!("the base wants `value {name}`"),
        };
        let help = format!("write `value {name} \"...\"` in one of the tenant's files");
        let finding = match line.filter(|_| !prefix(&held.mark.file).is_empty()) {
            Some(line) => Diagnostic::error(line.clone(), codes::MISSING, message)
                .also(held.mark.clone(), "the base asks for it"),
            None => Diagnostic::error(held.mark.clone(), codes::MISSING, message),
        };
        findings.push(finding.help(help));
    }
}

/// A tenant's value that no base has and no text uses: a wrong name, most often.
fn unused(
    value: &ValueLine,
    files: &[File],
    line: Option<&Mark>,
    context: &Context,
) -> Option<Diagnostic> {
    let name = &value.name;
    if files.iter().any(|f| f.sketch.used.contains(name)) || !context.whole {
        return None;
    }
    let Some(line) = line else {
        let message = format!("nothing uses `{{value.{name}}}`");
        return Some(Diagnostic::warning(
            value.mark.clone(),
            codes::UNUSED,
            message,
        ));
    };
    let message = format!("no value of the base is called `{name}`, and nothing uses it");
    let mut finding = Diagnostic::error(value.mark.clone(), codes::UNKNOWN_NAME, message);
    finding.help = suggestion(name, context.values.keys().map(String::as_str));
    Some(finding.also(line.clone(), "the base"))
}

#[cfg(test)]
mod tests;
