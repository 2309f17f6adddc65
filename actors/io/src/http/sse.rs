//! Server-sent events: one line `event: `, one line `data: ` with JSON on it, and an empty line; parsers of the web that read line
//! by line want no more and no less.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use tokio::sync::mpsc;
use wayfare_protocol::stream::RunUpdate;

use super::follow::Follow;

/// Pieces handed to the connection and not yet written: what comes meanwhile is told together.
const PIECES: usize = 1;
/// Proxies that hold answers back let this one pass.
const UNBUFFERED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));

/// One event.
pub(super) fn event(name: &str, data: &impl Serialize) -> String {
    // A value of ours always has a JSON form; were it otherwise, an empty object would tell nobody anything wrong.
    let data = serde_json::to_string(data).unwrap_or_else(|_| "{}".to_owned());
    format!("event: {name}\ndata: {data}\n\n")
}

/// How updates become events.
pub(super) trait Frames: Send + 'static {
    /// The events of updates, in order.
    fn of(&mut self, updates: VecDeque<RunUpdate>) -> String;
    /// What shows that the connection lives while nothing happens.
    fn silence(&self) -> String;
    /// The end of a run of which nothing more can be learned.
    fn lost(&mut self, why: &str) -> String;
}

/// An answer of events, and where to put them.
pub(super) fn answer() -> (mpsc::Sender<Bytes>, Response) {
    let (pieces, written) = mpsc::channel::<Bytes>(PIECES);
    let stream = futures_util::stream::unfold(written, |mut written| async move {
        written.recv().await.map(|piece| (Ok::<_, Infallible>(piece), written))
    });
    let head = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        UNBUFFERED,
    ];
    (pieces, (head, Body::from_stream(stream)).into_response())
}

/// Answers with the events of a run until it ends. A reader who goes away ends nothing but his answer.
pub(super) fn run(follow: Follow, frames: impl Frames, silence: Duration) -> Response {
    let (pieces, response) = answer();
    tokio::spawn(pump(follow, frames, pieces, silence));
    response
}

async fn pump(mut follow: Follow, mut frames: impl Frames, pieces: mpsc::Sender<Bytes>, silence: Duration) {
    loop {
        match follow.end() {
            Some(Ok(())) => return follow.finish(),
            Some(Err(error)) => {
                let _ = pieces.send(frames.lost(&error.to_string()).into()).await; // nobody reads any more
                return;
            }
            None => {}
        }
        tokio::select! {
            biased;
            () = pieces.closed() => return,
            place = pieces.reserve(), if follow.has_news() => {
                let Ok(place) = place else { return };
                place.send(frames.of(follow.take()).into());
            }
            () = follow.fill(), if follow.has_room() => {}
            () = tokio::time::sleep(silence), if !follow.has_news() => {
                let _ = pieces.try_send(frames.silence().into()); // a full connection is no silent one
            }
        }
    }
}
