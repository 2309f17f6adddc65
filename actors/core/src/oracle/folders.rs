//! What a program writes into a bound folder is in one document, once, for good; and in the end each folder has just what its project has.

use std::collections::{BTreeMap, BTreeSet};

use wayfare_protocol::{DocumentId, ProjectId};

use super::table::Table;
use super::{Findings, Rule, Seen};
use crate::fact::{AllRead, EventDigest, Fact, Writing};

pub(super) struct Folders {
    /// Marks of files, and in how many folders a program wrote each.
    marks: Table<u64, usize>,
    /// What was read of a document last.
    read: Table<DocumentId, BTreeSet<u64>>,
    /// What somebody read when nothing more was under way.
    all: Option<AllRead>,
    /// How often files were moved or removed. Of a document that one device deletes while another gives it a path, the path counts: then a
    /// text that was moved and changed at once is in two.
    unfiled: usize,
}

impl Folders {
    pub(super) fn new(room: usize) -> Self {
        Self { marks: Table::new(room), read: Table::new(room), all: None, unfiled: 0 }
    }

    fn everything_is_there(&self, all: &AllRead, out: &mut Findings) {
        let listed: Vec<DocumentId> = all.documents.values().flat_map(BTreeMap::keys).copied().collect();
        let live: BTreeSet<DocumentId> = listed.iter().copied().collect();
        out.demand(live.len() == listed.len(), || format!("a document is in two projects: {listed:?}"));
        let having = |mark: u64, documents: &mut dyn Iterator<Item = &DocumentId>| {
            documents.filter(|document| self.read.get(document).is_some_and(|read| read.contains(&mark))).count()
        };
        for (mark, copies) in self.marks.iter() {
            let live = having(*mark, &mut live.iter());
            let thrown = having(*mark, &mut all.trash.keys());
            let is_there = live > 0 || (thrown > 0 && self.unfiled > 0);
            out.demand(is_there, || format!("mark {mark} was written into a file, and is in no document in the end"));
            let is_once = live <= *copies + self.unfiled;
            out.demand(is_once, || format!("mark {mark}, of {copies} files, is in {live} documents"));
        }
    }

    fn is_in_step(&self, place: &str, project: ProjectId, files: &BTreeMap<String, EventDigest>, out: &mut Findings) {
        let Some(all) = &self.all else { return };
        let documents = all.documents.get(&project).into_iter().flat_map(BTreeMap::values).cloned();
        let others = all.files.get(&project).cloned().unwrap_or_default();
        let expected: BTreeMap<String, EventDigest> = documents.chain(others).collect();
        out.demand(expected == *files, || {
            let differs = |(path, digest): &(&String, &EventDigest), other: &BTreeMap<String, EventDigest>| {
                other.get(*path) != Some(*digest)
            };
            let here: Vec<_> = files.iter().filter(|file| differs(file, &expected)).collect();
            let there: Vec<_> = expected.iter().filter(|file| differs(file, files)).collect();
            format!("in the end the folder of {place} has {here:?} where {project} has {there:?}")
        });
    }
}

impl Rule for Folders {
    fn judge(&mut self, seen: Seen<'_>, out: &mut Findings) {
        let Fact::Writing(fact) = seen.fact else { return };
        match fact {
            Writing::Filed { mark } => {
                let copies = self.marks.get(mark).copied().unwrap_or_default();
                self.marks.set(*mark, copies + 1);
            }
            Writing::Unfiled { marks } => {
                self.unfiled += 1;
                marks.iter().for_each(|mark| self.marks.remove(mark));
            }
            Writing::Read { document, marks } => self.read.set(*document, marks.iter().copied().collect()),
            Writing::AllRead(all) => {
                self.everything_is_there(all, out);
                self.all = Some(all.clone());
            }
            Writing::FolderRead { project, files } => self.is_in_step(seen.place, *project, files, out),
            Writing::Typed { .. } | Writing::Erased { .. } | Writing::Saved { .. } | Writing::Wanted { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Oracle;
    use super::super::case::broken;
    use super::*;

    const PROJECT: ProjectId = ProjectId(uuid::Uuid::from_u128(1));

    fn document(n: u128) -> DocumentId {
        DocumentId(uuid::Uuid::from_u128(n))
    }

    fn fact(fact: Writing) -> (&'static str, Fact) {
        ("node0", Fact::Writing(fact))
    }

    fn filed(mark: u64) -> (&'static str, Fact) {
        fact(Writing::Filed { mark })
    }

    fn unfiled(marks: &[u64]) -> (&'static str, Fact) {
        fact(Writing::Unfiled { marks: marks.to_vec() })
    }

    fn read(n: u128, marks: &[u64]) -> (&'static str, Fact) {
        fact(Writing::Read { document: document(n), marks: marks.to_vec() })
    }

    fn all(live: &[u128], trash: &[u128]) -> (&'static str, Fact) {
        let text = |n: &u128| (document(*n), (format!("{n}.md"), EventDigest(1)));
        let documents = BTreeMap::from([(PROJECT, live.iter().map(text).collect())]);
        let trash = trash.iter().map(|n| (document(*n), EventDigest(1))).collect();
        fact(Writing::AllRead(AllRead { documents, trash, ..AllRead::default() }))
    }

    #[test]
    fn what_is_in_a_file_is_in_one_document() {
        assert_eq!(broken(&[filed(1), read(7, &[1]), all(&[7], &[])]), []);
        assert_eq!(broken(&[filed(1), read(7, &[]), all(&[7], &[])]), [Oracle::Folders]);
        assert_eq!(broken(&[filed(1), read(7, &[1]), all(&[], &[7])]), [Oracle::Folders], "nobody removed it");
        assert_eq!(broken(&[filed(1), unfiled(&[]), read(7, &[1]), all(&[], &[7])]), []);
        assert_eq!(broken(&[filed(1), unfiled(&[1]), all(&[], &[])]), [], "perhaps nobody has seen it");
        let twice = [filed(1), read(7, &[1]), read(8, &[1])];
        assert_eq!(broken(&[twice.as_slice(), &[all(&[7], &[8])]].concat()), [], "one of them is in the trash");
        assert_eq!(broken(&[twice.as_slice(), &[all(&[7, 8], &[])]].concat()), [Oracle::Folders]);
        assert_eq!(broken(&[&[filed(1)], twice.as_slice(), &[all(&[7, 8], &[])]].concat()), [], "of two files");
    }

    #[test]
    fn a_folder_has_what_its_project_has() {
        let folder = |files: &[(&str, u64)]| {
            let files = files.iter().map(|(path, digest)| ((*path).to_owned(), EventDigest(*digest))).collect();
            fact(Writing::FolderRead { project: PROJECT, files })
        };
        assert_eq!(broken(&[all(&[7], &[8]), folder(&[("7.md", 1)])]), []);
        for wrong in [&[("7.md", 2)][..], &[], &[("7.md", 1), ("8.md", 1)]] {
            assert_eq!(broken(&[all(&[7], &[8]), folder(wrong)]), [Oracle::Folders], "{wrong:?}");
        }
    }
}
