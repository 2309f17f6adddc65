//! How the command line ends: its exit codes, and what it says when something is wrong.

use std::io;
use std::process::ExitCode;

use wayfare_actors::document::LibraryError;
use wayfare_io::{KeyFileError, PairFailure};
use wayfare_protocol::ErrorCode;

use crate::client::{ClientError, NoSuchDevice, PlaceError};
use crate::cloud_file::CloudFileError;
use crate::config::ConfigError;
use crate::jupyter::JupyterError;
use crate::notebook::NotebookError;

/// What the exit codes mean, for `--help`.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0    everything went well
  1    a cell ended with an error, was interrupted, or nobody knows how it ended; doctor: something cannot be used
  2    a session, a run or a request was refused; the reason is on standard error
  3    nothing to connect to, or it does not answer
  64   wrong arguments, configuration or notebook
  74   the system refused to read or write
  130  ended by Ctrl-C: the running cell was interrupted or, after a second Ctrl-C, left running";

/// How the command line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything went well.
    Good,
    /// A cell did not end well, or `doctor` found something that cannot be used.
    Bad,
    /// Something was refused.
    Refused,
    /// Nobody answers.
    Unreachable,
    /// Wrong arguments, configuration or notebook.
    Usage,
    /// The system refused.
    System,
    /// By Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The process's exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Bad => 1,
            Self::Refused => 2,
            Self::Unreachable => 3,
            Self::Usage => 64,
            Self::System => 74,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// What went wrong, for people: what, why, and where it helps what to do.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Arguments that do not fit together or do not fit the notebook.
    #[error("{0}")]
    Usage(String),
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The notebook.
    #[error(transparent)]
    Notebook(#[from] NotebookError),
    /// The documents.
    #[error(transparent)]
    Documents(#[from] LibraryError),
    /// The device's key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// What is known of the cloud.
    #[error(transparent)]
    CloudFile(#[from] CloudFileError),
    /// There is nowhere to connect.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The pairing.
    #[error("{failure}{}", advice(failure))]
    Pairing {
        /// What went wrong.
        #[from]
        failure: PairFailure,
    },
    /// The client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// No such device, or several.
    #[error(transparent)]
    Device(#[from] NoSuchDevice),
    /// Nothing by that name.
    #[error("{0}")]
    NotFound(String),
    /// No node runs here.
    #[error("{0}")]
    NoNode(String),
    /// A kernel for a front end of Jupyter.
    #[error(transparent)]
    Jupyter(#[from] JupyterError),
    /// The user ended it.
    #[error("interrupted")]
    Interrupted,
    /// The system refused.
    #[error("the system refuses: {0}")]
    System(#[from] io::Error),
}

/// What to do about a pairing that failed.
fn advice(failure: &PairFailure) -> &'static str {
    match failure {
        PairFailure::Dial(_) => "; is the cloud running, and can this machine reach that address?",
        PairFailure::WrongServer { .. } => "; ask the right server for a pairing string",
        PairFailure::Refused(_) | PairFailure::Lost(_) => "", // they say so themselves
    }
}

impl Failure {
    /// The exit that goes with it.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) | Self::Config(_) | Self::Notebook(_) => Exit::Usage,
            Self::NotFound(_) | Self::Device(_) => Exit::Refused,
            Self::Documents(LibraryError::Refused(refusal)) if refusal.code == ErrorCode::DeadlineExceeded => {
                Exit::Unreachable
            }
            Self::Documents(LibraryError::Refused(_) | LibraryError::Unknown { .. } | LibraryError::Taken { .. }) => {
                Exit::Refused
            }
            Self::Documents(LibraryError::Name { .. } | LibraryError::Edit(_)) => Exit::Usage,
            Self::Jupyter(JupyterError::Device(_) | JupyterError::NotStarted(_)) => Exit::Refused,
            Self::Jupyter(JupyterError::Client(error)) => of_client(error),
            Self::Jupyter(JupyterError::ConnectionFile { .. }) => Exit::Usage,
            Self::Jupyter(JupyterError::Sockets(_) | JupyterError::System(_)) => Exit::System,
            Self::Key(_) | Self::System(_) | Self::CloudFile(_) => Exit::System,
            Self::Place(PlaceError::CloudFile(_)) => Exit::System,
            Self::NoNode(_) | Self::Place(PlaceError::Nowhere(_) | PlaceError::NotPaired) => Exit::Unreachable,
            Self::Pairing { failure: PairFailure::Refused(_) } => Exit::Refused,
            Self::Pairing { .. } => Exit::Unreachable,
            Self::Client(error) => of_client(error),
            Self::Interrupted => Exit::Interrupted,
        }
    }
}

fn of_client(error: &ClientError) -> Exit {
    match error {
        ClientError::Refused(_) | ClientError::OpenRefused(_) | ClientError::CallRefused(_) => Exit::Refused,
        ClientError::Unreachable { .. } | ClientError::NoAnswer => Exit::Unreachable,
        ClientError::Failed(_) | ClientError::Ended => Exit::System,
    }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::{ErrorCode, Refusal};

    use super::*;

    #[test]
    fn help_names_every_exit_code() {
        use Exit::{Bad, Good, Interrupted, Refused, System, Unreachable, Usage};
        for exit in [Good, Bad, Refused, Unreachable, Usage, System, Interrupted] {
            let named = EXIT_CODES.lines().any(|line| line.trim_start().starts_with(&format!("{} ", exit.code())));
            assert!(named, "{exit:?}");
        }
    }

    #[test]
    fn a_refusal_is_told_from_silence_and_from_wrong_use() {
        let refusal = || Refusal::new(ErrorCode::NoCapability, "no device has a gpu");
        assert_eq!(Failure::from(ClientError::OpenRefused(refusal())).exit(), Exit::Refused);
        assert_eq!(Failure::from(PairFailure::Refused(refusal())).exit(), Exit::Refused);
        assert_eq!(Failure::from(ClientError::NoAnswer).exit(), Exit::Unreachable);
        assert_eq!(Failure::from(PlaceError::NotPaired).exit(), Exit::Unreachable);
        assert_eq!(Failure::Usage("no cell 9".to_owned()).exit(), Exit::Usage);
    }
}
