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

    /// A new one.
    #[must_use]
    pub fn next(&self) -> Uuid {
        let mut bytes = [0; 10];
        self.random.fill(&mut bytes);
        Builder::from_unix_timestamp_millis(self.clock.now().wall.0, &bytes).into_uuid()
    }
}
