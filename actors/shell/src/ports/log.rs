//! The port of logs: append, read, trim.

use std::fmt;

use bytes::Bytes;
use wayfare_protocol::{AccountId, DeviceId, DocumentId, EntityId, SessionId};

use super::Pending;

/// Names a log of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogName {
    /// A session's ownership, accepted runs and their starts, on its node.
    Inbox(SessionId),
    /// A session's output records, on its node.
    Outputs(SessionId),
    /// The copy of a session's output records, in the cloud.
    Journal(SessionId),
    /// A daemon's inputs and its ownership, on its node.
    DaemonInbox(EntityId),
    /// A daemon's outputs, on its node.
    DaemonOutputs(EntityId),
    /// The updates of a document of an account.
    Document(AccountId, DocumentId),
    /// The runs that wait at a node for its cloud.
    Queue(DeviceId),
}

impl fmt::Display for LogName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inbox(session) => write!(f, "inbox-{session}"),
            Self::Outputs(session) => write!(f, "outputs-{session}"),
            Self::Journal(session) => write!(f, "journal-{session}"),
            Self::DaemonInbox(entity) => write!(f, "daemon.inbox-{entity}"),
            Self::DaemonOutputs(entity) => write!(f, "daemon.outputs-{entity}"),
            Self::Document(account, document) => write!(f, "document-{account}.{document}"),
            Self::Queue(device) => write!(f, "queue-{device}"),
        }
    }
}

/// A log that failed. The log is not used after an error: its actor stops and opens it anew.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// The storage refused.
    #[error("log {name}: {why}")]
    Storage {
        /// Which log.
        name: String,
        /// The system's reason.
        why: String,
    },
    /// Bytes on disk that are not ours, elsewhere than at the torn end of the last write.
    #[error("log {name} is damaged at record {index}: {why}")]
    Damaged {
        /// Which log.
        name: String,
        /// The first record that cannot be read.
        index: u64,
        /// What is wrong.
        why: String,
    },
}

/// An append-only sequence of records, numbered from 1 without a gap.
pub trait Log: Send + Sync {
    /// Number of the oldest record that is kept; one more than the last when there is none.
    fn first(&self) -> u64;
    /// Number that the next record gets. Counts records that are appended and not yet durable.
    fn next(&self) -> u64;
    /// Appends records; the call appends, and the order of calls is the order of records. Ends when they survive a loss of power.
    fn append(&self, records: Vec<Bytes>) -> Pending<Result<(), LogError>>;
    /// As [`Log::append`], and ends as soon as they survive the end of the process; they become durable soon after. A read may not see
    /// them before.
    fn write(&self, records: Vec<Bytes>) -> Pending<Result<(), LogError>> {
        self.append(records)
    }
    /// Durable records from a number on: at least one if there is one, then as many as fit in the bytes. From
    /// below the first on, what is kept at the moment of the call.
    fn read(&self, from: u64, bytes_max: usize) -> Pending<Result<Vec<Bytes>, LogError>>;
    /// Forgets records below that number, as far as is cheap (whole segments).
    fn trim(&self, before: u64) -> Pending<Result<(), LogError>>;
}

/// Opens logs.
pub trait LogStore: Send + Sync {
    /// Opens a log, makes it if there is none, and drops a torn end of its last write. One opener at a time.
    fn open(&self, name: LogName) -> Pending<Result<Box<dyn Log>, LogError>>;
    /// The logs that there are, in order.
    fn list(&self) -> Pending<Result<Vec<LogName>, LogError>>;
    /// Deletes a log that nobody has open.
    fn remove(&self, name: LogName) -> Pending<Result<(), LogError>>;
}
