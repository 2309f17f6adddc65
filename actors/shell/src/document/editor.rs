//! A client of y-websocket at a door of this process, as its connection sees the document.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use ractor::ActorRef;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use wayfare_core::document::{Input, PeerId};
use wayfare_protocol::{ErrorCode, Refusal};

use super::{DocumentCommand, DocumentExecutor};
use crate::actor::Mail;

/// Batches of frames of one editor that its document has not taken yet.
const BATCHES: usize = 64;

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
    window: usize,
    /// Bytes that it takes more and its document was not told of.
    taken: AtomicUsize,
}

/// What an editor is told, in order. It ends when the document's actor has ended: connect anew.
pub type EditorFeed = mpsc::UnboundedReceiver<EditorNews>;

impl Editor {
    pub(super) fn new(peer: PeerId, actor: ActorRef<Mail<DocumentExecutor>>, window: usize) -> Self {
        let (room, taken) = (Arc::new(Semaphore::new(BATCHES)), AtomicUsize::new(0));
        let editor = Self { peer, actor, room, window, taken };
        editor.grant(window);
        editor
    }

    /// Its client takes so many bytes more. What was written is to be given back so, or nothing more comes. The document is told when
    /// it is half of what it may send at once: not of every keystroke by every reader.
    pub fn takes(&self, bytes: usize) {
        let taken = self.taken.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if taken >= self.window / 2 {
            self.grant(self.taken.swap(0, Ordering::Relaxed));
        }
    }

    fn grant(&self, bytes: usize) {
        let _ = self.actor.cast(Mail::Input(Input::PeerCredit { peer: self.peer, bytes: bytes as u64 }, None)); // it has ended
    }

    /// Room for more frames of its client: while the document is behind, nothing more is read.
    pub async fn room(&self) -> OwnedSemaphorePermit {
        match Arc::clone(&self.room).acquire_owned().await {
            Ok(permit) => permit,
            Err(_) => unreachable!("it is never closed"),
        }
    }

    /// Its client sent frames, which came together.
    ///
    /// # Errors
    /// If the document's actor has ended: connect anew.
    pub fn received(&self, frames: Vec<Bytes>, room: OwnedSemaphorePermit) -> Result<(), Refusal> {
        let input = Input::Frames { peer: self.peer, frames };
        let ended = |_| Refusal::new(ErrorCode::OwnerUnreachable, "the document is being restarted; connect again");
        self.actor.cast(Mail::Input(input, Some(room))).map_err(ended)
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.actor.cast(Mail::Command(DocumentCommand::Gone { peer: self.peer })); // it has ended
    }
}
