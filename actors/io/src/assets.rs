//! Assets through opendal: `<account>/<first byte>/<id>` below a folder.
//!
//! An upload's parts are `<account>/uploads/<id>/<first byte's number>`. When it is finished they are read one after the other into
//! a new file, which is renamed to its name only if the hash is right. What is owed are empty files `<account>/owed/<id>`; that
//! nobody links to one is noted in `<account>/unlinked/<id>`, with the time in milliseconds. A file
//! is written elsewhere, synced, renamed, and its folders synced: a crash leaves a whole one or none.
//!
//! The first time that a process reads an asset it reads all of it, and remembers that its bytes have its hash for as long as the file
//! does not change.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use opendal::{ErrorKind, Metadata, Operator};
use wayfare_actors::ports::{AssetError, AssetStore, Pending};
use wayfare_protocol::asset::AssetHash;
use wayfare_protocol::limits::ASSET_PART;
use wayfare_protocol::{AccountId, AssetId, Wall};

use crate::atomic_files;

/// Assets that are remembered to be whole.
const CHECKED: usize = 100_000;

/// See the module.
#[derive(Clone)]
pub struct FileAssets {
    root: Arc<Path>,
    files: Operator,
    checked: Arc<Mutex<BTreeMap<(AccountId, AssetId), Stamp>>>,
}

/// What a file that was not changed keeps.
type Stamp = (u64, Option<SystemTime>);

impl FileAssets {
    /// Opens a folder of assets, and makes it if there is none. Uploads to which nothing was added for so long are forgotten.
    ///
    /// # Errors
    /// If the folder cannot be made or written to.
    pub async fn open(root: &Path, uploads: Duration) -> io::Result<Self> {
        let files = atomic_files::open(root).await?;
        forget_uploads(root, uploads).await?;
        Ok(Self { root: root.into(), files, checked: Arc::default() })
    }

    async fn stat(&self, path: &str) -> Result<Option<Metadata>, AssetError> {
        match self.files.stat(path).await {
            Ok(found) => Ok(Some(found)),
            Err(why) if why.kind() == ErrorKind::NotFound => Ok(None),
            Err(why) => Err(refused(why)),
        }
    }

    /// Bytes of a file of which this process knows that they are right.
    async fn read_checked(self, at: Place, from: u64, length: usize) -> Result<Option<Bytes>, AssetError> {
        let path = at.whole();
        let Some(found) = self.stat(&path).await? else { return Ok(None) };
        let stamp = stamp(&found);
        if self.known(&at) != Some(stamp) {
            self.check(&at, &path, found.content_length()).await?;
            self.remember(&at, stamp);
        }
        let end = found.content_length().min(from.saturating_add(length as u64));
        if from >= end {
            return Ok(Some(Bytes::new()));
        }
        let read = self.files.read_with(&path).range(from..end).await.map_err(refused)?;
        Ok(Some(read.to_bytes()))
    }

    async fn check(&self, at: &Place, path: &str, size: u64) -> Result<(), AssetError> {
        let mut hash = AssetHash::default();
        let mut from = 0;
        while from < size {
            let end = size.min(from + ASSET_PART as u64);
            let read = self.files.read_with(path).range(from..end).await.map_err(refused)?;
            hash.update(&read.to_bytes());
            from = end;
        }
        if hash.id() == at.asset { Ok(()) } else { Err(AssetError::Damaged(at.asset)) }
    }

    fn known(&self, at: &Place) -> Option<Stamp> {
        let checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        checked.get(&(at.account, at.asset)).copied()
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
        for entry in self.files.list(&at.upload()).await.map_err(refused)? {
            if let (Ok(begin), Some(part)) = (u64::from_str_radix(entry.name(), 16), self.stat(entry.path()).await?) {
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
        let entries = self.files.list(folder).await.map_err(refused)?;
        let mut named: Vec<AssetId> = entries.iter().filter_map(|entry| entry.name().parse().ok()).collect();
        named.sort();
        Ok(named)
    }

    async fn put(&self, path: &str, bytes: Bytes) -> Result<(), AssetError> {
        self.files.write(path, bytes).await.map_err(unknown)?;
        self.sync(path).await
    }

    async fn assemble(self, at: Place) -> Result<(), AssetError> {
        let (parts, _) = self.parts(&at).await?;
        let mut hash = AssetHash::default();
        let mut file = self.files.writer(&at.whole()).await.map_err(unknown)?;
        for part in parts {
            let bytes = self.files.read(&at.part(part)).await.map_err(unknown)?.to_bytes();
            hash.update(&bytes);
            file.write(bytes).await.map_err(unknown)?;
        }
        let is_right = hash.id() == at.asset;
        if is_right {
            let written = file.close().await.map_err(unknown)?;
            self.remember(&at, stamp(&written));
            self.sync(&at.whole()).await?;
        } else {
            file.abort().await.map_err(unknown)?;
        }
        self.remove_upload(&at).await?;
        if is_right { Ok(()) } else { Err(AssetError::Other(at.asset)) }
    }

    async fn remove_upload(&self, at: &Place) -> Result<(), AssetError> {
        self.files.delete_with(&at.upload()).recursive(true).await.map_err(unknown)
    }

    /// The names on the way to a file survive a loss of power.
    async fn sync(&self, path: &str) -> Result<(), AssetError> {
        let mut folders: Vec<PathBuf> = self.root.join(path).ancestors().skip(1).map(Path::to_owned).collect();
        folders.truncate(3);
        let synced = tokio::task::spawn_blocking(move || {
            folders.iter().try_for_each(|folder| std::fs::File::open(folder)?.sync_all())
        });
        let ends = |_| AssetError::Unknown("the process ends".to_owned());
        synced.await.map_err(ends)?.map_err(|why| AssetError::Unknown(why.to_string()))
    }
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

/// Where an asset of an account is.
#[derive(Clone, Copy)]
struct Place {
    account: AccountId,
    asset: AssetId,
}

impl Place {
    fn whole(&self) -> String {
        format!("{}/{:02x}/{}", self.account, self.asset.0[0], self.asset)
    }

    fn upload(&self) -> String {
        format!("{}/uploads/{}/", self.account, self.asset)
    }

    fn part(&self, at: u64) -> String {
        format!("{}{at:016x}", self.upload())
    }

    fn owed(&self) -> String {
        format!("{}/owed/{}", self.account, self.asset)
    }

    fn unlinked(&self) -> String {
        format!("{}/unlinked/{}", self.account, self.asset)
    }
}

impl AssetStore for FileAssets {
    fn size(&self, account: AccountId, asset: AssetId) -> Pending<Result<Option<u64>, AssetError>> {
        let this = self.clone();
        Box::pin(
            async move { Ok(this.stat(&Place { account, asset }.whole()).await?.map(|file| file.content_length())) },
        )
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
            this.files.delete(&at.whole()).await.map_err(unknown)?;
            this.remove_upload(&at).await
        })
    }

    fn owe(&self, account: AccountId, asset: AssetId) -> Pending<Result<(), AssetError>> {
        let this = self.clone();
        Box::pin(async move { this.put(&Place { account, asset }.owed(), Bytes::new()).await })
    }

    fn settle(&self, account: AccountId, asset: AssetId) -> Pending<Result<(), AssetError>> {
        let files = self.files.clone();
        Box::pin(async move { files.delete(&Place { account, asset }.owed()).await.map_err(unknown) })
    }

    fn owed(&self, account: AccountId) -> Pending<Result<Vec<AssetId>, AssetError>> {
        let this = self.clone();
        Box::pin(async move { this.named(&format!("{account}/owed/")).await })
    }

    fn list(&self, account: AccountId) -> Pending<Result<Vec<AssetId>, AssetError>> {
        let this = self.clone();
        Box::pin(async move {
            let mut all = Vec::new();
            for first in 0..=u8::MAX {
                all.append(&mut this.named(&format!("{account}/{first:02x}/")).await?);
            }
            Ok(all)
        })
    }

    fn note_unlinked(&self, account: AccountId, asset: AssetId, since: Wall) -> Pending<Result<(), AssetError>> {
        let this = self.clone();
        Box::pin(async move { this.put(&Place { account, asset }.unlinked(), since.0.to_string().into()).await })
    }

    fn forget_unlinked(&self, account: AccountId, asset: AssetId) -> Pending<Result<(), AssetError>> {
        let files = self.files.clone();
        Box::pin(async move { files.delete(&Place { account, asset }.unlinked()).await.map_err(unknown) })
    }

    fn unlinked(&self, account: AccountId) -> Pending<Result<BTreeMap<AssetId, Wall>, AssetError>> {
        let this = self.clone();
        Box::pin(async move {
            let mut noted = BTreeMap::new();
            for asset in this.named(&format!("{account}/unlinked/")).await? {
                let read = this.files.read(&Place { account, asset }.unlinked()).await.map_err(refused)?;
                let since = std::str::from_utf8(&read.to_bytes()).ok().and_then(|text| text.parse().ok());
                // What cannot be read is noted anew.
                noted.extend(since.map(|since| (asset, Wall(since))));
            }
            Ok(noted)
        })
    }
}

fn refused(why: opendal::Error) -> AssetError {
    AssetError::Refused(why.to_string())
}

fn unknown(why: opendal::Error) -> AssetError {
    AssetError::Unknown(why.to_string())
}

fn stamp(file: &Metadata) -> Stamp {
    (file.content_length(), file.last_modified().map(SystemTime::from))
}
