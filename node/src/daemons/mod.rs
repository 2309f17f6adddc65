//! The daemons that come with every node: useful by themselves, and patterns for one's own.

mod primes;
mod tally;
mod window;

use std::sync::Arc;

use wayfare_protocol::daemon::{DaemonFactory, MeshDaemon};

pub use primes::Primes;
pub use tally::Tally;
pub use window::Window;

/// Each with the name of its kind.
#[must_use]
pub fn all() -> [(&'static str, Arc<dyn DaemonFactory>); 3] {
    [
        ("tally", Arc::new(|| Box::new(Tally::default()) as Box<dyn MeshDaemon>)),
        ("window", Arc::new(|| Box::new(Window::default()) as Box<dyn MeshDaemon>)),
        ("primes", Arc::new(|| Box::new(Primes::default()) as Box<dyn MeshDaemon>)),
    ]
}
