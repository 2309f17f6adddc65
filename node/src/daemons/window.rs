//! `window`: sums numbers over windows of time. A daemon with ticks.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use wayfare_protocol::codec;
use wayfare_protocol::daemon::{Context, DaemonError, Event, MeshDaemon, Source};

/// How long a window is.
const LENGTH: Duration = Duration::from_secs(10);

/// Gathers numbers, one for an event, as decimal text. A window begins with the first number after the one before, and after ten seconds it
/// says `count sum least greatest` of what came.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Window {
    /// Windows so far: names the tick that ends the open one.
    windows: u64,
    open: Option<Open>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Open {
    count: u64,
    sum: i128,
    least: i64,
    greatest: i64,
}

impl MeshDaemon for Window {
    fn name(&self) -> &'static str {
        "window"
    }

    fn process(&mut self, event: &Event, context: &mut Context) -> Result<Vec<Bytes>, DaemonError> {
        if let Source::Tick { tag } = event.source {
            let over = self.open.take_if(|_| tag == self.windows);
            let said = over.map(|Open { count, sum, least, greatest }| format!("{count} {sum} {least} {greatest}"));
            return Ok(said.into_iter().map(Bytes::from).collect());
        }
        let text = String::from_utf8_lossy(&event.payload);
        let number: i64 =
            text.trim().parse().map_err(|_| DaemonError::Process(format!("{:?} is no whole number", text.trim())))?;
        match &mut self.open {
            Some(open) => {
                open.count += 1;
                open.sum += i128::from(number);
                (open.least, open.greatest) = (open.least.min(number), open.greatest.max(number));
            }
            None => {
                self.windows += 1;
                self.open = Some(Open { count: 1, sum: number.into(), least: number, greatest: number });
                context.schedule(LENGTH, self.windows);
            }
        }
        Ok(Vec::new())
    }

    fn snapshot(&self) -> Result<Option<Bytes>, DaemonError> {
        Ok(Some(codec::encode(self)))
    }

    fn restore(&mut self, state: Bytes, _state_version: u32) -> Result<(), DaemonError> {
        *self = codec::decode(&state).map_err(|error| DaemonError::Restore(error.to_string()))?;
        Ok(())
    }

    fn deterministic(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::{Origin, Wall};

    use super::*;

    #[test]
    fn a_window_ends_with_its_own_tick() {
        let mut window = Window::default();
        let mut process = |source, payload: &str| {
            let event = Event { position: 1, at: Wall(0), source, payload: Bytes::from(payload.to_owned()) };
            let mut context = Context::new(Wall(0), 0);
            let said = window.process(&event, &mut context).unwrap();
            (said, context.into_requests().ticks)
        };
        let number = Source::Published { origin: Origin(1), sequence: 1 };
        assert_eq!(process(number, "5"), (vec![], vec![(LENGTH, 1)]));
        assert_eq!(process(number, "-7"), (vec![], vec![]));
        assert_eq!(process(Source::Tick { tag: 1 }, "").0, ["2 -2 -7 5"]);
        assert_eq!(process(Source::Tick { tag: 1 }, "").0, [] as [&str; 0]);
        assert_eq!(process(number, "1").1, [(LENGTH, 2)]);
    }
}
