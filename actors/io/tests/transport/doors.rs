//! The doors of axum, of TLS and of a unix socket.

use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::extract::ws::WebSocketUpgrade;
use futures_util::SinkExt;
use rustls::ServerConfig;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpStream, UnixStream};
use tokio_tungstenite::tungstenite::Message;
use wayfare_actors::ports::Connection;
use wayfare_io::transport::{DoorError, Peer, TcpDoor, UnixDoor, accept};

use super::{LARGEST, LONG, NODE, carries, dial, listen, local, raw_client, reason};

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
