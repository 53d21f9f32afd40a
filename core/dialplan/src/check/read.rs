//! Files by themselves: which modules all of them load, then what each says. A file that an earlier
//! load has read is not read again, unless it uses modules and these now offer something else.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::modules::{Modules, Outline};
use super::sink::Sink;
use super::{Given, Known, Lowered, codes, hex, outermost};
use crate::diagnostic::{Diagnostic, Lines};
use crate::file::tree::Parsed;
use crate::file::{Cache, FILE_BYTES_MAX, FILES_MAX, Key, Source, hash, parse};

/// A file on its way: as an earlier load made it, or parsed just now.
enum Reading {
    Kept(Arc<Lowered>),
    Parsed(Outline, Lines, Parsed),
}

impl Reading {
    fn outline(&self) -> &Outline {
        match self {
            Reading::Kept(lowered) => &lowered.outline,
            Reading::Parsed(outline, ..) => outline,
        }
    }

    fn whole(&self) -> bool {
        match self {
            Reading::Kept(lowered) => lowered.whole,
            Reading::Parsed(_, _, parsed) => parsed.whole,
        }
    }
}

/// All files of the folder by themselves: first which modules they load, then the rest.
pub(super) fn files(
    source: &Source,
    known: &Known,
    cache: &mut Cache,
    findings: &mut Vec<Diagnostic>,
    digest: &mut String,
) -> Vec<Arc<Lowered>> {
    let mut readings: Vec<(Key, Arc<str>, Reading)> = Vec::new();
    for (path, text) in source.dialplan_files().take(FILES_MAX) {
        let file: Arc<str> = Arc::from(path.as_str());
        if text.len() > FILE_BYTES_MAX {
            let lines = Lines::new(file, Arc::from(""));
            let message = format!("a file of more than {FILE_BYTES_MAX} bytes");
            let finding = Diagnostic::error(lines.mark(0, 0), codes::SYNTAX, message);
            findings.push(
                finding.help("put tables of numbers into a CSV file, `dids \"numbers.csv\"`"),
            );
            continue;
        }
        let sum = hash(text);
        digest.push_str(&format!("{path} {}\n", hex(&sum)));
        let key = (file.clone(), sum);
        let reading = match cache.find(&key) {
            Some(lowered) => Reading::Kept(lowered),
            None => parsed_now(Lines::new(file, text.clone()), cache),
        };
        readings.push((key, text.clone(), reading));
    }
    let whole = readings.iter().all(|(_, _, r)| r.whole());
    let outlines = readings.iter().map(|(_, _, r)| r.outline());
    let modules = Arc::new(Modules::gather(outlines, known, whole));
    if let Some(sum) = modules.sum {
        digest.push_str(&format!("modules {}\n", hex(&sum)));
    }
    let mut files = Vec::new();
    for (key, text, reading) in readings {
        let reading = match reading {
            // What its modules offer has changed, so it is read again.
            Reading::Kept(old) if old.outline.uses && old.modules_sum != modules.sum => {
                parsed_now(Lines::new(key.0.clone(), text), cache)
            }
            reading => reading,
        };
        let lowered = match reading {
            Reading::Kept(lowered) => lowered,
            Reading::Parsed(outline, lines, parsed) => {
                Arc::new(lower(lines, parsed, outline, &modules))
            }
        };
        cache.keep(key, lowered.clone());
        findings.extend(lowered.findings.iter().cloned());
        files.push(lowered);
    }
    files
}

fn parsed_now(lines: Lines, cache: &mut Cache) -> Reading {
    cache.count_parsed();
    let parsed = parse(&lines);
    Reading::Parsed(Outline::of(&parsed.nodes), lines, parsed)
}

/// Files that modules may read belong to what the dialplan is.
pub(super) fn granted_files(source: &Source, files: &[Arc<Lowered>], digest: &mut String) {
    let modules = files.iter().flat_map(|f| &f.modules);
    let grants = modules.flat_map(|m| m.value.grants.iter());
    let names: BTreeSet<&str> = grants
        .filter(|g| g.capability == "file")
        .map(|g| g.what.as_str())
        .collect();
    for name in names {
        if let Some(text) = source.files.get(name) {
            digest.push_str(&format!("file {name} {}\n", hex(&hash(text))));
        }
    }
}

/// Reads one file by itself.
fn lower(lines: Lines, parsed: Parsed, outline: Outline, modules: &Arc<Modules>) -> Lowered {
    let mut sink = Sink::new(lines, parsed.findings);
    sink.modules = modules.clone();
    let mut out = Lowered {
        whole: parsed.whole,
        outline,
        modules_sum: modules.sum,
        ..Lowered::default()
    };
    for node in &parsed.nodes {
        outermost(&mut sink, &mut out, node);
    }
    out.given = Given {
        routes: std::mem::take(&mut sink.module_routes),
        files: std::mem::take(&mut sink.module_files),
        names: std::mem::take(&mut sink.module_names),
    };
    (out.findings, out.references) = sink.finish();
    out
}
