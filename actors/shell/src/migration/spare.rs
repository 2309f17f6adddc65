//! Spares: what a node gives its cloud of a daemon, and going on from one.

use wayfare_core::account;
use wayfare_core::daemon::{MoveAnswer, MoveAsk, Newest};
use wayfare_core::session::Caller;
use wayfare_protocol::between::SealingKey;
use wayfare_protocol::daemon::DaemonAnswer;
use wayfare_protocol::migration::{MoveCause, MoveMode, MoveOrder, SnapshotReady, Spare, TakeOver};
use wayfare_protocol::sealed_key::SealedKey;
use wayfare_protocol::{EntityId, EntityKey, ErrorCode, NodeId, Refusal, SignedHead};

use super::{Awaiting, Environs, MoveReply, host, keys};

impl Environs {
    /// The cloud wants the newest snapshot of a daemon, with its key for these nodes.
    pub fn spare(&self, caller: Caller, daemon: EntityId, nodes: Vec<SealingKey>) {
        let environs = self.clone();
        let reply = MoveReply::new(move |answer| {
            let made = environs.clone().make_spare(daemon, answer, nodes);
            tokio::spawn(async move {
                let answer =
                    made.await.map_or_else(DaemonAnswer::Refused, |spare| DaemonAnswer::Spare(Box::new(spare)));
                environs.daemons.directory.tell_account(account::Input::DaemonAnswer { caller, answer });
            });
        });
        host::ask(&self.daemons.directory, daemon, MoveAsk::Newest, reply);
    }

    async fn make_spare(self, daemon: EntityId, answer: MoveAnswer, nodes: Vec<SealingKey>) -> Result<Spare, Refusal> {
        let Newest { row, durability, manifest, head } = match answer {
            MoveAnswer::Newest(newest) => *newest,
            MoveAnswer::Refused(refusal) => return Err(refusal),
            _ => return Err(Refusal::new(ErrorCode::Unsupported, "its host says something else")),
        };
        let Some(named) = row.key.daemon().cloned() else {
            return Err(Refusal::new(ErrorCode::Malformed, "its row has no daemon's name"));
        };
        let key = keys::of(&self, daemon).await.map_err(|why| Refusal::new(ErrorCode::StorageFailed, why))?;
        let head = SignedHead::sign(&key, row.lineage, row.epoch, head);
        let others = nodes.iter().filter(|node| node.key.device_id() != self.node.0);
        let sealed_keys = others.filter_map(|node| self.seal(&key, node, &head)).collect();
        let ready = SnapshotReady {
            source: self.node,
            key: named,
            durability,
            manifest,
            head,
            is_sealed: false,
            sealed_key: None,
        };
        Ok(Spare { daemon, ready, sealed_keys })
    }

    /// The key for one node's eyes; `None`: that is not the node's own word for its sealing key.
    fn seal(&self, key: &EntityKey, node: &SealingKey, head: &SignedHead) -> Option<(NodeId, SealedKey)> {
        let device = node.key.device_id();
        let sealing_key = node.of_device(device)?;
        let sealed = SealedKey::seal(key, sealing_key, head, self.daemons.ids.secret().into()).ok()?;
        Some((NodeId(device), sealed))
    }

    /// The cloud lets this node go on with a daemon whose owner is gone for good.
    pub fn take_over(&self, caller: Caller, daemon: EntityId, take: TakeOver) {
        let TakeOver { target, ready } = take;
        let (cause, mode) = (MoveCause::Loss, MoveMode::StopAndCopy);
        let order = MoveOrder { daemon, to: Some(target), mode, cause };
        self.order_with(Awaiting::Caller(caller), ready.key.kind.clone(), order, Some(Box::new(ready)));
    }
}
