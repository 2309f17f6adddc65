//! Who is chosen for a daemon has its code, takes daemons, and is not the node that the daemon leaves.

use std::time::Duration;

use wayfare_protocol::NodeId;
use wayfare_protocol::daemon::DaemonKind;

use super::table::Table;
use super::{Findings, Rule, Seen};
use crate::fact::{Fact, Placing};

/// Who says that it takes nothing is chosen no more after that time: its word is on its way, or its link is lost without that the cloud
/// knows.
const HEARD_WITHIN: Duration = Duration::from_secs(60);

pub(super) struct Placement {
    code: Table<NodeId, Vec<DaemonKind>>,
    /// Nodes that take nothing, and since when.
    closed: Table<NodeId, Duration>,
}

impl Placement {
    pub(super) fn new(room: usize) -> Self {
        Self { code: Table::new(room), closed: Table::new(room) }
    }

    fn chosen(&self, at: Duration, kind: &DaemonKind, node: NodeId, leaves: Option<NodeId>, out: &mut Findings) {
        let who = || format!("{} is chosen for a daemon of kind {kind}", node.0.short());
        if let Some(kinds) = self.code.get(&node) {
            out.demand(kinds.contains(kind), || format!("{}, whose code it does not have", who()));
        }
        out.demand(leaves != Some(node), || format!("{}, which leaves it", who()));
        let since = self.closed.get(&node).map(|since| at.saturating_sub(*since));
        out.demand(since.is_none_or(|since| since <= HEARD_WITHIN), || {
            format!("{}, and has taken none for {:?}", who(), since.unwrap_or_default())
        });
    }
}

impl Rule for Placement {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings) {
        match seen.fact {
            Fact::Placing(Placing::Code { node, kinds }) => self.code.set(*node, kinds.clone()),
            Fact::Placing(Placing::Takes { node, takes: false }) => {
                self.closed.get_or_set(*node, seen.at); // since its first word
            }
            Fact::Placing(Placing::Takes { node, takes: true }) => self.closed.remove(node),
            // Who has a new link takes everything until it says otherwise.
            Fact::Joined { device, .. } => self.closed.remove(&NodeId(*device)),
            Fact::Placing(Placing::Chosen { kind, node, leaves, .. }) => {
                self.chosen(seen.at, kind, *node, *leaves, out);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::case::node;
    use super::super::{Judge, Oracle, Setting};
    use super::*;

    fn kind(name: &str) -> DaemonKind {
        name.parse().unwrap()
    }

    fn code(of: u8, kinds: &[&str]) -> Fact {
        let kinds = kinds.iter().map(|name| kind(name)).collect();
        Fact::Placing(Placing::Code { node: node(of), kinds })
    }

    fn takes(of: u8, takes: bool) -> Fact {
        Fact::Placing(Placing::Takes { node: node(of), takes })
    }

    fn chosen(of: u8, leaves: Option<u8>) -> Fact {
        let (kind, leaves) = (kind("tally"), leaves.map(node));
        Fact::Placing(Placing::Chosen { daemon: None, kind, node: node(of), leaves })
    }

    /// The rules that facts break, each at its second.
    fn broken(facts: &[(u64, Fact)]) -> Vec<Oracle> {
        let mut judge = Judge::new(&Setting::of_process(wayfare_protocol::Limits::default()));
        let mut see =
            |(at, fact): &(u64, Fact)| judge.observe(Seen { at: Duration::from_secs(*at), place: "cloud", fact });
        facts.iter().flat_map(&mut see).map(|violation| violation.oracle).collect()
    }

    #[test]
    fn who_is_chosen_has_the_code() {
        assert_eq!(broken(&[(0, code(1, &["tally", "window"])), (1, chosen(1, None))]), []);
        assert_eq!(broken(&[(0, code(1, &["window"])), (1, chosen(1, None))]), [Oracle::Placement]);
        assert_eq!(broken(&[(1, chosen(1, None))]), [], "nobody says what it has");
    }

    #[test]
    fn a_daemon_does_not_go_where_it_comes_from() {
        assert_eq!(broken(&[(1, chosen(2, Some(1)))]), []);
        assert_eq!(broken(&[(1, chosen(1, Some(1)))]), [Oracle::Placement]);
    }

    #[test]
    fn who_takes_nothing_is_not_chosen_once_that_is_known() {
        assert_eq!(broken(&[(0, takes(1, false)), (60, chosen(1, None))]), [], "its word may be on its way");
        assert_eq!(broken(&[(0, takes(1, false)), (61, chosen(1, None))]), [Oracle::Placement]);
        assert_eq!(broken(&[(0, takes(1, false)), (30, takes(1, false)), (61, chosen(1, None))]), [Oracle::Placement]);
        assert_eq!(broken(&[(0, takes(1, false)), (61, chosen(2, None))]), [], "another node");
        assert_eq!(broken(&[(0, takes(1, false)), (5, takes(1, true)), (61, chosen(1, None))]), []);
        let joined = Fact::Joined { device: node(1).0, account: wayfare_protocol::AccountId(uuid::Uuid::nil()) };
        assert_eq!(broken(&[(0, takes(1, false)), (5, joined), (61, chosen(1, None))]), [], "it may have begun anew");
    }
}
