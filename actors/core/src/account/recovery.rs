//! Recovery: a daemon whose node is gone for good goes on at another, from the spare that the cloud keeps.
//!
//! A person orders it while the owner is not connected; of a device that was revoked every daemon is recovered without an order. The node
//! that fits best is let go on first, then the next. While a recovery is under way the cloud admits a claim from the node that it chose,
//! and only as long as the owner is not connected: a compare-and-set decides whose the daemon is, and an owner that comes back later
//! finds a row above its own epoch.

use std::collections::{BTreeMap, BTreeSet};

use wayfare_protocol::daemon::{DaemonAnswer, DaemonCall, DaemonRequest};
use wayfare_protocol::migration::{MoveInfo, MoveState, Recovery, TakeOver};
use wayfare_protocol::{Boot, ChunkId, DeviceId, EntityId, ErrorCode, Head, NodeId, Now, Refusal, ResourceId};

use super::daemons::Target;
use super::spares::{Schedule, can_open};
use super::{Account, Effect, LinkId};
use crate::fact::{Fact, Placing, Witness};
use crate::machine::{OpId, Sink};
use crate::session::Caller;

/// In the cloud: what is under way, and what is to be tried again.
#[derive(Debug, Default)]
pub(super) struct Recoveries {
    under_way: BTreeMap<EntityId, Recovering>,
    due: Schedule,
}

#[derive(Debug)]
struct Recovering {
    op: OpId,
    /// The owner that is gone.
    lost: NodeId,
    target: NodeId,
    /// Where people want it; `None`: wherever it fits.
    to: Option<NodeId>,
    /// Who did not go on with it.
    tried: BTreeSet<NodeId>,
    /// The last that was heard of where the lost owner stood.
    known: Head,
    callers: Vec<Caller>,
}

impl Recoveries {
    pub(super) fn deadline(&self) -> Option<Boot> {
        self.due.deadline()
    }
}

/// Whether a call waits for the daemon's owner.
pub(super) fn goes_to_owner(call: &DaemonCall) -> bool {
    !matches!(call, DaemonCall::Recover { .. } | DaemonCall::DescribeSpare | DaemonCall::TakeOver(_))
}

impl Account {
    /// Where a call goes. What concerns spares is decided by the cloud, and asked by nobody else.
    pub(super) fn way_of_call(&self, link: LinkId, asked: &DaemonRequest) -> Result<Target, Refusal> {
        let is_cloud = self.here().is_none();
        let of_the_cloud = if is_cloud { link == LinkId::HERE } else { self.links.is_upstream(link) };
        match &asked.call {
            DaemonCall::Recover { .. } | DaemonCall::DescribeSpare if is_cloud => Ok(Target::Here),
            DaemonCall::Recover { .. } | DaemonCall::DescribeSpare => {
                let upstream = self.links.onward(link).map(Target::Over);
                let detail = "the cloud keeps the spares, and this node has no link to it";
                upstream.ok_or_else(|| Refusal::new(ErrorCode::OwnerUnreachable, detail))
            }
            DaemonCall::Spare { .. } | DaemonCall::TakeOver(_) if !of_the_cloud => {
                Err(Refusal::new(ErrorCode::Forbidden, "only the cloud asks for that"))
            }
            DaemonCall::TakeOver(_) if !is_cloud => Ok(Target::Here),
            DaemonCall::TakeOver(take) => {
                let link = self.devices.link(take.target.0).map(Target::Over);
                link.ok_or_else(|| Refusal::new(ErrorCode::OwnerUnreachable, "the node is not connected any more"))
            }
            _ => self.way_to_daemon(link, asked.daemon),
        }
    }

    /// A person wants a daemon to go on without its owner.
    pub(super) fn recover(
        &mut self,
        now: Now,
        caller: Caller,
        daemon: EntityId,
        to: Option<NodeId>,
        out: &mut impl Sink<Effect>,
    ) {
        if let Some(recovering) = self.recoveries.under_way.get_mut(&daemon) {
            return recovering.callers.push(caller);
        }
        if let Err(refusal) = self.begin_recovery(now, daemon, (to, BTreeSet::new()), vec![caller], out) {
            self.on_daemon_answer(caller, DaemonAnswer::Refused(refusal), out);
        }
    }

    /// What the cloud keeps of a daemon.
    pub(super) fn describe_spare(&mut self, caller: Caller, daemon: EntityId, out: &mut impl Sink<Effect>) {
        let answer = match self.spares.get(daemon) {
            Some(spare) => DaemonAnswer::SpareKept(Box::new(spare.into())),
            None => DaemonAnswer::Refused(no_spare()),
        };
        self.on_daemon_answer(caller, answer, out);
    }

    fn begin_recovery(
        &mut self,
        now: Now,
        daemon: EntityId,
        (to, tried): (Option<NodeId>, BTreeSet<NodeId>),
        callers: Vec<Caller>,
        out: &mut impl Sink<Effect>,
    ) -> Result<(), Refusal> {
        let no_such = || Refusal::new(ErrorCode::NotFound, format!("no daemon {daemon} is known here"));
        let info = self.daemons.get(daemon).ok_or_else(no_such)?;
        let (lost, known, kind) = (info.owner, info.head, info.key.kind.clone());
        if self.devices.link(lost.0).is_some() {
            let detail = format!("{} is connected: the daemon can be moved from there", info.device_name);
            return Err(Refusal::new(ErrorCode::Unsupported, detail));
        }
        if self.spares.get(daemon).is_none() {
            return Err(no_spare());
        }
        let target = match to {
            Some(node) => self.able(daemon, node)?,
            None => {
                let ranked = self.ranked_for(now, kind.as_str());
                let able = ranked.into_iter().find(|node| !tried.contains(node) && self.able(daemon, *node).is_ok());
                let detail = "no connected device has its code, and its key";
                able.ok_or_else(|| Refusal::new(ErrorCode::NoCapability, detail))?
            }
        };
        let ready = self.spares.get(daemon).and_then(|spare| spare.for_node(target));
        let Some(ready) = ready else { return Err(no_such()) };
        let op = self.ops.take();
        let recovering = Recovering { op, lost, target, to, tried, known, callers };
        self.recoveries.under_way.insert(daemon, recovering);
        out.push(Effect::TakeOver { op, daemon, take: Box::new(TakeOver { target, ready }) });
        Ok(())
    }

    /// Whether a node can go on with a daemon that it does not have.
    fn able(&self, daemon: EntityId, node: NodeId) -> Result<NodeId, Refusal> {
        let name = self.devices.name(node.0).unwrap_or("that device");
        if self.devices.link(node.0).is_none() {
            return Err(Refusal::new(ErrorCode::OwnerUnreachable, format!("{name} is not connected")));
        }
        if !self.spares.get(daemon).is_some_and(|spare| can_open(spare, node)) {
            let detail = format!("the daemon's key was not sealed for {name}, which was not there then");
            return Err(Refusal::new(ErrorCode::NoCapability, detail));
        }
        Ok(node)
    }

    /// Whether a node may claim a daemon that is another's, since the cloud lets it go on with it.
    pub(super) fn takes_over(&self, device: Option<DeviceId>, owner: DeviceId, resource: ResourceId) -> bool {
        let recovering = resource.daemon().and_then(|daemon| self.recoveries.under_way.get(&daemon));
        recovering.is_some_and(|recovering| {
            recovering.lost.0 == owner && device == Some(recovering.target.0) && self.devices.link(owner).is_none()
        })
    }

    /// Who is to go on with a daemon, if that was chosen by nobody's name.
    pub(super) fn tell_target(&self, daemon: EntityId, to: &mut Witness) {
        let recovering = self.recoveries.under_way.get(&daemon).filter(|recovering| recovering.to.is_none());
        if let (Some(recovering), Some(info)) = (recovering, self.daemons.get(daemon)) {
            let (node, leaves, kind) = (recovering.target, Some(recovering.lost), info.key.kind.clone());
            to.tell(Fact::Placing(Placing::Chosen { daemon: Some(daemon), kind, node, leaves }));
        }
    }

    /// The chosen node has answered, or nobody has in time.
    pub(super) fn on_took_over(&mut self, now: Now, op: OpId, answer: DaemonAnswer, out: &mut impl Sink<Effect>) {
        let found = self.recoveries.under_way.iter().find(|(_, recovering)| recovering.op == op);
        let Some(daemon) = found.map(|(daemon, _)| *daemon) else { return };
        let Some(mut recovering) = self.recoveries.under_way.remove(&daemon) else { return };
        let row = self.daemons.row(daemon);
        // Whatever was answered, the row says whose it is.
        if let Some(base) = row.filter(|row| row.owner == recovering.target).and_then(|row| row.base) {
            let Recovering { target, known, callers, .. } = recovering;
            let durability = self.spares.get(daemon).map(|spare| spare.ready.durability).unwrap_or_default();
            let recovery = Recovery { daemon, target, base, known, durability };
            for caller in callers {
                self.on_daemon_answer(caller, DaemonAnswer::Recovered(Box::new(recovery)), out);
            }
            return;
        }
        let refusal = why_not(answer);
        recovering.tried.insert(recovering.target);
        let Recovering { to, tried, callers, .. } = recovering;
        let next = match to {
            Some(_) => Err(refusal.clone()),
            None => self.begin_recovery(now, daemon, (None, tried), callers.clone(), out),
        };
        if next.is_err() {
            for caller in callers {
                self.on_daemon_answer(caller, DaemonAnswer::Refused(refusal.clone()), out);
            }
            self.recoveries.due.at(now.boot.after(self.config.limits.spare_retry), daemon);
        }
    }

    /// Daemons of revoked devices go on elsewhere, as soon as somebody can.
    pub(super) fn recover_lost(&mut self, now: Now) {
        if self.here().is_some() {
            return;
        }
        let is_lost = |daemon: &EntityId| self.owner_is_revoked(*daemon) && self.spares.get(*daemon).is_some();
        let lost: Vec<_> = self.daemons.all().map(|info| info.entity).filter(is_lost).collect();
        for daemon in lost {
            self.recoveries.due.at(now.boot, daemon);
        }
    }

    fn owner_is_revoked(&self, daemon: EntityId) -> bool {
        self.owner_of_daemon(daemon).is_some_and(|owner| self.devices.revoked_at(owner.0).is_some())
    }

    /// The node that was to go on with a daemon has lost its link: what it was told or has answered may be lost, so that it is tried anew.
    /// If it goes on all the same, the cloud does not admit its claim.
    pub(super) fn target_is_gone(&mut self, now: Now, device: DeviceId, out: &mut impl Sink<Effect>) {
        let is_target = |recovering: &&Recovering| recovering.target.0 == device;
        let ops: Vec<_> =
            self.recoveries.under_way.values().filter(is_target).map(|recovering| recovering.op).collect();
        for op in ops {
            let detail = "the node that was to go on with it has lost its connection";
            let answer = DaemonAnswer::Refused(Refusal::new(ErrorCode::OwnerUnreachable, detail));
            self.on_took_over(now, op, answer, out);
        }
    }

    /// The daemon that a node is to go on with, and whose spare has that chunk. Whose chunk the node believes it to be does not matter: the
    /// daemon may have moved since the spare was taken.
    pub(super) fn spare_for(&self, device: Option<DeviceId>, chunk: ChunkId) -> Option<EntityId> {
        let has = |daemon: &EntityId| {
            let spare = self.spares.get(*daemon);
            spare.is_some_and(|spare| spare.ready.manifest.chunks.iter().any(|(id, _)| *id == chunk))
        };
        let mut under_way = self.recoveries.under_way.iter();
        let found = under_way.find(|(daemon, recovering)| Some(recovering.target.0) == device && has(daemon));
        found.map(|(daemon, _)| *daemon)
    }

    /// Recovers what is due. What nobody can go on with just then is tried again, also as soon as a node says what it can do.
    pub(super) fn recover_due(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        while let Some(daemon) = self.recoveries.due.take_due(now.boot) {
            if self.owner_is_revoked(daemon) && !self.recoveries.under_way.contains_key(&daemon) {
                let begun = self.begin_recovery(now, daemon, (None, BTreeSet::new()), Vec::new(), out);
                if begun.is_err() && self.spares.get(daemon).is_some() {
                    self.recoveries.due.at(now.boot.after(self.config.limits.spare_retry), daemon);
                }
            }
        }
    }
}

fn no_spare() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "the cloud has no snapshot of it: only its own device can go on with it")
}

fn why_not(answer: DaemonAnswer) -> Refusal {
    match answer {
        DaemonAnswer::Refused(refusal) => refusal,
        DaemonAnswer::Moved(info) => match *info {
            MoveInfo { state: MoveState::Failed(reason), .. } => {
                Refusal::new(ErrorCode::StorageFailed, reason.to_string())
            }
            _ => Refusal::new(ErrorCode::DeadlineExceeded, "whether it goes on there is not known yet"),
        },
        _ => Refusal::new(ErrorCode::Unsupported, "the node answered something else"),
    }
}
