//! One document and its file, brought together.

use bytes::Bytes;
use wayfare_protocol::{DocumentId, Now};

use super::look::body_of;
use super::{Act, Disk, Effect, FolderBinding, Job, Kept, Outcome, Stamp, Swapped, TextHash};
use crate::document::{Body, edits_between, restoration};
use crate::machine::Sink;

/// Why a file is not put out of a document's way yet: perhaps both say the same.
const AWAITED: &str = "a file is here, and the document's text has not come yet";

/// What becomes of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// It says what the document says.
    Written,
    /// It goes: the document is in the trash.
    Removed,
    /// The document is listed: a crash came between.
    Listed,
}

/// How far a turn is.
#[derive(Debug)]
enum Step {
    KeepingBase,
    Merging,
    Staging,
    KeepingWrite { stamp: Stamp },
    Swapping { stamp: Stamp },
    KeepingWhole { stamp: Stamp },
    KeepingBack { refused: Option<String> },
    Unstaging,
    Removing,
    Listing,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Turn {
    document: DocumentId,
    path: String,
    ending: Ending,
    /// The file's text and stamp.
    disk: Option<(String, Stamp)>,
    /// The history of which that is the text.
    base: Option<Bytes>,
    /// What of it the document lacks.
    update: Option<Bytes>,
    /// The document with that, and its text.
    whole: Bytes,
    text: String,
    step: Step,
}

/// The file's change taken in.
struct Import {
    base: Bytes,
    is_new: bool,
    update: Option<Bytes>,
    whole: Bytes,
    text: String,
}

/// Applies what was done to a file since it was written to the history of that time, and joins it with the document as it is.
fn import(client: u32, base: &Bytes, disk: Option<&str>, history: &[u8]) -> Result<Import, String> {
    let mut old = Body::new(client);
    old.apply(base).map_err(|error| error.to_string())?;
    let edits = disk.map(|disk| edits_between(&old.text(), disk)).unwrap_or_default();
    let is_new = !edits.is_empty();
    if is_new {
        old.edit(&edits).map_err(|error| error.to_string())?;
    }
    let base = if is_new { old.history().into() } else { base.clone() };
    let mut whole = body_of(history)?;
    let lacks = whole.would_change(&base);
    let update = lacks.then(|| old.missing(&whole.vector())).transpose().map_err(|error| error.to_string())?;
    if let Some(update) = &update {
        whole.apply(update).map_err(|error| error.to_string())?;
    }
    let text = whole.text();
    Ok(Import { base, is_new, update: update.map(Bytes::from), whole: whole.history().into(), text })
}

impl FolderBinding {
    #[expect(clippy::too_many_arguments, reason = "each is a field of the one outcome")]
    pub(super) fn gathered(
        &mut self,
        now: Now,
        document: DocumentId,
        path: String,
        disk: Disk,
        kept: Option<Kept>,
        history: Result<Bytes, String>,
        out: &mut impl Sink<Effect>,
    ) {
        self.changed.remove(&document);
        let Some(tree) = &self.tree else { return };
        let ending = match tree.path(document) {
            Some(listed) if *listed == path => Ending::Written,
            Some(_) => {
                self.due.insert(document); // renamed meanwhile
                return;
            }
            None if tree.is_in_trash(document) => Ending::Removed,
            None if kept.is_some() => Ending::Listed,
            None => return self.forget(document),
        };
        let disk = match disk {
            Disk::Text { text, stamp } => Some((text, stamp)),
            Disk::Gone => None,
            Disk::Unsteady => {
                self.changed.insert(document);
                return self.unsettled(now, &path);
            }
            Disk::Unfit(why) => return self.fail(&path, why),
        };
        let history = match history {
            Ok(history) => history,
            Err(why) => return self.fail(&path, why),
        };
        match kept.and_then(|kept| kept.base) {
            Some(_) if disk.is_none() && ending == Ending::Written => {
                self.changed.insert(document);
                self.scan_soon(now); // what is gone is told by scans
            }
            Some(base) => self.take_turn(document, path, ending, disk, &base, &history, out),
            None => self.meet(now, document, path, ending, disk, history, out),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "each is a field of the turn")]
    fn take_turn(
        &mut self,
        document: DocumentId,
        path: String,
        ending: Ending,
        disk: Option<(String, Stamp)>,
        base: &Bytes,
        history: &[u8],
        out: &mut impl Sink<Effect>,
    ) {
        let imported = import(self.client, base, disk.as_ref().map(|(text, _)| text.as_str()), history);
        let Import { base, is_new, update, whole, text } = match imported {
            Ok(imported) => imported,
            Err(why) => return self.fail(&path, why),
        };
        let step = Step::KeepingBase;
        let turn = Turn { document, path, ending, disk, base: Some(base), update, whole, text, step };
        if is_new {
            let kept = turn.kept_base();
            return self.begin(Job::Turn(Box::new(turn)), Act::Keep { document, kept }, out);
        }
        self.merge_turn(turn, out);
    }

    /// A document and perhaps a file that have not met.
    #[expect(clippy::too_many_arguments, reason = "each is a field of the one outcome")]
    fn meet(
        &mut self,
        now: Now,
        document: DocumentId,
        path: String,
        ending: Ending,
        disk: Option<(String, Stamp)>,
        history: Bytes,
        out: &mut impl Sink<Effect>,
    ) {
        if ending != Ending::Written {
            return self.begin(Job::Forget { document }, Act::Keep { document, kept: None }, out);
        }
        let body = match body_of(&history) {
            Ok(body) => body,
            Err(why) => return self.fail(&path, why),
        };
        let text = body.text();
        let step = match &disk {
            None => Step::Staging,
            Some((there, stamp)) if *there == text => Step::KeepingWhole { stamp: *stamp },
            Some((there, _)) if self.left.get(&path) == Some(&TextHash::of(there)) => Step::Staging,
            Some(_) if body.is_empty() && self.waits(now, document, &path, AWAITED) => return,
            Some(_) => {
                let (job, act) = self.aside(document, path);
                return self.begin(job, act, out);
            }
        };
        let turn = Turn { document, path, ending, disk, base: None, update: None, whole: history, text, step };
        match turn.step {
            Step::KeepingWhole { .. } => {
                let kept = Some(turn.kept_whole());
                self.begin(Job::Turn(Box::new(turn)), Act::Keep { document, kept }, out);
            }
            _ => self.stage(turn, out),
        }
    }

    pub(super) fn on_turn(&mut self, now: Now, mut turn: Turn, outcome: Outcome, out: &mut impl Sink<Effect>) {
        let document = turn.document;
        match (&turn.step, outcome) {
            (Step::KeepingBase, Outcome::Done) => self.merge_turn(turn, out),
            (Step::Merging | Step::Listing, Outcome::Tried(Err(why))) | (Step::Staging, Outcome::Staged(Err(why))) => {
                self.fail(&turn.path, why);
            }
            (Step::Merging, Outcome::Tried(Ok(()))) => self.end_turn(turn, out),
            (Step::Listing, Outcome::Tried(Ok(()))) => self.note_listed(document, turn.path),
            (Step::Staging, Outcome::Staged(Ok(stamp))) => {
                turn.step = Step::KeepingWrite { stamp };
                let kept = Some(turn.kept_writing());
                self.begin(Job::Turn(Box::new(turn)), Act::Keep { document, kept }, out);
            }
            (Step::KeepingWrite { stamp }, Outcome::Done) => {
                turn.step = Step::Swapping { stamp: *stamp };
                let (path, expected) = (turn.path.clone(), turn.disk.as_ref().map(|(text, _)| text.clone()));
                self.begin(Job::Turn(Box::new(turn)), Act::Swap { path, expected }, out);
            }
            (Step::Swapping { stamp }, Outcome::Swapped(Swapped::Done)) => {
                turn.step = Step::KeepingWhole { stamp: *stamp };
                let kept = Some(turn.kept_whole());
                self.begin(Job::Turn(Box::new(turn)), Act::Keep { document, kept }, out);
            }
            (Step::Swapping { .. }, Outcome::Swapped(swapped)) => {
                let refused = if let Swapped::Refused(why) = swapped { Some(why) } else { None };
                turn.step = Step::KeepingBack { refused };
                let kept = turn.kept_base();
                self.begin(Job::Turn(Box::new(turn)), Act::Keep { document, kept }, out);
            }
            (Step::KeepingBack { refused }, Outcome::Done) => {
                self.not_written(now, document, &turn.path, refused.clone());
                turn.step = Step::Unstaging;
                let path = turn.path.clone();
                self.begin(Job::Turn(Box::new(turn)), Act::Unstage { path }, out);
            }
            (Step::Unstaging, Outcome::Done) => {}
            (Step::KeepingWhole { stamp }, Outcome::Done) => {
                let (text, stamp) = (TextHash::of(&turn.text), *stamp);
                self.has_file(document, turn.path, text, stamp);
            }
            (Step::Removing, Outcome::Swapped(Swapped::Done)) => {
                self.found.remove(&turn.path);
                self.begin(Job::Forget { document }, Act::Keep { document, kept: None }, out);
            }
            (Step::Removing, Outcome::Swapped(Swapped::Changed)) => {
                self.due.insert(document);
                self.scan_soon(now);
            }
            (Step::Removing, Outcome::Swapped(Swapped::Refused(why))) => self.fail(&turn.path, why),
            (step, outcome) => unreachable!("{outcome:?} is no end of {step:?}"),
        }
    }

    /// Somebody else was faster at the file, or it cannot be written.
    fn not_written(&mut self, now: Now, document: DocumentId, path: &str, refused: Option<String>) {
        match refused {
            Some(why) => self.fail(path, why),
            None => {
                self.changed.insert(document);
                self.unsettled(now, path);
            }
        }
    }

    fn merge_turn(&mut self, mut turn: Turn, out: &mut impl Sink<Effect>) {
        let Some(update) = turn.update.take() else { return self.end_turn(turn, out) };
        turn.step = Step::Merging;
        let document = turn.document;
        self.begin(Job::Turn(Box::new(turn)), Act::Merge { document, update }, out);
    }

    fn end_turn(&mut self, mut turn: Turn, out: &mut impl Sink<Effect>) {
        let document = turn.document;
        match (turn.ending, turn.disk.take()) {
            (Ending::Written, Some((text, stamp))) if text == turn.text => {
                self.has_file(document, turn.path, TextHash::of(&text), stamp);
            }
            (Ending::Written, disk) => {
                turn.disk = disk;
                self.stage(turn, out);
            }
            (Ending::Removed, Some((expected, _))) if !self.is_wanted(document, &turn.path) => {
                turn.step = Step::Removing;
                let path = turn.path.clone();
                self.begin(Job::Turn(Box::new(turn)), Act::Remove { path, expected }, out);
            }
            (Ending::Removed, disk) => {
                if let Some((text, _)) = disk {
                    self.left.insert(turn.path, TextHash::of(&text));
                }
                self.begin(Job::Forget { document }, Act::Keep { document, kept: None }, out);
            }
            (Ending::Listed, _) => {
                turn.step = Step::Listing;
                let edits = restoration(document, &turn.path);
                self.begin(Job::Turn(Box::new(turn)), Act::EditTree { edits }, out);
            }
        }
    }

    /// Whether another document is listed at the path and has no file here: it takes this one over.
    fn is_wanted(&self, document: DocumentId, path: &str) -> bool {
        let other = self.tree.as_ref().and_then(|tree| tree.at(path)).filter(|other| *other != document);
        other.is_some_and(|other| !self.known.contains_key(&other))
    }

    fn stage(&mut self, mut turn: Turn, out: &mut impl Sink<Effect>) {
        turn.step = Step::Staging;
        let (path, text) = (turn.path.clone(), turn.text.clone());
        self.begin(Job::Turn(Box::new(turn)), Act::Stage { path, text }, out);
    }
}

impl Turn {
    /// What is known when the file says what it said.
    fn kept_base(&self) -> Option<Kept> {
        let base = self.base.clone()?;
        let text = self.disk.as_ref().map(|(text, _)| TextHash::of(text));
        Some(Kept { path: self.path.clone(), base: Some(base), text, writing: None })
    }

    fn kept_writing(&self) -> Kept {
        let text = self.disk.as_ref().map(|(text, _)| TextHash::of(text)).filter(|_| self.base.is_some());
        let writing = Some(self.whole.clone());
        Kept { path: self.path.clone(), base: self.base.clone(), text, writing }
    }

    /// What is known when it says what the document says.
    fn kept_whole(&self) -> Kept {
        let (base, text) = (Some(self.whole.clone()), Some(TextHash::of(&self.text)));
        Kept { path: self.path.clone(), base, text, writing: None }
    }
}
