//! `rates`: how often each thing happens, over windows of time. A daemon with ticks.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use wayfare_protocol::codec;
use wayfare_protocol::daemon::{Context, DaemonError, Event, MeshDaemon, Source};

/// How long a window is.
const LENGTH: Duration = Duration::from_secs(60);
/// Most different things of one window.
const THINGS_MAX: usize = 1_000;

/// Every event names a thing that happened. A window begins with the first after the window before; at its end it says `THING COUNT` for
/// each thing, in order.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Rates {
    /// Windows so far: names the tick that ends the open one.
    windows: u64,
    open: BTreeMap<String, u64>,
}

impl MeshDaemon for Rates {
    fn name(&self) -> &'static str {
        "rates"
    }

    fn process(&mut self, event: &Event, context: &mut Context) -> Result<Vec<Bytes>, DaemonError> {
        if let Source::Tick { .. } = event.source {
            let over = std::mem::take(&mut self.open);
            return Ok(over.into_iter().map(|(thing, count)| Bytes::from(format!("{thing} {count}"))).collect());
        }
        let thing = String::from_utf8_lossy(&event.payload).trim().to_owned();
        if self.open.len() >= THINGS_MAX && !self.open.contains_key(&thing) {
            return Err(DaemonError::Process(format!("{THINGS_MAX} different things happened in this window already")));
        }
        if self.open.is_empty() {
            // Ticks follow the wall clock of whichever node has the daemon, and survive crashes and moves.
            self.windows += 1;
            context.schedule(LENGTH, self.windows);
        }
        *self.open.entry(thing).or_default() += 1;
        Ok(Vec::new())
    }

    fn snapshot(&self) -> Result<Option<Bytes>, DaemonError> {
        Ok(Some(codec::encode_stored(self)))
    }

    fn restore(&mut self, state: Bytes, _state_version: u32) -> Result<(), DaemonError> {
        *self = codec::decode_stored(&state).map_err(|error| DaemonError::Restore(error.to_string()))?;
        Ok(())
    }

    fn deterministic(&self) -> bool {
        true
    }
}
