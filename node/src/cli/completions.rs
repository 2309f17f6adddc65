//! `wayfare completions`: what a shell needs to complete the command line.

use std::io::Write as _;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::arguments::Arguments;
use super::exit::{Exit, Failure};

/// Writes a shell's script to standard output.
pub(super) fn completions(shell: Shell) -> Result<Exit, Failure> {
    std::io::stdout().lock().write_all(&script(shell))?;
    Ok(Exit::Good)
}

fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "wayfare", &mut script);
    script
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn every_shell_learns_every_command() {
        for shell in Shell::value_variants() {
            let script = String::from_utf8(script(*shell)).expect("text");
            for word in ["attach", "jupyter", "interrupt", "keep-going"] {
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }
}
