//! What one daemon takes from another is what that one says, each output once and in order, and what it has acknowledged it does not ask for
//! again.

use wayfare_protocol::EntityId;

use super::table::Table;
use super::{Findings, Rule, Seen};
use crate::fact::{EventDigest, Fact};

/// Who takes, and from whom.
type Feed = (EntityId, EntityId);

pub(super) struct Feeds {
    /// What an output says: as its daemon said it last.
    said: Table<(EntityId, u64), EventDigest>,
    /// What was taken of a daemon's outputs.
    taken: Table<(EntityId, u64), EventDigest>,
    /// The last output that was taken.
    last: Table<Feed, u64>,
    /// The last output that was acknowledged.
    acknowledged: Table<Feed, u64>,
}

impl Feeds {
    pub(super) fn new(room: usize) -> Self {
        Self { said: Table::new(room), taken: Table::new(room), last: Table::new(room), acknowledged: Table::new(room) }
    }
}

impl Rule for Feeds {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings) {
        match seen.fact {
            Fact::Emitted { daemon, number, payload, .. } => {
                if let Some(taken) = self.taken.get(&(*daemon, *number)) {
                    out.demand(taken == payload, || {
                        format!("output {number} of {daemon} was taken, and is another now")
                    });
                }
                self.said.set((*daemon, *number), *payload);
            }
            Fact::Fed { daemon, from, number, payload } => {
                let said = self.said.get(&(*from, *number));
                out.demand(said.is_none_or(|said| said == payload), || {
                    format!("{daemon} takes output {number} of {from} for what it does not say")
                });
                let last = self.last.get(&(*daemon, *from)).copied();
                out.demand(last.is_none_or(|last| *number <= last + 1), || {
                    format!("{daemon} takes output {number} of {from} after {last:?}")
                });
                self.last.set((*daemon, *from), last.unwrap_or(0).max(*number));
                self.taken.set((*from, *number), *payload);
            }
            Fact::Fetched { daemon, from, after } => {
                let acknowledged = self.acknowledged.get(&(*daemon, *from)).copied().unwrap_or(0);
                out.demand(acknowledged <= *after, || {
                    format!("{daemon} acknowledged output {acknowledged} of {from}, and asks for those after {after}")
                });
                self.acknowledged.set((*daemon, *from), *after);
            }
            // What it had said later may be another now, and what it had taken later it asks for again.
            Fact::Recovered { daemon, output, .. } => {
                let is_left = |of: &EntityId, number: &u64| of != daemon || number <= output;
                self.said.retain(|(of, number), _| is_left(of, number));
                self.taken.retain(|(of, number), _| is_left(of, number));
                self.last.retain(|(taker, _), _| taker != daemon);
                self.acknowledged.retain(|(taker, _), _| taker != daemon);
            }
            // What comes after that begins anew.
            Fact::Unfed { daemon, from } => {
                self.last.remove(&(*daemon, *from));
                self.acknowledged.remove(&(*daemon, *from));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::identity::PublicKey;

    use super::super::Oracle;
    use super::super::case::{broken, daemon};
    use super::*;

    fn taker() -> EntityId {
        EntityId(PublicKey([8; 32]))
    }

    fn emitted(number: u64, payload: u64) -> (&'static str, Fact) {
        let payload = EventDigest(payload);
        ("a", Fact::Emitted { daemon: daemon(), number, digest: EventDigest(0), payload })
    }

    fn fed(number: u64, payload: u64) -> (&'static str, Fact) {
        ("b", Fact::Fed { daemon: taker(), from: daemon(), number, payload: EventDigest(payload) })
    }

    fn fetched(after: u64) -> (&'static str, Fact) {
        ("b", Fact::Fetched { daemon: taker(), from: daemon(), after })
    }

    #[test]
    fn what_is_taken_is_what_was_said() {
        assert_eq!(broken(&[emitted(1, 5), emitted(1, 6), fed(1, 6), fed(1, 6)]), [], "one that was lost is made anew");
        let recovered = |output| ("store", Fact::Recovered { daemon: daemon(), position: 1, output });
        assert_eq!(broken(&[emitted(2, 5), fed(2, 5), recovered(1), emitted(2, 6), fed(3, 7)]), []);
        assert_eq!(broken(&[emitted(2, 5), fed(2, 5), recovered(2), emitted(2, 6)]), [Oracle::Feeds]);
        assert_eq!(broken(&[emitted(1, 5), fed(1, 6)]), [Oracle::Feeds]);
        assert_eq!(broken(&[emitted(1, 5), fed(1, 5), emitted(1, 6)]), [Oracle::Feeds]);
    }

    #[test]
    fn nothing_is_left_out_and_nothing_acknowledged_is_asked_for_again() {
        assert_eq!(broken(&[fed(4, 1), fed(5, 1), fed(4, 1)]), [], "what was before it is not known");
        assert_eq!(broken(&[fed(4, 1), fed(6, 1)]), [Oracle::Feeds]);
        assert_eq!(broken(&[fetched(0), fetched(3), fetched(3)]), []);
        assert_eq!(broken(&[fetched(3), fetched(2)]), [Oracle::Feeds]);
        let recovered = ("store", Fact::Recovered { daemon: taker(), position: 1, output: 1 });
        assert_eq!(broken(&[fed(4, 1), fetched(4), recovered, fetched(1), fed(2, 1)]), [], "it has lost the rest");
        let unfed = ("b", Fact::Unfed { daemon: taker(), from: daemon() });
        assert_eq!(broken(&[fed(4, 1), fetched(4), unfed, fetched(0), fed(9, 1)]), []);
    }
}
