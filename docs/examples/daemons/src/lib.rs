//! Three daemons: one that counts, one that gathers over windows of time, and one with heavy work in the background.

pub mod lead;
pub mod rates;
pub mod stamps;

pub use lead::Lead;
pub use rates::Rates;
pub use stamps::Stamps;
