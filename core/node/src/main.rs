//! The program `cordboard`: the switch itself and its console.

use std::process::ExitCode;

use clap::Parser;
use cordboard_node::cli::Cli;

/// Calls make and drop many small buffers on several threads; the system's allocator keeps a
/// burst's memory and spends twice the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cordboard_node::aside().unwrap_or_else(|| cordboard_node::run(Cli::parse()))
}
