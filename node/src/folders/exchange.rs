//! Names of files that change in one step.

use std::fs;
use std::io;
use std::path::Path;

/// How a file's placing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placed {
    Done,
    Taken,
}

/// Lets two files change names. Where the file system cannot do that, the second one takes the place of the first, and there is none
/// in its own: whoever wrote into the first at that very moment is not seen there.
pub(super) fn exchange(path: &Path, other: &Path) -> io::Result<()> {
    match system::exchange(path, other) {
        Err(error) if is_unknown(&error) => {
            // So that what was there can be looked at afterwards all the same.
            let old = fs::read(path)?;
            fs::rename(other, path)?;
            fs::write(other, old)
        }
        done => done,
    }
}

/// Gives a file another name if nothing has it.
pub(super) fn place(from: &Path, to: &Path) -> io::Result<Placed> {
    match system::place(from, to) {
        Ok(()) => Ok(Placed::Done),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Placed::Taken),
        Err(error) if is_unknown(&error) => match to.symlink_metadata() {
            Ok(_) => Ok(Placed::Taken),
            Err(_) => fs::rename(from, to).map(|()| Placed::Done),
        },
        Err(error) => Err(error),
    }
}

fn is_unknown(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported)
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod system {
    use std::io;
    use std::path::Path;

    use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};

    pub(super) fn exchange(path: &Path, other: &Path) -> io::Result<()> {
        Ok(renameat2(AT_FDCWD, path, AT_FDCWD, other, RenameFlags::RENAME_EXCHANGE)?)
    }

    pub(super) fn place(from: &Path, to: &Path) -> io::Result<()> {
        Ok(renameat2(AT_FDCWD, from, AT_FDCWD, to, RenameFlags::RENAME_NOREPLACE)?)
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod system {
    use std::io;
    use std::path::Path;

    pub(super) fn exchange(_: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn place(_: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
