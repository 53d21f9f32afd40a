//! Branch coverage: which blocks of a dialplan its tests have run.
//!
//! Counted is every block that a call can enter: of a DID, an `outbound`, a route, a branch, an
//! `else`, a `when`. A block that many DIDs share counts once.

use std::collections::HashSet;
use std::sync::Arc;

use cordboard_dialplan::Dialplan;
use cordboard_dialplan::route::{Block, StepKind};
use serde::{Deserialize, Serialize};

/// Most blocks listed; the count goes on.
const LISTED_MAX: usize = 200;

/// How much of a dialplan ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Blocks in all.
    pub blocks: usize,
    /// Blocks that ran at least once.
    pub ran: usize,
    /// Blocks that never ran, in the order of their places; at most 200.
    pub never_ran: Vec<Unvisited>,
}

/// A block that never ran.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unvisited {
    /// Its file.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
    /// Its column, from 1.
    pub column: u32,
    /// What it is: `on "2"`, `route vip`.
    pub title: String,
}

/// Blocks that ran, by identity.
#[derive(Default)]
pub(super) struct Visited(HashSet<*const Block>);

impl Visited {
    pub fn add(&mut self, blocks: &[Arc<Block>]) {
        self.0.extend(blocks.iter().map(Arc::as_ptr));
    }

    /// What of the dialplan they are.
    pub fn coverage(&self, dialplan: &Dialplan) -> Coverage {
        let mut all = Vec::new();
        let mut seen = HashSet::new();
        let dids = dialplan.dids.entries().iter().map(|entry| &entry.value);
        let outbound = dialplan
            .outbound
            .entries()
            .iter()
            .map(|entry| &entry.value.block);
        for block in dids.chain(outbound).chain(dialplan.routes.values()) {
            collect(block, &mut seen, &mut all);
        }
        let visited = |block: &&Arc<Block>| self.0.contains(&Arc::as_ptr(block));
        let ran = all.iter().filter(visited).count();
        let mut missed: Vec<&Arc<Block>> = all.iter().filter(|block| !visited(block)).collect();
        missed.sort_by(|a, b| a.place.cmp(&b.place));
        let listed = missed.iter().take(LISTED_MAX).map(|block| Unvisited {
            file: block.place.file.to_string(),
            line: block.place.line,
            column: block.place.column,
            title: block.title.clone(),
        });
        let never_ran = listed.collect();
        Coverage {
            blocks: all.len(),
            ran,
            never_ran,
        }
    }
}

/// All blocks inside a block, itself first. Nesting is bounded by the dialplan's reader.
fn collect(block: &Arc<Block>, seen: &mut HashSet<*const Block>, all: &mut Vec<Arc<Block>>) {
    if !seen.insert(Arc::as_ptr(block)) {
        return;
    }
    all.push(block.clone());
    for step in &block.steps {
        for branch in &step.branches {
            collect(&branch.block, seen, all);
        }
        if let Some(otherwise) = &step.otherwise {
            collect(otherwise, seen, all);
        }
        if let StepKind::When { arms } = &step.kind {
            for (_, block) in arms {
                collect(block, seen, all);
            }
        }
    }
}
