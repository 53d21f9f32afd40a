//! The kinds of modules that this program compiles and runs: Lua, and WASM when first wanted.
//!
//! The WASM engine reserves addresses and begins threads, so it begins with the first WASM module
//! and not before; where it cannot, its modules are refused with the reason. A tool that lives for
//! one command compiles in its own process and counts slices in place of time.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use cordboard_call::{CallId, TenantId};
use cordboard_dialplan::NodeFile;
use cordboard_host::lua::LuaCompiler;
use cordboard_host::manifest::{Kind, Manifest};
use cordboard_host::module::{Artefact, Compiler, Guest, Module};
use cordboard_host::program::{OnTurn, Runner, Runners, StepThreads};
use cordboard_host::wasm::{Compiling, Quota, WasmCompiler, WasmEngine, WasmLimits, WasmThreads};
use cordboard_host::{CpuTime, Limits, LuaHost, WorkerClosed};
use cordboard_steps::{LogLevel, ScriptCommand};

use crate::loader::forge::Compilers;
use crate::modules::StartEvent;

/// Threads that run steps of each kind.
const THREADS: usize = 1;
/// Commands that may wait for each of them.
const MAILBOX: usize = 32_768;
/// Instances that a tool may have at once.
const TOOL_INSTANCES: usize = 16;

/// The WASM engine, begun when it is first wanted.
struct Wasm {
    folder: PathBuf,
    limits: WasmLimits,
    compiling: Compiling,
    time: CpuTime,
    quotas: Vec<(TenantId, Quota)>,
    begun: OnceLock<Result<Arc<WasmEngine>, String>>,
}

impl Wasm {
    fn engine(&self) -> Result<&Arc<WasmEngine>, String> {
        let begin = || {
            let (limits, folder) = (self.limits.clone(), self.folder.clone());
            let (compiling, time) = (self.compiling.clone(), self.time.clone());
            let engine = WasmEngine::start(limits, folder, compiling, time);
            let engine = engine.map_err(|error| error.to_string())?;
            if let Some(warning) = engine.warning() {
                tracing::warn!("{warning}");
            }
            for (tenant, quota) in &self.quotas {
                engine.set_quota(tenant, *quota);
            }
            Ok(engine)
        };
        self.begun.get_or_init(begin).as_ref().map_err(Clone::clone)
    }
}

impl Compiler for Wasm {
    fn compile(
        &self,
        manifest: &Manifest,
        artefact: &Artefact,
    ) -> Result<Arc<dyn Guest>, Vec<String>> {
        let engine = self.engine().map_err(|why| vec![why])?;
        WasmCompiler::new(engine).compile(manifest, artefact)
    }
}

/// Threads of WASM steps, begun with the first step.
struct WasmSteps {
    wasm: Arc<Wasm>,
    on_turn: Arc<OnTurn>,
    begun: OnceLock<Option<WasmThreads>>,
}

impl WasmSteps {
    fn threads(&self) -> Result<&WasmThreads, WorkerClosed> {
        let begin = || {
            let engine = self.wasm.engine().ok()?;
            WasmThreads::start(engine, THREADS, MAILBOX, &self.on_turn).ok()
        };
        self.begun.get_or_init(begin).as_ref().ok_or(WorkerClosed)
    }
}

impl Runner for WasmSteps {
    fn send(
        &self,
        call: CallId,
        module: &Arc<Module>,
        command: ScriptCommand,
    ) -> Result<(), WorkerClosed> {
        self.threads()?.send(call, module, command)
    }
}

/// What there is for modules.
pub struct Kinds {
    wasm: Arc<Wasm>,
    time: CpuTime,
}

impl Kinds {
    /// The node's: code is compiled by a child process and kept in `folder`.
    pub fn of_node(folder: PathBuf, settings: &NodeFile) -> Kinds {
        let time = CpuTime::clock(crate::clock::thread_cpu);
        let compiling = match std::env::current_exe() {
            Ok(program) => Compiling::Child(program),
            Err(_) => Compiling::Here,
        };
        let quotas = settings.ceilings.iter().map(|ceiling| {
            let modules = &ceiling.modules;
            let quota = Quota {
                instances_max: modules.instances_max as usize,
                memory_bytes_max: (modules.memory_mb_max as usize) << 20,
                cpu_percent: modules.cpu_percent_max,
                ..Quota::default()
            };
            (TenantId::new(&ceiling.tenant), quota)
        });
        let quotas = quotas.collect();
        let limits = WasmLimits::default();
        Kinds::new(folder, limits, compiling, time, quotas)
    }

    /// A tool's, with time that is counted.
    pub fn of_tool(folder: PathBuf) -> Kinds {
        let limits = WasmLimits {
            instances_max: TOOL_INSTANCES,
            ..WasmLimits::default()
        };
        Kinds::new(
            folder,
            limits,
            Compiling::Here,
            CpuTime::counted(),
            Vec::new(),
        )
    }

    fn new(
        folder: PathBuf,
        limits: WasmLimits,
        compiling: Compiling,
        time: CpuTime,
        quotas: Vec<(TenantId, Quota)>,
    ) -> Kinds {
        let wasm = Wasm {
            folder,
            limits,
            compiling,
            time: time.clone(),
            quotas,
            begun: OnceLock::new(),
        };
        Kinds {
            wasm: Arc::new(wasm),
            time,
        }
    }

    /// Who compiles.
    pub fn compilers(&self) -> Compilers {
        let wasm: Arc<dyn Compiler> = self.wasm.clone();
        Compilers {
            wasm: Some(wasm),
            lua: Some(Arc::new(LuaCompiler::new(self.time.clone(), Arc::new(log)))),
            native: None,
        }
    }

    /// Who runs steps on a node, and how connectors are given events.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn runners(&self, on_turn: &Arc<OnTurn>) -> Result<(Runners, Box<StartEvent>), String> {
        let time = self.time.clone();
        let new_host = move || LuaHost::new(Limits::default(), time.clone());
        let lua = StepThreads::start("lua-step", THREADS, MAILBOX, new_host, on_turn);
        let lua = Arc::new(lua.map_err(|error| format!("Lua worker: {error}"))?);
        let wasm = Arc::new(WasmSteps {
            wasm: Arc::clone(&self.wasm),
            on_turn: Arc::clone(on_turn),
            begun: OnceLock::new(),
        });
        let runners = Runners {
            wasm: Some(wasm.clone()),
            lua: Some(lua.clone()),
            ..Runners::default()
        };
        let start: Box<StartEvent> = Box::new(move |key, module, event| match module.kind() {
            Kind::Lua => lua.event(key, module, event),
            Kind::Wasm => wasm.threads()?.event(key, module, event),
            Kind::Native => Err(WorkerClosed),
        });
        Ok((runners, start))
    }
}

/// A line that a module logs outside of calls.
fn log(module: &Module, level: LogLevel, line: &str) {
    let (tenant, module) = (module.tenant.as_str(), module.name.as_str());
    match level {
        LogLevel::Debug => tracing::debug!(tenant, module, "{line}"),
        LogLevel::Info => tracing::info!(tenant, module, "{line}"),
        LogLevel::Warn => tracing::warn!(tenant, module, "{line}"),
        LogLevel::Error => tracing::error!(tenant, module, "{line}"),
    }
}
