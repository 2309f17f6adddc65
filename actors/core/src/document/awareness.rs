//! Presence in a document: carets and names, relayed and never stored. States are opaque JSON with a clock each (y-protocols).

use std::collections::{BTreeMap, BTreeSet};

use wayfare_protocol::limits::{AWARENESS_STATE_MAX, AWARENESS_STATES_MAX};
use yrs::encoding::read::{Cursor, Error, Read as _};
use yrs::encoding::write::Write as _;

use super::PeerId;

/// What stands for nobody.
const GONE: &str = "null";

/// States of presence that are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AwarenessError {
    /// Bytes that are none.
    #[error("not states of presence: {0}")]
    Malformed(String),
    /// One that is too long.
    #[error("a state of presence of {got} bytes is over the limit of {AWARENESS_STATE_MAX}")]
    TooLong {
        /// Its bytes.
        got: usize,
    },
    /// More of them than one document relays.
    #[error("a document relays {AWARENESS_STATES_MAX} states of presence, not more")]
    TooMany,
}

#[derive(Debug)]
struct State {
    clock: u32,
    json: String,
    /// Over whom it came.
    from: PeerId,
}

/// The states that are known.
#[derive(Debug, Default)]
pub(super) struct Awareness(BTreeMap<u64, State>);

impl Awareness {
    /// Takes states in. Returns those that were news, encoded, if there were any.
    ///
    /// # Errors
    /// If nothing of it is taken, and why.
    pub(super) fn take(&mut self, from: PeerId, states: &[u8]) -> Result<Option<Vec<u8>>, AwarenessError> {
        let mut news = BTreeSet::new();
        for (client, clock, json) in read(states)? {
            let known = self.0.get(&client);
            // As y-protocols has it: of two with the same clock, the one that says "gone" is right.
            let is_news = known.is_none_or(|known| {
                clock > known.clock || (clock == known.clock && json == GONE && known.json != GONE)
            });
            if !is_news {
                continue;
            }
            if known.is_none() && self.0.len() >= AWARENESS_STATES_MAX {
                self.0.retain(|_, state| state.json != GONE);
                if self.0.len() >= AWARENESS_STATES_MAX {
                    return Err(AwarenessError::TooMany);
                }
            }
            self.0.insert(client, State { clock, json, from });
            news.insert(client);
        }
        Ok((!news.is_empty()).then(|| self.encode(|client, _| news.contains(&client))))
    }

    /// Whoever was present over a peer is gone with it. Returns what others are to be told, if anything.
    pub(super) fn gone(&mut self, peer: PeerId) -> Option<Vec<u8>> {
        let mut gone = BTreeSet::new();
        for (client, state) in &mut self.0 {
            if state.from == peer && state.json != GONE {
                (state.clock, state.json) = (state.clock.saturating_add(1), GONE.to_owned());
                gone.insert(*client);
            }
        }
        (!gone.is_empty()).then(|| self.encode(|client, _| gone.contains(&client)))
    }

    /// Whoever is present, if anybody is.
    #[must_use]
    pub(super) fn present(&self) -> Option<Vec<u8>> {
        let is_present = |_: u64, state: &State| state.json != GONE;
        self.0.iter().any(|(client, state)| is_present(*client, state)).then(|| self.encode(is_present))
    }

    fn encode(&self, of: impl Fn(u64, &State) -> bool) -> Vec<u8> {
        let chosen: Vec<_> = self.0.iter().filter(|(client, state)| of(**client, state)).collect();
        let mut bytes = Vec::new();
        bytes.write_var(chosen.len());
        for (client, state) in chosen {
            bytes.write_var(*client);
            bytes.write_var(state.clock);
            bytes.write_string(&state.json);
        }
        bytes
    }
}

/// Decoded here and not by yrs, which believes the count that it is told.
fn read(states: &[u8]) -> Result<Vec<(u64, u32, String)>, AwarenessError> {
    let malformed = |error: Error| AwarenessError::Malformed(error.to_string());
    let mut cursor = Cursor::new(states);
    let count: u32 = cursor.read_var().map_err(malformed)?;
    if count as usize > AWARENESS_STATES_MAX {
        return Err(AwarenessError::TooMany);
    }
    let mut read = Vec::new();
    for _ in 0..count {
        let client: u64 = cursor.read_var().map_err(malformed)?;
        let clock: u32 = cursor.read_var().map_err(malformed)?;
        let json = cursor.read_string().map_err(malformed)?;
        if json.len() > AWARENESS_STATE_MAX {
            return Err(AwarenessError::TooLong { got: json.len() });
        }
        read.push((client, clock, json.to_owned()));
    }
    Ok(read)
}
