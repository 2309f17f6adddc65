//! The door of programs that speak HTTP: what a node's own door serves, for every device of this cloud.

use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use wayfare_actors::document::Library;
use wayfare_actors::ports::{Address, ControlStore, DeviceRow, Pending};
use wayfare_core::account;
use wayfare_io::http::{self, Bounds, Documents, Guest, Guests, Reach, shared_routes};
use wayfare_io::tls::ServerTls;
use wayfare_io::transport::{TcpDoor, WithinProcess};
use wayfare_protocol::{Access, AccountId, DeviceId, ErrorCode, Limits, Refusal};

use crate::cloud::Cloud;
use crate::config::{CloudConfig, Security};

/// What the door needs.
pub(crate) struct Parts<'a> {
    pub(crate) config: &'a CloudConfig,
    pub(crate) cloud: &'a Cloud,
    pub(crate) store: &'a Arc<dyn ControlStore>,
    pub(crate) tls: &'a ServerTls,
    pub(crate) limits: &'a Limits,
}

/// Opens the door: encrypted as links are.
pub(crate) fn open(listener: TcpListener, parts: &Parts<'_>) -> Result<AbortHandle> {
    let own_tls = (parts.config.security()? != Security::Plain).then(|| parts.tls.server_config());
    let door = TcpDoor::new(listener, own_tls, parts.limits.handshake);
    let bounds = Bounds { connections: parts.limits.http_connections, request: parts.limits.handshake, lasts: None };
    Ok(tokio::spawn(http::serve(door, routes(parts), bounds)).abort_handle())
}

/// Behind the entrance the door is a client of this process: each request borrows a link of the device that it shows the key of.
fn routes(parts: &Parts<'_>) -> Router {
    let cloud = parts.cloud.clone();
    let transport = WithinProcess::new(move |connection| {
        let room = cloud.admit().map_err(|refusal| refusal.to_string())?;
        cloud.accept(room, connection);
        Ok(())
    });
    let address = Address { url: "this cloud".to_owned(), identity: parts.tls.identity().clone() };
    let reach = Reach { address, transport: Arc::new(transport) };
    let guests = Arc::new(Registered { store: Arc::clone(parts.store), cloud: parts.cloud.clone() });
    shared_routes(parts.config.certificate_names(), guests, reach, parts.limits)
}

/// The devices of the control store.
struct Registered {
    store: Arc<dyn ControlStore>,
    cloud: Cloud,
}

impl Guests for Registered {
    fn known(&self, device: DeviceId) -> Pending<Result<Guest, Refusal>> {
        let (found, store, cloud) = (self.store.device(device), Arc::clone(&self.store), self.cloud.clone());
        Box::pin(async move {
            let row = found.await.map_err(|error| Refusal::new(ErrorCode::StorageFailed, error.to_string()))?;
            let row = admitted(row)?;
            let documents = Arc::new(DocumentsOf { device, account: row.account, access: row.access, store, cloud });
            Ok(Guest { name: row.name, access: row.access, documents })
        })
    }
}

/// A device that may come in, as the store knows it.
fn admitted(row: Option<DeviceRow>) -> Result<DeviceRow, Refusal> {
    let row = row.ok_or_else(|| Refusal::new(ErrorCode::Unauthenticated, "no such device"))?;
    match row.revoked_at {
        Some(at) => Err(account::revoked(row.called(), at)),
        None => Ok(row),
    }
}

/// The documents of an account, for one of its devices: until that is revoked.
struct DocumentsOf {
    device: DeviceId,
    account: AccountId,
    access: Access,
    store: Arc<dyn ControlStore>,
    cloud: Cloud,
}

impl Documents for DocumentsOf {
    fn library(&self) -> Result<Library, Refusal> {
        self.cloud.library(self.account)
    }

    fn access(&self) -> Access {
        self.access
    }

    fn admits(&self) -> Pending<Result<(), Refusal>> {
        let found = self.store.device(self.device);
        Box::pin(async move {
            // Where the store does not answer: it was known a moment before, and is asked again.
            found.await.map_or(Ok(()), |row| admitted(row).map(drop))
        })
    }
}
