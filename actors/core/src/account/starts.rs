//! Daemons that are asked for by name: the one that there is, or a new one where its code is.

use wayfare_protocol::capability_set::names;
use wayfare_protocol::control::{Control, DeviceInfo};
use wayfare_protocol::daemon::{DaemonInfo, DaemonKey, StartDaemon};
use wayfare_protocol::{EntityId, Epoch, ErrorCode, Now, Refusal, RequestId};

use super::daemons::Target;
use super::pending::{Kind, Passed, Pending};
use super::{Account, Effect, LinkId, Place};
use crate::machine::Sink;

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
        let no_code = |whose: &str| {
            Refusal::new(ErrorCode::NoCapability, format!("{whose} has no code for daemons of kind {}", start.key.kind))
        };
        match &self.config.place {
            Place::Node { node, name, capabilities, .. } => {
                let wants_here = start.device.is_none_or(|device| device == *node);
                if wants_here && capabilities.tags.contains(&tag) {
                    return Ok(Target::Here);
                }
                match self.links.onward(link) {
                    Some(upstream) if start.device != Some(*node) => Ok(Target::Over(upstream)),
                    _ => Err(no_code(name)),
                }
            }
            Place::Cloud { .. } => {
                let devices = self.device_list();
                let has_code = |device: &&DeviceInfo| device.node.as_ref().is_some_and(|node| node.tags.contains(&tag));
                let is_wanted = |device: &&DeviceInfo| start.device.is_none_or(|wanted| wanted.0 == device.device);
                // One that is linked and has not announced itself yet has said which code it has.
                let able = devices.iter().filter(has_code).filter(is_wanted).map(|device| device.device);
                let best = self.best_for(now, start.key.kind.as_str(), start.device).map(|node| node.0);
                let link = best.into_iter().chain(able).find_map(|device| self.devices.link(device));
                link.map(Target::Over).ok_or_else(|| no_code("no connected device that may be used"))
            }
        }
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
