//! Assets of an account at one place: what is kept here, what is fetched from the cloud, and what has yet to be brought to it.

mod bring;
mod channel;
mod collect;
mod memory;
#[cfg(test)]
mod still;
mod transfer;
mod upload;
mod watch;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::{Notify, OwnedMutexGuard};
use wayfare_protocol::asset::AssetMessage;
use wayfare_protocol::{AccountId, AssetId, ErrorCode, Limits, Refusal};

use crate::actor::Runtime;
use crate::directory::Directory;
use crate::gate::Gate;
use crate::link::{LinkRef, Unserved};
use crate::ports::{AssetError, AssetStore};
pub use channel::AssetEvent;
use channel::{Channel, Patience, out_of_place};
pub use collect::Collected;
pub use memory::MemoryAssets;
pub use transfer::{AssetSource, Download};
pub use upload::Upload;
use watch::Watch;

/// What assets need of where they are.
#[derive(Clone)]
pub struct Environs {
    /// Whose they are.
    pub account: AccountId,
    /// Keeps them.
    pub store: Arc<dyn AssetStore>,
    /// Finds the link to the cloud.
    pub directory: Arc<Directory>,
    /// Clock and timer.
    pub runtime: Runtime,
    /// Bounds.
    pub limits: Arc<Limits>,
    /// Whether a cloud may have them too.
    pub has_above: bool,
}

/// See the module.
#[derive(Clone)]
pub struct Assets(Arc<Shared>);

struct Shared {
    environs: Environs,
    places: Gate,
    /// Of each asset that comes in: who has its turn.
    coming: Mutex<BTreeMap<AssetId, Arc<tokio::sync::Mutex<()>>>>,
    /// Something is owed to the cloud.
    owing: Notify,
    watch: Watch,
}

/// The turn of whoever brings an asset; another one waits.
struct Turn {
    assets: Assets,
    asset: AssetId,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut coming = self.assets.coming();
        drop(self.guard.take());
        if coming.get(&self.asset).is_some_and(|turn| Arc::strong_count(turn) == 1) {
            coming.remove(&self.asset);
        }
    }
}

impl Assets {
    /// Of an account at this place.
    #[must_use]
    pub fn new(environs: Environs) -> Self {
        let places = Gate::new(environs.limits.asset_transfers);
        let (coming, owing, watch) = (Mutex::default(), Notify::new(), Watch::default());
        Self(Arc::new(Shared { environs, places, coming, owing, watch }))
    }

    fn environs(&self) -> &Environs {
        &self.0.environs
    }

    fn store(&self) -> (&dyn AssetStore, AccountId) {
        (self.0.environs.store.as_ref(), self.0.environs.account)
    }

    fn coming(&self) -> std::sync::MutexGuard<'_, BTreeMap<AssetId, Arc<tokio::sync::Mutex<()>>>> {
        self.0.coming.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn patience(&self) -> Patience {
        Patience { runtime: self.0.environs.runtime.clone(), silence: self.0.environs.limits.asset_silence }
    }

    /// Waits until nobody else brings this asset.
    async fn turn(&self, asset: AssetId) -> Result<Turn, Refusal> {
        let turn = Arc::clone(self.coming().entry(asset).or_default());
        let mut waiting = Turn { assets: self.clone(), asset, guard: None };
        let Environs { runtime, limits, .. } = self.environs();
        let late = || Refusal::new(ErrorCode::Overloaded, format!("asset {asset} is just being brought by another"));
        waiting.guard = Some(runtime.within(limits.asset_silence, turn.lock_owned()).await.ok_or_else(late)?);
        Ok(waiting)
    }

    /// The link over which there are more.
    fn above(&self) -> Result<LinkRef, Refusal> {
        let directory = &self.environs().directory;
        let away = || Refusal::new(ErrorCode::OwnerUnreachable, "the cloud is not connected");
        directory.documents_above().and_then(|link| directory.link(link)).ok_or_else(away)
    }

    /// Bytes of an asset that is here.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn size_here(&self, asset: AssetId) -> Result<Option<u64>, Refusal> {
        let (store, account) = self.store();
        store.size(account, asset).await.map_err(|error| failed(&error))
    }

    /// Bytes that came of an asset that somebody began to bring here.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn came(&self, asset: AssetId) -> Result<u64, Refusal> {
        let (store, account) = self.store();
        store.written(account, asset).await.map_err(|error| failed(&error))
    }

    /// Has an asset here: it is fetched from the cloud if it is not. Returns its bytes.
    ///
    /// # Errors
    /// `NotFound` if nobody within reach has it; `OwnerUnreachable` if it is not here and the cloud is away.
    pub async fn obtain(&self, asset: AssetId) -> Result<u64, Refusal> {
        if let Some(size) = self.size_here(asset).await? {
            self.want(asset).await?;
            return Ok(size);
        }
        if !self.environs().has_above {
            return Err(unknown(asset));
        }
        self.fetch(asset).await
    }

    /// Bytes of an asset from there on: at most so many, fewer only at its end. It is fetched from the cloud if it is not here, or
    /// damaged here.
    ///
    /// # Errors
    /// See [`Assets::obtain`].
    pub async fn read(&self, asset: AssetId, from: u64, length: usize) -> Result<Bytes, Refusal> {
        self.obtain(asset).await?;
        let (store, account) = self.store();
        let read = match store.read(account, asset, from, length).await {
            Err(AssetError::Damaged(_)) if self.environs().has_above => {
                tracing::warn!(%asset, "an asset is damaged here and is fetched anew");
                store.delete(account, asset).await.map_err(|error| failed(&error))?;
                self.fetch(asset).await?;
                store.read(account, asset, from, length).await
            }
            read => read,
        };
        read.map_err(|error| failed(&error))?.ok_or_else(|| unknown(asset))
    }

    /// Fetches an asset from the cloud; what came of it earlier is not fetched again.
    async fn fetch(&self, asset: AssetId) -> Result<u64, Refusal> {
        let turn = self.turn(asset).await?;
        if let Some(size) = self.size_here(asset).await? {
            return Ok(size);
        }
        let place = self.0.places.enter().await;
        let mut upload = Upload::begin(self.clone(), turn, place, None).await?;
        let mut download = self.download(asset, upload.at()).await?;
        upload.expect(download.size()).await?;
        if upload.at() == 0 && download.from() > 0 {
            download = self.download(asset, 0).await?;
        }
        while let Some(bytes) = download.next().await? {
            upload.take(bytes).await?;
        }
        upload.finish().await?;
        Ok(download.size())
    }

    /// Reads an asset from whoever is above, from a byte on; nothing of it is kept here.
    ///
    /// # Errors
    /// `NotFound` if it is not there; `OwnerUnreachable` if there is no link.
    pub async fn download(&self, asset: AssetId, from: u64) -> Result<Download, Refusal> {
        let channel = Channel::open(&self.above()?, asset, self.patience()).await?;
        Download::begin(channel, from).await
    }

    /// Brings an asset to whoever is above. What came there earlier is not sent again. Ends when it is durable there.
    ///
    /// # Errors
    /// If it is not what it says, or too large; if there is no link, or it is lost: then it may be brought again.
    pub async fn send(&self, asset: AssetId, size: u64, source: &dyn AssetSource) -> Result<(), Refusal> {
        let mut channel = Channel::open(&self.above()?, asset, self.patience()).await?;
        transfer::send(&mut channel, size, source).await
    }

    /// Somebody brings an asset of so many bytes; `None`: it is here already. Whoever brings the same at the same time waits.
    ///
    /// # Errors
    /// `TooLarge`; `Overloaded` if too many come at once.
    pub async fn upload(&self, asset: AssetId, size: u64) -> Result<Option<Upload>, Refusal> {
        let limit = self.environs().limits.asset_bytes;
        if size > limit {
            return Err(too_large(size, limit));
        }
        if self.is_whole(asset).await? {
            if !self.collects() {
                self.owe(asset).await?;
                return Ok(None);
            }
            // Whoever brings it is about to link to it: that is not while it is being deleted.
            let _turn = self.turn(asset).await?;
            self.want(asset).await?;
            if self.is_whole(asset).await? {
                return Ok(None);
            }
        }
        let full = || Refusal::new(ErrorCode::Overloaded, "as many assets are being brought as may be; try again");
        let place = self.0.places.try_enter().ok_or_else(full)?;
        let turn = self.turn(asset).await?;
        self.want(asset).await?;
        if self.is_whole(asset).await? {
            return Ok(None);
        }
        Ok(Some(Upload::begin(self.clone(), turn, place, Some(size)).await?))
    }

    /// It is offered to the cloud once more: perhaps whoever brought it here went away before they heard that it is, and with them the note.
    async fn owe(&self, asset: AssetId) -> Result<(), Refusal> {
        let (store, account) = self.store();
        store.owe(account, asset).await.map_err(|error| failed(&error))?;
        self.0.owing.notify_one();
        Ok(())
    }

    /// Keeps an asset here that is in memory.
    ///
    /// # Errors
    /// As of [`Assets::upload`], or if the store fails.
    pub async fn put(&self, bytes: Bytes) -> Result<AssetId, Refusal> {
        let asset = AssetId::of(&bytes);
        if let Some(mut upload) = self.upload(asset, bytes.len() as u64).await? {
            upload.take(bytes).await?;
            upload.finish().await?;
        }
        Ok(asset)
    }

    /// Whether it is here and its bytes are right: one that is damaged is to be brought again.
    async fn is_whole(&self, asset: AssetId) -> Result<bool, Refusal> {
        let (store, account) = self.store();
        match store.read(account, asset, 0, 1).await {
            Ok(found) => Ok(found.is_some()),
            Err(AssetError::Damaged(_)) => Ok(false),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Serves a stream of a link.
    pub(crate) async fn serve(self, asset: AssetId, stream: Unserved) {
        let mut channel = Channel::serve(&stream, self.patience());
        let served = match channel.next().await {
            Ok(Some(AssetMessage::Get { from })) => self.give(asset, from, &mut channel).await,
            Ok(Some(AssetMessage::Put { size })) => self.take(asset, size, &mut channel).await,
            Ok(Some(_)) => Err(out_of_place()),
            Ok(None) => Ok(()),
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = served {
            tracing::debug!(%asset, %refusal, "a stream of an asset ends");
            channel.refuse(refusal);
        }
    }

    async fn give(&self, asset: AssetId, from: u64, channel: &mut Channel) -> Result<(), Refusal> {
        let size = self.obtain(asset).await?;
        // Damage is told, or mended, before anything is promised.
        self.read(asset, 0, 1).await?;
        channel.send(&AssetMessage::Has { size }).await?;
        transfer::pieces(channel, from, size, &Here { assets: self.clone(), asset }).await
    }

    async fn take(&self, asset: AssetId, size: u64, channel: &mut Channel) -> Result<(), Refusal> {
        if let Some(mut upload) = self.upload(asset, size).await? {
            channel.send(&AssetMessage::Wants { from: upload.at() }).await?;
            while upload.at() < size {
                match channel.next().await? {
                    Some(AssetMessage::Piece { bytes }) => upload.take(bytes).await?,
                    Some(_) => return Err(out_of_place()),
                    None => return upload.pause().await,
                }
            }
            upload.finish().await?;
        }
        channel.send(&AssetMessage::Kept).await
    }
}

/// An asset that is here.
struct Here {
    assets: Assets,
    asset: AssetId,
}

impl AssetSource for Here {
    fn read(&self, from: u64, length: usize) -> crate::ports::Pending<Result<Bytes, Refusal>> {
        let Environs { store, account, .. } = self.assets.environs();
        let (read, asset) = (store.read(*account, self.asset, from, length), self.asset);
        Box::pin(async move { read.await.map_err(|error| failed(&error))?.ok_or_else(|| unknown(asset)) })
    }
}

fn failed(error: &AssetError) -> Refusal {
    let code = match error {
        AssetError::Other(_) => ErrorCode::Malformed,
        AssetError::Refused(_) | AssetError::Unknown(_) | AssetError::Damaged(_) => ErrorCode::StorageFailed,
    };
    Refusal::new(code, error.to_string())
}

fn unknown(asset: AssetId) -> Refusal {
    Refusal::new(ErrorCode::NotFound, format!("asset {asset} is not here"))
}

fn too_large(size: u64, limit: u64) -> Refusal {
    Refusal::new(ErrorCode::TooLarge, format!("an asset of {size} bytes is over the limit of {limit} (asset_bytes)"))
}
