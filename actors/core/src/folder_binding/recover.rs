//! After a crash in the middle of a write: what the file's text is, and of which history.

use wayfare_protocol::{DocumentId, Now};

use super::look::text_of;
use super::{Act, Brief, Effect, FolderBinding, Job, Kept, Moved, TextHash, paths};
use crate::document::second_path;
use crate::machine::Sink;

impl FolderBinding {
    /// The text that was being written is beside the file for as long as it is not the file.
    pub(super) fn recover(
        &mut self,
        document: DocumentId,
        kept: Option<Kept>,
        staged: Option<String>,
        out: &mut impl Sink<Effect>,
    ) {
        let Some(kept) = kept else { return self.forget(document) };
        let staged_at = staged.is_some().then(|| kept.path.clone());
        let Some(writing) = kept.writing.clone() else {
            let kept = kept.base.is_some().then_some(kept);
            return self.keep_recovered(document, kept, staged_at, out);
        };
        let (text, old) = (text_of(&writing), kept.base.as_deref().map(text_of));
        let (Ok(text), Ok(old)) = (text, old.transpose()) else {
            // What is kept is no history: without it the file is somebody's whom nobody knows.
            return self.keep_recovered(document, None, staged_at, out);
        };
        if staged.as_ref() == Some(&text) {
            let kept = Kept { writing: None, ..kept };
            let kept = kept.base.is_some().then_some(kept);
            return self.keep_recovered(document, kept, staged_at, out);
        }
        let path = kept.path.clone();
        let kept = Kept { base: Some(writing), text: Some(TextHash::of(&text)), writing: None, path: path.clone() };
        // What was at the path went where the new text had been. If that was not what we expected, it is a person's.
        if staged.is_some() && staged != old {
            // The folder has not been looked through yet: its id makes it a name that nothing has.
            let to = second_path(&paths::beside(&path, &self.device, 1), document);
            let job = Job::Reveal { document, kept: Some(kept), to: to.clone() };
            return self.begin(job, Act::Reveal { path, to }, out);
        }
        self.keep_recovered(document, Some(kept), staged_at, out);
    }

    fn keep_recovered(
        &mut self,
        document: DocumentId,
        kept: Option<Kept>,
        staged_at: Option<String>,
        out: &mut impl Sink<Effect>,
    ) {
        let brief = kept.as_ref().map(Kept::brief);
        self.begin(Job::Recovered { document, brief, staged_at }, Act::Keep { document, kept }, out);
    }

    pub(super) fn revealed(
        &mut self,
        now: Now,
        document: DocumentId,
        kept: Option<Kept>,
        to: String,
        moved: Moved,
        out: &mut impl Sink<Effect>,
    ) {
        match moved {
            Moved::Done => self.scan_soon(now),
            Moved::Gone => {}
            Moved::Taken => self.fail(&to, "a text of yours waits for this place".to_owned()),
            Moved::Refused(why) => self.fail(&to, why),
        }
        self.keep_recovered(document, kept, None, out);
    }

    pub(super) fn recovered(
        &mut self,
        document: DocumentId,
        brief: Option<Brief>,
        staged_at: Option<String>,
        out: &mut impl Sink<Effect>,
    ) {
        match (brief, self.known.get_mut(&document)) {
            (Some(brief), Some(known)) => known.text = brief.text,
            (None, _) => self.forget(document),
            (Some(_), None) => {}
        }
        if let Some(path) = staged_at {
            self.begin(Job::Unstage, Act::Unstage { path }, out);
        }
    }
}
