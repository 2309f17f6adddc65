//! What a conversation is made of, is told, and decides.

use wayfare_protocol::control::{Control, OpenedSession};
use wayfare_protocol::document::DocumentCell;
use wayfare_protocol::mrp::{ExecuteRequest, RunEvent};
use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::session::{OpenSession, SessionAnswer, SessionCall};
use wayfare_protocol::stream::{Destination, RunUpdate};
use wayfare_protocol::{Limits, NodeId, Refusal, RequestId, RunId, SessionId, TraceId};

/// What the conversation is about.
#[derive(Clone, Debug)]
pub struct Config {
    /// Bounds and durations.
    pub limits: Limits,
    /// Whether a link is up at the beginning.
    pub linked: bool,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The user wants a session. Given once, or again after a refusal.
    Open {
        /// Fresh; kept over repeats.
        request: RequestId,
        /// What is wanted.
        open: OpenSession,
    },
    /// The user wants code executed in the open session.
    Run {
        /// Fresh; kept over repeats.
        request: RequestId,
        /// Fresh: the run's id.
        run: RunId,
        /// Follows it through every log.
        trace: TraceId,
        /// What to execute.
        execute: ExecuteRequest,
        /// The cell of a document into which its output is to be written.
        cell: Option<DocumentCell>,
    },
    /// The user wants to see a run from a number on.
    Attach {
        /// The session it belongs to.
        session: SessionId,
        /// Which run.
        run: RunId,
        /// First event wanted, from 1.
        from: u64,
    },
    /// The user does something to the open session. Sent once: whether it was done is told, or not known.
    Call {
        /// Fresh.
        request: RequestId,
        /// Follows it through every log.
        trace: TraceId,
        /// What.
        call: SessionCall,
    },
    /// A link is up.
    LinkUp,
    /// The link is gone, with every stream on it.
    LinkDown,
    /// A control message came.
    Control(Control),
    /// The stream that was asked for is open.
    StreamOpened,
    /// A message came on it.
    Update(RunUpdate),
    /// It is closed, or was reset.
    StreamClosed(Option<Refusal>),
}

/// What to do.
#[derive(Clone, Debug, PartialEq, strum::IntoStaticStr, strum::VariantNames)]
pub enum Effect {
    /// Send a control message.
    Send(Control),
    /// Open a stream, in place of the one before.
    OpenStream(Destination),
    /// Close the stream that was opened last: nobody looks at it any more.
    CloseStream,
    /// Tell the user.
    Tell(Told),
}

/// What the user is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// The session is open.
    Opened(OpenedSession),
    /// It cannot be opened.
    OpenRefused(Refusal),
    /// The run is recorded by its owner.
    Accepted {
        /// Which.
        run: RunId,
    },
    /// Who executes it.
    Attached {
        /// The owner.
        owner: NodeId,
        /// Name of the device.
        device_name: String,
        /// Which execution the numbers of events belong to.
        attempt: u32,
    },
    /// The next event, once.
    Event {
        /// Its number.
        number: u64,
        /// The event.
        event: RunEvent,
    },
    /// The owner is away; events go on when it is back.
    Waiting,
    /// The link is gone; what was asked goes on, and is shown when the link is back.
    Offline,
    /// The run is over.
    Ended {
        /// Which.
        run: RunId,
        /// How.
        outcome: RunOutcome,
    },
    /// The run was refused: it is not executed.
    RunRefused {
        /// Which.
        run: RunId,
        /// Why.
        refusal: Refusal,
    },
    /// A call's answer.
    Answer {
        /// Which.
        request: RequestId,
        /// The answer.
        answer: SessionAnswer,
    },
}
