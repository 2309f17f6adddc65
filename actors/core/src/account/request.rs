//! Calls of sessions: to a session of this node, to the owner's link, or upstream.

use wayfare_protocol::control::{Control, MrpRequest, MrpResponse, PresenceInfo};
use wayfare_protocol::session::{SessionAnswer, SessionCall};
use wayfare_protocol::{DeviceId, ErrorCode, Now, Refusal, RequestId};

use super::pending::{Kind, Pending};
use super::{Account, Effect, LinkId};
use crate::machine::Sink;
use crate::session::Caller;

/// Where a call goes.
enum Way {
    /// To a session of this node.
    Here,
    /// Over a link.
    Over(LinkId),
    /// Its owner is away and may come back in time.
    Wait,
    /// Nowhere.
    Refuse(Refusal),
}

impl Account {
    pub(super) fn on_request(&mut self, now: Now, link: LinkId, asked: MrpRequest, out: &mut impl Sink<Effect>) {
        let request = asked.request;
        if let Some(pending) = self.pending.get(request) {
            if pending.from == link {
                return; // asked again: the answer is on its way
            }
            // The asker has a new link: the answer goes there.
            self.pending.remove(request);
        }
        if self.pending.count_from(link) >= self.config.limits.requests_per_link {
            let detail = "too many requests of this device wait for an answer";
            return self.refuse(link, request, Refusal::new(ErrorCode::Overloaded, detail), out);
        }
        let deadline = now.boot.after(self.config.limits.request);
        match self.way(link, &asked) {
            Way::Here => {
                let pending = Pending { from: link, sent: None, deadline, kind: Kind::Request(asked.clone()) };
                self.pending.add(request, pending);
                self.call_here(asked, out);
            }
            Way::Over(onward) => {
                let pending = Pending { from: link, sent: Some(onward), deadline, kind: Kind::Request(asked.clone()) };
                self.pending.add(request, pending);
                self.send_request(onward, asked, out);
            }
            Way::Wait => {
                let deadline = now.boot.after(self.config.limits.suspect_probe);
                let pending = Pending { from: link, sent: None, deadline, kind: Kind::Request(asked) };
                self.pending.add(request, pending);
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
        if let Some(owner) = self.devices.link(info.owner.0) {
            return Way::Over(owner);
        }
        match self.presence(info.owner.0) {
            PresenceInfo::Online | PresenceInfo::Suspect => Way::Wait,
            PresenceInfo::Offline { .. } | PresenceInfo::Sleeping { .. } => Way::Refuse(self.owner_away(asked)),
        }
    }

    fn owner_away(&self, asked: &MrpRequest) -> Refusal {
        let detail = match self.sessions.get(asked.session) {
            Some(info) => format!("{} lives on {}, which is not connected", info.key, info.device_name),
            None => "its owner is not connected".to_owned(),
        };
        Refusal::new(ErrorCode::OwnerUnreachable, detail)
    }

    fn call_here(&mut self, asked: MrpRequest, out: &mut impl Sink<Effect>) {
        self.callers += 1;
        let caller = Caller(self.callers);
        self.pending.called(caller, asked.request);
        out.push(Effect::Call { session: asked.session, caller, epoch: asked.epoch, call: asked.call });
    }

    /// Passes a call on. In the cloud its epoch is stamped with the row's; a node leaves that to the cloud.
    fn send_request(&self, link: LinkId, mut asked: MrpRequest, out: &mut impl Sink<Effect>) {
        asked.epoch = self.sessions.get(asked.session).map(|info| info.epoch);
        out.push(Effect::Send { link, control: Control::MrpRequest(asked) });
    }

    /// The owner is back: what waits for it is sent, marked as perhaps sent before.
    pub(super) fn send_waiting(&mut self, now: Now, device: DeviceId, link: LinkId, out: &mut impl Sink<Effect>) {
        let sessions = self.sessions.owned_by(device);
        let waiting = self.pending.find(|pending| {
            pending.sent.is_none()
                && matches!(&pending.kind, Kind::Request(asked) if sessions.iter().any(|info| info.id == asked.session))
        });
        for request in waiting {
            let Some(Pending { kind: Kind::Request(mut asked), .. }) = self.pending.get(request).cloned() else {
                continue;
            };
            if let SessionCall::Run(run) = &mut asked.call {
                run.again = true;
            }
            self.pending.sent(request, link, now.boot.after(self.config.limits.request));
            self.send_request(link, asked, out);
        }
    }

    /// An answer came over a link.
    pub(super) fn on_response(&mut self, link: LinkId, answered: MrpResponse, out: &mut impl Sink<Effect>) {
        let is_asked = self.pending.get(answered.request).is_some_and(|pending| pending.sent == Some(link));
        if is_asked && let Some(pending) = self.pending.remove(answered.request) {
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
    pub(super) fn give_up(&mut self, now: Now, request: RequestId, pending: Pending, out: &mut impl Sink<Effect>) {
        match pending.kind {
            Kind::Request(asked) => {
                let refusal = if pending.sent.is_none() && self.here().is_none() {
                    self.owner_away(&asked)
                } else {
                    let detail = "the owner did not answer in time; whether it was done is not known";
                    Refusal::new(ErrorCode::DeadlineExceeded, detail)
                };
                self.refuse(pending.from, request, refusal, out);
            }
            Kind::Open(open) => self.open_unanswered(now, pending.from, request, open, out),
            Kind::Create(open) => {
                let detail = format!("{} was not made in time", open.key);
                let outcome = Err(Refusal::new(ErrorCode::DeadlineExceeded, detail));
                out.push(Effect::Send { link: pending.from, control: Control::Opened { request, outcome } });
            }
            Kind::List { question } => {
                if let Some(control) = self.own_list(&question) {
                    out.push(Effect::Send { link: pending.from, control });
                }
            }
        }
    }
}
