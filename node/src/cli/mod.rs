//! The command line `wayfare`. Its decisions about sessions and runs are the library's; here arguments become requests, and
//! answers become text.

mod app;
pub mod arguments;
mod attach;
mod cells;
mod completions;
mod confirm;
mod daemon;
mod daemon_arguments;
mod daemon_feeds;
mod daemon_moves;
mod dev;
mod device;
mod device_arguments;
mod docs;
mod docs_arguments;
mod doctor;
mod elsewhere;
mod exit;
mod file_trash;
mod files;
mod jupyter;
mod jupyter_arguments;
mod keyboard;
mod later;
mod lists;
mod login;
mod notebook;
mod notebook_arguments;
mod page;
mod plan;
mod progress;
mod project;
mod project_arguments;
mod questions;
mod queue;
mod run;
mod screen;
mod service;
mod session;
mod versions;
mod watch;

use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;

use app::App;
use arguments::{Arguments, Command, ServiceCommand, SessionCommand};
pub use cells::CellSelection;
use device_arguments::DeviceCommand;
pub use exit::{Exit, Failure};
use jupyter_arguments::JupyterCommand;
use notebook_arguments::NotebookCommand;

/// Runs the command line with this process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print(); // nobody is there to read it
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Good.into(),
                _ => Exit::Usage.into(),
            };
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&Failure::System(error)).into(),
    };
    let exit = runtime.block_on(dispatch(arguments)).unwrap_or_else(|failure| report(&failure));
    runtime.shutdown_background(); // a thread may wait for a line of input that nobody needs any more
    exit.into()
}

fn report(failure: &Failure) -> Exit {
    eprintln!("wayfare: {failure}");
    failure.exit()
}

async fn dispatch(arguments: Arguments) -> Result<Exit, Failure> {
    if let Command::Completions { shell } = arguments.command {
        return completions::completions(shell); // needs no configuration, which may be wrong
    }
    if let Command::Dev { seed } = arguments.command {
        return Err(dev::dev(seed));
    }
    let app = App::new(&arguments)?;
    match arguments.command {
        Command::Completions { shell } => completions::completions(shell),
        Command::Dev { seed } => Err(dev::dev(seed)),
        Command::Jupyter { command: JupyterCommand::Install(asked) } => jupyter::install(&app, &asked),
        Command::Jupyter { command: JupyterCommand::Serve(asked) } => jupyter::serve(&app, asked).await,
        Command::Notebook { command: NotebookCommand::Import(asked) } => notebook::import(&app, &asked),
        Command::Notebook { command: NotebookCommand::Export(asked) } => notebook::export(&app, &asked),
        Command::Login(asked) => login::login(&app, asked).await,
        Command::Run(asked) => run::run(&app, &asked).await,
        Command::Attach(asked) => attach::attach(&app, &asked).await,
        Command::Device { command: DeviceCommand::List } => lists::devices(&app).await,
        Command::Device { command: DeviceCommand::Revoke(asked) } => device::revoke(&app, &asked).await,
        Command::Device { command: DeviceCommand::Rename(asked) } => device::rename(&app, &asked).await,
        Command::Device { command: DeviceCommand::Drain(asked) } => device::drain(&app, &asked).await,
        Command::Device { command: DeviceCommand::Token(asked) } => device::token(&app, &asked).await,
        Command::Session { command: SessionCommand::List } => lists::sessions(&app).await,
        Command::Session { command: SessionCommand::Show(which) } => session::show(&app, &which).await,
        Command::Session { command: SessionCommand::Interrupt(which) } => session::interrupt(&app, &which).await,
        Command::Session { command: SessionCommand::Stop(which) } => session::stop(&app, &which).await,
        Command::Session { command: SessionCommand::Reset(which) } => session::reset(&app, &which).await,
        Command::Session { command: SessionCommand::History(asked) } => questions::history(&app, &asked).await,
        Command::Session { command: SessionCommand::Variables(asked) } => questions::variables(&app, &asked).await,
        Command::Session { command: SessionCommand::Inspect(asked) } => questions::inspect(&app, &asked).await,
        Command::Session { command: SessionCommand::Set(asked) } => session::set(&app, &asked).await,
        Command::Service { command: ServiceCommand::Install(asked) } => service::install(&app, &asked),
        Command::Daemon { command } => daemon::daemon(&app, command).await,
        Command::Docs { command } => docs::docs(&app, command).await,
        Command::Project { command } => project::project(&app, command).await,
        Command::App => page::page(&app),
        Command::Doctor => doctor::doctor(&app).await,
    }
}
