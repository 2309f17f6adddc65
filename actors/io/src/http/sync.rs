//! `/sync/{project}/{path}`: documents for clients of y-websocket.
//!
//! The plain protocol: binary frames of y-protocols, one to a message; the server speaks first, with what it has. A document that is
//! not there is made, empty, in a project that is; not for whoever may only read. One of which nothing has come to a node that is without its
//! cloud is not opened for writing. A client that is let go is told why in the close frame: 1008 it sent what it may
//! not, 1009 too much, 1013 it reads too slowly or there is no room, 1012 it is to connect again.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use wayfare_actors::document::{Editor, EditorFeed, EditorNews};
use wayfare_protocol::limits::{DOCUMENT_BATCH_BYTES, DOCUMENT_BATCH_FRAMES, DOCUMENT_FRAME_MAX};
use wayfare_protocol::{ErrorCode, Refusal};

use super::Door;
use super::answer::Failure;
use crate::transport::READ_BUFFER;

/// Longest reason in a close frame (RFC 6455: 125 bytes with the code).
const REASON_MAX: usize = 123;

pub(super) async fn sync(
    State(door): State<Door>,
    Path((project, path)): Path<(String, String)>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Failure> {
    let place = door.editors.try_enter().ok_or(Failure::Busy(door.limits.http_editors))?;
    let library = door.library()?;
    let project = library.project(&project).await?;
    let may_write = door.documents.access().may_write();
    let document = if may_write {
        library.document_to_write(project, &path).await?
    } else {
        library.document(project, &path).await?
    };
    let (editor, feed) =
        library.join(document, may_write).await.map_err(|refusal| Failure::Documents(refusal.into()))?;
    let upgrade =
        upgrade.read_buffer_size(READ_BUFFER).max_message_size(DOCUMENT_FRAME_MAX).max_frame_size(DOCUMENT_FRAME_MAX);
    Ok(upgrade.on_upgrade(async move |socket| {
        let (to_client, from_client) = socket.split();
        tokio::select! {
            biased;
            () = write(to_client, feed, &editor, &door) => {}
            () = read(from_client, &editor, door.limits.link_silence) => {}
        }
        drop(place);
    }))
}

/// What the document tells, to the client; and now and then a ping, if it is still to be served.
async fn write(mut to_client: SplitSink<WebSocket, Message>, mut feed: EditorFeed, editor: &Editor, door: &Door) {
    let mut ping = tokio::time::interval(door.limits.ping_every);
    ping.tick().await; // the first is at once: it was let in this moment
    loop {
        let news = tokio::select! {
            biased;
            _ = ping.tick() => match door.documents.admits().await {
                Ok(()) if to_client.send(Message::Ping(Bytes::new())).await.is_ok() => continue,
                Ok(()) => return,
                Err(refusal) => Some(EditorNews::Closed(refusal)),
            },
            news = feed.recv() => news,
        };
        let restarting = || EditorNews::Closed(Refusal::new(ErrorCode::Draining, "the document is being restarted"));
        let news = news.unwrap_or_else(restarting);
        let mut next = Some(news);
        let mut bytes = 0;
        while let Some(news) = next {
            match news {
                EditorNews::Frame(frame) => {
                    bytes += frame.len();
                    if to_client.feed(Message::Binary(frame)).await.is_err() {
                        return;
                    }
                }
                EditorNews::Closed(refusal) => {
                    let _ = to_client.send(Message::Close(Some(close_frame(&refusal)))).await; // it has gone
                    return;
                }
            }
            next = feed.try_recv().ok();
        }
        if to_client.flush().await.is_err() {
            return;
        }
        editor.takes(bytes);
    }
}

/// What the client sends, to the document, no faster than that takes it.
async fn read(mut from_client: SplitStream<WebSocket>, editor: &Editor, silence: Duration) {
    loop {
        let room = editor.room().await;
        let Ok(Some(Ok(first))) = tokio::time::timeout(silence, from_client.next()).await else { return };
        let (frames, has_ended) = batch(first, &mut from_client);
        let is_taken = frames.is_empty() || editor.received(frames, room).is_ok();
        if has_ended || !is_taken {
            return;
        }
    }
}

/// The frames of a message and of those that have come with it, and whether the client has left after them.
fn batch(first: Message, from_client: &mut SplitStream<WebSocket>) -> (Vec<Bytes>, bool) {
    let (mut frames, mut bytes) = (Vec::new(), 0);
    let mut message = first;
    loop {
        match message {
            Message::Binary(frame) => {
                bytes += frame.len();
                frames.push(frame);
            }
            Message::Close(_) => return (frames, true),
            Message::Text(_) | Message::Ping(_) | Message::Pong(_) => {}
        }
        if frames.len() >= DOCUMENT_BATCH_FRAMES || bytes >= DOCUMENT_BATCH_BYTES {
            return (frames, false);
        }
        match from_client.next().now_or_never() {
            Some(Some(Ok(next))) => message = next,
            Some(_) => return (frames, true),
            None => return (frames, false),
        }
    }
}

fn close_frame(refusal: &Refusal) -> CloseFrame {
    let code = match refusal.code {
        ErrorCode::Malformed | ErrorCode::Forbidden | ErrorCode::Unauthenticated => 1008,
        ErrorCode::TooLarge => 1009,
        ErrorCode::Overloaded => 1013,
        _ => 1012,
    };
    let mut reason = refusal.detail.clone();
    while reason.len() > REASON_MAX {
        reason.pop();
    }
    CloseFrame { code, reason: reason.into() }
}
