//! What is where in a device's data folder.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use wayfare_protocol::ProjectId;

/// A data folder. It belongs to one device: its node and its command line share it.
///
/// | name | what |
/// |---|---|
/// | `device.key` | the device's key, see [`wayfare_io::load_or_create_key`] |
/// | `cloud.toml` | the cloud it is paired with, see [`crate::cloud_file`] |
/// | `lock` | held by the running node, and by nobody else |
/// | `door/node.sock` | where the running node is spoken to |
/// | `door/http.sock` | the same for programs that speak HTTP |
/// | `door/http.addr` | address of its HTTP door over TCP, if it has one |
/// | `http.token` | what such programs show at that door |
/// | `logs/` | the logs of its sessions |
/// | `keys/` | the keys of its daemons |
/// | `blobs/` | snapshots, by the hash of their chunks |
/// | `folders.json` | the folders that are bound to projects, see [`crate::folders`] |
/// | `ahead.json` | the projects that are not read ahead |
/// | `folders/` | what is remembered of their files, a folder for each project |
/// | `s/` | its session hosts, see [`crate::hosts`] |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFolder(PathBuf);

impl DataFolder {
    /// The folder at a path; it need not exist.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Makes it, closed to other users, if it is not there. Locks nothing.
    ///
    /// # Errors
    /// The system's.
    pub fn make(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.0)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The device's key.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.0.join("device.key")
    }

    /// The cloud it is paired with.
    #[must_use]
    pub fn cloud(&self) -> PathBuf {
        self.0.join("cloud.toml")
    }

    /// The running node's local door.
    #[must_use]
    pub fn door(&self) -> PathBuf {
        self.0.join("door").join("node.sock")
    }

    /// The running node's HTTP door.
    #[must_use]
    pub fn http_door(&self) -> PathBuf {
        self.0.join("door").join("http.sock")
    }

    /// Says where its HTTP door over TCP is.
    #[must_use]
    pub fn http_address(&self) -> PathBuf {
        self.0.join("door").join("http.addr")
    }

    /// What programs show there.
    #[must_use]
    pub fn http_token(&self) -> PathBuf {
        self.0.join("http.token")
    }

    /// The keys of its daemons.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// Blobs.
    #[must_use]
    pub fn blobs(&self) -> PathBuf {
        self.0.join("blobs")
    }

    /// Assets.
    #[must_use]
    pub fn assets(&self) -> PathBuf {
        self.0.join("assets")
    }

    /// The folders that are bound to projects.
    #[must_use]
    pub fn folders_list(&self) -> PathBuf {
        self.0.join("folders.json")
    }

    /// The projects that are not read ahead.
    #[must_use]
    pub fn ahead(&self) -> PathBuf {
        self.0.join("ahead.json")
    }

    /// What is remembered of the files of a project's folder.
    #[must_use]
    pub fn bases(&self, project: ProjectId) -> PathBuf {
        self.0.join("folders").join(project.0.to_string())
    }

    /// The logs.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }
}
