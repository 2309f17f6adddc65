//! The simulated ports. Each belongs to one life of a process and does nothing when that has ended; what outlives the process
//! ([`Network`], [`Disk`], [`Folder`], [`StoreRows`], [`Hosts`]) is the world's.

mod assets;
mod blobs;
mod connection;
mod daemons;
mod disk;
mod errand;
mod folder;
mod forgetful;
mod hosts;
mod ills;
mod kernel_host;
mod network;
mod path;
mod spares;
mod store;
mod time;
mod trouble;

pub use assets::{Assets, SimAssets};
pub use blobs::{Blobs, SimBlobs};
pub use connection::SimTransport;
pub use daemons::{Keys, SimKeys, SimWorkers};
pub use disk::{Disk, SimLogStore, Sync};
pub use folder::{Folder, FolderFault, PROJECT};
pub use hosts::{Hosts, SimHosts};
pub use ills::{DiskIlls, HostIlls, StoreIlls};
pub use kernel_host::HostRules;
pub use network::{Door, Network};
pub use path::Path;
pub use spares::Spares;
pub use store::{SimStore, StoreRows};
pub use time::{SimRandom, SimTime};
