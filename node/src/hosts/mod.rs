//! Session hosts on this machine: started detached, found again after the node's own restart, ended by force.
//!
//! Every session has a private folder `<data>/s/<short>` (mode 0700):
//!
//! | file | written by | what |
//! |---|---|---|
//! | `wayfare-session-host` | node | the program, copied, so that an upgrade never touches a living session |
//! | `launch.json` | node | [`HostLaunch`](wayfare_protocol::host::HostLaunch) |
//! | `host.start` | node | process id, its start time and the machine's boot: guards against reused process ids |
//! | `host.pid`, `host.sock` | host | for people; where it answers |
//! | `host.log`, `host.log.old` | both | the host's words, kept when the rest is cleaned |
//!
//! A host is [`Gone`](ConnectError::Gone) when nothing answers on its socket and its process is not there. What it left
//! behind (its processes, its files) is then cleared away, save for the logs. A process that a cell started belongs to the
//! session however it was detached, as long as it keeps the variable [`SESSION_FOLDER_VARIABLE`].

mod folder;
mod processes;
mod socket;
mod spawn;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::UnixStream;
use wayfare_actors::ports::{ConnectError, HostConnection, HostStart, Pending, SessionHosts, StartError};
use wayfare_protocol::{Limits, SessionId};

use folder::{HostFolder, Life};

/// File name of the session host's program.
pub const HOST_PROGRAM: &str = "wayfare-session-host";
/// Variable by which the processes of a session are recognised: the session's folder.
pub const SESSION_FOLDER_VARIABLE: &str = "WAYFARE_SESSION_FOLDER";

/// What session hosts on this machine depend on.
#[derive(Clone, Debug)]
pub struct HostSettings {
    /// The node's data folder, absolute.
    pub data: PathBuf,
    /// The session host's program; see [`find_program`].
    pub program: PathBuf,
    /// Virtual environments whose kernels are offered.
    pub venvs: Vec<PathBuf>,
    /// Bounds.
    pub limits: Limits,
}

/// The real [`SessionHosts`]: processes of this machine.
#[derive(Clone)]
pub struct LocalSessionHosts {
    inner: Arc<Inner>,
}

struct Inner {
    settings: HostSettings,
    /// Held while a folder is looked at and changed: a caller that gave up a `connect` may already be in a `start`.
    folders: Mutex<()>,
}

/// The program as configured, else the one beside the running executable.
///
/// # Errors
/// If it is not there; names where it was looked for.
pub fn find_program(configured: Option<&Path>) -> Result<PathBuf, StartError> {
    let program = match configured {
        Some(path) => path.to_owned(),
        None => std::env::current_exe()
            .ok()
            .and_then(|own| Some(own.parent()?.join(HOST_PROGRAM)))
            .ok_or_else(|| StartError::Spawn("the running executable has no path".to_owned()))?,
    };
    if program.is_file() {
        Ok(program)
    } else {
        Err(StartError::Spawn(format!("there is no {}; set session_host", program.display())))
    }
}

impl LocalSessionHosts {
    /// Session hosts below a data folder.
    #[must_use]
    pub fn new(settings: HostSettings) -> Self {
        Self { inner: Arc::new(Inner { settings, folders: Mutex::new(()) }) }
    }

    /// The folder of a session.
    #[must_use]
    pub fn folder(&self, session: SessionId) -> PathBuf {
        self.inner.folder(session).path().to_owned()
    }
}

impl SessionHosts for LocalSessionHosts {
    fn start(&self, start: HostStart) -> Pending<Result<(), StartError>> {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            let work = move || {
                let _held = inner.folders.lock().unwrap_or_else(PoisonError::into_inner);
                spawn::start(&inner.settings, &inner.folder(start.session), &start)
            };
            blocking(work).await.unwrap_or_else(|error| Err(StartError::Spawn(error)))
        })
    }

    fn connect(&self, session: SessionId) -> Pending<Result<HostConnection, ConnectError>> {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            let folder = inner.folder(session);
            let no_answer = match UnixStream::connect(folder.socket()).await {
                Ok(stream) => return Ok(socket::connection(stream)),
                Err(error) => error.to_string(),
            };
            let work = move || {
                let _held = inner.folders.lock().unwrap_or_else(PoisonError::into_inner);
                let life = folder.life();
                if let Life::Dead { .. } = life {
                    processes::kill(&folder.processes());
                    folder.clean();
                }
                life
            };
            match blocking(work).await {
                Ok(Life::Never | Life::Dead { .. }) => Err(ConnectError::Gone(session)),
                Ok(Life::Alive { pid }) => Err(ConnectError::NotYet(format!("process {pid}: {no_answer}"))),
                Err(error) => Err(ConnectError::NotYet(error)),
            }
        })
    }

    fn kill(&self, session: SessionId) -> Pending<()> {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            let limits = inner.settings.limits.clone();
            let ended = tokio::time::timeout(limits.drain, async {
                loop {
                    let again = Arc::clone(&inner);
                    let left = blocking(move || again.kill_once(session)).await.unwrap_or(0);
                    if left == 0 {
                        break;
                    }
                    tokio::time::sleep(limits.host_retry).await;
                }
            });
            if ended.await.is_err() {
                // A process in an uninterruptible wait (a dead network disk) takes its signal when it can.
                tracing::warn!(%session, "processes of the session did not end in time");
            }
        })
    }
}

impl Inner {
    fn folder(&self, session: SessionId) -> HostFolder {
        HostFolder::new(&self.settings.data, session)
    }

    /// Signals every process of the session and says how many there were; cleans the folder when there is none.
    fn kill_once(&self, session: SessionId) -> usize {
        let _held = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = self.folder(session);
        let alive = folder.processes();
        if alive.is_empty() {
            folder.clean();
        } else {
            processes::kill(&alive);
        }
        alive.len()
    }
}

/// Runs what reads and writes files beside the async threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
