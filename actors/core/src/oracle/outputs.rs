//! Outputs of a daemon are gapless, in order, the same for everybody, and what its inputs make. What somebody has is never said
//! otherwise, and what a subscriber has not acknowledged is kept. Of a daemon whose node is gone for good that holds for what it goes on
//! from.

use wayfare_protocol::EntityId;

use super::table::Table;
use super::{Findings, Rule, Seen};
use crate::fact::{EventDigest, Fact};

pub(super) struct Outputs {
    /// What was heard.
    heard: Table<(EntityId, u64), EventDigest>,
    /// The last that a place heard.
    last: Table<(String, EntityId), u64>,
}

impl Outputs {
    pub(super) fn new(room: usize) -> Self {
        Self { heard: Table::new(room), last: Table::new(room) }
    }

    fn is_same(&self, daemon: EntityId, number: u64, digest: EventDigest) -> bool {
        self.heard.get(&(daemon, number)).is_none_or(|heard| *heard == digest)
    }
}

impl Rule for Outputs {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings) {
        match seen.fact {
            Fact::Emitted { daemon, number, digest, .. } => {
                out.demand(self.is_same(*daemon, *number, *digest), || {
                    format!("output {number} of {daemon} was heard, and {} says it otherwise", seen.place)
                });
            }
            Fact::Heard { daemon, number, digest, fits, .. } => {
                out.demand(self.is_same(*daemon, *number, *digest), || {
                    format!("output {number} of {daemon} is another for {} than for others", seen.place)
                });
                out.demand(*fits, || {
                    format!("output {number} of {daemon} is not what its inputs make, for {}", seen.place)
                });
                let key = (seen.place.to_owned(), *daemon);
                let last = self.last.get(&key).copied();
                out.demand(last.is_none_or(|last| *number == last + 1), || {
                    format!("output {number} of {daemon} came to {} after {last:?}", seen.place)
                });
                self.last.set(key, *number);
                self.heard.set((*daemon, *number), *digest);
            }
            // What was said later may be said otherwise, and who subscribed later is not known any more.
            Fact::Recovered { daemon, output, .. } => {
                self.heard.retain(|(of, number), _| of != daemon || number <= output);
                self.last.retain(|(_, of), _| of != daemon);
            }
            Fact::Withheld { daemon, through, acknowledged, .. } => {
                let key = (seen.place.to_owned(), *daemon);
                // Before it subscribed nothing was kept for it.
                out.demand(!self.last.has(&key) || through <= acknowledged, || {
                    let place = seen.place;
                    format!(
                        "{place} acknowledged outputs of {daemon} to {acknowledged}, those to {through} are not kept"
                    )
                });
                self.last.set(key, *through);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Oracle;
    use super::super::case::{broken, daemon};
    use super::*;

    fn heard(place: &'static str, number: u64, digest: u64, fits: bool) -> (&'static str, Fact) {
        let digest = EventDigest(digest);
        (place, Fact::Heard { daemon: daemon(), number, position: number, digest, fits })
    }

    #[test]
    fn everybody_hears_the_same_in_order() {
        assert_eq!(broken(&[heard("p", 1, 7, true), heard("p", 2, 8, true), heard("q", 2, 8, true)]), []);
        assert_eq!(broken(&[heard("p", 1, 7, true), heard("q", 1, 8, true)]), [Oracle::Outputs]);
        assert_eq!(broken(&[heard("p", 1, 7, true), heard("p", 3, 8, true)]), [Oracle::Outputs]);
        assert_eq!(broken(&[heard("p", 1, 7, true), heard("p", 1, 7, true)]), [Oracle::Outputs]);
    }

    #[test]
    fn what_was_heard_is_not_said_otherwise() {
        let emitted = |digest| {
            let (digest, payload) = (EventDigest(digest), EventDigest(0));
            ("n", Fact::Emitted { daemon: daemon(), number: 1, digest, payload })
        };
        assert_eq!(broken(&[emitted(1), emitted(2), heard("p", 1, 2, true), emitted(2)]), []);
        assert_eq!(broken(&[emitted(1), heard("p", 1, 1, true), emitted(2)]), [Oracle::Outputs]);
    }

    #[test]
    fn a_recovered_daemon_says_again_what_it_goes_on_from_and_otherwise_what_came_later() {
        let recovered = ("store", Fact::Recovered { daemon: daemon(), position: 1, output: 1 });
        let before = [heard("p", 1, 7, true), heard("p", 2, 8, true), recovered];
        let after = |fact: (&'static str, Fact)| broken(&[&before[..], &[fact]].concat());
        assert_eq!(after(heard("p", 2, 9, true)), []);
        assert_eq!(after(heard("p", 1, 7, true)), []);
        assert_eq!(after(heard("q", 1, 9, true)), [Oracle::Outputs]);
    }

    #[test]
    fn outputs_are_what_the_inputs_make_and_are_kept_for_a_subscriber() {
        assert_eq!(broken(&[heard("p", 1, 7, true)]), []);
        assert_eq!(broken(&[heard("p", 1, 7, false)]), [Oracle::Outputs]);
        let withheld = |acknowledged| ("p", Fact::Withheld { daemon: daemon(), from: 2, through: 3, acknowledged });
        assert_eq!(broken(&[withheld(0), heard("p", 4, 7, true)]), [], "it came late");
        assert_eq!(broken(&[heard("p", 1, 7, true), withheld(3)]), []);
        assert_eq!(broken(&[heard("p", 1, 7, true), withheld(2)]), [Oracle::Outputs]);
    }
}
