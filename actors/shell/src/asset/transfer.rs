//! How an asset goes over a stream.

use bytes::Bytes;
use wayfare_protocol::Refusal;
use wayfare_protocol::asset::AssetMessage;
use wayfare_protocol::limits::{ASSET_PART, ASSET_PIECE_MAX};

use super::channel::{Channel, out_of_place};
use crate::ports::Pending;

/// Bytes that are sent.
pub trait AssetSource: Send + Sync {
    /// So many of them from there on, fewer only at the end.
    fn read(&self, from: u64, length: usize) -> Pending<Result<Bytes, Refusal>>;
}

impl AssetSource for Bytes {
    fn read(&self, from: u64, length: usize) -> Pending<Result<Bytes, Refusal>> {
        let begin = usize::try_from(from).unwrap_or(usize::MAX).min(self.len());
        let part = self.slice(begin..begin.saturating_add(length).min(self.len()));
        Box::pin(async move { Ok(part) })
    }
}

/// Offers an asset, and sends what is wanted of it. Ends when the other end keeps it.
pub(super) async fn send(channel: &mut Channel, size: u64, source: &dyn AssetSource) -> Result<(), Refusal> {
    channel.send(&AssetMessage::Put { size }).await?;
    let mut answer = channel.next().await?;
    if let Some(AssetMessage::Wants { from }) = answer {
        pieces(channel, from, size, source).await?;
        answer = channel.next().await?;
    }
    if answer == Some(AssetMessage::Kept) { Ok(()) } else { Err(out_of_place()) }
}

/// Sends bytes as the other end takes them.
pub(super) async fn pieces(
    channel: &mut Channel,
    from: u64,
    size: u64,
    source: &dyn AssetSource,
) -> Result<(), Refusal> {
    let mut at = from;
    while at < size {
        let mut part = source.read(at, ASSET_PART).await?;
        if part.is_empty() {
            return Err(out_of_place()); // it is shorter than it was
        }
        at += part.len() as u64;
        while !part.is_empty() {
            let piece = part.split_to(part.len().min(ASSET_PIECE_MAX));
            channel.send(&AssetMessage::Piece { bytes: piece }).await?;
        }
    }
    Ok(())
}

/// An asset that comes. Its hash is for whoever takes it to see to.
pub struct Download {
    channel: Channel,
    from: u64,
    at: u64,
    size: u64,
}

impl Download {
    pub(super) async fn begin(mut channel: Channel, from: u64) -> Result<Self, Refusal> {
        channel.send(&AssetMessage::Get { from }).await?;
        match channel.next().await? {
            Some(AssetMessage::Has { size }) => Ok(Self { channel, from, at: from, size }),
            _ => Err(out_of_place()),
        }
    }

    /// Bytes of the whole asset.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Where this began.
    pub(super) fn from(&self) -> u64 {
        self.from
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// If the link is lost, or the other end cannot go on.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        if self.at >= self.size {
            return Ok(None);
        }
        match self.channel.next().await? {
            Some(AssetMessage::Piece { bytes }) => {
                self.at += bytes.len() as u64;
                Ok(Some(bytes))
            }
            _ => Err(out_of_place()),
        }
    }
}
