//! Daemons that are asked for by name: the one that there is, or a new one where its code is.

use wayfare_protocol::capability::Accepting;
use wayfare_protocol::capability_set::names;
use wayfare_protocol::control::Control;
use wayfare_protocol::daemon::{DaemonInfo, DaemonKey, DaemonKind, StartDaemon};
use wayfare_protocol::{DeviceId, EntityId, Epoch, ErrorCode, NodeId, Now, Refusal, RequestId};

use super::daemons::Target;
use super::pending::{Kind, Passed, Pending};
use super::{Account, Effect, LinkId, Place, policy};
use crate::machine::Sink;
use crate::placement::Standing;

impl Account {
    /// A daemon of this node has told of itself, or there is none: starts that waited for the last one go on.
    pub(super) fn daemon_told(&mut self, now: Now, daemon: EntityId, out: &mut impl Sink<Effect>) {
        if !self.daemons.was_last_expected(daemon) {
            return;
        }
        for ask in
            self.pending.find(|pending| matches!(pending.kind, Kind::StartDaemon(_)) && pending.passed == Passed::No)
        {
            if let Some(Pending { from, kind: Kind::StartDaemon(start), .. }) = self.pending.remove(ask) {
                self.on_start_daemon(now, from, ask.request, start, out);
            }
        }
    }

    /// Somebody wants the daemon of a name: the one that there is, or a new one.
    pub(super) fn on_start_daemon(
        &mut self,
        now: Now,
        link: LinkId,
        request: RequestId,
        start: StartDaemon,
        out: &mut impl Sink<Effect>,
    ) {
        let ask = self.ask(link, request);
        if self.pending.asked_again(ask, link) {
            return; // the answer is on its way
        }
        if let Some(info) = self.daemons.named(&start.key.name) {
            let outcome = known_by_that_name(&self.seen_daemon(info), &start.key);
            return out.push(Effect::Send { link, control: Control::DaemonStarted { request, outcome } });
        }
        if let Some(refusal) = self.overload(link) {
            return refuse_start(link, request, refusal, out);
        }
        let deadline = now.boot.after(self.config.limits.request);
        let pending = |passed| Pending { from: link, passed, deadline, kind: Kind::StartDaemon(start.clone()) };
        if !self.daemons.knows_names() {
            self.pending.add(ask, pending(Passed::No)); // one that is being read may have the name
            return;
        }
        let target = match self.place_daemon(now, link, &start) {
            Ok(target) => target,
            Err(refusal) => return refuse_start(link, request, refusal, out),
        };
        match target {
            Target::Here => {
                let same = |pending: &Pending| matches!(&pending.kind, Kind::StartDaemon(other) if other.key.name == start.key.name);
                let is_first = self.pending.find(same).is_empty();
                self.pending.add(ask, pending(Passed::No));
                if is_first {
                    out.push(Effect::StartDaemon(start));
                }
            }
            Target::Over(onward) => {
                self.pending.add(ask, pending(Passed::Over(onward)));
                out.push(Effect::Send { link: onward, control: Control::StartDaemon { request, start } });
            }
        }
    }

    /// Where a new daemon is made: on the chosen device, here if the code is here, or on a device that has it.
    fn place_daemon(&mut self, now: Now, link: LinkId, start: &StartDaemon) -> Result<Target, Refusal> {
        let tag = names::daemon(start.key.kind.as_str());
        let tag = tag.map_err(|error| Refusal::new(ErrorCode::NoCapability, error.to_string()))?.to_string();
        match &self.config.place {
            Place::Node { node, name, capabilities, .. } => {
                let wants_here = start.device.is_none_or(|device| device == *node);
                if wants_here && capabilities.tags.contains(&tag) {
                    return Ok(Target::Here);
                }
                match self.links.onward(link) {
                    Some(upstream) if start.device != Some(*node) => Ok(Target::Over(upstream)),
                    _ => Err(no_code(name, &start.key.kind)),
                }
            }
            Place::Cloud { .. } => match start.device {
                Some(node) => self.named_for_start(node, &tag, &start.key.kind).map(Target::Over),
                None => self.best_for_start(now, &tag, &start.key.kind).map(Target::Over),
            },
        }
    }

    /// The link of the device that a person has named for a new daemon.
    fn named_for_start(&self, node: NodeId, tag: &str, kind: &DaemonKind) -> Result<LinkId, Refusal> {
        let name = self.devices.name(node.0).unwrap_or("that device");
        let away = || Refusal::new(ErrorCode::OwnerUnreachable, format!("{name} is not connected"));
        let link = self.devices.link(node.0).ok_or_else(away)?;
        if !self.devices.has_tag(node.0, tag) {
            return Err(no_code(name, kind));
        }
        match self.devices.accepting(node.0) {
            Accepting::Nothing(why) if !self.takes_daemons(node.0) => Err(policy::refusal(name, why)),
            Accepting::Everything | Accepting::Nothing(_) => Ok(link),
        }
    }

    /// The link of the device that fits a new daemon best.
    fn best_for_start(&mut self, now: Now, tag: &str, kind: &DaemonKind) -> Result<LinkId, Refusal> {
        let best = self.ranked_for(now, kind.as_str()).first().map(|node| node.0);
        // One that is linked and has not announced itself yet has said which code it has.
        let silent = || {
            let mut able = self.device_list().into_iter().map(|device| device.device);
            able.find(|device| {
                !self.has_announced(NodeId(*device))
                    && self.devices.has_tag(*device, tag)
                    && self.devices.link(*device).is_some()
                    && self.takes_daemons(*device)
            })
        };
        let link = best.or_else(silent).and_then(|device| self.devices.link(device));
        link.ok_or_else(|| {
            let detail = format!("no connected device that takes daemons now has the code for daemons of kind {kind}");
            Refusal::new(ErrorCode::NoCapability, detail)
        })
    }

    /// Whether a device that is linked takes daemons, by its own word.
    fn takes_daemons(&self, device: DeviceId) -> bool {
        Standing::by_its_word(self.devices.accepting(device)) == Standing::Ready
    }

    /// A daemon of this node exists: whoever asked for it is answered. The cloud is answered when its row is granted.
    pub(super) fn answer_starts(&mut self, info: &DaemonInfo, out: &mut impl Sink<Effect>) {
        let waiting = self.pending.find(|pending| {
            matches!(&pending.kind, Kind::StartDaemon(start) if start.key.name == info.key.name)
                && pending.passed == Passed::No
                && (!self.links.is_upstream(pending.from) || info.epoch > Epoch::LOCAL)
        });
        for ask in waiting {
            if let Some(Pending { from, kind: Kind::StartDaemon(start), .. }) = self.pending.remove(ask) {
                let outcome = known_by_that_name(info, &start.key);
                out.push(Effect::Send {
                    link: from,
                    control: Control::DaemonStarted { request: ask.request, outcome },
                });
            }
        }
    }

    pub(super) fn on_daemon_started(
        &mut self,
        link: LinkId,
        request: RequestId,
        outcome: Result<Box<DaemonInfo>, Refusal>,
        out: &mut impl Sink<Effect>,
    ) {
        if let Some(pending) = self.pending.answered_over(link, request) {
            out.push(Effect::Send { link: pending.from, control: Control::DaemonStarted { request, outcome } });
        }
    }
}

fn no_code(whose: &str, kind: &DaemonKind) -> Refusal {
    Refusal::new(ErrorCode::NoCapability, format!("{whose} has no code for daemons of kind {kind}"))
}

/// The daemon of a name is what was asked for if it runs the same code.
fn known_by_that_name(info: &DaemonInfo, wanted: &DaemonKey) -> Result<Box<DaemonInfo>, Refusal> {
    if info.key.kind == wanted.kind {
        return Ok(Box::new(info.clone()));
    }
    let detail = format!("{} is taken: it is a daemon of kind {}", info.key.name, info.key.kind);
    Err(Refusal::new(ErrorCode::Ambiguous, detail))
}

pub(super) fn refuse_start(link: LinkId, request: RequestId, refusal: Refusal, out: &mut impl Sink<Effect>) {
    out.push(Effect::Send { link, control: Control::DaemonStarted { request, outcome: Err(refusal) } });
}
