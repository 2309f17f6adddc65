//! An event that its publisher was told is recorded is in its daemon's inbox, in one place, for good: no daemon says that it misses
//! it, takes it in again, or says something of it twice.

use wayfare_protocol::{EntityId, Origin};

use super::table::Table;
use super::{Findings, Rule, Seen};
use crate::fact::Fact;

type Event = (Origin, u64);

pub(super) struct Inbox {
    /// The last that was confirmed.
    confirmed: Table<(EntityId, Origin), u64>,
    /// The event in a place, if it is one: the newest that was appended there. One before it may have been lost before it was durable.
    places: Table<(EntityId, u64), Option<Event>>,
    /// The place of an event of which an output was seen.
    heard: Table<(EntityId, Origin, u64), u64>,
}

impl Inbox {
    pub(super) fn new(room: usize) -> Self {
        Self { confirmed: Table::new(room), places: Table::new(room), heard: Table::new(room) }
    }

    fn is_confirmed(&self, daemon: EntityId, origin: Origin, sequence: u64) -> bool {
        self.confirmed.get(&(daemon, origin)).is_some_and(|confirmed| sequence <= *confirmed)
    }

    fn entered(&mut self, daemon: EntityId, position: u64, event: Option<Event>, out: &mut Findings) {
        // What a node takes over from another is the same event in the same place.
        let is_copy = self.places.get(&(daemon, position)) == Some(&event);
        self.places.set((daemon, position), event);
        let Some((origin, sequence)) = event else { return };
        out.demand(is_copy || !self.is_confirmed(daemon, origin, sequence), || {
            format!("event {sequence} of {origin:?} was confirmed, and {daemon} takes it in at {position}")
        });
        let heard = self.heard.get(&(daemon, origin, sequence)).copied();
        out.demand(heard.is_none_or(|heard| heard == position), || {
            format!("event {sequence} of {origin:?} was processed at {heard:?}, and {daemon} takes it in at {position}")
        });
    }
}

impl Rule for Inbox {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings) {
        match seen.fact {
            Fact::Entered { daemon, position, event } => self.entered(*daemon, *position, *event, out),
            Fact::Confirmed { daemon, origin, through } => {
                if let Some(confirmed) = self.confirmed.get_or_set((*daemon, *origin), *through) {
                    *confirmed = (*confirmed).max(*through);
                }
            }
            Fact::Missed { daemon, origin, expected } => {
                out.demand(!self.is_confirmed(*daemon, *origin, *expected), || {
                    format!("event {expected} of {origin:?} was confirmed, and {daemon} misses it")
                });
            }
            Fact::Heard { daemon, position, .. } => {
                let Some((origin, sequence)) = self.places.get(&(*daemon, *position)).copied().flatten() else {
                    return;
                };
                let Some(before) = self.heard.get_or_set((*daemon, origin, sequence), *position).copied() else {
                    return;
                };
                out.demand(before == *position, || {
                    format!("{daemon} processed event {sequence} of {origin:?} at {before} and at {position}")
                });
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
    use crate::fact::EventDigest;

    const ORIGIN: Origin = Origin(5);

    fn entered(position: u64, sequence: u64) -> (&'static str, Fact) {
        ("node", Fact::Entered { daemon: daemon(), position, event: Some((ORIGIN, sequence)) })
    }

    fn confirmed(through: u64) -> (&'static str, Fact) {
        ("p", Fact::Confirmed { daemon: daemon(), origin: ORIGIN, through })
    }

    fn heard(number: u64, position: u64) -> (&'static str, Fact) {
        ("p", Fact::Heard { daemon: daemon(), number, position, digest: EventDigest(number), fits: true })
    }

    #[test]
    fn what_was_not_confirmed_may_be_lost_and_taken_in_again_elsewhere() {
        assert_eq!(broken(&[entered(1, 1), entered(2, 1), confirmed(1), heard(1, 2)]), []);
        assert_eq!(broken(&[entered(1, 1), confirmed(1), entered(1, 1)]), [], "the target of a move follows");
        let tick = ("node", Fact::Entered { daemon: daemon(), position: 1, event: None });
        assert_eq!(broken(&[entered(1, 1), tick, heard(1, 1), entered(2, 1), heard(2, 2)]), []);
    }

    #[test]
    fn what_was_confirmed_is_neither_missed_nor_taken_in_again() {
        assert_eq!(broken(&[entered(1, 1), confirmed(1), entered(2, 1)]), [Oracle::Inbox]);
        let missed = |expected| ("p", Fact::Missed { daemon: daemon(), origin: ORIGIN, expected });
        assert_eq!(broken(&[entered(1, 1), confirmed(1), missed(1)]), [Oracle::Inbox]);
        assert_eq!(broken(&[entered(1, 1), confirmed(1), missed(2)]), []);
    }

    #[test]
    fn an_event_is_processed_in_one_place() {
        assert_eq!(broken(&[entered(1, 1), heard(1, 1), heard(2, 1)]), [], "two outputs of one event");
        assert_eq!(broken(&[entered(1, 1), entered(2, 1), heard(1, 2), heard(2, 2)]), []);
        assert_eq!(broken(&[entered(1, 1), heard(1, 1), entered(2, 1)]), [Oracle::Inbox]);
        assert_eq!(broken(&[entered(1, 1), entered(2, 1), heard(1, 1), heard(2, 2)]), [Oracle::Inbox]);
    }
}
