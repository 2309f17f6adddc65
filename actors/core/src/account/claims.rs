//! Claims of rows: from a session of this node to the cloud, and in the cloud to the store.

use std::collections::BTreeMap;

use wayfare_protocol::control::Control;
use wayfare_protocol::ownership::{Claim, ClaimOutcome, Row};
use wayfare_protocol::session::SessionState;
use wayfare_protocol::{ErrorCode, Refusal, RequestId, ResourceId};

use super::{Account, Effect, LinkId, MigrationNews, Place, StoreAnswer};
use crate::claim::is_outlived;
use crate::machine::{OpId, Sink};
use crate::ownership;

/// Who on a node wants a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asker {
    /// The resource itself.
    Resource(ResourceId),
    /// A migration.
    Migration,
}

/// Claims under way.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// On a node: which resource asked.
    asked: BTreeMap<RequestId, Asker>,
    /// In the cloud: which link asked, and under which request.
    stored: BTreeMap<OpId, (LinkId, RequestId)>,
}

impl Claims {
    pub(super) fn asked_by_migration(&mut self, request: RequestId) {
        self.asked.insert(request, Asker::Migration);
    }

    /// Their answers will not come: the link is gone.
    pub(super) fn forget_migrations(&mut self) {
        self.asked.retain(|_, asker| *asker != Asker::Migration);
    }
}

impl Account {
    /// A resource of this node claims its row.
    pub(super) fn forward_claim(
        &mut self,
        resource: ResourceId,
        request: RequestId,
        claim: Claim,
        out: &mut impl Sink<Effect>,
    ) {
        if let Some(upstream) = self.links.upstream() {
            // A repeat replaces the one before: its answer is the one that counts.
            self.claims.asked.retain(|_, asker| *asker != Asker::Resource(resource));
            self.claims.asked.insert(request, Asker::Resource(resource));
            out.push(Effect::Send { link: upstream, control: Control::Claim { request, claim } });
        }
    }

    /// The cloud answered.
    pub(super) fn on_claim_answer(
        &mut self,
        link: LinkId,
        request: RequestId,
        outcome: Result<ClaimOutcome, Refusal>,
        out: &mut impl Sink<Effect>,
    ) {
        if !self.links.is_upstream(link) {
            return;
        }
        match self.claims.asked.remove(&request) {
            Some(Asker::Resource(resource)) => {
                out.push(Effect::Ownership { resource, input: ownership::Input::Claimed(outcome) });
            }
            Some(Asker::Migration) => {
                let row = match &outcome {
                    Ok(ClaimOutcome::Granted(row) | ClaimOutcome::Superseded(row)) => Some(row.clone()),
                    Ok(ClaimOutcome::NameTaken(_)) | Err(_) => None,
                };
                let answer = StoreAnswer::Claimed(outcome);
                out.push(Effect::Migration(MigrationNews::Answered { request, answer }));
                if let Some(row) = row {
                    self.on_row(link, row, out); // the cloud tells everybody but the node that asked, where others wait for it too
                }
            }
            None => {}
        }
    }

    /// A node claims a row. It may claim what it owns, and what nobody owns; nothing is taken from another here. Whose a daemon is, it may
    /// give to another node: that is how a migration ends.
    pub(super) fn on_claim(&mut self, link: LinkId, request: RequestId, claim: Claim, out: &mut impl Sink<Effect>) {
        let device = self.links.device(link);
        let is_named_for_its_kind = match claim.next.resource {
            ResourceId::Session(_) => claim.next.key.session().is_some(),
            ResourceId::Daemon(_) => claim.next.key.daemon().is_some(),
        };
        if !is_named_for_its_kind {
            let detail = format!("{:?} cannot be called {}", claim.next.resource, claim.next.key);
            let outcome = Err(Refusal::new(ErrorCode::Malformed, detail));
            return out.push(Effect::Send { link, control: Control::Claimed { request, outcome } });
        }
        let before = match claim.next.resource {
            ResourceId::Session(session) => self.sessions.get(session).map(|info| (info.owner.0, info.epoch)),
            ResourceId::Daemon(daemon) => self.daemons.get(daemon).map(|info| (info.owner.0, info.epoch)),
        };
        // After a restore the present owner may be one that the row does not know yet.
        let is_outlived = |row| match (&self.config.place, claim.expect) {
            (Place::Cloud { generation }, Some(expect)) => is_outlived(row, expect, *generation),
            (Place::Cloud { .. } | Place::Node { .. }, _) => false,
        };
        let is_for_itself = device == Some(claim.next.owner.0);
        let is_daemon = matches!(claim.next.resource, ResourceId::Daemon(_));
        let is_own = match before {
            None => is_for_itself,
            Some((owner, _)) if Some(owner) == device => is_for_itself || is_daemon,
            // Such a claim changes nothing, and its answer is what became of the one before, or of a migration.
            Some((_, row)) if is_daemon && claim.expect.is_some_and(|expect| expect < row) => true,
            Some((owner, row)) => {
                is_for_itself && (is_outlived(row) || self.takes_over(device, owner, claim.next.resource))
            }
        };
        if self.here().is_some() || !is_own {
            let detail = "only its present owner may claim a row that has one";
            let outcome = Err(Refusal::new(ErrorCode::Forbidden, detail));
            return out.push(Effect::Send { link, control: Control::Claimed { request, outcome } });
        }
        let op = self.ops.take();
        self.claims.stored.insert(op, (link, request));
        out.push(Effect::Claim { op, claim });
    }

    /// The store answered.
    pub(super) fn on_claimed(&mut self, op: OpId, outcome: Result<ClaimOutcome, Refusal>, out: &mut impl Sink<Effect>) {
        let Some((link, request)) = self.claims.stored.remove(&op) else { return };
        if let Ok(ClaimOutcome::Granted(row) | ClaimOutcome::Superseded(row)) = &outcome {
            let before = row.resource.daemon().and_then(|daemon| self.owner_of_daemon(daemon));
            self.take_row(row);
            if row.resource.daemon().is_some() && matches!(outcome, Ok(ClaimOutcome::Granted(_))) {
                self.tell_owners(link, before, row, out);
            }
        }
        if self.links.peer(link).is_some() {
            out.push(Effect::Send { link, control: Control::Claimed { request, outcome } });
        }
    }

    /// A row as the store has it now.
    fn take_row(&mut self, row: &Row) {
        self.put_row(row);
        let Some(session) = row.resource.session() else { return };
        if self.devices.link(row.owner.0).is_some()
            && let Some(known) = self.sessions.get_mut(session)
            && known.state == SessionState::Unreachable
        {
            known.state = SessionState::Cold; // until its owner says otherwise
        }
    }

    /// The cloud tells of a row.
    pub(super) fn on_row(&mut self, link: LinkId, row: Row, out: &mut impl Sink<Effect>) {
        let is_here = match row.resource {
            ResourceId::Session(session) => self.sessions.get(session).is_some(),
            ResourceId::Daemon(daemon) => self.daemons.get(daemon).is_some(),
        };
        if self.links.is_upstream(link) && row.resource.daemon().is_some() {
            out.push(Effect::Migration(MigrationNews::Row(Box::new(row.clone()))));
        }
        if self.links.is_upstream(link) && is_here {
            out.push(Effect::Ownership { resource: row.resource, input: ownership::Input::Row(row) });
        }
    }
}
