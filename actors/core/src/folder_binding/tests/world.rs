//! A disk, documents and what is kept, as plain maps. Everything that a crash can come between is a step of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;
use wayfare_protocol::{Boot, DocumentId, Limits, Now, Wall};

use crate::document::{Body, Edit, Tree, restoration};
use crate::folder_binding::{
    Act, Config, Disk, Effect, FolderBinding, Input, Kept, Moved, Outcome, Scan, Stamp, Status, Swapped,
};
use crate::machine::{Machine as _, OpId};

/// See the module.
pub(super) struct World {
    pub(super) machine: FolderBinding,
    pub(super) now: Now,
    pub(super) disk: BTreeMap<String, (String, Stamp)>,
    staged: BTreeMap<String, (String, Stamp)>,
    pub(super) kept: BTreeMap<DocumentId, Kept>,
    pub(super) documents: BTreeMap<DocumentId, Body>,
    pub(super) tree: Body,
    pub(super) acts: Vec<(OpId, Act)>,
    pub(super) shown: Status,
    /// Whether the folder is there.
    pub(super) is_there: bool,
    pub(super) done: Vec<Act>,
    ids: u128,
    stamps: u64,
    clients: u32,
}

pub(super) fn id(n: u128) -> DocumentId {
    DocumentId(Uuid::from_u128(n))
}

impl World {
    pub(super) fn new() -> Self {
        let now = Now { boot: Boot(Duration::from_secs(100)), wall: Wall(0) };
        let mut world = Self {
            machine: FolderBinding::new(config(0, BTreeMap::new()), now),
            now,
            disk: BTreeMap::new(),
            staged: BTreeMap::new(),
            kept: BTreeMap::new(),
            documents: BTreeMap::new(),
            tree: Body::new(1),
            acts: Vec::new(),
            shown: Status::default(),
            is_there: true,
            done: Vec::new(),
            ids: 1_000,
            stamps: 0,
            clients: 100,
        };
        world.begin();
        world
    }

    fn begin(&mut self) {
        self.clients += 1;
        let kept = self.kept.iter().map(|(document, kept)| (*document, kept.brief())).collect();
        self.machine = FolderBinding::new(config(self.clients, kept), self.now);
        self.acts.clear();
        self.input(Input::Begun);
    }

    /// The process ends, in the middle of what it did, and begins anew.
    pub(super) fn crash(&mut self) {
        self.begin();
    }

    /// It ends after what was under way is done, and before it hears of that; of a write perhaps in its middle.
    pub(super) fn crash_after(&mut self, in_the_middle: bool) {
        if let Some((_, act)) = self.acts.pop() {
            match act {
                Act::Swap { path, expected } if in_the_middle => {
                    self.exchange(&path, expected.as_deref());
                }
                act => drop(self.perform(act)),
            }
        }
        self.begin();
    }

    pub(super) fn input(&mut self, input: Input) {
        let mut out = Vec::new();
        self.machine.step(self.now, input, &mut out);
        self.take(out);
    }

    fn take(&mut self, out: Vec<Effect>) {
        for effect in out {
            match effect {
                Effect::Do { op, act } => self.acts.push((op, act)),
                Effect::Show(status) => self.shown = status,
                Effect::Follow { .. } | Effect::Leave { .. } => {}
            }
        }
        assert!(self.acts.len() <= 1, "one thing at a time: {:?}", self.acts);
    }

    /// Does what is under way, and tells of it.
    pub(super) fn act(&mut self) -> bool {
        let Some((op, act)) = self.acts.pop() else { return false };
        self.done.push(act.clone());
        let outcome = self.perform(act);
        self.input(Input::Done { op, outcome });
        true
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now.boot = self.now.boot.after(time);
        let mut out = Vec::new();
        self.machine.wake(self.now, &mut out);
        self.take(out);
    }

    /// Everything that is due, for so long.
    pub(super) fn run(&mut self, time: Duration) {
        let end = self.now.boot.after(time);
        for _ in 0..100_000 {
            if self.act() {
                continue;
            }
            if self.now.boot >= end {
                return;
            }
            self.pass(Duration::from_millis(100));
        }
        panic!("it never rests; at last it did {:?}", &self.done[self.done.len() - 20..]);
    }

    /// Until a rescan has found what nobody told.
    pub(super) fn settle(&mut self) {
        self.run(Duration::from_secs(100));
        assert!(self.shown.is_settled, "{:?}", self.shown);
    }

    pub(super) fn write(&mut self, path: &str, text: &str) {
        let stamp = self.stamp(text);
        self.disk.insert(path.to_owned(), (text.to_owned(), stamp));
    }

    fn stamp(&mut self, text: &str) -> Stamp {
        self.stamps += 1;
        Stamp { modified: i128::from(self.stamps), bytes: text.len() as u64, inode: self.stamps }
    }

    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.disk.get(path).map(|(text, _)| text.as_str())
    }

    pub(super) fn tree(&self) -> Tree {
        Tree::of(&self.tree)
    }

    pub(super) fn at(&self, path: &str) -> DocumentId {
        self.tree().at(path).unwrap_or_else(|| panic!("no {path} in {:?}", self.tree()))
    }

    pub(super) fn document(&mut self, document: DocumentId) -> &mut Body {
        // The replica that others write through.
        self.documents.entry(document).or_insert_with(|| Body::new(7))
    }

    pub(super) fn document_text(&self, document: DocumentId) -> String {
        self.documents.get(&document).map(Body::text).unwrap_or_default()
    }

    /// Somebody elsewhere changes a document.
    pub(super) fn remote(&mut self, document: DocumentId, at: usize, insert: &str) {
        let splice = Edit::Splice { at, delete: 0, insert: insert.to_owned() };
        self.document(document).edit(&[splice]).unwrap();
        self.input(Input::Changed { document });
    }

    pub(super) fn remote_tree(&mut self, edits: &[Edit]) {
        self.tree.edit(edits).unwrap();
        self.input(Input::TreeChanged);
    }

    /// A document that others have made.
    pub(super) fn make(&mut self, document: DocumentId, path: &str, text: &str) {
        self.remote(document, 0, text);
        self.remote_tree(&restoration(document, path));
    }

    fn read(&self, path: &str) -> Disk {
        match self.disk.get(path) {
            None => Disk::Gone,
            Some((text, _)) if text.contains('\0') => Disk::Unfit("no text".to_owned()),
            Some((text, stamp)) => Disk::Text { text: text.clone(), stamp: *stamp },
        }
    }

    fn history(&self, document: DocumentId) -> Bytes {
        self.documents.get(&document).map(Body::history).unwrap_or_else(|| Body::new(0).history()).into()
    }

    fn exchange(&mut self, path: &str, expected: Option<&str>) -> bool {
        if self.disk.get(path).map(|(text, _)| text.as_str()) != expected {
            return false;
        }
        let new = self.staged.remove(path).expect("it was staged");
        if let Some(old) = self.disk.insert(path.to_owned(), new) {
            self.staged.insert(path.to_owned(), old);
        }
        true
    }

    fn rename(&mut self, from: &str, to: &str, is_staged: bool) -> Moved {
        if self.disk.contains_key(to) {
            return Moved::Taken;
        }
        let from = if is_staged { self.staged.remove(from) } else { self.disk.remove(from) };
        let Some(file) = from else { return Moved::Gone };
        self.disk.insert(to.to_owned(), file);
        Moved::Done
    }

    fn perform(&mut self, act: Act) -> Outcome {
        match act {
            Act::ReadTree => Outcome::Tree(Ok(self.tree())),
            Act::Scan if !self.is_there => Outcome::Scanned(Err("it is not there".to_owned())),
            Act::Scan => {
                let files = self.disk.iter().map(|(path, (_, stamp))| (path.clone(), *stamp)).collect();
                Outcome::Scanned(Ok(Scan { files, skipped: BTreeMap::new() }))
            }
            Act::Read { path } => {
                self.ids += 1;
                Outcome::Read { disk: self.read(&path), fresh: id(self.ids) }
            }
            Act::Gather { document, path } => Outcome::Gathered {
                disk: self.read(&path),
                kept: self.kept.get(&document).cloned(),
                staged: self.staged.get(&path).map(|(text, _)| text.clone()),
                history: Ok(self.history(document)),
            },
            Act::Compare { documents } => Outcome::Histories(Ok(documents.map(|document| self.history(document)))),
            Act::Keep { document, kept } => {
                match kept {
                    Some(kept) => self.kept.insert(document, kept),
                    None => self.kept.remove(&document),
                };
                Outcome::Done
            }
            Act::KeepPath { document, path } => {
                if let Some(kept) = self.kept.get_mut(&document) {
                    kept.path = path;
                }
                Outcome::Done
            }
            Act::Merge { document, update } => {
                self.document(document).apply(&update).unwrap();
                Outcome::Tried(Ok(()))
            }
            Act::EditTree { edits } => {
                self.tree.edit(&edits).unwrap();
                Outcome::Tried(Ok(()))
            }
            Act::Stage { path, text } => {
                let stamp = self.stamp(&text);
                self.staged.insert(path, (text, stamp));
                Outcome::Staged(Ok(stamp))
            }
            Act::Unstage { path } => {
                self.staged.remove(&path);
                Outcome::Done
            }
            Act::Swap { path, expected } => {
                let is_done = self.exchange(&path, expected.as_deref());
                if is_done {
                    self.staged.remove(&path);
                }
                Outcome::Swapped(if is_done { Swapped::Done } else { Swapped::Changed })
            }
            Act::Remove { path, expected } => match self.text(&path) {
                Some(text) if text == expected => {
                    self.disk.remove(&path);
                    Outcome::Swapped(Swapped::Done)
                }
                _ => Outcome::Swapped(Swapped::Changed),
            },
            Act::Move { from, to } => Outcome::Moved(self.rename(&from, &to, false)),
            Act::Reveal { path, to } => Outcome::Moved(self.rename(&path, &to, true)),
        }
    }
}

fn config(client: u32, kept: BTreeMap<DocumentId, crate::folder_binding::Brief>) -> Config {
    Config { device: "desk".to_owned(), client, kept, limits: Limits::default() }
}
