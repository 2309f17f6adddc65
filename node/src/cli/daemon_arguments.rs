//! The arguments of `wayfare daemon`.

use clap::{Args, Subcommand, ValueEnum};
use wayfare_protocol::daemon::{DaemonKind, DaemonName, Durability};
use wayfare_protocol::migration::MoveMode;

/// `wayfare daemon`.
#[derive(Debug, Subcommand)]
pub enum DaemonCommand {
    /// Daemons, where they live and how they are.
    List,
    /// Start a daemon, or resume one that was stopped. One that is there already is shown.
    Start(DaemonStart),
    /// One daemon.
    Show {
        /// Its name.
        name: DaemonName,
    },
    /// Give a daemon events, and wait until they are recorded.
    Send(DaemonSend),
    /// Show what a daemon says, until Ctrl-C.
    Tail(DaemonTail),
    /// Check the chain of a daemon's outputs, as far back as they are kept.
    Verify {
        /// Its name.
        name: DaemonName,
    },
    /// Let a daemon process nothing more. It keeps what it has; start resumes it.
    Stop {
        /// Its name.
        name: DaemonName,
    },
    /// Go on after a stop.
    Resume {
        /// Its name.
        name: DaemonName,
    },
    /// Let a daemon go on at another device, with everything that it has.
    Move(DaemonMove),
    /// Let a daemon go on from the cloud's spare, since its own device is gone for good. What it accepted after that is lost.
    Recover(DaemonRecover),
    /// Which device a daemon would move to, and how every device is judged.
    Explain {
        /// Its name.
        name: DaemonName,
    },
    /// Let a daemon process what another one says, wherever the two live; or end that.
    Feed(DaemonFeed),
    /// The daemons that feed one, and how far it is with each.
    Feeds {
        /// Its name.
        name: DaemonName,
    },
    /// Process the inbox after the newest snapshot again, beside the daemon, and say whether the same comes of it.
    ReplayInbox {
        /// Its name.
        name: DaemonName,
    },
    /// Take a snapshot now.
    Snapshot {
        /// Its name.
        name: DaemonName,
    },
    /// Events that a daemon gave up.
    DeadLetters {
        /// Its name.
        name: DaemonName,
    },
    /// Process an event after all that was given up.
    Redrive {
        /// Its name.
        name: DaemonName,
        /// The event's position, as dead-letters shows it.
        position: u64,
    },
}

/// `wayfare daemon start`.
#[derive(Debug, Args)]
pub struct DaemonStart {
    /// Its name: 1 to 64 letters, digits, '-', '_' or '.'.
    pub name: DaemonName,
    /// The code that it runs; every node has tally, window and primes.
    #[arg(long)]
    pub kind: DaemonKind,
    /// What an acknowledged event survives.
    #[arg(long, value_enum, default_value_t = Survives::Disk)]
    pub durability: Survives,
    /// The device, if it is made now: its name, or the beginning of its id.
    #[arg(long, value_name = "DEVICE")]
    pub on: Option<String>,
}

/// What an acknowledged event survives.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Survives {
    /// Nothing: it is lost with the node's process.
    Memory,
    /// The end of the node's process.
    Process,
    /// A loss of power.
    Disk,
}

impl From<Survives> for Durability {
    fn from(survives: Survives) -> Self {
        match survives {
            Survives::Memory => Self::Memory,
            Survives::Process => Self::Process,
            Survives::Disk => Self::Disk,
        }
    }
}

/// `wayfare daemon feed`.
#[derive(Debug, Args)]
pub struct DaemonFeed {
    /// Name of the daemon that takes.
    pub name: DaemonName,
    /// Name of the daemon whose outputs become its events.
    #[arg(long, value_name = "NAME")]
    pub from: DaemonName,
    /// The last output that is not wanted; 0: everything that is kept (default: only what it says from now on).
    #[arg(long, value_name = "NUMBER", conflicts_with = "end")]
    pub after: Option<u64>,
    /// Take nothing more.
    #[arg(long)]
    pub end: bool,
}

/// `wayfare daemon move`.
#[derive(Debug, Args)]
pub struct DaemonMove {
    /// Its name.
    pub name: DaemonName,
    /// The device: its name, or the beginning of its id (default: the one that fits best).
    #[arg(long, value_name = "DEVICE")]
    pub to: Option<String>,
    /// How: while it goes on, or stopped first. What is not deterministic is always stopped first.
    #[arg(long, value_enum, default_value_t = Way::Live)]
    pub mode: Way,
}

/// `wayfare daemon recover`.
#[derive(Debug, Args)]
pub struct DaemonRecover {
    /// Its name.
    pub name: DaemonName,
    /// The device: its name, or the beginning of its id (default: the one that fits best).
    #[arg(long, value_name = "DEVICE")]
    pub to: Option<String>,
}

/// How a daemon is moved.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Way {
    /// It goes on while its copy follows; the pause does not grow with its state.
    Live,
    /// It stops, is copied, and goes on.
    Copy,
}

impl From<Way> for MoveMode {
    fn from(way: Way) -> Self {
        match way {
            Way::Live => Self::Live,
            Way::Copy => Self::StopAndCopy,
        }
    }
}

/// `wayfare daemon send`.
#[derive(Debug, Args)]
pub struct DaemonSend {
    /// Its name.
    pub name: DaemonName,
    /// What the events say (default: one for each line of standard input).
    pub payloads: Vec<String>,
}

/// `wayfare daemon tail`.
#[derive(Debug, Args)]
pub struct DaemonTail {
    /// Its name.
    pub name: DaemonName,
    /// Number of the first output to show (default: the next one).
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub from: Option<u64>,
    /// End after so many numbers.
    #[arg(short = 'n', long)]
    pub count: Option<u64>,
}
