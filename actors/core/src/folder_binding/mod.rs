//! `FolderBinding`: a folder whose files are the documents of a project.
//!
//! A document is written to its file; what people do to the file comes in as the difference to the **base**: the text last written
//! to it, with the history of which that was the text. It is applied to that history and merged, so it changes what the person changed
//! and nothing that the file had not seen. What cannot be done again without doubling is recorded before it is done:
//!
//! | step | recorded before | after a crash |
//! |---|---|---|
//! | a change of a file comes into the document | the base with that change | the same change is merged once more |
//! | a text is written to a file | the history of which it is the text | whether the staged text is still there tells which the base is |
//!
//! One thing is done at a time:
//!
//! | doing \ when it is done | |
//! |---|---|
//! | Nothing | crashed writes, the tree if it changed, the folder if it stirred, new files, documents, deletions: the first that is due |
//! | ReadTree, Scan | what differs from what is known is due |
//! | Look | a new file: the document whose file is gone and had the same text has a new path; else Create |
//! | Gather | Turn: take in the file's change, then write the document's, or list it, or remove the file |
//! | Compare | of two documents of one path the later one goes to a second path, or to the trash if it says the same; one without text is waited for [`Limits::folder_awaited`] |
//!
//! A file is looked at when it has not changed for [`Limits::folder_settle`], and taken for deleted when it is gone for
//! [`Limits::folder_gone`], by the last scan. Many that are gone at once are held until they are back or the person says so.

mod clash;
mod create;
mod follow;
mod gone;
mod interface;
mod listing;
mod look;
pub mod paths;
mod recover;
mod scan;
mod show;
#[cfg(test)]
mod tests;
mod turn;

use std::collections::{BTreeMap, BTreeSet};

use wayfare_protocol::{Boot, DocumentId, Limits, Now};

use crate::machine::{Machine, OpId, OpIds, Sink, earlier};
use crate::mark::{EffectMark, Kinds as _};
use clash::Awaited;
use create::Creation;
use follow::Followed;
pub use interface::{
    Act, Brief, Config, Disk, Effect, Input, Kept, Moved, Outcome, Scan, Stamp, Status, Swapped, TextHash,
};
use listing::Listing;
use turn::Turn;

/// What one act is called in marks.
pub(crate) const ACTS: &str = "folder_act";

/// A document that has a file here, or had when the last life ended.
#[derive(Clone, Debug)]
struct Known {
    path: String,
    /// Of the text that the file had last, as far as we know; `None`: it was never written.
    text: Option<TextHash>,
    /// The file's, when it had that text. `None`: not seen in this life.
    stamp: Option<Stamp>,
    gone_since: Option<Boot>,
}

/// A file of the last scan.
#[derive(Clone, Copy, Debug)]
struct Found {
    stamp: Stamp,
    /// Since when it has that stamp, as far as we saw.
    since: Boot,
}

/// What is under way, and what for.
#[derive(Debug)]
enum Job {
    ReadTree,
    Scan,
    Recover { document: DocumentId },
    Reveal { document: DocumentId, kept: Option<Kept>, to: String },
    Recovered { document: DocumentId, brief: Option<Brief>, staged_at: Option<String> },
    Unstage,
    Look { path: String },
    Return { document: DocumentId, text: String, stamp: Stamp, fresh: DocumentId, path: String },
    Returned { document: DocumentId, path: String },
    Rename { document: DocumentId, to: String, stamp: Stamp },
    KeepPath { document: DocumentId, to: String, stamp: Option<Stamp> },
    Create(Box<Creation>),
    Gather { document: DocumentId, path: String },
    Turn(Box<Turn>),
    Compare { first: DocumentId, second: DocumentId, path: String },
    Resolve { stays: DocumentId, goes: DocumentId, path: String, to: Option<String> },
    Move { document: DocumentId, from: String, to: String },
    Aside { path: String, to: String, document: DocumentId },
    Rehome { document: DocumentId, path: String },
    Delete { document: DocumentId, path: String },
    Forget { document: DocumentId },
}

#[derive(Debug)]
enum Doing {
    Nothing,
    Something { op: OpId, job: Job },
}

/// One folder that is bound to a project.
#[derive(Debug)]
pub struct FolderBinding {
    device: String,
    client: u32,
    limits: Limits,
    tree: Option<Listing>,
    tree_is_stale: bool,
    known: BTreeMap<DocumentId, Known>,
    /// Whose file is at a path.
    owners: BTreeMap<String, DocumentId>,
    found: BTreeMap<String, Found>,
    /// Left out of the last scan, and why.
    skipped: BTreeMap<String, String>,
    /// What could not be done, by path. Tried again at the next rescan.
    failed: BTreeMap<String, String>,
    /// Later ones of two documents of a path, which wait for a text.
    awaited: BTreeMap<DocumentId, Awaited>,
    /// Texts of files whose documents went to the trash, with that text, while another document had their path: that one's is written over it.
    left: BTreeMap<String, TextHash>,
    scanned_at: Option<Boot>,
    scan_at: Boot,
    rescan_at: Boot,
    recovering: Vec<DocumentId>,
    /// Documents that changed since their last turn.
    changed: BTreeSet<DocumentId>,
    /// Documents to be looked after.
    due: BTreeSet<DocumentId>,
    /// Files that nobody knows.
    fresh: BTreeSet<String>,
    /// What the person says was deleted.
    released: BTreeSet<DocumentId>,
    doing: Doing,
    ops: OpIds,
    followed: Followed,
    /// Why the folder could not be looked through, the last time.
    no_folder: Option<String>,
    /// Why the tree could not be read, the last time.
    no_tree: Option<String>,
    shown: Option<Status>,
}

impl FolderBinding {
    fn begin(&mut self, job: Job, act: Act, out: &mut impl Sink<Effect>) {
        let op = self.ops.take();
        self.doing = Doing::Something { op, job };
        out.push(Effect::Do { op, act });
    }

    /// Begins the first thing that is due, if nothing is under way.
    fn go_on(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if matches!(self.doing, Doing::Something { .. }) {
            return;
        }
        match self.next(now) {
            Some((job, act)) => self.begin(job, act, out),
            None => self.show(out),
        }
    }

    fn next(&mut self, now: Now) -> Option<(Job, Act)> {
        if let Some(document) = self.recovering.pop() {
            let path = self.known.get(&document).map(|known| known.path.clone()).unwrap_or_default();
            return Some((Job::Recover { document }, Act::Gather { document, path }));
        }
        if self.tree_is_stale {
            self.tree_is_stale = false;
            return Some((Job::ReadTree, Act::ReadTree));
        }
        if now.boot >= self.scan_at.min(self.rescan_at) {
            self.scan_at = scan::NEVER; // what stirs while it goes on may not be in it
            return Some((Job::Scan, Act::Scan));
        }
        if self.tree.is_none() || self.scanned_at.is_none() || self.no_folder.is_some() {
            return None;
        }
        while let Some(path) = self.fresh.pop_first() {
            if self.is_fresh(now, &path) {
                return Some((Job::Look { path: path.clone() }, Act::Read { path }));
            }
        }
        while let Some(document) = self.due.pop_first() {
            if let Some(next) = self.examine(now, document) {
                return Some(next);
            }
        }
        self.next_deletion()
    }

    fn on_done(&mut self, now: Now, op: OpId, outcome: Outcome, out: &mut impl Sink<Effect>) {
        let job = match std::mem::replace(&mut self.doing, Doing::Nothing) {
            Doing::Something { op: expected, job } if expected == op => job,
            other => {
                self.doing = other;
                return;
            }
        };
        match (job, outcome) {
            (Job::ReadTree, Outcome::Tree(tree)) => self.on_tree(tree, out),
            (Job::Scan, Outcome::Scanned(scan)) => self.on_scan(now, scan, out),
            (Job::Recover { document }, Outcome::Gathered { kept, staged, .. }) => {
                self.recover(document, kept, staged, out);
            }
            (Job::Reveal { document, kept, to }, Outcome::Moved(moved)) => {
                self.revealed(now, document, kept, to, moved, out);
            }
            (Job::Recovered { document, brief, staged_at }, Outcome::Done) => {
                self.recovered(document, brief, staged_at, out);
            }
            (Job::Unstage, Outcome::Done) => {}
            (Job::Look { path }, Outcome::Read { disk, fresh }) => self.looked(now, path, disk, fresh, out),
            (Job::Rename { document, to, stamp }, Outcome::Tried(tried)) => {
                self.renamed(document, to, stamp, tried, out)
            }
            (Job::KeepPath { document, to, stamp }, Outcome::Done) => self.has_path(document, to, stamp),
            (Job::Return { document, text, stamp, fresh, path }, Outcome::Histories(read)) => {
                let returning = look::Returning { document, text, stamp, fresh, path };
                self.compared_to_trash(returning, read, out);
            }
            (Job::Returned { document, path }, Outcome::Tried(tried)) => self.returned(document, path, tried),
            (Job::Create(creation), outcome) => self.on_creation(*creation, outcome, out),
            (Job::Gather { document, path }, Outcome::Gathered { disk, kept, history, .. }) => {
                self.gathered(now, document, path, disk, kept, history, out);
            }
            (Job::Turn(turn), outcome) => self.on_turn(now, *turn, outcome, out),
            (Job::Compare { first, second, path }, Outcome::Histories(read)) => {
                self.compared(now, first, second, path, read, out);
            }
            (Job::Resolve { stays, goes, path, to }, Outcome::Tried(tried)) => {
                self.resolved(stays, goes, path, to, tried)
            }
            (Job::Move { document, from, to }, Outcome::Moved(moved)) => {
                self.moved(now, document, from, to, moved, out)
            }
            (Job::Aside { path, to, document }, Outcome::Moved(moved)) => {
                self.put_aside(now, &path, to, document, moved)
            }
            (Job::Rehome { document, path }, Outcome::Read { disk, .. }) => {
                self.rehomed(now, document, path, &disk, out)
            }
            (Job::Delete { document, path }, Outcome::Tried(tried)) => self.deleted(document, path, tried, out),
            (Job::Forget { document }, Outcome::Done) => self.forget(document),
            (job, outcome) => unreachable!("{outcome:?} is no end of {job:?}"),
        }
    }

    /// What could not be done is told, and tried again at the next rescan.
    fn fail(&mut self, path: &str, why: String) {
        self.failed.insert(path.to_owned(), why);
    }

    /// The folder is not as it was scanned.
    fn unsettled(&mut self, now: Now, path: &str) {
        if let Some(found) = self.found.get_mut(path) {
            found.since = now.boot;
        }
        self.scan_soon(now);
    }

    fn scan_soon(&mut self, now: Now) {
        self.scan_at = self.scan_at.min(now.boot.after(self.limits.folder_settle));
    }

    fn is_settled(&self, now: Now, path: &str) -> bool {
        self.found.get(path).is_some_and(|found| now.boot >= found.since.after(self.limits.folder_settle))
    }

    /// A document's file is at a path, with a text that was taken in or written.
    fn has_file(&mut self, document: DocumentId, path: String, text: TextHash, stamp: Stamp) {
        self.forget(document);
        self.failed.remove(&path);
        self.left.remove(&path);
        self.awaited.remove(&document);
        let since = Boot::default();
        self.found.insert(path.clone(), Found { stamp, since });
        self.owners.insert(path.clone(), document);
        self.known.insert(document, Known { path, text: Some(text), stamp: Some(stamp), gone_since: None });
        self.due.insert(document);
    }

    /// A document has no file here any more, as far as this binding goes.
    fn forget(&mut self, document: DocumentId) {
        let Some(known) = self.known.remove(&document) else { return };
        if self.owners.get(&known.path) == Some(&document) {
            self.owners.remove(&known.path);
        }
        self.released.remove(&document);
        self.due.insert(document);
        // Its place may be wanted.
        self.due.extend(self.tree.as_ref().and_then(|tree| tree.at(&known.path)));
    }
}

impl Machine for FolderBinding {
    const NAME: &'static str = "folder_binding";
    type Config = Config;
    type Input = Input;
    type Effect = Effect;

    fn new(config: Config, now: Now) -> Self {
        let Config { device, client, kept, limits } = config;
        let mut owners = BTreeMap::new();
        let mut known = BTreeMap::new();
        let mut recovering = Vec::new();
        for (document, brief) in kept {
            if brief.is_writing || brief.text.is_none() {
                recovering.push(document);
            }
            owners.insert(brief.path.clone(), document);
            known.insert(document, Known { path: brief.path, text: brief.text, stamp: None, gone_since: None });
        }
        Self {
            device,
            client,
            followed: Followed::new(limits.folder_followed),
            rescan_at: now.boot.after(limits.folder_rescan),
            limits,
            tree: None,
            tree_is_stale: true,
            known,
            owners,
            found: BTreeMap::new(),
            skipped: BTreeMap::new(),
            failed: BTreeMap::new(),
            awaited: BTreeMap::new(),
            left: BTreeMap::new(),
            scanned_at: None,
            scan_at: now.boot,
            recovering,
            changed: BTreeSet::new(),
            due: BTreeSet::new(),
            fresh: BTreeSet::new(),
            released: BTreeSet::new(),
            doing: Doing::Nothing,
            ops: OpIds::default(),
            no_folder: None,
            no_tree: None,
            shown: None,
        }
    }

    fn step(&mut self, now: Now, input: Input, out: &mut impl Sink<Effect>) {
        match input {
            Input::Begun => {}
            Input::Done { op, outcome } => self.on_done(now, op, outcome, out),
            Input::Stirred => self.scan_soon(now),
            Input::Changed { document } => {
                self.changed.insert(document);
                self.due.insert(document);
                self.touch(document, out);
            }
            Input::TreeChanged => self.tree_is_stale = true,
            Input::Release => {
                let gone: Vec<DocumentId> = self.gone().map(|(document, _)| document).collect();
                self.released.extend(gone);
            }
        }
        self.go_on(now, out);
    }

    fn effect_marks(effect: &Effect, out: &mut Vec<EffectMark>) {
        out.push(EffectMark { machine: Self::NAME, effect: effect.kind() });
        if let Effect::Do { act, .. } = effect {
            out.push(EffectMark { machine: ACTS, effect: act.kind() });
        }
    }

    fn deadline(&self) -> Option<Boot> {
        match self.doing {
            Doing::Something { .. } => None,
            Doing::Nothing => earlier(Some(self.scan_at), Some(self.rescan_at)),
        }
    }

    fn wake(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        self.go_on(now, out);
    }
}
