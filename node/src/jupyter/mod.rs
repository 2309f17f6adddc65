//! The Jupyter door: front ends run their notebooks on any device of the mesh.
//!
//! A kernelspec ([`spec`]) names this program as a kernel. To the front end it is one: five sockets, Jupyter's messages
//! ([`sockets`], [`messages`], [`question`]). Behind, it is a client of the mesh ([`kernel`]) in a session of its own ([`session`]).

mod kernel;
mod language;
mod messages;
mod question;
mod session;
mod sockets;
pub mod spec;

use std::path::Path;

use jupyter_protocol::ConnectionInfo;
use wayfare_protocol::limits::KERNELSPEC_MAX;

use crate::client::{ClientError, MeshClient, NoSuchDevice};
use crate::folder::DataFolder;
pub use session::SessionWish;

/// Why a kernel cannot be, or ended.
#[derive(Debug, thiserror::Error)]
pub enum JupyterError {
    /// The file that the front end wrote.
    #[error("connection file {path}: {why}")]
    ConnectionFile {
        /// Which.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// Its sockets.
    #[error("the kernel's sockets: {0}")]
    Sockets(#[from] jupyter_zmq_client::RuntimeError),
    /// The mesh.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// No such device, or several.
    #[error(transparent)]
    Device(#[from] NoSuchDevice),
    /// The session's kernel.
    #[error("the session's kernel did not start: {0}")]
    NotStarted(String),
    /// The system refused.
    #[error("the system refuses: {0}")]
    System(#[from] std::io::Error),
}

/// Serves a front end as a kernel until it is shut down.
///
/// # Errors
/// If the connection file or the sockets cannot be used, or the mesh refuses.
pub async fn serve(
    connection_file: &Path,
    client: MeshClient,
    folder: &DataFolder,
    wish: SessionWish,
) -> Result<(), JupyterError> {
    let connection = read(connection_file)?;
    let sockets = sockets::Sockets::bind(&connection).await?;
    let opened = session::open(client, folder, &wish).await?;
    kernel::Kernel::new(sockets, opened, wish).run().await
}

fn read(path: &Path) -> Result<ConnectionInfo, JupyterError> {
    let wrong = |why: String| JupyterError::ConnectionFile { path: path.display().to_string(), why };
    let length = path.metadata().map_err(|error| wrong(error.to_string()))?.len();
    if length > KERNELSPEC_MAX {
        return Err(wrong(format!("larger than {KERNELSPEC_MAX} bytes")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))
}
