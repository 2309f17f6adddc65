//! What a bound folder's machine is made of, is told, and decides.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use wayfare_protocol::{DocumentId, Limits};

use crate::document::{Edit, Tree};
use crate::machine::OpId;

/// What is bound.
#[derive(Clone, Debug)]
pub struct Config {
    /// What this device is called: the name beside which a file is put that was in a document's way.
    pub device: String,
    /// The number under which changes of files are added to histories: of this life alone.
    pub client: u32,
    /// What was known of each document when the last life ended.
    pub kept: BTreeMap<DocumentId, Brief>,
    /// Bounds.
    pub limits: Limits,
}

/// By what a change of a file is noticed without reading it. Taken before a file of ours gets its name, so that whatever comes later
/// has another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp {
    /// Nanoseconds of its last change, as the file system tells them.
    pub modified: i128,
    /// Its bytes.
    pub bytes: u64,
    /// Its number in the file system.
    pub inode: u64,
}

/// The hash of a file's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TextHash([u8; 32]);

impl TextHash {
    /// That of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(*blake3::hash(text.as_bytes()).as_bytes())
    }
}

/// What is remembered of [`Kept`] without the histories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief {
    /// Where its file is.
    pub path: String,
    /// The hash of the file's text as it was written last; `None`: never.
    pub text: Option<TextHash>,
    /// Whether the last life ended while the file was being written.
    pub is_writing: bool,
}

/// What is durable here about one document: enough to say what a person did to its file since we wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Where its file is.
    pub path: String,
    /// The **base**: the history as it was when its text was that of the file. `None`: the file was never written.
    pub base: Option<Bytes>,
    /// The hash of that text.
    pub text: Option<TextHash>,
    /// The history of which the text is being written. Recorded before the file has its name.
    pub writing: Option<Bytes>,
}

impl Kept {
    /// What is to be remembered of it.
    #[must_use]
    pub fn brief(&self) -> Brief {
        Brief { path: self.path.clone(), text: self.text, is_writing: self.writing.is_some() }
    }
}

/// What is in a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Files that may be documents, by their paths from the folder.
    pub files: BTreeMap<String, Stamp>,
    /// Files and folders that are left out, and why. Nothing is known of what is in such a folder.
    pub skipped: BTreeMap<String, String>,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disk {
    /// A text.
    Text {
        /// The text.
        text: String,
        /// Its stamp.
        stamp: Stamp,
    },
    /// Nothing.
    Gone,
    /// It was changed while it was read.
    Unsteady,
    /// What cannot be a document, and why.
    Unfit(String),
}

/// How an exchange or a removal of a file ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Swapped {
    /// It is done.
    Done,
    /// What was at the path is not what was expected; it is untouched.
    Changed,
    /// It cannot be done, and why.
    Refused(String),
}

/// How a file's move ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    /// It is done.
    Done,
    /// There is something at the new path; nothing is changed.
    Taken,
    /// There is nothing at the old path.
    Gone,
    /// It cannot be done, and why.
    Refused(String),
}

/// Something to do that takes time. One at a time.
#[derive(Clone, Debug, PartialEq, Eq, strum::VariantNames, strum::IntoStaticStr)]
pub enum Act {
    /// Read the project's tree. Ends in [`Outcome::Tree`].
    ReadTree,
    /// List the folder. Ends in [`Outcome::Scanned`].
    Scan,
    /// Read a file. Ends in [`Outcome::Read`].
    Read {
        /// Its path.
        path: String,
    },
    /// Read the file of a document, what is kept of it, and its history. Ends in [`Outcome::Gathered`].
    Gather {
        /// The document.
        document: DocumentId,
        /// Its path.
        path: String,
    },
    /// Read two histories. Ends in [`Outcome::Histories`].
    Compare {
        /// The documents.
        documents: [DocumentId; 2],
    },
    /// Keep what is known of a document, or forget it. Ends in [`Outcome::Done`].
    Keep {
        /// The document.
        document: DocumentId,
        /// What is known.
        kept: Option<Kept>,
    },
    /// Keep that the file of a document is at another path. Ends in [`Outcome::Done`].
    KeepPath {
        /// The document.
        document: DocumentId,
        /// The path.
        path: String,
    },
    /// Add a change to a document. Ends in [`Outcome::Tried`].
    Merge {
        /// The document.
        document: DocumentId,
        /// The change.
        update: Bytes,
    },
    /// Change the tree. Ends in [`Outcome::Tried`].
    EditTree {
        /// How.
        edits: Vec<Edit>,
    },
    /// Write a text beside a path, under a name that is nobody's, and see that it is on disk. Ends in [`Outcome::Staged`].
    Stage {
        /// The path.
        path: String,
        /// The text.
        text: String,
    },
    /// Forget such a text. Ends in [`Outcome::Done`].
    Unstage {
        /// The path.
        path: String,
    },
    /// Put what was staged at its path, if there is what is expected. Ends in [`Outcome::Swapped`].
    Swap {
        /// The path.
        path: String,
        /// The text that is expected there; `None`: nothing.
        expected: Option<String>,
    },
    /// Remove a file if its text is the expected one. Ends in [`Outcome::Swapped`].
    Remove {
        /// The path.
        path: String,
        /// The text.
        expected: String,
    },
    /// Give a file another path, if nothing is there. Ends in [`Outcome::Moved`].
    Move {
        /// The path.
        from: String,
        /// The other one.
        to: String,
    },
    /// Bring to light what a crash left beside a path: a person's text. Ends in [`Outcome::Moved`].
    Reveal {
        /// The path.
        path: String,
        /// Where it is to be seen.
        to: String,
    },
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The tree, or why it cannot be read.
    Tree(Result<Tree, String>),
    /// The folder, or why it cannot be listed.
    Scanned(Result<Scan, String>),
    /// A file.
    Read {
        /// What is there.
        disk: Disk,
        /// An id for the document that it may become.
        fresh: DocumentId,
    },
    /// Everything about a document.
    Gathered {
        /// Its file.
        disk: Disk,
        /// What is kept of it.
        kept: Option<Kept>,
        /// The text that a crash may have left beside its path.
        staged: Option<String>,
        /// Its history, or why it cannot be read.
        history: Result<Bytes, String>,
    },
    /// Two histories, or why they cannot be read.
    Histories(Result<[Bytes; 2], String>),
    /// It is on disk beside its path, under that stamp; or why not.
    Staged(Result<Stamp, String>),
    /// See [`Act::Swap`] and [`Act::Remove`].
    Swapped(Swapped),
    /// See [`Act::Move`].
    Moved(Moved),
    /// It is done and durable, or refused.
    Tried(Result<(), String>),
    /// It is done and durable.
    Done,
}

/// What happened.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "most inputs are outcomes, and one is told at a time")]
pub enum Input {
    /// Go on from what was kept.
    Begun,
    /// What was to be done is done.
    Done {
        /// Joins effect and outcome.
        op: OpId,
        /// What came of it.
        outcome: Outcome,
    },
    /// Something changed in the folder.
    Stirred,
    /// A document that is followed has changed, perhaps.
    Changed {
        /// Which.
        document: DocumentId,
    },
    /// The tree has changed, perhaps.
    TreeChanged,
    /// The person says that what is gone from the folder was deleted.
    Release,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
pub enum Effect {
    /// Something that takes time. Ends in [`Input::Done`].
    Do {
        /// Joins effect and outcome.
        op: OpId,
        /// What.
        act: Act,
    },
    /// Keep a document open and tell of its changes.
    Follow {
        /// Which.
        document: DocumentId,
    },
    /// Let it go again.
    Leave {
        /// Which.
        document: DocumentId,
    },
    /// How the folder stands, for people.
    Show(Status),
}

/// How a bound folder stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Documents that have a file here.
    pub documents: usize,
    /// Files that are gone, so many at once that they are not taken for deleted before the person says so.
    pub held: Vec<String>,
    /// What does not sync, and why. Of many the first.
    pub skipped: BTreeMap<String, String>,
    /// How many do not sync.
    pub skipped_total: usize,
    /// Why nothing at all syncs.
    pub problem: Option<String>,
    /// Whether everything that is known is done.
    pub is_settled: bool,
}
