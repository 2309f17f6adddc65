//! A daemon takes inputs in under one epoch on one node: the one to which the store granted that epoch. Once the store has granted
//! a later epoch to another node, the earlier owner takes nothing in: it has sealed before.

use wayfare_protocol::{EntityId, Epoch, NodeId};

use super::table::Table;
use super::{Findings, Rule, STORE, Seen, Setting};
use crate::fact::Fact;

pub(super) struct Accepts {
    /// Who took something in under an epoch.
    admitted: Table<(EntityId, Epoch), NodeId>,
    /// To whom the store granted an epoch.
    granted: Table<(EntityId, Epoch), NodeId>,
    /// The last grant.
    newest: Table<EntityId, (Epoch, NodeId)>,
    hears_store: bool,
}

impl Accepts {
    pub(super) fn new(setting: &Setting) -> Self {
        let (room, hears_store) = (setting.room, setting.hears_store);
        Self { admitted: Table::new(room), granted: Table::new(room), newest: Table::new(room), hears_store }
    }

    fn admitted(&mut self, daemon: EntityId, node: NodeId, epoch: Epoch, out: &mut Findings) {
        let who = || format!("{} takes inputs of {daemon} in at epoch {epoch}", node.0.short());
        if let Some(other) = self.admitted.get_or_set((daemon, epoch), node) {
            let other = *other;
            out.demand(other == node, || format!("{}, and {} did so too", who(), other.0.short()));
        }
        let granted = self.granted.get(&(daemon, epoch));
        // What was made out of the store's reach no store has granted.
        let is_known = epoch == Epoch::LOCAL || granted.is_some() || !self.hears_store;
        out.demand(is_known, || format!("{}, which the store has not granted", who()));
        if let Some(owner) = granted {
            out.demand(*owner == node, || format!("{}, which is {}'s", who(), owner.0.short()));
        }
        if let Some((later, owner)) = self.newest.get(&daemon).filter(|(later, _)| *later > epoch) {
            out.demand(*owner == node, || format!("{} after {} was granted {later}", who(), owner.0.short()));
        }
    }
}

impl Rule for Accepts {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings) {
        match seen.fact {
            Fact::Granted { resource, epoch, owner, .. } if seen.place == STORE || !self.hears_store => {
                let Some(daemon) = resource.daemon() else { return };
                self.granted.get_or_set((daemon, *epoch), *owner); // the first word counts: there is one owner
                if self.newest.get(&daemon).is_none_or(|(newest, _)| epoch > newest) {
                    self.newest.set(daemon, (*epoch, *owner));
                }
            }
            Fact::Admitted { daemon, node, epoch } => self.admitted(*daemon, *node, *epoch, out),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::ResourceId;
    use wayfare_protocol::ownership::Lineage;

    use super::super::Oracle;
    use super::super::case::{broken, daemon, epoch, node};
    use super::*;

    fn granted(n: u64, owner: u8) -> (&'static str, Fact) {
        let (resource, name) = (ResourceId::Daemon(daemon()), "votes (tally)".to_owned());
        (STORE, Fact::Granted { resource, name, lineage: Lineage(0), epoch: epoch(n), owner: node(owner) })
    }

    fn admits(n: u64, by: u8) -> (&'static str, Fact) {
        ("node", Fact::Admitted { daemon: daemon(), node: node(by), epoch: epoch(n) })
    }

    #[test]
    fn the_owner_takes_inputs_in_and_after_a_move_the_next_one_does() {
        assert_eq!(broken(&[granted(1, 1), admits(1, 1), granted(2, 2), admits(2, 2)]), []);
        let local = ("node", Fact::Admitted { daemon: daemon(), node: node(1), epoch: Epoch::LOCAL });
        assert_eq!(broken(&[local, granted(1, 1), admits(1, 1)]), []);
        assert_eq!(broken(&[granted(1, 1), granted(2, 1), admits(1, 1)]), [], "its own later row is on its way");
    }

    #[test]
    fn nobody_takes_inputs_in_before_the_store_says_so() {
        assert_eq!(broken(&[granted(1, 1), admits(2, 2)]), [Oracle::Accepts]);
        let (_, hearsay) = granted(2, 2);
        assert_eq!(broken(&[granted(1, 1), ("cloud", hearsay), admits(2, 2)]), [Oracle::Accepts], "the cloud says so");
    }

    #[test]
    fn under_an_epoch_only_its_owner_takes_inputs_in() {
        let both = [granted(1, 1), admits(1, 1), admits(1, 2)];
        assert_eq!(broken(&both), [Oracle::Accepts, Oracle::Accepts], "not its epoch, and another took in under it");
    }

    #[test]
    fn who_has_lost_the_row_takes_nothing_in() {
        assert_eq!(broken(&[granted(1, 1), granted(2, 2), admits(1, 1)]), [Oracle::Accepts]);
    }
}
