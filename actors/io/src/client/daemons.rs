//! What a client asks of daemons, and of the nodes that have them.

use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use wayfare_protocol::control::DrainOrder;
use wayfare_protocol::daemon::{DaemonAnswer, DaemonCall, DaemonInfo, DaemonUpdate, StartDaemon};
use wayfare_protocol::migration::{MoveInfo, MoveMode, Recovery, SpareInfo};
use wayfare_protocol::placement::Placement;
use wayfare_protocol::{EntityId, ErrorCode, NodeId};

use super::{ClientError, MeshClient, Publisher};

impl MeshClient {
    /// The daemons of the account.
    ///
    /// # Errors
    /// If no answer comes in time.
    pub async fn daemons(&self) -> Result<Vec<DaemonInfo>, ClientError> {
        let answer = tokio::time::timeout(self.limits.request, self.client.daemons()).await;
        answer.ok().flatten().ok_or(ClientError::NoAnswer)
    }

    /// The daemon of a name: the one that there is, or a new one.
    ///
    /// # Errors
    /// If there is none and none can be made, or no answer comes in time.
    pub async fn start_daemon(&self, start: StartDaemon) -> Result<Box<DaemonInfo>, ClientError> {
        let answer = tokio::time::timeout(self.limits.request, self.client.start_daemon(start)).await;
        answer.ok().flatten().ok_or(ClientError::NoAnswer)?.map_err(ClientError::CallRefused)
    }

    /// Asks something of a daemon, once.
    ///
    /// # Errors
    /// If it refuses, or no answer comes in time: then it is not known whether it was done.
    pub async fn call_daemon(&self, daemon: EntityId, call: DaemonCall) -> Result<DaemonAnswer, ClientError> {
        self.call_within(daemon, call, self.limits.request).await
    }

    async fn call_within(
        &self,
        daemon: EntityId,
        call: DaemonCall,
        within: Duration,
    ) -> Result<DaemonAnswer, ClientError> {
        let answer = tokio::time::timeout(within, self.client.call_daemon(daemon, call)).await;
        match answer.ok().flatten().ok_or(ClientError::NoAnswer)? {
            DaemonAnswer::Refused(refusal) => Err(ClientError::CallRefused(refusal)),
            answer => Ok(answer),
        }
    }

    /// Moves a daemon to another node, or to the one that fits best, and ends when that is over, in whatever way.
    ///
    /// # Errors
    /// If it is refused, or no answer comes in time: then it is not known where the daemon is.
    pub async fn move_daemon(
        &self,
        daemon: EntityId,
        to: Option<NodeId>,
        mode: MoveMode,
    ) -> Result<MoveInfo, ClientError> {
        let call = to.map_or(DaemonCall::Relocate { mode }, |to| DaemonCall::Move { to, mode });
        match self.call_within(daemon, call, self.limits.migration_order).await? {
            DaemonAnswer::Moved(info) => Ok(*info),
            _ => Err(ClientError::NoAnswer),
        }
    }

    /// Lets a daemon go on from the cloud's spare, at a node or at the one that fits best, and ends when that is over.
    ///
    /// # Errors
    /// If it is refused, or no answer comes in time: then it is not known where the daemon is.
    pub async fn recover_daemon(&self, daemon: EntityId, to: Option<NodeId>) -> Result<Recovery, ClientError> {
        let call = DaemonCall::Recover { to };
        match self.call_within(daemon, call, self.limits.migration_order).await? {
            DaemonAnswer::Recovered(recovery) => Ok(*recovery),
            _ => Err(ClientError::NoAnswer),
        }
    }

    /// What the cloud keeps of a daemon for the case that its device is lost; `None`: nothing.
    ///
    /// # Errors
    /// If it is refused, or no answer comes in time.
    pub async fn spare_of(&self, daemon: EntityId) -> Result<Option<SpareInfo>, ClientError> {
        match self.call_daemon(daemon, DaemonCall::DescribeSpare).await {
            Ok(DaemonAnswer::SpareKept(info)) => Ok(Some(*info)),
            Err(ClientError::CallRefused(refusal)) if refusal.code == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error),
            Ok(_) => Err(ClientError::NoAnswer),
        }
    }

    /// Which node a daemon would move to, and how every node is judged.
    ///
    /// # Errors
    /// If it is refused, or no answer comes in time.
    pub async fn explain_placement(&self, daemon: EntityId) -> Result<Placement, ClientError> {
        match self.call_daemon(daemon, DaemonCall::ExplainPlacement).await? {
            DaemonAnswer::Placement(placement) => Ok(*placement),
            _ => Err(ClientError::NoAnswer),
        }
    }

    /// Has a node give every daemon away, and ends when that is over; or not after all. The daemons that no node took.
    ///
    /// # Errors
    /// If it is refused, or no answer comes in time.
    pub async fn drain(&self, node: NodeId, order: DrainOrder) -> Result<Vec<EntityId>, ClientError> {
        let answer = tokio::time::timeout(self.limits.drain_order, self.client.drain(node, order)).await;
        answer.ok().flatten().ok_or(ClientError::NoAnswer)?.map_err(ClientError::CallRefused)
    }

    /// A daemon's outputs from a sequence on. It ends when the link is lost or the daemon cannot be read: it is then followed anew.
    #[must_use]
    pub fn follow_daemon(&self, daemon: EntityId, from: u64) -> UnboundedReceiver<DaemonUpdate> {
        self.client.follow_daemon(daemon, from)
    }

    /// Publishes to a daemon, under an identity that no other publisher has.
    #[must_use]
    pub fn publisher(&self, daemon: EntityId) -> Publisher {
        Publisher::new(daemon, self.client.new_origin())
    }
}
