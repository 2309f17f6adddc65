//! The small files by which other processes of the same user find a running cloud.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Longest text that is read of such a file, in bytes.
const LONGEST: u64 = 1024;

/// Names in a data folder.
#[derive(Clone, Debug)]
pub struct Files {
    folder: PathBuf,
}

impl Files {
    /// Of a data folder.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Where devices connect.
    #[must_use]
    pub fn listen(&self) -> PathBuf {
        self.folder.join("listen.addr")
    }

    /// Where programs that speak HTTP connect, if anywhere.
    #[must_use]
    pub fn http(&self) -> PathBuf {
        self.folder.join("http.addr")
    }

    /// Where the admin listener is.
    #[must_use]
    pub fn admin(&self) -> PathBuf {
        self.folder.join("admin.addr")
    }

    /// What has to be shown to the admin listener.
    #[must_use]
    pub fn token(&self) -> PathBuf {
        self.folder.join("admin.token")
    }

    /// The control store.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.folder.join("control.sqlite")
    }

    /// Spares of daemons.
    #[must_use]
    pub fn spares(&self) -> PathBuf {
        self.folder.join("spares")
    }

    /// The logs.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.folder.join("logs")
    }

    /// Assets, by account.
    #[must_use]
    pub fn assets(&self) -> PathBuf {
        self.folder.join("assets")
    }

    /// The cloud's own CA and certificate.
    #[must_use]
    pub fn tls(&self) -> PathBuf {
        self.folder.join("tls")
    }

    /// Says where a cloud is and what its admin listener wants to see; only the owner may read it.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn announce(&self, listen: SocketAddr, http: Option<SocketAddr>, admin: SocketAddr, token: &str) -> Result<()> {
        let http = http.map(|http| (self.http(), http.to_string()));
        let others =
            [(self.token(), token.to_owned()), (self.admin(), admin.to_string()), (self.listen(), listen.to_string())];
        for (path, text) in http.into_iter().chain(others) {
            replace(&path, &text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }

    /// Takes back what an earlier process announced.
    ///
    /// # Errors
    /// If a file is there and cannot be removed.
    pub fn withdraw(&self) -> Result<()> {
        for path in [self.listen(), self.http(), self.admin(), self.token()] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot remove {}", path.display()));
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// Where the admin listener of a running cloud is, and what it wants to see.
    ///
    /// # Errors
    /// If no cloud announced itself there.
    pub fn announced(&self) -> Result<(SocketAddr, String)> {
        let none = || format!("no cloud runs on {}: start one with `wayfare-cloud serve`", self.folder.display());
        let admin = read(&self.admin()).with_context(none)?;
        let token = read(&self.token()).with_context(none)?;
        let admin = admin.trim().parse().with_context(|| format!("{} holds no address", self.admin().display()))?;
        Ok((admin, token.trim().to_owned()))
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    io::Read::read_to_string(&mut io::Read::take(fs::File::open(path)?, LONGEST), &mut text)?;
    Ok(text)
}

/// Whoever waits for the file sees nothing of it or all.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".new");
    let unfinished = PathBuf::from(unfinished);
    let _ = fs::remove_file(&unfinished); // of an earlier attempt, with a mode of its own
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    writeln!(file, "{text}")?;
    drop(file);
    fs::rename(&unfinished, path)
}
