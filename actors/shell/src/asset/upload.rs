//! An asset that somebody brings, part by part.

use bytes::{Bytes, BytesMut};
use tokio::sync::OwnedSemaphorePermit;
use wayfare_protocol::limits::ASSET_PART;
use wayfare_protocol::{ErrorCode, Refusal};

use super::{Assets, Turn, failed, too_large};

/// See the module. What was written of one that is dropped stays for the next.
pub struct Upload {
    assets: Assets,
    turn: Turn,
    /// What it is to have; `None`: nobody has said yet.
    size: Option<u64>,
    written: u64,
    waiting: BytesMut,
    /// It was added here, and is not what the cloud had.
    is_new: bool,
    _place: OwnedSemaphorePermit,
}

impl Upload {
    pub(super) async fn begin(
        assets: Assets,
        turn: Turn,
        place: OwnedSemaphorePermit,
        size: Option<u64>,
    ) -> Result<Self, Refusal> {
        let (store, account) = assets.store();
        let written = store.written(account, turn.asset).await.map_err(|error| failed(&error))?;
        let is_new = size.is_some();
        let mut this = Self { assets, turn, size: None, written, waiting: BytesMut::new(), is_new, _place: place };
        if let Some(size) = size {
            this.expect(size).await?;
        }
        Ok(this)
    }

    /// It has so many bytes. What was written of something longer cannot be of it.
    pub(super) async fn expect(&mut self, size: u64) -> Result<(), Refusal> {
        let limit = self.assets.environs().limits.asset_bytes;
        if size > limit {
            return Err(too_large(size, limit));
        }
        if self.written > size {
            let (store, account) = self.assets.store();
            store.delete(account, self.turn.asset).await.map_err(|error| failed(&error))?;
            self.written = 0;
        }
        self.size = Some(size);
        Ok(())
    }

    /// The next byte that is wanted.
    #[must_use]
    pub fn at(&self) -> u64 {
        self.written + self.waiting.len() as u64
    }

    /// Takes bytes.
    ///
    /// # Errors
    /// If they are more than it was to have, or the store fails.
    pub async fn take(&mut self, bytes: Bytes) -> Result<(), Refusal> {
        let size = self.size.unwrap_or_default();
        if self.at() + bytes.len() as u64 > size {
            return Err(Refusal::new(ErrorCode::Malformed, format!("more than the {size} bytes that were to come")));
        }
        self.waiting.extend_from_slice(&bytes);
        while self.waiting.len() >= ASSET_PART {
            let part = self.waiting.split_to(ASSET_PART).freeze();
            self.write(part).await?;
        }
        Ok(())
    }

    async fn write(&mut self, part: Bytes) -> Result<(), Refusal> {
        let length = part.len() as u64;
        let (store, account) = self.assets.store();
        store.write(account, self.turn.asset, self.written, part).await.map_err(|error| failed(&error))?;
        self.written += length;
        Ok(())
    }

    /// Keeps what came; the rest is to come later.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn pause(mut self) -> Result<(), Refusal> {
        let rest = self.waiting.split().freeze();
        if rest.is_empty() { Ok(()) } else { self.write(rest).await }
    }

    /// All of it has come. Ends when it is durable here.
    ///
    /// # Errors
    /// If bytes are missing, or they are of something else: then the upload is forgotten.
    pub async fn finish(mut self) -> Result<(), Refusal> {
        let size = self.size.unwrap_or_default();
        if self.at() != size {
            let detail = format!("{} of {size} bytes came", self.at());
            self.pause().await?;
            return Err(Refusal::new(ErrorCode::Malformed, detail));
        }
        let rest = self.waiting.split().freeze();
        if !rest.is_empty() {
            self.write(rest).await?;
        }
        let (store, account) = self.assets.store();
        let owes = self.is_new && self.assets.environs().has_above;
        if owes {
            // Before it is there: a crash in between leaves a note about nothing, and never an asset that nobody brings.
            store.owe(account, self.turn.asset).await.map_err(|error| failed(&error))?;
        }
        store.finish(account, self.turn.asset).await.map_err(|error| failed(&error))?;
        if owes {
            self.assets.0.owing.notify_one();
        }
        Ok(())
    }
}
