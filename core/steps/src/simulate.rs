//! A call that never was: a dialplan's route in virtual time, told line by line.
//!
//! The run is the live switch's own; only its surroundings are made here. Prompts last as long as
//! they are, phones answer when the test says so, keys are pressed when digits are asked for, http
//! answers are canned, and so are outcomes of modules' steps where a test says them. Nothing depends on the wall clock or on chance: the same call on the
//! same dialplan gives the same transcript.

mod canned;
mod coverage;
mod narrator;
mod outside;
mod phones;
mod report;
mod stage;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cordboard_dialplan::Dialplan;
use cordboard_dialplan::route::{Block, Test, TestCall};
use cordboard_media::Audio;
use serde::{Deserialize, Serialize};

pub use self::coverage::{Coverage, Unvisited};
pub use self::outside::{Outside, canned_http};
pub use self::report::{DiffLine, TestFailure, TestReport, run_tests};
use crate::script::{Program, ScriptAnswer, ScriptError, ScriptErrorKind, ScriptStart, ScriptTurn};

/// When a call happens that does not say: a Monday at noon, tenant's time.
pub const USUAL_TIME: &str = "2026-01-05T12:00";

/// How long prompts are.
pub trait PromptLengths {
    /// A prompt's length; `None` where there is no such prompt.
    fn length(&self, name: &str) -> Option<Duration>;
}

/// Every prompt is there and lasts this long.
#[derive(Clone, Copy, Debug)]
pub struct AnyPrompt(pub Duration);

impl PromptLengths for AnyPrompt {
    fn length(&self, _: &str) -> Option<Duration> {
        Some(self.0)
    }
}

/// What runs programs for a simulation, scripts and steps of modules: the real hosts, without
/// waiting. One program at a time.
pub trait ScriptHost {
    /// Begins a program; one that still ran is dropped.
    fn start(&mut self, start: &ScriptStart) -> ScriptTurn;
    /// Answers its pending host call.
    fn resume(&mut self, answer: ScriptAnswer) -> ScriptTurn;
    /// Drops it.
    fn kill(&mut self) {}
    /// A new test begins: what programs remember of the one before is gone, and its canned http
    /// is theirs where they ask for it outside of a call.
    fn begin_test(&mut self, _test: &Test) {}
    /// The test is over: what services kept is forgotten.
    fn forget(&mut self) {}
    /// The virtual wall clock, Unix milliseconds: told when a call begins and before each of the
    /// others. It goes back only where a test's call names an earlier time.
    fn set_time(&mut self, _unix_ms: u64) {}
    /// When a turn comes by itself, Unix milliseconds: timers of a module's service.
    fn next_timeout(&self) -> Option<u64> {
        None
    }
    /// That time has come; the turn, if there is one.
    fn timeout(&mut self) -> Option<ScriptTurn> {
        None
    }
    /// What was retained since this was asked last: topic, key, and the value or that it is
    /// forgotten. Conditions of the route read it.
    fn retained(&mut self) -> Vec<Retained> {
        Vec::new()
    }
}

/// A retained fact: topic, key, value.
pub type Retained = (String, String, Option<serde_json::Value>);

/// A host that has no scripts and no modules: each fails as missing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoScripts;

impl ScriptHost for NoScripts {
    fn start(&mut self, start: &ScriptStart) -> ScriptTurn {
        let what = match start.program {
            Program::Script(_) => "script",
            Program::Step(_) => "module's step",
        };
        let message = format!("there is no {what} `{}`", start.program.name());
        let (line, stack, kind) = (None, String::new(), ScriptErrorKind::Missing);
        ScriptTurn::Failed {
            error: ScriptError {
                message,
                line,
                stack,
                kind,
            },
        }
    }

    fn resume(&mut self, _: ScriptAnswer) -> ScriptTurn {
        ScriptTurn::Done { outcome: None }
    }
}

/// What happened in a simulated call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    /// What happened, in order.
    pub lines: Vec<Line>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Milliseconds since the call began.
    pub at_ms: u64,
    /// What: `play welcome`, `collect digits=1 -> 2`, `ring alice`, `hangup normal`.
    pub text: String,
    /// File and line that caused it, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line in that file, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = match (&self.file, self.line) {
            (Some(file), Some(line)) => format!("{file}:{line}"),
            _ => String::new(),
        };
        let seconds = self.at_ms as f64 / 1000.0;
        write!(f, "{seconds:>8.1} s  {place:<22} {}", self.text)
    }
}

impl std::fmt::Display for Transcript {
    /// One line each: time, place, what happened.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in &self.lines {
            writeln!(f, "{}", line.to_string().trim_end())?;
        }
        Ok(())
    }
}

/// Simulates one call; http has no canned answers, the store begins empty.
pub fn simulate(
    dialplan: &Arc<Dialplan>,
    prompts: &dyn PromptLengths,
    scripts: &mut dyn ScriptHost,
    call: &TestCall,
) -> Transcript {
    Simulation::new(dialplan, prompts)
        .call(scripts, &mut Outside::default(), call)
        .0
}

/// A dialplan on which calls are simulated one after another.
pub struct Simulation<'a> {
    dialplan: &'a Arc<Dialplan>,
    prompts: &'a dyn PromptLengths,
    /// Prompts made so far.
    made: RefCell<BTreeMap<String, Option<Arc<Audio>>>>,
}

impl<'a> Simulation<'a> {
    /// One for this dialplan.
    pub fn new(dialplan: &'a Arc<Dialplan>, prompts: &'a dyn PromptLengths) -> Simulation<'a> {
        Simulation {
            dialplan,
            prompts,
            made: RefCell::default(),
        }
    }

    /// Simulates one call. `outside` answers http and keeps the store, facts and the clock from call
    /// to call: one that says no time begins a second after the last was over.
    pub fn call(
        &self,
        scripts: &mut dyn ScriptHost,
        outside: &mut Outside,
        call: &TestCall,
    ) -> (Transcript, Vec<Arc<Block>>) {
        let stage = stage::Stage::new(self, call, outside.next_call_ms());
        stage.play(scripts, outside)
    }

    /// A prompt: silence of its length.
    fn prompt(&self, name: &str) -> Option<Arc<Audio>> {
        if let Some(made) = self.made.borrow().get(name) {
            return made.clone();
        }
        let audio = self.prompts.length(name).map(|length| {
            let samples = (length.as_millis() as usize).saturating_mul(8);
            Arc::new(Audio {
                name: name.to_owned(),
                samples: vec![0; samples],
            })
        });
        self.made
            .borrow_mut()
            .insert(name.to_owned(), audio.clone());
        audio
    }
}

#[cfg(test)]
mod tests;
