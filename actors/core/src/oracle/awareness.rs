//! Who looks at a document is told to those who look, and kept by nobody.

use wayfare_protocol::DocumentId;

use super::table::Table;
use super::{Findings, Rule, Seen};
use crate::fact::{self, Fact};

pub(super) struct Awareness {
    /// What was shown, and in which document.
    shown: Table<u64, DocumentId>,
}

impl Awareness {
    pub(super) fn new(room: usize) -> Self {
        Self { shown: Table::new(room) }
    }
}

impl Rule for Awareness {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings) {
        let Fact::Awareness(fact) = seen.fact else { return };
        match fact {
            fact::Awareness::Shown { document, mark } => self.shown.set(*mark, *document),
            fact::Awareness::Seen { document, marks } => {
                for mark in marks {
                    let is_shown = self.shown.get(mark) == Some(document);
                    out.demand(is_shown, || format!("{document} has somebody at {mark}, which nobody shows there"));
                }
            }
            fact::Awareness::Left { document, marks } => {
                out.demand(marks.is_empty(), || format!("everybody has left {document}, and is at {marks:?} still"));
            }
            fact::Awareness::Stored { marks } => {
                out.demand(marks.is_empty(), || format!("{} keeps that somebody is at {marks:?}", seen.place));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Oracle;
    use super::super::case::broken;
    use super::*;

    fn fact(fact: fact::Awareness) -> (&'static str, Fact) {
        ("a", Fact::Awareness(fact))
    }

    #[test]
    fn what_is_shown_is_seen_where_it_is_shown() {
        let document = DocumentId(uuid::Uuid::from_u128(7));
        let shown = || fact(fact::Awareness::Shown { document, mark: 1 });
        let seen = |document, mark| fact(fact::Awareness::Seen { document, marks: vec![mark] });
        assert_eq!(broken(&[shown(), seen(document, 1)]), []);
        assert_eq!(broken(&[shown(), seen(document, 2)]), [Oracle::Awareness]);
        assert_eq!(broken(&[shown(), seen(DocumentId::INDEX, 1)]), [Oracle::Awareness]);
    }

    #[test]
    fn nobody_keeps_it() {
        let left = |marks: &[u64]| fact(fact::Awareness::Left { document: DocumentId::INDEX, marks: marks.to_vec() });
        let stored = |marks: &[u64]| fact(fact::Awareness::Stored { marks: marks.to_vec() });
        assert_eq!(broken(&[left(&[]), stored(&[])]), []);
        assert_eq!(broken(&[left(&[1]), stored(&[1])]), [Oracle::Awareness; 2]);
    }
}
