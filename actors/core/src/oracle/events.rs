//! Events of a run are gapless, in order, and equal in every copy and for everybody who looks.

use wayfare_protocol::RunId;

use super::table::Table;
use super::{Findings, Rule, Seen, Setting};
use crate::fact::{EventDigest, Fact, Keeper};

/// What was said of an event.
struct Word {
    digest: EventDigest,
    /// Who said so first.
    place: String,
    /// Only its owner has said so, who may lose what is not durable yet, and then say something else of an event of its own making.
    is_owners_alone: bool,
}

pub(super) struct Events {
    keeps_all: bool,
    room: usize,
    /// What was said of each event.
    said: Table<(RunId, u32, u64), Word>,
    /// The number that a place shows next of a run.
    shown: Table<(String, RunId), u64>,
    /// The number that the owner takes in next.
    taken: Table<(RunId, u32), u64>,
}

impl Events {
    pub(super) fn new(setting: &Setting) -> Self {
        let room = setting.room;
        Self {
            keeps_all: setting.keeps_all_output,
            room,
            said: Table::new(room),
            shown: Table::new(room),
            taken: Table::new(room),
        }
    }

    /// `copy`: whose word it is; `None`: a client's.
    fn equal(
        &mut self,
        at: (RunId, u32, u64),
        (place, copy): (&str, Option<Keeper>),
        digest: Option<EventDigest>,
        out: &mut Findings,
    ) {
        let Some(digest) = digest else { return };
        let is_owners = copy == Some(Keeper::Owner);
        let word = Word { digest, place: place.to_owned(), is_owners_alone: is_owners };
        let Some(known) = self.said.get_mut(&at) else { return self.said.set(at, word) };
        if known.digest == digest {
            known.is_owners_alone &= is_owners;
            return out.demand(true, String::new);
        }
        let was_lost = known.is_owners_alone && matches!(copy, Some(Keeper::Owner | Keeper::Host));
        out.demand(was_lost, || {
            let (first, (run, attempt, number)) = (&known.place, at);
            format!("event {number} of run {run}, attempt {attempt}, is not the same at {first} and at {place}")
        });
        if was_lost {
            *known = word;
        }
    }
}

impl Rule for Events {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings) {
        match seen.fact {
            Fact::Output { copy, run, attempt, number, span, digest } => {
                self.equal((*run, *attempt, *number), (seen.place, Some(*copy)), *digest, out);
                if *copy == Keeper::Owner {
                    // What was not durable may be lost, and is taken again.
                    if let Some(next) = self.taken.get_or_set((*run, *attempt), *number) {
                        let wanted = *next;
                        *next = wanted.max(number + span);
                        out.demand(*number <= wanted, || {
                            format!("event {number} of run {run} was taken in where {wanted} was next")
                        });
                    }
                }
            }
            Fact::Gap => self.taken = Table::new(self.room),
            Fact::Looked { run, from, .. } => {
                let key = (seen.place.to_owned(), *run);
                match self.shown.get_mut(&key) {
                    Some(next) => *next = (*next).min(*from),
                    None => self.shown.set(key, *from),
                }
            }
            Fact::Shown { run, number, span, is_omission, digest, .. } => {
                if let Some(next) = self.shown.get_or_set((seen.place.to_owned(), *run), *number) {
                    let wanted = *next;
                    *next = number + span;
                    out.demand(*number == wanted, || {
                        format!("{} was shown event {number} of run {run} where {wanted} was next", seen.place)
                    });
                }
                let at = (*run, 1, *number);
                if *is_omission && !self.said.has(&at) {
                    out.demand(!self.keeps_all, || {
                        format!("{} was told that event {number} of run {run} was left out, and nobody did", seen.place)
                    });
                } else {
                    self.equal(at, (seen.place, None), *digest, out);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Oracle;
    use super::super::case::{broken, run, session};
    use super::*;

    fn shown(number: u64, digest: u64) -> Fact {
        let digest = Some(EventDigest(digest));
        Fact::Shown { run: run(1), number, span: 1, is_omission: false, is_last: false, digest }
    }

    fn looked(from: u64) -> Fact {
        Fact::Looked { session: session(), run: run(1), from }
    }

    #[test]
    fn a_client_sees_every_event_once_in_order() {
        let again = [("p", looked(1)), ("p", shown(1, 5)), ("p", looked(2)), ("p", shown(2, 6))];
        assert_eq!(broken(&again), []);
        assert_eq!(broken(&[("p", looked(3)), ("p", shown(3, 5))]), [], "one may begin anywhere");
        let skipped = [("p", looked(1)), ("p", shown(1, 5)), ("p", looked(3)), ("p", shown(3, 6))];
        assert_eq!(broken(&skipped), [Oracle::Events]);
    }

    #[test]
    fn everybody_sees_the_same_event() {
        let said =
            |copy| Fact::Output { copy, run: run(1), attempt: 1, number: 1, span: 1, digest: Some(EventDigest(5)) };
        assert_eq!(broken(&[("h", said(Keeper::Host)), ("n", said(Keeper::Owner)), ("p", shown(1, 5))]), []);
        assert_eq!(broken(&[("h", said(Keeper::Host)), ("p", shown(1, 6))]), [Oracle::Events]);
    }

    #[test]
    fn an_owner_may_lose_an_event_of_its_own_making_that_nobody_has_seen() {
        let said = |copy, digest| {
            let digest = Some(EventDigest(digest));
            Fact::Output { copy, run: run(1), attempt: 1, number: 1, span: 1, digest }
        };
        let (lost, again) =
            (("n", said(Keeper::Owner, 5)), [("h", said(Keeper::Host, 6)), ("n", said(Keeper::Owner, 6))]);
        assert_eq!(broken(&[std::slice::from_ref(&lost), &again[..]].concat()), []);
        let seen = [lost.clone(), ("cloud", said(Keeper::Journal, 5))];
        assert_eq!(broken(&[&seen[..], &again[..]].concat()), [Oracle::Events, Oracle::Events], "the journal has it");
        assert_eq!(broken(&[&[lost], &again[..], &[("p", shown(1, 5))]].concat()), [Oracle::Events], "it was shown");
        assert_eq!(
            broken(&[again[0].clone(), ("n", said(Keeper::Owner, 5))]),
            [Oracle::Events],
            "the host's word counts"
        );
    }

    #[test]
    fn nothing_is_left_out_that_nobody_left_out() {
        let left_out = Fact::Shown {
            run: run(1),
            number: 1,
            span: 2,
            is_omission: true,
            is_last: false,
            digest: Some(EventDigest(5)),
        };
        assert_eq!(broken(&[("p", left_out)]), [Oracle::Events]);
    }
}
