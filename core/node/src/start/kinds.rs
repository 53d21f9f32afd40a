//! The kinds of modules that this program compiles and runs: Lua, and WASM when first wanted.
//!
//! The WASM engine reserves addresses and begins threads, so it begins with the first WASM module
//! and not before; where it cannot, its modules are refused with the reason. A tool that lives for
//! one command compiles in its own process and counts slices in place of time. Native libraries
//! run in children of this program, a tool's too.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use cordboard_call::TenantId;
use cordboard_dialplan::NodeFile;
use cordboard_host::crew::{Crew, CrewParts};
use cordboard_host::lua::LuaCompiler;
use cordboard_host::manifest::{Kind, Manifest};
use cordboard_host::module::{Artefact, Compiler, Guest, Module};
use cordboard_host::native::{Housing, Native, NativeCompiler, NativeSteps};
use cordboard_host::program::{OnTurn, Runner, Runners, ScriptRunner, TenantHosts};
use cordboard_host::quota::{Accounts, Quota};
use cordboard_host::wasm::{Compiling, WasmCompiler, WasmEngine, WasmHost, WasmLimits};
use cordboard_host::{CpuTime, Limits, LuaHost, WorkerClosed};
use cordboard_steps::{LogLevel, ProgramId, ScriptCommand};

use crate::loader::forge::Compilers;
use crate::modules::StartEvent;

/// Fewest entries that compute at the same time. More than small machines have cores, so that a
/// tenant finds a place beside long entries of others; the kernel shares the cores out.
const PLACES_LEAST: usize = 4;
/// Commands of one tenant that may wait: twice the calls that a node holds by default.
const MAILBOX: usize = 16_384;
/// Instances that a tool may have at once.
const TOOL_INSTANCES: usize = 16;

/// The WASM engine, begun when it is first wanted.
struct Wasm {
    folder: PathBuf,
    limits: WasmLimits,
    compiling: Compiling,
    time: CpuTime,
    crew: Option<Arc<Crew>>,
    begun: OnceLock<Result<Arc<WasmEngine>, String>>,
}

impl Wasm {
    fn engine(&self) -> Result<&Arc<WasmEngine>, String> {
        let begin = || {
            let (limits, folder) = (self.limits.clone(), self.folder.clone());
            let (compiling, time) = (self.compiling.clone(), self.time.clone());
            let engine = match &self.crew {
                Some(crew) => WasmEngine::on_crew(crew, limits, (folder, compiling), time),
                None => WasmEngine::start(limits, folder, compiling, time),
            };
            let engine = engine.map_err(|error| error.to_string())?;
            if let Some(warning) = engine.warning() {
                tracing::warn!("{warning}");
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

/// Hosts of WASM steps, begun with the first step.
struct WasmSteps {
    wasm: Arc<Wasm>,
    crew: Arc<Crew>,
    on_turn: Arc<OnTurn>,
    begun: OnceLock<Option<TenantHosts<WasmHost>>>,
}

impl WasmSteps {
    fn hosts(&self) -> Result<&TenantHosts<WasmHost>, WorkerClosed> {
        let begin = || {
            let engine = Arc::clone(self.wasm.engine().ok()?);
            let new_host = move |_: &_| WasmHost::new(&engine);
            Some(TenantHosts::new(
                &self.crew,
                MAILBOX,
                new_host,
                &self.on_turn,
            ))
        };
        self.begun.get_or_init(begin).as_ref().ok_or(WorkerClosed)
    }
}

impl Runner for WasmSteps {
    fn send(
        &self,
        call: ProgramId,
        module: &Arc<Module>,
        command: ScriptCommand,
    ) -> Result<(), WorkerClosed> {
        self.hosts()?.send(call, module, command)
    }
}

/// What there is for modules.
pub struct Kinds {
    wasm: Arc<Wasm>,
    native: Arc<Native>,
    time: CpuTime,
    crew: Option<Arc<Crew>>,
}

/// Who runs what on a node.
pub struct Running {
    /// Modules' steps.
    pub runners: Runners,
    /// Call scripts.
    pub scripts: Arc<dyn ScriptRunner>,
    /// Gives connectors events.
    pub events: Box<StartEvent>,
}

impl Kinds {
    /// The node's: code is compiled by a child process and kept in `folder`.
    pub fn of_node(folder: PathBuf, settings: &NodeFile) -> Kinds {
        let time = CpuTime::clock(crate::clock::thread_cpu);
        let compiling = match std::env::current_exe() {
            Ok(program) => Compiling::Child(program),
            Err(_) => Compiling::Here,
        };
        let accounts = Arc::new(Accounts::default());
        for ceiling in &settings.ceilings {
            let modules = &ceiling.modules;
            let quota = Quota {
                instances_max: modules.instances_max as usize,
                memory_bytes_max: (modules.memory_mb_max as usize) << 20,
                cpu_percent: modules.cpu_percent_max,
                ..Quota::default()
            };
            accounts.set(&TenantId::new(&ceiling.tenant), quota);
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let crew = Crew::new(
            &accounts,
            CrewParts {
                places: cores.max(PLACES_LEAST),
                time: time.clone(),
                begin: Box::new(crate::process::give_way),
            },
        );
        let limits = WasmLimits::default();
        Kinds::new(folder, limits, (compiling, time), Some(Arc::new(crew)))
    }

    /// A tool's, with time that is counted.
    pub fn of_tool(folder: PathBuf) -> Kinds {
        let limits = WasmLimits {
            instances_max: TOOL_INSTANCES,
            ..WasmLimits::default()
        };
        Kinds::new(folder, limits, (Compiling::Here, CpuTime::counted()), None)
    }

    fn new(
        folder: PathBuf,
        limits: WasmLimits,
        (compiling, time): (Compiling, CpuTime),
        crew: Option<Arc<Crew>>,
    ) -> Kinds {
        // Libraries are put beside compiled code. Without our own program there is no child.
        let program = std::env::current_exe().unwrap_or_default();
        let libraries = folder.with_file_name("native");
        let native = Native::new(Housing::Child(program), libraries, Arc::new(log));
        let native = match &crew {
            Some(crew) => native.in_process_where_allowed().paid_by(crew.accounts()),
            None => native,
        };
        let wasm = Wasm {
            folder,
            limits,
            compiling,
            time: time.clone(),
            crew: crew.clone(),
            begun: OnceLock::new(),
        };
        Kinds {
            wasm: Arc::new(wasm),
            native: Arc::new(native),
            time,
            crew,
        }
    }

    /// Who compiles.
    pub fn compilers(&self) -> Compilers {
        let wasm: Arc<dyn Compiler> = self.wasm.clone();
        let lua = LuaCompiler::new(self.time.clone(), Arc::new(log));
        let lua = match &self.crew {
            Some(crew) => lua.on_crew(crew),
            None => lua,
        };
        Compilers {
            wasm: Some(wasm),
            lua: Some(Arc::new(lua)),
            native: Some(Arc::new(NativeCompiler::new(&self.native))),
        }
    }

    /// What all native modules share.
    pub fn native(&self) -> &Arc<Native> {
        &self.native
    }

    /// The threads on which a node computes for modules and scripts; a tool has none.
    pub fn crew(&self) -> Option<&Arc<Crew>> {
        self.crew.as_ref()
    }

    /// Who runs steps and scripts on a node.
    pub fn running(&self, crew: &Arc<Crew>, on_turn: &Arc<OnTurn>) -> Running {
        let time = self.time.clone();
        let new_host =
            move |account: &_| LuaHost::of_tenant(Limits::default(), time.clone(), account);
        let lua = Arc::new(TenantHosts::new(crew, MAILBOX, new_host, on_turn));
        let wasm = Arc::new(WasmSteps {
            wasm: Arc::clone(&self.wasm),
            crew: Arc::clone(crew),
            on_turn: Arc::clone(on_turn),
            begun: OnceLock::new(),
        });
        let native = Arc::new(NativeRuns {
            native: Arc::clone(&self.native),
            on_turn: Arc::clone(on_turn),
            begun: OnceLock::new(),
        });
        let runners = Runners {
            wasm: Some(wasm.clone()),
            lua: Some(lua.clone()),
            native: Some(native.clone()),
            ..Runners::default()
        };
        let scripts: Arc<dyn ScriptRunner> = lua.clone();
        let events: Box<StartEvent> = Box::new(move |key, module, event| match module.kind() {
            Kind::Lua => lua.event(key, module, event),
            Kind::Wasm => wasm.hosts()?.event(key, module, event),
            Kind::Native => native.steps()?.event(key, module, event),
        });
        Running {
            runners,
            scripts,
            events,
        }
    }
}

/// Steps of native modules, whose thread begins with the first step.
struct NativeRuns {
    native: Arc<Native>,
    on_turn: Arc<OnTurn>,
    begun: OnceLock<Option<NativeSteps>>,
}

impl NativeRuns {
    fn steps(&self) -> Result<&NativeSteps, WorkerClosed> {
        let begin = || NativeSteps::start(&self.native, &self.on_turn).ok();
        self.begun.get_or_init(begin).as_ref().ok_or(WorkerClosed)
    }
}

impl Runner for NativeRuns {
    fn send(
        &self,
        call: ProgramId,
        module: &Arc<Module>,
        command: ScriptCommand,
    ) -> Result<(), WorkerClosed> {
        self.steps()?.send(call, module, command)
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
