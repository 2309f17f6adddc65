//! What a session host's machine is made of, is told, and decides.

use std::time::Duration;

use wayfare_protocol::host::{HostLaunch, HostMessage, HostRequest};
use wayfare_protocol::output::OutputRecord;
use wayfare_protocol::{Limits, SessionId};

use super::{KernelCommand, KernelEvent};
use crate::machine::OpId;

/// One accepted connection of a session host. Never used again after it is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// A segment of records on disk, named by the sequence of its first record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SegmentId(pub u64);

/// What a session host is for.
#[derive(Clone, Debug)]
pub struct KernelHostConfig {
    /// The session.
    pub session: SessionId,
    /// Which kernel of the session this is, from 1.
    pub kernel: u32,
    /// Sequence of the first record.
    pub first_sequence: u64,
    /// How long after `Idle` outputs of a run may still come; zero for kernels that keep the protocol.
    pub late_output: Duration,
    /// Its bounds.
    pub limits: Limits,
}

impl KernelHostConfig {
    /// As a launch file says; what it does not say is as in `limits`.
    #[must_use]
    pub fn of(launch: &HostLaunch, limits: Limits) -> Self {
        let or = |ms: u64, default: Duration| if ms == 0 { default } else { Duration::from_millis(ms) };
        Self {
            session: launch.session,
            kernel: launch.kernel,
            first_sequence: launch.first_sequence,
            late_output: Duration::from_millis(launch.late_output_ms),
            limits: Limits {
                journal_memory: launch.journal_memory_bytes,
                journal_disk: launch.journal_disk_bytes,
                kernel_start: Duration::from_millis(launch.kernel_start_ms),
                interrupt_again: or(launch.interrupt_again_ms, limits.interrupt_again),
                interrupt_end: or(launch.interrupt_end_ms, limits.interrupt_end),
                session_memory: launch.memory_max_bytes,
                ..limits
            },
        }
    }
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// These came from the kernel, in order. What arrives together is given together: it is sent as one.
    Kernel(Vec<KernelEvent>),
    /// Somebody connected.
    Connected(ConnectionId),
    /// Somebody asks.
    Request {
        /// Who.
        connection: ConnectionId,
        /// What.
        request: HostRequest,
    },
    /// Somebody sent what is not a request.
    Malformed {
        /// Who.
        connection: ConnectionId,
        /// What is wrong with it.
        detail: String,
    },
    /// A connection ended.
    Disconnected(ConnectionId),
    /// The bytes of one [`Effect::Send`] have been written.
    Written {
        /// The connection.
        connection: ConnectionId,
        /// The effect's `bytes`.
        bytes: u64,
    },
    /// An operation has ended.
    Done {
        /// Which.
        op: OpId,
        /// How.
        outcome: SpillOutcome,
    },
    /// The host is told to end (SIGTERM).
    ShutDown,
    /// How many bytes of memory the session's processes use together. Told every
    /// [`Limits::memory_look`] if there is a cap.
    Memory(u64),
}

/// How an operation on the disk ended.
#[derive(Clone, Debug)]
pub enum SpillOutcome {
    /// A segment is written.
    Written,
    /// A segment's records, in order.
    Read(Vec<OutputRecord>),
    /// It failed, and why.
    Failed(String),
}

/// What to do. Effects of one step are carried out in their order.
#[derive(Clone, Debug, PartialEq, strum::IntoStaticStr, strum::VariantNames)]
pub enum Effect {
    /// Tell the kernel.
    Kernel(KernelCommand),
    /// Write messages to a connection; then give [`Input::Written`] with the same `bytes`.
    Send {
        /// The connection.
        connection: ConnectionId,
        /// The messages, in order.
        messages: Vec<HostMessage>,
        /// What they count for in the connection's window.
        bytes: u64,
    },
    /// Close a connection once what was sent to it is written. No input about it is needed any more.
    CloseConnection {
        /// The connection.
        connection: ConnectionId,
    },
    /// Write a segment; ends in [`Input::Done`].
    Spill {
        /// The operation.
        op: OpId,
        /// The segment's name.
        segment: SegmentId,
        /// Its records.
        records: Vec<OutputRecord>,
    },
    /// Read a segment back; ends in [`Input::Done`].
    ReadSpill {
        /// The operation.
        op: OpId,
        /// The segment's name.
        segment: SegmentId,
    },
    /// Delete a segment if it exists.
    DropSpill {
        /// The segment's name.
        segment: SegmentId,
    },
    /// Write what was sent to the connections, then end the process.
    Exit,
}
