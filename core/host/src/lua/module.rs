//! Lua modules: the contract of `sdk/wit` as tables of functions.
//!
//! `module.lua` returns one table whose functions are named as in the WIT, `_` for `-`; values are
//! the JSON shapes of `contract`. It is loaded once in a VM, keeps its locals there, and is bound
//! as call scripts are: CPU time of each entry, memory of the VM, no way out of its libraries. A
//! call script, router or connector has one VM a thread; a service or reporter has one VM.
//!
//! Names of host functions are those of call scripts. A world that must follow from its inputs
//! (router, service, reporter) has no `http`, `store`, `now` or `random` at all.

mod act;
mod compile;
mod instance;
mod operation;
mod said;
#[cfg(test)]
mod tests;
mod told;
mod vm;
mod world;

pub(crate) use act::{actions, inputs};
pub(crate) use compile::tell;
pub use compile::{LogSink, LuaCompiler, LuaGuest};
pub(crate) use operation::Operation;
pub(crate) use said::{Refusal, found, refusal, routed};
pub(crate) use vm::{Begun, Entry, ModuleVm};
pub(crate) use world::absent;
