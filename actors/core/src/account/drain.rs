//! A node that is emptied: it gives its daemons away, and takes nothing from others until that is called off or it starts anew.

use wayfare_protocol::control::{Control, DrainOrder};
use wayfare_protocol::daemon::DaemonInfo;
use wayfare_protocol::{EntityId, ErrorCode, NodeId, Now, Refusal, RequestId};

use super::pending::{Kind, Passed, Pending};
use super::{Account, Effect, LinkId, MigrationNews};
use crate::machine::Sink;

impl Account {
    /// Somebody of the account wants a node emptied, or not after all.
    pub(super) fn on_drain(
        &mut self,
        now: Now,
        link: LinkId,
        request: RequestId,
        (node, order): (NodeId, DrainOrder),
        out: &mut impl Sink<Effect>,
    ) {
        let ask = self.ask(link, request);
        if self.pending.asked_again(ask, link) {
            return; // the answer is on its way
        }
        if let Some(refusal) = self.overload(link) {
            return answer(link, request, Err(refusal), out);
        }
        let deadline = now.boot.after(self.config.limits.drain_order);
        let pending = |passed| Pending { from: link, passed, deadline, kind: Kind::Drain(node, order) };
        if self.here() == Some(node) {
            return match order {
                DrainOrder::Begin => {
                    self.pending.add(ask, pending(Passed::No));
                    self.begin_drain(node, out);
                }
                DrainOrder::Cancel => {
                    self.cancel_drain(node, out);
                    answer(link, request, Ok(Vec::new()), out);
                }
            };
        }
        let upstream = self.links.onward(link);
        match self.devices.link(node.0).filter(|_| self.devices.has_node(node.0)).or(upstream) {
            Some(onward) => {
                self.pending.add(ask, pending(Passed::Over(onward)));
                out.push(Effect::Send { link: onward, control: Control::Drain { request, node, order } });
            }
            None => {
                let detail = format!("no node {} is connected", node.0.short());
                answer(link, request, Err(Refusal::new(ErrorCode::OwnerUnreachable, detail)), out);
            }
        }
    }

    fn begin_drain(&mut self, here: NodeId, out: &mut impl Sink<Effect>) {
        self.reserve.is_draining = true;
        let daemons = self.own_daemons(here).map(|info| (info.entity, info.key.kind.clone())).collect();
        out.push(Effect::Migration(MigrationNews::Drain(daemons)));
    }

    /// Who waits for the end of the drain is told what is still here.
    fn cancel_drain(&mut self, here: NodeId, out: &mut impl Sink<Effect>) {
        self.reserve.is_draining = false;
        out.push(Effect::Migration(MigrationNews::CancelDrain));
        let left: Vec<_> = self.own_daemons(here).map(|info| info.entity).collect();
        self.on_drained(&left, out);
    }

    fn own_daemons(&self, here: NodeId) -> impl Iterator<Item = &DaemonInfo> {
        self.daemons.all().filter(move |info| info.owner == here)
    }

    /// A daemon came to this node.
    pub(super) fn arrived(&self, info: &DaemonInfo, out: &mut impl Sink<Effect>) {
        if self.reserve.is_draining {
            out.push(Effect::Migration(MigrationNews::Arrived(info.entity, info.key.kind.clone())));
        }
    }

    /// The drain is over: whoever waits for that is told.
    pub(super) fn on_drained(&mut self, left: &[EntityId], out: &mut impl Sink<Effect>) {
        let is_waiting = |pending: &Pending| matches!(pending.kind, Kind::Drain(..)) && pending.passed == Passed::No;
        for ask in self.pending.find(is_waiting) {
            if let Some(pending) = self.pending.remove(ask) {
                answer(pending.from, ask.request, Ok(left.to_vec()), out);
            }
        }
    }
}

pub(super) fn answer(
    link: LinkId,
    request: RequestId,
    outcome: Result<Vec<EntityId>, Refusal>,
    out: &mut impl Sink<Effect>,
) {
    out.push(Effect::Send { link, control: Control::Drained { request, outcome } });
}

/// Nobody said whether it was done.
pub(super) fn unanswered() -> Refusal {
    let detail = "there was no answer in time; `wayfare daemon list` shows which daemons are where";
    Refusal::new(ErrorCode::DeadlineExceeded, detail)
}
