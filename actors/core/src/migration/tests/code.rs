//! The daemons that are moved, and what their publishers say to them.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bytes::Bytes;
use wayfare_protocol::daemon::{Context, DaemonError, DaemonFactory, Event, MeshDaemon};

use crate::daemon::desk::{Echo, Tally, tally};

/// Which daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// Deterministic.
    Tally,
    /// Says another thing each time, and says so.
    Drifting,
    /// The same, and denies it.
    Liar,
    /// Has no state.
    Echo,
}

struct Liar(Tally);

fn drifting() -> Tally {
    // Counted over all of them: two nodes never say the same.
    static DRIFTS: std::sync::OnceLock<Arc<AtomicU64>> = std::sync::OnceLock::new();
    Tally { drifts: Some(DRIFTS.get_or_init(Arc::default).clone()), ..Tally::default() }
}

impl Code {
    pub(super) fn factory(self) -> Arc<dyn DaemonFactory> {
        match self {
            Self::Tally => tally(),
            Self::Drifting => Arc::new(|| Box::new(drifting()) as Box<dyn MeshDaemon>),
            Self::Liar => Arc::new(|| Box::new(Liar(drifting())) as Box<dyn MeshDaemon>),
            Self::Echo => Arc::new(|| Box::new(Echo) as Box<dyn MeshDaemon>),
        }
    }

    /// Even and odd numbers, some of which the code refuses, or breaks at.
    pub(super) fn text(self, from: u64, sequence: u64) -> String {
        match sequence {
            s if s % 17 == 0 => "refuse".to_owned(),
            s if s % 29 == 0 => "panic".to_owned(),
            s if s % 3 == 0 && matches!(self, Self::Drifting | Self::Liar) => "drift".to_owned(),
            s => (s * from).to_string(),
        }
    }
}

impl MeshDaemon for Liar {
    fn name(&self) -> &str {
        "liar"
    }
    fn process(&mut self, event: &Event, context: &mut Context) -> Result<Vec<Bytes>, DaemonError> {
        self.0.process(event, context)
    }
    fn snapshot(&self) -> Result<Option<Bytes>, DaemonError> {
        self.0.snapshot()
    }
    fn restore(&mut self, state: Bytes, version: u32) -> Result<(), DaemonError> {
        self.0.restore(state, version)
    }
    fn deterministic(&self) -> bool {
        true
    }
}
