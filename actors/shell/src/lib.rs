//! The actors of Wayfare: a supervised ractor actor per concept that feeds its machine and carries out its effects.
//!
//! No decision is made here, and no socket or file is touched: everything outside comes through [`ports`].

#[cfg(feature = "contract")]
pub mod contract;
pub mod ports;
