//! Routes that go round without anything that takes time: a call would never come to rest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::sink::Kind;
use super::{Lowered, codes};
use crate::diagnostic::{Diagnostic, Mark};
use crate::route::{Block, Place, StepKind};

type Edges<'r> = BTreeMap<&'r str, Vec<(&'r str, &'r Place)>>;

/// Reports each loop once, at the `goto` that closes it.
pub(super) fn loops(files: &[Arc<Lowered>], findings: &mut Vec<Diagnostic>) {
    let mut edges: Edges<'_> = BTreeMap::new();
    for route in files.iter().flat_map(|f| &f.routes) {
        let mut out = Vec::new();
        at_once(&route.value, &mut out);
        edges.entry(&route.name).or_insert(out);
    }
    // 0 unseen, 1 on the path, 2 done; an own stack, since chains of routes may be long.
    let mut state: BTreeMap<&str, u8> = BTreeMap::new();
    for start in edges.keys().copied().collect::<BTreeSet<_>>() {
        if state.contains_key(start) {
            continue;
        }
        let mut path: Vec<(&str, usize)> = vec![(start, 0)];
        state.insert(start, 1);
        while let Some((name, next)) = path.last_mut() {
            let name = *name;
            let Some((target, place)) = edges.get(name).and_then(|e| e.get(*next)) else {
                state.insert(name, 2);
                path.pop();
                continue;
            };
            *next += 1;
            match state.get(target) {
                None if edges.contains_key(target) => {
                    state.insert(target, 1);
                    path.push((target, 0));
                }
                Some(1) => findings.push(closes(files, &path, target, place)),
                _ => {}
            }
        }
    }
}

fn closes(
    files: &[Arc<Lowered>],
    path: &[(&str, usize)],
    target: &str,
    place: &Place,
) -> Diagnostic {
    let round = path
        .iter()
        .map(|(name, _)| *name)
        .skip_while(|name| *name != target);
    let mut names: Vec<&str> = round.collect();
    names.push(target);
    let references = files.iter().flat_map(|f| &f.references);
    let mark = references
        .filter(|r| r.kind == Kind::Route && r.name == target && r.mark.file == place.file)
        .find(|r| r.mark.line == place.line && r.mark.column > place.column)
        .map_or_else(|| Mark::at(place), |r| r.mark.clone());
    let message = format!(
        "this goes round for ever without a step that takes time: {}",
        names.join(" > ")
    );
    let help = "put a `play`, `wait` or `collect` into the round, or end it with `hangup`";
    Diagnostic::error(mark, codes::LOOP, message).help(help)
}

/// Routes that a block goes to before any step that takes time.
fn at_once<'b>(block: &'b Block, out: &mut Vec<(&'b str, &'b Place)>) -> bool {
    for step in &block.steps {
        match &step.kind {
            StepKind::Answer | StepKind::Set { .. } | StepKind::Record { .. } => {}
            StepKind::Goto { route } => {
                out.push((route, &step.place));
                return false;
            }
            StepKind::When { arms } => {
                let mut goes_on = false;
                for (_, arm) in arms {
                    goes_on |= at_once(arm, out);
                }
                goes_on |= step.otherwise.as_ref().is_none_or(|e| at_once(e, out));
                if !goes_on {
                    return false;
                }
            }
            _ => return false,
        }
    }
    true
}
