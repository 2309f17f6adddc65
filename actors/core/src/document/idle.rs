//! When a document is unloaded.

use wayfare_protocol::Boot;

use super::Document;

impl Document {
    /// Whether nobody but the cloud's replica has it open, nothing is under way, and what is here is kept somewhere.
    fn is_idle(&self) -> bool {
        self.peers.keys().all(|peer| self.is_above(*peer))
            && (self.keeps || !self.is_unsaved)
            && self.settling.is_empty()
            && !self.is_asked()
            && self.held.is_empty()
            && self.appending.is_empty()
            && self.log.is_settled()
    }

    pub(super) fn unload_at(&self) -> Option<Boot> {
        self.is_idle().then(|| self.idle_since.after(self.limits.document_idle))
    }
}
