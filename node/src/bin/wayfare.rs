//! `wayfare`: the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    wayfare_node::cli::main()
}
