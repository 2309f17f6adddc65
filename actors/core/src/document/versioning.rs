//! When a version of the text is to be taken: at the place with nothing above it, when nobody has changed the document for
//! [`Limits::version_quiet`], [`Limits::version_every`] after the first change that is in no version, and before it is unloaded.
//!
//! | | a change | it is time | `Versioned`: taken | `Versioned`: failed |
//! |---|---|---|---|---|
//! | Recorded | Changed | – | – | – |
//! | Changed | Changed | take: Taking | – | – |
//! | Taking | notes it | – | Recorded, or Changed | Failed |
//! | Failed | – | take: Taking | – | – |
//!
//! What was loaded counts as changed: nothing else remembers that it was. Whoever carries the effect out sees whether the newest version
//! has that text already. A document with a failure is unloaded all the same, and looked at again when it is loaded next: until
//! then its text is what it is.

use strum::VariantNames as _;
use wayfare_protocol::{Boot, DocumentId, Limits, Now};

use super::{Document, Effect};
use crate::machine::{OpId, Sink};
use crate::mark::{Mark, Phases};

/// Changes that are in no version: the first and the last.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: Boot,
    last: Boot,
}

#[derive(Debug, Default, strum::IntoStaticStr, strum::VariantNames)]
enum Phase {
    /// The text is that of the newest version, as far as is known.
    #[default]
    Recorded,
    /// It is not.
    Changed(Span),
    /// A version is being taken; since when there were other changes.
    Taking { op: OpId, since: Option<Span> },
    /// The attempt failed.
    Failed { retry_at: Boot },
}

/// See the module.
#[derive(Debug)]
pub(super) struct Versioning {
    is_recorder: bool,
    /// It has had a text. A document of maps, such as a project's tree, has no versions.
    has_text: bool,
    phase: Phase,
}

impl Versioning {
    pub(super) const PHASES: Phases = ("document_versioning", Phase::VARIANTS);

    /// `has_above`: somebody else takes the versions.
    pub(super) fn new(document: DocumentId, has_above: bool) -> Self {
        let is_recorder = !has_above && document.versions().is_some();
        Self { is_recorder, has_text: false, phase: Phase::default() }
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { machine: "document_versioning", phase: (&self.phase).into() }
    }

    fn changed(&mut self, now: Now, has_text: bool) {
        self.has_text |= has_text;
        if !self.is_recorder || !self.has_text {
            return;
        }
        let new = || Span { first: now.boot, last: now.boot };
        match &mut self.phase {
            Phase::Recorded => self.phase = Phase::Changed(new()),
            Phase::Changed(span) => span.last = now.boot,
            Phase::Taking { since, .. } => since.get_or_insert_with(new).last = now.boot,
            Phase::Failed { .. } => {}
        }
    }

    /// When a version is to be taken.
    pub(super) fn deadline(&self, limits: &Limits) -> Option<Boot> {
        match self.phase {
            Phase::Changed(span) => {
                Some(span.last.after(limits.version_quiet).min(span.first.after(limits.version_every)))
            }
            Phase::Failed { retry_at } => Some(retry_at),
            Phase::Recorded | Phase::Taking { .. } => None,
        }
    }

    /// Whether one is being taken.
    pub(super) fn is_taking(&self) -> bool {
        matches!(self.phase, Phase::Taking { .. })
    }

    /// Whether one is to be taken before the document is unloaded.
    pub(super) fn is_wanted(&self) -> bool {
        matches!(self.phase, Phase::Changed(_))
    }
}

impl Document {
    /// The text may be another than it was.
    pub(super) fn note_change(&mut self, now: Now) {
        let has_text = self.body.has_text();
        self.versioning.changed(now, has_text);
    }

    pub(super) fn take_version(&mut self, out: &mut impl Sink<Effect>) {
        let op = self.ops.take();
        self.versioning.phase = Phase::Taking { op, since: None };
        out.push(Effect::Version { op, text: self.body.text() });
    }

    pub(super) fn on_versioned(&mut self, now: Now, which: OpId, is_taken: bool) {
        let Phase::Taking { op, since } = self.versioning.phase else { return };
        if op != which {
            return;
        }
        self.versioning.phase = match since {
            _ if !is_taken => Phase::Failed { retry_at: now.boot.after(self.limits.version_quiet) },
            Some(span) => Phase::Changed(span),
            None => Phase::Recorded,
        };
    }
}
