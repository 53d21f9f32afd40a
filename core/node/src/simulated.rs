//! What a simulation takes from the node: prompts' true lengths and the real hosts of scripts and modules.

mod services;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cordboard_dialplan::route::Test;
use cordboard_host::contract::World;
use cordboard_host::manifest::Kind;
use cordboard_host::module::{StepBegin, StepHost, Work};
use cordboard_host::native::NativeGuest;
use cordboard_host::program::Programs;
use cordboard_host::wasm::WasmGuest;
use cordboard_host::{CpuTime, Limits, LuaHost};
use cordboard_media::Audio;
use cordboard_steps::simulate::{PromptLengths, Retained, ScriptHost};
use cordboard_steps::{
    ProgramId, ScriptAnswer, ScriptError, ScriptErrorKind, ScriptStart, ScriptTurn,
};

use services::Services;

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
    /// Hosts of the kinds that these programs are of.
    fn for_programs(programs: &Programs) -> StepHosts {
        let mut guests = programs.modules.values().map(|module| &module.guest);
        let wasm = guests.find_map(|guest| guest.as_any().downcast_ref::<WasmGuest>());
        let mut guests = programs.modules.values().map(|module| &module.guest);
        let native = guests.find_map(|guest| guest.as_any().downcast_ref::<NativeGuest>());
        let lua = LuaHost::new(Limits::default(), CpuTime::counted());
        StepHosts {
            wasm: wasm.map(|guest| Box::new(guest.host()) as Box<dyn StepHost>),
            lua: Some(Box::new(lua)),
            native: native.map(|guest| Box::new(guest.host()) as Box<dyn StepHost>),
        }
    }

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
    services: Services,
    programs: Arc<Programs>,
    running: Option<(ProgramId, Runs)>,
}

/// What runs a call's program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runs {
    Script,
    Step(Kind),
    Service,
}

impl SimulatedScripts {
    /// Hosts for the programs of one generation.
    pub fn new(host: LuaHost, programs: Arc<Programs>) -> Self {
        Self {
            host,
            steps: StepHosts::for_programs(&programs),
            services: Services::default(),
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
        let world = module.manifest.world;
        let key = ProgramId::from(start.call.id);
        if world == World::Service {
            self.running = Some((key, Runs::Service));
            return self.services.start(&module, begin);
        }
        let Some(host) = self.steps.of(kind) else {
            let (kind, world) = (kind.word(), world.word());
            return failed(format!(
                "nothing here runs a {kind} {world}: give its outcome by `step`"
            ));
        };
        self.running = Some((key, Runs::Step(kind)));
        host.begin(key, &module, Work::Step(Box::new(begin)))
    }
}

impl ScriptHost for SimulatedScripts {
    fn start(&mut self, start: &ScriptStart) -> ScriptTurn {
        self.kill();
        match StepBegin::of(start) {
            Some(begin) => self.begin(start, begin),
            None => {
                self.running = Some((start.call.id.into(), Runs::Script));
                self.host.start(&self.programs.scripts, start)
            }
        }
    }

    fn resume(&mut self, answer: ScriptAnswer) -> ScriptTurn {
        let turn = self.running.and_then(|(call, runs)| match runs {
            Runs::Script => self.host.resume(call, answer),
            Runs::Step(kind) => self.steps.of(kind)?.resume(call, answer),
            Runs::Service => Some(self.services.resume(answer)),
        });
        turn.unwrap_or_else(|| failed("no script waits for an answer".to_owned()))
    }

    fn kill(&mut self) {
        match self.running.take() {
            None => {}
            Some((call, Runs::Script)) => {
                self.host.kill(call);
            }
            Some((call, Runs::Step(kind))) => {
                if let Some(host) = self.steps.of(kind) {
                    host.kill(call);
                }
            }
            Some((_, Runs::Service)) => self.services.kill(),
        }
    }

    fn begin_test(&mut self, test: &Test) {
        self.services.begin_test(test);
    }

    fn forget(&mut self) {
        self.kill();
        self.services.forget();
    }

    fn set_time(&mut self, unix_ms: u64) {
        self.services.set_time(unix_ms);
    }

    fn next_timeout(&self) -> Option<u64> {
        self.services.next_timeout()
    }

    fn timeout(&mut self) -> Option<ScriptTurn> {
        self.services.timeout()
    }

    fn retained(&mut self) -> Vec<Retained> {
        self.services.retained()
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
