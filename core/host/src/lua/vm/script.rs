//! A VM of one call script, loaded once, run by many calls, each in its own coroutine with its
//! own globals. What a script assigns without `local` goes to the globals of its own call; a
//! required file runs once a call.

use std::sync::{Arc, Mutex, PoisonError};

use cordboard_steps::script::ScriptStart;
use mlua::{Function, Table, Thread};

use super::{Base, LOADED, call_table, load, load_all, requiring};
use crate::lua::compile::Script;
use crate::lua::limits::Limits;
use crate::lua::meter::CpuTime;

/// What a module has and a call script has not.
const OF_MODULES: [&str; 1] = ["events"];

/// The script inside a VM.
pub(crate) struct ScriptVm {
    main: Function,
    below: Table,
    call_methods: Table,
    /// Globals of the call whose turn it is.
    current: Arc<Mutex<Option<Table>>>,
    requires: bool,
}

impl ScriptVm {
    /// Makes a VM and loads the script into it.
    pub fn open(script: &Script, limits: &Limits, time: &CpuTime) -> mlua::Result<(Base, Self)> {
        let base = Base::open(limits, time)?;
        let current = Arc::new(Mutex::new(None));
        base.close(&OF_MODULES)?;
        let main = load(&base.lua, &script.main)?;
        let files = load_all(&base.lua, &script.modules)?;
        let requires = !files.is_empty();
        requiring(&base, files, current.clone(), false)?;
        let vm = ScriptVm {
            main,
            below: base.below_globals()?,
            call_methods: base.call_methods.clone(),
            current,
            requires,
        };
        Ok((base, vm))
    }

    /// A coroutine that will run the script for a call, and the call's globals where they are
    /// needed again.
    pub fn thread(
        &self,
        base: &Base,
        script: &Script,
        start: &ScriptStart,
    ) -> mlua::Result<(Thread, Option<Table>)> {
        let lua = &base.lua;
        let globals = lua.create_table_with_capacity(0, 2)?;
        globals.raw_set(
            "call",
            call_table(lua, &self.call_methods, (&start.call, None))?,
        )?;
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
        globals.set_metatable(Some(self.below.clone()))?;
        // Nothing but this script's own code sees these globals, and the libraries under them
        // are read-only, so Luau may keep its fast ways to them.
        globals.set_safeenv(true);
        let main = self.main.deep_clone()?;
        main.set_environment(globals.clone())?;
        let thread = lua.create_thread(main)?;
        Ok((thread, self.requires.then_some(globals)))
    }

    /// Before a turn: whose `require` it is.
    pub fn enter(&self, globals: &Option<Table>) {
        if self.requires {
            let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
            *current = globals.clone();
        }
    }
}
