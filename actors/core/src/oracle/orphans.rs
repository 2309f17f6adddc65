//! When nothing is under way, a daemon is on the node that its row names, and nowhere else: no copy that followed, none that was left
//! behind sealed or released, and no key. Nor does a node keep chunks of snapshots of which no log there tells.

use super::{Findings, Rule, Seen};
use crate::fact::{Fact, Homes, Strays};

pub(super) struct Orphans;

impl Rule for Orphans {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings) {
        if let Fact::Homes(Homes { daemon, owner, nodes }) = seen.fact {
            out.demand(owner.is_some_and(|owner| *nodes == [owner]), || {
                let owner = owner.map_or_else(|| "nobody's".to_owned(), |owner| format!("{}'s", owner.0.short()));
                let nodes: Vec<_> = nodes.iter().map(|node| node.0.short()).collect();
                format!("{daemon} is {owner} by its row, and is kept by {nodes:?}")
            });
        }
        if let Fact::Strays(Strays { node, chunks }) = seen.fact {
            out.demand(*chunks == 0, || format!("{} keeps {chunks} chunks that nothing needs", node.0.short()));
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
            broken(&[("world", Fact::Homes(Homes { daemon: daemon(), owner: owner.map(node), nodes }))])
        };
        assert_eq!(homes(Some(1), &[1]), []);
        for (owner, nodes) in [(Some(1), &[][..]), (Some(1), &[2]), (Some(1), &[1, 2]), (None, &[1])] {
            assert_eq!(homes(owner, nodes), [Oracle::Orphans], "{owner:?} {nodes:?}");
        }
    }

    #[test]
    fn nothing_is_kept_that_nothing_needs() {
        let strays = |chunks| broken(&[("world", Fact::Strays(Strays { node: node(1), chunks }))]);
        assert_eq!(strays(0), []);
        assert_eq!(strays(1), [Oracle::Orphans]);
    }
}
