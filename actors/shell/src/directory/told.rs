//! What the cloud and a node tell each other of documents and of names.

use ractor::ActorRef;
use wayfare_protocol::DocumentId;
use wayfare_protocol::document::{Changes, ChangesMark};

use super::Directory;
use crate::actor::Mail;
use crate::prefetch::{PrefetchCommand, PrefetchExecutor};

impl Directory {
    /// A document was changed here.
    pub fn document_changed(&self, document: DocumentId) {
        self.with(|known| known.changes.changed(document));
    }

    /// What was changed in a document here is in the cloud's replica too.
    pub fn document_in_step(&self, document: DocumentId) {
        self.with(|known| known.changes.forget(document));
    }

    /// The documents that were changed here since that was asked last.
    pub fn take_changed(&self) -> Vec<DocumentId> {
        self.with(|known| known.changes.take())
    }

    /// The documents that were changed here since a moment. `fresh` names this life, should it have no name yet.
    pub fn changes_since(&self, asked: Option<ChangesMark>, fresh: u64) -> Changes {
        self.with(|known| known.changes.since(asked, fresh))
    }

    /// Makes known what reads ahead, and tells it whether the cloud is within reach.
    pub fn set_prefetch(&self, actor: ActorRef<Mail<PrefetchExecutor>>) {
        self.with(|known| {
            if known.documents_above.is_some() {
                let _ = actor.cast(Mail::Command(PrefetchCommand::Above(true))); // it was started this moment
            }
            known.prefetch = Some(actor);
        });
    }

    /// Tells what reads ahead; `false`: nothing does.
    pub fn tell_prefetch(&self, mail: Mail<PrefetchExecutor>) -> bool {
        self.with(|known| known.prefetch.as_ref().map(|actor| actor.cast(mail))).is_some()
    }

    /// Notes what the cloud calls this node.
    pub fn set_called(&self, name: String) {
        self.with(|known| known.called = Some(name));
    }

    /// What the cloud calls this node, once.
    pub fn take_called(&self) -> Option<String> {
        self.with(|known| known.called.take())
    }
}
