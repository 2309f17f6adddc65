//! What a person is made of, and what it is to do.

use wayfare_actors::ports::Address;
use wayfare_protocol::identity::DeviceKey;
use wayfare_protocol::{NodeId, RunId, SessionId};

use crate::habit::Habit;
use crate::seed::Seed;

/// Something that a person does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Opens a session.
    Open(String, Option<NodeId>),
    /// Runs a program in the session that is open.
    Run(String),
    /// Looks at a run from its first event on.
    Watch(SessionId, RunId),
    /// Sends a run again, as if its answer had been lost.
    Resend(RunId, String),
    /// Stops the session that is open.
    Stop,
}

/// What a person is made of.
pub struct Config {
    /// Its number, and its name in the evidence.
    pub number: usize,
    /// For the evidence.
    pub name: String,
    /// What it draws from.
    pub seed: Seed,
    /// Its device.
    pub key: DeviceKey,
    /// Where it dials.
    pub address: Address,
    /// What it does, one after the other.
    pub tasks: Vec<Task>,
    /// Whether it looks at everything on the board as well.
    pub watches: bool,
    /// Whether it leaves now and then.
    pub leaves: bool,
    /// What else it does.
    pub habits: Vec<Habit>,
    /// Whether others may look at its runs.
    pub is_public: bool,
    /// Whether it looks again at a run that it is told is nowhere, until it finds it.
    pub insists: bool,
    /// Whether it thinks no longer than a moment.
    pub hurries: bool,
    /// Whether it asks for one event too few when it returns: what it must not do.
    pub skips: bool,
}
