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
//! | a line of another ledger | says one line |
//! | anything else | is refused, and becomes a dead letter |
//!
//! A ledger may keep another daemon, whose tester wants to know what becomes of it: then every event is that daemon's, and the ledger says
//! one line for each, with what its daemon made of it.
//!
//! A slip is a ledger without state: each of its lines begins anew, and what a quiet event says is lost with it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use wayfare_protocol::daemon::{Context, DaemonError, DaemonFactory, Event, MeshDaemon, Source, Work};
use wayfare_protocol::{Wall, codec};

/// The name of its kind.
pub const LEDGER: &str = "ledger";
/// The name of the kind that has no state.
pub const SLIP: &str = "slip";

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
    /// What the daemon that it keeps made of the event.
    pub kept: Option<Kept>,
}

/// What a daemon that a ledger keeps made of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The event's place in the inbox.
    pub position: u64,
    /// When it was accepted.
    pub at: Wall,
    /// The seed of its context.
    pub seed: u64,
    /// What it says.
    pub payload: Bytes,
    /// The daemon's outputs, or why there are none.
    pub outputs: Result<Vec<Bytes>, String>,
    /// Of its state then, if it can tell.
    pub digest: Option<[u8; 32]>,
}

impl Kept {
    /// What a daemon makes of an event; what it asks of its context is asked of the outer one.
    pub fn of(daemon: &mut dyn MeshDaemon, event: &Event, seed: u64, outer: &mut Context) -> Self {
        let mut context = Context::new(event.at, seed);
        let outputs = daemon.process(event, &mut context).map_err(|error| error.to_string());
        if outputs.is_ok() {
            let requests = context.into_requests();
            requests.ticks.into_iter().for_each(|(after, tag)| outer.schedule(after, tag));
            requests.work.into_iter().for_each(|(tag, input)| outer.background(tag, input));
        }
        let (position, at, payload) = (event.position, event.at, event.payload.clone());
        Self { position, at, seed, payload, outputs, digest: daemon.state_digest() }
    }
}

impl Line {
    /// The sum of a line with these notes after one of that sum.
    #[must_use]
    pub fn sum_after(before: &[u8; 32], notes: &[Note]) -> [u8; 32] {
        *blake3::Hasher::new().update(before).update(&codec::encode(&notes)).finalize().as_bytes()
    }
}

/// See the module.
#[derive(Default)]
pub struct Ledger {
    book: Book,
    /// The daemon that it keeps.
    keeps: Option<Box<dyn MeshDaemon>>,
    /// It takes no state over: what a daemon must not do.
    forgets: bool,
    /// It has none.
    is_slip: bool,
}

/// Its state, but for that of the daemon that it keeps.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Book {
    sum: [u8; 32],
    /// What no line has told of yet.
    notes: Vec<Note>,
}

/// All of its state.
#[derive(Serialize, Deserialize)]
struct State {
    book: Book,
    /// State of the daemon that it keeps, if that has any, and its version.
    kept: Option<(Bytes, u32)>,
}

impl Ledger {
    fn say(&mut self, kept: Option<Kept>) -> Bytes {
        let notes = std::mem::take(&mut self.book.notes);
        let sum = Line::sum_after(&self.book.sum, &notes);
        if !self.is_slip {
            self.book.sum = sum;
        }
        codec::encode(&Line { notes, sum, kept })
    }
}

impl MeshDaemon for Ledger {
    fn name(&self) -> &'static str {
        if self.is_slip { SLIP } else { LEDGER }
    }

    fn process(&mut self, event: &Event, context: &mut Context) -> Result<Vec<Bytes>, DaemonError> {
        let text = String::from_utf8_lossy(&event.payload).into_owned();
        if let Some(daemon) = &mut self.keeps {
            let kept = Kept::of(daemon.as_mut(), event, context.random(), context);
            self.book.notes.push(Note { source: event.source, text });
            return Ok(vec![self.say(Some(kept))]);
        }
        let is_line = codec::decode::<Line>(&event.payload).is_ok();
        let text = if is_line { format!("line {}", blake3::hash(&event.payload)) } else { text };
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
            (Source::Published { .. }, "line") if is_line => 1,
            (Source::Published { .. }, "note")
            | (Source::Tick { .. } | Source::Worked { .. } | Source::WorkFailed { .. }, _) => 1,
            (Source::Published { .. }, _) => return Err(DaemonError::Process(format!("{word:?} is no word of mine"))),
        };
        if lines > 0 || !self.is_slip {
            self.book.notes.push(Note { source: event.source, text });
        }
        Ok((0..lines).map(|_| self.say(None)).collect())
    }

    fn snapshot(&self) -> Result<Option<Bytes>, DaemonError> {
        if self.is_slip {
            return Ok(None);
        }
        let kept = match &self.keeps {
            Some(daemon) => daemon.snapshot()?.map(|state| (state, daemon.state_version())),
            None => None,
        };
        Ok(Some(codec::encode_stored(&State { book: self.book.clone(), kept })))
    }

    fn restore(&mut self, state: Bytes, _state_version: u32) -> Result<(), DaemonError> {
        if self.is_slip {
            return Err(DaemonError::Restore("a slip has no state".to_owned()));
        }
        if self.forgets {
            return Ok(());
        }
        let State { book, kept } =
            codec::decode_stored(&state).map_err(|error| DaemonError::Restore(error.to_string()))?;
        if let (Some(daemon), Some((state, version))) = (&mut self.keeps, kept) {
            daemon.restore(state, version)?;
        }
        self.book = book;
        Ok(())
    }

    fn deterministic(&self) -> bool {
        self.keeps.as_ref().is_none_or(|daemon| daemon.deterministic())
    }

    fn work(&self) -> Option<Arc<dyn Work>> {
        match &self.keeps {
            Some(daemon) => daemon.work(),
            None => Some(Arc::new(Backwards)),
        }
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
#[derive(Clone, Default)]
pub struct Ledgers {
    /// Whether they take no state over: what a daemon must not do.
    pub forget: bool,
    /// What each of them keeps.
    pub keep: Option<Arc<dyn DaemonFactory>>,
}

/// Makes slips.
pub struct Slips;

impl DaemonFactory for Slips {
    fn make(&self) -> Box<dyn MeshDaemon> {
        Box::new(Ledger { is_slip: true, ..Ledger::default() })
    }
}

impl DaemonFactory for Ledgers {
    fn make(&self) -> Box<dyn MeshDaemon> {
        let keeps = self.keep.as_ref().map(|factory| factory.make());
        Box::new(Ledger { forgets: self.forget, keeps, ..Ledger::default() })
    }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::Origin;

    use super::*;

    fn told(ledger: &mut dyn MeshDaemon, sequence: u64, text: &str) -> Vec<Line> {
        let source = Source::Published { origin: Origin(1), sequence };
        let event = Event { position: sequence, at: Wall(0), source, payload: Bytes::from(text.to_owned()) };
        let lines = ledger.process(&event, &mut Context::new(Wall(0), 0)).unwrap();
        lines.iter().map(|line| codec::decode(line).unwrap()).collect()
    }

    #[test]
    fn a_slip_begins_anew_with_every_line() {
        let mut slip = Slips.make();
        let mut told = |sequence, text: &str| {
            let lines = told(slip.as_mut(), sequence, text);
            assert_eq!(slip.snapshot(), Ok(None));
            lines
        };
        assert_eq!(told(1, "quiet a"), []);
        let lines = [told(2, "note b"), told(3, "twice c")].concat();
        assert_eq!(lines.iter().map(|line| line.notes.len()).collect::<Vec<_>>(), [1, 1, 0]);
        assert!(lines.iter().all(|line| line.sum == Line::sum_after(&[0; 32], &line.notes)));
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
