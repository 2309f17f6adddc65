//! How the path between two places is.

use std::sync::Arc;
use std::time::Duration;

use crate::hits::Strike;
use crate::place::Place;

/// See the module.
#[derive(Clone, Debug, Default)]
pub enum Path {
    /// As it should be.
    #[default]
    Open,
    /// Nothing passes, and both ends are told.
    Cut,
    /// Nothing passes, and nobody is told: half-open.
    Silent,
    /// Nothing passes towards a place. It is sent again until it does: what waited comes when the path is open again.
    OneWay {
        /// Towards which.
        to: Place,
        /// Hits when something waits.
        strike: Arc<Strike>,
    },
    /// What is sent towards a place is lost. When the path is open again, its connections are over.
    Lossy {
        /// Towards which.
        to: Place,
        /// Hits when something is lost.
        strike: Arc<Strike>,
    },
    /// Every message takes so much longer, and a byte so long.
    Slow {
        /// Added to every message.
        delay: Duration,
        /// Time on the wire of a byte.
        per_byte: Duration,
    },
}
