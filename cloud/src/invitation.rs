//! Pairing strings for this cloud.

use wayfare_actors::ports::Random;
use wayfare_protocol::pairing::{PairingAnchor, PairingCode, PairingError, PairingString};

/// Everything of a pairing string but its code.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Whether links come in over TLS.
    pub tls: bool,
    /// The host that devices dial.
    pub host: String,
    /// The port that devices dial.
    pub port: u16,
    /// By what the cloud is recognised, unless by a public certificate.
    pub anchor: Option<PairingAnchor>,
}

impl Invitation {
    /// A string with a new code, which is not good before it is issued.
    ///
    /// # Errors
    /// If the host or the port is none that can be dialed.
    pub fn draw(&self, random: &dyn Random) -> Result<PairingString, PairingError> {
        let mut bits = [0; 8];
        random.fill(&mut bits);
        let code = PairingCode::from_random(u64::from_le_bytes(bits));
        PairingString::new(self.tls, &self.host, self.port, code, self.anchor)
    }
}
