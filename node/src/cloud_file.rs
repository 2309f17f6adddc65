//! `cloud.toml`: the cloud that a device is paired with. Written once by `wayfare login`, whole or not at all, mode 0600.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use wayfare_actors::ports::Address;
use wayfare_protocol::AccountId;
use wayfare_protocol::identity::ServerIdentity;

/// Longest file that is read.
const BYTES_MAX: u64 = 64 * 1024;

/// The cloud of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    /// The account that the device belongs to.
    pub account: AccountId,
    /// Where to dial, and who must answer.
    pub address: Address,
    /// What the device was called at pairing; `None`: as its configuration says.
    pub name: Option<String>,
    /// Whether unencrypted WebSocket may leave this machine.
    pub insecure_plaintext: bool,
}

/// A file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CloudFileError {
    /// It does not say what it must.
    #[error("{path}: {why}; `wayfare login` with a new pairing string writes it anew", path = path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The system refused.
    #[error("cannot use {path}: {why}", path = path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// Its reason.
        #[source]
        why: io::Error,
    },
}

/// The form of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    account: String,
    url: String,
    /// SHA-256 of the certificate of the server's own CA, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    ca: Option<String>,
    /// The origin of a server with a public certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    insecure_plaintext: bool,
}

impl Cloud {
    /// Reads the file; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read or does not say what it must.
    pub fn load(path: &Path) -> Result<Option<Self>, CloudFileError> {
        let system = |why| CloudFileError::System { path: path.to_owned(), why };
        let mut text = String::new();
        match File::open(path) {
            Ok(file) => file.take(BYTES_MAX).read_to_string(&mut text).map_err(system)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(system(error)),
        };
        Self::parse(&text).map(Some).map_err(|why| CloudFileError::Wrong { path: path.to_owned(), why })
    }

    /// Writes the file in place of the one before.
    ///
    /// # Errors
    /// The system's.
    pub fn save(&self, path: &Path) -> Result<(), CloudFileError> {
        let wrong = |why: String| CloudFileError::Wrong { path: path.to_owned(), why };
        let text = toml::to_string(&self.written().map_err(wrong)?).map_err(|error| wrong(error.to_string()))?;
        write(path, text.as_bytes()).map_err(|why| CloudFileError::System { path: path.to_owned(), why })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let written: Written = toml::from_str(text).map_err(|error| error.to_string().trim().to_owned())?;
        let identity = match (written.ca, written.origin) {
            (Some(ca), None) => {
                let hash = HEXLOWER.decode(ca.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
                ServerIdentity::Ca(hash.ok_or("ca is not a SHA-256 in hexadecimal")?)
            }
            (None, Some(origin)) => ServerIdentity::Origin(origin),
            (None, None) | (Some(_), Some(_)) => return Err("it needs either ca or origin".to_owned()),
        };
        Ok(Self {
            account: written.account.parse().map_err(|error| format!("account: {error}"))?,
            address: Address { url: written.url, identity },
            name: written.name,
            insecure_plaintext: written.insecure_plaintext,
        })
    }

    fn written(&self) -> Result<Written, String> {
        let (ca, origin) = match &self.address.identity {
            ServerIdentity::Ca(hash) => (Some(HEXLOWER.encode(hash)), None),
            ServerIdentity::Origin(origin) => (None, Some(origin.clone())),
            ServerIdentity::Node(node) => return Err(format!("device {} is a node, not a cloud", node.short())),
        };
        Ok(Written {
            account: self.account.to_string(),
            url: self.address.url.clone(),
            ca,
            origin,
            name: self.name.clone(),
            insecure_plaintext: self.insecure_plaintext,
        })
    }
}

/// Writes beside and renames: a reader sees the old file or the new one.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("toml.new");
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn cloud(identity: ServerIdentity) -> Cloud {
        Cloud {
            account: AccountId(uuid::Uuid::from_u128(7)),
            address: Address { url: "wss://cloud.example:7443/link".to_owned(), identity },
            name: Some("laptop".to_owned()),
            insecure_plaintext: false,
        }
    }

    #[test]
    fn what_is_saved_is_loaded_and_closed_to_others() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("cloud.toml");
        assert_eq!(Cloud::load(&path).expect("no file"), None);
        for identity in [ServerIdentity::Ca([0xab; 32]), ServerIdentity::Origin("https://cloud.example:443".into())] {
            let cloud = cloud(identity);
            cloud.save(&path).expect("saved");
            assert_eq!(Cloud::load(&path).expect("loaded"), Some(cloud));
            assert_eq!(path.metadata().expect("file").permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let good = "account = '00000000-0000-0000-0000-000000000007'\nurl = 'wss://a/link'\n";
        let wrong = |text: String| Cloud::parse(&text).expect_err("wrong");
        assert!(wrong(good.to_owned()).contains("either ca or origin"));
        assert!(wrong(format!("{good}ca = 'xy'")).contains("SHA-256"));
        assert!(wrong(format!("{good}origin = 'https://a:443'\nport = 3")).contains("port"));
        assert!(wrong("account = 'me'\nurl = 'x'\norigin = 'y'".to_owned()).contains("account"));
        let node = cloud(ServerIdentity::Node(wayfare_protocol::DeviceId([0; 32])));
        assert!(node.save(Path::new("/nowhere/cloud.toml")).is_err());
    }
}
