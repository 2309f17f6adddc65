//! The decisions of Wayfare: a pure state machine per concept, and pure functions for routing.
//!
//! Nothing here knows a clock, IO, randomness or a runtime. Time, ids and random numbers come in through inputs and
//! configuration; what is to be done goes out as effects.

pub mod machine;

pub use machine::{Durable, Machine, OpId, Sink};
