//! WASM modules: components of the contract's worlds, run by wasmtime inside their limits.
//!
//! `WasmEngine` is there once a process. `WasmCompiler` makes a `Guest` of an artefact; routers,
//! services and reporters are asked through it and answer at once. Call scripts and connectors
//! stand still in the middle of their code while the call does what they asked for: a `WasmHost`
//! runs those of one tenant, slice by slice.
//!
//! A guest has memory, time, host calls and instances up to its module's limits and its tenant's
//! quota, and nothing else: no WASI, no file, no socket. What ends a guest ends nothing but it.

mod bindings;
mod code;
mod compile;
mod convert;
mod decide;
mod engine;
mod failure;
mod guest;
mod host;
mod hosts;
mod instance;
mod ready;
mod state;
#[cfg(test)]
mod tests;

pub use compile::{VERB as COMPILE_VERB, compile_to};
pub use engine::{Compiling, EngineError, SLICE, WasmEngine, WasmLimits};
pub use guest::{WasmCompiler, WasmGuest};
pub use host::WasmHost;
