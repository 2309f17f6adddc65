//! The port of session hosts: start, find again, speak to, end.

use wayfare_protocol::SessionId;
use wayfare_protocol::host::{HostMessage, HostRequest};
use wayfare_protocol::session::{Environment, SessionKey};

use super::{Closed, Pending, PendingRef};

/// What is wanted of a new session host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostStart {
    /// The session.
    pub session: SessionId,
    /// Its name and language.
    pub key: SessionKey,
    /// How its kernel is started.
    pub environment: Environment,
    /// Which kernel of the session this is, from 1.
    pub kernel: u32,
    /// Sequence of the first record that it makes.
    pub first_sequence: u64,
}

/// A session host that could not be started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// No kernel fits the environment.
    #[error("no kernel for {language}: {why}")]
    NoKernel {
        /// The language wanted.
        language: String,
        /// What was looked for and where.
        why: String,
    },
    /// The system refused.
    #[error("session host did not start: {0}")]
    Spawn(String),
}

/// A session host that cannot be spoken to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// There is none: it was never started, or its process is gone for good.
    #[error("no session host lives for {0}")]
    Gone(SessionId),
    /// It lives and does not answer yet; try again.
    #[error("session host does not answer: {0}")]
    NotYet(String),
}

/// A conversation with a session host.
pub struct HostConnection {
    /// Its incoming half.
    pub reader: Box<dyn HostReader>,
    /// Its outgoing half. Dropping both ends the conversation, not the host.
    pub writer: Box<dyn HostWriter>,
}

/// The incoming half.
pub trait HostReader: Send {
    /// The next messages: at least one, and those that have arrived with it.
    fn read(&mut self) -> PendingRef<'_, Result<Vec<HostMessage>, Closed>>;
}

/// The outgoing half.
pub trait HostWriter: Send {
    /// Writes requests in order.
    fn write(&mut self, requests: Vec<HostRequest>) -> PendingRef<'_, Result<(), Closed>>;
}

/// Starts session hosts and finds living ones again.
pub trait SessionHosts: Send + Sync {
    /// Starts one and leaves it running: it outlives the caller. At most one lives per session: the caller has seen
    /// [`ConnectError::Gone`] before.
    fn start(&self, start: HostStart) -> Pending<Result<(), StartError>>;
    /// Connects to the session's living host.
    fn connect(&self, session: SessionId) -> Pending<Result<HostConnection, ConnectError>>;
    /// Ends the session's host and kernel by force and waits until they are gone.
    fn kill(&self, session: SessionId) -> Pending<()>;
}
