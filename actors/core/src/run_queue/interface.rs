//! What the machine is made of, is told, and decides.

use serde::{Deserialize, Serialize};
use wayfare_protocol::document::DocumentCell;
use wayfare_protocol::mrp::ExecuteRequest;
use wayfare_protocol::session::{OpenSession, RunRequest, SessionAnswer, SessionCall};
use wayfare_protocol::{DeviceId, DocumentId, Limits, Refusal, RunId, SessionId, Wall};

use super::QueuedRun;
use crate::machine::OpId;

/// Whose runs, and the bounds.
#[derive(Clone, Debug)]
pub struct Config {
    /// This device.
    pub device: DeviceId,
    /// Bounds.
    pub limits: Limits,
}

/// A run that was asked for here, with everything that is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedRun {
    /// Its id.
    pub run: RunId,
    /// When it was asked for, by this device's clock.
    pub at: Wall,
    /// The cell of a document that it is of.
    pub cell: DocumentCell,
    /// The session that it goes to.
    pub open: OpenSession,
    /// What to execute.
    pub request: ExecuteRequest,
}

impl AskedRun {
    /// What its document says of it.
    pub(super) fn entry(&self, device: DeviceId, sent_to: Option<SessionId>) -> QueuedRun {
        QueuedRun {
            run: self.run,
            device,
            at: self.at,
            begins: self.cell.begins,
            session: self.open.key.clone(),
            sent_to,
            end: None,
        }
    }

    /// What its session is asked. `again`: it may have been asked before.
    pub(super) fn call(&self, again: bool) -> SessionCall {
        let asked = RunRequest { run: self.run, again, request: self.request.clone() };
        SessionCall::RunCell { asked, cell: self.cell }
    }
}

/// What is kept of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// A run was asked for.
    Asked(Box<AskedRun>),
    /// Its document says that it waits: whoever asked may be told.
    Waits {
        /// Which.
        run: RunId,
    },
    /// It is about to be sent to that session. From here on it is asked for `again` only, there.
    Sends {
        /// Which.
        run: RunId,
        /// Where to.
        session: SessionId,
    },
    /// It is accepted, refused or taken back, and its document does not say any more that it waits for this device.
    Over {
        /// Which.
        run: RunId,
    },
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// Everything that is kept was read.
    Recovered,
    /// Somebody here wants a run to wait. Answered by [`Effect::Tell`].
    Ask(Box<AskedRun>),
    /// The cloud is within reach.
    AboveUp,
    /// It is not any more.
    AboveDown,
    /// An effect was carried out.
    Done {
        /// Which.
        op: OpId,
        /// What came of it.
        outcome: Outcome,
    },
}

/// What came of an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The record is durable.
    Appended,
    /// The entry is in the document, durably here.
    Entered(Result<(), Refusal>),
    /// The document is in step with the cloud's; whether the entry is in it.
    Looked(Result<bool, Refusal>),
    /// The session is open.
    Opened(Result<SessionId, Refusal>),
    /// The entry says the session; `false`: it is gone.
    Said(Result<bool, Refusal>),
    /// The session answered, or nobody did.
    Answered(Box<SessionAnswer>),
    /// The entry is not in the document any more, or says how the run ended.
    Left(Result<(), Refusal>),
}

/// What to do. Each that has an `op` ends in one [`Input::Done`].
#[derive(Clone, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
pub enum Effect {
    /// Append a record.
    Append {
        /// Joins effect and outcome.
        op: OpId,
        /// The record.
        record: Record,
    },
    /// Put the entry into the document, unless that has as many as it may.
    Enter {
        /// Joins effect and outcome.
        op: OpId,
        /// Which document.
        document: DocumentId,
        /// The entry.
        entry: QueuedRun,
    },
    /// Tell whoever asked whether the run waits.
    Tell {
        /// Which.
        run: RunId,
        /// `Err`: it does not, and why.
        outcome: Result<(), Refusal>,
    },
    /// Bring the document into step with the cloud's, then look whether the entry is in it.
    Look {
        /// Joins effect and outcome.
        op: OpId,
        /// Which document.
        document: DocumentId,
        /// The run of the entry.
        run: RunId,
    },
    /// Open the session.
    Open {
        /// Joins effect and outcome.
        op: OpId,
        /// Which.
        open: OpenSession,
    },
    /// Put the entry with the session in the place of the one that is there, if it is.
    Say {
        /// Joins effect and outcome.
        op: OpId,
        /// Which document.
        document: DocumentId,
        /// The entry.
        entry: QueuedRun,
    },
    /// Ask the session.
    Send {
        /// Joins effect and outcome.
        op: OpId,
        /// Which.
        session: SessionId,
        /// What.
        call: Box<SessionCall>,
    },
    /// Put the entry that says how the run ended in the place of the one that is there, if it is.
    End {
        /// Joins effect and outcome.
        op: OpId,
        /// Which document.
        document: DocumentId,
        /// The entry.
        entry: QueuedRun,
    },
    /// Take the entry out of the document, if it is there.
    Leave {
        /// Joins effect and outcome.
        op: OpId,
        /// Which document.
        document: DocumentId,
        /// The run of the entry.
        run: RunId,
    },
}
