//! The cloud of a person's devices: one process that their links lead to.

pub mod admin;
pub mod backup;
pub mod cloud;
pub mod config;
pub mod door;
pub mod files;
mod http;
pub mod invitation;
pub mod metrics;
mod open_files;
pub mod pair;
pub mod serve;
pub mod welcome;
