//! What the machine is made of, is told, and decides.

use std::collections::BTreeSet;

use wayfare_protocol::document::{Changes, ChangesMark};
use wayfare_protocol::{AssetId, DocumentId, Limits, ProjectId, Refusal};

/// What is set, and the bounds.
#[derive(Clone, Debug)]
pub struct Config {
    /// What is transferred costs money: nothing is read ahead.
    pub is_metered: bool,
    /// The projects that are not read ahead.
    pub off: BTreeSet<ProjectId>,
    /// Bounds.
    pub limits: Limits,
}

/// What of a document is read when it has been brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// The projects.
    Index,
    /// What a project's tree names.
    Tree(ProjectId),
    /// Nothing.
    Nothing,
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing was asked.
    Text,
    /// The projects.
    Index(Vec<ProjectId>),
    /// A tree.
    Tree {
        /// Whose.
        project: ProjectId,
        /// Its documents.
        documents: Vec<DocumentId>,
        /// Its assets, with their bytes.
        assets: Vec<(AssetId, u64)>,
    },
}

/// What has yet to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Documents.
    pub documents: usize,
    /// Assets.
    pub assets: usize,
    /// Everything that is to be here was, when the cloud was asked last.
    pub is_done: bool,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The cloud is within reach.
    AboveUp {
        /// Documents that were changed here since that was said last; the first time all that were ever open here.
        changed: Vec<DocumentId>,
    },
    /// It is not any more.
    AboveDown,
    /// The cloud says what changed.
    Changes(Changes),
    /// These projects are not read ahead from now on, and all others are.
    Off(BTreeSet<ProjectId>),
    /// A document is in step with the cloud's, or is not.
    Brought {
        /// Which.
        document: DocumentId,
        /// What was to be read of it.
        outcome: Result<Found, Refusal>,
    },
    /// An asset is here, or is not.
    Fetched {
        /// Which.
        asset: AssetId,
        /// Its bytes, as the tree says.
        size: u64,
        /// Whether it is.
        outcome: Result<(), Refusal>,
    },
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
pub enum Effect {
    /// Ask the cloud what changed. Ends in [`Input::Changes`], or is asked again.
    AskChanges {
        /// Since when.
        since: Option<ChangesMark>,
    },
    /// Bring a document into step with the cloud's. Ends in [`Input::Brought`].
    Bring {
        /// Which.
        document: DocumentId,
        /// What to read of it then.
        reads: Reads,
    },
    /// What has yet to come is something else now.
    Tell(Status),
    /// Have an asset here. Ends in [`Input::Fetched`].
    Fetch {
        /// Which.
        asset: AssetId,
        /// Its bytes, as the tree says.
        size: u64,
    },
}
