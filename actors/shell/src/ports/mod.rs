//! The ports: everything the actors need from the world. The binaries give real ones (`wayfare-io`), the simulation its own;
//! each pair passes one contract suite.

mod asset;
mod blob;
mod daemon;
mod folder;
mod host;
mod log;
mod spare;
mod store;
mod time;
mod transport;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::actor::{Runtime, Trace};
pub use asset::{AssetError, AssetStore};
pub use blob::{BlobError, BlobStore};
pub use daemon::{EntityKeys, Job, KeyError, KeysUnread, Workers};
pub use folder::{Bases, BoundFolders, FolderAssetFiles, FolderFiles};
pub use host::{ConnectError, HostConnection, HostReader, HostStart, HostWriter, SessionHosts, StartError};
pub use log::{Log, LogError, LogName, LogStore};
pub use spare::SpareStore;
pub use store::{Account, ControlStore, DeviceRow, StoreError};
pub use time::{Clock, Random, Timer};
pub use transport::{Address, Closed, Connection, DialError, FrameReader, FrameWriter, Transport};

/// A port's answer on its way. Boxed, so that ports are objects.
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// A port's answer that borrows the port for as long.
pub type PendingRef<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The ports that every process has.
#[derive(Clone)]
pub struct Ports {
    /// Reads both clocks.
    pub clock: Arc<dyn Clock>,
    /// Wakes at an instant of boot time.
    pub timer: Arc<dyn Timer>,
    /// Draws random bytes.
    pub random: Arc<dyn Random>,
    /// Dials links.
    pub transport: Arc<dyn Transport>,
    /// Opens logs.
    pub logs: Arc<dyn LogStore>,
    /// Keeps assets.
    pub assets: Arc<dyn AssetStore>,
    /// Told of every step and fact; `None` where nobody listens.
    pub trace: Option<Arc<dyn Trace>>,
}

impl Ports {
    /// What every actor gets of them.
    #[must_use]
    pub fn runtime(&self) -> Runtime {
        Runtime { clock: Arc::clone(&self.clock), timer: Arc::clone(&self.timer), trace: self.trace.clone() }
    }
}
