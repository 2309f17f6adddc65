//! Two documents of one path, which were made apart.

use bytes::Bytes;
use wayfare_protocol::{Boot, DocumentId, Now};

use super::look::{body_of, put};
use super::{Act, Effect, FolderBinding, Job};
use crate::document::{deletion, second_path};
use crate::machine::Sink;

/// A document in whose way something is, while it, or the other one, has no text here.
#[derive(Debug)]
pub(super) struct Awaited {
    pub(super) path: String,
    /// For people.
    pub(super) why: &'static str,
    since: Boot,
}

impl FolderBinding {
    /// What is to be done for the later one. `None`: there is no other.
    pub(super) fn clash(&self, now: Now, document: DocumentId, path: &str) -> Option<Option<(Job, Act)>> {
        let first = self.tree.as_ref()?.at(path).filter(|first| *first != document)?;
        let is_new = self.changed.contains(&document) || self.changed.contains(&first);
        let waits = self.awaited.get(&document).is_some_and(|awaited| now.boot < self.waits_until(awaited));
        if !is_new && (waits || self.failed.contains_key(path)) {
            return Some(None);
        }
        let job = Job::Compare { first, second: document, path: path.to_owned() };
        Some(Some((job, Act::Compare { documents: [first, document] })))
    }

    fn waits_until(&self, awaited: &Awaited) -> Boot {
        awaited.since.after(self.limits.folder_awaited)
    }

    /// Whether a text is waited for, from now on at the latest. `false`: that was long enough.
    pub(super) fn waits(&mut self, now: Now, document: DocumentId, path: &str, why: &'static str) -> bool {
        let begins = Awaited { path: path.to_owned(), why, since: now.boot };
        let awaited = self.awaited.remove(&document).unwrap_or(begins);
        let waits = now.boot < self.waits_until(&awaited);
        if waits {
            self.awaited.insert(document, awaited);
        }
        waits
    }

    /// The one that was made later is the same, and goes to the trash, or gets a path beside the other's. Of one that has no text it is
    /// not known whether it is the same: that text is waited for. If it does not come, perhaps because nobody ever wrote one, the one
    /// without text gets the path beside.
    pub(super) fn compared(
        &mut self,
        now: Now,
        first: DocumentId,
        second: DocumentId,
        path: String,
        read: Result<[Bytes; 2], String>,
        out: &mut impl Sink<Effect>,
    ) {
        // Its next change is looked at, and a rescan looks anyway. The other one has its own turn.
        self.changed.remove(&second);
        let bodies = read.and_then(|[one, other]| Ok((body_of(&one)?, body_of(&other)?)));
        let (one, other) = match bodies {
            Ok(bodies) => bodies,
            Err(why) => return self.fail(&path, why),
        };
        if one.is_empty() || other.is_empty() {
            if self.waits(now, second, &path, "two documents have this path, and one has not come yet") {
                return;
            }
            let (stays, goes) = if other.is_empty() { (first, second) } else { (second, first) };
            return self.put_beside(stays, goes, path, out);
        }
        self.awaited.remove(&second);
        if one.text() == other.text() {
            let edits = deletion(second, &path);
            let job = Job::Resolve { stays: first, goes: second, path, to: None };
            return self.begin(job, Act::EditTree { edits }, out);
        }
        self.put_beside(first, second, path, out);
    }

    fn put_beside(&mut self, stays: DocumentId, goes: DocumentId, path: String, out: &mut impl Sink<Effect>) {
        self.failed.remove(&path);
        let to = second_path(&path, goes);
        let edits = vec![put(goes, &to)];
        self.begin(Job::Resolve { stays, goes, path, to: Some(to) }, Act::EditTree { edits }, out);
    }

    pub(super) fn resolved(
        &mut self,
        stays: DocumentId,
        goes: DocumentId,
        path: String,
        to: Option<String>,
        tried: Result<(), String>,
    ) {
        match (tried, to) {
            (Err(why), _) => return self.fail(&path, why),
            (Ok(()), Some(to)) => self.note_listed(goes, to),
            (Ok(()), None) => {
                if let Some(tree) = &mut self.tree {
                    tree.delete(goes, path);
                }
            }
        }
        // What changed meanwhile is in no file yet.
        self.changed.extend([stays, goes]);
        self.due.extend([stays, goes]);
    }
}
