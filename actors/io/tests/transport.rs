//! The transport over real sockets: both directions, and everything that must be refused.

use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::extract::ws::WebSocketUpgrade;
use bytes::Bytes;
use futures_util::SinkExt;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::Message;
use wayfare_actors::ports::{Address, Connection, DialError, FrameReader, Transport};
use wayfare_io::tls::{SERVER_NAME, ServerTls};
use wayfare_io::transport::{DoorError, Peer, TcpDoor, UnixDoor, WsTransport, accept};
use wayfare_protocol::DeviceId;
use wayfare_protocol::frame::HEADER_LEN;
use wayfare_protocol::identity::ServerIdentity;
use wayfare_protocol::limits::FRAME_BODY_MAX;
use wayfare_protocol::pairing::{PairingAnchor, origin};

const LONG: Duration = Duration::from_secs(60);
const LARGEST: usize = HEADER_LEN + FRAME_BODY_MAX;
const NODE: ServerIdentity = ServerIdentity::Node(DeviceId([0; 32]));

async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    (listener, port)
}

async fn accept_plain(listener: &TcpListener) -> Connection {
    let (stream, peer) = accept::tcp(listener).await.expect("a stream");
    accept::stream(stream, peer.to_string(), LONG).await.expect("a connection")
}

/// Dials a TLS server that has this configuration, and gives both ends if they agree.
async fn over_tls<T>(
    config: Arc<ServerConfig>,
    dial: impl AsyncFnOnce(String) -> Result<T, DialError>,
) -> Result<(T, Connection), DialError> {
    let (listener, port) = listen().await;
    let server = async {
        let (stream, peer) = accept::tcp(&listener).await.expect("a stream");
        let stream = TlsAcceptor::from(config).accept(stream).await.ok()?;
        accept::stream(stream, peer.to_string(), LONG).await.ok()
    };
    let (dialed, accepted) = tokio::join!(dial(format!("wss://127.0.0.1:{port}/link")), server);
    dialed.map(|dialed| (dialed, accepted.expect("the dialing end agreed")))
}

async fn dial(url: String, identity: ServerIdentity) -> Result<Connection, DialError> {
    WsTransport::new(false).dial(&Address { url, identity }).await
}

async fn plain_pair() -> (Connection, Connection) {
    let (listener, port) = listen().await;
    let (dialed, accepted) = tokio::join!(dial(format!("ws://localhost:{port}/link"), NODE), accept_plain(&listener));
    (dialed.expect("a connection"), accepted)
}

fn frames() -> Vec<Bytes> {
    vec![Bytes::from_static(b"one"), Bytes::new(), vec![7; LARGEST].into()]
}

/// Many frames each way at once, the largest among them, then a goodbye after which both ends see the end.
async fn carries(one: Connection, other: Connection) {
    async fn end(mut connection: Connection, speaks_last: bool) {
        let sent = async {
            for _ in 0..20 {
                connection.writer.write(frames()).await.expect("written");
            }
            if speaks_last {
                connection.writer.close().await;
            }
            connection.writer
        };
        let received = async {
            for _ in 0..20 {
                for expected in frames() {
                    assert_eq!(connection.reader.read().await.expect("a frame"), expected);
                }
            }
            connection.reader
        };
        let (writer, mut reader) = tokio::join!(sent, received);
        if !speaks_last {
            assert!(reason(&mut reader).await.contains("goodbye"));
        }
        drop((reader, writer));
    }
    tokio::join!(end(one, true), end(other, false));
}

async fn reason(reader: &mut Box<dyn FrameReader>) -> String {
    reader.read().await.expect_err("closed").0
}

fn local(folder: &Path) -> ServerTls {
    ServerTls::local(folder, &["localhost".into()]).expect("made")
}

#[tokio::test]
async fn plain_text_on_this_machine_carries_frames_both_ways() {
    let (dialed, accepted) = plain_pair().await;
    assert_ne!(dialed.peer, "");
    carries(dialed, accepted).await;
}

#[tokio::test]
async fn tls_by_a_pinned_ca_carries_frames_both_ways_whatever_the_address_is() {
    let folder = tempfile::tempdir().expect("folder");
    // The leaf is not issued for 127.0.0.1, which is dialed.
    let tls = local(folder.path());
    let dialing = async |url| dial(url, tls.identity().clone()).await;
    let (dialed, accepted) = over_tls(tls.server_config(), dialing).await.expect("the pinned server");
    carries(accepted, dialed).await;
}

#[tokio::test]
async fn a_restarted_server_is_still_the_pinned_one() {
    let folder = tempfile::tempdir().expect("folder");
    let pinned = local(folder.path()).identity().clone();
    let tls = ServerTls::local(folder.path(), &["other.example".into()]).expect("loaded");
    tls.refresh().expect("nothing to do");
    assert_eq!(tls.identity(), &pinned);
    over_tls(tls.server_config(), async |url| dial(url, pinned).await).await.expect("the pinned server");
}

fn wrong_server<T>(result: Result<T, DialError>) -> String {
    match result {
        Err(DialError::WrongServer { why, .. }) => why,
        Err(other) => panic!("refused for another reason: {other}"),
        Ok(_) => panic!("not refused"),
    }
}

#[tokio::test]
async fn a_server_with_another_ca_is_refused() {
    let [one, two] = [(); 2].map(|()| tempfile::tempdir().expect("folder"));
    let (paired, other) = (local(one.path()), local(two.path()));
    let dialing = async |url| dial(url, paired.identity().clone()).await;
    let why = wrong_server(over_tls(other.server_config(), dialing).await);
    assert!(why.contains("pinned CA"), "{why}");
}

/// A CA made by hand.
fn ca() -> (CertificateDer<'static>, Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).expect("a certificate").der().clone();
    (certificate, Issuer::new(params, key))
}

/// A server that shows a leaf of `issuer` for `name`, then `rest`.
fn server(issuer: &Issuer<'static, KeyPair>, name: &str, rest: &[&CertificateDer<'static>]) -> Arc<ServerConfig> {
    let key = KeyPair::generate().expect("a key");
    let leaf = CertificateParams::new([name.to_owned()]).expect("a name").signed_by(&key, issuer).expect("a leaf");
    let chain = [leaf.der()].into_iter().chain(rest.iter().copied()).cloned().collect();
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a chain");
    Arc::new(config)
}

#[tokio::test]
async fn a_server_that_only_shows_the_pinned_ca_but_has_no_leaf_of_it_is_refused() {
    let ((pinned, _), (_, other)) = (ca(), ca());
    let hash = Sha256::digest(&pinned).into();
    let config = server(&other, SERVER_NAME, &[&pinned]);
    wrong_server(over_tls(Arc::clone(&config), async |url| dial(url, ServerIdentity::Ca(hash)).await).await);
    let anchor = Some(PairingAnchor::of(&hash));
    let pairing = async |url: String| WsTransport::new(false).dial_for_pairing(&url, anchor).await;
    wrong_server(over_tls(config, pairing).await);
}

#[tokio::test]
async fn a_chain_without_the_ca_and_a_leaf_for_another_name_are_refused() {
    let (pinned, issuer) = ca();
    let identity = ServerIdentity::Ca(Sha256::digest(&pinned).into());
    let to = async |config| over_tls(config, async |url| dial(url, identity.clone()).await).await;
    assert!(to(server(&issuer, SERVER_NAME, &[&pinned])).await.is_ok());
    assert!(wrong_server(to(server(&issuer, SERVER_NAME, &[])).await).contains("pinned CA"));
    wrong_server(to(server(&issuer, "localhost", &[&pinned])).await);
}

#[tokio::test]
async fn pairing_learns_whom_to_pin_from_the_anchor() {
    let folder = tempfile::tempdir().expect("folder");
    let tls = local(folder.path());
    let anchor = PairingAnchor::of(&tls.ca_sha256().expect("its own CA"));
    let pair = async |anchor: PairingAnchor| {
        let dialing = async |url: String| WsTransport::new(false).dial_for_pairing(&url, Some(anchor)).await;
        over_tls(tls.server_config(), dialing).await
    };
    let ((dialed, identity), accepted) = pair(anchor).await.expect("the server meant");
    assert_eq!(identity.as_ref(), Some(tls.identity()));
    carries(dialed, accepted).await;
    let mut wrong = anchor;
    wrong.0[15] ^= 1;
    wrong_server(pair(wrong).await);
}

#[tokio::test]
async fn without_tls_pairing_leaves_the_anchor_to_the_challenge() {
    let (listener, port) = listen().await;
    let url = format!("ws://127.0.0.1:{port}/link");
    let dialing = WsTransport::new(false).dial_for_pairing(&url, Some(PairingAnchor([1; 16])));
    let (dialed, _accepted) = tokio::join!(dialing, accept_plain(&listener));
    assert_eq!(dialed.expect("a connection").1, None);
}

#[tokio::test]
async fn a_public_certificate_is_verified_for_the_host_of_the_origin() {
    let (root, issuer) = ca();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root).expect("a root");
    let transport = WsTransport::new(false).with_public_roots(roots);
    let to = async |name: &str, origin_host: &str| {
        let identity = ServerIdentity::Origin(origin(true, origin_host, 443));
        let dialing = async |url| transport.dial(&Address { url, identity }).await;
        over_tls(server(&issuer, name, &[]), dialing).await
    };
    assert!(to("box.example", "box.example").await.is_ok());
    wrong_server(to("box.example", "other.example").await);
    let pairing = async |url: String| transport.dial_for_pairing(&url, None).await;
    let ((_, identity), _) = over_tls(server(&issuer, "127.0.0.1", &[]), pairing).await.expect("a public server");
    assert!(matches!(identity, Some(ServerIdentity::Origin(origin)) if origin.starts_with("https://127.0.0.1:")));
    // A pin is not satisfied by a public certificate.
    let dialing = async |url| transport.dial(&Address { url, identity: ServerIdentity::Ca([0; 32]) }).await;
    wrong_server(over_tls(server(&issuer, SERVER_NAME, &[]), dialing).await);
}

#[tokio::test]
async fn files_of_a_public_certificate_are_served_and_read_again() {
    let folder = tempfile::tempdir().expect("folder");
    let (chain, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
    let write = |issuer: &Issuer<'static, KeyPair>| {
        let fresh = KeyPair::generate().expect("a key");
        let leaf = CertificateParams::new(["box.example".to_owned()]).expect("a name");
        let leaf = leaf.signed_by(&fresh, issuer).expect("a leaf");
        std::fs::write(&chain, leaf.pem()).expect("written");
        std::fs::write(&key, fresh.serialize_pem()).expect("written");
    };
    let ((_, first), (root, second)) = (ca(), ca());
    write(&first);
    let origin = origin(true, "box.example", 443);
    let tls = ServerTls::from_files(&chain, &key, &origin).expect("loaded");
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root).expect("a root");
    let transport = WsTransport::new(false).with_public_roots(roots);
    let to = async || {
        let dialing = async |url| transport.dial(&Address { url, identity: tls.identity().clone() }).await;
        over_tls(tls.server_config(), dialing).await
    };
    wrong_server(to().await);
    write(&second);
    tls.refresh().expect("read again");
    assert!(to().await.is_ok());
    // A key that is not the certificate's is refused, and what is served stays.
    std::fs::write(&key, KeyPair::generate().expect("a key").serialize_pem()).expect("written");
    assert!(tls.refresh().is_err() && to().await.is_ok());
}

#[tokio::test]
async fn plain_text_to_another_machine_is_refused_before_anything_is_sent() {
    let refused = dial("ws://192.0.2.1:9/link".into(), ServerIdentity::Ca([0; 32])).await;
    let Err(DialError::Unreachable { why, .. }) = refused else { panic!("not refused") };
    assert!(why.contains("this machine only"), "{why}");
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let (listener, port) = listen().await;
    drop(listener);
    for url in [format!("ws://127.0.0.1:{port}/link"), "unix:/nowhere/door".into(), "box".into()] {
        assert!(matches!(dial(url, NODE).await, Err(DialError::Unreachable { .. })));
    }
}

async fn raw_client(port: u16) -> tokio_tungstenite::WebSocketStream<TcpStream> {
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;
    let mut request = format!("ws://127.0.0.1:{port}/link").into_client_request().expect("a request");
    request.headers_mut().insert("sec-websocket-protocol", "wayfare.v1.bincode".parse().expect("a value"));
    let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a stream");
    tokio_tungstenite::client_async(request, stream).await.expect("a WebSocket").0
}

/// What the accepting end sees after these messages of a client that follows its own rules.
async fn after(messages: Vec<Message>) -> (Vec<Bytes>, String) {
    let (listener, port) = listen().await;
    let (mut client, mut accepted) = tokio::join!(raw_client(port), accept_plain(&listener));
    let sending = async {
        for message in messages {
            client.send(message).await.expect("sent");
        }
        // So that a message wrongly accepted shows as a frame, not as silence. The other end may be gone by now.
        let _ = client.close(None).await;
        client
    };
    let receiving = async {
        let mut seen = Vec::new();
        loop {
            match accepted.reader.read().await {
                Ok(frame) => seen.push(frame),
                Err(closed) => return (seen, closed.0),
            }
        }
    };
    let (_client, seen) = tokio::join!(sending, receiving);
    seen
}

#[tokio::test]
async fn a_text_message_ends_the_connection() {
    let (seen, why) = after(vec![Message::binary(b"a".to_vec()), Message::text("b")]).await;
    assert_eq!(seen, [Bytes::from_static(b"a")]);
    assert!(why.contains("text message"), "{why}");
}

#[tokio::test]
async fn a_message_over_the_limit_ends_the_connection() {
    let (seen, why) = after(vec![Message::binary(vec![0; LARGEST + 1])]).await;
    assert!(seen.is_empty() && why.contains("too"), "{why}");
}

#[tokio::test]
async fn pings_of_the_websocket_are_answered_and_not_seen() {
    let (listener, port) = listen().await;
    let (mut client, mut accepted) = tokio::join!(raw_client(port), accept_plain(&listener));
    let asking = async {
        client.send(Message::Ping(Bytes::from_static(b"?"))).await.expect("sent");
        let answer = futures_util::StreamExt::next(&mut client).await.expect("an answer").expect("a message");
        assert_eq!(answer, Message::Pong(Bytes::from_static(b"?")));
        client.send(Message::binary(b"a".to_vec())).await.expect("sent");
    };
    let (read, ()) = tokio::join!(accepted.reader.read(), asking);
    assert_eq!(read.expect("a frame"), Bytes::from_static(b"a"));
}

#[tokio::test]
async fn frames_over_the_limit_are_not_sent() {
    let (mut dialed, _accepted) = plain_pair().await;
    let refused = dialed.writer.write(vec![vec![0; LARGEST + 1].into()]).await;
    assert!(refused.expect_err("refused").0.contains("over the limit"));
}

#[tokio::test]
async fn dropping_both_halves_closes_and_dropping_one_does_not() {
    let (dialed, mut accepted) = plain_pair().await;
    let Connection { reader, mut writer, .. } = dialed;
    drop(reader);
    writer.write(vec![Bytes::from_static(b"last")]).await.expect("written");
    assert_eq!(accepted.reader.read().await.expect("a frame"), Bytes::from_static(b"last"));
    drop(writer);
    assert_ne!(reason(&mut accepted.reader).await, "");
    assert_ne!(reason(&mut accepted.reader).await, "");
}

#[tokio::test]
async fn an_end_that_stops_speaking_can_still_be_spoken_to() {
    let (mut dialed, mut accepted) = plain_pair().await;
    accepted.writer.write(vec![Bytes::from_static(b"before")]).await.expect("written");
    dialed.writer.close().await;
    assert!(reason(&mut accepted.reader).await.contains("goodbye"));
    assert_eq!(dialed.reader.read().await.expect("written before"), Bytes::from_static(b"before"));
    drop(accepted);
    assert_ne!(reason(&mut dialed.reader).await, "");
}

#[tokio::test]
async fn another_subprotocol_is_refused_by_either_end() {
    let (listener, port) = listen().await;
    let accepting = async {
        let (stream, peer) = accept::tcp(&listener).await.expect("a stream");
        accept::stream(stream, peer.to_string(), LONG).await
    };
    let asking = async {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a stream");
        tokio_tungstenite::client_async(format!("ws://127.0.0.1:{port}/link"), stream).await
    };
    let (accepted, asked) = tokio::join!(accepting, asking);
    assert!(accepted.is_err());
    assert!(asked.expect_err("refused").to_string().contains("400"));

    let accepting = async {
        let (stream, _) = accept::tcp(&listener).await.expect("a stream");
        tokio_tungstenite::accept_async(stream).await.map(drop)
    };
    let (_, dialed) = tokio::join!(accepting, dial(format!("ws://127.0.0.1:{port}/link"), NODE));
    let Err(DialError::Unreachable { why, .. }) = dialed else { panic!("not refused") };
    assert!(why.contains("wayfare.v1.bincode"), "{why}");
}

#[tokio::test]
async fn an_end_that_says_nothing_is_given_up() {
    let (listener, port) = listen().await;
    let (accepted, silent) = tokio::join!(accept::tcp(&listener), TcpStream::connect(("127.0.0.1", port)));
    let _silent = silent.expect("a stream");
    let (stream, peer) = accepted.expect("a stream");
    let accepted = accept::stream(stream, peer.to_string(), Duration::ZERO).await;
    assert!(matches!(accepted, Err(accept::AcceptError::Late(_))));
}

/// An axum server whose connections come out of a channel.
async fn axum_server(
    tls: Option<Arc<ServerConfig>>,
    handshake: Duration,
) -> (u16, tokio::sync::mpsc::Receiver<Connection>, impl Future<Output = ()>) {
    let (listener, port) = listen().await;
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let door = async move |ConnectInfo(Peer(peer)): ConnectInfo<Peer>, ws: WebSocketUpgrade| {
        let sender = sender.clone();
        accept::upgrade(ws, peer.to_string(), async move |connection| {
            let _ = sender.send(connection).await;
        })
    };
    let router = axum::Router::new().route("/link", axum::routing::get(door));
    let service = router.into_make_service_with_connect_info::<Peer>();
    let listener = TcpDoor::new(listener, tls, handshake);
    (port, receiver, async move { axum::serve(listener, service).await.expect("serves") })
}

#[tokio::test]
async fn an_axum_door_carries_frames_and_refuses_other_subprotocols() {
    let (port, mut accepted, serving) = axum_server(None, LONG).await;
    let serving = tokio::spawn(serving);
    let url = format!("ws://127.0.0.1:{port}/link");
    let dialed = dial(url.clone(), NODE).await.expect("a connection");
    carries(accepted.recv().await.expect("a connection"), dialed).await;
    let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a stream");
    let refused = tokio_tungstenite::client_async(url, stream).await.expect_err("refused");
    assert!(refused.to_string().contains("400"), "{refused}");
    let mut client = raw_client(port).await;
    let mut connection = accepted.recv().await.expect("a connection");
    client.send(Message::binary(vec![0; LARGEST + 1])).await.expect("sent");
    assert!(reason(&mut connection.reader).await.contains("too"));
    serving.abort();
}

#[tokio::test]
async fn an_axum_door_with_tls_is_not_held_up_by_who_says_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    let tls = local(folder.path());
    let (port, mut accepted, serving) = axum_server(Some(tls.server_config()), LONG).await;
    let serving = tokio::spawn(serving);
    let _silent = TcpStream::connect(("127.0.0.1", port)).await.expect("a stream");
    let dialed = dial(format!("wss://127.0.0.1:{port}/link"), tls.identity().clone()).await.expect("a connection");
    let accepted = accepted.recv().await.expect("a connection");
    assert!(accepted.peer.starts_with("127.0.0.1:"));
    carries(accepted, dialed).await;
    serving.abort();
}

#[tokio::test]
async fn a_tls_handshake_that_does_not_end_in_time_is_given_up() {
    let folder = tempfile::tempdir().expect("folder");
    let (port, _accepted, serving) = axum_server(Some(local(folder.path()).server_config()), Duration::ZERO).await;
    let serving = tokio::spawn(serving);
    let mut silent = TcpStream::connect(("127.0.0.1", port)).await.expect("a stream");
    assert_eq!(silent.read(&mut [0]).await.expect("closed in order"), 0);
    serving.abort();
}

async fn accept_unix(door: &UnixDoor) -> Connection {
    let (stream, peer) = door.accept().await.expect("a stream");
    accept::stream(stream, peer, LONG).await.expect("a connection")
}

#[tokio::test]
async fn a_unix_door_is_private_and_carries_frames_both_ways() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("run/door");
    let door = UnixDoor::open(&path).expect("opened");
    for (path, mode) in [(path.as_path(), 0o600), (path.parent().expect("a folder"), 0o700)] {
        assert_eq!(std::fs::metadata(path).expect("there").permissions().mode() & 0o777, mode);
    }
    let (dialed, accepted) = tokio::join!(dial(format!("unix:{}", path.display()), NODE), accept_unix(&door));
    assert_eq!(accepted.peer, format!("unix process {}", std::process::id()));
    carries(dialed.expect("a connection"), accepted).await;
}

#[tokio::test]
async fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("run/door");
    drop(UnixDoor::open(&path).expect("opened"));
    assert!(path.exists());
    let door = UnixDoor::open(&path).expect("the old one is stale");
    assert!(matches!(UnixDoor::open(&path), Err(DoorError::Taken(_))));
    UnixStream::connect(door.path()).await.expect("still open");
}

#[tokio::test]
async fn a_door_is_not_opened_over_a_file_or_where_others_may_enter() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("run/door");
    drop(UnixDoor::open(&path).expect("makes the folder"));
    std::fs::remove_file(&path).expect("removed");
    std::fs::write(&path, "mine").expect("written");
    assert!(matches!(UnixDoor::open(&path), Err(DoorError::NotASocket(_))));
    assert_eq!(std::fs::read(&path).expect("there"), b"mine");
    std::fs::remove_file(&path).expect("removed");
    std::fs::set_permissions(path.parent().expect("a folder"), std::fs::Permissions::from_mode(0o755))
        .expect("changed");
    assert!(matches!(UnixDoor::open(&path), Err(DoorError::Folder { mode: 0o755, .. })));
}
