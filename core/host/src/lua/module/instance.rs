//! One VM that is called and answers: a router, a service or a reporter.
//!
//! After a failure it is not called again. What it logs goes to the guest's sink when the entry
//! is over.

use std::sync::Arc;

use cordboard_steps::script::{ScriptError, ScriptErrorKind};
use mlua::{IntoLuaMulti, MultiValue, Value};

use super::compile::{LuaGuest, tell};
use super::said::{self, Refusal};
use super::vm::ModuleVm;
use super::{act, told};
use crate::contract::{
    Action, Event, Input, JSON_BYTES_MAX, Reasoned, Refused, Report, RouteRequest, STATE_BYTES_MAX,
};
use crate::lua::failure;
use crate::lua::json;
use crate::lua::meter::CpuTime;
use crate::lua::turn::Lines;
use crate::lua::vm::{Base, Heap, MEMORY_USED_UP, Memory};
use crate::module::{Module, ReporterGuest, RouterGuest, ServiceGuest};
use crate::quota::Account;

/// Most bytes of JSON that one entry of a service gives back.
const ACTIONS_BYTES_MAX: usize = 4 * JSON_BYTES_MAX;
/// Largest report.
const REPORT_BYTES_MAX: usize = 16 << 20;

/// A module in a VM of its own.
pub(crate) struct Instance {
    module: Arc<Module>,
    base: Base,
    vm: ModuleVm,
    heap: Heap,
    memory: Memory,
    lines: Lines,
}

impl Instance {
    pub fn open(
        module: &Arc<Module>,
        guest: &LuaGuest,
        (time, account): (&CpuTime, Option<Arc<Account>>),
    ) -> Result<Instance, ScriptError> {
        if !Memory::has_room(account.as_ref()) {
            return Err(failure::plain(
                ScriptErrorKind::Overload,
                MEMORY_USED_UP.to_owned(),
            ));
        }
        let (base, vm) = ModuleVm::open(module, guest, time)?;
        let mut memory = Memory::new(account, vm.limits.vm_memory_bytes);
        memory.count(base.lua.used_memory());
        Ok(Instance {
            heap: Heap::new(&base.lua, vm.limits.vm_memory_bytes),
            module: module.clone(),
            base,
            vm,
            memory,
            lines: Lines::default(),
        })
    }

    /// Calls a function of the world and reads what it gives back.
    fn enter<T>(
        &mut self,
        name: &'static str,
        parameters: mlua::Result<impl IntoLuaMulti>,
        read: impl FnOnce(MultiValue) -> Result<T, String>,
    ) -> Result<T, ScriptError> {
        let parameters = parameters.map_err(|e| failure::from_lua(&self.vm.file, &e, false))?;
        self.memory.lend(&self.base.lua);
        let around = (&self.base, self.module.as_ref());
        let values = self.vm.enter(around, name, parameters, &mut self.lines);
        tell(&self.module, std::mem::take(&mut self.lines));
        let read =
            values.and_then(|v| read(v).map_err(|e| failure::plain(ScriptErrorKind::Runtime, e)));
        self.heap.settle(&self.base.lua);
        self.memory.count(self.base.lua.used_memory());
        read
    }

    fn save_state(&mut self) -> Result<Vec<u8>, ScriptError> {
        self.enter("save", Ok(()), |values| {
            said::state(values.front().unwrap_or(&Value::Nil), STATE_BYTES_MAX)
        })
    }

    fn restore_state(
        &mut self,
        version: u32,
        state: &[u8],
    ) -> Result<Result<(), String>, ScriptError> {
        let lua = &self.base.lua;
        let given = match state.first() {
            Some(b'{' | b'[') => json::decode(lua, state).ok(),
            _ => None,
        };
        let given = match given {
            Some(value) => Ok(value),
            None => lua.create_string(state).map(Value::String),
        };
        let parameters = given.map(|state| (version, state));
        self.enter("restore", parameters, |values| {
            let mut values = values.into_iter();
            match (values.next(), values.next()) {
                (None | Some(Value::Nil | Value::Boolean(true)), None | Some(Value::Nil)) => {
                    Ok(Ok(()))
                }
                (Some(Value::String(why)), _)
                | (Some(Value::Nil | Value::Boolean(false)), Some(Value::String(why))) => {
                    Ok(Err(why.to_string_lossy()))
                }
                _ => Err("restore: return nothing, or a text that says why not".into()),
            }
        })
    }
}

/// The first value, or the module's own refusal.
fn or_refused<T>(
    name: &str,
    values: MultiValue,
    read: impl FnOnce(&Value) -> Result<T, String>,
) -> Result<Result<T, Refused>, String> {
    match said::refusal(name, values)? {
        Refusal::Value(value) => read(&value).map(Ok),
        Refusal::Refused(refused) => Ok(Err(refused)),
    }
}

impl RouterGuest for Instance {
    fn route(&mut self, request: &RouteRequest) -> Result<Result<Reasoned, Refused>, ScriptError> {
        let parameters = told::request(&self.base.lua, request);
        self.enter("route", parameters, |values| {
            or_refused("route", values, said::reasoned)
        })
    }
}

impl ServiceGuest for Instance {
    fn handle(&mut self, inputs: &[Input]) -> Result<Vec<Action>, ScriptError> {
        let lua = &self.base.lua;
        let parameters = act::inputs(inputs)
            .map_err(mlua::Error::runtime)
            .and_then(|inputs| told::value(lua, &inputs));
        let first = inputs.first().map_or(0, |input| input.seq);
        self.enter("handle", parameters, |values| {
            let value = values.front().unwrap_or(&Value::Nil);
            if value.is_nil() {
                return Ok(Vec::new());
            }
            let text =
                json::encode(value, ACTIONS_BYTES_MAX).map_err(|e| format!("handle: {e}"))?;
            act::actions(&text, first).map_err(|e| format!("handle: {e}"))
        })
    }

    fn save(&mut self) -> Result<Vec<u8>, ScriptError> {
        self.save_state()
    }

    fn restore(&mut self, version: u32, state: &[u8]) -> Result<Result<(), String>, ScriptError> {
        self.restore_state(version, state)
    }
}

impl ReporterGuest for Instance {
    fn fold(&mut self, events: &[Event]) -> Result<(), ScriptError> {
        let lua = &self.base.lua;
        let list = lua.create_table_with_capacity(events.len(), 0);
        let parameters = list.and_then(|list| {
            for event in events {
                list.raw_push(told::event(lua, event)?)?;
            }
            Ok(list)
        });
        self.enter("fold", parameters, |_| Ok(()))
    }

    fn render(
        &mut self,
        verb: &str,
        arguments: &serde_json::Value,
    ) -> Result<Result<Report, Refused>, ScriptError> {
        let parameters = told::value(&self.base.lua, arguments).map(|value| (verb, value));
        self.enter("render", parameters, |values| {
            or_refused("render", values, |value| {
                said::report(value, REPORT_BYTES_MAX)
            })
        })
    }

    fn save(&mut self) -> Result<Vec<u8>, ScriptError> {
        self.save_state()
    }

    fn restore(&mut self, version: u32, state: &[u8]) -> Result<Result<(), String>, ScriptError> {
        self.restore_state(version, state)
    }
}
