//! What an account's machine is told.

use std::collections::{BTreeMap, BTreeSet};

use wayfare_protocol::between::{Said, SealingKey};
use wayfare_protocol::capability::Power;
use wayfare_protocol::control::{Control, MrpRequest, PresenceInfo};
use wayfare_protocol::daemon::{DaemonAnswer, DaemonInfo, DaemonRequest};
use wayfare_protocol::migration::Spare;
use wayfare_protocol::ownership::{Claim, ClaimOutcome, Row};
use wayfare_protocol::placement::PlacementAsk;
use wayfare_protocol::session::{OpenSession, SessionAnswer, SessionInfo};
use wayfare_protocol::stream::Open;
use wayfare_protocol::{DeviceId, EntityId, NodeId, Refusal, RequestId, ResourceId, SessionId, StreamId, Wall};

use super::place::{Peer, Registered};
use crate::machine::OpId;
use crate::session::Caller;

/// Names an authenticated link within the process. A later link has a higher number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

impl LinkId {
    /// No link: who asks lives in this process. Links are numbered from 1.
    pub const HERE: Self = Self(0);
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The cloud has read the account from its store.
    Loaded {
        /// Its devices and when each was last there.
        devices: Vec<(Registered, Wall)>,
        /// Which of them are revoked, and since when.
        revoked: BTreeMap<DeviceId, Wall>,
        /// What people call them, where that is not what they call themselves.
        given: BTreeMap<DeviceId, String>,
        /// Its ownership rows.
        rows: Vec<Row>,
    },
    /// The node has started.
    Restarted {
        /// Its sessions, by their logs: each tells of itself when it has read them.
        sessions: BTreeSet<SessionId>,
        /// Its daemons, likewise.
        daemons: BTreeSet<EntityId>,
        /// Whether it has a cloud.
        is_paired: bool,
    },
    /// A link was authenticated.
    LinkUp {
        /// Which.
        link: LinkId,
        /// With whom.
        peer: Peer,
    },
    /// A link is gone.
    LinkDown {
        /// Which.
        link: LinkId,
    },
    /// A control message came.
    Control {
        /// Over which link.
        link: LinkId,
        /// The message.
        control: Control,
    },
    /// The other end opened a stream.
    StreamRequested {
        /// Over which link.
        link: LinkId,
        /// Which.
        stream: StreamId,
        /// For what.
        open: Open,
    },
    /// A device's presence changed.
    Presence {
        /// Which.
        device: DeviceId,
        /// What it is now.
        presence: PresenceInfo,
    },
    /// A session of this node changed, or exists now.
    Session(SessionInfo),
    /// A session could not be made.
    CreateFailed {
        /// Which.
        session: SessionId,
        /// Why.
        refusal: Refusal,
    },
    /// A log of this node is that of a session whose creation was never durable.
    NeverWas {
        /// Which.
        session: SessionId,
    },
    /// A session of this node answered.
    Answer {
        /// Which call.
        caller: Caller,
        /// The answer.
        answer: SessionAnswer,
    },
    /// A daemon of this node changed, or exists now.
    Daemon(Box<DaemonInfo>),
    /// A log of this node is that of a daemon whose creation was never durable.
    NoDaemon {
        /// Which.
        daemon: EntityId,
    },
    /// A daemon of this node answered.
    DaemonAnswer {
        /// Which call.
        caller: Caller,
        /// The answer.
        answer: DaemonAnswer,
    },
    /// A daemon of this node asks another, wherever that lives. The answer is sent to [`LinkId::HERE`].
    AskDaemon {
        /// Which daemon, what; its id is fresh.
        asked: Box<DaemonRequest>,
    },
    /// Something of this node asks a session, wherever that lives. The answer is sent to [`LinkId::HERE`].
    AskSession {
        /// Which session, what; its id is fresh.
        asked: Box<MrpRequest>,
    },
    /// Something of this node opens a session, wherever that lives. None is made here without the cloud. The answer is sent to
    /// [`LinkId::HERE`].
    OpenSession {
        /// Fresh.
        request: RequestId,
        /// Which.
        open: Box<OpenSession>,
    },
    /// A resource of this node wants something of the store.
    Claim {
        /// Which.
        resource: ResourceId,
        /// Joins claim and answer; fresh.
        request: RequestId,
        /// What it wants.
        claim: Claim,
    },
    /// A migration of this node says something to another node.
    Say {
        /// To whom.
        to: NodeId,
        /// What.
        said: Said,
    },
    /// A migration of this node wants to know a row.
    ReadRow {
        /// Joins question and answer; fresh.
        request: RequestId,
        /// Whose.
        daemon: EntityId,
    },
    /// A migration of this node claims a row.
    MoveClaim {
        /// Joins claim and answer; fresh.
        request: RequestId,
        /// What it wants.
        claim: Box<Claim>,
    },
    /// The store answered a claim.
    Claimed {
        /// Which.
        op: OpId,
        /// What became of it.
        outcome: Result<ClaimOutcome, Refusal>,
    },
    /// The store answered a revocation.
    Revoked {
        /// Which.
        op: OpId,
        /// Since when the device is revoked, `None` if the account has no such device, or why it is not.
        outcome: Result<Option<Wall>, Refusal>,
    },
    /// The store answered a renaming.
    Renamed {
        /// Which.
        op: OpId,
        /// Whether the account has such a device, or why it is called as before.
        outcome: Result<bool, Refusal>,
    },
    /// The store has a device paired, whatever was before.
    Paired(Registered),
    /// Where this node's machine has its power from.
    Power(Power),
    /// A migration of this node wants to know where a daemon should go.
    Place {
        /// Joins question and answer; fresh.
        request: RequestId,
        /// What is asked.
        ask: Box<PlacementAsk>,
    },
    /// This node, which was to be emptied, has given away what others took.
    Drained {
        /// The daemons that none took.
        left: Vec<EntityId>,
    },
    /// The cloud has read which spares it keeps.
    Spares(Vec<Spare>),
    /// A node has said, when it registered, to which key secrets for it are sealed.
    SealingKey(SealingKey),
    /// A daemon's spare was fetched and is kept, or not.
    SpareTaken {
        /// Which.
        op: OpId,
        /// What is kept now, or why nothing new is.
        result: Result<Box<Spare>, Refusal>,
    },
    /// A node that was to go on with a lost daemon has answered.
    TookOver {
        /// Which.
        op: OpId,
        /// How that ended.
        answer: DaemonAnswer,
    },
}
