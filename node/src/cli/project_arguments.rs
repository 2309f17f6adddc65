//! The arguments of `wayfare project`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

/// `wayfare project`.
#[derive(Debug, Subcommand)]
pub enum ProjectCommand {
    /// Bind a folder to a project: its text files are the project's documents from now on.
    Add {
        /// The folder.
        folder: PathBuf,
        /// The project; it is made if there is none (default: the folder's name).
        #[arg(long)]
        name: Option<String>,
    },
    /// The folders that are bound, and whether anything is to be said of them.
    List,
    /// What of a project's folder does not sync, and why.
    Status {
        /// The project.
        name: String,
    },
    /// Whether this device has a project's documents and small files before anybody opens them, and whether they are here.
    Set {
        /// The project.
        name: String,
        /// Whether they are read ahead from now on, at this device.
        #[arg(long)]
        prefetch: Option<Switch>,
    },
    /// The files of a project that are no documents.
    Files {
        /// The project.
        name: String,
        /// Those in the project's trash.
        #[arg(long)]
        trash: bool,
    },
    /// Bring a file into a project, which is made if there is none. What is there already is not sent again.
    Upload {
        /// The project.
        name: String,
        /// The file.
        file: PathBuf,
        /// Its path in the project (default: its name).
        #[arg(long)]
        path: Option<String>,
    },
    /// Fetch a file of a project.
    Download {
        /// The project.
        name: String,
        /// Its path in the project.
        path: String,
        /// Where it is written; `-` for standard output (default: its name, here).
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
    /// Put a file of a project into its trash; without a path the project, with everything in it.
    Delete {
        /// The project.
        name: String,
        /// Its path in the project.
        path: Option<String>,
    },
    /// Take a file out of the trash, to the path that it had, or one beside it; without a path the project that had this name.
    Restore {
        /// The project.
        name: String,
        /// The path that it had.
        path: Option<String>,
    },
    /// Empty the trash of a project for good: documents, with their versions, and files.
    Empty {
        /// The project.
        name: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Let the folder of a project go. Its files and the documents stay as they are.
    Remove {
        /// The project.
        name: String,
    },
    /// Say that files which are gone from a project's folder were deleted: their documents go to the trash.
    Release {
        /// The project.
        name: String,
    },
}
