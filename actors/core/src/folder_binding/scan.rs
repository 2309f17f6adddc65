//! What is in the folder and in the tree, and what of it is due.

use wayfare_protocol::{Boot, DocumentId, Now};

use super::listing::Listing;
use super::{Act, Effect, FolderBinding, Found, Job, Scan, paths};
use crate::document::Tree;
use crate::machine::Sink;

/// Beyond every deadline.
pub(super) const NEVER: Boot = Boot(std::time::Duration::MAX);

impl FolderBinding {
    pub(super) fn on_tree(&mut self, tree: Result<Tree, String>, out: &mut impl Sink<Effect>) {
        match tree {
            Ok(tree) => {
                self.due.extend(tree.files.keys().chain(self.known.keys()));
                self.awaited.retain(|document, awaited| tree.files.get(document) == Some(&awaited.path));
                self.tree = Some(Listing::of(tree));
                self.no_tree = None;
                self.follow(out);
            }
            Err(why) => self.no_tree = Some(why), // it is read again at the next rescan
        }
    }

    pub(super) fn on_scan(&mut self, now: Now, scan: Result<Scan, String>, out: &mut impl Sink<Effect>) {
        let is_rescan = now.boot >= self.rescan_at;
        if is_rescan {
            self.rescan_at = now.boot.after(self.limits.folder_rescan);
        }
        let scan = match scan {
            Ok(scan) => scan,
            Err(why) => {
                self.no_folder = Some(why);
                return;
            }
        };
        self.no_folder = None;
        if is_rescan {
            self.try_again(out);
        }
        let same = |path: &String, stamp| self.found.get(path).filter(|old| old.stamp == stamp).map(|old| old.since);
        let found = scan.files.into_iter().map(|(path, stamp)| {
            let since = same(&path, stamp).unwrap_or(now.boot);
            (path, Found { stamp, since })
        });
        let found: std::collections::BTreeMap<String, Found> = found.collect();
        self.failed.retain(|path, _| self.found.contains_key(path) || !found.contains_key(path)); // it may be another matter now
        self.found = found;
        self.skipped = scan.skipped;
        self.scanned_at = Some(now.boot);
        self.fresh = self.found.keys().filter(|path| !self.owners.contains_key(*path)).cloned().collect();
        if let Some(tree) = &self.tree {
            self.due.extend(tree.files().map(|(document, _)| document).chain(self.known.keys()));
        }
        self.note_gone(now);
        self.scan_again(now);
    }

    /// A rescan tries again what failed, and looks after documents that are not followed.
    fn try_again(&mut self, out: &mut impl Sink<Effect>) {
        let failed = std::mem::take(&mut self.failed);
        let listed = self.tree.iter().flat_map(Listing::files);
        let tried = listed.filter(|(_, path)| failed.contains_key(*path)).map(|(document, _)| *document);
        self.changed.extend(tried);
        let poll = self.poll();
        self.changed.extend(poll);
        self.tree_is_stale = true;
        self.follow(out);
    }

    /// When what is not settled will be.
    fn scan_again(&mut self, now: Now) {
        let (settle, gone) = (self.limits.folder_settle, self.limits.folder_gone);
        let settled = self.found.values().map(|found| found.since.after(settle));
        let gone = self.known.values().filter_map(|known| Some(known.gone_since?.after(gone)));
        if let Some(at) = settled.chain(gone).filter(|at| *at > now.boot).min() {
            self.scan_at = self.scan_at.min(at);
        }
    }

    /// Whether a path, or a folder that it is in, was left out of the scan: nothing is known of it then.
    pub(super) fn is_skipped(&self, path: &str) -> bool {
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        folders.chain(std::iter::once(path)).any(|path| self.skipped.contains_key(path))
    }

    pub(super) fn listed(&self, document: DocumentId) -> Option<&String> {
        self.tree.as_ref()?.path(document)
    }

    /// Whether a file is nobody's, and is to be looked at.
    pub(super) fn is_fresh(&self, now: Now, path: &str) -> bool {
        let is_listed = self.tree.as_ref().is_none_or(|tree| tree.at(path).is_some());
        // A document that is listed there takes the file in, or has it put aside.
        !is_listed && !self.owners.contains_key(path) && !self.failed.contains_key(path) && self.is_settled(now, path)
    }

    /// What is to be done about a document.
    pub(super) fn examine(&mut self, now: Now, document: DocumentId) -> Option<(Job, Act)> {
        let listed = self.listed(document).cloned();
        let Some(known) = self.known.get(&document).cloned() else {
            return self.examine_unknown(now, document, listed?);
        };
        let Some(path) = listed else {
            let is_free = !self.failed.contains_key(&known.path) && !self.is_skipped(&known.path);
            return is_free.then(|| gather(document, known.path));
        };
        if let Some(first) = self.clash(now, document, &path) {
            return first;
        }
        if path != known.path {
            return self.examine_moved(now, document, &known.path, path);
        }
        let found = self.found.get(&path)?;
        let is_due = known.stamp != Some(found.stamp) || self.changed.contains(&document);
        (is_due && self.is_free(now, &path)).then(|| gather(document, path))
    }

    /// Whether a path's file has settled, and nothing has failed there.
    fn is_free(&self, now: Now, path: &str) -> bool {
        self.is_settled(now, path) && !self.failed.contains_key(path) && !self.is_skipped(path)
    }

    /// A document that has no file here yet.
    fn examine_unknown(&mut self, now: Now, document: DocumentId, path: String) -> Option<(Job, Act)> {
        if let Err(why) = paths::fits(&path) {
            self.fail(&path, why);
            return None;
        }
        if self.failed.contains_key(&path) && !self.changed.contains(&document) || self.is_skipped(&path) {
            return None;
        }
        if let Some(first) = self.clash(now, document, &path) {
            return first;
        }
        if let Some(owner) = self.owners.get(&path) {
            // It is about to go elsewhere, or away.
            self.due.insert(*owner);
            return self.vacate(now, *owner, &path);
        }
        let is_there = self.found.contains_key(&path);
        (!is_there || self.is_settled(now, &path)).then(|| gather(document, path))
    }

    /// A document whose file is not where the tree says.
    fn examine_moved(&mut self, now: Now, document: DocumentId, from: &str, to: String) -> Option<(Job, Act)> {
        if let Err(why) = paths::fits(&to) {
            self.fail(&to, why);
            return None;
        }
        if self.failed.contains_key(&to) || self.is_skipped(from) || self.is_skipped(&to) {
            return None;
        }
        if let Some(owner) = self.owners.get(&to).copied() {
            return self.vacate(now, owner, &to);
        }
        match (self.found.contains_key(from), self.found.contains_key(&to)) {
            (true, true) => self.is_settled(now, &to).then(|| self.aside(document, to)),
            (true, false) => {
                let job = Job::Move { document, from: from.to_owned(), to: to.clone() };
                Some((job, Act::Move { from: from.to_owned(), to }))
            }
            (false, true) => Some((Job::Rehome { document, path: to.clone() }, Act::Read { path: to })),
            (false, false) => None, // gone, and renamed elsewhere: taken for deleted
        }
    }

    /// A document whose file is where another one belongs goes where it belongs itself, by a path between: the two may have changed places.
    fn vacate(&mut self, now: Now, owner: DocumentId, path: &str) -> Option<(Job, Act)> {
        if self.listed(owner).is_none_or(|listed| listed == path) {
            // It goes away, or keeps its place: nothing can be done here before.
            return (self.listed(owner).is_none()).then(|| gather(owner, path.to_owned()));
        }
        if !self.is_settled(now, path) {
            return None; // gone, or being written
        }
        let to = self.free_beside(path);
        let job = Job::Move { document: owner, from: path.to_owned(), to: to.clone() };
        Some((job, Act::Move { from: path.to_owned(), to }))
    }

    /// A path that is free, for a file that cannot be where it is.
    pub(super) fn free_beside(&self, path: &str) -> String {
        let is_taken = |to: &String| {
            self.found.contains_key(to)
                || self.owners.contains_key(to)
                || self.tree.as_ref().is_some_and(|tree| tree.at(to).is_some())
        };
        let free = (1..).map(|n| paths::beside(path, &self.device, n)).find(|to| !is_taken(to));
        free.unwrap_or_else(|| unreachable!("there are more numbers than files"))
    }

    /// Puts a file that is nobody's out of a document's way, where it is seen and becomes a document of its own.
    pub(super) fn aside(&self, document: DocumentId, path: String) -> (Job, Act) {
        let to = self.free_beside(&path);
        (Job::Aside { path: path.clone(), to: to.clone(), document }, Act::Move { from: path, to })
    }
}

fn gather(document: DocumentId, path: String) -> (Job, Act) {
    (Job::Gather { document, path: path.clone() }, Act::Gather { document, path })
}
