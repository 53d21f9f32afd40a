//! What a simulation takes from the node: prompts' true lengths and the real script host.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cordboard_call::CallId;
use cordboard_host::{LuaHost, Scripts};
use cordboard_media::Audio;
use cordboard_steps::simulate::{PromptLengths, ScriptHost};
use cordboard_steps::{ScriptAnswer, ScriptError, ScriptErrorKind, ScriptStart, ScriptTurn};

/// Samples a second of decoded prompts.
const SAMPLE_RATE: u64 = 8_000;

/// Lengths of decoded prompts.
pub struct Lengths<'a>(pub &'a BTreeMap<String, Arc<Audio>>);

impl PromptLengths for Lengths<'_> {
    fn length(&self, name: &str) -> Option<Duration> {
        let samples = self.0.get(name)?.samples.len() as u64;
        Some(Duration::from_millis(samples * 1000 / SAMPLE_RATE))
    }
}

/// The real Lua host, one script at a time.
pub struct SimulatedScripts {
    host: LuaHost,
    scripts: Arc<Scripts>,
    running: Option<CallId>,
}

impl SimulatedScripts {
    /// A host for the scripts of one generation.
    pub fn new(host: LuaHost, scripts: Arc<Scripts>) -> Self {
        Self {
            host,
            scripts,
            running: None,
        }
    }
}

impl ScriptHost for SimulatedScripts {
    fn start(&mut self, start: &ScriptStart) -> ScriptTurn {
        self.kill();
        self.running = Some(start.call.id);
        self.host.start(&self.scripts, start)
    }

    fn resume(&mut self, answer: ScriptAnswer) -> ScriptTurn {
        let turn = self.running.and_then(|call| self.host.resume(call, answer));
        turn.unwrap_or_else(|| ScriptTurn::Failed {
            error: ScriptError {
                message: "no script waits for an answer".to_owned(),
                line: None,
                stack: String::new(),
                kind: ScriptErrorKind::Runtime,
            },
        })
    }

    fn kill(&mut self) {
        if let Some(call) = self.running.take() {
            self.host.kill(call);
        }
    }
}
