//! The file of a device's key.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use wayfare_actors::ports::Random;
use wayfare_protocol::identity::DeviceKey;
use zeroize::Zeroizing;

const SEED: usize = 32;

/// A key file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// Others can read it: it may have been copied.
    #[error("{} can be read by other users (mode {mode:o}): run chmod 600 on it if you are sure that nobody has", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is not a seed.
    #[error("{} is not a device key: {length} bytes of it were read, and a seed has {SEED}", path.display())]
    WrongLength {
        /// The file.
        path: PathBuf,
        /// Bytes read of it, at most one more than a seed has.
        length: usize,
    },
    /// The system refused.
    #[error("cannot use {}: {why}", path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        why: io::Error,
    },
}

/// Loads a device's key from a file of its 32 seed bytes, or draws one and keeps it there, with mode 0600.
///
/// A key is never replaced: of two that make one at the same time, both end with the same.
///
/// # Errors
/// If the file can be read by others, is no seed, or the system refuses.
pub fn load_or_create_key(path: &Path, random: &dyn Random) -> Result<DeviceKey, KeyFileError> {
    let system = |why| KeyFileError::System { path: path.to_owned(), why };
    match load(path) {
        Err(KeyFileError::System { why, .. }) if why.kind() == io::ErrorKind::NotFound => {}
        loaded => return loaded,
    }
    let mut seed = [0; SEED];
    random.fill(&mut seed);
    match create(path, &seed, random) {
        Ok(()) => Ok(DeviceKey::from_seed(&seed)),
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => load(path),
        Err(why) => Err(system(why)),
    }
}

fn load(path: &Path) -> Result<DeviceKey, KeyFileError> {
    load_seed(path).map(|seed| DeviceKey::from_seed(&seed))
}

/// The seed that a file has, if nobody else can have read it.
pub(crate) fn load_seed(path: &Path) -> Result<Zeroizing<[u8; SEED]>, KeyFileError> {
    let system = |why| KeyFileError::System { path: path.to_owned(), why };
    let file = File::open(path).map_err(system)?;
    let mode = file.metadata().map_err(system)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Exposed { path: path.to_owned(), mode });
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(SEED + 1));
    file.take(SEED as u64 + 1).read_to_end(&mut bytes).map_err(system)?;
    let seed = <[u8; SEED]>::try_from(bytes.as_slice())
        .map_err(|_| KeyFileError::WrongLength { path: path.to_owned(), length: bytes.len() })?;
    Ok(Zeroizing::new(seed))
}

/// Writes a file aside and links it into place: it is there whole or not at all, and never over another.
pub(crate) fn create(path: &Path, seed: &[u8; SEED], random: &dyn Random) -> io::Result<()> {
    let mut suffix = [0; 8];
    random.fill(&mut suffix);
    let aside = path.with_extension(format!("{:016x}.new", u64::from_le_bytes(suffix)));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
    let linked = file.write_all(seed).and_then(|()| file.sync_all()).and_then(|()| std::fs::hard_link(&aside, path));
    std::fs::remove_file(&aside)?;
    linked?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;
    use crate::OsRandom;

    #[test]
    fn a_key_is_made_once_and_then_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("device.key");
        let made = load_or_create_key(&path, &OsRandom).unwrap();
        let loaded = load_or_create_key(&path, &OsRandom).unwrap();
        assert_eq!(made.device_id(), loaded.device_id());
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(folder.path().read_dir().unwrap().count(), 1, "nothing is left aside");
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("device.key");
        load_or_create_key(&path, &OsRandom).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let refused = load_or_create_key(&path, &OsRandom);
        assert!(matches!(refused, Err(KeyFileError::Exposed { mode: 0o640, .. })));
    }

    #[test]
    fn a_file_that_is_no_seed_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("device.key");
        for length in [0, SEED - 1, SEED + 1] {
            let _ = std::fs::remove_file(&path);
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).unwrap();
            file.write_all(&vec![7; length]).unwrap();
            let refused = load_or_create_key(&path, &OsRandom);
            assert!(matches!(refused, Err(KeyFileError::WrongLength { .. })), "{length}");
            assert_eq!(path.metadata().unwrap().len(), length as u64);
        }
    }
}
