//! Files by themselves: which bases they stand on, which modules all of them load, then what each
//! says. A file that an earlier load has read is not read again, unless it uses modules, points or
//! values and these now are something else.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::expand::expand;
use super::layers::{self, Context, File};
use super::modules::{Modules, Outline};
use super::sink::{Because, Sink};
use super::{Given, Known, Lowered, codes, hex, outermost};
use crate::diagnostic::{Diagnostic, Lines, Mark};
use crate::file::sketch::Tree;
use crate::file::{Cache, FILE_BYTES_MAX, FILES_MAX, Key, Node, Source, hash};

/// All files by themselves.
pub(super) struct Read {
    pub(super) files: Vec<Arc<Lowered>>,
    /// What stands before the paths of each layer's files, the tenant's own first.
    pub(super) layers: Vec<String>,
}

/// A file on its way: as an earlier load made it, or as a tree.
enum Reading {
    Kept(Arc<Lowered>),
    Parsed(Outline, Parts),
}

/// A file with points and values in place.
struct Parts {
    tree: Arc<Tree>,
    /// None where the tree's own nodes are meant.
    nodes: Option<Vec<Node>>,
    others: Vec<Arc<Tree>>,
    because: Vec<Because>,
    findings: Vec<Diagnostic>,
    said: Vec<Mark>,
    placed: BTreeSet<String>,
}

impl Parts {
    fn nodes(&self) -> &[Node] {
        self.nodes.as_deref().unwrap_or(&self.tree.nodes)
    }
}

impl Reading {
    fn outline(&self) -> &Outline {
        match self {
            Reading::Kept(lowered) => &lowered.outline,
            Reading::Parsed(outline, ..) => outline,
        }
    }

    fn of(parts: Parts) -> Reading {
        Reading::Parsed(Outline::of(parts.nodes()), parts)
    }
}

/// All files of the folder and its bases by themselves.
pub(super) fn files(
    source: &Source,
    known: &Known,
    cache: &mut Cache,
    findings: &mut Vec<Diagnostic>,
    digest: &mut String,
) -> Read {
    let mut found = found(source, cache, findings);
    let sketches: Vec<_> = found
        .iter()
        .map(|(file, _)| (layers::prefix(&file.key.0).to_string(), file.sketch.clone()))
        .collect();
    let (layers, line) = layers::chain(&sketches, source, findings);
    let place = |file: &File| {
        let prefix = layers::prefix(&file.key.0);
        layers.iter().position(|layer| layer == prefix)
    };
    found.retain_mut(|(file, _)| match place(file) {
        Some(layer) => {
            file.layer = layer;
            true
        }
        None => false,
    });
    // The deepest base first, so that of two of a name the tenant's is the second.
    found.sort_by_key(|(file, _)| std::cmp::Reverse(file.layer));
    let (files, texts): (Vec<File>, Vec<Arc<str>>) = found.into_iter().unzip();
    for File { key, .. } in &files {
        digest.push_str(&format!("{} {}\n", key.0, hex(&key.1)));
    }
    let context = layers::gather(&files, line.as_ref(), findings);
    let mut work = Work {
        context: &context,
        known,
        cache,
        findings,
        digest,
    };
    let lowered = work.lower_all(&files, &texts);
    for file in files.iter().filter(|f| f.layer > 0 || f.sketch.is_open()) {
        if let Some(tree) = &file.tree {
            cache.keep_tree(&file.key, tree);
        }
    }
    not_placed(&context, &lowered, findings);
    Read {
        files: lowered,
        layers,
    }
}

/// Every file with its text, as an earlier load knew it or read now.
fn found(
    source: &Source,
    cache: &mut Cache,
    findings: &mut Vec<Diagnostic>,
) -> Vec<(File, Arc<str>)> {
    let mut found = Vec::new();
    for (path, text) in source.dialplan_files().take(FILES_MAX) {
        let path: Arc<str> = Arc::from(path.as_str());
        if text.len() > FILE_BYTES_MAX {
            let lines = Lines::new(path, Arc::from(""));
            let message = format!("a file of more than {FILE_BYTES_MAX} bytes");
            let finding = Diagnostic::error(lines.mark(0, 0), codes::SYNTAX, message);
            findings.push(
                finding.help("put tables of numbers into a CSV file, `dids \"numbers.csv\"`"),
            );
            continue;
        }
        let key: Key = (path.clone(), hash(text));
        let lowered = cache.find(&key);
        let tree = match (cache.find_tree(&key), &lowered) {
            (None, None) => {
                let read = || Tree::read(Lines::new(path, text.clone()));
                Some(cache.parse(&key, read))
            }
            (tree, _) => tree,
        };
        let (sketch, whole) = match (&tree, &lowered) {
            (Some(tree), _) => (tree.sketch.clone(), tree.whole),
            (None, Some(lowered)) => (lowered.sketch.clone(), lowered.whole),
            (None, None) => continue,
        };
        let file = File {
            key,
            layer: 0,
            sketch,
            tree,
            whole,
        };
        found.push((file, text.clone()));
    }
    found
}

/// What files are read with.
struct Work<'w> {
    context: &'w Context,
    known: &'w Known,
    cache: &'w mut Cache,
    findings: &'w mut Vec<Diagnostic>,
    digest: &'w mut String,
}

impl Work<'_> {
    fn lower_all(&mut self, files: &[File], texts: &[Arc<str>]) -> Vec<Arc<Lowered>> {
        let mut readings: Vec<(Key, &File, &Arc<str>, Reading)> = Vec::with_capacity(files.len());
        for (file, text) in files.iter().zip(texts) {
            let key = match file.sketch.is_open() {
                true => (file.key.0.clone(), both(&file.key.1, &self.context.sum)),
                false => file.key.clone(),
            };
            let reading = match self.cache.find(&key) {
                Some(lowered) => Reading::Kept(lowered),
                None => Reading::of(self.parts(file, text)),
            };
            readings.push((key, file, text, reading));
        }
        let outlines = readings.iter().map(|(_, _, _, r)| r.outline());
        let modules = Arc::new(Modules::gather(outlines, self.known, self.context.whole));
        if let Some(sum) = modules.sum {
            self.digest.push_str(&format!("modules {}\n", hex(&sum)));
        }
        let mut all = Vec::with_capacity(readings.len());
        for (key, file, text, reading) in readings {
            let reading = match reading {
                // What its modules offer has changed, so it is read again.
                Reading::Kept(old) if old.outline.uses && old.modules_sum != modules.sum => {
                    Reading::of(self.parts(file, text))
                }
                reading => reading,
            };
            let lowered = match reading {
                Reading::Kept(lowered) => lowered,
                Reading::Parsed(outline, parts) => {
                    self.lowered(&key, file, parts, outline, &modules)
                }
            };
            self.cache.keep(key, lowered.clone());
            self.findings.extend(lowered.findings.iter().cloned());
            all.push(lowered);
        }
        all
    }

    /// A file read by itself; a base's that says the same to every tenant is read once.
    fn lowered(
        &self,
        key: &Key,
        file: &File,
        parts: Parts,
        outline: Outline,
        modules: &Arc<Modules>,
    ) -> Arc<Lowered> {
        if file.layer == 0 || file.sketch.is_open() {
            return Arc::new(lower(parts, outline, modules));
        }
        let sum = modules.sum.filter(|_| outline.uses);
        self.cache.find_shared(key, sum).unwrap_or_else(|| {
            let lowered = Arc::new(lower(parts, outline, modules));
            self.cache.keep_shared(key, sum, &lowered);
            lowered
        })
    }

    /// A file with its points and values in place.
    fn parts(&mut self, file: &File, text: &Arc<str>) -> Parts {
        let tree = file.tree.clone().unwrap_or_else(|| {
            let read = || Tree::read(Lines::new(file.key.0.clone(), text.clone()));
            self.cache.parse(&file.key, read)
        });
        if !file.sketch.is_open() {
            return Parts {
                tree,
                nodes: None,
                others: Vec::new(),
                because: Vec::new(),
                findings: Vec::new(),
                said: Vec::new(),
                placed: BTreeSet::new(),
            };
        }
        let expanded = expand(&tree, self.context);
        Parts {
            tree,
            nodes: Some(expanded.nodes),
            others: expanded.others,
            because: expanded.because,
            findings: expanded.findings,
            said: expanded.said,
            placed: expanded.placed,
        }
    }
}

fn both(a: &[u8; 32], b: &[u8; 32]) -> [u8; 32] {
    hash(&format!("{} {}", hex(a), hex(b)))
}

/// Replacements of points that stand inside what another replacement took out.
fn not_placed(context: &Context, files: &[Arc<Lowered>], findings: &mut Vec<Diagnostic>) {
    if !context.whole {
        return;
    }
    let placed = |name: &str| files.iter().any(|f| f.placed.contains(name));
    for (name, point) in &context.points {
        let Some(chosen) = point.chosen.as_ref().filter(|_| !placed(name)) else {
            continue;
        };
        let message = format!("the point `{name}` stands in what another `override` replaces");
        let finding = Diagnostic::error(chosen.mark.clone(), codes::BASE, message);
        let help = "take this one out, or put its lines into that one";
        findings.push(finding.help(help).also(point.declared.clone(), "the point"));
    }
}

/// Files that modules may read belong to what the dialplan is.
pub(super) fn granted_files(
    source: &Source,
    layers: &[String],
    files: &[Arc<Lowered>],
    digest: &mut String,
) {
    let modules = files.iter().flat_map(|f| &f.modules);
    let grants = modules.flat_map(|m| m.value.grants.iter());
    let names: BTreeSet<&str> = grants
        .filter(|g| g.capability == "file")
        .map(|g| g.what.as_str())
        .collect();
    for name in names {
        if let Some((path, text)) = source.find_in(layers, name) {
            digest.push_str(&format!("file {path} {}\n", hex(&hash(text))));
        }
    }
}

/// Reads one file by itself.
fn lower(parts: Parts, outline: Outline, modules: &Arc<Modules>) -> Lowered {
    let tree = &parts.tree;
    let also: Vec<Diagnostic> = parts
        .others
        .iter()
        .flat_map(|other| other.findings.iter().cloned())
        .collect();
    let others = parts.others.iter().map(|other| other.lines.clone());
    let because = parts.because.clone();
    let mut sink = Sink::new(tree.lines.clone(), tree.findings.clone());
    sink = sink.with_others(others.collect(), because, &also);
    sink.modules = modules.clone();
    let mut out = Lowered {
        whole: tree.whole,
        outline,
        sketch: tree.sketch.clone(),
        modules_sum: modules.sum,
        ..Lowered::default()
    };
    sink.say(parts.findings.clone(), &parts.said);
    for node in parts.nodes() {
        outermost(&mut sink, &mut out, node);
    }
    out.given = Given {
        routes: std::mem::take(&mut sink.module_routes),
        files: std::mem::take(&mut sink.module_files),
        names: std::mem::take(&mut sink.module_names),
    };
    out.placed = parts.placed;
    (out.findings, out.references) = sink.finish();
    out
}
