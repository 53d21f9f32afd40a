//! How routes lead to one another: those that go round without anything that takes time, where a
//! call would never come to rest, and those to which no number leads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::csv::Table;
use super::sink::Kind;
use super::{Lowered, codes, layers};
use crate::diagnostic::{Diagnostic, Mark};
use crate::route::{Block, Place, StepKind};

/// Most warnings about routes that nothing reaches.
const UNREACHED_MAX: usize = 500;

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

/// Warns of routes that no number leads to.
pub(super) fn unreached(
    files: &[Arc<Lowered>],
    tables: &[Arc<Table>],
    findings: &mut Vec<Diagnostic>,
) {
    let routes = || files.iter().flat_map(|f| &f.routes);
    let blocks: BTreeMap<&str, &Block> = routes().map(|r| (&*r.name, &*r.value)).collect();
    let mut open: Vec<&str> = Vec::new();
    for file in files {
        file.dids
            .iter()
            .for_each(|(_, _, block)| gotos(block, &mut open));
        file.outbounds
            .iter()
            .for_each(|o| gotos(&o.value.block, &mut open));
        open.extend(file.includes.iter().filter_map(|i| i.route.as_deref()));
        open.extend(file.given.routes.iter().map(String::as_str));
    }
    open.extend(tables.iter().flat_map(|t| &t.rows).map(|row| &*row.route));
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    while let Some(name) = open.pop() {
        if reached.insert(name)
            && let Some(block) = blocks.get(name)
        {
            gotos(block, &mut open);
        }
    }
    // What a base offers need not be used by every tenant.
    let own = routes().filter(|r| layers::prefix(&r.mark.file).is_empty());
    let lonely = own.filter(|r| !reached.contains(&*r.name));
    findings.extend(lonely.take(UNREACHED_MAX).map(|route| {
        let message = format!("no number leads to route `{}`", route.name);
        let help = "it is reached only by name, as `call start` does";
        Diagnostic::warning(route.mark.clone(), codes::UNUSED, message).help(help)
    }));
}

/// All routes that a block names, in any branch.
fn gotos<'b>(block: &'b Block, out: &mut Vec<&'b str>) {
    for step in &block.steps {
        match &step.kind {
            StepKind::Goto { route } => out.push(route),
            StepKind::When { arms } => arms.iter().for_each(|(_, arm)| gotos(arm, out)),
            _ => {}
        }
        step.branches
            .iter()
            .for_each(|branch| gotos(&branch.block, out));
        step.otherwise.iter().for_each(|block| gotos(block, out));
    }
}
