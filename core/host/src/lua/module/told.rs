//! What a module is told: values of the contract as Lua tables, made without a detour.

use std::collections::BTreeMap;

use mlua::{Lua, Table, Value};

use crate::contract::{Caller, Event, Query, RouteRequest};
use crate::lua::json;

/// JSON as a Lua value; a `null` is nil.
pub(crate) fn value(lua: &Lua, value: &serde_json::Value) -> mlua::Result<Value> {
    if value.is_null() {
        return Ok(Value::Nil);
    }
    json::to_lua(lua, value).map_err(mlua::Error::runtime)
}

/// As `value`, and nobody can change it.
pub(crate) fn frozen(lua: &Lua, given: &serde_json::Value) -> mlua::Result<Value> {
    let made = value(lua, given)?;
    if let Value::Table(table) = &made {
        freeze(table)?;
    }
    Ok(made)
}

/// JSON nests at most `JSON_DEPTH_MAX` deep, so this ends.
fn freeze(table: &Table) -> mlua::Result<()> {
    for pair in table.pairs::<Value, Value>() {
        if let (_, Value::Table(inner)) = pair? {
            freeze(&inner)?;
        }
    }
    table.set_readonly(true);
    Ok(())
}

fn caller(lua: &Lua, caller: &Caller) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(0, 4)?;
    table.raw_set("number", caller.number.as_str())?;
    table.raw_set("name", caller.name.as_deref())?;
    table.raw_set("user", caller.user.as_deref())?;
    table.raw_set("trunk", caller.trunk.as_deref())?;
    Ok(table)
}

/// `routing.request`.
pub(crate) fn request(lua: &Lua, request: &RouteRequest) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(0, 8)?;
    table.raw_set("step", request.step.as_str())?;
    table.raw_set("arguments", value(lua, &request.arguments)?)?;
    table.raw_set("call", request.call.as_str())?;
    table.raw_set("caller", caller(lua, &request.caller)?)?;
    table.raw_set("dialled", request.dialled.as_str())?;
    table.raw_set("variables", variables(lua, &request.variables)?)?;
    table.raw_set("at_ms", request.at_ms as f64)?;
    table.raw_set("seed", seed(request.seed))?;
    Ok(table)
}

/// Variables of a call.
pub(crate) fn variables(lua: &Lua, given: &BTreeMap<String, String>) -> mlua::Result<Table> {
    let variables = lua.create_table_with_capacity(0, given.len())?;
    for (name, value) in given {
        variables.raw_set(name.as_str(), value.as_str())?;
    }
    Ok(variables)
}

/// Chance as a number that is exact: 53 bits.
pub(crate) fn seed(seed: u64) -> f64 {
    (seed >> 11) as f64
}

/// `connecting.query`.
pub(crate) fn query(lua: &Lua, query: &Query) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(0, 5)?;
    table.raw_set("step", query.step.as_str())?;
    table.raw_set("arguments", value(lua, &query.arguments)?)?;
    table.raw_set("call", query.call.as_str())?;
    table.raw_set("caller", caller(lua, &query.caller)?)?;
    table.raw_set("dialled", query.dialled.as_str())?;
    Ok(table)
}

/// `types.event`.
pub(crate) fn event(lua: &Lua, event: &Event) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(0, 6)?;
    table.raw_set("seq", event.seq as f64)?;
    table.raw_set("at_ms", event.at_ms as f64)?;
    table.raw_set("topic", event.topic.as_str())?;
    table.raw_set("call", event.call.as_deref())?;
    table.raw_set("leg", event.leg)?;
    table.raw_set("payload", value(lua, &event.payload)?)?;
    Ok(table)
}
