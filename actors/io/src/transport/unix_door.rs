//! A door on a unix socket, for processes of the same user.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use axum::serve::Listener;
use tokio::net::{UnixListener, UnixStream};

use super::ACCEPT_AGAIN;

/// A door that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// Another process listens there.
    #[error("another process listens at {0}")]
    Taken(PathBuf),
    /// Something else than a socket has the name.
    #[error("{0} exists and is not a socket")]
    NotASocket(PathBuf),
    /// Others may enter the folder, or there is none to make.
    #[error("{folder} has mode {mode:o}; a door's folder is open to its owner only (chmod 700)")]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The system refused.
    #[error("cannot listen at {path}: {why}")]
    System {
        /// Where.
        path: PathBuf,
        /// Its reason.
        why: io::Error,
    },
}

/// A listening unix socket with mode 0600 in a folder with mode 0700. Its file stays when it is dropped, and is replaced when
/// the next process opens the same door.
#[derive(Debug)]
pub struct UnixDoor {
    listener: UnixListener,
    path: PathBuf,
}

impl UnixDoor {
    /// Opens the door; replaces a socket at which nobody listens any more. Two processes that do so at once are kept apart by
    /// the lock on the data folder, not here.
    ///
    /// # Errors
    /// If somebody listens there, the name is taken otherwise, others may enter the folder, or the system refuses.
    pub fn open(path: &Path) -> Result<Self, DoorError> {
        let system = |why| DoorError::System { path: path.to_owned(), why };
        make_folder(path)?;
        let listener = match UnixListener::bind(path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                remove_stale(path)?;
                UnixListener::bind(path)
            }
            other => other,
        };
        let listener = listener.map_err(system)?;
        // Until here only the folder's mode kept others out.
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(system)?;
        Ok(Self { listener, path: path.to_owned() })
    }

    /// The next stream of a process of this user, and who it is, for logs. Other users' are closed.
    ///
    /// # Errors
    /// The system's, as of [`UnixListener::accept`].
    pub async fn accept(&self) -> io::Result<(UnixStream, String)> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            match stream.peer_cred() {
                Ok(peer) if peer.uid() == nix::unistd::geteuid().as_raw() => {
                    let process = peer.pid().map_or_else(|| "unknown".to_owned(), |pid| pid.to_string());
                    return Ok((stream, format!("unix process {process}")));
                }
                Ok(peer) => tracing::warn!(uid = peer.uid(), "refused another user at the local door"),
                // It is gone already.
                Err(error) => tracing::debug!(%error, "no credentials at the local door"),
            }
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Listener for UnixDoor {
    type Io = UnixStream;
    type Addr = String;

    async fn accept(&mut self) -> (UnixStream, String) {
        loop {
            match Self::accept(self).await {
                Ok(arrived) => return arrived,
                Err(error) => {
                    tracing::error!(%error, "cannot accept connections");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<String> {
        Ok(self.path.display().to_string())
    }
}

fn make_folder(path: &Path) -> Result<(), DoorError> {
    let system = |why| DoorError::System { path: path.to_owned(), why };
    let folder = path.parent().ok_or_else(|| system(io::ErrorKind::InvalidInput.into()))?;
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(system)?;
    let mode = fs::metadata(folder).map_err(system)?.permissions().mode() & 0o777;
    // Not changed here: the folder may be one that others rightly use.
    if mode & 0o077 == 0 { Ok(()) } else { Err(DoorError::Folder { folder: folder.to_owned(), mode }) }
}

fn remove_stale(path: &Path) -> Result<(), DoorError> {
    let system = |why| DoorError::System { path: path.to_owned(), why };
    if !fs::symlink_metadata(path).map_err(system)?.file_type().is_socket() {
        return Err(DoorError::NotASocket(path.to_owned()));
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path).map_err(system),
        Ok(_) => Err(DoorError::Taken(path.to_owned())),
        Err(why) => Err(system(why)),
    }
}
