//! What a simulation takes from the node: prompts' true lengths and the real hosts of scripts and modules.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cordboard_call::CallId;
use cordboard_host::LuaHost;
use cordboard_host::contract::World;
use cordboard_host::manifest::Kind;
use cordboard_host::module::{StepBegin, StepHost, Work};
use cordboard_host::program::Programs;
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

/// Hosts of modules' steps, by kind; what is absent fails its steps.
#[derive(Default)]
pub struct StepHosts {
    /// Components of WebAssembly.
    pub wasm: Option<Box<dyn StepHost>>,
    /// Luau.
    pub lua: Option<Box<dyn StepHost>>,
    /// Libraries of the machine's own code.
    pub native: Option<Box<dyn StepHost>>,
}

impl StepHosts {
    fn of(&mut self, kind: Kind) -> Option<&mut Box<dyn StepHost>> {
        match kind {
            Kind::Wasm => self.wasm.as_mut(),
            Kind::Lua => self.lua.as_mut(),
            Kind::Native => self.native.as_mut(),
        }
    }
}

/// The real hosts, one program at a time.
pub struct SimulatedScripts {
    host: LuaHost,
    steps: StepHosts,
    programs: Arc<Programs>,
    running: Option<(CallId, Option<Kind>)>,
}

impl SimulatedScripts {
    /// Hosts for the programs of one generation.
    pub fn new(host: LuaHost, programs: Arc<Programs>) -> Self {
        Self {
            host,
            steps: StepHosts::default(),
            programs,
            running: None,
        }
    }

    /// With hosts for modules' steps.
    #[must_use]
    pub fn with_steps(mut self, steps: StepHosts) -> Self {
        self.steps = steps;
        self
    }

    fn begin(&mut self, start: &ScriptStart, begin: StepBegin) -> ScriptTurn {
        let module = self.programs.module(&begin.step.module).cloned();
        let Some(module) = module else {
            return failed(format!("there is no module `{}`", begin.step.module));
        };
        let kind = module.kind();
        let (world, key) = (module.manifest.world, start.call.id);
        match self.steps.of(kind) {
            Some(host) if world != World::Service => {
                self.running = Some((key, Some(kind)));
                host.begin(key, &module, Work::Step(Box::new(begin)))
            }
            _ => {
                let (kind, world) = (kind.word(), world.word());
                failed(format!(
                    "nothing here runs a {kind} {world}: give its outcome by `step`"
                ))
            }
        }
    }
}

impl ScriptHost for SimulatedScripts {
    fn start(&mut self, start: &ScriptStart) -> ScriptTurn {
        self.kill();
        match StepBegin::of(start) {
            Some(begin) => self.begin(start, begin),
            None => {
                self.running = Some((start.call.id, None));
                self.host.start(&self.programs.scripts, start)
            }
        }
    }

    fn resume(&mut self, answer: ScriptAnswer) -> ScriptTurn {
        let turn = self.running.and_then(|(call, kind)| match kind {
            None => self.host.resume(call, answer),
            Some(kind) => self.steps.of(kind)?.resume(call, answer),
        });
        turn.unwrap_or_else(|| failed("no script waits for an answer".to_owned()))
    }

    fn kill(&mut self) {
        match self.running.take() {
            None => {}
            Some((call, None)) => {
                self.host.kill(call);
            }
            Some((call, Some(kind))) => {
                if let Some(host) = self.steps.of(kind) {
                    host.kill(call);
                }
            }
        }
    }
}

fn failed(message: String) -> ScriptTurn {
    ScriptTurn::Failed {
        error: ScriptError {
            message,
            line: None,
            stack: String::new(),
            kind: ScriptErrorKind::Runtime,
        },
    }
}
