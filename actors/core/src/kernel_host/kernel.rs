//! The kernel's port as data: what a kernel is told, and what comes from it.

use wayfare_protocol::ask::{KernelAsk, KernelTold};
use wayfare_protocol::mrp::{ExecuteError, ExecuteRequest, MimeBundle};
use wayfare_protocol::{Refusal, RunId};

/// What a kernel is told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KernelCommand {
    /// Execute. One at a time: the next follows only when the one before has ended.
    Execute {
        /// Names the execution in everything that comes back.
        position: u64,
        /// The run, for whoever keeps a log of executions.
        run: RunId,
        /// Which execution of the run.
        attempt: u32,
        /// The code and how to execute it.
        request: ExecuteRequest,
    },
    /// Interrupt what is executed.
    Interrupt,
    /// Answer the kernel's question.
    InputReply {
        /// The answer, without a line end.
        text: String,
    },
    /// Ask it something; it answers when it is idle, or never.
    Ask {
        /// Joins question and answer.
        ask: u64,
        /// The question. Never for the history, which the host keeps.
        what: KernelAsk,
    },
    /// Close a comm: nobody is at its other end.
    CloseComm {
        /// Which.
        comm: String,
    },
    /// Ask it to end.
    ShutDown,
    /// Tell its process to end (SIGTERM).
    Terminate,
    /// End its process by force (SIGKILL).
    Kill,
}

/// What comes from a kernel. `parent` is the position of the execution it belongs to, where the kernel says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KernelEvent {
    /// It answered for the first time and takes work.
    Ready,
    /// An output.
    Output {
        /// The execution it belongs to.
        parent: Option<u64>,
        /// The output.
        output: KernelOutput,
    },
    /// It asks for a line of input.
    StdinRequest {
        /// The execution that asks.
        parent: Option<u64>,
        /// The text to show.
        prompt: String,
        /// Whether what is typed must not be shown.
        password: bool,
    },
    /// The execution has ended. Its outputs may still be on their way.
    Reply {
        /// The execution.
        position: u64,
        /// How it ended.
        outcome: ReplyOutcome,
        /// The kernel's count, where it keeps one.
        execution_count: Option<u32>,
    },
    /// The outputs of an execution have all been seen. A kernel may fail to say it.
    Idle {
        /// The execution.
        parent: Option<u64>,
    },
    /// It answered a question, or cannot.
    Told {
        /// Which.
        ask: u64,
        /// The answer.
        outcome: Result<KernelTold, Refusal>,
    },
    /// It opened a comm, for a widget say.
    CommOpened {
        /// Its name.
        comm: String,
    },
    /// Its process is gone. Nothing follows.
    Died {
        /// Exit status or signal, and last words.
        detail: String,
    },
}

/// How an execution ended, by the kernel's reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplyOutcome {
    /// Well.
    Ok,
    /// With an error.
    Error(ExecuteError),
    /// The kernel did not execute it.
    Aborted,
}

/// One output of a kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KernelOutput {
    /// Text on standard output.
    Stdout(String),
    /// Text on standard error.
    Stderr(String),
    /// A rich output.
    Display {
        /// The value.
        bundle: MimeBundle,
        /// Its name for later updates.
        display_id: Option<String>,
    },
    /// A rich output that replaces an earlier one.
    DisplayUpdate {
        /// The value.
        bundle: MimeBundle,
        /// Which it replaces.
        display_id: String,
    },
    /// The value of the last expression.
    Result(MimeBundle),
    /// An uncaught error. The reply repeats it, often with less of a traceback.
    Error(ExecuteError),
    /// The output so far is to be cleared.
    ClearOutput {
        /// When the next output comes.
        wait: bool,
    },
}
