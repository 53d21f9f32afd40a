//! Scripts under test: written here, run by answers given by hand.

mod check;
mod examples;
mod hostile;
mod hosts;
mod language;
mod limits;
mod outside;
mod replay;
mod usage;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cordboard_call::event::Direction;
use cordboard_call::ids::{CallId, TenantId};
use cordboard_steps::script::{
    ScriptAnswer, ScriptCall, ScriptError, ScriptErrorKind, ScriptOp, ScriptStart, ScriptTurn,
};

use super::{CpuTime, Limits, LuaHost, ScriptDiagnostic, Scripts};

/// A folder of scripts from (file, text).
pub fn compile(files: &[(&str, &str)]) -> Result<Scripts, Vec<ScriptDiagnostic>> {
    let files: BTreeMap<String, String> = files
        .iter()
        .map(|(f, s)| (f.to_string(), s.to_string()))
        .collect();
    Scripts::compile(&files)
}

pub fn call_id(n: u32) -> CallId {
    CallId::new(1_795_353_000_000, 1, u128::from(n))
}

pub fn start_of(script: &str, call: CallId) -> ScriptStart {
    ScriptStart {
        program: cordboard_steps::Program::Script(script.into()),
        arguments: BTreeMap::new(),
        call: ScriptCall {
            id: call,
            tenant: TenantId::new("demo"),
            direction: Direction::Inbound,
            caller: "+442079460000".into(),
            caller_name: None,
            dialled: "+442079460100".into(),
            user: None,
            trunk: None,
            answered: false,
            at_ms: 1_795_353_000_000,
            variables: BTreeMap::new(),
        },
    }
}

/// One host, one script, one call, driven by hand.
pub struct Story {
    pub host: LuaHost,
    pub scripts: Scripts,
    pub call: CallId,
}

impl Story {
    /// With a deterministic clock, a microsecond a safepoint, and these limits.
    pub fn with(limits: Limits, source: &str) -> Story {
        let scripts = compile(&[("main.lua", source)]).unwrap();
        Story {
            host: LuaHost::new(limits, CpuTime::Counted(Duration::from_micros(1))),
            scripts,
            call: call_id(1),
        }
    }

    pub fn new(source: &str) -> Story {
        Story::with(Limits::default(), source)
    }

    pub fn start(&mut self) -> ScriptTurn {
        self.host.start(&self.scripts, &start_of("main", self.call))
    }

    /// Starts another call of the same script.
    pub fn start_call(&mut self, n: u32) -> ScriptTurn {
        self.host
            .start(&self.scripts, &start_of("main", call_id(n)))
    }

    pub fn answer(&mut self, answer: ScriptAnswer) -> ScriptTurn {
        self.host.resume(self.call, answer).unwrap()
    }

    /// Answers `Done` until the script ends.
    pub fn run(&mut self) -> ScriptTurn {
        let mut turn = self.start();
        for _ in 0..10_000 {
            match turn {
                ScriptTurn::Call { .. } => turn = self.answer(ScriptAnswer::Done),
                end => return end,
            }
        }
        panic!("the script does not end")
    }
}

/// What a script returns that asks nothing, or `Done`s only.
pub fn outcome(source: &str) -> Option<String> {
    match Story::new(source).run() {
        ScriptTurn::Done { outcome } => outcome,
        other => panic!("{other:?}"),
    }
}

pub fn error(source: &str) -> ScriptError {
    match Story::new(source).run() {
        ScriptTurn::Failed { error } => error,
        other => panic!("{other:?}"),
    }
}

pub fn op(turn: ScriptTurn) -> ScriptOp {
    match turn {
        ScriptTurn::Call { op, .. } => op,
        other => panic!("{other:?}"),
    }
}

pub fn done(outcome: &str) -> ScriptTurn {
    ScriptTurn::Done {
        outcome: Some(outcome.into()),
    }
}

/// What a script makes of the answer to its first host call.
pub fn makes(source: &str, answer: ScriptAnswer) -> String {
    let mut story = Story::new(source);
    op(story.start());
    match story.answer(answer) {
        ScriptTurn::Done { outcome } => outcome.unwrap(),
        other => panic!("{other:?}"),
    }
}
