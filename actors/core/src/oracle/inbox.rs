//! An event that its publisher was told is recorded is in its daemon's inbox, in one place, for good: no daemon says that it misses
//! it, takes it in again, or says something of it twice. Of a daemon whose node is gone for good that holds for what it goes on from.

use std::collections::BTreeMap;

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

    /// What came after that place is lost: it may be missed, and taken in again elsewhere.
    fn recovered(&mut self, daemon: EntityId, position: u64) {
        let is_left = |of: EntityId, at: u64| of != daemon || at <= position;
        self.places.retain(|(of, at), _| is_left(*of, *at));
        self.heard.retain(|(of, ..), at| is_left(*of, *at));
        let mut left = BTreeMap::new();
        for ((of, _), event) in self.places.iter() {
            if let (true, Some((origin, sequence))) = (*of == daemon, event) {
                let last: &mut u64 = left.entry(*origin).or_default();
                *last = (*last).max(*sequence);
            }
        }
        self.confirmed.change(|(of, origin), confirmed| {
            if *of == daemon {
                *confirmed = (*confirmed).min(left.get(origin).copied().unwrap_or(0));
            }
        });
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
            Fact::Recovered { daemon, position, .. } => self.recovered(*daemon, *position),
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
    fn what_a_recovered_daemon_goes_on_from_is_kept() {
        let recovered = |position| ("store", Fact::Recovered { daemon: daemon(), position, output: position });
        let missed = |expected| ("p", Fact::Missed { daemon: daemon(), origin: ORIGIN, expected });
        let before = [entered(1, 1), entered(2, 2), confirmed(2), heard(1, 1), heard(2, 2)];
        let after = |facts: &[(&'static str, Fact)]| broken(&[&before[..], facts].concat());
        assert_eq!(after(&[recovered(1), missed(2), entered(2, 2), confirmed(2), heard(2, 2)]), []);
        assert_eq!(after(&[recovered(1), entered(3, 2)]), [], "in another place");
        assert_eq!(after(&[recovered(1), missed(1)]), [Oracle::Inbox]);
        assert_eq!(after(&[recovered(1), entered(2, 1)]), [Oracle::Inbox, Oracle::Inbox], "confirmed, and heard");
        assert_eq!(after(&[recovered(2), missed(2)]), [Oracle::Inbox]);
    }

    #[test]
    fn an_event_is_processed_in_one_place() {
        assert_eq!(broken(&[entered(1, 1), heard(1, 1), heard(2, 1)]), [], "two outputs of one event");
        assert_eq!(broken(&[entered(1, 1), entered(2, 1), heard(1, 2), heard(2, 2)]), []);
        assert_eq!(broken(&[entered(1, 1), heard(1, 1), entered(2, 1)]), [Oracle::Inbox]);
        assert_eq!(broken(&[entered(1, 1), entered(2, 1), heard(1, 1), heard(2, 2)]), [Oracle::Inbox]);
    }
}
