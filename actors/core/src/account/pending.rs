//! Requests that were passed on and wait for their answer.

use std::collections::{BTreeMap, BTreeSet};

use wayfare_protocol::control::{Control, DrainOrder, MrpRequest};
use wayfare_protocol::daemon::{DaemonRequest, StartDaemon};
use wayfare_protocol::session::OpenSession;
use wayfare_protocol::{Boot, DeviceId, NodeId, RequestId};

use super::LinkId;
use crate::session::Caller;

/// Where a request came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    /// A device of the account, or a client on this node.
    Device,
    /// This node's cloud.
    Upstream,
}

/// Names a pending request. One id may be pending twice on a node: asked by a client here, and passed back by the cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ask {
    pub(super) side: Side,
    pub(super) request: RequestId,
}

impl Ask {
    /// A device's request: the only ones that are passed on over links.
    pub(super) fn of_device(request: RequestId) -> Self {
        Self { side: Side::Device, request }
    }
}

/// Whether a request went over a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// It stays in this process, or waits for its owner.
    No,
    /// Over that one, which is up.
    Over(LinkId),
    /// Over one that is gone: it may or may not have arrived.
    Lost,
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An answer of a session's owner.
    Request(MrpRequest),
    /// A session that another device, or the cloud, is asked to make or to name.
    Open {
        /// As it was asked here.
        open: OpenSession,
        /// The device that was asked; `None`: the cloud, or another request for the same name is under way.
        target: Option<NodeId>,
    },
    /// A session that this node makes.
    Create(OpenSession),
    /// An answer of a daemon's owner.
    Daemon(DaemonRequest),
    /// A daemon that is made here, or that the cloud or another device is asked to make or to name.
    StartDaemon(StartDaemon),
    /// A list from the cloud.
    List { question: Control },
    /// A device that the cloud, or its store, is asked to revoke.
    Revoke(DeviceId),
    /// A device that the cloud, or its store, is asked to call otherwise.
    Rename(DeviceId, String),
    /// A node that is to be emptied, or not after all.
    Drain(NodeId, DrainOrder),
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    /// The link it came over.
    pub(super) from: LinkId,
    /// Where it went.
    pub(super) passed: Passed,
    /// When it is given up.
    pub(super) deadline: Boot,
    /// What it is.
    pub(super) kind: Kind,
}

/// All of them, by id and by deadline.
#[derive(Debug, Default)]
pub(super) struct Pendings {
    by_id: BTreeMap<Ask, Pending>,
    by_deadline: BTreeSet<(Boot, Ask)>,
    /// Which request each call of a session of this node answers.
    callers: BTreeMap<Caller, Ask>,
}

impl Pendings {
    /// Keeps a request; `false` if its id is taken.
    pub(super) fn add(&mut self, ask: Ask, pending: Pending) -> bool {
        if self.by_id.contains_key(&ask) {
            return false;
        }
        self.by_deadline.insert((pending.deadline, ask));
        self.by_id.insert(ask, pending);
        true
    }

    pub(super) fn get(&self, ask: Ask) -> Option<&Pending> {
        self.by_id.get(&ask)
    }

    pub(super) fn remove(&mut self, ask: Ask) -> Option<Pending> {
        let pending = self.by_id.remove(&ask)?;
        self.by_deadline.remove(&(pending.deadline, ask));
        Some(pending)
    }

    /// Asked again while it is under way: the answer goes to the asker's present link. `false` if it is not.
    pub(super) fn asked_again(&mut self, ask: Ask, from: LinkId) -> bool {
        let known = self.by_id.get_mut(&ask);
        known.map(|pending| pending.from = from).is_some()
    }

    /// Takes the request that an answer over a link is for.
    pub(super) fn answered_over(&mut self, link: LinkId, request: RequestId) -> Option<Pending> {
        let ask = Ask::of_device(request);
        self.get(ask).is_some_and(|pending| pending.passed == Passed::Over(link)).then(|| self.remove(ask)).flatten()
    }

    /// A session of this node was called for a request.
    pub(super) fn called(&mut self, caller: Caller, ask: Ask) {
        self.callers.insert(caller, ask);
    }

    /// The session answered; the request, if anybody still waits for it.
    pub(super) fn answered(&mut self, caller: Caller) -> Option<(RequestId, Pending)> {
        let ask = self.callers.remove(&caller)?;
        self.remove(ask).map(|pending| (ask.request, pending))
    }

    /// How many came over that link.
    pub(super) fn count_from(&self, link: LinkId) -> usize {
        self.by_id.values().filter(|pending| pending.from == link).count()
    }

    /// How many came over the link that a device's request came over, itself among them.
    pub(super) fn waiting_beside(&self, request: RequestId) -> usize {
        self.get(Ask::of_device(request)).map_or(0, |pending| self.count_from(pending.from))
    }

    /// Nobody waits for these any more. What makes a session goes on: others may wait for the same name.
    pub(super) fn drop_from(&mut self, link: LinkId) {
        self.by_id
            .retain(|_, pending| pending.from != link || matches!(pending.kind, Kind::Open { .. } | Kind::Create(_)));
        self.by_deadline.retain(|(_, ask)| self.by_id.contains_key(ask));
        self.callers.retain(|_, ask| self.by_id.contains_key(ask));
    }

    /// Those that went over a link.
    pub(super) fn passed_over(&self, link: LinkId) -> Vec<Ask> {
        self.find(|pending| pending.passed == Passed::Over(link))
    }

    /// The link they went over is gone; returns which.
    pub(super) fn lose(&mut self, link: LinkId) -> Vec<Ask> {
        let mut lost = Vec::new();
        for (ask, pending) in &mut self.by_id {
            if pending.passed == Passed::Over(link) {
                pending.passed = Passed::Lost;
                lost.push(*ask);
            }
        }
        lost
    }

    /// Gives a request up earlier than it would be.
    pub(super) fn hold(&mut self, ask: Ask, until: Boot) {
        if let Some(pending) = self.by_id.get_mut(&ask) {
            self.by_deadline.remove(&(pending.deadline, ask));
            pending.deadline = pending.deadline.min(until);
            self.by_deadline.insert((pending.deadline, ask));
        }
    }

    /// Notes over which link a request went, with its new deadline.
    pub(super) fn sent(&mut self, ask: Ask, link: LinkId, deadline: Boot) {
        if let Some(pending) = self.by_id.get_mut(&ask) {
            self.by_deadline.remove(&(pending.deadline, ask));
            pending.passed = Passed::Over(link);
            pending.deadline = deadline;
            self.by_deadline.insert((deadline, ask));
        }
    }

    /// Those that satisfy a condition, in order of id.
    pub(super) fn find(&self, mut condition: impl FnMut(&Pending) -> bool) -> Vec<Ask> {
        self.by_id.iter().filter(|(_, pending)| condition(pending)).map(|(ask, _)| *ask).collect()
    }

    pub(super) fn deadline(&self) -> Option<Boot> {
        self.by_deadline.first().map(|(deadline, _)| *deadline)
    }

    pub(super) fn take_due(&mut self, now: Boot) -> Option<(Ask, Pending)> {
        let (deadline, ask) = *self.by_deadline.first()?;
        if deadline > now {
            return None;
        }
        self.callers.retain(|_, asked| *asked != ask);
        self.remove(ask).map(|pending| (ask, pending))
    }
}
