//! Facts: what the oracles judge. A machine tells them of its effects, so that one set of rules holds in the simulation, in
//! running processes and over the traces that they leave.
//!
//! A fact is plain data about one moment in one place. It says what is done, never what is thought of it.

mod awareness;
mod keeper;
mod placing;
mod queue;
mod settled;
mod witness;
mod writing;

use serde::{Deserialize, Serialize};
use wayfare_protocol::daemon::DaemonOutput;
use wayfare_protocol::mrp::RunEvent;
use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::ownership::Lineage;
use wayfare_protocol::{
    AccountId, DeviceId, EntityId, Epoch, ErrorCode, NodeId, Origin, ResourceId, RunId, SessionId, codec,
};

pub use awareness::Awareness;
pub use keeper::Keeper;
pub use placing::Placing;
pub use queue::Queue;
pub use settled::{Homes, Strays};
pub use witness::Witness;
pub use writing::{AllRead, Writing};

/// The first eight bytes of the BLAKE3 hash of an event: equal events have equal ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventDigest(pub u64);

impl EventDigest {
    /// That of an event.
    #[must_use]
    pub fn of(event: &RunEvent) -> Self {
        Self::of_bytes(&codec::encode(event))
    }

    /// That of a daemon's output, with its place in the causal chain.
    #[must_use]
    pub fn of_output(output: &DaemonOutput) -> Self {
        Self::of_bytes(&codec::encode(output))
    }

    /// That of what an event or output says.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let hash = blake3::hash(bytes);
        let mut first = [0; 8];
        first.copy_from_slice(&hash.as_bytes()[..8]);
        Self(u64::from_le_bytes(first))
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A device belongs to an account: the control store's own word.
    Registered {
        /// Which.
        device: DeviceId,
        /// Whose.
        account: AccountId,
    },
    /// A device's link is up, for an account.
    Joined {
        /// Which.
        device: DeviceId,
        /// Whose.
        account: AccountId,
    },
    /// The control store granted a row.
    Granted {
        /// What is owned.
        resource: ResourceId,
        /// Name and language.
        name: String,
        /// On which branch of its history.
        lineage: Lineage,
        /// Under which fencing number.
        epoch: Epoch,
        /// By whom.
        owner: NodeId,
    },
    /// A node acts for a resource.
    Held {
        /// What.
        resource: ResourceId,
        /// On which branch of its history.
        lineage: Lineage,
        /// Under which fencing number.
        epoch: Epoch,
        /// Who.
        node: NodeId,
    },
    /// A node knows that another acts for a resource.
    Released {
        /// What.
        resource: ResourceId,
        /// The other's fencing number.
        epoch: Epoch,
        /// Who knows it.
        node: NodeId,
    },
    /// A run was recorded in its session's inbox; that may not be durable yet.
    Accepted {
        /// Which session.
        session: SessionId,
        /// Which run.
        run: RunId,
        /// Its place.
        position: u64,
    },
    /// An owner answered a call as done.
    Answered {
        /// Which session.
        session: SessionId,
        /// The owner.
        node: NodeId,
        /// Under which fencing number.
        epoch: Epoch,
        /// The place of the run that it acknowledged, if that was asked.
        position: Option<u64>,
    },
    /// A run is about to be handed to the session host.
    Started {
        /// Which session.
        session: SessionId,
        /// Which run.
        run: RunId,
        /// Which execution of it.
        attempt: u32,
        /// Its place.
        position: u64,
        /// By which kernel of the session.
        kernel: u32,
    },
    /// A kernel got code to execute.
    Executed {
        /// Which session.
        session: SessionId,
        /// Which run.
        run: RunId,
        /// Which execution of it.
        attempt: u32,
        /// By which kernel of the session.
        kernel: u32,
    },
    /// A session has two session hosts at a time.
    TwoHosts {
        /// Which.
        session: SessionId,
    },
    /// A copy of a session's outputs takes an event in.
    Output {
        /// Whose copy.
        copy: Keeper,
        /// Which run.
        run: RunId,
        /// Which execution of it.
        attempt: u32,
        /// The event's number.
        number: u64,
        /// For how many numbers it stands.
        span: u64,
        /// The event; `None` where nobody compares them.
        digest: Option<EventDigest>,
    },
    /// A client asks to be shown a run.
    Looked {
        /// Which session.
        session: SessionId,
        /// Which run.
        run: RunId,
        /// From which event on.
        from: u64,
    },
    /// A client shows an event.
    Shown {
        /// Which run.
        run: RunId,
        /// The event's number.
        number: u64,
        /// For how many numbers it stands.
        span: u64,
        /// Whether it stands for events that were not kept.
        is_omission: bool,
        /// Whether none may follow.
        is_last: bool,
        /// The event; `None` where nobody compares them.
        digest: Option<EventDigest>,
    },
    /// A client asks that what waits in a session be taken back: that run, or all of them.
    TakenBack {
        /// Which session.
        session: SessionId,
        /// Which run.
        run: Option<RunId>,
    },
    /// A client learns that its run is recorded.
    Acknowledged {
        /// Which session.
        session: SessionId,
        /// Which run.
        run: RunId,
    },
    /// A client learns how a run ended.
    Ended {
        /// Which.
        run: RunId,
        /// How.
        outcome: RunOutcome,
    },
    /// A client learns that a run is not executed, or not to be had.
    Refused {
        /// Which.
        run: RunId,
        /// Why.
        code: ErrorCode,
    },
    /// A daemon's host appends an input to its inbox; that may not be durable yet.
    Entered {
        /// Which daemon.
        daemon: EntityId,
        /// Its place in the inbox.
        position: u64,
        /// Of a published event: who published it, and the publisher's number for it.
        event: Option<(Origin, u64)>,
    },
    /// A daemon's owner takes inputs in.
    Admitted {
        /// Which daemon.
        daemon: EntityId,
        /// The owner.
        node: NodeId,
        /// Under which fencing number.
        epoch: Epoch,
    },
    /// A daemon's host says that it takes nothing more in, and that this is recorded.
    Sealed {
        /// Which daemon.
        daemon: EntityId,
        /// On which node.
        node: NodeId,
        /// Under which fencing number.
        epoch: Epoch,
    },
    /// A daemon goes on from an earlier state, since its node is gone for good: what came after that is lost.
    Recovered {
        /// Which daemon.
        daemon: EntityId,
        /// The last input that it still has.
        position: u64,
        /// Its last output then.
        output: u64,
    },
    /// When nothing more is under way: who has something of a daemon.
    Homes(Homes),
    /// And what a node keeps that nothing needs.
    Strays(Strays),
    /// A daemon's host appends an output to its log; that may not be durable yet.
    Emitted {
        /// Which daemon.
        daemon: EntityId,
        /// The output's number.
        number: u64,
        /// It, with its place in the causal chain.
        digest: EventDigest,
        /// What it says.
        payload: EventDigest,
    },
    /// A daemon's host appends an output of another daemon to its inbox, as an event; that may not be durable yet.
    Fed {
        /// Which daemon.
        daemon: EntityId,
        /// Whose output.
        from: EntityId,
        /// The output's number.
        number: u64,
        /// What it says.
        payload: EventDigest,
    },
    /// A daemon's owner asks another daemon for outputs, and has what came before.
    Fetched {
        /// Which daemon.
        daemon: EntityId,
        /// Whose outputs.
        from: EntityId,
        /// The last that it has.
        after: u64,
    },
    /// A daemon takes nothing more from another.
    Unfed {
        /// Which daemon.
        daemon: EntityId,
        /// The other one.
        from: EntityId,
    },
    /// A publisher learns that its events up to a number are recorded.
    Confirmed {
        /// Which daemon.
        daemon: EntityId,
        /// Who published.
        origin: Origin,
        /// The last of them.
        through: u64,
    },
    /// A publisher learns that a daemon has no event of its own from a number on.
    Missed {
        /// Which daemon.
        daemon: EntityId,
        /// Who published.
        origin: Origin,
        /// The first that is not there.
        expected: u64,
    },
    /// A subscriber gets an output.
    Heard {
        /// Which daemon.
        daemon: EntityId,
        /// The output's number.
        number: u64,
        /// Of which input it came.
        position: u64,
        /// What it says.
        digest: EventDigest,
        /// Whether it is what a model makes of the inputs so far, as far as those are known.
        fits: bool,
    },
    /// A subscriber learns that outputs are not kept.
    Withheld {
        /// Which daemon.
        daemon: EntityId,
        /// The first of them.
        from: u64,
        /// The last of them.
        through: u64,
        /// The last output that it has acknowledged.
        acknowledged: u64,
    },
    /// Something was done with documents, or with the files of a folder.
    Writing(Writing),
    /// Something about who has a document open just now.
    Awareness(Awareness),
    /// Something about where daemons are placed.
    Placing(Placing),
    /// How much waits, or is kept, where there is a bound.
    Queue {
        /// What.
        queue: Queue,
        /// How much.
        length: u64,
    },
    /// What a place did before this may not all have been told: its process began anew, or a trace left something out.
    Gap,
    /// Something that was promised within a time has not come.
    Overdue {
        /// What.
        what: String,
    },
}
