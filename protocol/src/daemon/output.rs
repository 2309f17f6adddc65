//! A daemon's outputs: its causal chain as it is logged and shown.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::causal::CausalLink;

/// One output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonOutput {
    /// Its place in the daemon's causal chain.
    pub link: CausalLink,
    /// The event that it answers.
    pub position: u64,
    /// What it says.
    pub payload: Bytes,
}

/// A record of the outputs log: what came of one frame of the inbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputFrame {
    /// Last position of that frame.
    pub through: u64,
    /// In order.
    pub outputs: Vec<DaemonOutput>,
    /// Events that were given up: position and reason.
    pub dead: Vec<(u64, String)>,
}

/// What a reader of a daemon's outputs is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DaemonUpdate {
    /// The next output.
    Output(DaemonOutput),
    /// These outputs are not kept any more.
    Omitted {
        /// The first of them.
        from: u64,
        /// The last of them.
        through: u64,
    },
}
