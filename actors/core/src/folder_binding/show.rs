//! How the folder stands, for people.

use super::{Doing, Effect, FolderBinding, Status};
use crate::machine::Sink;

/// What does not sync is listed up to this number.
const SHOWN: usize = 1_000;

impl FolderBinding {
    /// Tells how it stands, if that is not what was told.
    pub(super) fn show(&mut self, out: &mut impl Sink<Effect>) {
        let status = self.status();
        if self.shown.as_ref() != Some(&status) {
            self.shown = Some(status.clone());
            out.push(Effect::Show(status));
        }
    }

    /// How it stands.
    #[must_use]
    pub fn status(&self) -> Status {
        let awaited = self.awaited.values().map(|awaited| (awaited.path.as_str(), awaited.why));
        let others = self.skipped.iter().chain(&self.failed).map(|(path, why)| (path.as_str(), why.as_str()));
        let skipped = others.chain(awaited);
        let held: Vec<String> = self.held().into_iter().map(|(_, path)| path.to_owned()).collect();
        let is_busy = matches!(self.doing, Doing::Something { .. }) || !self.due.is_empty() || !self.fresh.is_empty();
        let waits = self.scan_at < self.rescan_at || self.tree.is_none() || self.scanned_at.is_none();
        let problem = self.no_folder.clone().or_else(|| self.no_tree.clone());
        Status {
            documents: self.known.values().filter(|known| known.gone_since.is_none()).count(),
            skipped: skipped.clone().take(SHOWN).map(|(path, why)| (path.to_owned(), why.to_owned())).collect(),
            skipped_total: skipped.count(),
            is_settled: problem.is_none() && !is_busy && !waits && held.is_empty() && self.awaited.is_empty(),
            held,
            problem,
        }
    }
}
