//! A conversation with a session host: frames of a little-endian `u32` length and a bincode body on a unix socket.

use bytes::{Buf, BufMut, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use wayfare_actors::ports::{Closed, HostConnection, HostReader, HostWriter, PendingRef};
use wayfare_protocol::codec::{decode, encode};
use wayfare_protocol::host::{HostMessage, HostRequest};
use wayfare_protocol::limits::{FRAME_BODY_MAX, MESSAGE_MAX};

const LENGTH: usize = 4;

/// Both halves over a connected socket.
pub(super) fn connection(stream: UnixStream) -> HostConnection {
    let (reader, writer) = stream.into_split();
    HostConnection {
        reader: Box::new(Reader { socket: reader, buffer: BytesMut::new() }),
        writer: Box::new(Writer { socket: writer }),
    }
}

struct Reader {
    socket: OwnedReadHalf,
    /// Bytes that came and are no whole message yet.
    buffer: BytesMut,
}

impl HostReader for Reader {
    fn read(&mut self) -> PendingRef<'_, Result<Vec<HostMessage>, Closed>> {
        Box::pin(async {
            loop {
                let messages = whole_messages(&mut self.buffer)?;
                if !messages.is_empty() {
                    return Ok(messages);
                }
                self.buffer.reserve(FRAME_BODY_MAX);
                match self.socket.read_buf(&mut self.buffer).await {
                    Ok(0) if self.buffer.is_empty() => return Err(Closed("the session host ended it".to_owned())),
                    Ok(0) => return Err(Closed("the session host ended it within a message".to_owned())),
                    Ok(_) => {}
                    Err(error) => return Err(Closed(error.to_string())),
                }
            }
        })
    }
}

/// Takes every whole message out of the buffer.
fn whole_messages(buffer: &mut BytesMut) -> Result<Vec<HostMessage>, Closed> {
    let mut messages = Vec::new();
    while let Some(prefix) = buffer.first_chunk::<LENGTH>() {
        let length = u32::from_le_bytes(*prefix) as usize;
        if length > MESSAGE_MAX {
            return Err(Closed(format!("a message of {length} bytes is over the limit of {MESSAGE_MAX}")));
        }
        if buffer.len() < LENGTH + length {
            break;
        }
        buffer.advance(LENGTH);
        messages.push(decode(&buffer.split_to(length)).map_err(|error| Closed(error.to_string()))?);
    }
    Ok(messages)
}

struct Writer {
    socket: OwnedWriteHalf,
}

impl HostWriter for Writer {
    fn write(&mut self, requests: Vec<HostRequest>) -> PendingRef<'_, Result<(), Closed>> {
        Box::pin(async move {
            let mut bytes = BytesMut::new();
            for request in requests {
                let body = encode(&request);
                let length = u32::try_from(body.len()).ok().filter(|_| body.len() <= MESSAGE_MAX);
                let length = length.ok_or_else(|| Closed(format!("a request of {} bytes is too large", body.len())))?;
                bytes.put_u32_le(length);
                bytes.put_slice(&body);
            }
            self.socket.write_all(&bytes).await.map_err(|error| Closed(error.to_string()))
        })
    }
}
