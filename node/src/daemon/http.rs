//! The node's HTTP door: on a unix socket, and over TCP if that is configured.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use wayfare_actors::document::Library;
use wayfare_actors::edge::EdgeNode;
use wayfare_actors::ports::{Connection, Pending};
use wayfare_actors::run_queue::Queue;
use wayfare_io::OsRandom;
use wayfare_io::client::ClientIdentity;
use wayfare_io::http::{self, Bounds, Documents, Entrance, Origin, Reach, Way, load_or_create_token};
use wayfare_io::transport::{TcpDoor, UnixDoor, WsTransport};
use wayfare_protocol::identity::DeviceKey;
use wayfare_protocol::{Access, ErrorCode, Limits, Refusal};

use super::DaemonError;
use crate::client::Place;
use crate::folder::DataFolder;

/// An open HTTP door; it is closed when this is dropped.
pub(super) struct HttpDoor {
    serving: Vec<AbortHandle>,
    announced: Option<PathBuf>,
}

/// What can be set of it.
pub(super) struct Settings {
    /// The device's name.
    pub(super) name: String,
    pub(super) listen: Option<SocketAddr>,
    pub(super) origin: Option<Origin>,
}

/// The documents of the node, and where runs wait, as it is now: it begins anew when its cloud changes.
#[derive(Clone, Default)]
pub(super) struct Shelf(Arc<Mutex<Option<(Library, Queue)>>>);

impl Shelf {
    pub(super) fn put(&self, node: &EdgeNode) {
        let now = (node.library().clone(), node.queue().clone());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// Where runs wait.
    pub(super) fn queue(&self) -> Result<Queue, Refusal> {
        Ok(self.now()?.1)
    }

    fn now(&self) -> Result<(Library, Queue), Refusal> {
        let starting = || Refusal::new(ErrorCode::OwnerUnreachable, "the node is starting; ask again");
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(starting)
    }
}

impl Documents for Shelf {
    fn library(&self) -> Result<Library, Refusal> {
        Ok(self.now()?.0)
    }

    fn access(&self) -> Access {
        Access::Everything
    }

    /// Whoever has the folder's token is the node's own user.
    fn admits(&self) -> Pending<Result<(), Refusal>> {
        Box::pin(async { Ok(()) })
    }
}

impl HttpDoor {
    /// Opens it. Whoever comes in is served over links to the node's own door, as every program of the device is.
    ///
    /// Links of the app's pages are given out as they are: who opened them has shown the token. `own` is served to programs of this
    /// machine alone.
    pub(super) async fn open(
        folder: &DataFolder,
        key: &DeviceKey,
        settings: Settings,
        shelf: &Shelf,
        own: Router,
        limits: &Limits,
    ) -> Result<(Self, mpsc::Receiver<Connection>), DaemonError> {
        let place = Place::of_node(folder, key.device_id());
        let transport = Arc::new(WsTransport::new(place.insecure_plaintext));
        let reach = Reach { address: place.address, transport };
        let identity = ClientIdentity { key: key.clone(), name: settings.name };
        let (links, pages) = mpsc::channel(limits.unauthenticated_links.max(1));
        let routes = http::routes(reach, identity, Arc::new(shelf.clone()), limits).with_links(links);
        let bounds = Bounds { connections: limits.http_connections, request: limits.handshake, lasts: None };
        let token = load_or_create_token(&folder.http_token(), &OsRandom)?;
        withdraw(&folder.http_address())?;
        let unix = UnixDoor::open(&folder.http_door())?;
        let mut door = Self { serving: Vec::new(), announced: None };
        let router = routes.with_routes(own).behind(Entrance::new(Way::Unix, None), None);
        door.serving.push(tokio::spawn(http::serve(unix, router, bounds)).abort_handle());
        if let Some(listen) = settings.listen {
            let failed = |why| DaemonError::HttpListen { listen, why };
            let listener = TcpListener::bind(listen).await.map_err(failed)?;
            let address = listener.local_addr().map_err(failed)?;
            announce(&folder.http_address(), address)?;
            door.announced = Some(folder.http_address());
            let app = http::Open { routes: wayfare_app::routes(), has: wayfare_app::has };
            let router = routes.behind(Entrance::new(Way::Tcp(token), settings.origin), Some(app));
            let tcp = TcpDoor::new(listener, None, limits.handshake);
            door.serving.push(tokio::spawn(http::serve(tcp, router, bounds)).abort_handle());
            tracing::info!(%address, "HTTP");
        }
        Ok((door, pages))
    }
}

impl Drop for HttpDoor {
    fn drop(&mut self) {
        self.serving.iter().for_each(AbortHandle::abort);
        if let Some(path) = &self.announced {
            let _ = withdraw(path); // the folder may be gone
        }
    }
}

/// Whoever waits for the file sees nothing of it or all.
fn announce(path: &Path, address: SocketAddr) -> io::Result<()> {
    let unfinished = path.with_extension("addr.new");
    withdraw(&unfinished)?; // of an earlier attempt
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    writeln!(file, "{address}")?;
    fs::rename(&unfinished, path)
}

fn withdraw(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
