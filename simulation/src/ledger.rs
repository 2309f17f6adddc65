//! The simulated nodes' daemon: it writes down every input, in words whose every line can be checked against the one before.
//!
//! Its events are lines of text:
//!
//! | event | what it does |
//! |---|---|
//! | `note TEXT` | says one line |
//! | `quiet TEXT` | says nothing now; the next line tells of it |
//! | `twice TEXT` | says two lines |
//! | `later MS` | says one line, and one more after so many milliseconds |
//! | `work TEXT` | says one line, and one more when background work is done |
//! | anything else | is refused, and becomes a dead letter |

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use wayfare_protocol::codec;
use wayfare_protocol::daemon::{Context, DaemonError, DaemonFactory, Event, MeshDaemon, Source, Work};

/// The name of its kind.
pub const LEDGER: &str = "ledger";

/// Something that was written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Where it came from.
    pub source: Source,
    /// What it said.
    pub text: String,
}

/// What it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What was written down since the line before.
    pub notes: Vec<Note>,
    /// Over everything that was ever written down and said, in order.
    pub sum: [u8; 32],
}

impl Line {
    /// The sum of a line with these notes after one of that sum.
    #[must_use]
    pub fn sum_after(before: &[u8; 32], notes: &[Note]) -> [u8; 32] {
        *blake3::Hasher::new().update(before).update(&codec::encode(&notes)).finalize().as_bytes()
    }
}

/// See the module.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Ledger {
    sum: [u8; 32],
    /// What no line has told of yet.
    notes: Vec<Note>,
    /// It takes no state over: what a daemon must not do.
    #[serde(skip)]
    forgets: bool,
}

impl Ledger {
    fn say(&mut self) -> Bytes {
        let notes = std::mem::take(&mut self.notes);
        self.sum = Line::sum_after(&self.sum, &notes);
        codec::encode(&Line { notes, sum: self.sum })
    }
}

impl MeshDaemon for Ledger {
    fn name(&self) -> &'static str {
        LEDGER
    }

    fn process(&mut self, event: &Event, context: &mut Context) -> Result<Vec<Bytes>, DaemonError> {
        let text = String::from_utf8_lossy(&event.payload).into_owned();
        let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
        let lines = match (event.source, word) {
            (Source::Published { .. }, "quiet") => 0,
            (Source::Published { .. }, "twice") => 2,
            (Source::Published { .. }, "later") => {
                let ms = rest.parse().map_err(|_| DaemonError::Process(format!("{rest:?} is no number")))?;
                context.schedule(Duration::from_millis(ms), event.position);
                1
            }
            (Source::Published { .. }, "work") => {
                context.background(event.position, Bytes::from(rest.to_owned()));
                1
            }
            (Source::Published { .. }, "note")
            | (Source::Tick { .. } | Source::Worked { .. } | Source::WorkFailed { .. }, _) => 1,
            (Source::Published { .. }, _) => return Err(DaemonError::Process(format!("{word:?} is no word of mine"))),
        };
        self.notes.push(Note { source: event.source, text });
        Ok((0..lines).map(|_| self.say()).collect())
    }

    fn snapshot(&self) -> Result<Option<Bytes>, DaemonError> {
        Ok(Some(codec::encode_stored(self)))
    }

    fn restore(&mut self, state: Bytes, _state_version: u32) -> Result<(), DaemonError> {
        if !self.forgets {
            *self = codec::decode_stored(&state).map_err(|error| DaemonError::Restore(error.to_string()))?;
        }
        Ok(())
    }

    fn deterministic(&self) -> bool {
        true
    }

    fn work(&self) -> Option<Arc<dyn Work>> {
        Some(Arc::new(Backwards))
    }
}

/// Turns a text round.
struct Backwards;

impl Work for Backwards {
    fn run(&self, input: &Bytes) -> Result<Bytes, String> {
        Ok(String::from_utf8_lossy(input).chars().rev().collect::<String>().into())
    }
}

/// Makes ledgers.
#[derive(Clone, Copy, Debug)]
pub struct Ledgers {
    /// Whether they take no state over: what a daemon must not do.
    pub forget: bool,
}

impl DaemonFactory for Ledgers {
    fn make(&self) -> Box<dyn MeshDaemon> {
        Box::new(Ledger { forgets: self.forget, ..Ledger::default() })
    }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::{Origin, Wall};

    use super::*;

    fn told(ledger: &mut Ledger, sequence: u64, text: &str) -> Vec<Line> {
        let source = Source::Published { origin: Origin(1), sequence };
        let event = Event { position: sequence, at: Wall(0), source, payload: Bytes::from(text.to_owned()) };
        let lines = ledger.process(&event, &mut Context::new(Wall(0), 0)).unwrap();
        lines.iter().map(|line| codec::decode(line).unwrap()).collect()
    }

    #[test]
    fn every_line_follows_from_the_one_before() {
        let mut ledger = Ledger::default();
        let mut lines = told(&mut ledger, 1, "note a");
        assert_eq!(told(&mut ledger, 2, "quiet b"), []);
        let mut moved = Ledger::default();
        moved.restore(ledger.snapshot().unwrap().unwrap(), 1).unwrap();
        lines.extend(told(&mut moved, 3, "twice c"));
        assert_eq!(lines.iter().map(|line| line.notes.len()).collect::<Vec<_>>(), [1, 2, 0]);
        let mut sum = [0; 32];
        for line in lines {
            sum = Line::sum_after(&sum, &line.notes);
            assert_eq!(line.sum, sum);
        }
    }
}
