//! What an account's machine decides.

use std::time::Duration;

use wayfare_protocol::between::SealingKey;
use wayfare_protocol::capability_set::CapabilitySet;
use wayfare_protocol::control::Control;
use wayfare_protocol::daemon::{DaemonCall, StartDaemon};
use wayfare_protocol::document::{Changes, ChangesMark};
use wayfare_protocol::migration::TakeOver;
use wayfare_protocol::ownership::Claim;
use wayfare_protocol::session::{OpenSession, SessionCall};
use wayfare_protocol::stream::Open;
use wayfare_protocol::{
    AssetId, ChunkId, DeviceId, DocumentId, EntityId, Epoch, Refusal, ResourceId, SessionId, StreamId, Wall,
};

use super::LinkId;
use super::moves::MigrationNews;
use crate::machine::OpId;
use crate::outputs::{Executor, Want};
use crate::ownership;
use crate::session::Caller;

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
    /// Fetch a daemon's newest snapshot from its owner, with its key for these nodes, and keep it. Ends in
    /// [`Input::SpareTaken`](super::Input::SpareTaken).
    TakeSpare {
        /// Joins effect and outcome.
        op: OpId,
        /// Over which link.
        link: LinkId,
        /// Of which daemon.
        daemon: EntityId,
        /// Who is to be able to go on with it.
        nodes: Vec<SealingKey>,
    },
    /// Let a node go on with a daemon whose owner is gone for good. Ends in [`Input::TookOver`](super::Input::TookOver).
    TakeOver {
        /// Joins effect and outcome.
        op: OpId,
        /// Which daemon.
        daemon: EntityId,
        /// Which node, and from where.
        take: Box<TakeOver>,
    },
    /// Send a piece of a spare.
    ServeSpare {
        /// Over which link.
        link: LinkId,
        /// On which stream.
        stream: StreamId,
        /// Of which daemon.
        daemon: EntityId,
        /// Which.
        chunk: ChunkId,
    },
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
    /// Ask the control store. Ends in [`Input::Claimed`](super::Input::Claimed).
    Claim {
        /// Joins effect and outcome.
        op: OpId,
        /// What is wanted.
        claim: Claim,
    },
    /// Ask the control store to revoke a device. Ends in [`Input::Revoked`](super::Input::Revoked).
    Revoke {
        /// Joins effect and outcome.
        op: OpId,
        /// Which device.
        device: DeviceId,
        /// Since when.
        at: Wall,
    },
    /// Ask the control store to call a device otherwise. Ends in [`Input::Renamed`](super::Input::Renamed).
    Rename {
        /// Joins effect and outcome.
        op: OpId,
        /// Which device.
        device: DeviceId,
        /// Its name from now on.
        name: String,
    },
    /// Say which documents changed here.
    TellChanges {
        /// Over which link.
        link: LinkId,
        /// Since when.
        since: Option<ChangesMark>,
    },
    /// The cloud says which documents changed there.
    Changes(Changes),
    /// The cloud calls this node otherwise than it calls itself.
    Called {
        /// Its name.
        name: String,
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
