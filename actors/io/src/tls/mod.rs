//! A server's TLS identity: by its own CA, which devices pin at pairing, or by a public certificate from files.
//!
//! A server with a CA of its own is recognised by the SHA-256 of that CA's certificate, which its chain carries along. Its
//! leaf is issued for [`SERVER_NAME`] besides the names it serves: a device that pinned the CA asks for that name whatever
//! address it dials, so that the server's address may change without a new pairing, and the name never says where it is.

mod files;
mod local_ca;
pub(crate) mod verify;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use wayfare_protocol::identity::ServerIdentity;

use local_ca::LocalCa;

/// The name in every leaf that a server's own CA issues, and the name that a device with a pinned CA asks for.
pub const SERVER_NAME: &str = "server.wayfare.internal";

/// A certificate or key that cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {path}: {why}")]
    Read {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        why: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: {why}")]
    Write {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        why: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{path} is not usable: {why}")]
    Content {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A name that a certificate cannot carry, or no certificate could be made.
    #[error("cannot make a certificate: {0}")]
    Make(String),
}

/// How a server shows who it is.
pub struct ServerTls {
    source: Source,
    current: Arc<Current>,
    config: Arc<ServerConfig>,
    identity: ServerIdentity,
}

enum Source {
    Local { ca: Box<LocalCa>, names: Vec<String> },
    Files { chain: PathBuf, key: PathBuf },
}

/// The certificate shown to new connections; replaced by [`ServerTls::refresh`].
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl ServerTls {
    /// The identity by a CA of the server's own under `folder`, made there on the first start. The leaf is issued anew when
    /// less than 30 days are left to it or it lacks one of `names` (DNS names and IP addresses).
    ///
    /// Blocks on files: call it before the server serves.
    ///
    /// # Errors
    /// If files cannot be read or written, or hold something else. A damaged CA is never replaced: every device that pinned
    /// it would be locked out, so that is the operator's decision.
    pub fn local(folder: &Path, names: &[String]) -> Result<Self, TlsError> {
        let ca = LocalCa::open(folder)?;
        let identity = ServerIdentity::Ca(verify::sha256(ca.certificate()));
        Self::new(Source::Local { ca: Box::new(ca), names: names.to_vec() }, identity)
    }

    /// The identity by a public certificate: PEM files of the chain, leaf first, and of its key. `origin` is what devices
    /// know the server by, see [`wayfare_protocol::pairing::origin`].
    ///
    /// # Errors
    /// If files cannot be read, or do not hold a chain and its key.
    pub fn from_files(chain: &Path, key: &Path, origin: &str) -> Result<Self, TlsError> {
        let source = Source::Files { chain: chain.to_owned(), key: key.to_owned() };
        Self::new(source, ServerIdentity::Origin(origin.to_owned()))
    }

    fn new(source: Source, identity: ServerIdentity) -> Result<Self, TlsError> {
        let current = Arc::new(Current(RwLock::new(Arc::new(source.load()?))));
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Make(error.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { source, current, config: Arc::new(config), identity })
    }

    /// Issues a new leaf if it is time, or reads the files of a public certificate again; later connections see the result.
    /// To be called about once a day. Blocks on files.
    ///
    /// # Errors
    /// As [`ServerTls::local`] and [`ServerTls::from_files`]; the certificate in use stays.
    pub fn refresh(&self) -> Result<(), TlsError> {
        let fresh = Arc::new(self.source.load()?);
        *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// For accepting connections. The chain it shows includes the CA's certificate.
    #[must_use]
    pub fn server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// Who the server says it is.
    #[must_use]
    pub fn identity(&self) -> &ServerIdentity {
        &self.identity
    }

    /// SHA-256 of the server's own CA; `None` with a public certificate.
    #[must_use]
    pub fn ca_sha256(&self) -> Option<[u8; 32]> {
        match self.identity {
            ServerIdentity::Ca(hash) => Some(hash),
            ServerIdentity::Origin(_) | ServerIdentity::Node(_) => None,
        }
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerTls({:?})", self.identity)
    }
}

impl Source {
    fn load(&self) -> Result<CertifiedKey, TlsError> {
        match self {
            Self::Local { ca, names } => ca.leaf(names),
            Self::Files { chain, key } => {
                let (certificates, key_der) = (files::certificates(chain)?, files::key(key)?);
                CertifiedKey::from_der(certificates, key_der, &provider())
                    .map_err(|error| TlsError::Content { path: chain.clone(), why: error.to_string() })
            }
        }
    }
}

/// The one provider of cryptography, named everywhere, so that no process-wide default is needed.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The roots of public certificates that this machine has.
pub(crate) fn public_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}
