//! The daemons of the account: where they live, and where a question about one goes.
//!
//! As with sessions the row says who owns a daemon, and its owner says how it is. A question goes to the daemon of this node, to the owner's
//! link, or upstream; one whose answer does not come in time is refused as unknown.

use std::collections::{BTreeMap, BTreeSet};

use wayfare_protocol::control::Control;
use wayfare_protocol::daemon::{
    DaemonAnswer, DaemonCall, DaemonInfo, DaemonName, DaemonRequest, DaemonResponse, DaemonState, DaemonStats,
    Durability, Health,
};
use wayfare_protocol::ownership::Row;
use wayfare_protocol::stream::Open;
use wayfare_protocol::{
    Boot, DeviceId, EntityId, ErrorCode, Head, NodeId, Now, Refusal, RequestId, ResourceId, StreamId,
};

use super::pending::{Ask, Kind, Passed, Pending};
use super::starts::refuse_start;
use super::{Account, Effect, LinkId, MigrationNews};
use crate::machine::Sink;
use crate::ownership;
use crate::session::Caller;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Daemons {
    by_id: BTreeMap<EntityId, DaemonInfo>,
    by_name: BTreeMap<DaemonName, EntityId>,
    /// Daemons of this node whose logs are still being read.
    expected: BTreeSet<EntityId>,
    /// Daemons of this node that have not said how they stand after its start.
    unsettled: BTreeSet<EntityId>,
    /// In the cloud: the rows.
    rows: BTreeMap<EntityId, Row>,
}

impl Daemons {
    pub(super) fn expect(&mut self, daemons: BTreeSet<EntityId>) {
        self.unsettled.clone_from(&daemons);
        self.expected = daemons;
    }

    /// A daemon has told of itself, or there is none; whether it was the last one that was expected to.
    pub(super) fn was_last_expected(&mut self, daemon: EntityId) -> bool {
        self.expected.remove(&daemon) && self.expected.is_empty()
    }

    /// Whether every daemon of this node has told its name.
    pub(super) fn knows_names(&self) -> bool {
        self.expected.is_empty()
    }

    pub(super) fn get(&self, daemon: EntityId) -> Option<&DaemonInfo> {
        self.by_id.get(&daemon)
    }

    pub(super) fn named(&self, name: &DaemonName) -> Option<&DaemonInfo> {
        self.by_name.get(name).and_then(|daemon| self.by_id.get(daemon))
    }

    fn put(&mut self, info: DaemonInfo) {
        if let Some(before) = self.by_id.get(&info.entity)
            && before.key.name != info.key.name
            && self.by_name.get(&before.key.name) == Some(&info.entity)
        {
            self.by_name.remove(&before.key.name);
        }
        self.by_name.insert(info.key.name.clone(), info.entity);
        self.by_id.insert(info.entity, info);
    }

    /// Whether this is the first that a found daemon says of how it stands.
    pub(super) fn has_settled(&mut self, daemon: EntityId) -> bool {
        self.unsettled.remove(&daemon)
    }

    /// It is not this node's any more, or never was.
    pub(super) fn remove(&mut self, daemon: EntityId) {
        if let Some(info) = self.by_id.remove(&daemon)
            && self.by_name.get(&info.key.name) == Some(&daemon)
        {
            self.by_name.remove(&info.key.name);
        }
    }

    /// The row as the store has it.
    pub(super) fn row(&self, daemon: EntityId) -> Option<&Row> {
        self.rows.get(&daemon)
    }

    /// What is owned by that device is shown as of that name.
    pub(super) fn call_owner(&mut self, device: DeviceId, name: &str) {
        for info in self.by_id.values_mut().filter(|info| info.owner.0 == device) {
            name.clone_into(&mut info.device_name);
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &DaemonInfo> {
        self.by_name.values().filter_map(|daemon| self.by_id.get(daemon))
    }
}

impl Account {
    /// A row is the truth about name, owner and epoch of a daemon.
    pub(super) fn put_daemon_row(&mut self, row: &Row) {
        let (ResourceId::Daemon(entity), Some(key)) = (row.resource, row.key.daemon()) else { return };
        self.daemons.rows.insert(entity, row.clone());
        let device_name = self.devices.name(row.owner.0).unwrap_or("unknown device").to_owned();
        let before = self.daemons.get(entity).filter(|info| info.owner == row.owner).cloned();
        let unknown = || DaemonInfo {
            entity,
            key: key.clone(),
            owner: row.owner,
            device_name: device_name.clone(),
            epoch: row.epoch,
            state: DaemonState::Unreachable,
            health: Health::Healthy,
            durability: Durability::default(),
            head: Head::default(),
            stats: DaemonStats::default(),
        };
        let info = before.unwrap_or_else(unknown);
        self.daemons.put(DaemonInfo { key: key.clone(), epoch: row.epoch, device_name, ..info });
    }

    /// A daemon of this node changed, or exists now.
    pub(super) fn on_daemon(&mut self, now: Now, info: DaemonInfo, out: &mut impl Sink<Effect>) {
        self.resume_migration(&info, out);
        if info.state == DaemonState::Following {
            // It is another node's, for all that others know.
            self.daemons.remove(info.entity);
            return self.daemon_told(now, info.entity, out);
        }
        let is_new = self.daemons.get(info.entity).is_none();
        self.daemons.put(info.clone());
        if let Some(upstream) = self.links.upstream() {
            out.push(Effect::Send { link: upstream, control: Control::DaemonUp(Box::new(info.clone())) });
            if let Some(super::Peer::Upstream { generation }) = self.links.peer(upstream)
                && (is_new || info.epoch.generation < *generation)
            {
                let input = ownership::Input::StoreReachable { generation: *generation };
                out.push(Effect::Ownership { resource: ResourceId::Daemon(info.entity), input });
            }
        }
        if is_new && info.state == DaemonState::Live {
            self.arrived(&info, out);
        }
        self.answer_starts(&info, out);
        self.daemon_told(now, info.entity, out);
    }

    /// A node tells of a daemon of its own. The row decides whether it is believed; a node that does not know the row yet is told of it:
    /// whoever claimed it there may have ended before the answer came.
    pub(super) fn on_daemon_up(&mut self, now: Now, link: LinkId, info: DaemonInfo, out: &mut impl Sink<Effect>) {
        let Some(device) = self.links.device(link) else { return };
        if let Some(row) = self.daemons.row(info.entity).filter(|row| row.epoch > info.epoch) {
            out.push(Effect::Send { link, control: Control::Row(row.clone()) });
        }
        let is_row = |known: &DaemonInfo| known.owner.0 == device && known.epoch == info.epoch;
        if self.daemons.get(info.entity).is_some_and(is_row) {
            let daemon = info.entity;
            let device_name = self.devices.given(device).map_or(info.device_name, str::to_owned);
            self.daemons.put(DaemonInfo { device_name, ..info });
            self.spare_may_be_old(now, daemon);
        }
    }

    /// Somebody asks something of a daemon.
    pub(super) fn on_daemon_request(
        &mut self,
        now: Now,
        link: LinkId,
        asked: DaemonRequest,
        out: &mut impl Sink<Effect>,
    ) {
        let request = asked.request;
        let ask = self.ask(link, request);
        if self.pending.asked_again(ask, link) {
            return;
        }
        let way = match self.overload(link) {
            Some(refusal) => Err(refusal),
            None => self.way_of_call(link, &asked),
        };
        let deadline = self.daemon_deadline(now, &asked.call);
        let pending = |passed| Pending { from: link, passed, deadline, kind: Kind::Daemon(asked.clone()) };
        match way {
            Ok(Target::Here) => {
                self.pending.add(ask, pending(Passed::No));
                self.callers += 1;
                let caller = Caller(self.callers);
                self.pending.called(caller, ask);
                self.call_daemon_here(now, caller, asked, out);
            }
            Ok(Target::Over(onward)) => {
                self.pending.add(ask, pending(Passed::Over(onward)));
                let epoch = self.daemons.get(asked.daemon).map(|info| info.epoch);
                out.push(Effect::Send {
                    link: onward,
                    control: Control::DaemonRequest(DaemonRequest { epoch, ..asked }),
                });
            }
            Err(refusal) => answer(link, request, DaemonAnswer::Refused(refusal), out),
        }
    }

    /// A daemon of this node is asked, or its migrations are.
    fn call_daemon_here(&mut self, now: Now, caller: Caller, asked: DaemonRequest, out: &mut impl Sink<Effect>) {
        let DaemonRequest { daemon, epoch, call, .. } = asked;
        let known = self.daemons.get(daemon).map(|info| info.key.kind.clone());
        let order = |kind, to, mode| Effect::Migration(MigrationNews::Ordered { daemon, kind, caller, to, mode });
        out.push(match (call, known) {
            (DaemonCall::Move { to, mode }, Some(kind)) => order(kind, Some(to), mode),
            (DaemonCall::Relocate { mode }, Some(kind)) => order(kind, None, mode),
            (DaemonCall::ExplainPlacement, Some(kind)) => {
                Effect::Migration(MigrationNews::Explain { daemon, kind, caller })
            }
            (DaemonCall::Recover { to }, _) => return self.recover(now, caller, daemon, to, out),
            (DaemonCall::DescribeSpare, _) => return self.describe_spare(caller, daemon, out),
            (DaemonCall::Spare { nodes }, _) => Effect::Migration(MigrationNews::Spare { daemon, caller, nodes }),
            (DaemonCall::TakeOver(take), _) => Effect::Migration(MigrationNews::TakeOver { daemon, caller, take }),
            (call, _) => Effect::CallDaemon { daemon, caller, epoch, call },
        });
    }

    /// Until when an answer is waited for.
    pub(super) fn daemon_deadline(&self, now: Now, call: &DaemonCall) -> Boot {
        let limits = &self.config.limits;
        now.boot.after(match call {
            DaemonCall::Move { .. }
            | DaemonCall::Relocate { .. }
            | DaemonCall::TakeOver(_)
            | DaemonCall::Recover { .. } => limits.migration_order,
            _ => limits.request,
        })
    }

    pub(super) fn way_to_daemon(&self, link: LinkId, daemon: EntityId) -> Result<Target, Refusal> {
        let upstream = self.links.onward(link).map(Target::Over);
        let Some(info) = self.daemons.get(daemon) else {
            if self.links.is_upstream(link) {
                let detail = format!("daemon {daemon} is not here yet, or not any more");
                return Err(Refusal::new(ErrorCode::OwnerUnreachable, detail));
            }
            return upstream.ok_or_else(|| self.unknown_daemon(daemon));
        };
        if self.here() == Some(info.owner) {
            return Ok(Target::Here);
        }
        let over = self.devices.link(info.owner.0).map(Target::Over).or(upstream);
        over.ok_or_else(|| {
            let detail = format!("{} lives on {}, which is not connected", info.key, info.device_name);
            Refusal::new(ErrorCode::OwnerUnreachable, detail)
        })
    }

    fn unknown_daemon(&self, daemon: EntityId) -> Refusal {
        if self.daemons.expected.contains(&daemon) {
            return Refusal::new(ErrorCode::OwnerUnreachable, format!("daemon {daemon} is being read from its logs"));
        }
        Refusal::new(ErrorCode::NotFound, format!("no daemon {daemon} is known here"))
    }

    pub(super) fn on_daemon_response(&mut self, link: LinkId, answered: DaemonResponse, out: &mut impl Sink<Effect>) {
        if let Some(pending) = self.pending.answered_over(link, answered.request) {
            out.push(Effect::Send { link: pending.from, control: Control::DaemonResponse(answered) });
        }
    }

    /// A daemon of this node answered.
    pub(super) fn on_daemon_answer(&mut self, caller: Caller, said: DaemonAnswer, out: &mut impl Sink<Effect>) {
        if let Some((request, pending)) = self.pending.answered(caller) {
            answer(pending.from, request, said, out);
        }
    }

    /// A question's time is over.
    pub(super) fn give_up_daemon(&self, link: LinkId, ask: Ask, kind: &Kind, out: &mut impl Sink<Effect>) {
        let refusal = Refusal::new(
            ErrorCode::DeadlineExceeded,
            "there was no answer in time; whether it was done is not known".to_owned(),
        );
        match kind {
            Kind::StartDaemon(_) => refuse_start(link, ask.request, refusal, out),
            _ => answer(link, ask.request, DaemonAnswer::Refused(refusal), out),
        }
    }

    /// Somebody wants a daemon's outputs.
    pub(super) fn on_daemon_stream(
        &self,
        link: LinkId,
        stream: StreamId,
        (daemon, from): (EntityId, u64),
        open: Open,
        out: &mut impl Sink<Effect>,
    ) {
        match self.way_to_daemon(link, daemon) {
            Ok(Target::Here) => out.push(Effect::ReadDaemon { link, stream, daemon, from }),
            Ok(Target::Over(onward)) => out.push(Effect::Join { link, stream, onward, open }),
            Err(refusal) => out.push(Effect::Reset { link, stream, refusal }),
        }
    }

    /// A daemon as it can be seen from here: the owner's presence goes before its last word.
    pub(super) fn seen_daemon(&self, info: &DaemonInfo) -> DaemonInfo {
        let mut info = info.clone();
        if self.here() != Some(info.owner) && self.devices.link(info.owner.0).is_none() {
            info.state = DaemonState::Unreachable;
            info.device_name = self.devices.shown_name(info.owner.0, &info.device_name);
        }
        info
    }

    pub(super) fn daemon_list(&self) -> Vec<DaemonInfo> {
        self.daemons.all().map(|info| self.seen_daemon(info)).collect()
    }

    pub(super) fn on_list_daemons(&mut self, now: Now, link: LinkId, request: RequestId, out: &mut impl Sink<Effect>) {
        match self.links.upstream() {
            Some(upstream) if upstream != link => {
                self.forward_list(now, link, upstream, request, Control::ListDaemons { request }, out);
            }
            _ => {
                let control = Control::DaemonList { request, daemons: self.daemon_list() };
                out.push(Effect::Send { link, control });
            }
        }
    }

    /// The cloud's list, with this node's own view of its own daemons.
    pub(super) fn on_daemon_list(
        &mut self,
        link: LinkId,
        request: RequestId,
        mut daemons: Vec<DaemonInfo>,
        out: &mut impl Sink<Effect>,
    ) {
        let here = self.here();
        let own: Vec<_> = self.daemons.all().filter(|info| Some(info.owner) == here).cloned().collect();
        daemons.retain(|info| own.iter().all(|mine| mine.entity != info.entity));
        daemons.extend(own);
        daemons.sort_by(|a, b| (&a.key.name, a.entity).cmp(&(&b.key.name, b.entity)));
        self.on_list_answer(link, request, Control::DaemonList { request, daemons }, out);
    }

    /// The owner of a daemon by its row.
    pub(super) fn owner_of_daemon(&self, daemon: EntityId) -> Option<NodeId> {
        self.daemons.get(daemon).map(|info| info.owner)
    }
}

/// Where a question goes.
pub(super) enum Target {
    /// To this process.
    Here,
    /// Over a link.
    Over(LinkId),
}

fn answer(link: LinkId, request: RequestId, answer: DaemonAnswer, out: &mut impl Sink<Effect>) {
    out.push(Effect::Send { link, control: Control::DaemonResponse(DaemonResponse { request, answer }) });
}
