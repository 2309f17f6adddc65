//! What is asked of a daemon, and how it is described.

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize};

use super::{DaemonKey, DaemonOutput, Durability, Health, Source};
use crate::between::SealingKey;
use crate::bounded;
use crate::entity::{EntityId, Origin};
use crate::limits::SPARE_NODES_MAX;
use crate::migration::{MoveInfo, MoveMode, Recovery, Spare, SpareInfo, TakeOver};
use crate::placement::Placement;
use crate::{Epoch, Head, NodeId, Refusal, RequestId, Wall};

/// Asks for the daemon of a name: the one that there is, or a new one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartDaemon {
    /// Its name, and the code that it runs.
    pub key: DaemonKey,
    /// What an acknowledged event is to survive, if it is made now.
    pub durability: Durability,
    /// The device that the user chose if it is made now; `None`: one that has its code.
    pub device: Option<NodeId>,
}

/// Something asked of one daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DaemonCall {
    /// Process these events.
    Publish {
        /// Who publishes.
        origin: Origin,
        /// The publisher's number for the first.
        first: u64,
        /// What they say; at least one.
        payloads: Vec<Bytes>,
    },
    /// The publisher has no event up to that number any more.
    Lost {
        /// Who publishes.
        origin: Origin,
        /// The last that is lost.
        through: u64,
    },
    /// Keep outputs after this one until they are acknowledged.
    Subscribe {
        /// For whom.
        subscriber: Origin,
        /// The last output that is not wanted.
        after: u64,
    },
    /// The subscriber has everything up to that output.
    Acknowledge {
        /// Who.
        subscriber: Origin,
        /// The last output that it has.
        through: u64,
    },
    /// Keep nothing for the subscriber any more.
    Unsubscribe {
        /// Who.
        subscriber: Origin,
    },
    /// Its description.
    Describe,
    /// The events that were given up, the newest first.
    DeadLetters,
    /// Process an event after all that was given up.
    Redrive {
        /// Its position.
        position: u64,
    },
    /// Take a snapshot now.
    Snapshot,
    /// Process nothing more until it is resumed. What it has is kept.
    Stop,
    /// Go on after a stop.
    Resume,
    /// Go on at another node. Answered when that is over.
    Move {
        /// Where.
        to: NodeId,
        /// How.
        mode: MoveMode,
    },
    /// Go on at the node that fits best. Answered when that is over.
    Relocate {
        /// How.
        mode: MoveMode,
    },
    /// Which node it would go to, and how every node is judged.
    ExplainPlacement,
    /// Outputs after one that the subscriber has, which acknowledges that one. Answered when there are any, or with none after
    /// [`Limits::daemon_fetch_wait`](crate::Limits::daemon_fetch_wait). Who was no subscriber is one from then on.
    Fetch {
        /// Who wants them.
        subscriber: Origin,
        /// The last output that it has.
        after: u64,
        /// Bytes of outputs at the most, one output at the least; of more than
        /// [`DAEMON_FETCH_MAX`](crate::limits::DAEMON_FETCH_MAX) that many.
        bytes: u64,
    },
    /// Let every output of another daemon be an event of this one, wherever the two live.
    Feed {
        /// The other one.
        from: EntityId,
        /// Its last output that is not wanted.
        after: u64,
    },
    /// Take nothing more from another daemon.
    EndFeed {
        /// The other one.
        from: EntityId,
    },
    /// The daemons whose outputs are events of this one.
    Feeds,
    /// Process the inbox after the newest snapshot once more, beside the daemon, and compare.
    ReplayInbox,
    /// The cloud wants the newest snapshot, with the entity's key for the eyes of these nodes.
    Spare {
        /// Their sealing keys; the owner's own is passed over.
        #[serde(deserialize_with = "sealing_keys")]
        nodes: Vec<SealingKey>,
    },
    /// The cloud lets a node go on with a daemon whose owner is gone for good. Answered when that is over.
    TakeOver(Box<TakeOver>),
    /// Go on from the cloud's spare, since the owner is gone for good. Answered when that is over.
    Recover {
        /// Where; `None`: at the node that fits best.
        to: Option<NodeId>,
    },
    /// What the cloud keeps of it for the case that its owner is gone for good.
    DescribeSpare,
}

/// The answer to a [`DaemonCall`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DaemonAnswer {
    /// Everything up to that number is recorded, at the daemon's durability.
    Accepted {
        /// The publisher's number of the last.
        through: u64,
    },
    /// Events are missing before the first of the call: nothing of it was taken.
    Gap {
        /// The number that comes next.
        expected: u64,
    },
    /// Carried out.
    Done,
    /// Its description.
    Daemon(Box<DaemonInfo>),
    /// Events that were given up.
    DeadLetters(Vec<DeadLetter>),
    /// It was not done, and why.
    Refused(Refusal),
    /// How a move ended.
    Moved(Box<MoveInfo>),
    /// Where it would go.
    Placement(Box<Placement>),
    /// Outputs of which the asker had none; those that are not kept any more are missing at the front.
    Outputs(Vec<DaemonOutput>),
    /// From whom it takes events.
    Feeds(Vec<FeedInfo>),
    /// What a replay came to.
    Replayed(ReplayInfo),
    /// The newest snapshot.
    Spare(Box<Spare>),
    /// It goes on, and this is lost.
    Recovered(Box<Recovery>),
    /// What the cloud keeps.
    SpareKept(Box<SpareInfo>),
}

/// A daemon whose outputs are events of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedInfo {
    /// Whose outputs.
    pub from: EntityId,
    /// Through that one they are recorded.
    pub through: u64,
    /// Why none come now; `None`: they come.
    pub trouble: Option<String>,
}

/// What a replay of an inbox came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayInfo {
    /// Position of the snapshot that it began with; 0: at the very beginning.
    pub from: u64,
    /// The last position that was processed again.
    pub through: u64,
    /// Whether its outputs are the recorded ones.
    pub outputs: Replayed,
    /// Whether its state is that of the running daemon.
    pub state: Replayed,
}

/// How something that a replay made compares with what there was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Replayed {
    /// It is the same.
    Same,
    /// It is something else.
    Different,
    /// There was nothing to compare it with: no output, or a daemon that went on meanwhile.
    Unknown,
}

/// Something asked of a daemon, as it travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonRequest {
    /// Joins question and answer.
    pub request: RequestId,
    /// Which daemon.
    pub daemon: EntityId,
    /// The epoch that the router knows of the owner. Clients send `None`: the router stamps it.
    pub epoch: Option<Epoch>,
    /// What is asked.
    pub call: DaemonCall,
}

/// The answer of the daemon's owner, or of the router where it was not reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonResponse {
    /// From the question.
    pub request: RequestId,
    /// The answer.
    pub answer: DaemonAnswer,
}

/// A daemon as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonInfo {
    /// Its identity.
    pub entity: EntityId,
    /// Name and kind.
    pub key: DaemonKey,
    /// The node that owns it.
    pub owner: NodeId,
    /// The owner's name, for people.
    pub device_name: String,
    /// The owner's fencing number.
    pub epoch: Epoch,
    /// What it is doing.
    pub state: DaemonState,
    /// How it is.
    pub health: Health,
    /// What an acknowledged event survives.
    pub durability: Durability,
    /// Where it stands.
    pub head: Head,
    /// What it has done.
    pub stats: DaemonStats,
}

/// What a daemon is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DaemonState {
    /// It is made anew from its snapshot and its inbox.
    Recovering,
    /// It processes events.
    Live,
    /// It follows another node's daemon, to take its place.
    Following,
    /// It has stopped for a move.
    Sealed,
    /// Another node has it.
    Elsewhere,
    /// It cannot be made: no code, or a state that the code does not take.
    Failed,
    /// Its owner is not connected.
    Unreachable,
    /// It was stopped, and keeps what it has.
    Stopped,
}

/// What a daemon has done since it was made, counted across crashes and moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonStats {
    /// Events that were processed.
    pub processed: u64,
    /// Outputs.
    pub emitted: u64,
    /// Attempts that failed.
    pub errors: u64,
    /// Snapshots taken.
    pub snapshots: u64,
    /// Events that were given up.
    pub dead: u64,
}

/// An event that was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its place in the inbox.
    pub position: u64,
    /// When it was accepted.
    pub at: Wall,
    /// Where it came from.
    pub source: Source,
    /// What it says.
    pub payload: Bytes,
    /// Why it was given up.
    pub reason: String,
}

fn sealing_keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SealingKey>, D::Error> {
    bounded::list::<D, _, SealingKey>(deserializer, SPARE_NODES_MAX, "sealing keys")
}
