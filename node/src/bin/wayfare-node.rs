//! `wayfare-node`: a device's node.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use wayfare_node::builder::NodeBuilder;
use wayfare_node::config::{ConfigFlags, NodeConfig};
use wayfare_node::daemon::Ready;

const EXIT_CODES: &str = "\
Exit codes: 0 stopped by SIGTERM or SIGINT, session hosts live on; 1 could not start, or its parts failed and \
restarting them did not help; 2 wrong arguments or configuration.";

/// Runs a device's node: it owns sessions, runs code, and keeps the link to the cloud.
#[derive(Parser)]
#[command(name = "wayfare-node", version, after_help = EXIT_CODES)]
struct Arguments {
    #[command(flatten)]
    flags: ConfigFlags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the node (the default).
    Run,
    /// The configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Print the configuration in force as TOML, secrets masked.
    Print,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let config = match NodeConfig::load(&arguments.flags) {
        Ok(config) => config,
        Err(error) => return failed(&error, 2),
    };
    match arguments.command.unwrap_or(Command::Run) {
        Command::Config { command: ConfigCommand::Print } => {
            print!("{}", config.print());
            ExitCode::SUCCESS
        }
        Command::Run => run(&config),
    }
}

fn run(config: &NodeConfig) -> ExitCode {
    if let Err(error) = wayfare_io::start_logging(&config.log) {
        return failed(&error, 2);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error, 1),
    };
    match runtime.block_on(NodeBuilder::new(config.clone()).with_own_daemons().run(say_ready)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error, 1),
    }
}

/// The one line on standard output: whoever started the node waits for it.
fn say_ready(ready: &Ready) {
    let kernels = if ready.kernels.is_empty() { "none found".to_owned() } else { ready.kernels.join(", ") };
    let mut out = std::io::stdout();
    // Nobody may be listening.
    let _ = writeln!(out, "ready {} ({}) · kernels: {kernels}", ready.name, ready.device);
    let _ = out.flush();
}

fn failed(error: &dyn std::error::Error, code: u8) -> ExitCode {
    eprintln!("wayfare-node: {error}");
    ExitCode::from(code)
}
