//! Daemons as a person's device uses them, whatever happens to the processes between.

use anyhow::{Result, bail};
use bytes::Bytes;
use wayfare_protocol::daemon::{DaemonAnswer, DaemonCall, DaemonInfo, DaemonKey, Durability, StartDaemon};
use wayfare_protocol::{EntityId, NodeId, Origin};

use crate::device::Device;
use crate::patience::{LOOK_AGAIN, within};

/// Starts a daemon whose events survive its process, on a node or on one that is chosen.
///
/// # Errors
/// If it never starts.
pub async fn start_on(device: &Device, name: &str, kind: &str, node: Option<NodeId>) -> Result<DaemonInfo> {
    let key = DaemonKey { name: name.parse()?, kind: kind.parse()? };
    let start = || StartDaemon { key: key.clone(), durability: Durability::Process, device: node };
    let started = within("the daemon", async {
        loop {
            match device.client().start_daemon(start()).await {
                Some(Ok(info)) => return *info,
                _ => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    });
    started.await
}

/// Publishes until it is recorded.
///
/// # Errors
/// If events before these are missing, or it is never recorded.
pub async fn publish(
    device: &Device,
    daemon: EntityId,
    origin: Origin,
    first: u64,
    payloads: Vec<Bytes>,
) -> Result<()> {
    let through = first + payloads.len() as u64 - 1;
    let call = || DaemonCall::Publish { origin, first, payloads: payloads.clone() };
    within("an acknowledgement", async {
        loop {
            match device.client().call_daemon(daemon, call()).await {
                Some(DaemonAnswer::Accepted { through: said }) if said >= through => return Ok(()),
                Some(DaemonAnswer::Gap { expected }) => bail!("{expected} is expected, and {first} was sent"),
                _ => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    })
    .await?
}
