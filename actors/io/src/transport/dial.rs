//! The dialing end.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::client::Resumption;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::SEC_WEBSOCKET_PROTOCOL;
use wayfare_actors::ports::{Address, Connection, DialError, Pending, Transport};
use wayfare_protocol::codec::Codec;
use wayfare_protocol::identity::ServerIdentity;
use wayfare_protocol::pairing::{PairingAnchor, origin};

use super::address::{Target, origin_host};
use super::{Proxies, frames, websocket_config};
use crate::tls::verify::{Pin, PinnedCa, pinned, sha256};
use crate::tls::{SERVER_NAME, provider, public_roots};

/// Dials `wss://host:port/link`, `ws://host:port/link` and `unix:/path`.
///
/// Over TLS a server with a pinned CA must show a chain that carries this CA and a leaf issued under it for [`SERVER_NAME`],
/// whatever its address; a server known by its origin must have a public certificate for the host of that origin. Without
/// TLS nothing is checked here but the owner of a unix socket; the link compares the server's challenge with what it expects.
/// A dial has no time limit of its own: drop it.
#[derive(Clone, Debug, Default)]
pub struct WsTransport {
    insecure_plaintext: bool,
    public_roots: Arc<OnceLock<Arc<RootCertStore>>>,
    proxies: Arc<Proxies>,
}

/// What this process speaks where it dials.
const SPOKEN: Codec = Codec::Bincode;

/// Whom TLS must show.
#[derive(Clone, Copy)]
enum Trust<'a> {
    Pinned(Pin),
    Public { host: &'a str },
}

/// Why a connection failed, before the address is put to it.
enum Failure {
    Unreachable(String),
    WrongServer(String),
}

impl Failure {
    fn at(self, url: &str) -> DialError {
        let url = url.to_owned();
        match self {
            Self::Unreachable(why) => DialError::Unreachable { url, why },
            Self::WrongServer(why) => DialError::WrongServer { url, why },
        }
    }

    fn unreachable(error: impl std::fmt::Display) -> Self {
        Self::Unreachable(error.to_string())
    }
}

impl WsTransport {
    /// Without `insecure_plaintext` unencrypted WebSocket is spoken to this machine only. Proxies are those of the environment.
    #[must_use]
    pub fn new(insecure_plaintext: bool) -> Self {
        Self { insecure_plaintext, proxies: Arc::new(Proxies::of_environment()), ..Self::default() }
    }

    /// Goes through these proxies, not the environment's.
    #[must_use]
    pub fn with_proxies(self, proxies: Proxies) -> Self {
        Self { proxies: Arc::new(proxies), ..self }
    }

    /// Verifies public certificates by these roots, not by the system's.
    #[must_use]
    pub fn with_public_roots(self, roots: RootCertStore) -> Self {
        Self { public_roots: Arc::new(OnceLock::from(Arc::new(roots))), ..self }
    }

    /// Connects for pairing. Over TLS the server shows now who it is: with an anchor by a CA that fits it, without one by a
    /// public certificate; the identity to be pinned comes with the connection. Without TLS there is `None`: compare the
    /// anchor with the server's challenge before the code is sent.
    pub fn dial_for_pairing(
        &self,
        url: &str,
        anchor: Option<PairingAnchor>,
    ) -> Pending<Result<(Connection, Option<ServerIdentity>), DialError>> {
        let (transport, url) = (self.clone(), url.to_owned());
        Box::pin(async move { transport.pair(&url, anchor).await.map_err(|failure| failure.at(&url)) })
    }

    async fn pair(
        &self,
        url: &str,
        anchor: Option<PairingAnchor>,
    ) -> Result<(Connection, Option<ServerIdentity>), Failure> {
        match self.target(url)? {
            Target::Tcp { tls: true, host, port } => {
                let trust = anchor.map_or(Trust::Public { host: &host }, |anchor| Trust::Pinned(Pin::Anchor(anchor)));
                let (connection, ca) = self.over_tls(url, &host, port, trust).await?;
                let identity = ca.map_or_else(|| ServerIdentity::Origin(origin(true, &host, port)), ServerIdentity::Ca);
                Ok((connection, Some(identity)))
            }
            target @ (Target::Tcp { tls: false, .. } | Target::Unix(_)) => {
                Ok((self.without_tls(url, &target).await?, None))
            }
        }
    }

    async fn link(&self, url: &str, identity: &ServerIdentity) -> Result<Connection, Failure> {
        let (host, port) = match self.target(url)? {
            Target::Tcp { tls: true, host, port } => (host, port),
            target @ (Target::Tcp { tls: false, .. } | Target::Unix(_)) => return self.without_tls(url, &target).await,
        };
        let origin_host = match identity {
            ServerIdentity::Ca(hash) => {
                let (connection, _) = self.over_tls(url, &host, port, Trust::Pinned(Pin::Whole(*hash))).await?;
                return Ok(connection);
            }
            ServerIdentity::Origin(origin) => origin_host(origin)
                .ok_or_else(|| Failure::Unreachable(format!("{origin:?} is not an origin (scheme://host:port)")))?,
            ServerIdentity::Node(_) => {
                return Err(Failure::Unreachable(
                    "a node has no certificate; it is dialed over its unix socket".into(),
                ));
            }
        };
        let (connection, _) = self.over_tls(url, &host, port, Trust::Public { host: &origin_host }).await?;
        Ok(connection)
    }

    fn target(&self, url: &str) -> Result<Target, Failure> {
        let target = Target::parse(url).map_err(Failure::unreachable)?;
        if !self.insecure_plaintext {
            target.refuse_plain().map_err(Failure::unreachable)?;
        }
        Ok(target)
    }

    async fn without_tls(&self, url: &str, target: &Target) -> Result<Connection, Failure> {
        match target {
            Target::Unix(path) => {
                let stream = connect_unix(path).await?;
                // The name is for the request's form only.
                shake("ws://localhost/link", stream, format!("unix:{}", path.display())).await
            }
            Target::Tcp { host, port, .. } => {
                let (stream, peer) = self.connect(false, host, *port).await?;
                // `localhost` may be made to lead elsewhere.
                if !self.insecure_plaintext && !peer.ip().is_loopback() {
                    return Err(Failure::Unreachable(format!("{host} leads to {peer}, which is not this machine")));
                }
                shake(url, stream, peer.to_string()).await
            }
        }
    }

    /// A connection over TLS, with the SHA-256 of the server's CA if it is pinned.
    async fn over_tls(
        &self,
        url: &str,
        host: &str,
        port: u16,
        trust: Trust<'_>,
    ) -> Result<(Connection, Option<[u8; 32]>), Failure> {
        let (config, name) = match trust {
            Trust::Pinned(pin) => (pinned_config(pin)?, SERVER_NAME),
            Trust::Public { host } => (public_config(self.public_roots().await?)?, host),
        };
        let name = ServerName::try_from(name.to_owned()).map_err(Failure::unreachable)?;
        let (stream, peer) = self.connect(true, host, port).await?;
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(tls_failure)?;
        let ca = match trust {
            Trust::Pinned(pin) => {
                let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
                let ca = shown.get(1..).and_then(|after_leaf| pinned(after_leaf, &pin));
                Some(ca.map(sha256).ok_or_else(|| Failure::WrongServer("it shows no CA".into()))?)
            }
            Trust::Public { .. } => None,
        };
        Ok((shake(url, stream, peer.to_string()).await?, ca))
    }

    /// A stream to a host, through a proxy where there is one: the peer is then the proxy.
    async fn connect(&self, tls: bool, host: &str, port: u16) -> Result<(TcpStream, SocketAddr), Failure> {
        let Some(proxy) = self.proxies.to(tls, host).map_err(Failure::unreachable)? else {
            return connect_tcp(host, port).await;
        };
        let stream = proxy.tunnel(host, port).await.map_err(Failure::unreachable)?;
        let peer = stream.peer_addr().map_err(Failure::unreachable)?;
        Ok((stream, peer))
    }

    /// The roots of public certificates; the system's are read once.
    async fn public_roots(&self) -> Result<Arc<RootCertStore>, Failure> {
        if let Some(roots) = self.public_roots.get() {
            return Ok(Arc::clone(roots));
        }
        let roots = tokio::task::spawn_blocking(public_roots).await.map_err(Failure::unreachable)?;
        if roots.is_empty() {
            // Not kept: they may be installed while this process runs.
            return Err(Failure::Unreachable("this machine has no root certificates to verify public ones".into()));
        }
        Ok(Arc::clone(self.public_roots.get_or_init(|| Arc::new(roots))))
    }
}

impl Transport for WsTransport {
    fn dial(&self, address: &Address) -> Pending<Result<Connection, DialError>> {
        let (transport, address) = (self.clone(), address.clone());
        Box::pin(async move {
            let connection = transport.link(&address.url, &address.identity).await;
            connection.map_err(|failure| failure.at(&address.url))
        })
    }
}

async fn connect_tcp(host: &str, port: u16) -> Result<(TcpStream, SocketAddr), Failure> {
    let stream = TcpStream::connect((host, port)).await.map_err(Failure::unreachable)?;
    stream.set_nodelay(true).map_err(Failure::unreachable)?;
    let peer = stream.peer_addr().map_err(Failure::unreachable)?;
    Ok((stream, peer))
}

async fn connect_unix(path: &Path) -> Result<UnixStream, Failure> {
    let stream = UnixStream::connect(path).await.map_err(Failure::unreachable)?;
    let owner = stream.peer_cred().map_err(Failure::unreachable)?.uid();
    let own = nix::unistd::geteuid().as_raw();
    if owner != own {
        return Err(Failure::WrongServer(format!("it is served by user {owner}, this process is of user {own}")));
    }
    Ok(stream)
}

fn pinned_config(pin: Pin) -> Result<ClientConfig, Failure> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(Failure::unreachable)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(PinnedCa::new(pin)))
        .with_no_client_auth();
    Ok(http(config))
}

fn public_config(roots: Arc<RootCertStore>) -> Result<ClientConfig, Failure> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(Failure::unreachable)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(http(config))
}

fn http(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Each dial sees the certificates.
    config.resumption = Resumption::disabled();
    config
}

/// What a failed TLS handshake says about the server. A certificate out of its time is no sign of another server: more often a
/// clock is wrong, and it may pass.
fn tls_failure(error: io::Error) -> Failure {
    use CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(
            why @ (Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. }),
        )) => Failure::Unreachable(format!("its certificate does not fit this machine's clock: {why}")),
        Some(rustls::Error::InvalidCertificate(CertificateError::Other(why))) => Failure::WrongServer(why.to_string()),
        Some(rustls::Error::InvalidCertificate(why)) => Failure::WrongServer(why.to_string()),
        Some(rustls::Error::NoCertificatesPresented) => Failure::WrongServer("it shows no certificate".into()),
        Some(_) | None => Failure::Unreachable(format!("TLS: {error}")),
    }
}

/// The WebSocket handshake over an open stream.
async fn shake<S>(url: &str, stream: S, peer: String) -> Result<Connection, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut request = url.into_client_request().map_err(Failure::unreachable)?;
    request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SPOKEN.subprotocol()));
    // The library fails on an answer without the subprotocol that was asked for, or with another.
    let (socket, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(websocket_config()))
        .await
        .map_err(|error| Failure::Unreachable(format!("no {} there: {error}", SPOKEN.subprotocol())))?;
    Ok(frames::connection(socket, peer, SPOKEN))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn small_frames_are_not_held_back() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let (dialed, accepted) = tokio::join!(connect_tcp("127.0.0.1", port), super::super::accept::tcp(&listener));
        let Ok((dialed, _)) = dialed else { panic!("nobody answered") };
        let (accepted, _) = accepted.expect("a connection");
        assert!(dialed.nodelay().expect("an option") && accepted.nodelay().expect("an option"));
    }
}
