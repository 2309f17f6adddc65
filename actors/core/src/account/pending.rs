//! Requests that were passed on and wait for their answer.

use std::collections::{BTreeMap, BTreeSet};

use wayfare_protocol::control::{Control, MrpRequest};
use wayfare_protocol::session::OpenSession;
use wayfare_protocol::{Boot, RequestId};

use super::LinkId;
use crate::session::Caller;

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An answer of a session's owner.
    Request(MrpRequest),
    /// A session that another device, or the cloud, is asked to make or to name.
    Open(OpenSession),
    /// A session that this node makes.
    Create(OpenSession),
    /// A list from the cloud.
    List { question: Control },
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    /// The link it came over.
    pub(super) from: LinkId,
    /// The link it went over; `None` while its owner is away, or when it stays in this process.
    pub(super) sent: Option<LinkId>,
    /// When it is given up.
    pub(super) deadline: Boot,
    /// What it is.
    pub(super) kind: Kind,
}

/// All of them, by id and by deadline.
#[derive(Debug, Default)]
pub(super) struct Pendings {
    by_id: BTreeMap<RequestId, Pending>,
    by_deadline: BTreeSet<(Boot, RequestId)>,
    /// Which request each call of a session of this node answers.
    callers: BTreeMap<Caller, RequestId>,
}

impl Pendings {
    /// Keeps a request; `false` if its id is taken.
    pub(super) fn add(&mut self, request: RequestId, pending: Pending) -> bool {
        if self.by_id.contains_key(&request) {
            return false;
        }
        self.by_deadline.insert((pending.deadline, request));
        self.by_id.insert(request, pending);
        true
    }

    pub(super) fn get(&self, request: RequestId) -> Option<&Pending> {
        self.by_id.get(&request)
    }

    pub(super) fn remove(&mut self, request: RequestId) -> Option<Pending> {
        let pending = self.by_id.remove(&request)?;
        self.by_deadline.remove(&(pending.deadline, request));
        Some(pending)
    }

    /// A session of this node was called for a request.
    pub(super) fn called(&mut self, caller: Caller, request: RequestId) {
        self.callers.insert(caller, request);
    }

    /// The session answered; the request, if anybody still waits for it.
    pub(super) fn answered(&mut self, caller: Caller) -> Option<(RequestId, Pending)> {
        let request = self.callers.remove(&caller)?;
        self.remove(request).map(|pending| (request, pending))
    }

    /// How many came over that link.
    pub(super) fn count_from(&self, link: LinkId) -> usize {
        self.by_id.values().filter(|pending| pending.from == link).count()
    }

    /// Nobody waits for these any more.
    pub(super) fn drop_from(&mut self, link: LinkId) {
        self.by_deadline.retain(|(_, request)| self.by_id.get(request).is_some_and(|pending| pending.from != link));
        self.by_id.retain(|_, pending| pending.from != link);
    }

    /// The link they went over is gone; returns which.
    pub(super) fn unsend(&mut self, link: LinkId) -> Vec<RequestId> {
        let mut unsent = Vec::new();
        for (request, pending) in &mut self.by_id {
            if pending.sent == Some(link) {
                pending.sent = None;
                unsent.push(*request);
            }
        }
        unsent
    }

    /// Gives a request up earlier than it would be.
    pub(super) fn hold(&mut self, request: RequestId, until: Boot) {
        if let Some(pending) = self.by_id.get_mut(&request) {
            self.by_deadline.remove(&(pending.deadline, request));
            pending.deadline = pending.deadline.min(until);
            self.by_deadline.insert((pending.deadline, request));
        }
    }

    /// Notes over which link a request went, with its new deadline.
    pub(super) fn sent(&mut self, request: RequestId, link: LinkId, deadline: Boot) {
        if let Some(pending) = self.by_id.get_mut(&request) {
            self.by_deadline.remove(&(pending.deadline, request));
            pending.sent = Some(link);
            pending.deadline = deadline;
            self.by_deadline.insert((deadline, request));
        }
    }

    /// Those that satisfy a condition, in order of id.
    pub(super) fn find(&self, mut condition: impl FnMut(&Pending) -> bool) -> Vec<RequestId> {
        self.by_id.iter().filter(|(_, pending)| condition(pending)).map(|(request, _)| *request).collect()
    }

    pub(super) fn deadline(&self) -> Option<Boot> {
        self.by_deadline.first().map(|(deadline, _)| *deadline)
    }

    pub(super) fn take_due(&mut self, now: Boot) -> Option<(RequestId, Pending)> {
        let (deadline, request) = *self.by_deadline.first()?;
        if deadline > now {
            return None;
        }
        self.remove(request).map(|pending| (request, pending))
    }
}
