//! A client of y-websocket at a door of this process, as its connection sees the document.

use std::sync::Arc;

use bytes::Bytes;
use ractor::ActorRef;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use wayfare_core::document::{Input, PeerId};
use wayfare_protocol::{ErrorCode, Refusal};

use super::{DocumentCommand, DocumentExecutor};
use crate::actor::Mail;

/// Frames of one editor that its document has not taken yet.
const FRAMES: usize = 64;

/// What an editor is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditorNews {
    /// A frame of y-protocols, for its client.
    Frame(Bytes),
    /// It is let go, and why.
    Closed(Refusal),
}

/// See the module. Whoever drops it has left the document.
pub struct Editor {
    peer: PeerId,
    actor: ActorRef<Mail<DocumentExecutor>>,
    room: Arc<Semaphore>,
}

/// What an editor is told, in order. It ends when the document's actor has ended: connect anew.
pub type EditorFeed = mpsc::UnboundedReceiver<EditorNews>;

impl Editor {
    pub(super) fn new(peer: PeerId, actor: ActorRef<Mail<DocumentExecutor>>, window: usize) -> Self {
        let editor = Self { peer, actor, room: Arc::new(Semaphore::new(FRAMES)) };
        editor.takes(window);
        editor
    }

    /// Its client takes so many bytes more. What was written is to be given back so, or nothing more comes.
    pub fn takes(&self, bytes: usize) {
        let _ = self.actor.cast(Mail::Input(Input::PeerCredit { peer: self.peer, bytes: bytes as u64 }, None)); // it has ended
    }

    /// Room for one more frame of its client: while the document is behind, nothing more is read.
    pub async fn room(&self) -> OwnedSemaphorePermit {
        match Arc::clone(&self.room).acquire_owned().await {
            Ok(permit) => permit,
            Err(_) => unreachable!("it is never closed"),
        }
    }

    /// Its client sent a frame.
    ///
    /// # Errors
    /// If the document's actor has ended: connect anew.
    pub fn received(&self, frame: Bytes, room: OwnedSemaphorePermit) -> Result<(), Refusal> {
        let input = Input::Frame { peer: self.peer, more: false, bytes: frame };
        let ended = |_| Refusal::new(ErrorCode::OwnerUnreachable, "the document is being restarted; connect again");
        self.actor.cast(Mail::Input(input, Some(room))).map_err(ended)
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.actor.cast(Mail::Command(DocumentCommand::Gone { peer: self.peer })); // it has ended
    }
}
