//! The deterministic world: the same actors as in the binaries, over simulated ports, in one process on one seed.
//!
//! A seed decides everything: who does what, what goes wrong, how long each message and each write takes. Two runs of a seed are the
//! same to the last line of the trace.

pub mod evidence;
pub mod fault;
pub mod life;
pub mod mutation;
pub mod oracle;
pub mod person;
pub mod place;
pub mod plan;
pub mod ports;
pub mod process;
pub mod seed;
pub mod simulation;
pub mod sweep;
pub mod trace;
pub mod world;

pub use mutation::Mutation;
pub use oracle::{Oracle, Violation};
pub use plan::Plan;
pub use seed::Seed;
pub use simulation::{Report, run};
