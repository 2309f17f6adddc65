//! `lead`: counts votes, and speaks when somebody else comes to lead. Of most events it says nothing, of some two things.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use wayfare_protocol::codec;
use wayfare_protocol::daemon::{Context, DaemonError, Event, MeshDaemon};

/// Most names that are counted.
const NAMES_MAX: usize = 10_000;

/// Every event is one vote: a name. When the lead changes it says `NAME leads with N` and, if somebody led before, `NAME is behind`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Lead {
    votes: BTreeMap<String, u64>,
    leader: Option<String>,
}

impl MeshDaemon for Lead {
    fn name(&self) -> &'static str {
        "lead"
    }

    // An error leaves the daemon as it was: what could fail is looked at before anything is changed.
    fn process(&mut self, event: &Event, _context: &mut Context) -> Result<Vec<Bytes>, DaemonError> {
        let name = String::from_utf8_lossy(&event.payload).trim().to_owned();
        if name.is_empty() {
            return Err(DaemonError::Process("a vote needs a name".to_owned()));
        }
        if self.votes.len() >= NAMES_MAX && !self.votes.contains_key(&name) {
            return Err(DaemonError::Process(format!("{NAMES_MAX} names are counted already")));
        }
        let votes = self.votes.entry(name.clone()).or_default();
        *votes += 1;
        let votes = *votes;
        let best = self.leader.as_ref().and_then(|leader| self.votes.get(leader));
        if self.leader.as_deref() == Some(&name) || best.is_some_and(|best| *best >= votes) {
            return Ok(Vec::new());
        }
        let before = self.leader.replace(name.clone());
        let lines = std::iter::once(format!("{name} leads with {votes}"));
        Ok(lines.chain(before.map(|before| format!("{before} is behind"))).map(Bytes::from).collect())
    }

    fn snapshot(&self) -> Result<Option<Bytes>, DaemonError> {
        Ok(Some(codec::encode_stored(self)))
    }

    fn restore(&mut self, state: Bytes, _state_version: u32) -> Result<(), DaemonError> {
        *self = codec::decode_stored(&state).map_err(|error| DaemonError::Restore(error.to_string()))?;
        Ok(())
    }

    // A map in order, no clock, no chance: equal events make it equal.
    fn deterministic(&self) -> bool {
        true
    }
}
