//! Links within one process: a door that is itself a client of the mesh which its process serves.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use wayfare_actors::ports::{
    Address, Closed, Connection, DialError, FrameReader, FrameWriter, Pending, PendingRef, Transport,
};
use wayfare_protocol::codec::Codec;
use wayfare_protocol::limits::FRAMES_WITHIN_PROCESS;

/// Dials whoever takes connections in this process.
#[derive(Clone)]
pub struct WithinProcess(Accept);

type Accept = Arc<dyn Fn(Connection) -> Result<(), String> + Send + Sync>;

impl WithinProcess {
    /// `accept` takes a connection in, or says why it does not.
    pub fn new(accept: impl Fn(Connection) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(accept))
    }
}

impl Transport for WithinProcess {
    fn dial(&self, address: &Address) -> Pending<Result<Connection, DialError>> {
        let (accept, url) = (Arc::clone(&self.0), address.url.clone());
        Box::pin(async move {
            let (near, far) = pair(&url);
            accept(far).map(|()| near).map_err(|why| DialError::Unreachable { url, why })
        })
    }
}

/// The two ends of a connection.
fn pair(peer: &str) -> (Connection, Connection) {
    let ((to_far, from_near), (to_near, from_far)) = (channel(FRAMES_WITHIN_PROCESS), channel(FRAMES_WITHIN_PROCESS));
    let end = |reader, writer| Connection {
        reader: Box::new(Reader(reader)),
        writer: Box::new(Writer(Some(writer))),
        peer: peer.to_owned(),
        codec: Codec::Bincode,
    };
    (end(from_far, to_far), end(from_near, to_near))
}

struct Reader(Receiver<Bytes>);

impl FrameReader for Reader {
    fn read(&mut self) -> PendingRef<'_, Result<Bytes, Closed>> {
        Box::pin(async move { self.0.recv().await.ok_or_else(closed) })
    }
}

struct Writer(Option<Sender<Bytes>>);

impl FrameWriter for Writer {
    fn write(&mut self, frames: Vec<Bytes>) -> PendingRef<'_, Result<(), Closed>> {
        Box::pin(async move {
            let to = self.0.as_ref().ok_or_else(closed)?;
            for frame in frames {
                to.send(frame).await.map_err(|_| closed())?;
            }
            Ok(())
        })
    }

    fn close(&mut self) -> PendingRef<'_, ()> {
        self.0 = None;
        Box::pin(async {})
    }
}

fn closed() -> Closed {
    Closed("the other end is gone".to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use wayfare_protocol::identity::ServerIdentity;

    use super::*;

    #[tokio::test]
    async fn frames_go_in_order_and_what_was_written_comes_before_the_end() {
        let far = Arc::new(Mutex::new(None));
        let taken = Arc::clone(&far);
        let transport = WithinProcess::new(move |connection| {
            *taken.lock().unwrap() = Some(connection);
            Ok(())
        });
        let address = Address { url: "within".to_owned(), identity: ServerIdentity::Ca([1; 32]) };
        let mut near = transport.dial(&address).await.unwrap();
        let mut far = far.lock().unwrap().take().unwrap();
        near.writer.write(vec![Bytes::from_static(b"1"), Bytes::from_static(b"2")]).await.unwrap();
        near.writer.close().await;
        assert!(near.writer.write(vec![Bytes::new()]).await.is_err());
        assert_eq!(far.reader.read().await.unwrap(), "1");
        assert_eq!(far.reader.read().await.unwrap(), "2");
        assert!(far.reader.read().await.is_err());
        far.writer.write(vec![Bytes::from_static(b"3")]).await.unwrap();
        assert_eq!(near.reader.read().await.unwrap(), "3");
        drop(near);
        assert!(far.writer.write(vec![Bytes::new()]).await.is_err());
        let full = WithinProcess::new(|_| Err("full".to_owned()));
        let refused = full.dial(&address).await.err().unwrap();
        assert!(matches!(refused, DialError::Unreachable { why, .. } if why == "full"));
    }
}
