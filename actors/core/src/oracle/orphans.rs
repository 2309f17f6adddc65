//! When nothing is under way, a daemon is on the node that its row names, and nowhere else: no copy that followed, none that was left
//! behind sealed or released, and no key.

use super::{Findings, Rule, Seen};
use crate::fact::Fact;

pub(super) struct Orphans;

impl Rule for Orphans {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings) {
        if let Fact::Homes { daemon, owner, nodes } = seen.fact {
            out.demand(owner.is_some_and(|owner| *nodes == [owner]), || {
                let owner = owner.map_or_else(|| "nobody's".to_owned(), |owner| format!("{}'s", owner.0.short()));
                let nodes: Vec<_> = nodes.iter().map(|node| node.0.short()).collect();
                format!("{daemon} is {owner} by its row, and is kept by {nodes:?}")
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Oracle;
    use super::super::case::{broken, daemon, node};
    use super::*;

    #[test]
    fn a_daemon_is_where_its_row_says_and_nowhere_else() {
        let homes = |owner: Option<u8>, nodes: &[u8]| {
            let nodes = nodes.iter().map(|number| node(*number)).collect();
            broken(&[("world", Fact::Homes { daemon: daemon(), owner: owner.map(node), nodes })])
        };
        assert_eq!(homes(Some(1), &[1]), []);
        for (owner, nodes) in [(Some(1), &[][..]), (Some(1), &[2]), (Some(1), &[1, 2]), (None, &[1])] {
            assert_eq!(homes(owner, nodes), [Oracle::Orphans], "{owner:?} {nodes:?}");
        }
    }
}
