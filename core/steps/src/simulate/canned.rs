//! Canned steps of modules: a test says how each ends, so that a route is tested without them.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use cordboard_dialplan::route::CannedStep;

use crate::script::{Program, ScriptOp, ScriptTurn};

/// The canned steps of a test, and how often each has run.
#[derive(Clone, Debug, Default)]
pub(super) struct Canned {
    lines: BTreeMap<String, Vec<CannedStep>>,
    ran: BTreeMap<String, usize>,
}

impl Canned {
    /// Lines by step, in their order.
    pub fn new(lines: &[CannedStep]) -> Canned {
        let mut out = Canned::default();
        for line in lines {
            let of_step = out.lines.entry(line.name.clone()).or_default();
            of_step.push(line.clone());
        }
        out
    }

    /// The turns of a step that is canned: its n-th run takes the n-th line, and the last line from
    /// then on.
    pub fn start(&mut self, program: &Program) -> Option<VecDeque<ScriptTurn>> {
        program.step()?;
        let name = program.name();
        let lines = self.lines.get(&*name)?;
        let ran = self.ran.entry(name.into_owned()).or_default();
        let line = lines.get(*ran).or(lines.last())?;
        *ran += 1;
        let call = |op| ScriptTurn::Call { op, line: 0 };
        let takes =
            (line.after > Duration::ZERO).then(|| call(ScriptOp::Wait { lasts: line.after }));
        let sets = line.set.iter().map(|(name, value)| {
            call(ScriptOp::Set {
                name: name.clone(),
                value: value.clone(),
            })
        });
        let done = ScriptTurn::Done {
            outcome: Some(line.outcome.clone()),
        };
        Some(takes.into_iter().chain(sets).chain([done]).collect())
    }
}
