//! The arguments of `wayfare notebook`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `wayfare notebook`.
#[derive(Debug, Subcommand)]
pub enum NotebookCommand {
    /// Make a Markdown notebook of one of Jupyter's (.ipynb), its pictures beside it in _assets/generated.
    Import(NotebookFiles),
    /// Make a notebook of Jupyter's of a Markdown notebook.
    Export(NotebookFiles),
}

/// What is read and what is written.
#[derive(Debug, Args)]
pub struct NotebookFiles {
    /// The notebook that is read.
    pub file: PathBuf,
    /// The file that is written (default: beside it, with the other ending).
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Write it even if there is one already.
    #[arg(long)]
    pub force: bool,
}
