//! `tally`: counts words. The smallest daemon with a state.

use std::collections::BTreeMap;

use bytes::Bytes;
use wayfare_protocol::codec;
use wayfare_protocol::daemon::{Context, DaemonError, Event, MeshDaemon};

/// Most different words that are counted.
const WORDS_MAX: usize = 100_000;

/// Counts how often each word came. For every event, which is one word of UTF-8, it says `word count`.
#[derive(Debug, Default)]
pub struct Tally(BTreeMap<String, u64>);

impl MeshDaemon for Tally {
    fn name(&self) -> &'static str {
        "tally"
    }

    fn process(&mut self, event: &Event, _context: &mut Context) -> Result<Vec<Bytes>, DaemonError> {
        let refuse = |why: &str| Err(DaemonError::Process(why.to_owned()));
        let Ok(word) = std::str::from_utf8(&event.payload) else { return refuse("it is not UTF-8") };
        let word = word.trim();
        if word.is_empty() {
            return refuse("there is no word in it");
        }
        if self.0.len() >= WORDS_MAX && !self.0.contains_key(word) {
            return refuse("there are too many different words");
        }
        let count = self.0.entry(word.to_owned()).or_default();
        *count += 1;
        Ok(vec![Bytes::from(format!("{word} {count}"))])
    }

    fn snapshot(&self) -> Result<Option<Bytes>, DaemonError> {
        Ok(Some(codec::encode_stored(&self.0)))
    }

    fn restore(&mut self, state: Bytes, state_version: u32) -> Result<(), DaemonError> {
        if state_version != self.state_version() {
            return Err(DaemonError::Restore(format!("version {state_version} of the state is not known")));
        }
        self.0 = codec::decode_stored(&state).map_err(|error| DaemonError::Restore(error.to_string()))?;
        Ok(())
    }

    fn deterministic(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::daemon::Source;
    use wayfare_protocol::{Origin, Wall};

    use super::*;

    fn say(tally: &mut Tally, word: &str) -> Result<Vec<Bytes>, DaemonError> {
        let source = Source::Published { origin: Origin(1), sequence: 1 };
        let event = Event { position: 1, at: Wall(0), source, payload: Bytes::from(word.to_owned()) };
        tally.process(&event, &mut Context::new(Wall(0), 0))
    }

    #[test]
    fn words_are_counted_and_survive_a_snapshot() {
        let mut tally = Tally::default();
        assert_eq!(say(&mut tally, "pear\n").unwrap(), ["pear 1"]);
        assert_eq!(say(&mut tally, "pear").unwrap(), ["pear 2"]);
        assert!(say(&mut tally, " ").is_err());
        let state = tally.snapshot().unwrap().unwrap();
        let mut moved = Tally::default();
        assert!(moved.restore(state.clone(), 2).is_err());
        moved.restore(state, 1).unwrap();
        assert_eq!(say(&mut moved, "pear").unwrap(), ["pear 3"]);
    }
}
