//! What a session's node logs.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use wayfare_protocol::document::DocumentCell;
use wayfare_protocol::mrp::ExecuteRequest;
use wayfare_protocol::output::{OutputRecord, RunOutcome};
use wayfare_protocol::session::Environment;
use wayfare_protocol::{RunId, Wall};

use crate::ownership;

/// A record of the session's inbox log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InboxRecord {
    /// Who owns it, and under which name.
    Ownership(ownership::Record),
    /// How the kernel is started from now on.
    Environment(Environment),
    /// A session host is about to be started.
    KernelStarting {
        /// Which kernel of the session, from 1.
        kernel: u32,
    },
    /// A run is accepted: from here on it is executed, or its end is told.
    Accepted {
        /// Its place in the inbox, from 1.
        position: u64,
        /// The run.
        run: RunId,
        /// What to execute.
        request: ExecuteRequest,
        /// When.
        at: Wall,
    },
    /// The run at that position is about to be handed to the session host.
    Started {
        /// Its place in the inbox.
        position: u64,
        /// Which execution of it, from 1.
        attempt: u32,
        /// By which kernel of the session.
        kernel: u32,
    },
    /// The outputs are about to forget every record of these runs.
    OutputsForgotten {
        /// How they ended.
        runs: Vec<EndedRun>,
    },
    /// A run that is about to be accepted is of that cell: its output is to be written there.
    OfCell {
        /// The run.
        run: RunId,
        /// The cell.
        cell: DocumentCell,
    },
    /// The update by which the document of its cell has a run's output: that is merged, and no other.
    OutputComposed {
        /// The run.
        run: RunId,
        /// The update, in the encoding of Yjs.
        update: Bytes,
    },
    /// A run's output is in the document of its cell, or has no place there.
    OutputSettled {
        /// The run.
        run: RunId,
    },
}

/// What stays known of a run whose outputs are forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedRun {
    /// Which.
    pub run: RunId,
    /// Which execution of it.
    pub attempt: u32,
    /// Number of its last event; 0 for none.
    pub last_number: u64,
    /// How it ended.
    pub outcome: RunOutcome,
}

/// A record of the session's outputs log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedOutput {
    /// The record, under the session's own sequence.
    pub record: OutputRecord,
    /// Where it came from; `None`: the node itself said it.
    pub source: Option<HostSequence>,
}

/// A record's place in the journal of the session host that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HostSequence {
    /// Which kernel of the session.
    pub kernel: u32,
    /// The host's own sequence.
    pub sequence: u64,
}

/// A record of either log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// Of the inbox.
    Inbox(InboxRecord),
    /// Of the outputs.
    Output(LoggedOutput),
}
