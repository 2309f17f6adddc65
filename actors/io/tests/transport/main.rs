//! The real transport: WebSockets in plain text and over TLS, and the doors that take them in.

mod certificates;
mod doors;
mod messages;
mod proxy;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use wayfare_actors::ports::{Address, Connection, DialError, FrameReader, Transport};
use wayfare_io::tls::ServerTls;
use wayfare_io::transport::{WsTransport, accept};
use wayfare_protocol::DeviceId;
use wayfare_protocol::frame::HEADER_LEN;
use wayfare_protocol::identity::ServerIdentity;
use wayfare_protocol::limits::FRAME_BODY_MAX;

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
