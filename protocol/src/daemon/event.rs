//! What a daemon processes, and what it is told besides.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::Wall;
use crate::entity::Origin;

/// One accepted input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place in the inbox, from 1.
    pub position: u64,
    /// When it was accepted. The same whenever it is processed again.
    pub at: Wall,
    /// Where it comes from.
    pub source: Source,
    /// What it says.
    pub payload: Bytes,
}

/// Where an event comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// A publisher: a client, or another daemon's output.
    Published {
        /// Who.
        origin: Origin,
        /// Its own number for it, from 1 without a gap.
        sequence: u64,
    },
    /// A tick that the daemon scheduled. Its payload is empty.
    Tick {
        /// From the daemon's request.
        tag: u64,
    },
    /// Background work that the daemon asked for is done; the payload is the result.
    Worked {
        /// From the daemon's request.
        tag: u64,
    },
    /// Background work failed; the payload is the reason, as text.
    WorkFailed {
        /// From the daemon's request.
        tag: u64,
    },
}

/// What becomes of a daemon, as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// Its host ends; it goes on later, here or elsewhere.
    Shutdown {
        /// It is ended after so long.
        grace: Duration,
    },
    /// It is about to be moved.
    DrainStart,
    /// It was moved, or stays after all.
    DrainFinish,
}
