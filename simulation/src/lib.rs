//! The deterministic world: the same actors as in the binaries, over simulated ports, in one process on one seed.
//!
//! A seed decides everything: who does what, what goes wrong, how long each message and each write takes. Two runs of a seed are the
//! same to the last line of the trace.

mod asker;
pub mod check;
pub mod chore;
pub mod clock;
pub mod daemon_test_kit;
pub mod dev;
mod disorder;
pub mod evidence;
pub mod explain;
pub mod fault;
pub mod filer;
pub mod habit;
pub mod hits;
pub mod ledger;
pub mod life;
pub mod marked;
pub mod marks;
pub mod mover;
pub mod mutation;
pub mod operator;
pub mod parts;
pub mod person;
pub mod place;
pub mod plan;
pub mod ports;
pub mod process;
pub mod publisher;
pub mod running;
pub mod scenario;
pub mod seed;
pub mod shrink;
pub mod simulation;
pub mod swarm;
pub mod sweep;
pub mod trace;
pub mod trap;
pub mod world;
pub mod writer;

pub use mutation::{Mutation, Mutations};
pub use plan::Plan;
pub use seed::Seed;
pub use simulation::{Report, run};
pub use wayfare_core::oracle::{self, Oracle, Violation};
