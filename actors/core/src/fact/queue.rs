//! What waits, or is kept, where there is a bound.

use serde::{Deserialize, Serialize};
use wayfare_protocol::Limits;

/// Something that has a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Queue {
    /// Accepted runs of a session that wait.
    RunsWaiting,
    /// Run ids that a session remembers.
    RunsKnown,
    /// Readers of a session's outputs in one place.
    Readers,
    /// Requests of one link that wait for an answer.
    Requests,
    /// Streams of one link.
    Streams,
    /// Bytes of control messages that a link has not sent.
    ControlBytes,
}

impl Queue {
    /// How much of it there may be.
    #[must_use]
    pub fn bound(self, limits: &Limits) -> u64 {
        let bound = match self {
            Self::RunsWaiting => limits.runs_waiting,
            Self::RunsKnown => limits.runs_per_session,
            Self::Readers => limits.readers_per_session,
            Self::Requests => limits.requests_per_link,
            Self::Streams => limits.streams,
            Self::ControlBytes => limits.stream_backlog,
        };
        bound as u64
    }
}
