//! The decisions of Wayfare: a pure state machine per concept, and pure functions for routing.
//!
//! Nothing here knows a clock, IO, randomness or a runtime. Time, ids and random numbers come in through inputs and
//! configuration; what is to be done goes out as effects.

pub mod account;
pub mod cell_output;
pub mod change_log;
pub mod chunks;
pub mod claim;
pub mod client;
pub mod collection;
pub mod daemon;
pub mod document;
pub mod fact;
pub mod folder_assets;
pub mod folder_binding;
pub mod holds;
pub mod jitter;
pub mod journal;
pub mod kernel_host;
pub mod link;
pub mod machine;
pub mod mark;
pub mod migration;
pub mod oracle;
pub mod outputs;
pub mod ownership;
pub mod pairing;
pub mod placement;
pub mod prefetch;
pub mod presence;
pub mod routing;
pub mod run_queue;
pub mod session;
pub mod supervision;
pub mod uplink;

pub use fact::{EventDigest, Fact, Witness};
pub use machine::{Durable, Machine, OpId, Sink};
pub use mark::{EffectMark, Mark};
