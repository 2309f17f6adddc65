//! The arguments of `wayfare docs`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};
use wayfare_protocol::RunId;

/// `wayfare docs`.
#[derive(Debug, Subcommand)]
pub enum DocsCommand {
    /// The projects, or the documents of one.
    List {
        /// The project.
        project: Option<String>,
        /// Those in the project's trash.
        #[arg(long, requires = "project")]
        trash: bool,
    },
    /// Make a project, or an empty document in one. What is there already stays as it is.
    New {
        /// project or project/path.
        name: String,
    },
    /// The text of a document.
    Cat {
        /// project/path.
        name: DocumentName,
        /// Not as it is but as it was: a version that `history` lists, or the first digits of it.
        #[arg(long)]
        version: Option<String>,
    },
    /// What a document was: its versions, the newest first, and how many lines came and went with each.
    History {
        /// project/path.
        name: DocumentName,
    },
    /// The runs that wait in a document for the devices that were asked for them without a connection.
    Queue {
        /// project/path.
        name: DocumentName,
        /// Take this one back: its device does not send it any more.
        #[arg(long, value_name = "RUN")]
        take_back: Option<RunId>,
    },
    /// Change a document in your editor, or to what a file says. Only what differs is changed; what others change meanwhile stays.
    Edit(DocsEdit),
    /// Give a document another path in its project. It stays the same document.
    Rename {
        /// project/path.
        name: DocumentName,
        /// Its new path, without the project.
        path: String,
    },
    /// Put a document into its project's trash.
    Delete {
        /// project/path.
        name: DocumentName,
    },
    /// Take a document out of the trash, to the path that it had, or one beside it; or make it what it was.
    Restore {
        /// project/path; project/id where several in the trash had the path.
        name: DocumentName,
        /// Make a document that is not in the trash what this version of it was. What others change meanwhile stays, and what it is
        /// now becomes a version.
        #[arg(long)]
        version: Option<String>,
    },
}

/// `wayfare docs edit`.
#[derive(Debug, Args)]
pub struct DocsEdit {
    /// project/path; an empty document is made if there is none.
    pub name: DocumentName,
    /// The file with the new text; `-` for standard input. Without it $VISUAL or $EDITOR is started.
    #[arg(long)]
    pub from: Option<PathBuf>,
}

/// A document by the name of its project and its path in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentName {
    /// The project.
    pub project: String,
    /// The path.
    pub path: String,
}

/// Text that names no document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no document: write project/path")]
pub struct DocumentNameError(String);

impl fmt::Display for DocumentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.project, self.path)
    }
}

impl FromStr for DocumentName {
    type Err = DocumentNameError;
    fn from_str(text: &str) -> Result<Self, DocumentNameError> {
        let parts = text.split_once('/').filter(|(project, path)| !project.is_empty() && !path.is_empty());
        let (project, path) = parts.ok_or_else(|| DocumentNameError(text.to_owned()))?;
        Ok(Self { project: project.to_owned(), path: path.to_owned() })
    }
}
