//! Spares as files, through opendal: `<account>/<daemon>/<chunk>`, and beside the chunks `spare`, which says what is made of them.
//!
//! A file is written and synced under another name, renamed to its own, and the folder synced: a crash leaves a whole file or none.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use opendal::{ErrorKind, Operator};
use wayfare_actors::ports::{BlobError, Pending, SpareStore};
use wayfare_protocol::migration::Spare;
use wayfare_protocol::{AccountId, ChunkId, EntityId, codec};

use crate::atomic_files;

/// What says of which chunks a spare is made.
const SPARE: &str = "spare";

/// A folder of spares.
#[derive(Clone, Debug)]
pub struct FileSpares {
    root: Arc<Path>,
    files: Operator,
}

impl FileSpares {
    /// Opens a folder of spares, and makes it if there is none.
    ///
    /// # Errors
    /// If the folder cannot be made or written to.
    pub async fn open(root: &Path) -> io::Result<Self> {
        Ok(Self { root: root.into(), files: atomic_files::open(root).await? })
    }

    async fn read(&self, path: &str) -> Result<Option<Bytes>, BlobError> {
        match self.files.read(path).await {
            Ok(read) => Ok(Some(read.to_bytes())),
            Err(why) if why.kind() == ErrorKind::NotFound => Ok(None),
            Err(why) => Err(refused(why)),
        }
    }

    async fn write(&self, folder: &str, name: &str, bytes: Bytes) -> Result<(), BlobError> {
        self.files.write(&format!("{folder}{name}"), bytes).await.map_err(unknown)?;
        let folder = self.root.join(folder);
        let synced = tokio::task::spawn_blocking(move || std::fs::File::open(folder)?.sync_all()).await;
        synced.map_err(io::Error::other).flatten().map_err(|why| BlobError::Unknown(why.to_string()))
    }

    async fn names(&self, folder: &str) -> Result<Vec<String>, BlobError> {
        match self.files.list(folder).await {
            Ok(entries) => Ok(entries.iter().map(|entry| entry.name().trim_end_matches('/').to_owned()).collect()),
            Err(why) if why.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(why) => Err(refused(why)),
        }
    }

    async fn every(self, account: AccountId) -> Result<Vec<Spare>, BlobError> {
        let mut spares = Vec::new();
        for name in self.names(&format!("{account}/")).await? {
            let Ok(daemon) = name.parse::<EntityId>() else { continue };
            let Some(bytes) = self.read(&format!("{}{SPARE}", folder(account, daemon))).await? else { continue };
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
        self.write(&folder, SPARE, codec::encode_stored(&spare)).await?;
        let needed: BTreeSet<_> = spare.ready.manifest.chunks.into_iter().map(|(chunk, _)| chunk).collect();
        for name in self.names(&folder).await? {
            if name.parse::<ChunkId>().is_ok_and(|chunk| !needed.contains(&chunk)) {
                self.files.delete(&format!("{folder}{name}")).await.map_err(unknown)?;
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
        let (files, path) = (self.files.clone(), format!("{}{chunk}", folder(account, daemon)));
        Box::pin(async move { files.exists(&path).await.map_err(refused) })
    }

    fn put(&self, account: AccountId, daemon: EntityId, bytes: Bytes) -> Pending<Result<(), BlobError>> {
        let this = self.clone();
        Box::pin(async move {
            let hashed = tokio::task::spawn_blocking(move || (ChunkId::of(&bytes), bytes)).await;
            let (chunk, bytes) = hashed.map_err(|_| BlobError::Unknown("the process ends".to_owned()))?;
            this.write(&folder(account, daemon), &chunk.to_string(), bytes).await
        })
    }

    fn keep(&self, account: AccountId, spare: Spare) -> Pending<Result<(), BlobError>> {
        Box::pin(self.clone().replace(account, spare))
    }

    fn get(&self, account: AccountId, daemon: EntityId, chunk: ChunkId) -> Pending<Result<Option<Bytes>, BlobError>> {
        let this = self.clone();
        Box::pin(async move {
            match this.read(&format!("{}{chunk}", folder(account, daemon))).await? {
                Some(bytes) if !chunk.is_of(&bytes) => Err(BlobError::Damaged(chunk)),
                found => Ok(found),
            }
        })
    }
}

fn folder(account: AccountId, daemon: EntityId) -> String {
    format!("{account}/{daemon}/")
}

fn refused(why: opendal::Error) -> BlobError {
    BlobError::Refused(why.to_string())
}

fn unknown(why: opendal::Error) -> BlobError {
    BlobError::Unknown(why.to_string())
}
