//! The arguments of `wayfare`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use wayfare_protocol::RunId;
use wayfare_protocol::capability::Needs;
use wayfare_protocol::pairing::PairingString;
use wayfare_protocol::session::SessionName;

use super::cells::CellSelection;
use super::daemon_arguments::DaemonCommand;
use super::device_arguments::DeviceCommand;
use super::docs_arguments::{DocsCommand, DocumentName};
use super::exit::EXIT_CODES;
use super::jupyter_arguments::JupyterCommand;
use super::notebook_arguments::NotebookCommand;
use super::project_arguments::ProjectCommand;
use crate::notebook::parse_needs;

/// Runs the cells of Markdown notebooks on your devices.
///
/// Commands go to the node that runs on the same data folder, else to the cloud that this device is paired with.
#[derive(Debug, Parser)]
#[command(name = "wayfare", version, after_help = EXIT_CODES)]
pub struct Arguments {
    /// The device's data folder (default: WAYFARE_NODE_DATA_DIR, the node's configuration, else ~/.local/share/wayfare).
    #[arg(long, global = true, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Answers as lines of JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// Connect to the cloud even if a node runs here.
    #[arg(long, global = true)]
    pub cloud: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Pair this device with a cloud.
    Login(Login),
    /// Run the cells of a notebook, or code.
    Run(Box<Run>),
    /// Show a run from any of its events on.
    Attach(Attach),
    /// The devices of the account.
    Device {
        /// What to do.
        #[command(subcommand)]
        command: DeviceCommand,
    },
    /// The live sessions of the account.
    Session {
        /// What to do.
        #[command(subcommand)]
        command: SessionCommand,
    },
    /// The event daemons of the account.
    Daemon {
        /// What to do.
        #[command(subcommand)]
        command: DaemonCommand,
    },
    /// The documents of the account.
    Docs {
        /// What to do.
        #[command(subcommand)]
        command: DocsCommand,
    },
    /// The folders of this device that are bound to projects, and files of projects that are no documents.
    Project {
        /// What to do.
        #[command(subcommand)]
        command: ProjectCommand,
    },
    /// Print the address of the app for a browser of this machine.
    App,
    /// Say what can be used here, and what cannot and why.
    Doctor,
    /// The node as a service of yours.
    Service {
        /// What to do.
        #[command(subcommand)]
        command: ServiceCommand,
    },
    /// Let Jupyter's front ends run their notebooks on the mesh.
    Jupyter {
        /// What to do.
        #[command(subcommand)]
        command: JupyterCommand,
    },
    /// Bring notebooks of Jupyter's to Markdown and back.
    Notebook {
        /// What to do.
        #[command(subcommand)]
        command: NotebookCommand,
    },
    /// Try daemons on a cloud and three nodes in one process: to kill, freeze, and move between. Nothing of it is kept.
    Dev {
        /// Decides what is random.
        #[arg(long, default_value_t = 0)]
        seed: u64,
    },
    /// Write the script by which a shell completes this command line.
    Completions {
        /// Which shell.
        shell: Shell,
    },
}

/// `wayfare service`.
#[derive(Debug, Subcommand)]
pub enum ServiceCommand {
    /// Start the node with your session, and again whenever it ends. Its sessions outlive it.
    Install(ServiceInstall),
}

/// `wayfare service install`.
#[derive(Debug, Args)]
pub struct ServiceInstall {
    /// The program wayfare-node (default: the one beside this program).
    #[arg(long)]
    pub program: Option<PathBuf>,
    /// Write the service's file and do not start it.
    #[arg(long)]
    pub no_start: bool,
    /// Show the file instead of writing it.
    #[arg(long, conflicts_with = "no_start")]
    pub print: bool,
    /// Arguments of wayfare-node, after `--`: -- --venv /home/ada/.venv.
    #[arg(last = true)]
    pub node_arguments: Vec<String>,
}

/// `wayfare login`.
#[derive(Debug, Args)]
pub struct Login {
    /// What the cloud printed: wayfare://HOST:PORT/CODE/ANCHOR.
    pub pairing_string: PairingString,
    /// What this device is called (default: the node's configured name, which is the machine's).
    #[arg(long)]
    pub name: Option<String>,
    /// Speak unencrypted WebSocket to another machine, now and later (a wayfare+ws:// string).
    #[arg(long)]
    pub insecure_plaintext: bool,
}

/// Where a session lives on another device than the one chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IfElsewhere {
    /// Ask; refuse where nobody can be asked.
    Ask,
    /// Run where it lives.
    Attach,
    /// Run on the chosen device, in a session of its own there, without the other's variables.
    New,
}

/// `wayfare run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The notebook.
    #[arg(required_unless_present_any = ["code", "document"], conflicts_with_all = ["code", "document"])]
    pub notebook: Option<PathBuf>,
    /// A document of a project instead of a file, as project/path: what its cells wrote is written into it.
    #[arg(long, value_name = "DOCUMENT", conflicts_with = "code")]
    pub document: Option<DocumentName>,
    /// Code to run instead of a notebook.
    #[arg(short = 'c', long, value_name = "CODE")]
    pub code: Option<String>,
    /// Which cells: 3, 1,4 or 2-5 (default: all). They run in the order of the notebook.
    #[arg(long = "cell", value_name = "N[,M|N-M]", conflicts_with = "code")]
    pub cells: Option<CellSelection>,
    /// The session: project:name, or name within the notebook's project (default: as the notebook says, else main).
    #[arg(long)]
    pub session: Option<String>,
    /// With -c the language of the code (default: python); with a notebook only cells in this language run.
    #[arg(long)]
    pub language: Option<String>,
    /// The device that runs it: its name, or the beginning of its id.
    #[arg(long, value_name = "DEVICE")]
    pub on: Option<String>,
    /// What to do where the session lives on another device than --on.
    #[arg(long, value_enum, default_value_t = IfElsewhere::Ask)]
    pub if_elsewhere: IfElsewhere,
    /// What the device must have, besides what the notebook says: gpu,memory:16GiB,tag:lab.
    #[arg(long, value_parser = parse_needs)]
    pub needs: Option<Needs>,
    /// How the session is started if it is made now.
    #[command(flatten)]
    pub environment: EnvironmentFlags,
    /// Interrupt a cell that takes longer: 30s, 5m.
    #[arg(long, value_parser = humantime::parse_duration)]
    pub timeout: Option<Duration>,
    /// Go on with the next cell when one fails.
    #[arg(long)]
    pub keep_going: bool,
    /// Where the session is not within reach, leave the cells of a document with this device's node, which sends them when it is.
    #[arg(long, requires = "document")]
    pub queue: bool,
}

/// How a kernel is started.
#[derive(Clone, Debug, Default, Args)]
pub struct EnvironmentFlags {
    /// Name of the Jupyter kernel.
    #[arg(long)]
    pub kernel: Option<String>,
    /// Folder of a virtual environment on the device that runs it; goes before --kernel.
    #[arg(long)]
    pub venv: Option<String>,
    /// Working folder on the device that runs it; a relative one is below the home folder there.
    #[arg(long)]
    pub cwd: Option<String>,
}

/// `wayfare attach`.
#[derive(Debug, Args)]
pub struct Attach {
    /// The session: project:name, or its id.
    pub session: String,
    /// The run's id.
    pub run: RunId,
    /// Number of the first event to show.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub from: u64,
    /// The language, where several sessions have the name.
    #[arg(long)]
    pub language: Option<String>,
}

/// `wayfare session`.
#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// Sessions, where they live and what they do.
    List,
    /// One session.
    Show(SessionChoice),
    /// Interrupt what it runs.
    Interrupt(SessionChoice),
    /// End its kernel; what waits is taken back, variables are gone. The name stays: the next run starts a new kernel.
    Stop(SessionChoice),
    /// End its kernel and start a new one at once: what waits is taken back, variables are gone.
    Reset(SessionChoice),
    /// What its kernel has executed, oldest first.
    History(SessionHistory),
    /// Its variables, or one and what is in it (Python and R).
    Variables(SessionVariables),
    /// What its kernel knows of a name, or of what stands at the end of some code.
    Inspect(SessionInspect),
    /// Change how its kernel is started next time. What is not given stays; an empty text takes it back.
    Set(SessionSet),
}

/// Which session.
#[derive(Clone, Debug, Args)]
pub struct SessionChoice {
    /// Its name: project:name.
    pub name: SessionName,
    /// Its language, where several sessions have the name.
    #[arg(long)]
    pub language: Option<String>,
}

/// `wayfare session history`.
#[derive(Debug, Args)]
pub struct SessionHistory {
    /// Which session.
    #[command(flatten)]
    pub which: SessionChoice,
    /// Most entries to show.
    #[arg(short = 'n', long, default_value_t = 20)]
    pub last: u32,
    /// Only entries that contain this text.
    #[arg(long, default_value = "")]
    pub contains: String,
}

/// `wayfare session variables`.
#[derive(Debug, Args)]
pub struct SessionVariables {
    /// Which session.
    #[command(flatten)]
    pub which: SessionChoice,
    /// A variable; after it, from it inwards, names of what is in it as they are shown: [0] .attribute $column.
    pub path: Vec<String>,
}

/// `wayfare session inspect`.
#[derive(Debug, Args)]
pub struct SessionInspect {
    /// Which session.
    #[command(flatten)]
    pub which: SessionChoice,
    /// The name, or code that ends with it.
    pub code: String,
    /// The source code too, where there is one.
    #[arg(long)]
    pub source: bool,
}

/// `wayfare session set`.
#[derive(Debug, Args)]
pub struct SessionSet {
    /// Which session.
    #[command(flatten)]
    pub which: SessionChoice,
    /// What to change.
    #[command(flatten)]
    pub environment: EnvironmentFlags,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(line: &str) -> Result<Arguments, String> {
        Arguments::try_parse_from(line.split_whitespace()).map_err(|error| error.to_string())
    }

    fn run(line: &str) -> Run {
        match parse(line).expect("arguments").command {
            Command::Run(run) => *run,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_run_has_a_notebook_or_code_and_not_both() {
        assert_eq!(run("wayfare run a.md").notebook, Some("a.md".into()));
        assert_eq!(run("wayfare run -c 1+1").code.as_deref(), Some("1+1"));
        assert!(parse("wayfare run").is_err());
        assert!(parse("wayfare run a.md -c 1+1").is_err());
        assert!(parse("wayfare run -c 1+1 --cell 2").is_err());
    }

    #[test]
    fn what_is_for_every_command_may_stand_before_or_after_it() {
        for line in ["wayfare --json --data-dir /d session list", "wayfare session list --json --data-dir /d"] {
            let arguments = parse(line).expect("arguments");
            assert!(arguments.json && arguments.data_dir == Some("/d".into()), "{line}");
        }
    }

    #[test]
    fn a_run_takes_its_flags() {
        let run =
            run("wayfare run a.md --cell 1,3-4 --session p:s --on laptop --venv .venv --timeout 90s --keep-going");
        assert!(run.cells.is_some_and(|cells| cells.contains(4) && !cells.contains(2)));
        assert_eq!((run.session.as_deref(), run.on.as_deref()), (Some("p:s"), Some("laptop")));
        assert_eq!((run.environment.venv.as_deref(), run.timeout), (Some(".venv"), Some(Duration::from_secs(90))));
        assert!(run.keep_going);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert!(parse("wayfare login https://a").expect_err("no").contains("wayfare://"));
        assert!(parse("wayfare session stop main").expect_err("no").contains("project:name"));
        assert!(parse("wayfare attach p:main 17").expect_err("no").contains("RunId"));
        assert!(parse("wayfare attach p:main 00000000-0000-0000-0000-000000000007 --from 0").is_err());
        assert!(parse("wayfare run a.md --timeout soon").is_err());
    }
}
