//! Publishing to a daemon: events in order, each taken once, however often the link is lost.

use bytes::Bytes;
use tokio::time::sleep;
use wayfare_protocol::daemon::{DaemonAnswer, DaemonCall};
use wayfare_protocol::{EntityId, ErrorCode, Origin};

use super::{ClientError, MeshClient};

/// A publisher of one daemon. It numbers its events from 1; what has no answer is sent again under the same numbers, which the daemon
/// recognises.
#[derive(Debug)]
pub struct Publisher {
    daemon: EntityId,
    origin: Origin,
    next: u64,
}

impl Publisher {
    pub(super) fn new(daemon: EntityId, origin: Origin) -> Self {
        Self { daemon, origin, next: 1 }
    }

    /// Publishes events, and ends when they are recorded at the daemon's durability. `attempts` says how often to try in all.
    ///
    /// # Errors
    /// If the daemon refuses for good, or every attempt was in vain: what was sent may have been taken.
    pub async fn publish(
        &mut self,
        client: &MeshClient,
        payloads: Vec<Bytes>,
        attempts: u32,
    ) -> Result<u64, ClientError> {
        let count = payloads.len() as u64;
        let mut left = attempts.max(1);
        loop {
            let (origin, first) = (self.origin, self.next);
            let call = DaemonCall::Publish { origin, first, payloads: payloads.clone() };
            let error = match client.call_daemon(self.daemon, call).await {
                Ok(DaemonAnswer::Accepted { through }) => {
                    self.next += count;
                    return Ok(through);
                }
                // It has forgotten this publisher, which was silent for long: what is missing was acknowledged then.
                Ok(DaemonAnswer::Gap { .. }) => {
                    let lost = DaemonCall::Lost { origin, through: first - 1 };
                    client.call_daemon(self.daemon, lost).await?;
                    ClientError::NoAnswer
                }
                Ok(_) => ClientError::NoAnswer,
                Err(error) => error,
            };
            left -= 1;
            if left == 0 || !is_passing(&error) {
                return Err(error);
            }
            sleep(client.limits.host_retry).await;
        }
    }
}

/// Whether it may go better the next time.
fn is_passing(error: &ClientError) -> bool {
    let passing = [
        ErrorCode::Overloaded,
        ErrorCode::StaleEpoch,
        ErrorCode::OwnerUnreachable,
        ErrorCode::DeadlineExceeded,
        ErrorCode::StorageFailed,
    ];
    match error {
        ClientError::NoAnswer => true,
        ClientError::CallRefused(refusal) => passing.contains(&refusal.code),
        _ => false,
    }
}
