//! What travels on a stream between two replicas of a document, and how a place in one is named.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{DocumentId, ProjectId};

/// A character in the history of a document, as Yjs calls it. It stays the same whatever is written around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct CharacterId {
    /// The replica that wrote it.
    pub client: u64,
    /// Its place in what that replica wrote, in UTF-16 code units.
    pub clock: u32,
}

/// The cell of a document that a run is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct DocumentCell {
    /// The project that the document is of: files of the output are that project's.
    pub project: ProjectId,
    /// The document.
    pub document: DocumentId,
    /// The character with which the cell's fence begins.
    pub begins: CharacterId,
}

/// A moment in what changes at a cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangesMark {
    /// The life of the process that counts: another one knows nothing of its numbers.
    pub life: u64,
    /// How many changes there were.
    pub at: u64,
}

/// Which documents changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// The moment through which they are told.
    pub mark: ChangesMark,
    /// They are all that changed since the moment that was asked about; if not, anything may have changed before them.
    pub is_since: bool,
    /// Which, in the order of their last change. At most [`CHANGES_MAX`](crate::limits::CHANGES_MAX).
    pub documents: Vec<DocumentId>,
    /// There are more: ask again from the mark.
    pub more: bool,
}

/// A message on a [`Destination::Document`](crate::stream::Destination::Document) stream, in both directions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum DocumentMessage {
    /// A piece of a frame of y-protocols (synchronisation or presence), as y-websocket sends it.
    Frame {
        /// The frame goes on in the next message of this kind.
        more: bool,
        /// At most [`DOCUMENT_PIECE_MAX`](crate::limits::DOCUMENT_PIECE_MAX) bytes.
        #[cfg_attr(feature = "typescript", ts(type = "Uint8Array"))]
        bytes: Bytes,
    },
    /// Of the frames with changes that the other end sent on this stream, counted from 1, all through that number are durable here.
    Kept {
        /// The number.
        through: u64,
    },
}
