//! Spares as files: `<account>/<daemon>/<chunk>` below a folder, and beside the chunks `spare`, which says what is made of them.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use bytes::Bytes;
use wayfare_actors::ports::{BlobError, Pending, SpareStore};
use wayfare_protocol::migration::Spare;
use wayfare_protocol::{AccountId, ChunkId, EntityId, codec};

use crate::blobs::{off_thread, refused, unknown};
use crate::durable_files::DurableFiles;

/// What says of which chunks a spare is made.
const SPARE: &str = "spare";

/// A folder of spares.
#[derive(Clone, Debug)]
pub struct FileSpares(DurableFiles);

impl FileSpares {
    /// Opens a folder of spares, and makes it if there is none.
    ///
    /// # Errors
    /// If the folder cannot be made or written to.
    pub async fn open(root: &Path) -> io::Result<Self> {
        Ok(Self(DurableFiles::folder(root).await?))
    }

    async fn every(self, account: AccountId) -> Result<Vec<Spare>, BlobError> {
        let mut spares = Vec::new();
        for name in self.0.names(&format!("{account}/")).await.map_err(refused)? {
            let Ok(daemon) = name.parse::<EntityId>() else { continue };
            let path = format!("{}{SPARE}", folder(account, daemon));
            let Some(bytes) = self.0.read(&path).await.map_err(refused)? else { continue };
            match codec::decode_stored::<Spare>(&bytes) {
                Ok(spare) if spare.daemon == daemon => spares.push(spare),
                Ok(_) => tracing::warn!(%daemon, "the spare in its place is another daemon's"),
                Err(error) => tracing::warn!(%daemon, %error, "a spare cannot be read"),
            }
        }
        Ok(spares)
    }

    async fn replace(self, account: AccountId, spare: Spare) -> Result<(), BlobError> {
        let folder = folder(account, spare.daemon);
        let written = self.0.write(&format!("{folder}{SPARE}"), codec::encode_stored(&spare)).await;
        written.map_err(unknown)?;
        let needed: BTreeSet<_> = spare.ready.manifest.chunks.into_iter().map(|(chunk, _)| chunk).collect();
        for name in self.0.names(&folder).await.map_err(refused)? {
            if name.parse::<ChunkId>().is_ok_and(|chunk| !needed.contains(&chunk)) {
                self.0.delete(&format!("{folder}{name}")).await.map_err(unknown)?;
            }
        }
        Ok(())
    }
}

impl SpareStore for FileSpares {
    fn all(&self, account: AccountId) -> Pending<Result<Vec<Spare>, BlobError>> {
        Box::pin(self.clone().every(account))
    }

    fn has(&self, account: AccountId, daemon: EntityId, chunk: ChunkId) -> Pending<Result<bool, BlobError>> {
        let (files, path) = (self.0.clone(), path(account, daemon, chunk));
        Box::pin(async move { Ok(files.stat(&path).await.map_err(refused)?.is_some()) })
    }

    fn put(&self, account: AccountId, daemon: EntityId, bytes: Bytes) -> Pending<Result<(), BlobError>> {
        let files = self.0.clone();
        Box::pin(async move {
            let (chunk, bytes) = off_thread(move || (ChunkId::of(&bytes), bytes)).await?;
            files.write(&path(account, daemon, chunk), bytes).await.map_err(unknown)
        })
    }

    fn keep(&self, account: AccountId, spare: Spare) -> Pending<Result<(), BlobError>> {
        Box::pin(self.clone().replace(account, spare))
    }

    fn get(&self, account: AccountId, daemon: EntityId, chunk: ChunkId) -> Pending<Result<Option<Bytes>, BlobError>> {
        let files = self.0.clone();
        Box::pin(async move {
            match files.read(&path(account, daemon, chunk)).await.map_err(refused)? {
                Some(bytes) if !chunk.is_of(&bytes) => Err(BlobError::Damaged(chunk)),
                found => Ok(found),
            }
        })
    }
}

fn folder(account: AccountId, daemon: EntityId) -> String {
    format!("{account}/{daemon}/")
}

fn path(account: AccountId, daemon: EntityId, chunk: ChunkId) -> String {
    format!("{}{chunk}", folder(account, daemon))
}
