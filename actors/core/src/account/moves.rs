//! What migrations need of the account: words from node to node, rows, claims, and pieces of snapshots.

use wayfare_protocol::between::{Between, Said, SealingKey};
use wayfare_protocol::control::Control;
use wayfare_protocol::daemon::{DaemonInfo, DaemonKind, DaemonState};
use wayfare_protocol::migration::{MoveMode, Party, TakeOver};
use wayfare_protocol::ownership::{Claim, ClaimOutcome, Row};
use wayfare_protocol::placement::Placement;
use wayfare_protocol::stream::Open;
use wayfare_protocol::{ChunkId, EntityId, ErrorCode, NodeId, Refusal, RequestId, ResourceId, StreamId};

use super::{Account, Effect, LinkId};
use crate::machine::Sink;
use crate::session::Caller;

/// What migrations of a node are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MigrationNews {
    /// A daemon of this node is to be moved. Ends in [`Input::DaemonAnswer`](super::Input::DaemonAnswer).
    Ordered {
        /// Which.
        daemon: EntityId,
        /// Joins call and answer.
        caller: Caller,
        /// Its code.
        kind: DaemonKind,
        /// Where; `None`: to the node that fits best.
        to: Option<NodeId>,
        /// How.
        mode: MoveMode,
    },
    /// Somebody wants to know where a daemon of this node would go. Ends in [`Input::DaemonAnswer`](super::Input::DaemonAnswer).
    Explain {
        /// Which.
        daemon: EntityId,
        /// Its code.
        kind: DaemonKind,
        /// Joins call and answer.
        caller: Caller,
    },
    /// The cloud wants the newest snapshot of a daemon of this node, with its key for these. Ends in
    /// [`Input::DaemonAnswer`](super::Input::DaemonAnswer).
    Spare {
        /// Which.
        daemon: EntityId,
        /// Joins call and answer.
        caller: Caller,
        /// Who is to be able to go on with it.
        nodes: Vec<SealingKey>,
    },
    /// The cloud lets this node go on with a daemon whose owner is gone for good. Ends in
    /// [`Input::DaemonAnswer`](super::Input::DaemonAnswer).
    TakeOver {
        /// Which.
        daemon: EntityId,
        /// Joins call and answer.
        caller: Caller,
        /// From where.
        take: Box<TakeOver>,
    },
    /// This node is to give away these daemons. Ends in [`Input::Drained`](super::Input::Drained).
    Drain(Vec<(EntityId, DaemonKind)>),
    /// It is to give away nothing more.
    CancelDrain,
    /// A daemon came while this node gives its daemons away.
    Arrived(EntityId, DaemonKind),
    /// Another node says something to this one.
    Said {
        /// Who.
        from: NodeId,
        /// What.
        said: Said,
    },
    /// The store's answer to a migration of this node.
    Answered {
        /// From the question.
        request: RequestId,
        /// What it says.
        answer: StoreAnswer,
    },
    /// The cloud tells of a row of a daemon.
    Row(Box<Row>),
    /// Go on with a migration that was under way when this node ended.
    Resume {
        /// Of which daemon.
        daemon: EntityId,
        /// As which party.
        party: Party,
    },
}

/// What the cloud answers a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreAnswer {
    /// A row; `None`: there is none.
    Row(Option<Row>),
    /// What became of a claim.
    Claimed(Result<ClaimOutcome, Refusal>),
    /// Where a daemon should go.
    Placed(Result<Box<Placement>, Refusal>),
}

impl Account {
    /// A migration of this node says something to another node. Without a cloud it is not heard, and said again.
    pub(super) fn say_between(&self, to: NodeId, said: Said, out: &mut impl Sink<Effect>) {
        if let (Some(from), Some(link)) = (self.here(), self.links.upstream()) {
            out.push(Effect::Send { link, control: Control::Between(Box::new(Between { from, to, said })) });
        }
    }

    /// The cloud passes it on, from the node whose word it is; the node that is meant hears it.
    pub(super) fn on_between(&self, link: LinkId, between: Box<Between>, out: &mut impl Sink<Effect>) {
        match self.here() {
            None => {
                let is_its_word = self.links.device(link) == Some(between.from.0) && !self.links.is_of_program(link);
                if let Some(link) = self.devices.link(between.to.0).filter(|_| is_its_word) {
                    out.push(Effect::Send { link, control: Control::Between(between) });
                }
            }
            Some(here) if self.links.is_upstream(link) && between.to == here => {
                out.push(Effect::Migration(MigrationNews::Said { from: between.from, said: between.said }));
            }
            Some(_) => {} // nobody but the cloud passes such things on
        }
    }

    /// A migration of this node wants to know a row. Without a cloud there is no answer, and it asks again.
    pub(super) fn ask_row(&self, request: RequestId, daemon: EntityId, out: &mut impl Sink<Effect>) {
        if let Some(link) = self.links.upstream() {
            out.push(Effect::Send {
                link,
                control: Control::ReadRow { request, resource: ResourceId::Daemon(daemon) },
            });
        }
    }

    /// A node wants to know a row: the store's answer, which this account was told of when it was given.
    pub(super) fn on_read_row(
        &self,
        link: LinkId,
        request: RequestId,
        resource: ResourceId,
        out: &mut impl Sink<Effect>,
    ) {
        if let (None, ResourceId::Daemon(daemon)) = (self.here(), resource) {
            let row = self.daemons.row(daemon).cloned().map(Box::new);
            out.push(Effect::Send { link, control: Control::RowRead { request, row } });
        }
    }

    pub(super) fn on_row_read(
        &self,
        link: LinkId,
        request: RequestId,
        row: Option<Box<Row>>,
        out: &mut impl Sink<Effect>,
    ) {
        if self.links.is_upstream(link) {
            let answer = StoreAnswer::Row(row.map(|row| *row));
            out.push(Effect::Migration(MigrationNews::Answered { request, answer }));
        }
    }

    /// A migration of this node claims a row.
    pub(super) fn claim_for_migration(&mut self, request: RequestId, claim: Claim, out: &mut impl Sink<Effect>) {
        if let Some(link) = self.links.upstream() {
            self.claims.asked_by_migration(request);
            out.push(Effect::Send { link, control: Control::Claim { request, claim } });
        }
    }

    /// Who had a row and who has it now are told of a change, beside whoever asked for it.
    pub(super) fn tell_owners(&self, asker: LinkId, before: Option<NodeId>, row: &Row, out: &mut impl Sink<Effect>) {
        let owners = [before.filter(|before| *before != row.owner), Some(row.owner)];
        for link in owners.into_iter().flatten().filter_map(|owner| self.devices.link(owner.0)) {
            if link != asker {
                out.push(Effect::Send { link, control: Control::Row(row.clone()) });
            }
        }
    }

    /// A daemon whose logs were found has said how it stands: what was under way when this node ended goes on. A copy that follows says so
    /// also when its own actor was started again, and its target may have given it up meanwhile; one that has not passes this over.
    pub(super) fn resume_migration(&mut self, info: &DaemonInfo, out: &mut impl Sink<Effect>) {
        let party = match info.state {
            DaemonState::Recovering => return, // it says more later
            DaemonState::Following => Some(Party::Target),
            DaemonState::Sealed | DaemonState::Elsewhere => Some(Party::Source),
            DaemonState::Live | DaemonState::Failed | DaemonState::Unreachable | DaemonState::Stopped => None,
        };
        let is_found = self.daemons.has_settled(info.entity);
        if let Some(party) = party.filter(|party| is_found || *party == Party::Target) {
            out.push(Effect::Migration(MigrationNews::Resume { daemon: info.entity, party }));
        }
    }

    /// Somebody fetches a piece of a snapshot.
    pub(super) fn on_chunk_stream(
        &self,
        link: LinkId,
        stream: StreamId,
        (node, chunk): (NodeId, ChunkId),
        open: Open,
        out: &mut impl Sink<Effect>,
    ) {
        if self.here() == Some(node) {
            return out.push(Effect::ServeChunk { link, stream, chunk });
        }
        if let Some(daemon) = self.spare_for(self.links.device(link), chunk) {
            return out.push(Effect::ServeSpare { link, stream, daemon, chunk });
        }
        match self.devices.link(node.0).filter(|onward| *onward != link) {
            Some(onward) => out.push(Effect::Join { link, stream, onward, open }),
            None => {
                let refusal = Refusal::new(ErrorCode::OwnerUnreachable, "the node that has it is not connected");
                out.push(Effect::Reset { link, stream, refusal });
            }
        }
    }
}
