//! What passes over a connection, and what ends it.

use std::time::Duration;

use bytes::Bytes;
use futures_util::SinkExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use wayfare_actors::ports::{Connection, DialError};
use wayfare_io::transport::accept;
use wayfare_protocol::codec::Codec;

use super::{LARGEST, LONG, NODE, accept_plain, dial, listen, plain_pair, raw_client, reason};

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
async fn a_door_takes_either_codec_and_of_both_the_first() {
    let (listener, port) = listen().await;
    for (offered, agreed) in [
        ("wayfare.v1.bincode", Codec::Bincode),
        ("wayfare.v1.msgpack", Codec::MessagePack),
        ("other, wayfare.v1.msgpack, wayfare.v1.bincode", Codec::Bincode),
    ] {
        let accepting = async {
            let (stream, peer) = accept::tcp(&listener).await.expect("a stream");
            accept::stream(stream, peer.to_string(), LONG).await
        };
        let asking = async {
            let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a stream");
            let mut request = format!("ws://127.0.0.1:{port}/link").into_client_request().expect("a request");
            request.headers_mut().insert("sec-websocket-protocol", offered.parse().expect("a value"));
            tokio_tungstenite::client_async(request, stream).await
        };
        let (accepted, asked) = tokio::join!(accepting, asking);
        assert_eq!(accepted.expect("a connection").codec, agreed, "{offered}");
        let (_, answer) = asked.expect("a connection");
        assert_eq!(answer.headers()["sec-websocket-protocol"], agreed.subprotocol(), "{offered}");
    }
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
