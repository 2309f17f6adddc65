//! Assets: `<account>/<first byte>/<id>`, in a folder or in a bucket of S3.
//!
//! Whatever is not an asset yet, and what is noted, is in the folder in either case. An upload's parts are
//! `<account>/uploads/<id>/<first byte's number>`. When it is finished they are read one after the other into the asset's file, which
//! gets its name only if the hash is right. What is owed are empty files `<account>/owed/<id>`, and the cloud to which everything was is
//! `<account>/met`; that nobody links to an asset is noted in `<account>/unlinked/<id>`, with the time in milliseconds.
//!
//! The first time that a process reads an asset it reads all of it, and remembers that its bytes have its hash for as long as the file
//! does not change.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use opendal::{Metadata, Writer};
use wayfare_actors::ports::{AssetError, AssetStore, Pending};
use wayfare_protocol::asset::AssetHash;
use wayfare_protocol::identity::ServerIdentity;
use wayfare_protocol::{AccountId, AssetId, Wall, codec};

use crate::asset_names::{Place, met};
use crate::bucket::{Bucket, BucketError, BucketKeys};
use crate::durable_files::{DurableFiles, reason};

/// Assets that are remembered to be whole.
const CHECKED: usize = 100_000;

/// See the module.
#[derive(Clone)]
pub struct FileAssets {
    /// Where the assets are.
    whole: DurableFiles,
    /// Where everything else is: the same folder, or the one beside a bucket.
    near: DurableFiles,
    checked: Arc<Mutex<BTreeMap<(AccountId, AssetId), Stamp>>>,
}

/// What a file that was not changed keeps.
#[derive(Clone, PartialEq, Eq)]
struct Stamp {
    size: u64,
    changed: Option<SystemTime>,
    /// A bucket's own mark of the content.
    tag: Option<String>,
}

impl FileAssets {
    /// Opens a folder of assets, and makes it if there is none. Uploads to which nothing was added for so long are forgotten.
    ///
    /// # Errors
    /// If the folder cannot be made or written to.
    pub async fn open(root: &Path, uploads: Duration) -> io::Result<Self> {
        let near = DurableFiles::folder(root).await?;
        forget_uploads(root, uploads).await?;
        Ok(Self { whole: near.clone(), near, checked: Arc::default() })
    }

    /// Opens assets that are in a bucket. Uploads, until they are whole, and notes are in the folder.
    ///
    /// # Errors
    /// If the bucket or the folder cannot be used, or the folder has assets, which would not be found.
    pub async fn in_bucket(
        root: &Path,
        uploads: Duration,
        bucket: &Bucket,
        keys: BucketKeys,
    ) -> Result<Self, BucketError> {
        let folder = |why| BucketError::Folder { folder: root.to_owned(), why };
        let here = Self::open(root, uploads).await.map_err(folder)?;
        if has_assets(root).await.map_err(folder)? {
            return Err(BucketError::Left(root.to_owned()));
        }
        Ok(Self { whole: bucket.open(keys).await?, ..here })
    }

    /// Bytes of a file of which this process knows that they are right.
    async fn read_checked(self, at: Place, from: u64, length: usize) -> Result<Option<Bytes>, AssetError> {
        let path = at.whole();
        let mut known = self.known(&at);
        // In a bucket each look is a request: a read that is good only for what was checked is both.
        if let Some(Stamp { size, tag: Some(tag), .. }) = known.as_ref().filter(|_| !self.whole.is_folder()) {
            let end = (*size).min(from.saturating_add(length as u64));
            if from < end {
                if let Some(read) = self.whole.read_range_of(&path, tag, from, end).await.map_err(refused)? {
                    return Ok(Some(read));
                }
                known = None;
            }
        }
        let Some(found) = self.whole.stat(&path).await.map_err(refused)? else { return Ok(None) };
        let (stamp, size) = (Stamp::of(&found), found.content_length());
        if known != Some(stamp.clone()) {
            self.check(&at, size).await?;
            self.remember(&at, stamp);
        }
        let end = size.min(from.saturating_add(length as u64));
        if from >= end {
            return Ok(Some(Bytes::new()));
        }
        self.whole.read_range(&path, from, end).await.map_err(refused)
    }

    async fn check(&self, at: &Place, size: u64) -> Result<(), AssetError> {
        let mut hash = AssetHash::default();
        if size > 0 {
            let mut pieces = self.whole.read_through(&at.whole()).await.map_err(refused)?;
            while let Some(piece) = pieces.try_next().await.map_err(refused)? {
                piece.for_each(|bytes| hash.update(&bytes));
            }
        }
        if hash.id() == at.asset { Ok(()) } else { Err(AssetError::Damaged(at.asset)) }
    }

    fn known(&self, at: &Place) -> Option<Stamp> {
        let checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        checked.get(&(at.account, at.asset)).cloned()
    }

    fn remember(&self, at: &Place, stamp: Stamp) {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if checked.len() >= CHECKED {
            checked.pop_first();
        }
        checked.insert((at.account, at.asset), stamp);
    }

    /// The parts of an upload as far as they are there without a gap: where each begins, and where the last one ends.
    async fn parts(&self, at: &Place) -> Result<(Vec<u64>, u64), AssetError> {
        let mut found = Vec::new();
        for name in self.near.names(&at.upload()).await.map_err(refused)? {
            let Ok(begin) = u64::from_str_radix(&name, 16) else { continue };
            if let Some(part) = self.near.stat(&at.part(begin)).await.map_err(refused)? {
                found.push((begin, part.content_length()));
            }
        }
        found.sort_unstable();
        let (mut parts, mut end) = (Vec::new(), 0);
        for (begin, length) in found {
            if begin > end {
                break;
            }
            if begin == end {
                parts.push(begin);
                end += length;
            }
        }
        Ok((parts, end))
    }

    /// The assets after which files in a folder are called, in order.
    async fn named(&self, folder: &str) -> Result<Vec<AssetId>, AssetError> {
        Ok(in_order(&self.near.names(folder).await.map_err(refused)?))
    }

    async fn listed(self, account: AccountId) -> Result<Vec<AssetId>, AssetError> {
        if !self.whole.is_folder() {
            // One question for a thousand assets, and nothing else is there.
            return Ok(in_order(&self.whole.names_below(&format!("{account}/")).await.map_err(refused)?));
        }
        let mut all = Vec::new();
        for first in 0..=u8::MAX {
            all.append(&mut self.named(&format!("{account}/{first:02x}/")).await?);
        }
        Ok(all)
    }

    async fn put(&self, path: &str, bytes: Bytes) -> Result<(), AssetError> {
        self.near.write(path, bytes).await.map_err(unknown)
    }

    async fn assemble(self, at: Place) -> Result<(), AssetError> {
        let (parts, _) = self.parts(&at).await?;
        let path = at.whole();
        let mut file = self.whole.writer(&path).await.map_err(unknown)?;
        let written = match self.pour(&at, parts, &mut file).await {
            Ok(asset) if asset == at.asset => file.close().await.map(drop).map_err(unknown),
            Ok(_) => Err(AssetError::Other(at.asset)),
            Err(error) => Err(error),
        };
        if let Err(error) = &written {
            // Nobody sees what there is of it in any case.
            if let Err(why) = file.abort().await {
                tracing::info!(asset = %at.asset, %why, "what was written of an asset stays where it is");
            }
            if !matches!(error, AssetError::Other(_)) {
                return written;
            }
        } else {
            self.whole.sync(&path).await.map_err(unknown)?;
            if let Some(file) = self.whole.stat(&path).await.map_err(unknown)? {
                self.remember(&at, Stamp::of(&file));
            }
        }
        self.remove_upload(&at).await?;
        written
    }

    /// Writes the parts of an upload one after the other, and says what they are.
    async fn pour(&self, at: &Place, parts: Vec<u64>, file: &mut Writer) -> Result<AssetId, AssetError> {
        let mut hash = AssetHash::default();
        for part in parts {
            let gone = || AssetError::Unknown("a part of an upload is gone".to_owned());
            let bytes = self.near.read(&at.part(part)).await.map_err(unknown)?.ok_or_else(gone)?;
            hash.update(&bytes);
            file.write(bytes).await.map_err(unknown)?;
        }
        Ok(hash.id())
    }

    async fn remove_upload(&self, at: &Place) -> Result<(), AssetError> {
        self.near.delete_folder(&at.upload()).await.map_err(unknown)
    }
}

impl Stamp {
    fn of(file: &Metadata) -> Self {
        Self {
            size: file.content_length(),
            changed: file.last_modified().map(SystemTime::from),
            tag: file.etag().map(str::to_owned),
        }
    }
}

fn in_order(names: &[String]) -> Vec<AssetId> {
    let mut named: Vec<AssetId> = names.iter().filter_map(|name| name.parse().ok()).collect();
    named.sort();
    named
}

/// Whether there is an asset in a folder.
async fn has_assets(root: &Path) -> io::Result<bool> {
    let mut accounts = tokio::fs::read_dir(root).await?;
    while let Some(account) = accounts.next_entry().await? {
        for first in 0..=u8::MAX {
            let Ok(mut files) = tokio::fs::read_dir(account.path().join(format!("{first:02x}"))).await else {
                continue;
            };
            if files.next_entry().await?.is_some() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Removes uploads that nobody goes on with.
async fn forget_uploads(root: &Path, after: Duration) -> io::Result<()> {
    let mut accounts = tokio::fs::read_dir(root).await?;
    while let Some(account) = accounts.next_entry().await? {
        let Ok(mut uploads) = tokio::fs::read_dir(account.path().join("uploads")).await else { continue };
        while let Some(upload) = uploads.next_entry().await? {
            let changed = upload.metadata().await?.modified()?;
            if changed.elapsed().is_ok_and(|age| age > after) {
                tokio::fs::remove_dir_all(upload.path()).await?;
            }
        }
    }
    Ok(())
}

impl AssetStore for FileAssets {
    fn size(&self, account: AccountId, asset: AssetId) -> Pending<Result<Option<u64>, AssetError>> {
        let this = self.clone();
        Box::pin(async move {
            let found = this.whole.stat(&Place { account, asset }.whole()).await.map_err(refused)?;
            Ok(found.map(|file| file.content_length()))
        })
    }

    fn read(
        &self,
        account: AccountId,
        asset: AssetId,
        from: u64,
        length: usize,
    ) -> Pending<Result<Option<Bytes>, AssetError>> {
        Box::pin(self.clone().read_checked(Place { account, asset }, from, length))
    }

    fn written(&self, account: AccountId, asset: AssetId) -> Pending<Result<u64, AssetError>> {
        let this = self.clone();
        Box::pin(async move { Ok(this.parts(&Place { account, asset }).await?.1) })
    }

    fn write(&self, account: AccountId, asset: AssetId, at: u64, bytes: Bytes) -> Pending<Result<(), AssetError>> {
        let this = self.clone();
        Box::pin(async move { this.put(&Place { account, asset }.part(at), bytes).await })
    }

    fn finish(&self, account: AccountId, asset: AssetId) -> Pending<Result<(), AssetError>> {
        Box::pin(self.clone().assemble(Place { account, asset }))
    }

    fn delete(&self, account: AccountId, asset: AssetId) -> Pending<Result<(), AssetError>> {
        let (this, at) = (self.clone(), Place { account, asset });
        Box::pin(async move {
            this.whole.delete(&at.whole()).await.map_err(unknown)?;
            this.remove_upload(&at).await
        })
    }

    fn owe(&self, account: AccountId, asset: AssetId) -> Pending<Result<(), AssetError>> {
        let this = self.clone();
        Box::pin(async move { this.put(&Place { account, asset }.owed(), Bytes::new()).await })
    }

    fn settle(&self, account: AccountId, asset: AssetId) -> Pending<Result<(), AssetError>> {
        let near = self.near.clone();
        Box::pin(async move { near.delete(&Place { account, asset }.owed()).await.map_err(unknown) })
    }

    fn owed(&self, account: AccountId) -> Pending<Result<Vec<AssetId>, AssetError>> {
        let this = self.clone();
        Box::pin(async move { this.named(&format!("{account}/owed/")).await })
    }

    fn met(&self, account: AccountId) -> Pending<Result<Option<ServerIdentity>, AssetError>> {
        let this = self.clone();
        Box::pin(async move {
            let read = this.near.read(&met(account)).await.map_err(refused)?;
            // One that cannot be read is met anew.
            Ok(read.and_then(|read| codec::decode(&read).ok()))
        })
    }

    fn note_met(&self, account: AccountId, cloud: ServerIdentity) -> Pending<Result<(), AssetError>> {
        let this = self.clone();
        Box::pin(async move { this.put(&met(account), codec::encode(&cloud)).await })
    }

    fn list(&self, account: AccountId) -> Pending<Result<Vec<AssetId>, AssetError>> {
        Box::pin(self.clone().listed(account))
    }

    fn note_unlinked(&self, account: AccountId, asset: AssetId, since: Wall) -> Pending<Result<(), AssetError>> {
        let this = self.clone();
        Box::pin(async move { this.put(&Place { account, asset }.unlinked(), since.0.to_string().into()).await })
    }

    fn forget_unlinked(&self, account: AccountId, asset: AssetId) -> Pending<Result<(), AssetError>> {
        let near = self.near.clone();
        Box::pin(async move { near.delete(&Place { account, asset }.unlinked()).await.map_err(unknown) })
    }

    fn unlinked(&self, account: AccountId) -> Pending<Result<BTreeMap<AssetId, Wall>, AssetError>> {
        let this = self.clone();
        Box::pin(async move {
            let mut noted = BTreeMap::new();
            for asset in this.named(&format!("{account}/unlinked/")).await? {
                let read = this.near.read(&Place { account, asset }.unlinked()).await.map_err(refused)?;
                let since = read.and_then(|read| std::str::from_utf8(&read).ok()?.parse().ok());
                // What cannot be read is noted anew.
                noted.extend(since.map(|since| (asset, Wall(since))));
            }
            Ok(noted)
        })
    }
}

fn refused(why: opendal::Error) -> AssetError {
    AssetError::Refused(told(&why))
}

fn unknown(why: opendal::Error) -> AssetError {
    AssetError::Unknown(told(&why))
}

fn told(why: &opendal::Error) -> String {
    tracing::warn!(error = %why, "an asset's file");
    reason(why)
}
