//! A VM of one module: `module.lua` loaded once, its table of functions kept, each entry in a
//! coroutine of its own.
//!
//! Its locals live as long as the VM. Globals that it assigns are its own as well; libraries, host
//! functions, settings and what `require` gives are read-only.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use cordboard_steps::script::{ScriptError, ScriptErrorKind};
use mlua::{Function, IntoLuaMulti, Lua, MultiValue, Table, Thread, Value};

use super::compile::LuaGuest;
use super::world::{Needed, absent, functions};
use super::{said, told};
use crate::contract::{Event, Query};
use crate::lua::failure;
use crate::lua::limits::Limits;
use crate::lua::meter::CpuTime;
use crate::lua::turn::{Around, Lines, MayAsk, Moved, Rights, Suspended};
use crate::lua::vm::{Base, LOADED, call_table, load, load_all, requiring};
use crate::module::{Module, StepBegin};

/// A run over all its turns may take as many times the CPU time of one entry.
const ENTRIES_A_RUN: u32 = 10;

/// The module inside a VM.
pub(crate) struct ModuleVm {
    functions: BTreeMap<&'static str, Function>,
    /// The table of the call whose turn it is; other tables of calls are over.
    alive: Arc<AtomicUsize>,
    /// The main file, as errors name it.
    pub file: Arc<str>,
    pub limits: Limits,
    waits: bool,
    /// Coroutines that ended, for those to come.
    spare: Mutex<Vec<Thread>>,
}

/// Most of them that are kept.
const SPARE_MAX: usize = 8;

/// Why a module does not start.
#[derive(Debug)]
pub(crate) enum Unstarted {
    /// It does not want to, or brings the wrong functions: its reasons.
    Refused(Vec<String>),
    /// It broke.
    Broke(ScriptError),
}

impl From<Unstarted> for ScriptError {
    fn from(unstarted: Unstarted) -> ScriptError {
        match unstarted {
            Unstarted::Broke(error) => error,
            Unstarted::Refused(reasons) => {
                failure::plain(ScriptErrorKind::Runtime, reasons.join("; "))
            }
        }
    }
}

impl Unstarted {
    /// For the operator, each a sentence.
    pub fn reasons(self) -> Vec<String> {
        match self {
            Unstarted::Refused(reasons) => reasons,
            Unstarted::Broke(error) => vec![match error.line {
                Some(line) => format!("line {line}: {}", error.message),
                None => error.message,
            }],
        }
    }
}

/// An entry into code that may stand still.
pub(crate) enum Entry<'a> {
    Run(&'a StepBegin),
    Route,
    LookUp(&'a Query),
    OnEvent(&'a Event),
}

/// An entry that has not begun: its coroutine, its parameters, and the call's table.
pub(crate) struct Begun {
    pub thread: Thread,
    pub values: MultiValue,
    pub call: usize,
}

/// Where a function is called that may not stand still.
#[derive(Clone, Copy)]
struct At<'a> {
    base: &'a Base,
    module: &'a Module,
    /// In "this cannot be used ...".
    when: &'static str,
}

impl ModuleVm {
    /// Makes a VM, loads the module and asks its `start`. Log lines go to the guest's sink.
    pub fn open(
        module: &Arc<Module>,
        guest: &LuaGuest,
        time: &CpuTime,
    ) -> Result<(Base, Self), Unstarted> {
        let limits = limits_of(module);
        let world = module.manifest.world;
        let broke = |e: mlua::Error| Unstarted::Broke(failure::from_lua(&guest.file, &e, false));
        let base = Base::open(&limits, time).map_err(broke)?;
        let alive = Arc::new(AtomicUsize::new(0));
        let main = prepare(module, guest, &base, &alive).map_err(broke)?;
        let mut vm = ModuleVm {
            functions: BTreeMap::new(),
            alive,
            file: guest.file.clone(),
            limits,
            waits: super::world::waits(world),
            spare: Mutex::default(),
        };
        let mut lines = Lines::default();
        let loaded = vm.load(&base, module, guest, main, &mut lines);
        guest.keep(module, lines);
        loaded.map(|()| (base, vm))
    }

    /// Runs the main file and `start`.
    fn load(
        &mut self,
        base: &Base,
        module: &Module,
        guest: &LuaGuest,
        main: Function,
        lines: &mut Lines,
    ) -> Result<(), Unstarted> {
        let at = At {
            base,
            module,
            when: "while the module loads",
        };
        let values = self
            .finish(&at, main, (), lines)
            .map_err(Unstarted::Broke)?;
        self.functions = bring(values, guest, module)?;
        let Some(start) = self.functions.get("start").cloned() else {
            return Ok(());
        };
        let at = At {
            when: "in `start`",
            ..at
        };
        let said = self
            .finish(&at, start, (), lines)
            .map_err(Unstarted::Broke)?;
        match said::reasons(said.front()).map_err(|e| Unstarted::Refused(vec![e]))? {
            reasons if reasons.is_empty() => Ok(()),
            reasons => Err(Unstarted::Refused(reasons)),
        }
    }

    /// Calls a function of the world, which may not stand still, to its end.
    pub fn enter(
        &self,
        (base, module): (&Base, &Module),
        name: &'static str,
        parameters: impl IntoLuaMulti,
        lines: &mut Lines,
    ) -> Result<MultiValue, ScriptError> {
        let Some(function) = self.functions.get(name).cloned() else {
            let message = format!("the module has no function `{name}`");
            return Err(failure::plain(ScriptErrorKind::Missing, message));
        };
        let at = At {
            base,
            module,
            when: "in this world",
        };
        self.finish(&at, function, parameters, lines)
    }

    fn finish(
        &self,
        at: &At<'_>,
        function: Function,
        parameters: impl IntoLuaMulti,
        lines: &mut Lines,
    ) -> Result<MultiValue, ScriptError> {
        let At { base, module, when } = *at;
        let lua = &base.lua;
        let made = lua
            .create_thread(function)
            .and_then(|thread| Ok((thread, parameters.into_lua_multi(lua)?)));
        let (thread, values) = made.map_err(|e| failure::from_lua(&self.file, &e, false))?;
        let mut suspended = Suspended::new(thread);
        let around = self.around(base, module, MayAsk::LogOnly(when));
        match suspended.go(&around, values, lines) {
            Moved::Ended(values) => Ok(values),
            Moved::Failed(error) => Err(error),
            Moved::Asked { line, .. } => Err(ScriptError {
                line: Some(line),
                ..failure::plain(
                    ScriptErrorKind::Runtime,
                    format!("the module waits for something {when}"),
                )
            }),
        }
    }

    /// Where its coroutines move.
    pub fn around<'a>(&'a self, base: &'a Base, module: &'a Module, may_ask: MayAsk) -> Around<'a> {
        Around {
            lua: &base.lua,
            meter: &base.meter,
            limits: &self.limits,
            file: &self.file,
            rights: Rights::Module(module),
            may_ask,
        }
    }

    /// What an entry of a step may ask for.
    pub fn may_ask(&self) -> MayAsk {
        match self.waits {
            true => MayAsk::Anything,
            false => MayAsk::LogOnly("in this world"),
        }
    }

    /// A coroutine for an entry.
    pub fn begin(&self, base: &Base, entry: &Entry<'_>) -> mlua::Result<Begun> {
        let lua = &base.lua;
        let (name, values, call) = match entry {
            Entry::Run(begin) => {
                let call = call_table(
                    lua,
                    &base.call_methods,
                    (&begin.call, Some(&begin.step.outcomes)),
                )?;
                let pointer = call.to_pointer() as usize;
                let arguments = told::value(lua, &begin.step.arguments)?;
                let values = (begin.step.step.as_str(), arguments, call).into_lua_multi(lua)?;
                ("run", values, pointer)
            }
            // `routed` gives its parameters.
            Entry::Route => ("route", MultiValue::new(), 0),
            Entry::LookUp(query) => {
                let values = told::query(lua, query)?.into_lua_multi(lua)?;
                ("look_up", values, 0)
            }
            Entry::OnEvent(event) => {
                let values = told::event(lua, event)?.into_lua_multi(lua)?;
                ("on_event", values, 0)
            }
        };
        let function = match entry {
            Entry::Route => &base.route,
            _ => self.function(name)?,
        };
        Ok(Begun {
            thread: self.thread(lua, function)?,
            values,
            call,
        })
    }

    fn function(&self, name: &str) -> mlua::Result<&Function> {
        self.functions.get(name).ok_or_else(|| {
            let message = format!("the module has no function `{name}`");
            mlua::Error::runtime(message)
        })
    }

    /// Parameters of the coroutine of `Entry::Route`: they go onto its stack without a detour.
    pub fn routed<'r>(
        &self,
        lua: &Lua,
        begin: &'r StepBegin,
    ) -> mlua::Result<impl IntoLuaMulti + use<'r>> {
        let (step, call) = (&begin.step, &begin.call);
        let variables = match call.variables.is_empty() {
            true => None,
            false => Some(told::variables(lua, &call.variables)?),
        };
        let arguments = match &step.arguments {
            serde_json::Value::Object(object) if object.is_empty() => Value::Nil,
            other => told::value(lua, other)?,
        };
        Ok((
            self.function("route")?.clone(),
            step.step.as_str(),
            arguments,
            call.id.to_string(),
            call.caller.as_str(),
            call.caller_name.as_deref(),
            call.user.as_deref(),
            call.trunk.as_deref(),
            call.dialled.as_str(),
            call.at_ms as f64,
            told::seed(begin.seed),
            variables,
        ))
    }

    /// A coroutine: one that ended, begun anew, or a new one.
    fn thread(&self, lua: &Lua, function: &Function) -> mlua::Result<Thread> {
        let spare = self
            .spare
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        match spare {
            Some(thread) => thread.reset(function.clone()).map(|()| thread),
            None => lua.create_thread(function.clone()),
        }
    }

    /// A coroutine ended; the next may have it.
    pub fn ended(&self, thread: Thread) {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < SPARE_MAX {
            spare.push(thread);
        }
    }

    /// Before a turn: whose call it is.
    pub fn turn_of(&self, call: usize) {
        self.alive.store(call, Ordering::Relaxed);
    }
}

/// The bounds of call scripts, with the module's own time and memory.
fn limits_of(module: &Module) -> Limits {
    Limits {
        turn_cpu: module.limits.cpu,
        call_cpu: module.limits.cpu * ENTRIES_A_RUN,
        vm_memory_bytes: usize::try_from(module.limits.memory_bytes).unwrap_or(usize::MAX),
        ..Limits::default()
    }
}

/// Everything that stands in the module's globals, and its main file ready to run.
fn prepare(
    module: &Arc<Module>,
    guest: &LuaGuest,
    base: &Base,
    alive: &Arc<AtomicUsize>,
) -> mlua::Result<Function> {
    let lua = &base.lua;
    let alive = alive.clone();
    let is_alive = lua.create_function(move |_, call: Table| {
        Ok(call.to_pointer() as usize == alive.load(Ordering::Relaxed))
    })?;
    base.native.raw_set("alive", is_alive)?;
    let globals = lua.globals();
    globals.raw_set("config", told::frozen(lua, &module.config.settings)?)?;
    globals.raw_set("tenant", module.tenant.as_str())?;
    let files = module.config.files.clone();
    let file = lua.create_function(move |lua: &Lua, name: Value| {
        let Value::String(name) = name else {
            return Err(mlua::Error::runtime("file takes a name"));
        };
        match files.get(&name.to_string_lossy()) {
            Some(bytes) => lua.create_string(bytes).map(Value::String),
            None => Ok(Value::Nil),
        }
    })?;
    globals.raw_set("file", file)?;
    let without: Vec<&str> = absent(module.manifest.world)
        .iter()
        .map(|(name, _)| *name)
        .collect();
    if without.contains(&"random") {
        globals
            .raw_get::<Table>("math")?
            .raw_set("random", Value::Nil)?;
    }
    base.close(&without)?;
    let own = lua.create_table()?;
    own.raw_set(LOADED, lua.create_table()?)?;
    own.set_metatable(Some(base.below_globals()?))?;
    own.set_safeenv(true);
    let files = load_all(lua, &guest.files)?;
    requiring(base, files, Arc::new(Mutex::new(Some(own.clone()))), true)?;
    let main = load(lua, &guest.main)?;
    main.set_environment(own)?;
    Ok(main)
}

/// The functions that the module brought, all that its world wants and no other.
fn bring(
    values: MultiValue,
    guest: &LuaGuest,
    module: &Module,
) -> Result<BTreeMap<&'static str, Function>, Unstarted> {
    let world = module.manifest.world;
    let wanted = functions(world);
    let names: Vec<&str> = wanted.iter().map(|w| w.name).collect();
    let file = &guest.file;
    let Some(Value::Table(table)) = values.front() else {
        let reason = format!(
            "{file}: it must return a table of functions: return {{ {} = ... }}",
            names.first().unwrap_or(&"run")
        );
        return Err(Unstarted::Refused(vec![reason]));
    };
    let mut reasons = Vec::new();
    let mut brought = BTreeMap::new();
    for pair in table.pairs::<Value, Value>() {
        let Ok((key, value)) = pair else { continue };
        let name = match &key {
            Value::String(name) => name.to_string_lossy(),
            other => format!("a {}", other.type_name()),
        };
        match (wanted.iter().find(|w| w.name == name), value) {
            (Some(wanted), Value::Function(function)) => {
                brought.insert(wanted.name, function);
            }
            (Some(_), other) => reasons.push(format!(
                "{file}: `{name}` must be a function, not a {}",
                other.type_name()
            )),
            (None, _) => reasons.push(format!(
                "{file}: a {} has no function `{name}`: {}",
                world.word(),
                said::hint(&name, &names)
            )),
        }
    }
    for wanted in wanted {
        let needed = match wanted.needed {
            Needed::Always => true,
            Needed::ForSteps => !module.manifest.steps.is_empty(),
            Needed::ForEvents => !module.manifest.topics.subscribe.is_empty(),
            Needed::ForVerbs => !module.manifest.operations.is_empty(),
            Needed::Never => false,
        };
        if needed && !brought.contains_key(wanted.name) {
            reasons.push(format!(
                "{file}: a {} needs the function `{}`",
                world.word(),
                wanted.name
            ));
        }
    }
    match reasons.is_empty() {
        true => Ok(brought),
        false => Err(Unstarted::Refused(reasons)),
    }
}
