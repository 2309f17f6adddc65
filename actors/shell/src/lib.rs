//! The actors of Wayfare: a supervised ractor actor per concept that feeds its machine and carries out its effects.
//!
//! No decision is made here, and no socket or file is touched: everything outside comes through [`ports`].

#[cfg(feature = "contract")]
pub mod contract;

pub mod account;
pub mod actor;
pub mod asset;
mod children;
pub mod client;
pub mod cloud;
pub mod daemon;
pub mod device;
pub mod directory;
pub mod document;
pub mod edge;
pub mod folder;
pub mod folder_assets;
pub mod gate;
pub mod ids;
pub mod journal;
pub mod link;
mod logs;
pub mod migration;
pub mod pairing;
pub mod ports;
pub mod prefetch;
mod readers;
pub mod run_queue;
pub mod session;
mod shutdown;
pub mod supervisor;
mod waiting;
pub mod watch;
