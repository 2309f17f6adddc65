//! What a daemon's node logs.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use wayfare_protocol::Epoch;
use wayfare_protocol::daemon::{Durability, OutputFrame};
use wayfare_protocol::manifest::Manifest;

use crate::ownership;

/// A record of the daemon's inbox log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InboxRecord {
    /// Who owns it, and under which name.
    Ownership(ownership::Record),
    /// What an acknowledged event survives from now on.
    Durability(Durability),
    /// It is stopped, or goes on, by its people's word.
    Stopped(bool),
    /// The encoding of an [`InboxFrame`](wayfare_protocol::daemon::InboxFrame), byte for byte.
    Frame(Bytes),
    /// What went before is in this snapshot; records that it covers may be deleted.
    Snapshot {
        /// Inputs that are in it.
        position: u64,
        /// Where its bytes are.
        manifest: Manifest,
        /// What the records of ownership before this one came to.
        ownership: Vec<ownership::Record>,
        /// Likewise.
        durability: Durability,
        /// Likewise.
        is_stopped: bool,
        /// Likewise.
        kept: Option<Epoch>,
    },
    /// A follower has shown where it stands: it is kept until a row above this epoch is read.
    Kept(Epoch),
}

/// A record of either log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// Of the inbox.
    Inbox(InboxRecord),
    /// Of the outputs.
    Output(OutputFrame),
}
