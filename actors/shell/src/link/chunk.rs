//! Pieces of snapshots over links: each is one message of a stream of its own.

use std::future::Future;

use bytes::Bytes;
use tokio::sync::mpsc;
use wayfare_core::link;
use wayfare_protocol::stream::{Class, Destination};
use wayfare_protocol::{ChunkId, ErrorCode, NodeId, Refusal};

use super::{LinkCommand, LinkRef, Server, StreamPeer, Unserved};
use crate::ports::BlobError;

/// Fetches a chunk that a node has, and checks it.
///
/// # Errors
/// If it did not come, or is not the chunk: why.
pub async fn fetch_chunk(link: &LinkRef, node: NodeId, chunk: ChunkId) -> Result<Bytes, String> {
    let (tell, mut comes) = mpsc::unbounded_channel();
    let (destination, peer) = (Destination::Chunk { node, chunk }, StreamPeer::Fetch(tell));
    link.command(LinkCommand::Open { destination, class: Class::Bulk, peer });
    let bytes: Bytes = comes.recv().await.ok_or_else(|| format!("chunk {chunk} did not come"))?;
    if chunk.is_of(&bytes) { Ok(bytes) } else { Err(format!("these are not the bytes of chunk {chunk}")) }
}

/// Answers a stream with a chunk, if it is there.
pub async fn send_chunk(
    found: impl Future<Output = Result<Option<Bytes>, BlobError>>,
    chunk: ChunkId,
    stream: Unserved,
) {
    let found = found.await;
    let (link, stream) = stream.serve();
    let fault = match found {
        Ok(Some(bytes)) => {
            link.command(LinkCommand::Bind { stream, peer: Server::new(StreamPeer::Sent) });
            link.input(link::Input::SendMessage { stream, bytes });
            None
        }
        Ok(None) => Some(Refusal::new(ErrorCode::NotFound, format!("chunk {chunk} is not here"))),
        Err(error) => Some(Refusal::new(ErrorCode::StorageFailed, error.to_string())),
    };
    link.command(LinkCommand::End { stream, fault });
}
