//! Messages of the control stream: the ones of seed 000, and beside them the handshake, claims and signs of life.

mod handshake;

use serde::{Deserialize, Serialize};

use crate::announcement::Announcement;
use crate::between::Between;
use crate::capability::{Accepting, Capabilities, Load};
use crate::daemon::{DaemonInfo, DaemonRequest, DaemonResponse, StartDaemon};
use crate::document::{Changes, ChangesMark};
use crate::ownership::{Claim, ClaimOutcome, Row};
use crate::placement::{Placement, PlacementAsk};
use crate::session::{OpenSession, RouteReason, SessionAnswer, SessionCall, SessionInfo, SessionState};
use crate::{AccountId, DeviceId, EntityId, Epoch, NodeId, Refusal, RequestId, ResourceId, SessionId, TraceId, Wall};

pub use handshake::{Challenge, Pair, Register, Welcome};

/// What travels on stream 0. Grows only at its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum Control {
    /// The accepting end speaks first.
    Challenge(Challenge),
    /// The dialing end says and proves who it is.
    Register(Box<Register>),
    /// The accepting end agrees; everything else may follow.
    Welcome(Welcome),
    /// The link is refused and will be closed.
    Goodbye(Refusal),
    /// Instead of `Register`: an unknown device asks to be paired.
    Pair(Box<Pair>),
    /// The device is registered now; it dials again to use its key.
    Paired {
        /// The account it belongs to.
        account: AccountId,
    },
    /// A sign of life that wants one back.
    Ping {
        /// Returned in the answer.
        token: u64,
    },
    /// The sign of life that was wanted.
    Pong {
        /// From the question.
        token: u64,
    },
    /// How busy a device is, every [`crate::Limits::heartbeat_every`].
    #[cfg_attr(feature = "typescript", ts(skip))]
    Heartbeat(Load),
    /// A node has a session with a living kernel.
    #[cfg_attr(feature = "typescript", ts(skip))]
    RuntimeUp(SessionInfo),
    /// A session's kernel is gone.
    #[cfg_attr(feature = "typescript", ts(skip))]
    RuntimeDown {
        /// Which session.
        session: SessionId,
    },
    /// A session's state changed.
    #[cfg_attr(feature = "typescript", ts(skip))]
    RuntimeState {
        /// Which session.
        session: SessionId,
        /// Its state now.
        state: SessionState,
    },
    /// Document sync step.
    #[cfg_attr(feature = "typescript", ts(skip))]
    Sync(Vec<u8>),
    /// Something asked of a session, routed to its owner.
    MrpRequest(MrpRequest),
    /// The answer.
    MrpResponse(MrpResponse),
    /// Asks for the session of a name.
    Open {
        /// Joins question and answer.
        request: RequestId,
        /// What is asked for.
        open: OpenSession,
    },
    /// Where that session lives.
    Opened {
        /// From the question.
        request: RequestId,
        /// The session and why it is there, or why there is none.
        outcome: Result<OpenedSession, Refusal>,
    },
    /// Asks for the devices of the account.
    ListDevices {
        /// Joins question and answer.
        request: RequestId,
    },
    /// The devices of the account.
    DeviceList {
        /// From the question.
        request: RequestId,
        /// In order of name.
        devices: Vec<DeviceInfo>,
    },
    /// Asks for the sessions of the account.
    ListSessions {
        /// Joins question and answer.
        request: RequestId,
    },
    /// The sessions of the account.
    SessionList {
        /// From the question.
        request: RequestId,
        /// In order of name.
        sessions: Vec<SessionInfo>,
    },
    /// A node claims a resource.
    #[cfg_attr(feature = "typescript", ts(skip))]
    Claim {
        /// Joins question and answer.
        request: RequestId,
        /// The change wanted.
        claim: Claim,
    },
    /// What became of the claim.
    #[cfg_attr(feature = "typescript", ts(skip))]
    Claimed {
        /// From the question.
        request: RequestId,
        /// The outcome.
        outcome: Result<ClaimOutcome, Refusal>,
    },
    /// A row changed: told to its old and its new owner.
    #[cfg_attr(feature = "typescript", ts(skip))]
    Row(Row),
    /// A session is to be moved away (planned migration).
    #[cfg_attr(feature = "typescript", ts(skip))]
    MigrateOut {
        /// Which session.
        session: SessionId,
        /// To which device.
        target: DeviceId,
    },
    /// A session arrives.
    #[cfg_attr(feature = "typescript", ts(skip))]
    MigrateIn {
        /// Which session.
        session: SessionId,
        /// Where its snapshot is described.
        manifest: Vec<u8>,
    },
    /// The device is about to sleep.
    GoingToSleep,
    /// The server goes down in an orderly way; dial again after that many milliseconds.
    Draining {
        /// Milliseconds to wait.
        retry_after_ms: u32,
    },
    /// What a node takes from other devices changed; at the begin of a link it is everything.
    #[cfg_attr(feature = "typescript", ts(skip))]
    Accepting(Accepting),
    /// Asks for the daemon of a name.
    #[cfg_attr(feature = "typescript", ts(skip))]
    StartDaemon {
        /// Joins question and answer.
        request: RequestId,
        /// What is asked for.
        start: StartDaemon,
    },
    /// That daemon.
    #[cfg_attr(feature = "typescript", ts(skip))]
    DaemonStarted {
        /// From the question.
        request: RequestId,
        /// The daemon, or why there is none.
        outcome: Result<Box<DaemonInfo>, Refusal>,
    },
    /// Something asked of a daemon, routed to its owner.
    #[cfg_attr(feature = "typescript", ts(skip))]
    DaemonRequest(DaemonRequest),
    /// The answer.
    #[cfg_attr(feature = "typescript", ts(skip))]
    DaemonResponse(DaemonResponse),
    /// Asks for the daemons of the account.
    #[cfg_attr(feature = "typescript", ts(skip))]
    ListDaemons {
        /// Joins question and answer.
        request: RequestId,
    },
    /// The daemons of the account.
    #[cfg_attr(feature = "typescript", ts(skip))]
    DaemonList {
        /// From the question.
        request: RequestId,
        /// In the order of their names.
        daemons: Vec<DaemonInfo>,
    },
    /// A daemon of the node that says it has changed.
    #[cfg_attr(feature = "typescript", ts(skip))]
    DaemonUp(Box<DaemonInfo>),
    /// Asks the cloud to refuse a device of the account from now on.
    RevokeDevice {
        /// Joins question and answer.
        request: RequestId,
        /// Which device.
        device: DeviceId,
    },
    /// What became of it.
    DeviceRevoked {
        /// From the question.
        request: RequestId,
        /// Since when the device is refused, or why it is not.
        outcome: Result<Wall, Refusal>,
    },
    /// From one node to another, through their cloud.
    #[cfg_attr(feature = "typescript", ts(skip))]
    Between(Box<Between>),
    /// A node wants to know a row.
    #[cfg_attr(feature = "typescript", ts(skip))]
    ReadRow {
        /// Joins question and answer.
        request: RequestId,
        /// Of what.
        resource: ResourceId,
    },
    /// That row.
    #[cfg_attr(feature = "typescript", ts(skip))]
    RowRead {
        /// From the question.
        request: RequestId,
        /// `None`: the store has none.
        row: Option<Box<Row>>,
    },
    /// What a node can do, by its own signed word; said anew before it expires.
    #[cfg_attr(feature = "typescript", ts(skip))]
    Announce(Box<Announcement>),
    /// A node asks where a daemon of its own should go.
    #[cfg_attr(feature = "typescript", ts(skip))]
    Place {
        /// Joins question and answer.
        request: RequestId,
        /// What is asked.
        ask: Box<PlacementAsk>,
    },
    /// Where it should go.
    #[cfg_attr(feature = "typescript", ts(skip))]
    Placed {
        /// From the question.
        request: RequestId,
        /// The answer.
        placement: Box<Placement>,
    },
    /// A node is to give away every daemon that it has, or not after all.
    #[cfg_attr(feature = "typescript", ts(skip))]
    Drain {
        /// Joins question and answer.
        request: RequestId,
        /// Which node.
        node: NodeId,
        /// What it is to do.
        order: DrainOrder,
    },
    /// It has, or has not.
    #[cfg_attr(feature = "typescript", ts(skip))]
    Drained {
        /// From the question.
        request: RequestId,
        /// The daemons that no node took, or why it does not.
        outcome: Result<Vec<EntityId>, Refusal>,
    },
    /// Asks the cloud to call a device of the account otherwise, whatever it calls itself.
    RenameDevice {
        /// Joins question and answer.
        request: RequestId,
        /// Which device.
        device: DeviceId,
        /// Its name from now on.
        name: String,
    },
    /// What became of it.
    DeviceRenamed {
        /// From the question.
        request: RequestId,
        /// It is called so, durably, or why it is not.
        outcome: Result<(), Refusal>,
    },
    /// The cloud tells a node what it is called, where that is not what it called itself.
    #[cfg_attr(feature = "typescript", ts(skip))]
    Called {
        /// Its name.
        name: String,
    },
    /// A node asks which documents changed at the cloud.
    #[cfg_attr(feature = "typescript", ts(skip))]
    ListChanges {
        /// Since when; `None`: it knows of no moment.
        since: Option<ChangesMark>,
    },
    /// These.
    #[cfg_attr(feature = "typescript", ts(skip))]
    Changes(Changes),
    /// Instead of `Pair`: an unknown device that may read and not write asks to be paired.
    #[cfg_attr(feature = "typescript", ts(skip))]
    PairReader(Box<Pair>),
}

/// What a node that is emptied of daemons is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DrainOrder {
    /// Give every daemon away, and take none. Answered when that is over.
    Begin,
    /// Give no more away, and take what comes. Answered at once.
    Cancel,
}

/// Something asked of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct MrpRequest {
    /// Joins question and answer.
    pub request: RequestId,
    /// Follows the request through every log.
    pub trace: TraceId,
    /// Which session.
    pub session: SessionId,
    /// The epoch that the router knows of the owner. Clients send `None`: the router stamps it.
    pub epoch: Option<Epoch>,
    /// What is asked.
    pub call: SessionCall,
}

/// The answer of the session's owner, or of the router where it was not reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct MrpResponse {
    /// From the question.
    pub request: RequestId,
    /// The answer.
    pub answer: SessionAnswer,
}

/// Where an opened session lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct OpenedSession {
    /// The session.
    pub session: SessionInfo,
    /// Why it is there.
    pub reason: RouteReason,
    /// Whether it was made now.
    pub created: bool,
}

/// A device as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct DeviceInfo {
    /// Its id.
    pub device: DeviceId,
    /// For people.
    pub name: String,
    /// `linux`, `macos`, ...
    pub os: String,
    /// Whether it is there.
    pub presence: PresenceInfo,
    /// What it offers; `None` for a device without a node.
    pub node: Option<Capabilities>,
    /// How busy it is, if it has told.
    pub load: Option<Load>,
}

/// Whether a device is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum PresenceInfo {
    /// It answers.
    Online,
    /// Silent for a while, or its link closed a moment ago.
    Suspect,
    /// Given up for now.
    Offline {
        /// The last sign of it.
        last_seen: Wall,
    },
    /// It said that it goes to sleep.
    Sleeping {
        /// When.
        since: Wall,
    },
    /// The account does not want it any more: its key is refused until it is paired anew.
    Revoked {
        /// Since when.
        at: Wall,
    },
}
