//! `wayfare-cloud`.

use std::path::{PathBuf, absolute};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use wayfare_cloud::config::{CloudConfig, ConfigFlags};
use wayfare_cloud::serve::Ended;
use wayfare_cloud::welcome::welcome;
use wayfare_cloud::{backup, pair, serve};

/// Serves the links of a person's devices and joins what belongs together.
///
/// Settings are taken from flags, then from the environment (WAYFARE_CLOUD_LISTEN, WAYFARE_CLOUD_LIMITS__DIAL, ...), then
/// from the configuration file, then from defaults.
#[derive(Parser)]
#[command(name = "wayfare-cloud", version, args_override_self = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    flags: ConfigFlags,
}

#[derive(Subcommand)]
enum Command {
    /// Serve (what it does without a command).
    Serve,
    /// Print a new pairing string of the running cloud; earlier ones are good for nothing then.
    Pair {
        /// Print the address of the app with it too, and that as a code for the camera of a phone.
        #[arg(long)]
        qr: bool,
    },
    /// Copy what the cloud keeps into a new folder, also while it runs. The copy has its keys: whoever reads it can pretend to be it.
    Backup {
        /// The folder for it.
        to: PathBuf,
    },
    /// Bring a backup back as the data of a cloud that is lost; the data folder must be gone or empty.
    Restore {
        /// The backup's folder.
        from: PathBuf,
    },
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Print the configuration in force as TOML, secrets masked.
    Print,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("wayfare-cloud: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    let config = CloudConfig::load(&arguments.flags)?;
    match &arguments.command {
        Some(Command::Config(ConfigCommand::Print)) => print!("{}", config.print()),
        Some(Command::Pair { qr }) => {
            let string = runtime()?.block_on(pair::ask(&config.data_dir, &config.limits()))?;
            print!("{}", if *qr { welcome(&string)? } else { format!("{string}\n") });
        }
        Some(Command::Backup { to }) => {
            let description = runtime()?.block_on(backup::backup(&config.data_dir, &absolute(to)?))?;
            println!("backup of {} in {}: {description}", config.data_dir.display(), to.display());
        }
        Some(Command::Restore { from }) => {
            let generation = runtime()?.block_on(backup::restore(&absolute(from)?, &config.data_dir))?;
            println!(
                "{} is back, in generation {generation}; start it with `wayfare-cloud serve`",
                config.data_dir.display()
            );
        }
        Some(Command::Serve) | None => {
            wayfare_io::start_logging(&config.log)?;
            return Ok(match runtime()?.block_on(serve::serve(&config, &mut std::io::stdout()))? {
                Ended::Drained => ExitCode::SUCCESS,
                Ended::Broken => ExitCode::FAILURE,
                // Whatever still runs is not waited for.
                Ended::AtOnce => std::process::exit(1),
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("tokio")
}
