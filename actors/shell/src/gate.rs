//! Admission: credits at the edges, in front of mailboxes that have no bound of their own.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many messages of one source may wait in a mailbox. The permit travels with the message and ends with its step.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Semaphore>);

impl Gate {
    /// A gate for so many.
    #[must_use]
    pub fn new(messages: usize) -> Self {
        Self(Arc::new(Semaphore::new(messages)))
    }

    /// A permit now, or none: refusing is an answer.
    #[must_use]
    pub fn try_enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }

    /// A permit as soon as there is one: for a source that can wait, such as a socket that is read no further.
    ///
    /// # Panics
    /// Never: the gate is not closed.
    pub async fn enter(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.0).acquire_owned().await.expect("a gate is never closed")
    }
}
