//! The session's directory and the names in it.
//!
//! | name | what |
//! |---|---|
//! | `launch.json` | what the host is told (read) |
//! | `host.sock` | the socket that nodes connect to, mode 0600 |
//! | `host.pid` | the host's process id; locked while it lives |
//! | `host.log`, `host.log.old` | what the host notes and what the kernel's process writes outside of its messages |
//! | `connection.json`, `k-1` … `k-5` | the kernel's connection file and sockets |
//! | `ipython/` | `IPYTHONDIR` of this session alone, so that no other kernel changes files that this one has open |
//! | `spill/` | segments of records |

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use nix::fcntl::{Flock, FlockArg};
use nix::sys::stat::{Mode, umask};
use tokio::net::UnixListener;
use wayfare_protocol::limits::SOCKET_PATH_MAX;

const SOCKET: &str = "host.sock";

/// The directory, with the proof that no other host lives in it.
pub(crate) struct Folder {
    dir: PathBuf,
    _lock: Flock<File>,
}

impl Folder {
    /// Takes the directory for this process and clears away what an earlier host left behind.
    pub(crate) fn open(dir: PathBuf) -> anyhow::Result<Self> {
        let dir = dir.canonicalize().with_context(|| format!("no session directory {}", dir.display()))?;
        let longest = dir.join(SOCKET);
        if longest.as_os_str().len() >= SOCKET_PATH_MAX {
            bail!(
                "the session directory's path is too long for a unix socket: {} has {} bytes, at most {}",
                longest.display(),
                longest.as_os_str().len(),
                SOCKET_PATH_MAX - 1
            );
        }
        if dir.to_str().is_none() {
            bail!("the session directory's path is not UTF-8: {}", dir.display());
        }
        let lock = lock(&dir.join("host.pid"))?;
        for stale in [SOCKET, "k-1", "k-2", "k-3", "k-4", "k-5"] {
            let _ = fs::remove_file(dir.join(stale));
        }
        // Segments of an earlier host belong to sequences that this one numbers anew.
        let _ = fs::remove_dir_all(dir.join("spill"));
        for made in ["spill", "ipython"] {
            let path = dir.join(made);
            fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        }
        Ok(Self { dir, _lock: lock })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The path as text: [`Folder::open`] has checked that it is.
    pub(crate) fn text(&self, name: &str) -> String {
        self.dir.join(name).to_string_lossy().into_owned()
    }

    /// Listens for nodes. Nobody else may connect.
    pub(crate) fn listen(&self) -> anyhow::Result<UnixListener> {
        let path = self.path(SOCKET);
        // The process has one thread yet, and the kernel, which inherits the mask, is started later.
        let before = umask(Mode::from_bits_truncate(0o177));
        let listener = UnixListener::bind(&path);
        umask(before);
        listener.with_context(|| format!("cannot listen on {}", path.display()))
    }
}

/// Writes a file that only its owner may read.
pub(crate) fn write_private(path: &Path, text: &[u8]) -> anyhow::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(text).with_context(|| format!("cannot write {}", path.display()))
}

fn lock(path: &Path) -> anyhow::Result<Flock<File>> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    let mut file = Flock::lock(file, FlockArg::LockExclusiveNonblock)
        .map_err(|(_, error)| error)
        .with_context(|| format!("a session host lives here already: {} is locked", path.display()))?;
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())?;
    Ok(file)
}
