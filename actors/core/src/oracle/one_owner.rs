//! One owner per (resource, lineage, epoch): what the store granted, and who acts under it.

use wayfare_protocol::ownership::Lineage;
use wayfare_protocol::{Epoch, NodeId, ResourceId};

use super::table::Table;
use super::{Findings, Rule, Seen};
use crate::fact::Fact;

pub(super) struct OneOwner(Table<(ResourceId, Lineage, Epoch), NodeId>);

impl OneOwner {
    pub(super) fn new(room: usize) -> Self {
        Self(Table::new(room))
    }
}

impl Rule for OneOwner {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings) {
        let (resource, lineage, epoch, owner) = match seen.fact {
            Fact::Granted { resource, lineage, epoch, owner, .. } => (*resource, *lineage, *epoch, *owner),
            Fact::Held { resource, lineage, epoch, node } => (*resource, *lineage, *epoch, *node),
            _ => return,
        };
        match self.0.get(&(resource, lineage, epoch)) {
            None => self.0.set((resource, lineage, epoch), owner),
            Some(known) => out.demand(*known == owner, || {
                let (one, other) = (known.0.short(), owner.0.short());
                format!("{resource:?} at epoch {epoch} is {one}'s, and {} says {other}'s", seen.place)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Oracle;
    use super::super::case::{broken, granted, held, session};

    #[test]
    fn an_epoch_has_one_owner() {
        assert_eq!(broken(&[("cloud", granted(session(), 1, 1)), ("a", held(1, 1)), ("b", held(2, 2))]), []);
        assert_eq!(broken(&[("cloud", granted(session(), 1, 1)), ("b", held(1, 2))]), [Oracle::OneOwner]);
    }
}
