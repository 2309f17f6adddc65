//! Contract suites: what every version of a port must do, real or simulated. Plain functions that panic where it does not.
//!
//! Each function takes a world of its own, that is storage on which nothing was done before; its tests open stores on it,
//! let them go and open them again, as processes do.

#![expect(clippy::missing_panics_doc, reason = "a suite's panic is its answer")]

pub mod asset;
pub mod bases;
pub mod blob;
pub mod folder;
pub mod log;
pub mod memory_folder;
pub mod spare;
pub mod store;
