//! What an account's machine is told, and decides.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use wayfare_protocol::between::Said;
use wayfare_protocol::capability::Power;
use wayfare_protocol::capability_set::CapabilitySet;
use wayfare_protocol::control::{Control, PresenceInfo};
use wayfare_protocol::daemon::{DaemonAnswer, DaemonCall, DaemonInfo, DaemonRequest, StartDaemon};
use wayfare_protocol::ownership::{Claim, ClaimOutcome, Row};
use wayfare_protocol::placement::PlacementAsk;
use wayfare_protocol::session::{OpenSession, SessionAnswer, SessionCall, SessionInfo};
use wayfare_protocol::stream::Open;
use wayfare_protocol::{
    AssetId, ChunkId, DeviceId, DocumentId, EntityId, Epoch, NodeId, Refusal, RequestId, ResourceId, SessionId,
    StreamId, Wall,
};

use super::moves::MigrationNews;
use super::place::{Peer, Registered};
use crate::machine::OpId;
use crate::outputs::{Executor, Want};
use crate::ownership;
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
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
pub enum Effect {
    /// Send a control message.
    Send {
        /// Over which link.
        link: LinkId,
        /// The message.
        control: Control,
    },
    /// Ask a session of this node.
    Call {
        /// Which.
        session: SessionId,
        /// Joins call and answer.
        caller: Caller,
        /// The epoch that the router knows.
        epoch: Option<Epoch>,
        /// What is asked.
        call: SessionCall,
    },
    /// Make a session on this node.
    Create(OpenSession),
    /// Make a daemon on this node.
    StartDaemon(StartDaemon),
    /// Ask a daemon of this node.
    CallDaemon {
        /// Which.
        daemon: EntityId,
        /// Joins call and answer.
        caller: Caller,
        /// The epoch that the router knows.
        epoch: Option<Epoch>,
        /// What is asked.
        call: DaemonCall,
    },
    /// Let a stream read a daemon's outputs.
    ReadDaemon {
        /// Over which link.
        link: LinkId,
        /// On which stream.
        stream: StreamId,
        /// Of which daemon.
        daemon: EntityId,
        /// The first output.
        from: u64,
    },
    /// Say what this node can do, signed by its device.
    Announce {
        /// Over which link.
        link: LinkId,
        /// Higher than the last.
        version: u64,
        /// For how long it is good.
        ttl: Duration,
        /// What it can do.
        capabilities: CapabilitySet,
    },
    /// Something that migrations of this node are told.
    Migration(MigrationNews),
    /// Send a piece of a snapshot.
    ServeChunk {
        /// Over which link.
        link: LinkId,
        /// On which stream.
        stream: StreamId,
        /// Which.
        chunk: ChunkId,
    },
    /// Tell a resource of this node about its row or the store.
    Ownership {
        /// Which.
        resource: ResourceId,
        /// What.
        input: ownership::Input,
    },
    /// Serve a stream by the replica of a document that is here; it is made if there is none.
    OpenDocument {
        /// Over which link.
        link: LinkId,
        /// Which stream.
        stream: StreamId,
        /// Which document.
        document: DocumentId,
    },
    /// Serve a stream by the assets that are here.
    OpenAsset {
        /// Over which link.
        link: LinkId,
        /// Which stream.
        stream: StreamId,
        /// Which asset.
        asset: AssetId,
    },
    /// The cloud is within reach of the documents and assets here: over that link, or not any more.
    DocumentsAbove {
        /// The link.
        link: Option<LinkId>,
    },
    /// Ask the control store. Ends in [`Input::Claimed`].
    Claim {
        /// Joins effect and outcome.
        op: OpId,
        /// What is wanted.
        claim: Claim,
    },
    /// Ask the control store to revoke a device. Ends in [`Input::Revoked`].
    Revoke {
        /// Joins effect and outcome.
        op: OpId,
        /// Which device.
        device: DeviceId,
        /// Since when.
        at: Wall,
    },
    /// A device has a link now.
    DeviceUp {
        /// Which device.
        device: DeviceId,
        /// Which link.
        link: LinkId,
    },
    /// A link is not wanted any more.
    CloseLink {
        /// Which.
        link: LinkId,
        /// Why, for the other end.
        refusal: Refusal,
    },
    /// The journal's owner is connected over that link.
    JournalUp {
        /// Which session.
        session: SessionId,
        /// Who, as readers are told.
        executor: Executor,
        /// Over which link.
        link: LinkId,
        /// The owner's fencing number.
        epoch: Epoch,
    },
    /// The journal's owner is away.
    JournalDown {
        /// Which session.
        session: SessionId,
    },
    /// Let a stream read: a session of this node, or in the cloud its journal.
    Read {
        /// Over which link.
        link: LinkId,
        /// On which stream.
        stream: StreamId,
        /// Of which session.
        session: SessionId,
        /// Who owns it, as readers are told.
        executor: Executor,
        /// What.
        want: Want,
    },
    /// Join a stream with a new one over another link.
    Join {
        /// The link it came over.
        link: LinkId,
        /// The stream.
        stream: StreamId,
        /// The link to go on over.
        onward: LinkId,
        /// What it was opened for.
        open: Open,
    },
    /// Refuse a stream.
    Reset {
        /// Over which link.
        link: LinkId,
        /// Which.
        stream: StreamId,
        /// Why.
        refusal: Refusal,
    },
}
