//! The daemon: sockets, clock, threads and files around the pure engines, and the console.
//!
//! Nothing here decides about a call; a branch on call state found in this room is in the wrong
//! one. Threads: one shard (signalling, calls, routes), media threads, script workers, the
//! journal's two, and a tokio runtime for everything that may wait (TCP, database, http, console).
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod admit;
pub mod bindings;
pub mod builds;
pub mod capture;
pub mod chance;
pub mod cli;
pub mod clock;
pub mod console;
pub mod control;
pub mod data_dir;
pub mod explain;
pub mod files;
pub mod hosting;
pub mod http;
pub mod journal_door;
pub mod loader;
pub mod mailbox;
pub mod media_thread;
pub mod modules;
pub mod named_secrets;
pub mod networks;
pub mod offline;
pub mod operator;
pub mod outlets;
pub mod outside;
pub mod passwords;
pub mod poll;
pub mod process;
pub mod records;
pub mod refusal;
pub mod registrar;
pub mod reload;
pub mod sdk;
pub mod shard;
pub mod simulated;
pub mod sockets;
pub mod source_limit;
pub mod start;
pub mod tenants;
pub mod tokens;
pub mod usage;
pub mod verbs;
pub mod watch;
pub mod world;

use std::path::PathBuf;
use std::process::ExitCode;

use cli::{Cli, Command, OfModule};

/// What the switch says to a child of its own program, and nobody else: `compile-module IN OUT`
/// compiles one artefact, `run-native PARENT` runs one library. None: the command line is a
/// person's.
pub fn aside() -> Option<ExitCode> {
    if let Some(code) = cordboard_host::native::aside() {
        return Some(code);
    }
    let mut words = std::env::args_os().skip(1);
    if words.next()? != cordboard_host::wasm::COMPILE_VERB {
        return None;
    }
    let (input, output) = (PathBuf::from(words.next()?), PathBuf::from(words.next()?));
    Some(match cordboard_host::wasm::compile_to(&input, &output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    })
}

/// Carries a command line out.
pub fn run(cli: Cli) -> ExitCode {
    let data = data_dir::DataDir::choose(cli.data.clone());
    let Some(command) = cli.command else {
        return start::start(data, &cli.start);
    };
    match command {
        Command::Check {
            dir,
            scripts,
            modules,
        } => offline::check(
            &offline::Places::new(&data, &dir, &scripts, modules),
            cli.json,
        ),
        Command::Test {
            dir,
            scripts,
            modules,
        } => offline::test(
            &offline::Places::new(&data, &dir, &scripts, modules),
            cli.json,
        ),
        Command::Diff { tenant, dialplans } => offline::diff(&dialplans, &tenant, cli.json),
        Command::Fmt { dir, check } => offline::fmt(&dir, check, cli.json),
        Command::Simulate(call) => offline::simulate(&data, &call, cli.json),
        Command::Module {
            what: OfModule::Files(what),
        } => sdk::run(&data, what, cli.json),
        other => console::carry_out(&data, other, &cli.start, cli.json),
    }
}
