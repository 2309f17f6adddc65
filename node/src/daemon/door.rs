//! The local door: programs of the same user connect to the node here.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::AbortHandle;
use wayfare_actors::ports::Connection;
use wayfare_io::transport::{UnixDoor, accept};

/// After a failed `accept` (no more descriptors) the door waits so long.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// Whoever has come through the door and shaken hands. The door is open for as long as this lives, whatever node serves it.
pub(super) struct Guests {
    connections: mpsc::Receiver<Connection>,
    doorman: AbortHandle,
}

impl Guests {
    /// Opens the door to at most `waiting` strangers at once, who have to shake hands `within` a time.
    pub(super) fn listen(door: UnixDoor, within: Duration, waiting: usize) -> Self {
        let (arrived, connections) = mpsc::channel(waiting.max(1));
        let places = Arc::new(Semaphore::new(waiting.max(1)));
        let doorman = tokio::spawn(async move {
            loop {
                let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
                match door.accept().await {
                    Ok((stream, peer)) => {
                        let arrived = arrived.clone();
                        tokio::spawn(async move {
                            match accept::stream(stream, peer, within).await {
                                // The receiver is gone when the node ends.
                                Ok(connection) => drop(arrived.send(connection).await),
                                Err(error) => tracing::debug!(%error, "at the local door"),
                            }
                            drop(place);
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the local door cannot accept");
                        tokio::time::sleep(AFTER_FAILURE).await;
                    }
                }
            }
        });
        Self { connections, doorman: doorman.abort_handle() }
    }

    /// The next guest.
    pub(super) async fn next(&mut self) -> Option<Connection> {
        self.connections.recv().await
    }
}

impl Drop for Guests {
    fn drop(&mut self) {
        self.doorman.abort();
    }
}
