//! When a document is unloaded.
//!
//! What the replica above does not keep is brought there first, as long as that is within reach: nobody would open the document again to do so.
//! Without it, a place that keeps a log unloads what it has; when the two meet again every document is opened.

use wayfare_protocol::Boot;

use super::{Above, Document};

impl Document {
    /// Whether nobody but the cloud's replica has it open, nothing is under way, and what is here is kept somewhere.
    fn is_idle(&self) -> bool {
        self.peers.keys().all(|peer| self.is_above(*peer))
            && (!self.is_unsaved || (self.keeps && matches!(self.above, Above::Away)))
            && self.settling.is_empty()
            && !self.is_asked()
            && self.held.is_empty()
            && self.appending.is_empty()
            && self.log.is_settled()
            && !self.versioning.is_taking()
    }

    pub(super) fn unload_at(&self) -> Option<Boot> {
        self.is_idle().then(|| self.idle_since.after(self.limits.document_idle))
    }
}
