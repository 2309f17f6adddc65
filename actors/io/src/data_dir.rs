//! A program's data folder: one process at a time, nobody else's eyes.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

const LOCK: &str = "lock";

/// A folder that belongs to one process: closed to other users, and locked for as long as this lives.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: Flock<File>,
}

/// A folder that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another process has it, or this one already does.
    #[error("{} is in use by process {holder}", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The process that locked it, as far as it is known.
        holder: String,
    },
    /// Others can read it, and it holds things that are not ours, so that its mode is not for us to change.
    #[error("{} can be read by other users (mode {mode:o}): choose another folder or run chmod 700 on it", path.display())]
    Exposed {
        /// The folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The system refused.
    #[error("cannot use {}: {why}", path.display())]
    System {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        why: io::Error,
    },
}

impl DataDir {
    /// Opens a folder, makes it with mode 0700 if there is none, and locks it.
    ///
    /// # Errors
    /// If somebody else has it, others can read it, or the system refuses.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let system = |why| DataDirError::System { path: path.to_owned(), why };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(system)?;
        let mode = path.metadata().map_err(system)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let ours = path.join(LOCK).exists() || path.read_dir().map_err(system)?.next().is_none();
            if !ours {
                return Err(DataDirError::Exposed { path: path.to_owned(), mode });
            }
            std::fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(system)?;
        }
        Ok(Self { path: path.to_owned(), _lock: lock(path)? })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file or folder in it.
    #[must_use]
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

fn lock(dir: &Path) -> Result<Flock<File>, DataDirError> {
    let path = dir.join(LOCK);
    let system = |why| DataDirError::System { path: path.clone(), why };
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(system)?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(mut lock) => {
            // For people who look for the holder; the lock itself is what counts.
            lock.set_len(0).and_then(|()| lock.rewind()).map_err(system)?;
            writeln!(lock, "{}", std::process::id()).map_err(system)?;
            Ok(lock)
        }
        Err((file, Errno::EWOULDBLOCK)) => {
            let mut holder = String::new();
            // The number may be half written: it is shown, and nothing more.
            let _ = file.take(16).read_to_string(&mut holder);
            let holder = holder.trim();
            let holder = if holder.is_empty() { "(unknown)" } else { holder };
            Err(DataDirError::InUse { path: dir.to_owned(), holder: holder.to_owned() })
        }
        Err((_, errno)) => Err(system(errno.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_holder_and_is_free_after_it() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("data");
        let first = DataDir::open(&path).unwrap();
        let Err(DataDirError::InUse { holder, .. }) = DataDir::open(&path) else { panic!("two holders") };
        assert_eq!(holder, std::process::id().to_string());
        drop(first);
        DataDir::open(&path).unwrap();
    }

    #[test]
    fn a_new_folder_is_closed_to_others() {
        let root = tempfile::tempdir().unwrap();
        let data = DataDir::open(&root.path().join("a/b")).unwrap();
        assert_eq!(data.path().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn an_open_folder_is_closed_when_it_is_empty_and_refused_when_it_is_not() {
        let root = tempfile::tempdir().unwrap();
        let (empty, used) = (root.path().join("empty"), root.path().join("used"));
        for path in [&empty, &used] {
            std::fs::create_dir(path).unwrap();
            std::fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        }
        std::fs::write(used.join("letter"), "dear reader").unwrap();
        DataDir::open(&empty).unwrap();
        assert_eq!(empty.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        assert!(matches!(DataDir::open(&used), Err(DataDirError::Exposed { mode: 0o755, .. })));
    }
}
