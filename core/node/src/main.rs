//! The program `cordboard`: the switch itself and its console.

use std::process::ExitCode;

use clap::Parser;
use cordboard_node::cli::Cli;

fn main() -> ExitCode {
    cordboard_node::run(Cli::parse())
}
