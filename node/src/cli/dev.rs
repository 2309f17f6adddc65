//! `wayfare dev`: hands over to the program of that name.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use super::exit::Failure;

/// The program, which comes with this one.
const PROGRAM: &str = "wayfare-dev";

/// Becomes it; returns only if that cannot be.
pub(super) fn dev(seed: u64) -> Failure {
    let beside = std::env::current_exe().ok().map(|own| own.with_file_name(PROGRAM)).filter(|path| path.is_file());
    let program = beside.unwrap_or_else(|| PROGRAM.into());
    let error = Command::new(&program).args(["--seed", &seed.to_string()]).exec();
    Failure::NotFound(format!(
        "{} cannot be run: {error}; it is built with the workspace's programs",
        program.display()
    ))
}
