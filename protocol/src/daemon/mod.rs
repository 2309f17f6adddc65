//! Daemons: the one contract with their authors, and what travels about them.
//!
//! A [`MeshDaemon`] processes events one after the other, each once. It has no clock, no threads, no IO and no randomness of its own: what it
//! needs of them comes through the [`Context`], is stamped into the inbox, and is the same when an event is processed again: after a
//! crash, on the target of a migration, in the simulation. It builds for wasm32 in principle.

mod call;
mod context;
mod event;
mod inbox;
mod name;
mod output;

use std::sync::Arc;

use bytes::Bytes;

use crate::capability_filter::CapabilityFilter;
use crate::capability_set::CapabilitySet;

pub use call::{
    DaemonAnswer, DaemonCall, DaemonInfo, DaemonRequest, DaemonResponse, DaemonState, DaemonStats, DeadLetter,
    FeedInfo, ReplayInfo, Replayed, StartDaemon,
};
pub use context::{Context, Requests};
pub use event::{Control, Event, Source};
pub use inbox::{InboxDigest, InboxEntry, InboxFrame, Input};
pub use name::{DaemonKey, DaemonKind, DaemonName, DaemonNameError, Durability};
pub use output::{DaemonOutput, DaemonUpdate, OutputFrame};

/// A processor of events that the mesh keeps alive and moves.
///
/// All methods are synchronous; one [`process`](MeshDaemon::process) is meant to take less than
/// [`Limits::daemon_event`](crate::Limits::daemon_event). What takes longer is asked for with [`Context::background`], and comes back as an event.
pub trait MeshDaemon: Send {
    /// What it is, for people and logs.
    fn name(&self) -> &str;

    /// Processes one event. What is returned becomes its outputs, in that order: each is linked into the daemon's causal chain
    /// and given to subscribers once it is logged.
    ///
    /// # Errors
    /// If the event cannot be processed. The daemon must then be as it was before: nothing of the event counts, it is tried again
    /// ([`Limits::daemon_tries`](crate::Limits::daemon_tries) times in all) and becomes a [`DeadLetter`]. After a panic the host makes the daemon anew
    /// from its snapshot and its inbox, without that event.
    fn process(&mut self, event: &Event, context: &mut Context) -> Result<Vec<Bytes>, DaemonError>;

    /// Its whole state; `None`: it has none.
    ///
    /// # Errors
    /// If the state cannot be written. The host goes on with the snapshot before.
    fn snapshot(&self) -> Result<Option<Bytes>, DaemonError> {
        Ok(None)
    }

    /// Takes over a state that [`snapshot`](MeshDaemon::snapshot) wrote, perhaps in an older version of the code.
    ///
    /// # Errors
    /// If the state is none of its own or of a version that it does not know. The default takes none.
    fn restore(&mut self, _state: Bytes, _state_version: u32) -> Result<(), DaemonError> {
        Err(DaemonError::Restore("this daemon has no state, and was given one".to_owned()))
    }

    /// Version of the state that it writes. Raised when its layout changes.
    fn state_version(&self) -> u32 {
        1
    }

    /// A digest of its state that is the same for equal states, if it can tell one cheaply.
    fn state_digest(&self) -> Option<[u8; 32]> {
        None
    }

    /// Whether the same events always lead to the same state and outputs. Only such a daemon is moved live, by replay;
    /// `DaemonTestKit` tests the promise.
    fn deterministic(&self) -> bool {
        false
    }

    /// What it requires of the node that it lives on. The default requires nothing.
    fn requirements(&self) -> CapabilityFilter {
        CapabilityFilter::default()
    }

    /// Tags and metadata that its node must have, beside [`requirements`](MeshDaemon::requirements).
    fn required_capabilities(&self) -> CapabilitySet {
        CapabilitySet::new()
    }

    /// Tags and metadata that it would like its node to have: the more of them, the better the node.
    fn optional_capabilities(&self) -> CapabilitySet {
        CapabilitySet::new()
    }

    /// Told what becomes of it. It cannot refuse, and does not process anything for it.
    fn on_control(&mut self, _control: &Control) {}

    /// How it is by its own word.
    fn health(&self) -> Health {
        Health::Healthy
    }

    /// How busy it is by its own word: 0 idle, 1 full.
    fn saturation(&self) -> f32 {
        0.0
    }

    /// What carries out the background work that it asks for; `None`: it asks for none.
    fn work(&self) -> Option<Arc<dyn Work>> {
        None
    }
}

/// Background work of a daemon: runs beside it, as often as it takes, and its result becomes one event.
pub trait Work: Send + Sync {
    /// Does the work that an input describes. Started again after a crash or a move if its result was not recorded before.
    ///
    /// # Errors
    /// If it failed; the reason comes back as an event like any result.
    fn run(&self, input: &Bytes) -> Result<Bytes, String>;
}

/// Makes a daemon of one kind: its code, with its configuration and secrets.
pub trait DaemonFactory: Send + Sync {
    /// A daemon at its beginning.
    fn make(&self) -> Box<dyn MeshDaemon>;
}

impl<F: Fn() -> Box<dyn MeshDaemon> + Send + Sync> DaemonFactory for F {
    fn make(&self) -> Box<dyn MeshDaemon> {
        self()
    }
}

/// What a daemon says it could not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DaemonError {
    /// An event.
    #[error("event not processed: {0}")]
    Process(String),
    /// Writing its state.
    #[error("state not written: {0}")]
    Snapshot(String),
    /// Taking over a state.
    #[error("state not taken over: {0}")]
    Restore(String),
}

/// How a daemon is.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Health {
    /// As it should be.
    #[default]
    Healthy,
    /// It works, and something is wrong.
    Degraded {
        /// What.
        reason: String,
    },
    /// It does not work.
    Unhealthy {
        /// Why.
        reason: String,
    },
}
