//! Pairing as a device does it.

use anyhow::Result;
use wayfare_actors::ports::Address;
use wayfare_io::SystemClock;
use wayfare_io::transport::WsTransport;
use wayfare_protocol::identity::DeviceKey;
use wayfare_protocol::pairing::PairingString;
use wayfare_protocol::{Access, Limits};

/// Pairs a key by a pairing string.
///
/// # Errors
/// If the server is another one, or refuses.
pub async fn pair(string: &PairingString, key: &DeviceKey, name: &str, limits: &Limits) -> Result<Address> {
    let paired =
        wayfare_io::pair(&WsTransport::new(false), string, key, name, Access::Everything, limits, &SystemClock).await?;
    Ok(paired.address)
}
