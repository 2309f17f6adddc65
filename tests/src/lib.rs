//! Real processes for tests and benches: a world is a folder with a cloud, a node and devices in it, all on loopback, every
//! port chosen by the system, and nothing of it left behind.

pub mod bench;
pub mod bucket;
pub mod daemons;
pub mod device;
pub mod faults;
pub mod forward;
pub mod load;
pub mod namespace;
pub mod patience;
pub mod process;
pub mod programs;
pub mod systemd;
pub mod witness;
pub mod world;
