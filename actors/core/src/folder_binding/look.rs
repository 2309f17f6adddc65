//! New files and moved files.

use bytes::Bytes;
use wayfare_protocol::{DocumentId, Now};

use super::{Act, Disk, Effect, FolderBinding, Job, Known, Moved, Stamp, TextHash, paths};
use crate::document::{Body, Edit, FILES, restoration};
use crate::machine::Sink;

/// A file at the path of a document that is in the trash.
pub(super) struct Returning {
    pub(super) document: DocumentId,
    pub(super) text: String,
    pub(super) stamp: Stamp,
    pub(super) fresh: DocumentId,
    pub(super) path: String,
}

impl FolderBinding {
    /// A file that nobody knows was read.
    pub(super) fn looked(
        &mut self,
        now: Now,
        path: String,
        disk: Disk,
        fresh: DocumentId,
        out: &mut impl Sink<Effect>,
    ) {
        let (text, stamp) = match disk {
            Disk::Text { text, stamp } => (text, stamp),
            Disk::Gone => return self.scan_soon(now),
            Disk::Unsteady => return self.unsettled(now, &path),
            Disk::Unfit(why) => return self.fail(&path, why),
        };
        if let Err(why) = paths::fits(&path) {
            return self.fail(&path, why);
        }
        if let Some(document) = self.gone_with(TextHash::of(&text)) {
            let edits = vec![put(document, &path)];
            return self.begin(Job::Rename { document, to: path, stamp }, Act::EditTree { edits }, out);
        }
        if let Some(document) = self.tree.as_ref().and_then(|tree| tree.in_trash_at(&path)) {
            let documents = [document; 2];
            let job = Job::Return { document, text, stamp, fresh, path };
            return self.begin(job, Act::Compare { documents }, out);
        }
        self.create(fresh, path, &text, stamp, out);
    }

    /// A document whose file is gone and had that text.
    fn gone_with(&self, text: TextHash) -> Option<DocumentId> {
        let is_meant = |known: &Known| known.text == Some(text) && known.gone_since.is_some();
        self.known.iter().find(|(_, known)| is_meant(known)).map(|(document, _)| *document)
    }

    pub(super) fn renamed(
        &mut self,
        document: DocumentId,
        to: String,
        stamp: Stamp,
        tried: Result<(), String>,
        out: &mut impl Sink<Effect>,
    ) {
        if let Err(why) = tried {
            return self.fail(&to, why);
        }
        self.note_listed(document, to.clone());
        self.begin_keep_path(document, to, Some(stamp), out);
    }

    pub(super) fn begin_keep_path(
        &mut self,
        document: DocumentId,
        to: String,
        stamp: Option<Stamp>,
        out: &mut impl Sink<Effect>,
    ) {
        let act = Act::KeepPath { document, path: to.clone() };
        self.begin(Job::KeepPath { document, to, stamp }, act, out);
    }

    pub(super) fn has_path(&mut self, document: DocumentId, to: String, stamp: Option<Stamp>) {
        let Some(known) = self.known.get_mut(&document) else { return };
        let from = std::mem::replace(&mut known.path, to.clone());
        (known.stamp, known.gone_since) = (stamp, None);
        if self.owners.get(&from) == Some(&document) {
            self.owners.remove(&from);
        }
        self.owners.insert(to, document);
        self.changed.insert(document); // perhaps, while its file was looked for
        self.due.insert(document);
        self.due.extend(self.tree.as_ref().and_then(|tree| tree.at(&from)));
    }

    /// A file is where a document of the trash was: if it says the same, it is that document.
    pub(super) fn compared_to_trash(
        &mut self,
        returning: Returning,
        read: Result<[Bytes; 2], String>,
        out: &mut impl Sink<Effect>,
    ) {
        let Returning { document, text, stamp, fresh, path } = returning;
        let is_same = read.is_ok_and(|[history, _]| text_of(&history).is_ok_and(|had| had == text));
        if is_same {
            let edits = restoration(document, &path);
            return self.begin(Job::Returned { document, path }, Act::EditTree { edits }, out);
        }
        self.create(fresh, path, &text, stamp, out);
    }

    pub(super) fn returned(&mut self, document: DocumentId, path: String, tried: Result<(), String>) {
        match tried {
            Ok(()) => self.note_listed(document, path),
            Err(why) => self.fail(&path, why),
        }
    }

    /// A document was renamed by somebody, and its file was moved after it.
    pub(super) fn moved(
        &mut self,
        now: Now,
        document: DocumentId,
        from: String,
        to: String,
        moved: Moved,
        out: &mut impl Sink<Effect>,
    ) {
        match moved {
            Moved::Done => {
                if let Some(found) = self.found.remove(&from) {
                    self.found.insert(to.clone(), found);
                }
                let stamp = self.known.get(&document).and_then(|known| known.stamp);
                self.begin_keep_path(document, to, stamp, out);
            }
            Moved::Taken => {
                self.fail(&to, "something else is in its place".to_owned());
                self.scan_soon(now);
            }
            Moved::Gone => self.scan_soon(now),
            Moved::Refused(why) => self.fail(&to, why),
        }
    }

    pub(super) fn put_aside(&mut self, now: Now, path: &str, to: String, document: DocumentId, moved: Moved) {
        match moved {
            Moved::Done => {
                if let Some(found) = self.found.remove(path) {
                    self.found.insert(to, found);
                }
                self.due.insert(document);
                self.scan_soon(now);
            }
            Moved::Taken => self.fail(path, format!("a file is in its place, and another one at {to}")),
            Moved::Gone => self.scan_soon(now),
            Moved::Refused(why) => self.fail(path, why),
        }
    }

    /// A document was renamed, its file is gone, and at the new path there is one: it is that file if it says the same.
    pub(super) fn rehomed(
        &mut self,
        now: Now,
        document: DocumentId,
        path: String,
        disk: &Disk,
        out: &mut impl Sink<Effect>,
    ) {
        let known = self.known.get(&document).and_then(|known| known.text);
        match disk {
            Disk::Text { text, stamp } if known == Some(TextHash::of(text)) => {
                self.begin_keep_path(document, path, Some(*stamp), out);
            }
            // Its own file is gone; what is there now is another document's.
            Disk::Text { .. } => {}
            Disk::Unfit(why) => self.fail(&path, why.clone()),
            Disk::Gone | Disk::Unsteady => self.unsettled(now, &path),
        }
    }

    pub(super) fn note_listed(&mut self, document: DocumentId, path: String) {
        if let Some(tree) = &mut self.tree {
            tree.put(document, path);
        }
        self.due.insert(document);
    }
}

pub(super) fn put(document: DocumentId, path: &str) -> Edit {
    Edit::Put { map: FILES.to_owned(), key: document.0.to_string(), value: path.to_owned() }
}

/// A history, to be read.
pub(super) fn body_of(history: &[u8]) -> Result<Body, String> {
    let mut body = Body::new(0);
    body.apply(history).map_err(|error| error.to_string())?;
    Ok(body)
}

pub(super) fn text_of(history: &[u8]) -> Result<String, String> {
    Ok(body_of(history)?.text())
}
