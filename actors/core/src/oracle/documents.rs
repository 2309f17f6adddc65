//! What was written into a document is in it once: what its author was told is kept is there for good, nothing is there twice, and in the end
//! everybody reads the same, and has every asset to which something leads.

use std::collections::BTreeSet;

use wayfare_protocol::DocumentId;

use super::table::Table;
use super::{Findings, Rule, Seen};
use crate::fact::{AllRead, Fact, Writing};

pub(super) struct Documents {
    /// Into which document a mark was written, and whether it must be there.
    marks: Table<u64, Written>,
    /// What was read of a document last.
    read: Table<DocumentId, BTreeSet<u64>>,
    /// What somebody read when nothing more was under way.
    all: Option<AllRead>,
    /// Whether files were moved or removed in a folder: a text that is moved and changed at once is another document from then on.
    are_moved: bool,
}

struct Written {
    document: DocumentId,
    is_saved: bool,
    is_erased: bool,
}

impl Documents {
    pub(super) fn new(room: usize) -> Self {
        Self { marks: Table::new(room), read: Table::new(room), all: None, are_moved: false }
    }

    fn reads(&mut self, document: DocumentId, marks: &[u64], out: &mut Findings) {
        let different: BTreeSet<u64> = marks.iter().copied().collect();
        out.demand(different.len() == marks.len(), || format!("{document} says something twice: {marks:?}"));
        for mark in &different {
            let of_another = self.marks.get(mark).filter(|written| written.document != document && !self.are_moved);
            out.demand(of_another.is_none(), || format!("{document} has mark {mark}, which was written elsewhere"));
        }
        self.read.set(document, different);
    }

    fn has(&self, document: DocumentId, mark: u64) -> bool {
        self.read.get(&document).is_some_and(|read| read.contains(&mark))
    }

    /// What is kept of each mark is there, by what was just read of all documents.
    fn everything_is_there(&self, all: &AllRead, out: &mut Findings) {
        for (mark, written) in self.marks.iter() {
            let document = written.document;
            if !written.is_saved || written.is_erased {
                continue;
            }
            let is_listed = all.lists(document) || (self.are_moved && all.trash.contains_key(&document));
            let is_there = is_listed && self.has(document, *mark);
            out.demand(is_there, || format!("mark {mark} was kept, and is not in {document} in the end"));
        }
    }
}

impl Rule for Documents {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings) {
        let Fact::Writing(fact) = seen.fact else { return };
        match fact {
            Writing::Typed { document, mark } => {
                self.marks.set(*mark, Written { document: *document, is_saved: false, is_erased: false });
            }
            Writing::Erased { mark, .. } => {
                self.marks.get_mut(mark).into_iter().for_each(|written| written.is_erased = true);
            }
            Writing::Saved { mark, .. } => {
                self.marks.get_mut(mark).into_iter().for_each(|written| written.is_saved = true);
            }
            Writing::Unfiled { .. } => self.are_moved = true,
            Writing::Read { document, marks } => self.reads(*document, marks, out),
            Writing::Wanted { asset, is_there } => {
                out.demand(*is_there, || format!("{asset} cannot be had, and something leads to it"));
            }
            Writing::AllRead(all) => {
                self.everything_is_there(all, out);
                if let Some(others) = &self.all {
                    out.demand(others == all, || {
                        format!("{} reads {all:?} in the end, and somebody else {others:?}", seen.place)
                    });
                }
                self.all = Some(all.clone());
            }
            Writing::Filed { .. } | Writing::FolderRead { .. } => {} // that is another rule
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use wayfare_protocol::ProjectId;

    use super::super::Oracle;
    use super::super::case::broken;
    use super::*;
    use crate::fact::EventDigest;

    fn document() -> DocumentId {
        DocumentId(uuid::Uuid::from_u128(7))
    }

    fn typed(mark: u64) -> (&'static str, Fact) {
        ("a", Fact::Writing(Writing::Typed { document: document(), mark }))
    }

    fn saved(mark: u64) -> (&'static str, Fact) {
        ("a", Fact::Writing(Writing::Saved { document: document(), mark }))
    }

    fn read(marks: &[u64]) -> (&'static str, Fact) {
        ("b", Fact::Writing(Writing::Read { document: document(), marks: marks.to_vec() }))
    }

    fn all(text: u64) -> (&'static str, Fact) {
        let documents = BTreeMap::from([(document(), ("a.md".to_owned(), EventDigest(text)))]);
        let documents = BTreeMap::from([(ProjectId(uuid::Uuid::from_u128(1)), documents)]);
        ("b", Fact::Writing(Writing::AllRead(AllRead { documents, ..AllRead::default() })))
    }

    #[test]
    fn what_is_kept_is_there_in_the_end() {
        assert_eq!(broken(&[typed(1), saved(1), read(&[]), read(&[1]), all(5), all(5)]), [], "it had not come yet");
        assert_eq!(broken(&[typed(1), saved(1), read(&[]), all(5)]), [Oracle::Documents]);
        assert_eq!(broken(&[typed(1), read(&[]), all(5)]), [], "nobody was told that it is kept");
        let erased = ("a", Fact::Writing(Writing::Erased { document: document(), mark: 1 }));
        assert_eq!(broken(&[typed(1), saved(1), erased, read(&[]), all(5)]), []);
        let none = ("b", Fact::Writing(Writing::AllRead(AllRead::default())));
        assert_eq!(broken(&[typed(1), saved(1), read(&[1]), none]), [Oracle::Documents], "nothing leads to it");
    }

    #[test]
    fn what_is_kept_may_be_in_the_trash_where_files_were_moved() {
        let trash = BTreeMap::from([(document(), EventDigest(5))]);
        let thrown = ("b", Fact::Writing(Writing::AllRead(AllRead { trash, ..AllRead::default() })));
        let unfiled = ("a", Fact::Writing(Writing::Unfiled { marks: Vec::new() }));
        assert_eq!(broken(&[typed(1), saved(1), read(&[1]), thrown.clone()]), [Oracle::Documents]);
        assert_eq!(broken(&[typed(1), saved(1), unfiled.clone(), read(&[1]), thrown.clone()]), []);
        assert_eq!(broken(&[typed(1), saved(1), unfiled, read(&[]), thrown]), [Oracle::Documents]);
    }

    #[test]
    fn an_asset_to_which_something_leads_is_there() {
        let asset = wayfare_protocol::AssetId::of(b"text");
        let wanted = |is_there| ("b", Fact::Writing(Writing::Wanted { asset, is_there }));
        assert_eq!(broken(&[wanted(true)]), []);
        assert_eq!(broken(&[wanted(true), wanted(false)]), [Oracle::Documents]);
    }

    #[test]
    fn nothing_is_there_twice_and_everybody_reads_the_same() {
        assert_eq!(broken(&[typed(1), read(&[1, 2])]), []);
        assert_eq!(broken(&[typed(1), read(&[1, 2, 1])]), [Oracle::Documents]);
        let elsewhere = ("a", Fact::Writing(Writing::Typed { document: DocumentId::INDEX, mark: 2 }));
        assert_eq!(broken(&[elsewhere, read(&[1, 2])]), [Oracle::Documents]);
        assert_eq!(broken(&[all(5), all(6)]), [Oracle::Documents]);
    }
}
