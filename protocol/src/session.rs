//! Sessions: how they are named, asked for and described.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ask::{KernelAsk, KernelTold};
use crate::capability::Needs;
use crate::document::DocumentCell;
use crate::mrp::ExecuteRequest;
use crate::output::RunOutcome;
use crate::{Epoch, NodeId, Refusal, RunId, SessionId, Wall};

/// A programming language by its normal name: `python`, `r`, `julia`, `bash`, `javascript`, `typescript`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(transparent)]
pub struct Language(String);

/// Languages by their normal names, and the other words for them.
const WORDS: &[(&str, &[&str])] = &[
    ("python", &["py", "python3"]),
    ("bash", &["sh", "shell", "zsh"]),
    ("r", &["rlang"]),
    ("julia", &["jl"]),
    ("javascript", &["js", "node"]),
    ("typescript", &["ts"]),
];

impl Language {
    /// The language that an info word of a code fence, or a kernelspec, means.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        let word = word.to_ascii_lowercase();
        let known = WORDS.iter().find(|(_, words)| words.contains(&word.as_str()));
        Self(known.map_or(word, |(name, _)| (*name).to_owned()))
    }

    /// The words that mean it besides its normal name.
    #[must_use]
    pub fn words(&self) -> &'static [&'static str] {
        WORDS.iter().find(|(name, _)| *name == self.0).map_or(&[], |(_, words)| words)
    }

    /// Its normal name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A session's name as people type it: `project:name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct SessionName {
    /// The project it belongs to.
    pub project: String,
    /// Its name within the project.
    pub name: String,
}

/// Text that is not a session name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a session name: write project:name, each of 1 to 64 letters, digits, '-', '_' or '.'")]
pub struct SessionNameError(String);

impl SessionName {
    /// Longest project or name, in characters.
    pub const PART_MAX: usize = 64;

    /// A name of both parts.
    ///
    /// # Errors
    /// If a part is empty, too long, or has a character outside letters, digits, `-`, `_`, `.`.
    pub fn new(project: &str, name: &str) -> Result<Self, SessionNameError> {
        let fits = |part: &str| {
            (1..=Self::PART_MAX).contains(&part.chars().count())
                && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        if fits(project) && fits(name) {
            Ok(Self { project: project.to_owned(), name: name.to_owned() })
        } else {
            Err(SessionNameError(format!("{project}:{name}")))
        }
    }
}

impl FromStr for SessionName {
    type Err = SessionNameError;
    fn from_str(text: &str) -> Result<Self, SessionNameError> {
        let (project, name) = text.split_once(':').ok_or_else(|| SessionNameError(text.to_owned()))?;
        Self::new(project, name)
    }
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.project, self.name)
    }
}

/// What is unique within an account: one name may stand for one session per language.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct SessionKey {
    /// The name.
    pub name: SessionName,
    /// The language of its kernel.
    pub language: Language,
}

impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.language)
    }
}

/// How a session's kernel is started. Changing it takes effect when the kernel is next started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Environment {
    /// Name of the kernelspec; `None`: the node's first for the language.
    pub kernel: Option<String>,
    /// Folder of a Python virtual environment that has a kernel; goes before `kernel`.
    pub venv: Option<String>,
    /// Working directory on the node; `None`: the user's home.
    pub cwd: Option<String>,
}

/// Asks for the session of a name: the one that lives, or a new one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct OpenSession {
    /// Its name and language.
    pub key: SessionKey,
    /// What its id is derived from if it is made now: each node that is asked makes one of its own.
    pub id: SessionId,
    /// How to start its kernel if it is made now.
    pub environment: Environment,
    /// What the device must have if it is made now.
    pub needs: Needs,
    /// The device that the user chose; `None`: routing decides.
    pub device: Option<NodeId>,
}

/// Why a request went where it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum RouteReason {
    /// The session lives on this node.
    LocalOwner,
    /// The session lives on another device that is there.
    RunningElsewhere,
    /// The user chose the device.
    ChosenByUser,
    /// The session is new, and this node can run it.
    ColdStartHere,
    /// The session is new; of the devices that can run it this one is best.
    ColdStartByCapability,
    /// Both ends are on one network.
    SameNetwork,
}

/// A session as lists and indicators show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct SessionInfo {
    /// Its id.
    pub id: SessionId,
    /// Its name and language.
    pub key: SessionKey,
    /// The node that owns it.
    pub owner: NodeId,
    /// The owner's name, for people.
    pub device_name: String,
    /// The owner's fencing number.
    pub epoch: Epoch,
    /// What it is doing.
    pub state: SessionState,
    /// How its kernel is started.
    pub environment: Environment,
}

/// What a session is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum SessionState {
    /// It has no kernel; the next run starts one.
    Cold,
    /// Its kernel is being started.
    Starting,
    /// Its kernel waits for work.
    Idle,
    /// A cell runs; so many more wait.
    Busy {
        /// The run that is being executed.
        run: RunId,
        /// Accepted runs behind it.
        waiting: u32,
    },
    /// Its owner is not connected.
    Unreachable,
}

/// Something asked of one session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum SessionCall {
    /// Execute code.
    Run(RunRequest),
    /// Interrupt what runs; with an id, only if it is that run (a waiting run is taken back).
    Interrupt {
        /// The run meant.
        run: Option<RunId>,
    },
    /// Answer a cell that asked for input.
    Input {
        /// The run that asked.
        run: RunId,
        /// The answer, without a line end.
        text: String,
    },
    /// Change how the kernel is started next time.
    SetEnvironment(Environment),
    /// End the kernel; what has not started is taken back. The name stays, the next run starts a new kernel.
    Stop,
    /// The session's description.
    Describe,
    /// Its newest runs.
    Runs {
        /// At most so many, and never more than [`crate::limits::RUNS_LISTED_MAX`].
        last: u32,
    },
    /// Ask its kernel something. Sent once: a question changes nothing, and may be asked again.
    Ask(KernelAsk),
    /// End the kernel as [`SessionCall::Stop`] does, and start a new one at once: variables are gone.
    Reset,
    /// Execute a cell of a document. The session's node writes what it wrote into the document, once, when it has ended.
    RunCell {
        /// What to execute.
        asked: RunRequest,
        /// The cell.
        cell: DocumentCell,
    },
}

impl SessionCall {
    /// A request to execute something, of a cell or not.
    #[must_use]
    pub fn of_run(asked: RunRequest, cell: Option<DocumentCell>) -> Self {
        match cell {
            Some(cell) => Self::RunCell { asked, cell },
            None => Self::Run(asked),
        }
    }

    /// What is to be executed, if anything is.
    #[must_use]
    pub fn run(&self) -> Option<&RunRequest> {
        match self {
            Self::Run(asked) | Self::RunCell { asked, .. } => Some(asked),
            Self::Interrupt { .. }
            | Self::Input { .. }
            | Self::SetEnvironment(_)
            | Self::Stop
            | Self::Describe
            | Self::Runs { .. }
            | Self::Ask(_)
            | Self::Reset => None,
        }
    }

    /// Says that the run was sent before. Of anything else it says nothing.
    pub fn sent_before(&mut self) {
        if let Self::Run(asked) | Self::RunCell { asked, .. } = self {
            asked.again = true;
        }
    }
}

/// Asks for one execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct RunRequest {
    /// Chosen by the client.
    pub run: RunId,
    /// The client has sent this before and knows no answer. An owner that does not know the id does not run it.
    pub again: bool,
    /// What to execute.
    pub request: ExecuteRequest,
}

/// The answer to a [`SessionCall`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum SessionAnswer {
    /// The run is recorded and will be executed, or was recorded before.
    Accepted {
        /// Its place in the session's inbox.
        position: u64,
        /// The node that has it.
        owner: NodeId,
        /// Under which fencing number.
        epoch: Epoch,
    },
    /// A run sent `again` that this owner has never seen: it may or may not have been executed elsewhere.
    UnknownRun,
    /// The call was carried out.
    Done,
    /// The session's description.
    Session(SessionInfo),
    /// It was not done, and why.
    Refused(Refusal),
    /// Runs, the newest first.
    Runs(Vec<RunInfo>),
    /// What the kernel answered.
    Told(KernelTold),
}

/// One run as the list of runs shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct RunInfo {
    /// Its id.
    pub run: RunId,
    /// Its place in the inbox.
    pub position: u64,
    /// When the owner accepted it.
    pub accepted_at: Wall,
    /// Number of its last event so far.
    pub last_event: u64,
    /// How it ended; `None` while it waits or runs.
    pub outcome: Option<RunOutcome>,
}
