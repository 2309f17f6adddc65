//! Copies of outputs.

use serde::{Deserialize, Serialize};

/// Who keeps a copy of a session's outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keeper {
    /// The session host, whose word they are.
    Host,
    /// The owner.
    Owner,
    /// The journal in the cloud.
    Journal,
}
