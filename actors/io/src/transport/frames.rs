//! The two halves of a WebSocket as the transport port's reader and writer.

use axum::extract::ws;
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio_tungstenite::tungstenite;
use wayfare_actors::ports::{Closed, Connection, FrameReader, FrameWriter, PendingRef};
use wayfare_protocol::codec::Codec;

use super::WEBSOCKET_MESSAGE_MAX;

/// What a WebSocket message means to a link.
pub(super) enum Meaning {
    /// A frame.
    Frame(Bytes),
    /// A ping or pong of the WebSocket itself; the library has answered it.
    KeepAlive,
    /// The connection ends, for this reason.
    End(String),
}

/// A library's message type.
pub(super) trait Message: Sized + Send + 'static {
    /// A frame as a message; shares its memory.
    fn frame(frame: Bytes) -> Self;
    /// What a received message means; a frame shares its memory.
    fn meaning(self) -> Meaning;
}

const TEXT: &str = "the other end sent a text message; a link carries binary ones";

fn goodbye(code: u16, reason: &str) -> Meaning {
    Meaning::End(format!("the other end said goodbye ({code} {reason:?})"))
}

impl Message for tungstenite::Message {
    fn frame(frame: Bytes) -> Self {
        Self::Binary(frame)
    }

    fn meaning(self) -> Meaning {
        match self {
            Self::Binary(frame) => Meaning::Frame(frame),
            Self::Ping(_) | Self::Pong(_) => Meaning::KeepAlive,
            Self::Text(_) => Meaning::End(TEXT.into()),
            Self::Close(Some(close)) => goodbye(close.code.into(), &close.reason),
            Self::Close(None) => Meaning::End("the other end said goodbye".into()),
            // The library gives these out only where raw frames are asked for.
            Self::Frame(_) => Meaning::End("a raw WebSocket frame".into()),
        }
    }
}

impl Message for ws::Message {
    fn frame(frame: Bytes) -> Self {
        Self::Binary(frame)
    }

    fn meaning(self) -> Meaning {
        match self {
            Self::Binary(frame) => Meaning::Frame(frame),
            Self::Ping(_) | Self::Pong(_) => Meaning::KeepAlive,
            Self::Text(_) => Meaning::End(TEXT.into()),
            Self::Close(Some(close)) => goodbye(close.code, &close.reason),
            Self::Close(None) => Meaning::End("the other end said goodbye".into()),
        }
    }
}

/// An open WebSocket as a connection.
///
/// Who has written its last words and drops both halves while bytes of the other end lie unread in the socket's buffer makes
/// the system reset the connection, which may overtake those words: read on until [`Closed`] where they matter.
pub(super) fn connection<W, M, E>(socket: W, peer: String, codec: Codec) -> Connection
where
    W: Stream<Item = Result<M, E>> + Sink<M, Error = E> + Send + Unpin + 'static,
    M: Message,
    E: std::error::Error + Send + 'static,
{
    let (sink, stream) = socket.split();
    Connection { reader: Box::new(Reader(stream)), writer: Box::new(Writer(sink)), peer, codec }
}

struct Reader<W>(SplitStream<W>);

impl<W, M, E> FrameReader for Reader<W>
where
    W: Stream<Item = Result<M, E>> + Send + Unpin,
    M: Message,
    E: std::error::Error + Send,
{
    fn read(&mut self) -> PendingRef<'_, Result<Bytes, Closed>> {
        Box::pin(async move {
            loop {
                let meaning = match self.0.next().await {
                    Some(Ok(message)) => message.meaning(),
                    Some(Err(error)) => Meaning::End(error.to_string()),
                    None => Meaning::End("it was closed before".into()),
                };
                match meaning {
                    Meaning::Frame(frame) => return Ok(frame),
                    Meaning::KeepAlive => {}
                    Meaning::End(why) => return Err(Closed(why)),
                }
            }
        })
    }
}

struct Writer<W, M>(SplitSink<W, M>);

impl<W, M, E> FrameWriter for Writer<W, M>
where
    W: Sink<M, Error = E> + Send + Unpin,
    M: Message,
    E: std::error::Error + Send,
{
    fn write(&mut self, frames: Vec<Bytes>) -> PendingRef<'_, Result<(), Closed>> {
        Box::pin(async move {
            for frame in frames {
                if frame.len() > WEBSOCKET_MESSAGE_MAX {
                    let length = frame.len();
                    return Err(Closed(format!(
                        "a frame of {length} bytes is over the limit of {WEBSOCKET_MESSAGE_MAX}"
                    )));
                }
                self.0.feed(M::frame(frame)).await.map_err(|error| Closed(error.to_string()))?;
            }
            self.0.flush().await.map_err(|error| Closed(error.to_string()))
        })
    }

    fn close(&mut self) -> PendingRef<'_, ()> {
        Box::pin(async move {
            if let Err(error) = self.0.close().await {
                tracing::debug!(%error, "closing a connection that is gone");
            }
        })
    }
}
