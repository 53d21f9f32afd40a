//! One Luau VM: one script, loaded once, run by many calls, each in its own coroutine with its
//! own globals.
//!
//! What calls share is read-only: the libraries and the host functions. What a script assigns
//! without `local` goes to the globals of its own call; a required file runs once a call.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Weak};

use cordboard_call::event::Direction;
use cordboard_steps::script::ScriptStart;
use mlua::chunk::ChunkMode;
use mlua::{Function, IntoLua, Lua, LuaOptions, StdLib, Table, Thread, Value};

use super::check::{CALL_FIELDS, CALL_METHODS};
use super::compile::{Compiled, Script};
use super::failure::PRELUDE;
use super::json;
use super::limits::Limits;
use super::meter::{CpuTime, Meter};

/// The key of a call's loaded files among its globals: no script can write it.
const LOADED: &str = " loaded";

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

pub(crate) struct Vm {
    pub lua: Lua,
    pub meter: Rc<Meter>,
    /// The script, while a generation has it.
    pub script: Weak<Script>,
    /// Coroutines that run here.
    pub calls: usize,
    /// It takes no new calls: it met its memory limit, or came near it.
    pub full: bool,
    /// When it was last given a call, in starts of the host.
    pub used_at: u64,
    main: Function,
    globals_of_calls: Table,
    call_methods: Table,
    /// Globals of the call whose turn it is.
    current: Rc<RefCell<Option<Table>>>,
    requires: bool,
    collected_bytes: usize,
}

impl Vm {
    /// Makes a VM and loads the script into it. About 0.3 ms and 250 KB.
    pub fn open(script: &Arc<Script>, limits: &Limits, time: &CpuTime) -> mlua::Result<Vm> {
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
        let meter = Rc::new(Meter::new(time.clone()));
        let current = Rc::new(RefCell::new(None));
        let native = natives(&lua, limits)?;
        let kept: Table = lua
            .load(include_str!("prelude.luau"))
            .set_name(format!("={PRELUDE}"))
            .set_compiler(
                mlua::chunk::Compiler::new()
                    .set_optimization_level(1)
                    .set_debug_level(1),
            )
            .call(&native)?;
        for name in TAKEN {
            lua.globals().raw_set(name, Value::Nil)?;
        }
        lua.sandbox(true)?;
        let main = load(&lua, &script.main)?;
        let mut modules = BTreeMap::new();
        for (name, compiled) in &script.modules {
            modules.insert(name.clone(), load(&lua, compiled)?);
        }
        let requires = !modules.is_empty();
        requiring(&lua, &native, modules, current.clone())?;
        let globals_of_calls = lua.create_table()?;
        globals_of_calls.raw_set("__index", lua.globals())?;
        globals_of_calls.set_readonly(true);
        let inside = meter.clone();
        lua.set_interrupt(move |lua| inside.safepoint(lua));
        let collected_bytes = lua.used_memory();
        Ok(Vm {
            call_methods: kept.raw_get("call")?,
            lua,
            meter,
            script: Arc::downgrade(script),
            calls: 0,
            full: false,
            used_at: 0,
            main,
            globals_of_calls,
            current,
            requires,
            collected_bytes,
        })
    }

    /// A coroutine that will run the script for a call, and the call's globals.
    pub fn thread(
        &self,
        script: &Script,
        start: &ScriptStart,
    ) -> mlua::Result<(Thread, Option<Table>)> {
        let lua = &self.lua;
        let globals = lua.create_table_with_capacity(0, 2)?;
        globals.raw_set("call", self.call(start)?)?;
        let arguments = lua.create_table_with_capacity(0, start.arguments.len())?;
        for declared in &script.manifest.arguments {
            if let Some(default) = &declared.default {
                arguments.raw_set(declared.name.as_str(), default.as_str())?;
            }
        }
        for (name, value) in &start.arguments {
            arguments.raw_set(name.as_str(), value.as_str())?;
        }
        arguments.set_readonly(true);
        globals.raw_set("args", arguments)?;
        if self.requires {
            globals.raw_set(LOADED, lua.create_table()?)?;
        }
        globals.set_metatable(Some(self.globals_of_calls.clone()))?;
        // Nothing but this script's own code sees these globals, and the libraries under them
        // are read-only, so Luau may keep its fast ways to them.
        globals.set_safeenv(true);
        let main = self.main.deep_clone()?;
        main.set_environment(globals.clone())?;
        let thread = lua.create_thread(main)?;
        Ok((thread, self.requires.then_some(globals)))
    }

    fn call(&self, start: &ScriptStart) -> mlua::Result<Table> {
        let lua = &self.lua;
        let call = lua.create_table_with_capacity(0, CALL_FIELDS.len())?;
        let about = &start.call;
        call.raw_set("id", about.id.to_string())?;
        call.raw_set("tenant", about.tenant.as_str())?;
        call.raw_set("caller", about.caller.as_str())?;
        call.raw_set("caller_name", about.caller_name.as_deref())?;
        call.raw_set("dialled", about.dialled.as_str())?;
        call.raw_set("user", about.user.as_deref())?;
        call.raw_set("answered", about.answered)?;
        call.raw_set(
            "direction",
            match about.direction {
                Direction::Inbound => "inbound",
                Direction::Outbound => "outbound",
            },
        )?;
        call.set_metatable(Some(self.call_methods.clone()))?;
        call.set_readonly(true);
        Ok(call)
    }

    /// Before a turn: whose `require` it is.
    pub fn enter(&self, globals: &Option<Table>) {
        if self.requires {
            self.current.replace(globals.clone());
        }
    }

    /// After a turn: collects where memory has grown, and says `full` where it stays high.
    pub fn settle(&mut self, limits: &Limits) {
        let used = self.lua.used_memory();
        let limit = limits.vm_memory_bytes;
        if used <= limit / 2 || used <= self.collected_bytes + self.collected_bytes / 4 {
            return;
        }
        if self.lua.gc_collect().is_err() {
            self.full = true;
        }
        self.collected_bytes = self.lua.used_memory();
        self.full |= self.collected_bytes > limit / 4 * 3;
    }

    /// It met its limit: no new calls, and what the failed one held is given back.
    pub fn retire(&mut self) {
        self.full = true;
        if self.lua.gc_collect().is_ok() {
            self.collected_bytes = self.lua.used_memory();
        }
    }

    /// True when nothing runs here and nothing new may come.
    pub fn is_over(&self) -> bool {
        self.calls == 0 && (self.full || self.script.strong_count() == 0)
    }
}

fn load(lua: &Lua, compiled: &Compiled) -> mlua::Result<Function> {
    lua.load(compiled.bytecode.as_slice())
        .set_name(format!("={}", compiled.file))
        .set_mode(ChunkMode::Binary)
        .into_function()
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

/// `require`: each file runs once in each call, with that call's globals.
fn requiring(
    lua: &Lua,
    native: &Table,
    modules: BTreeMap<String, Function>,
    current: Rc<RefCell<Option<Table>>>,
) -> mlua::Result<()> {
    let of_call = current.clone();
    let module = lua.create_function(move |lua, name: Value| {
        let refuse = |message: String| Ok((Value::Nil, message.into_lua(lua)?));
        let name = match &name {
            Value::String(name) => name.to_string_lossy(),
            other => return refuse(format!("require takes a name, not {}", other.type_name())),
        };
        let name = name.trim_start_matches("./").trim_end_matches(".lua");
        let Some(globals) = of_call.borrow().clone() else {
            return refuse(format!("there is no file '{name}.lua' among the scripts"));
        };
        let loaded: Table = globals.raw_get(LOADED)?;
        match loaded.raw_get(name)? {
            Value::Nil => {}
            value => return Ok(("loaded".into_lua(lua)?, value)),
        }
        let Some(function) = modules.get(name) else {
            return refuse(format!("there is no file '{name}.lua' among the scripts"));
        };
        let function = function.deep_clone()?;
        function.set_environment(globals)?;
        Ok(("new".into_lua(lua)?, Value::Function(function)))
    })?;
    native.raw_set("module", module)?;
    let loaded = lua.create_function(move |_, (name, value): (String, Value)| {
        let name = name.trim_start_matches("./").trim_end_matches(".lua");
        match current.borrow().as_ref() {
            Some(globals) => globals.raw_get::<Table>(LOADED)?.raw_set(name, value),
            None => Ok(()),
        }
    })?;
    native.raw_set("loaded", loaded)
}
