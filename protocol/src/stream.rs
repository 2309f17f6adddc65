//! Streams: what they are opened for, and what travels on them.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::asset::AssetMessage;
use crate::codec::{Codec, DecodeError};
use crate::daemon::DaemonUpdate;
use crate::document::DocumentMessage;
use crate::output::{OutputRecord, RunOutcome};
use crate::{AssetId, ChunkId, DocumentId, EntityId, Epoch, NodeId, Refusal, RunId, SessionId};

/// How urgent a stream's bytes are. Frames of a more urgent class go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Class {
    /// Requests, answers, signs of life.
    Control,
    /// What a person waits for.
    Interactive,
    /// What may take its time: snapshots, assets.
    Bulk,
}

/// The body of a frame that opens a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Open {
    /// What is at the other end.
    pub destination: Destination,
    /// How urgent its bytes are.
    pub class: Class,
    /// Bytes that the opener takes before it grants more.
    pub window: u32,
}

/// What a stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Destination {
    /// The events of one run, from a number on. The far end sends [`RunUpdate`]s and closes after the end.
    Run {
        /// The session it was sent to.
        session: SessionId,
        /// The run.
        run: RunId,
        /// Number of the first event wanted, from 1.
        from: u64,
    },
    /// Every output record of a session, from a sequence on. The far end sends [`OutputRecord`]s and never closes.
    #[cfg_attr(feature = "typescript", ts(skip))]
    Outputs {
        /// The session.
        session: SessionId,
        /// The owner that is meant.
        epoch: Epoch,
        /// First record wanted, from 1.
        from: u64,
    },
    /// The outputs of a daemon, from a sequence on. The far end sends [`DaemonUpdate`](crate::daemon::DaemonUpdate)s and never closes.
    #[cfg_attr(feature = "typescript", ts(skip))]
    Daemon {
        /// Which.
        daemon: EntityId,
        /// First output wanted, from 1.
        from: u64,
    },
    /// A piece of a snapshot, by its content. The far end sends its bytes as one message and closes.
    #[cfg_attr(feature = "typescript", ts(skip))]
    Chunk {
        /// The node that has it.
        node: NodeId,
        /// Which.
        chunk: ChunkId,
    },
    /// A document. Both ends hold a replica and send [`DocumentMessage`](crate::document::DocumentMessage)s; neither closes.
    Document {
        /// Which.
        document: DocumentId,
    },
    /// An asset that the opener wants or has. Both ends send [`AssetMessage`]s; the far end closes.
    Asset {
        /// Which.
        asset: AssetId,
    },
}

impl Destination {
    /// A message of such a stream, in either direction, written anew in another codec. A chunk's bytes are the same in all.
    ///
    /// # Errors
    /// If it is no such message.
    pub fn recode(&self, message: &Bytes, from: Codec, to: Codec) -> Result<Bytes, DecodeError> {
        fn anew<T: Serialize + DeserializeOwned>(message: &[u8], from: Codec, to: Codec) -> Result<Bytes, DecodeError> {
            from.decode::<T>(message).map(|message| to.encode(&message))
        }
        match self {
            _ if from == to => Ok(message.clone()),
            Self::Run { .. } => anew::<RunUpdate>(message, from, to),
            Self::Outputs { .. } => anew::<OutputsMessage>(message, from, to),
            Self::Daemon { .. } => anew::<DaemonUpdate>(message, from, to),
            Self::Chunk { .. } => Ok(message.clone()),
            Self::Document { .. } => anew::<DocumentMessage>(message, from, to),
            Self::Asset { .. } => anew::<AssetMessage>(message, from, to),
        }
    }
}

/// A message on a [`Destination::Run`] stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum RunUpdate {
    /// Said first: who executes it.
    Attached {
        /// The owner.
        owner: NodeId,
        /// Its name, for people.
        device_name: String,
        /// Which execution the numbers belong to.
        attempt: u32,
    },
    /// An event, in order.
    Event {
        /// Its number.
        number: u64,
        /// The event.
        event: crate::mrp::RunEvent,
    },
    /// The run is over. The stream is closed after this.
    Ended(RunOutcome),
    /// The owner is not connected; events go on when it is.
    Waiting,
    /// It cannot be attached to, and why. The stream is closed after this.
    Refused(Refusal),
}

/// A message on a [`Destination::Outputs`] stream.
pub type OutputsMessage = OutputRecord;
