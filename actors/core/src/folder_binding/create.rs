//! A file becomes a document: what it holds is kept, then its history is made, then it is listed. Each may be done again.

use bytes::Bytes;
use wayfare_protocol::DocumentId;

use super::{Act, Effect, FolderBinding, Job, Kept, Outcome, Stamp, TextHash};
use crate::document::{Body, Edit, restoration};
use crate::machine::Sink;

/// How far it is.
#[derive(Debug)]
enum Step {
    Keeping,
    Merging,
    Listing,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Creation {
    document: DocumentId,
    path: String,
    history: Bytes,
    text: TextHash,
    stamp: Stamp,
    step: Step,
}

impl FolderBinding {
    pub(super) fn create(
        &mut self,
        document: DocumentId,
        path: String,
        text: &str,
        stamp: Stamp,
        out: &mut impl Sink<Effect>,
    ) {
        if self.known.len() >= self.limits.folder_documents {
            return self.fail(&path, format!("the folder has {} documents, the limit", self.known.len()));
        }
        let mut body = Body::new(self.client);
        let splice = Edit::Splice { at: 0, delete: 0, insert: text.to_owned() };
        if let Err(error) = body.edit(&[splice]) {
            return self.fail(&path, error.to_string());
        }
        let (history, text): (Bytes, _) = (body.history().into(), TextHash::of(text));
        let kept = Kept { path: path.clone(), base: Some(history.clone()), text: Some(text), writing: None };
        let creation = Creation { document, path, history, text, stamp, step: Step::Keeping };
        self.begin(Job::Create(Box::new(creation)), Act::Keep { document, kept: Some(kept) }, out);
    }

    pub(super) fn on_creation(&mut self, mut creation: Creation, outcome: Outcome, out: &mut impl Sink<Effect>) {
        let document = creation.document;
        match (&creation.step, outcome) {
            (Step::Keeping, Outcome::Done) => {
                // From now on it is known, whatever becomes of the rest.
                self.has_file(document, creation.path.clone(), creation.text, creation.stamp);
                self.due.remove(&document);
                creation.step = Step::Merging;
                let update = creation.history.clone();
                self.begin(Job::Create(Box::new(creation)), Act::Merge { document, update }, out);
            }
            (Step::Merging, Outcome::Tried(Ok(()))) => {
                creation.step = Step::Listing;
                let edits = restoration(document, &creation.path);
                self.begin(Job::Create(Box::new(creation)), Act::EditTree { edits }, out);
            }
            (Step::Listing, Outcome::Tried(Ok(()))) => {
                self.note_listed(document, creation.path);
                self.follow(out);
            }
            (Step::Merging | Step::Listing, Outcome::Tried(Err(why))) => self.fail(&creation.path, why),
            (step, outcome) => unreachable!("{outcome:?} is no end of {step:?}"),
        }
    }
}
