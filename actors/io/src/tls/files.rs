//! PEM files, read and written.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::TlsError;

/// Reads a file; `None` if there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, TlsError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(TlsError::Read { path: path.to_owned(), why }),
    }
}

fn need(path: &Path) -> Result<Vec<u8>, TlsError> {
    read(path)?.ok_or_else(|| TlsError::Read { path: path.to_owned(), why: io::ErrorKind::NotFound.into() })
}

/// The certificates of a file, at least one.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    parse_certificates(path, &need(path)?)
}

/// The first private key of a file.
pub(super) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    parse_key(path, &need(path)?)
}

/// The certificates of a file that was read, at least one.
pub(super) fn parse_certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let content = |why: String| TlsError::Content { path: path.to_owned(), why };
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let all = all.map_err(|error| content(format!("no PEM certificates: {error}")))?;
    if all.is_empty() { Err(content("it holds no PEM certificate".into())) } else { Ok(all) }
}

/// The first private key of a file that was read.
pub(super) fn parse_key(path: &Path, pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(pem)
        .map_err(|error| TlsError::Content { path: path.to_owned(), why: format!("no PEM private key: {error}") })
}

/// Who may read a file besides its owner.
#[derive(Clone, Copy)]
pub(super) enum Readers {
    /// Nobody: mode 0600.
    Owner,
    /// Everybody: mode 0644.
    All,
}

/// Replaces a file as a whole: after a crash there is the old one or the new one.
pub(super) fn write(path: &Path, content: &[u8], readers: Readers) -> Result<(), TlsError> {
    let mode = match readers {
        Readers::Owner => 0o600,
        Readers::All => 0o644,
    };
    let replace = || -> io::Result<()> {
        let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        let fresh = path.with_extension("new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&fresh)?;
        // A leftover of an earlier attempt keeps its mode when it is opened.
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        File::open(folder)?.sync_all()
    };
    replace().map_err(|why| TlsError::Write { path: path.to_owned(), why })
}
