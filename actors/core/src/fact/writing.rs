//! What people do with documents and with the files of bound folders.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wayfare_protocol::{AssetId, DocumentId, ProjectId};

use super::EventDigest;

/// Something that somebody did, or read. A mark is a word that nobody writes twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Writing {
    /// A person writes a mark into a document.
    Typed {
        /// Which document.
        document: DocumentId,
        /// The mark.
        mark: u64,
    },
    /// A person takes a mark of theirs out again.
    Erased {
        /// Which document.
        document: DocumentId,
        /// The mark.
        mark: u64,
    },
    /// A person learns that what they are connected with keeps a mark that they wrote.
    Saved {
        /// Which document.
        document: DocumentId,
        /// The mark.
        mark: u64,
    },
    /// A person reads a document.
    Read {
        /// Which.
        document: DocumentId,
        /// The marks in it, in their order.
        marks: Vec<u64>,
    },
    /// When nothing more is under way, a person asks for an asset to which something leads.
    Wanted {
        /// Which.
        asset: AssetId,
        /// Whether they get it, with the bytes that it is called after.
        is_there: bool,
    },
    /// When nothing more is under way, a person reads everything.
    AllRead(AllRead),
    /// A program writes a file with a mark in it into a bound folder; it is on disk. A mark that is written more than once is in copies
    /// of one file, in several folders.
    Filed {
        /// The mark.
        mark: u64,
    },
    /// A program removes a file from a bound folder, or gives it another name: what others write into its document may end in the trash.
    Unfiled {
        /// The marks of a file that is removed: perhaps before anybody but its author has seen them.
        marks: Vec<u64>,
    },
    /// When nothing more is under way, a bound folder is looked at.
    FolderRead {
        /// To which project it is bound.
        project: ProjectId,
        /// Its files, by their paths.
        files: BTreeMap<String, EventDigest>,
    },
}

/// Everything that a person finds in the projects of their account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllRead {
    /// The documents of each project: their paths and texts.
    pub documents: BTreeMap<ProjectId, BTreeMap<DocumentId, (String, EventDigest)>>,
    /// Its files that are no documents.
    pub files: BTreeMap<ProjectId, BTreeMap<String, EventDigest>>,
    /// The documents in the trash of any project, with their texts.
    pub trash: BTreeMap<DocumentId, EventDigest>,
}

impl AllRead {
    /// Whether a document is in a project.
    #[must_use]
    pub fn lists(&self, document: DocumentId) -> bool {
        self.documents.values().any(|listed| listed.contains_key(&document))
    }
}
