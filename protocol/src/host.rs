//! Between a node and a session host: one unix socket, frames of a little-endian `u32` length and a bincode body.
//!
//! The host outlives the node. Whoever connects is told first where the host stands ([`HostMessage::Hello`]) and then asks
//! for records from any sequence on. Several connections may be open; each has its own cursor.

use serde::{Deserialize, Serialize};

use crate::ask::{KernelAsk, KernelTold};
use crate::mrp::ExecuteRequest;
use crate::output::OutputRecord;
use crate::session::Language;
use crate::{Refusal, RunId, SessionId};

/// Version of this protocol. A host is copied beside its session, so that an upgrade never touches one that lives: a node
/// also speaks to living hosts of older versions, down to [`HOST_VERSION_MIN`], without what those do not know.
pub const HOST_VERSION: u32 = 2;
/// Oldest host that a node speaks to.
pub const HOST_VERSION_MIN: u32 = 1;
/// First version whose hosts answer [`HostRequest::Ask`].
pub const HOST_VERSION_ASKS: u32 = 2;

/// How a host and its kernel reach each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KernelTransport {
    /// Unix sockets in the session's private directory: nobody else can connect.
    #[default]
    Ipc,
    /// TCP on 127.0.0.1, for kernels that know nothing else. Other users of the machine can connect; messages without the
    /// key of the private connection file are refused by both ends.
    Tcp,
    /// The run protocol, MRP v1, over HTTP on 127.0.0.1. It knows no key: other users of the machine can run code at it.
    Mrp,
}

/// Everything a session host is told when it is started: a file in the session's directory, not the command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostLaunch {
    /// The session.
    pub session: SessionId,
    /// Its language.
    pub language: Language,
    /// Which kernel of the session this is, from 1.
    pub kernel: u32,
    /// Sequence of the first record that this host makes.
    pub first_sequence: u64,
    /// The kernel's command line; `{connection_file}` stands for the path of the connection file, for a server of the run protocol
    /// `{port}` for the port to listen on.
    pub argv: Vec<String>,
    /// Variables added to the kernel's environment.
    pub env: Vec<(String, String)>,
    /// The kernel's working directory.
    pub cwd: String,
    /// Whether an interrupt is a message on the control channel (else SIGINT).
    pub interrupt_by_message: bool,
    /// Bytes of records kept in memory before they spill to the session's directory.
    pub journal_memory_bytes: u64,
    /// Bytes of records kept on disk before output is omitted.
    pub journal_disk_bytes: u64,
    /// Milliseconds that the kernel may take to answer for the first time.
    pub kernel_start_ms: u64,
    /// How the kernel is reached.
    #[serde(default)]
    pub transport: KernelTransport,
    /// Milliseconds after an interrupt that did not end the run until it is repeated, see
    /// [`Limits::interrupt_again`](crate::Limits::interrupt_again); 0: the default.
    #[serde(default)]
    pub interrupt_again_ms: u64,
    /// Milliseconds from then until the kernel is ended, see [`Limits::interrupt_end`](crate::Limits::interrupt_end); 0: the
    /// default.
    #[serde(default)]
    pub interrupt_end_ms: u64,
    /// Milliseconds that outputs of a run may come after the kernel said that there are none; 0 for kernels that keep the
    /// protocol.
    #[serde(default)]
    pub late_output_ms: u64,
    /// Bytes of memory that the session's processes may use together; 0: no cap.
    #[serde(default)]
    pub memory_max_bytes: u64,
}

/// A node's message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostRequest {
    /// Execute the run at the next position. A position that the host has seen is not executed again.
    HandOver {
        /// Its place in the session's inbox.
        position: u64,
        /// The run.
        run: RunId,
        /// Which execution of it.
        attempt: u32,
        /// What to execute.
        request: ExecuteRequest,
    },
    /// Send records from this sequence on, now and as they come.
    Attach {
        /// First record wanted.
        from: u64,
    },
    /// Records through this sequence are kept elsewhere and may be forgotten.
    Acknowledge {
        /// The last of them.
        through: u64,
    },
    /// Interrupt what runs; with a position, only if that is what runs.
    Interrupt {
        /// The position meant.
        position: Option<u64>,
    },
    /// Answer the question that a run asked.
    Input {
        /// The run.
        run: RunId,
        /// The answer, without a line end.
        text: String,
    },
    /// Close every accepted connection so that the process tree can be checkpointed.
    Prepare,
    /// End the kernel, then the host.
    ShutDown,
    /// Ask the kernel something (since version 2).
    Ask {
        /// Joins question and answer on this connection; chosen by the node.
        ask: u64,
        /// The question.
        what: KernelAsk,
    },
}

/// A session host's message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostMessage {
    /// Said first on every connection.
    Hello(HostHello),
    /// A record, in order of sequence.
    Output(OutputRecord),
    /// The kernel's condition changed.
    Kernel(KernelCondition),
    /// The last message before [`HostRequest::Prepare`] closes the connection.
    Prepared {
        /// Sequence of the last record so far.
        through: u64,
    },
    /// The request was not carried out, and why.
    Refused(Refusal),
    /// The answer to a question, or why there is none (since version 2).
    Told {
        /// From the question.
        ask: u64,
        /// The answer.
        outcome: Result<KernelTold, Refusal>,
    },
}

/// Where a session host stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostHello {
    /// [`HOST_VERSION`] of the host.
    pub version: u32,
    /// The session it serves.
    pub session: SessionId,
    /// Which kernel of the session this is.
    pub kernel: u32,
    /// The last position that it was handed; 0 for none.
    pub last_position: u64,
    /// First sequence that it still has.
    pub first_kept: u64,
    /// Sequence of the record that comes next.
    pub next_sequence: u64,
    /// How its kernel is.
    pub condition: KernelCondition,
}

/// How a kernel is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KernelCondition {
    /// Started, not answering yet.
    Starting,
    /// Waits for work.
    Idle,
    /// Executes.
    Busy,
    /// It is gone. The host ends when its records are acknowledged.
    Gone {
        /// Exit status, signal or last words.
        detail: String,
    },
}
