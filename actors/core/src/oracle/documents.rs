//! What was written into a document is in it once: what its author was told is kept is there for good, nothing is there twice, and in the end
//! everybody reads the same, and has every asset to which something leads.

use std::collections::BTreeSet;

use wayfare_protocol::DocumentId;

use super::table::Table;
use super::{Findings, Rule, Seen};
use crate::fact::{EventDigest, Fact};

pub(super) struct Documents {
    /// Into which document a mark was written, and whether it must be there.
    marks: Table<u64, Written>,
    /// What was read of a document last.
    read: Table<DocumentId, BTreeSet<u64>>,
    /// What somebody read when nothing more was under way.
    all: Option<Vec<(DocumentId, EventDigest)>>,
}

struct Written {
    document: DocumentId,
    is_saved: bool,
    is_erased: bool,
}

impl Documents {
    pub(super) fn new(room: usize) -> Self {
        Self { marks: Table::new(room), read: Table::new(room), all: None }
    }

    fn reads(&mut self, document: DocumentId, marks: &[u64], out: &mut Findings) {
        let different: BTreeSet<u64> = marks.iter().copied().collect();
        out.demand(different.len() == marks.len(), || format!("{document} says something twice: {marks:?}"));
        for mark in &different {
            let of_another = self.marks.get(mark).filter(|written| written.document != document);
            out.demand(of_another.is_none(), || format!("{document} has mark {mark}, which was written elsewhere"));
        }
        self.read.set(document, different);
    }

    /// What is kept of each mark is there, by what was just read of all documents.
    fn everything_is_there(&self, texts: &[(DocumentId, EventDigest)], out: &mut Findings) {
        for (mark, written) in self.marks.iter() {
            let document = written.document;
            if !written.is_saved || written.is_erased {
                continue;
            }
            let is_listed = texts.iter().any(|(listed, _)| *listed == document);
            let is_there = is_listed && self.read.get(&document).is_some_and(|read| read.contains(mark));
            out.demand(is_there, || format!("mark {mark} was kept, and is not in {document} in the end"));
        }
    }
}

impl Rule for Documents {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings) {
        match seen.fact {
            Fact::Typed { document, mark } => {
                self.marks.set(*mark, Written { document: *document, is_saved: false, is_erased: false });
            }
            Fact::Erased { mark, .. } => {
                self.marks.get_mut(mark).into_iter().for_each(|written| written.is_erased = true);
            }
            Fact::Saved { mark, .. } => {
                self.marks.get_mut(mark).into_iter().for_each(|written| written.is_saved = true);
            }
            Fact::Read { document, marks } => self.reads(*document, marks, out),
            Fact::Wanted { asset, is_there } => {
                out.demand(*is_there, || format!("{asset} cannot be had, and something leads to it"));
            }
            Fact::AllRead { texts } => {
                self.everything_is_there(texts, out);
                if let Some(others) = &self.all {
                    out.demand(others == texts, || {
                        format!("{} reads {texts:?} in the end, and somebody else {others:?}", seen.place)
                    });
                }
                self.all = Some(texts.clone());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Oracle;
    use super::super::case::broken;
    use super::*;

    fn document() -> DocumentId {
        DocumentId(uuid::Uuid::from_u128(7))
    }

    fn typed(mark: u64) -> (&'static str, Fact) {
        ("a", Fact::Typed { document: document(), mark })
    }

    fn saved(mark: u64) -> (&'static str, Fact) {
        ("a", Fact::Saved { document: document(), mark })
    }

    fn read(marks: &[u64]) -> (&'static str, Fact) {
        ("b", Fact::Read { document: document(), marks: marks.to_vec() })
    }

    fn all(text: u64) -> (&'static str, Fact) {
        ("b", Fact::AllRead { texts: vec![(document(), EventDigest(text))] })
    }

    #[test]
    fn what_is_kept_is_there_in_the_end() {
        assert_eq!(broken(&[typed(1), saved(1), read(&[]), read(&[1]), all(5), all(5)]), [], "it had not come yet");
        assert_eq!(broken(&[typed(1), saved(1), read(&[]), all(5)]), [Oracle::Documents]);
        assert_eq!(broken(&[typed(1), read(&[]), all(5)]), [], "nobody was told that it is kept");
        let erased = ("a", Fact::Erased { document: document(), mark: 1 });
        assert_eq!(broken(&[typed(1), saved(1), erased, read(&[]), all(5)]), []);
        let none = ("b", Fact::AllRead { texts: Vec::new() });
        assert_eq!(broken(&[typed(1), saved(1), read(&[1]), none]), [Oracle::Documents], "nothing leads to it");
    }

    #[test]
    fn an_asset_to_which_something_leads_is_there() {
        let wanted = |is_there| ("b", Fact::Wanted { asset: wayfare_protocol::AssetId::of(b"text"), is_there });
        assert_eq!(broken(&[wanted(true)]), []);
        assert_eq!(broken(&[wanted(true), wanted(false)]), [Oracle::Documents]);
    }

    #[test]
    fn nothing_is_there_twice_and_everybody_reads_the_same() {
        assert_eq!(broken(&[typed(1), read(&[1, 2])]), []);
        assert_eq!(broken(&[typed(1), read(&[1, 2, 1])]), [Oracle::Documents]);
        let elsewhere = ("a", Fact::Typed { document: DocumentId::INDEX, mark: 2 });
        assert_eq!(broken(&[elsewhere, read(&[1, 2])]), [Oracle::Documents]);
        assert_eq!(broken(&[all(5), all(6)]), [Oracle::Documents]);
    }
}
