//! Ids made by this process: UUIDv7 from its clock and its random source, so that the simulation's are reproducible.

use std::sync::Arc;

use uuid::{Builder, Uuid};

use crate::ports::{Clock, Random};

/// Makes ids.
pub struct Ids {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Ids {
    /// From a clock and a source of random bytes.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { clock, random }
    }

    /// A random number, to seed what is random elsewhere.
    #[must_use]
    pub fn seed(&self) -> u64 {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// The number of one life of a replica of a document.
    #[must_use]
    pub fn client(&self) -> u32 {
        let mut bytes = [0; 4];
        self.random.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    /// Thirty-two random bytes, for a key.
    #[must_use]
    pub fn secret(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.random.fill(&mut bytes);
        bytes
    }

    /// A new one.
    #[must_use]
    pub fn next(&self) -> Uuid {
        let mut bytes = [0; 10];
        self.random.fill(&mut bytes);
        Builder::from_unix_timestamp_millis(self.clock.now().wall.0, &bytes).into_uuid()
    }
}
