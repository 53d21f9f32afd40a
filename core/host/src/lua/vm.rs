//! A Luau VM and what is true of each: libraries without a way out, host functions that stand
//! still for an answer, a meter of CPU time, a limit of memory.
//!
//! What calls share is read-only: the libraries and the host functions. `vm/script.rs` has what a
//! call script adds, `module/vm.rs` what a module adds.

mod heap;
mod script;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use cordboard_call::event::Direction;
use cordboard_steps::script::ScriptCall;
use mlua::chunk::{ChunkMode, Compiler};
use mlua::{Function, IntoLua, Lua, LuaOptions, StdLib, Table, Value};

use super::check::{CALL_FIELDS, CALL_METHODS};
use super::compile::Compiled;
use super::failure::PRELUDE;
use super::json;
use super::limits::Limits;
use super::meter::{CpuTime, Meter};
pub(crate) use heap::{Heap, MEMORY_USED_UP, Memory};
pub(crate) use script::ScriptVm;

/// The key of a run's loaded files among its globals: no script can write it.
pub(crate) const LOADED: &str = " loaded";

/// What Luau and mlua put among the globals and a script must not have.
const TAKEN: [&str; 12] = [
    "_G",
    "_VERSION",
    "collectgarbage",
    "coroutine",
    "debug",
    "gcinfo",
    "getfenv",
    "io",
    "loadstring",
    "newproxy",
    "os",
    "setfenv",
];

/// A VM with the host functions in its globals, which are still open.
pub(crate) struct Base {
    pub lua: Lua,
    pub meter: Arc<Meter>,
    /// Functions of ours that the prelude calls.
    pub native: Table,
    /// The metatable of `call`.
    pub call_methods: Table,
    /// Asks a router's function: `prelude.luau`.
    pub route: Function,
}

impl Base {
    /// Makes a VM. About 0.3 ms and 250 KB.
    pub fn open(limits: &Limits, time: &CpuTime) -> mlua::Result<Base> {
        let libraries = StdLib::COROUTINE
            | StdLib::DEBUG
            | StdLib::TABLE
            | StdLib::STRING
            | StdLib::UTF8
            | StdLib::BIT
            | StdLib::MATH
            | StdLib::BUFFER;
        // DEBUG has only `info` and `traceback` in Luau; the prelude takes both away from scripts.
        let lua = Lua::new_with(libraries, LuaOptions::new())?;
        lua.set_memory_limit(limits.vm_memory_bytes)?;
        let meter = Arc::new(Meter::new(time.clone()));
        let native = natives(&lua, limits)?;
        let kept: Table = lua
            .load(include_str!("prelude.luau"))
            .set_name(format!("={PRELUDE}"))
            .set_compiler(Compiler::new().set_optimization_level(1).set_debug_level(1))
            .call(&native)?;
        for name in TAKEN {
            lua.globals().raw_set(name, Value::Nil)?;
        }
        Ok(Base {
            call_methods: kept.raw_get("call")?,
            route: kept.raw_get("route")?,
            lua,
            meter,
            native,
        })
    }

    /// Closes the globals; from here on the meter counts, and `without` is not to be had.
    pub fn close(&self, without: &[&str]) -> mlua::Result<()> {
        for name in without {
            self.lua.globals().raw_set(*name, Value::Nil)?;
        }
        self.lua.sandbox(true)?;
        let inside = self.meter.clone();
        self.lua.set_interrupt(move |lua| inside.safepoint(lua));
        Ok(())
    }

    /// Globals of one run: what it assigns is its own, and below lies what all share.
    pub fn below_globals(&self) -> mlua::Result<Table> {
        let below = self.lua.create_table()?;
        below.raw_set("__index", self.lua.globals())?;
        below.set_readonly(true);
        Ok(below)
    }
}

/// Loads a file's bytecode.
pub(crate) fn load(lua: &Lua, compiled: &Compiled) -> mlua::Result<Function> {
    lua.load(compiled.bytecode.as_slice())
        .set_name(format!("={}", compiled.file))
        .set_mode(ChunkMode::Binary)
        .into_function()
}

/// Loads all files of a map.
pub(crate) fn load_all(
    lua: &Lua,
    files: &BTreeMap<String, Arc<Compiled>>,
) -> mlua::Result<BTreeMap<String, Function>> {
    files
        .iter()
        .map(|(name, compiled)| Ok((name.clone(), load(lua, compiled)?)))
        .collect()
}

/// `call`, as a script has it; in a module with the outcomes that the step's `on` branches name.
pub(crate) fn call_table(
    lua: &Lua,
    methods: &Table,
    (about, outcomes): (&ScriptCall, Option<&[String]>),
) -> mlua::Result<Table> {
    // A table of more than eight places has sixteen, 32 bytes each, and a call may wait for hours.
    let more = [
        about.caller_name.is_some(),
        about.user.is_some(),
        outcomes.is_some(),
    ];
    let fields = CALL_FIELDS.len() - more.iter().filter(|there| !**there).count();
    let call = lua.create_table_with_capacity(0, fields)?;
    call.raw_set("id", about.id.to_string())?;
    call.raw_set("tenant", about.tenant.as_str())?;
    call.raw_set("caller", about.caller.as_str())?;
    call.raw_set("caller_name", about.caller_name.as_deref())?;
    call.raw_set("dialled", about.dialled.as_str())?;
    call.raw_set("user", about.user.as_deref())?;
    call.raw_set("answered", about.answered)?;
    if let Some(outcomes) = outcomes {
        let outcomes = lua.create_sequence_from(outcomes.iter().map(String::as_str))?;
        outcomes.set_readonly(true);
        call.raw_set("outcomes", outcomes)?;
    }
    call.raw_set(
        "direction",
        match about.direction {
            Direction::Inbound => "inbound",
            Direction::Outbound => "outbound",
        },
    )?;
    call.set_metatable(Some(methods.clone()))?;
    call.set_readonly(true);
    Ok(call)
}

/// Functions of ours that the prelude wraps.
fn natives(lua: &Lua, limits: &Limits) -> mlua::Result<Table> {
    let native = lua.create_table()?;
    let bytes_max = limits.text_bytes_max;
    native.raw_set("call_methods", CALL_METHODS.to_vec())?;
    native.raw_set("call_fields", CALL_FIELDS.to_vec())?;
    native.raw_set("null", Value::NULL)?;
    let encode = lua.create_function(move |_, value: Value| {
        Ok(match json::encode(&value, bytes_max) {
            Ok(text) => (Some(text), None),
            Err(message) => (None, Some(message)),
        })
    })?;
    native.raw_set("json_encode", encode)?;
    let decode = lua.create_function(move |lua, text: Value| {
        let Value::String(text) = text else {
            return Ok((
                Value::Nil,
                Some(format!(
                    "json.decode takes a text, not {}",
                    text.type_name()
                )),
            ));
        };
        let bytes = text.as_bytes();
        if bytes.len() > bytes_max {
            return Ok((
                Value::Nil,
                Some(format!("the JSON is longer than {bytes_max} bytes")),
            ));
        }
        Ok(match json::decode(lua, &bytes) {
            Ok(value) => (value, None),
            Err(message) => (Value::Nil, Some(message)),
        })
    })?;
    native.raw_set("json_decode", decode)?;
    Ok(native)
}

/// `require`: each file runs once in each run's globals, which `current` holds. `shared` files
/// are the same table for all runs of the VM, so it is read-only.
pub(crate) fn requiring(
    base: &Base,
    files: BTreeMap<String, Function>,
    current: Arc<Mutex<Option<Table>>>,
    shared: bool,
) -> mlua::Result<()> {
    let lua = &base.lua;
    let of_run = current.clone();
    let place = if shared {
        "in this module"
    } else {
        "among the scripts"
    };
    let file = lua.create_function(move |lua, name: Value| {
        let refuse = |message: String| Ok((Value::Nil, message.into_lua(lua)?));
        let name = match &name {
            Value::String(name) => name.to_string_lossy(),
            other => return refuse(format!("require takes a name, not {}", other.type_name())),
        };
        let name = stem(&name);
        let Some(globals) = globals_of(&of_run) else {
            return refuse(format!("there is no file '{name}.lua' {place}"));
        };
        let loaded: Table = globals.raw_get(LOADED)?;
        match loaded.raw_get(name)? {
            Value::Nil => {}
            value => return Ok(("loaded".into_lua(lua)?, value)),
        }
        let Some(function) = files.get(name) else {
            return refuse(format!("there is no file '{name}.lua' {place}"));
        };
        let function = function.deep_clone()?;
        function.set_environment(globals)?;
        Ok(("new".into_lua(lua)?, Value::Function(function)))
    })?;
    base.native.raw_set("file", file)?;
    let loaded = lua.create_function(move |_, (name, value): (String, Value)| {
        if let (true, Value::Table(table)) = (shared, &value) {
            table.set_readonly(true);
        }
        match globals_of(&current) {
            Some(globals) => globals
                .raw_get::<Table>(LOADED)?
                .raw_set(stem(&name), value),
            None => Ok(()),
        }
    })?;
    base.native.raw_set("loaded", loaded)
}

fn globals_of(current: &Mutex<Option<Table>>) -> Option<Table> {
    current
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

/// A required name without what may stand around it.
fn stem(name: &str) -> &str {
    name.trim_start_matches("./").trim_end_matches(".lua")
}
