//! The row that says who owns a resource, and the claim that changes it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::daemon::DaemonKey;
use crate::session::SessionKey;
use crate::{Epoch, Head, NodeId, ResourceId};

/// Which branch of a resource's history: 0 until a divergence makes a second one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lineage(pub u32);

/// The name of a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ResourceKey {
    /// Of a session.
    Session(SessionKey),
    /// Of a daemon.
    Daemon(DaemonKey),
}

impl ResourceKey {
    /// A session's; `None` for what is none.
    #[must_use]
    pub fn session(&self) -> Option<&SessionKey> {
        if let Self::Session(key) = self { Some(key) } else { None }
    }

    /// Whether two resources of an account cannot both be named so: of sessions one for each language, of daemons one whatever its kind.
    #[must_use]
    pub fn clashes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Session(this), Self::Session(other)) => this == other,
            (Self::Daemon(this), Self::Daemon(other)) => this.name == other.name,
            (Self::Session(_), Self::Daemon(_)) | (Self::Daemon(_), Self::Session(_)) => false,
        }
    }

    /// A daemon's; `None` for what is none.
    #[must_use]
    pub fn daemon(&self) -> Option<&DaemonKey> {
        if let Self::Daemon(key) = self { Some(key) } else { None }
    }
}

impl From<SessionKey> for ResourceKey {
    fn from(key: SessionKey) -> Self {
        Self::Session(key)
    }
}

impl From<DaemonKey> for ResourceKey {
    fn from(key: DaemonKey) -> Self {
        Self::Daemon(key)
    }
}

impl fmt::Display for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(key) => key.fmt(f),
            Self::Daemon(key) => key.fmt(f),
        }
    }
}

/// The truth about a resource's owner. Changes by compare-and-set only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What is owned.
    pub resource: ResourceId,
    /// The name people know it by; unique within an account.
    pub key: ResourceKey,
    /// Who owns it.
    pub owner: NodeId,
    /// Under which fencing number.
    pub epoch: Epoch,
    /// On which branch of its history.
    pub lineage: Lineage,
    /// After a takeover: the head of the snapshot that the owner started from.
    pub base: Option<Head>,
}

/// Asks the store to make `next` the row, if `expect` is the epoch it has (`None`: no row yet).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The epoch that the claimant believes the row to have.
    pub expect: Option<Epoch>,
    /// The row wanted. Its epoch is ignored: the store grants the next one.
    pub next: Row,
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClaimOutcome {
    /// The claim holds; this is the row now.
    Granted(Row),
    /// The row was another one; this is it.
    Superseded(Row),
    /// The name belongs to another resource; this is its row.
    NameTaken(Row),
}
