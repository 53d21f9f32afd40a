//! Lua call scripts: straight-line Luau code, one coroutine a call, suspended without a thread.
//!
//! `Scripts::compile` checks a folder of files and turns them into bytecode. A `LuaHost` runs
//! them: a script that calls a host function yields a request out of its coroutine, and the
//! answer goes back in by `handle`. Nothing here reads a clock, a file or a socket, and nothing is
//! asynchronous, so the same answers give the same turns. `TenantHosts` gives hosts a crew.
//!
//! One VM serves one script of one generation; every call has its own coroutine
//! and its own globals. A VM that has met its memory limit takes no new calls.

mod answer;
mod check;
mod compile;
mod failure;
mod host;
mod json;
mod lex;
mod limits;
mod manifest;
mod meter;
mod module;
mod pool;
mod request;
mod turn;
mod url;
mod usage;
mod vm;

#[cfg(test)]
mod tests;

pub(crate) use check::nearest;
pub use compile::{Compiled, Script, ScriptDiagnostic, Scripts};
pub use host::{LuaHost, WorkerClosed};
pub use limits::Limits;
pub use manifest::{Argument, HttpHost, ScriptManifest};
pub use meter::CpuTime;
pub use module::{LogSink, LuaCompiler, LuaGuest};
pub(crate) use module::{Operation, actions, inputs};
pub(crate) use turn::permitted;
pub(crate) use url::host_of;
