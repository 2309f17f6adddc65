//! A superseded owner never answers for an epoch that is another's: not under a grant to somebody else, and not once it knows
//! of one.

use wayfare_protocol::{Epoch, NodeId, ResourceId};

use super::table::Table;
use super::{Findings, Rule, Seen};
use crate::fact::Fact;

pub(super) struct Superseded {
    granted: Table<(ResourceId, Epoch), NodeId>,
    /// The epoch by which a node knows itself superseded.
    released: Table<(ResourceId, NodeId), Epoch>,
}

impl Superseded {
    pub(super) fn new(room: usize) -> Self {
        Self { granted: Table::new(room), released: Table::new(room) }
    }
}

impl Rule for Superseded {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings) {
        match seen.fact {
            Fact::Granted { resource, epoch, owner, .. } => {
                self.granted.get_or_set((*resource, *epoch), *owner); // the first word counts: there is one owner
            }
            Fact::Released { resource, epoch, node } => self.released.set((*resource, *node), *epoch),
            Fact::Answered { session, node, epoch, .. } => {
                let resource = ResourceId::Session(*session);
                if let Some(owner) = self.granted.get(&(resource, *epoch)) {
                    out.demand(owner == node, || {
                        let (node, owner) = (node.0.short(), owner.0.short());
                        format!("{node} answered for session {session} at {epoch}, which is {owner}'s")
                    });
                }
                if let Some(by) = self.released.get(&(resource, *node)) {
                    out.demand(epoch != by, || {
                        format!(
                            "{} answered for session {session} at {epoch}, by which it is superseded",
                            node.0.short()
                        )
                    });
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Oracle;
    use super::super::case::{broken, epoch, granted, node, session};
    use super::*;

    #[test]
    fn an_answer_under_an_epoch_comes_from_its_owner() {
        let answered = |n| Fact::Answered { session: session(), node: node(1), epoch: epoch(n), position: None };
        let released = Fact::Released { resource: ResourceId::Session(session()), epoch: epoch(2), node: node(1) };
        assert_eq!(broken(&[("cloud", granted(session(), 1, 1)), ("a", answered(1))]), []);
        assert_eq!(broken(&[("cloud", granted(session(), 2, 2)), ("a", answered(2))]), [Oracle::Superseded]);
        assert_eq!(broken(&[("a", released), ("a", answered(2))]), [Oracle::Superseded]);
    }
}
