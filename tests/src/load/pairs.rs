//! A daemon that says two things of some events and nothing of others, and whose state is the same in whatever order events of different
//! publishers come.

use bytes::Bytes;
use wayfare_protocol::codec;
use wayfare_protocol::daemon::{Context, DaemonError, Event, MeshDaemon, Source};

/// Its kind.
pub const KIND: &str = "pairs";

/// What it has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Count {
    /// Events.
    pub events: u64,
    /// Over who published them, under which number, and what they said.
    pub sum: u64,
}

impl Count {
    /// Counts one event of a publisher.
    pub fn take(&mut self, origin: u64, sequence: u64, payload: &[u8]) {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&origin.to_le_bytes()).update(&sequence.to_le_bytes()).update(payload);
        let mut first = [0; 8];
        first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        self.events += 1;
        self.sum = self.sum.wrapping_add(u64::from_le_bytes(first));
    }

    /// Whether something is said of an event.
    #[must_use]
    pub fn speaks_of(sequence: u64) -> bool {
        sequence.is_multiple_of(2)
    }

    /// What is said then, twice.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} {:016x}", self.events, self.sum)
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Pairs(Count);

impl MeshDaemon for Pairs {
    fn name(&self) -> &'static str {
        KIND
    }

    fn process(&mut self, event: &Event, _context: &mut Context) -> Result<Vec<Bytes>, DaemonError> {
        let Source::Published { origin, sequence } = event.source else { return Ok(Vec::new()) };
        self.0.take(origin.0, sequence, &event.payload);
        let line = || Bytes::from(self.0.line());
        Ok(if Count::speaks_of(sequence) { vec![line(), line()] } else { Vec::new() })
    }

    fn snapshot(&self) -> Result<Option<Bytes>, DaemonError> {
        Ok(Some(codec::encode_stored(&self.0)))
    }

    fn restore(&mut self, state: Bytes, _state_version: u32) -> Result<(), DaemonError> {
        self.0 = codec::decode_stored(&state).map_err(|error| DaemonError::Restore(error.to_string()))?;
        Ok(())
    }

    fn deterministic(&self) -> bool {
        true
    }
}
