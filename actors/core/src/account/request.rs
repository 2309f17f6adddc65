//! Calls of sessions: to a session of this node, to the owner's link, or upstream.

use wayfare_protocol::control::{Control, MrpRequest, MrpResponse, PresenceInfo};
use wayfare_protocol::session::SessionAnswer;
use wayfare_protocol::{DeviceId, ErrorCode, Limits, Now, Refusal, RequestId};

use super::pending::{Ask, Kind, Passed, Pending, Side};
use super::recovery::goes_to_owner;
use super::{Account, Effect, LinkId, drain, renaming, revocation};
use crate::machine::Sink;
use crate::session::Caller;

/// Where a call goes.
enum Way {
    /// To a session of this node.
    Here,
    /// Over a link.
    Over(LinkId),
    /// Over the link of an owner that has been silent: it is not waited for as long.
    Probe(LinkId),
    /// Its owner is away and may come back in time.
    Wait,
    /// Nowhere.
    Refuse(Refusal),
}

impl Account {
    /// Names a request that came over a link.
    pub(super) fn ask(&self, link: LinkId, request: RequestId) -> Ask {
        let side = if self.links.is_upstream(link) { Side::Upstream } else { Side::Device };
        Ask { side, request }
    }

    /// Whether a link has as many requests waiting as it may.
    pub(super) fn overload(&self, link: LinkId) -> Option<Refusal> {
        let detail = "too many requests of this device wait for an answer";
        (self.pending.count_from(link) >= self.config.limits.requests_per_link)
            .then(|| Refusal::new(ErrorCode::Overloaded, detail))
    }

    /// Passes a request on to the cloud, which keeps what it is about; refused while that is out of reach.
    pub(super) fn ask_cloud(
        &mut self,
        ask: Ask,
        pending: Pending,
        asked: Control,
        keeps: &str,
        out: &mut impl Sink<Effect>,
    ) -> Result<(), Refusal> {
        let away = || {
            let detail = format!("the cloud keeps {keeps}, and this node has no link to it");
            Refusal::new(ErrorCode::OwnerUnreachable, detail)
        };
        let upstream = self.links.onward(pending.from).ok_or_else(away)?;
        self.pending.add(ask, Pending { passed: Passed::Over(upstream), ..pending });
        out.push(Effect::Send { link: upstream, control: asked });
        Ok(())
    }

    pub(super) fn on_request(&mut self, now: Now, link: LinkId, asked: MrpRequest, out: &mut impl Sink<Effect>) {
        let request = asked.request;
        let ask = self.ask(link, request);
        if self.pending.asked_again(ask, link) {
            return; // the answer is on its way
        }
        if let Some(refusal) = self.overload(link) {
            return self.refuse(link, request, refusal, out);
        }
        if let Some(refusal) = self.reluctant_to_call(link, &asked) {
            return self.refuse(link, request, refusal, out);
        }
        let kind = Kind::Request(asked.clone());
        let pending = |passed, wait| Pending { from: link, passed, deadline: now.boot.after(wait), kind };
        let Limits { request: answer, suspect_probe: probe, .. } = self.config.limits;
        match self.way(link, &asked) {
            Way::Here => {
                self.pending.add(ask, pending(Passed::No, answer));
                self.call_here(ask, asked, out);
            }
            Way::Over(onward) => {
                self.pending.add(ask, pending(Passed::Over(onward), answer));
                self.send_request(onward, asked, out);
            }
            Way::Probe(onward) => {
                self.pending.add(ask, pending(Passed::Over(onward), answer.min(probe)));
                self.send_request(onward, asked, out);
            }
            Way::Wait => {
                self.pending.add(ask, pending(Passed::No, probe));
            }
            Way::Refuse(refusal) => self.refuse(link, request, refusal, out),
        }
    }

    fn way(&self, link: LinkId, asked: &MrpRequest) -> Way {
        let Some(info) = self.sessions.get(asked.session) else {
            return match self.links.upstream() {
                Some(upstream) if upstream != link => Way::Over(upstream),
                _ => Way::Refuse(self.unknown_session(asked.session)),
            };
        };
        if self.here() == Some(info.owner) {
            return Way::Here;
        }
        match (self.devices.link(info.owner.0), self.presence(info.owner.0)) {
            (Some(owner), PresenceInfo::Suspect) => Way::Probe(owner),
            (Some(owner), _) => Way::Over(owner),
            (None, PresenceInfo::Online | PresenceInfo::Suspect) => Way::Wait,
            (None, PresenceInfo::Offline { .. } | PresenceInfo::Sleeping { .. } | PresenceInfo::Revoked { .. }) => {
                Way::Refuse(self.owner_away(asked))
            }
        }
    }

    fn owner_away(&self, asked: &MrpRequest) -> Refusal {
        let detail = match self.sessions.get(asked.session) {
            Some(info) if self.devices.revoked_at(info.owner.0).is_some() => {
                // Not `OwnerUnreachable`, which passes: who waits for that would wait for good.
                let detail = format!("{} lives on {}, which was revoked", info.key, info.device_name);
                return Refusal::new(ErrorCode::Forbidden, detail);
            }
            Some(info) => format!("{} lives on {}, which is not connected", info.key, info.device_name),
            None => "its owner is not connected".to_owned(),
        };
        Refusal::new(ErrorCode::OwnerUnreachable, detail)
    }

    fn call_here(&mut self, ask: Ask, asked: MrpRequest, out: &mut impl Sink<Effect>) {
        self.callers += 1;
        let caller = Caller(self.callers);
        self.pending.called(caller, ask);
        out.push(Effect::Call { session: asked.session, caller, epoch: asked.epoch, call: asked.call });
    }

    /// Passes a call on. In the cloud its epoch is stamped with the row's; a node leaves that to the cloud.
    fn send_request(&self, link: LinkId, mut asked: MrpRequest, out: &mut impl Sink<Effect>) {
        asked.epoch = self.sessions.get(asked.session).map(|info| info.epoch);
        out.push(Effect::Send { link, control: Control::MrpRequest(asked) });
    }

    /// A device is back: what waits for it is sent. What was sent over a lost link is marked, because it may have arrived.
    pub(super) fn send_waiting(&mut self, now: Now, device: DeviceId, link: LinkId, out: &mut impl Sink<Effect>) {
        let waiting = self.pending.find(|pending| match (&pending.kind, pending.passed) {
            (_, Passed::Over(_)) => false,
            (Kind::Request(asked), _) => self.sessions.get(asked.session).is_some_and(|info| info.owner.0 == device),
            (Kind::Open { target, .. }, _) => target.is_some_and(|node| node.0 == device),
            (Kind::Daemon(asked), _) => {
                goes_to_owner(&asked.call) && self.owner_of_daemon(asked.daemon).is_some_and(|owner| owner.0 == device)
            }
            (Kind::Drain(node, _), _) => node.0 == device,
            (Kind::Create(_) | Kind::StartDaemon(_) | Kind::List { .. } | Kind::Revoke(_) | Kind::Rename(..), _) => {
                false
            }
        });
        self.send_again(now, link, waiting, out);
    }

    /// The cloud is back: what its last link lost is sent again.
    pub(super) fn send_lost_upstream(&mut self, now: Now, link: LinkId, out: &mut impl Sink<Effect>) {
        let lost = self.pending.find(|pending| pending.passed == Passed::Lost);
        self.send_again(now, link, lost, out);
    }

    fn send_again(&mut self, now: Now, link: LinkId, asks: Vec<Ask>, out: &mut impl Sink<Effect>) {
        for ask in asks {
            let Some(Pending { kind, passed, .. }) = self.pending.get(ask).cloned() else { continue };
            let limits = &self.config.limits;
            match kind {
                Kind::Request(mut asked) => {
                    if passed == Passed::Lost {
                        asked.call.sent_before();
                    }
                    self.pending.sent(ask, link, now.boot.after(limits.request));
                    self.send_request(link, asked, out);
                }
                Kind::Open { open, target } => {
                    self.pending.sent(ask, link, now.boot.after(limits.open_session));
                    let open = self.passed_on(open, target);
                    out.push(Effect::Send { link, control: Control::Open { request: ask.request, open } });
                }
                Kind::List { question } => {
                    self.pending.sent(ask, link, now.boot.after(limits.suspect_probe));
                    out.push(Effect::Send { link, control: question });
                }
                // Repeats of these are recognised where they arrive: by origin and number, by name, or because they change nothing.
                Kind::Daemon(asked) => {
                    self.pending.sent(ask, link, self.daemon_deadline(now, &asked.call));
                    out.push(Effect::Send { link, control: Control::DaemonRequest(asked) });
                }
                Kind::StartDaemon(start) => {
                    self.pending.sent(ask, link, now.boot.after(limits.request));
                    out.push(Effect::Send { link, control: Control::StartDaemon { request: ask.request, start } });
                }
                Kind::Revoke(device) => {
                    self.pending.sent(ask, link, now.boot.after(limits.request));
                    let control = Control::RevokeDevice { request: ask.request, device };
                    out.push(Effect::Send { link, control });
                }
                Kind::Rename(device, name) => {
                    self.pending.sent(ask, link, now.boot.after(limits.request));
                    let control = Control::RenameDevice { request: ask.request, device, name };
                    out.push(Effect::Send { link, control });
                }
                Kind::Drain(node, order) => {
                    self.pending.sent(ask, link, now.boot.after(limits.drain_order));
                    out.push(Effect::Send { link, control: Control::Drain { request: ask.request, node, order } });
                }
                Kind::Create(_) => {}
            }
        }
    }

    /// An answer came over a link.
    pub(super) fn on_response(&mut self, link: LinkId, answered: MrpResponse, out: &mut impl Sink<Effect>) {
        if let Some(pending) = self.pending.answered_over(link, answered.request) {
            out.push(Effect::Send { link: pending.from, control: Control::MrpResponse(answered) });
        }
    }

    /// A session of this node answered.
    pub(super) fn on_answer(&mut self, caller: Caller, answer: SessionAnswer, out: &mut impl Sink<Effect>) {
        if let Some((request, pending)) = self.pending.answered(caller) {
            let control = Control::MrpResponse(MrpResponse { request, answer });
            out.push(Effect::Send { link: pending.from, control });
        }
    }

    fn refuse(&self, link: LinkId, request: RequestId, refusal: Refusal, out: &mut impl Sink<Effect>) {
        let answer = SessionAnswer::Refused(refusal);
        out.push(Effect::Send { link, control: Control::MrpResponse(MrpResponse { request, answer }) });
    }

    /// A request's time is over.
    pub(super) fn give_up(&mut self, now: Now, ask: Ask, pending: Pending, out: &mut impl Sink<Effect>) {
        match pending.kind {
            Kind::Request(asked) => {
                let refusal = match pending.passed {
                    Passed::No if self.here().is_none() => self.owner_away(&asked),
                    Passed::No | Passed::Over(_) | Passed::Lost => {
                        let detail = "the owner did not answer in time; whether it was done is not known";
                        Refusal::new(ErrorCode::DeadlineExceeded, detail)
                    }
                };
                self.refuse(pending.from, ask.request, refusal, out);
            }
            Kind::Open { open, .. } => self.open_unanswered(now, pending.from, ask, open, out),
            kind @ (Kind::Daemon(_) | Kind::StartDaemon(_)) => self.give_up_daemon(pending.from, ask, &kind, out),
            Kind::Create(open) => {
                let detail = format!("{} was not made in time", open.key);
                let outcome = Err(Refusal::new(ErrorCode::DeadlineExceeded, detail));
                let control = Control::Opened { request: ask.request, outcome };
                out.push(Effect::Send { link: pending.from, control });
            }
            Kind::Revoke(_) => revocation::answer(pending.from, ask.request, Err(revocation::unanswered()), out),
            Kind::Rename(..) => renaming::answer(pending.from, ask.request, Err(renaming::unanswered()), out),
            Kind::Drain(..) => drain::answer(pending.from, ask.request, Err(drain::unanswered()), out),
            Kind::List { question } => {
                if let Some(control) = self.own_list(&question) {
                    out.push(Effect::Send { link: pending.from, control });
                }
            }
        }
    }
}
