//! A run that was acknowledged keeps its place: a repeat is acknowledged there again, and never accepted anew.

use wayfare_protocol::{RunId, SessionId};

use super::table::Table;
use super::{Findings, Rule, Seen};
use crate::fact::Fact;

pub(super) struct Repeats {
    room: usize,
    /// Which run has a place, as its owner knows it now: what was not durable may be lost, and its place given to another.
    places: Table<(SessionId, u64), RunId>,
    acknowledged: Table<(SessionId, RunId), u64>,
}

impl Repeats {
    pub(super) fn new(room: usize) -> Self {
        Self { room, places: Table::new(room), acknowledged: Table::new(room) }
    }
}

impl Rule for Repeats {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings) {
        match seen.fact {
            Fact::Accepted { session, run, position } => {
                self.places.set((*session, *position), *run);
                let known = self.acknowledged.get(&(*session, *run)).copied();
                out.demand(known.is_none(), || {
                    format!(
                        "run {run} was acknowledged at position {} and is accepted anew at {position}",
                        known.unwrap_or(0)
                    )
                });
            }
            Fact::Gap => self.places = Table::new(self.room),
            Fact::Answered { session, position: Some(position), .. } => {
                let Some(run) = self.places.get(&(*session, *position)).copied() else { return };
                if let Some(known) = self.acknowledged.get_or_set((*session, run), *position) {
                    let known = *known;
                    out.demand(known == *position, || {
                        format!("run {run} was acknowledged at position {known}, then at {position}")
                    });
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Oracle;
    use super::super::case::{broken, epoch, node, run, session};
    use super::*;

    #[test]
    fn an_acknowledged_run_is_not_accepted_anew() {
        let accepted = |position| ("a", Fact::Accepted { session: session(), run: run(1), position });
        let answered = |position| {
            let position = Some(position);
            ("a", Fact::Answered { session: session(), node: node(1), epoch: epoch(1), position })
        };
        assert_eq!(broken(&[accepted(1), answered(1), answered(1)]), []);
        // The first was lost with the process, and nobody had been told of it.
        assert_eq!(broken(&[accepted(1), accepted(2), answered(2)]), []);
        assert_eq!(broken(&[accepted(1), answered(1), accepted(2)]), [Oracle::Repeats]);
    }
}
