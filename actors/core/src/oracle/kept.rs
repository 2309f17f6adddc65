//! An acknowledged run ends in a result, is `Interrupted`, or still runs: it is never lost. `Interrupted { seen_through }` has
//! every event through that number and none after; a result has its last event. Everybody is told of the same end.

use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::{Epoch, ErrorCode, ResourceId, RunId, SessionId};

use super::table::Table;
use super::{Findings, Rule, Seen};
use crate::fact::Fact;

/// How far a place has seen a run.
struct Look {
    session: Option<SessionId>,
    /// Number of the last event shown; one less than the first wanted before any was.
    through: u64,
    /// Nothing was shown, and what came before the first wanted is not known here.
    is_blind: bool,
    has_last: bool,
    /// It was refused: whoever looks again begins where they like.
    is_refused: bool,
    /// The store had granted the session when the place looked: from then on it is known everywhere.
    was_known: bool,
}

pub(super) struct Kept {
    acknowledged: Table<RunId, SessionId>,
    granted: Table<SessionId, ()>,
    /// Runs and sessions of which somebody asked that what waits be taken back.
    taken_back: Table<(SessionId, Option<RunId>), ()>,
    looks: Table<(String, RunId), Look>,
    ends: Table<RunId, (RunOutcome, String)>,
}

impl Kept {
    pub(super) fn new(room: usize) -> Self {
        Self {
            acknowledged: Table::new(room),
            granted: Table::new(room),
            taken_back: Table::new(room),
            looks: Table::new(room),
            ends: Table::new(room),
        }
    }

    fn looked(&mut self, place: &str, session: SessionId, run: RunId, from: u64) {
        let was_known = self.granted.has(&session);
        let key = (place.to_owned(), run);
        match self.looks.get_mut(&key) {
            Some(look) => {
                look.was_known = was_known;
                look.session = Some(session);
                if from <= look.through || look.is_refused {
                    (look.through, look.has_last, look.is_blind) = (from.saturating_sub(1), false, from > 1);
                }
                look.is_refused = false;
            }
            None => {
                let look = Look {
                    session: Some(session),
                    through: from.saturating_sub(1),
                    is_blind: from > 1,
                    has_last: false,
                    is_refused: false,
                    was_known,
                };
                self.looks.set(key, look);
            }
        }
    }

    fn ended(&mut self, place: &str, run: RunId, outcome: RunOutcome, out: &mut Findings) {
        if let Some(look) = self.looks.get(&(place.to_owned(), run)) {
            let fits = match outcome {
                RunOutcome::Interrupted { seen_through } => {
                    look.through == seen_through || (look.is_blind && look.through > seen_through)
                }
                RunOutcome::Succeeded | RunOutcome::Failed => look.has_last || look.is_blind,
                RunOutcome::Cancelled | RunOutcome::Unknown => true,
            };
            let through = look.through;
            out.demand(fits, || format!("run {run} ended {outcome:?} for {place}, which saw events through {through}"));
        }
        let Some(session) = self.acknowledged.get(&run).copied() else { return };
        let may_be_taken_back = self.taken_back.has(&(session, None)) || self.taken_back.has(&(session, Some(run)));
        out.demand(
            match outcome {
                RunOutcome::Unknown => false,
                RunOutcome::Cancelled => may_be_taken_back,
                RunOutcome::Succeeded | RunOutcome::Failed | RunOutcome::Interrupted { .. } => true,
            },
            || format!("run {run} was acknowledged, and ended {outcome:?} for {place}"),
        );
        match self.ends.get(&run) {
            None => self.ends.set(run, (outcome, place.to_owned())),
            Some((known, first)) => out.demand(*known == outcome, || {
                format!("run {run} ended {known:?} for {first} and {outcome:?} for {place}")
            }),
        }
    }

    fn refused(&mut self, place: &str, run: RunId, code: ErrorCode, out: &mut Findings) {
        let mut look = self.looks.get_mut(&(place.to_owned(), run));
        if let Some(look) = &mut look {
            look.is_refused = true;
        }
        if !self.acknowledged.has(&run) {
            return;
        }
        // Made on a node that was away, a session is not known to the cloud before its row is granted.
        let has_seen_nothing = |look: &&mut Look| look.through == 0 || look.is_blind;
        let is_early = code == ErrorCode::NotFound && look.filter(has_seen_nothing).is_some_and(|look| !look.was_known);
        out.demand(is_early, || format!("run {run} was acknowledged, and {place} was told {code:?}"));
    }
}

impl Rule for Kept {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings) {
        let place = seen.place;
        match seen.fact {
            // From here on the cloud has the row: its owner has heard so.
            Fact::Held { resource: ResourceId::Session(session), epoch, .. } if *epoch > Epoch::LOCAL => {
                self.granted.set(*session, ());
            }
            Fact::Acknowledged { session, run } => self.acknowledged.set(*run, *session),
            Fact::TakenBack { session, run } => self.taken_back.set((*session, *run), ()),
            Fact::Looked { session, run, from } => self.looked(place, *session, *run, *from),
            Fact::Shown { run, number, span, is_last, .. } => {
                if let Some(look) = self.looks.get_mut(&(place.to_owned(), *run)) {
                    (look.through, look.is_blind) = (number + span - 1, false);
                    look.has_last |= *is_last;
                }
            }
            Fact::Ended { run, outcome } => self.ended(place, *run, *outcome, out),
            Fact::Refused { run, code } => self.refused(place, *run, *code, out),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Oracle;
    use super::super::case::{broken, held, run, session};
    use super::*;

    fn acknowledged() -> (&'static str, Fact) {
        ("p", Fact::Acknowledged { session: session(), run: run(1) })
    }

    fn looked(from: u64) -> (&'static str, Fact) {
        ("p", Fact::Looked { session: session(), run: run(1), from })
    }

    fn shown(number: u64, is_last: bool) -> (&'static str, Fact) {
        ("p", Fact::Shown { run: run(1), number, span: 1, is_omission: false, is_last, digest: None })
    }

    fn ended(place: &'static str, outcome: RunOutcome) -> (&'static str, Fact) {
        (place, Fact::Ended { run: run(1), outcome })
    }

    const CUT: RunOutcome = RunOutcome::Interrupted { seen_through: 1 };

    #[test]
    fn an_acknowledged_run_is_not_lost() {
        assert_eq!(broken(&[acknowledged(), ended("p", RunOutcome::Unknown)]), [Oracle::Kept]);
        assert_eq!(broken(&[ended("p", RunOutcome::Unknown)]), [], "nobody promised anything");
        assert_eq!(broken(&[acknowledged(), ended("p", RunOutcome::Cancelled)]), [Oracle::Kept]);
        let asked = ("q", Fact::TakenBack { session: session(), run: None });
        assert_eq!(broken(&[acknowledged(), asked, ended("p", RunOutcome::Cancelled)]), []);
    }

    #[test]
    fn not_found_is_true_only_before_the_session_is_known() {
        let refused = ("p", Fact::Refused { run: run(1), code: ErrorCode::NotFound });
        assert_eq!(broken(&[acknowledged(), looked(1), refused.clone()]), []);
        assert_eq!(
            broken(&[acknowledged(), looked(4), refused.clone()]),
            [],
            "from its middle, nothing was shown either"
        );
        assert_eq!(broken(&[acknowledged(), looked(1), shown(1, false), refused.clone()]), [Oracle::Kept]);
        let known = ("node", held(1, 1));
        assert_eq!(broken(&[acknowledged(), known, looked(1), refused]), [Oracle::Kept]);
    }

    #[test]
    fn whoever_was_refused_begins_anew_where_they_like_and_nobody_else_does() {
        let refused = ("p", Fact::Refused { run: run(1), code: ErrorCode::NotFound });
        let succeeded = || ended("p", RunOutcome::Succeeded);
        assert_eq!(broken(&[acknowledged(), looked(1), refused.clone(), looked(4), succeeded()]), []);
        assert_eq!(broken(&[acknowledged(), looked(1), looked(4), succeeded()]), [Oracle::Kept], "it skipped events");
        assert_eq!(broken(&[acknowledged(), looked(1), refused, looked(1), succeeded()]), [Oracle::Kept]);
    }

    #[test]
    fn an_end_fits_the_events_before_it_and_is_everybodys() {
        assert_eq!(broken(&[looked(1), shown(1, false), ended("p", CUT)]), []);
        assert_eq!(broken(&[looked(1), ended("p", CUT)]), [Oracle::Kept]);
        assert_eq!(broken(&[looked(1), shown(1, false), ended("p", RunOutcome::Succeeded)]), [Oracle::Kept]);
        assert_eq!(broken(&[looked(9), ended("p", RunOutcome::Succeeded)]), [], "it began after the end");
        let both = [acknowledged(), looked(1), shown(1, true), ended("p", RunOutcome::Succeeded), ended("q", CUT)];
        assert_eq!(broken(&both), [Oracle::Kept]);
    }
}
