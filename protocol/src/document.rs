//! What travels on a stream between two replicas of a document.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

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
