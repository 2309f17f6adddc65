//! Why a client could not do what was asked.

use wayfare_protocol::Refusal;

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// Nobody answered.
    #[error("cannot reach {url}: {why}")]
    Unreachable {
        /// Where.
        url: String,
        /// Why, as far as it is known.
        why: String,
    },
    /// The server does not want this device.
    #[error("the server refuses this device: {0}")]
    Refused(Refusal),
    /// The session cannot be opened.
    #[error("the session cannot be opened: {0}")]
    OpenRefused(Refusal),
    /// The session did not do what was asked.
    #[error("refused: {0}")]
    CallRefused(Refusal),
    /// The link was lost before the answer, or it took too long.
    #[error("no answer came: the link was lost or the other end is busy; try again")]
    NoAnswer,
    /// The client's own parts could not be started.
    #[error("the client cannot be started: {0}")]
    Failed(String),
    /// The client's own parts have ended.
    #[error("the client ended unexpectedly")]
    Ended,
}
