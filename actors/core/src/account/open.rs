//! Opening a session by name: the one that lives, or a new one where routing says.

use wayfare_protocol::capability::Accepting;
use wayfare_protocol::control::{Control, DeviceInfo, OpenedSession};
use wayfare_protocol::session::{OpenSession, RouteReason, SessionInfo};
use wayfare_protocol::{DeviceId, Epoch, ErrorCode, NodeId, Now, Refusal, RequestId, SessionId};

use super::pending::{Ask, Kind, Passed, Pending};
use super::{Account, Effect, LinkId, Place};
use crate::machine::Sink;
use crate::routing::{self, DeviceView, SessionView, View};

impl Account {
    pub(super) fn on_open(
        &mut self,
        now: Now,
        link: LinkId,
        request: RequestId,
        open: OpenSession,
        out: &mut impl Sink<Effect>,
    ) {
        let ask = self.ask(link, request);
        if self.pending.asked_again(ask, link) {
            return; // the answer is on its way
        }
        if let Some(info) = self.sessions.named(&open.key).cloned() {
            return self.open_known(link, request, &open, &info, out);
        }
        if let Some(refusal) = self.overload(link) {
            return self.refuse_open(link, request, refusal, out);
        }
        if !self.unknown.knows_names() {
            if self.unknown.held_for(link) >= self.config.limits.requests_per_link {
                let detail = "the sessions of this node are being read, and too many requests wait for that";
                return self.refuse_open(link, request, Refusal::new(ErrorCode::Overloaded, detail), out);
            }
            return self.unknown.hold(link, request, open);
        }
        let upstream = self.links.onward(link);
        match (&self.config.place, upstream) {
            (Place::Node { .. }, Some(upstream)) => self.pass_open(now, link, upstream, ask, open, None, out),
            (Place::Node { .. }, None) => self.open_new(now, link, ask, open, out),
            (Place::Cloud { .. }, _) => {
                if self.opens_of(&open).is_empty() {
                    return self.open_new(now, link, ask, open, out);
                }
                // Another client opens the same name: both get the one session.
                let deadline = now.boot.after(self.config.limits.open_session);
                let kind = Kind::Open { open, target: None };
                self.pending.add(ask, Pending { from: link, passed: Passed::No, deadline, kind });
            }
        }
    }

    /// Requests under way for the same name.
    fn opens_of(&self, open: &OpenSession) -> Vec<Ask> {
        self.pending.find(|pending| matches!(&pending.kind, Kind::Open { open: other, .. } if other.key == open.key))
    }

    /// A request as a device, or the cloud, is asked. The cloud knows every name; where it knows none, a node that can run the session is
    /// the user's own choice of place.
    pub(super) fn passed_on(&self, open: OpenSession, target: Option<NodeId>) -> OpenSession {
        let own = self.here().filter(|_| routing::is_for_here(&self.view(None, None), &open));
        OpenSession { device: target.or(open.device).or(own), ..open }
    }

    fn open_known(
        &self,
        link: LinkId,
        request: RequestId,
        open: &OpenSession,
        info: &SessionInfo,
        out: &mut impl Sink<Effect>,
    ) {
        let outcome = routing::route(&self.view(Some(info), None), open).map(|route| OpenedSession {
            session: self.seen(info),
            reason: route.reason,
            created: false,
        });
        out.push(Effect::Send { link, control: Control::Opened { request, outcome } });
    }

    /// `asker`: the link whose device asks; its own policy does not bind it.
    fn view(&self, session: Option<&SessionInfo>, asker: Option<LinkId>) -> View {
        let asker = asker.filter(|link| !self.links.is_of_program(*link)).and_then(|link| self.links.device(link));
        let accepting = |device: DeviceId| {
            if asker == Some(device) { Accepting::Everything } else { self.devices.accepting(device) }
        };
        let seen = |info: &DeviceInfo| DeviceView::of(info, accepting(info.device));
        View {
            here: self.here(),
            devices: self.device_list().iter().filter_map(seen).collect(),
            session: session.map(|info| SessionView { owner: info.owner, state: info.state.clone() }),
        }
    }

    fn open_new(&mut self, now: Now, link: LinkId, ask: Ask, open: OpenSession, out: &mut impl Sink<Effect>) {
        if link == LinkId::HERE {
            // It waited for the cloud, which knows where the session lives.
            let detail = format!("{} is not on this node, and the cloud does not answer", open.key);
            return self.refuse_open(link, ask.request, Refusal::new(ErrorCode::OwnerUnreachable, detail), out);
        }
        let target = match routing::route(&self.view(None, Some(link)), &open) {
            Ok(route) => route.node,
            Err(refusal) => return self.refuse_open(link, ask.request, refusal, out),
        };
        if self.here() == Some(target) {
            return self.create(now, link, ask, open, out);
        }
        match self.devices.link(target.0) {
            Some(onward) => self.pass_open(now, link, onward, ask, open, Some(target), out),
            None => {
                let detail = format!("{} is not connected", self.devices.name(target.0).unwrap_or("the device"));
                self.refuse_open(link, ask.request, Refusal::new(ErrorCode::OwnerUnreachable, detail), out);
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a request with its two ends")]
    fn pass_open(
        &mut self,
        now: Now,
        from: LinkId,
        onward: LinkId,
        ask: Ask,
        open: OpenSession,
        target: Option<NodeId>,
        out: &mut impl Sink<Effect>,
    ) {
        let deadline = now.boot.after(self.config.limits.open_session);
        let kind = Kind::Open { open: open.clone(), target };
        self.pending.add(ask, Pending { from, passed: Passed::Over(onward), deadline, kind });
        let open = self.passed_on(open, target);
        out.push(Effect::Send { link: onward, control: Control::Open { request: ask.request, open } });
    }

    fn refuse_open(&self, link: LinkId, request: RequestId, refusal: Refusal, out: &mut impl Sink<Effect>) {
        out.push(Effect::Send { link, control: Control::Opened { request, outcome: Err(refusal) } });
    }

    fn create(&mut self, now: Now, link: LinkId, ask: Ask, open: OpenSession, out: &mut impl Sink<Effect>) {
        let id = self.here().map_or(open.id, |here| open.id.made_by(here));
        let open = OpenSession { id, ..open };
        if self.sessions.len() >= self.config.limits.sessions {
            let detail = format!("this node has {} sessions already", self.sessions.len());
            return self.refuse_open(link, ask.request, Refusal::new(ErrorCode::Overloaded, detail), out);
        }
        // What this node's own programs asked for comes back from the cloud under the same id.
        if self.pending.get(Ask::of_device(ask.request)).is_none()
            && let Some(refusal) = self.reluctant(link, None)
        {
            return self.refuse_open(link, ask.request, refusal, out);
        }
        let same_name = |pending: &Pending| matches!(&pending.kind, Kind::Create(other) if other.key == open.key);
        let is_first = self.pending.find(same_name).is_empty();
        let deadline = now.boot.after(self.config.limits.open_session);
        let kind = Kind::Create(open.clone());
        self.pending.add(ask, Pending { from: link, passed: Passed::No, deadline, kind });
        if is_first {
            out.push(Effect::Create(open));
        }
    }

    /// A session of this node exists or changed: whoever asked for it is answered. The cloud is answered when its row is
    /// granted, so that it never routes under an epoch that is about to change.
    pub(super) fn answer_opens(&mut self, info: &SessionInfo, out: &mut impl Sink<Effect>) {
        let waiting = self.pending.find(|pending| {
            let is_this = matches!(&pending.kind, Kind::Create(open) if open.id == info.id || open.key == info.key);
            is_this && (!self.links.is_upstream(pending.from) || info.epoch > Epoch::LOCAL)
        });
        for ask in waiting {
            let Some(pending) = self.pending.remove(ask) else { continue };
            let reason = self.creation_reason(&pending);
            let outcome = Ok(OpenedSession { session: info.clone(), reason, created: true });
            let control = Control::Opened { request: ask.request, outcome };
            out.push(Effect::Send { link: pending.from, control });
        }
    }

    fn creation_reason(&self, pending: &Pending) -> RouteReason {
        if self.links.is_upstream(pending.from) {
            RouteReason::ColdStartByCapability
        } else {
            RouteReason::ColdStartHere
        }
    }

    pub(super) fn create_failed(&mut self, session: SessionId, refusal: Refusal, out: &mut impl Sink<Effect>) {
        for ask in self.waiting_creates(session) {
            if let Some(pending) = self.pending.remove(ask) {
                self.refuse_open(pending.from, ask.request, refusal.clone(), out);
            }
        }
    }

    /// The device or the cloud that was asked has answered.
    pub(super) fn on_opened(
        &mut self,
        link: LinkId,
        request: RequestId,
        outcome: Result<OpenedSession, Refusal>,
        out: &mut impl Sink<Effect>,
    ) {
        let Some(pending) = self.pending.answered_over(link, request) else { return };
        let Kind::Open { open, .. } = pending.kind else { return };
        let outcome = self.with_reason(&open, outcome);
        let control = Control::Opened { request, outcome: outcome.clone() };
        out.push(Effect::Send { link: pending.from, control });
        if matches!(self.config.place, Place::Cloud { .. }) {
            self.answer_followers(&open, &outcome, out);
        }
    }

    /// Whoever asked for the same name meanwhile gets the same answer.
    fn answer_followers(
        &mut self,
        open: &OpenSession,
        outcome: &Result<OpenedSession, Refusal>,
        out: &mut impl Sink<Effect>,
    ) {
        for ask in self.opens_of(open) {
            let Some(pending) = self.pending.remove(ask) else { continue };
            let outcome = outcome.clone().map(|opened| OpenedSession {
                created: false,
                reason: RouteReason::RunningElsewhere,
                ..opened
            });
            out.push(Effect::Send { link: pending.from, control: Control::Opened { request: ask.request, outcome } });
        }
    }

    /// The reason as the asker sees it: its own node is `here`, a device that it named is its choice.
    fn with_reason(
        &self,
        open: &OpenSession,
        outcome: Result<OpenedSession, Refusal>,
    ) -> Result<OpenedSession, Refusal> {
        let mut opened = outcome?;
        let owner: NodeId = opened.session.owner;
        opened.reason = match (self.here() == Some(owner), opened.created, open.device) {
            (true, true, None) => RouteReason::ColdStartHere,
            (true, false, _) => RouteReason::LocalOwner,
            (_, true, Some(device)) if device == owner => RouteReason::ChosenByUser,
            (_, _, _) => opened.reason,
        };
        Ok(opened)
    }

    /// Nobody answered in time. A node that can run it does not wait for its cloud for ever.
    pub(super) fn open_unanswered(
        &mut self,
        now: Now,
        link: LinkId,
        ask: Ask,
        open: OpenSession,
        out: &mut impl Sink<Effect>,
    ) {
        match (&self.config.place, self.sessions.named(&open.key).cloned()) {
            // Its answer was lost, and others told of it.
            (_, Some(info)) => self.open_known(link, ask.request, &open, &info, out),
            (Place::Node { .. }, None) => self.open_new(now, link, ask, open, out),
            (Place::Cloud { .. }, None) => {
                let detail = format!("the device that was to start {} did not answer in time", open.key);
                let refusal = Refusal::new(ErrorCode::DeadlineExceeded, detail);
                self.refuse_open(link, ask.request, refusal.clone(), out);
                self.answer_followers(&open, &Err(refusal), out);
            }
        }
    }
}
