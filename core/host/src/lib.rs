//! The module host: runs other people's code and keeps it inside its limits.
//!
//! So far it runs Lua call scripts (`lua`). It turns contract types of `cordboard-steps` into
//! Lua values and back, and decides nothing about calls: that is the room `steps`.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod capability;
pub mod contract;
pub mod crew;
pub mod lua;
pub mod manifest;
pub mod module;
pub mod native;
pub mod package;
pub mod program;
pub mod quota;
pub mod reporter;
pub mod service;
pub mod wasm;

pub use lua::{
    Argument, Compiled, CpuTime, HttpHost, Limits, LuaHost, Script, ScriptDiagnostic,
    ScriptManifest, Scripts, WorkerClosed,
};
