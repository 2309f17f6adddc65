//! Where daemons are placed.

use serde::{Deserialize, Serialize};
use wayfare_protocol::daemon::DaemonKind;
use wayfare_protocol::{EntityId, NodeId};

/// Something about where a daemon may be, or is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placing {
    /// A node has the code of daemons: the word of who put it there.
    Code {
        /// Which node.
        node: NodeId,
        /// Of which kinds.
        kinds: Vec<DaemonKind>,
    },
    /// A node says to its cloud whether it takes daemons at the moment.
    Takes {
        /// Which.
        node: NodeId,
        /// Whether it does.
        takes: bool,
    },
    /// A node was chosen for a daemon, by nobody's name.
    Chosen {
        /// Which daemon; `None`: one that is made there.
        daemon: Option<EntityId>,
        /// Of which kind.
        kind: DaemonKind,
        /// Which node.
        node: NodeId,
        /// The node that the daemon leaves.
        leaves: Option<NodeId>,
    },
}
