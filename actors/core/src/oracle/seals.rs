//! Who has sealed a daemon takes nothing in under that epoch or an earlier one: it goes on only on a later row that it has read.

use wayfare_protocol::{EntityId, Epoch, NodeId};

use super::table::Table;
use super::{Findings, Rule, Seen};
use crate::fact::Fact;

/// The last epoch that a node has sealed.
pub(super) struct Seals(Table<(EntityId, NodeId), Epoch>);

impl Seals {
    pub(super) fn new(room: usize) -> Self {
        Self(Table::new(room))
    }
}

impl Rule for Seals {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings) {
        match seen.fact {
            Fact::Sealed { daemon, node, epoch } => {
                if let Some(sealed) = self.0.get_or_set((*daemon, *node), *epoch) {
                    *sealed = (*sealed).max(*epoch);
                }
            }
            Fact::Admitted { daemon, node, epoch } => {
                let Some(sealed) = self.0.get(&(*daemon, *node)) else { return };
                out.demand(epoch > sealed, || {
                    let node = node.0.short();
                    format!("{node} has sealed {daemon} at epoch {sealed}, and takes inputs in at {epoch}")
                });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::case::{daemon, epoch, node};
    use super::super::{Judge, Oracle, Setting};
    use super::*;

    /// Of a process that hears nothing of the store.
    fn broken(facts: &[Fact]) -> Vec<Oracle> {
        let mut judge = Judge::new(&Setting::of_process(wayfare_protocol::Limits::default()));
        let seen = |fact| Seen { at: std::time::Duration::ZERO, place: "node", fact };
        facts.iter().flat_map(|fact| judge.observe(seen(fact))).map(|violation| violation.oracle).collect()
    }

    #[test]
    fn a_sealed_owner_goes_on_under_a_later_epoch_only() {
        let admits = |n, by| Fact::Admitted { daemon: daemon(), node: node(by), epoch: epoch(n) };
        let sealed = |n| Fact::Sealed { daemon: daemon(), node: node(1), epoch: epoch(n) };
        assert_eq!(broken(&[admits(1, 1), sealed(1), admits(2, 1)]), []);
        assert_eq!(broken(&[admits(1, 1), sealed(1), admits(1, 1)]), [Oracle::Seals]);
        assert_eq!(broken(&[sealed(3), sealed(1), admits(2, 1)]), [Oracle::Seals]);
        assert_eq!(broken(&[sealed(3), admits(4, 2)]), [], "another node");
    }
}
