//! Files by name through opendal, in a folder or in a bucket of S3: a crash leaves a whole one or none, and what is acknowledged survives
//! a loss of power.
//!
//! In a folder a file is written and synced under another name in `writing`, renamed to its own, and the folders on the way to it are
//! synced. What a crash left in `writing` is removed when the folder is opened. A bucket does all of that before it answers.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use opendal::services::Fs;
use opendal::{BufferStream, Error, ErrorKind, Metadata, Operator, Result, Writer};
use wayfare_protocol::limits::{BUCKET_PART, BUCKET_PARTS};

/// Where files are written before they get their name.
const WRITING: &str = "writing";

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct DurableFiles {
    files: Operator,
    /// The folder; `None`: a bucket.
    root: Option<Arc<Path>>,
}

impl DurableFiles {
    /// Opens a folder, and makes it if there is none.
    ///
    /// # Errors
    /// If the folder cannot be made or written to.
    pub(crate) async fn folder(root: &Path) -> io::Result<Self> {
        let writing = root.join(WRITING);
        match tokio::fs::remove_dir_all(&writing).await {
            Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
            _ => tokio::fs::create_dir_all(&writing).await?,
        }
        let text = |path: &Path| path.to_str().map(str::to_owned).ok_or(io::ErrorKind::InvalidFilename);
        let files = Fs::default().root(&text(root)?).atomic_write_dir(&text(&writing)?);
        Ok(Self { files: Operator::new(files).map_err(io::Error::other)?, root: Some(root.into()) })
    }

    /// Those of a bucket.
    #[cfg(feature = "s3")]
    pub(crate) fn bucket(files: Operator) -> Self {
        Self { files, root: None }
    }

    /// Whether they are in a folder of this machine.
    pub(crate) fn is_folder(&self) -> bool {
        self.root.is_some()
    }

    /// What is there; `None`: nothing.
    pub(crate) async fn stat(&self, path: &str) -> Result<Option<Metadata>> {
        found(self.files.stat(path).await)
    }

    /// All bytes of a file; `None`: it is not there.
    pub(crate) async fn read(&self, path: &str) -> Result<Option<Bytes>> {
        Ok(found(self.files.read(path).await)?.map(|read| read.to_bytes()))
    }

    /// Some bytes of a file; `None`: it is not there.
    pub(crate) async fn read_range(&self, path: &str, from: u64, end: u64) -> Result<Option<Bytes>> {
        Ok(found(self.files.read_with(path).range(from..end).await)?.map(|read| read.to_bytes()))
    }

    /// Some bytes of a file in a bucket, as long as its content has that mark; `None`: it is not there, or has another.
    pub(crate) async fn read_range_of(&self, path: &str, tag: &str, from: u64, end: u64) -> Result<Option<Bytes>> {
        match self.files.read_with(path).range(from..end).if_match(tag).await {
            Err(why) if why.kind() == ErrorKind::ConditionNotMatch => Ok(None),
            read => Ok(found(read)?.map(|read| read.to_bytes())),
        }
    }

    /// Reads a file that is there from its beginning, piece by piece.
    pub(crate) async fn read_through(&self, path: &str) -> Result<BufferStream> {
        self.files.reader(path).await?.into_stream(..).await
    }

    /// The names in a folder, those of folders without a stroke at their end; none if it is not there.
    pub(crate) async fn names(&self, folder: &str) -> Result<Vec<String>> {
        let entries = found(self.files.list(folder).await)?.unwrap_or_default();
        Ok(entries.iter().map(|entry| entry.name().trim_end_matches('/').to_owned()).collect())
    }

    /// The names of all files below a folder.
    pub(crate) async fn names_below(&self, folder: &str) -> Result<Vec<String>> {
        let entries = found(self.files.list_with(folder).recursive(true).await)?.unwrap_or_default();
        Ok(entries.iter().map(|entry| entry.name().to_owned()).collect())
    }

    /// Writes a file in the place of the one of that name. Ends when it survives a loss of power.
    pub(crate) async fn write(&self, path: &str, bytes: Bytes) -> Result<()> {
        self.files.write(path, bytes).await?;
        self.sync(path).await
    }

    /// Writes a file part by part; nobody sees it before it is closed. Then it is to be synced.
    pub(crate) async fn writer(&self, path: &str) -> Result<Writer> {
        match self.root {
            Some(_) => self.files.writer(path).await,
            None => self.files.writer_with(path).chunk(BUCKET_PART).concurrent(BUCKET_PARTS).await,
        }
    }

    /// Removes a file, if it is there.
    pub(crate) async fn delete(&self, path: &str) -> Result<()> {
        self.files.delete(path).await
    }

    /// Removes a folder with everything in it, if it is there.
    pub(crate) async fn delete_folder(&self, folder: &str) -> Result<()> {
        self.files.delete_with(folder).recursive(true).await
    }

    /// The names on the way to a file survive a loss of power.
    pub(crate) async fn sync(&self, path: &str) -> Result<()> {
        let Some(root) = self.root.clone() else { return Ok(()) };
        let file = root.join(path);
        let synced = tokio::task::spawn_blocking(move || {
            let mut folders = file.ancestors().skip(1).take_while(|folder| folder.starts_with(&root));
            folders.try_for_each(|folder| File::open(folder)?.sync_all())
        });
        let failed = |why| Error::new(ErrorKind::Unexpected, "a folder is not synced").set_source(why);
        synced.await.map_err(io::Error::other).flatten().map_err(failed)
    }
}

/// What went wrong, for whoever asked: where things are, and what a service was asked and answered, is for logs.
pub(crate) fn reason(why: &Error) -> String {
    let mut said = format!("{}: {}", why.kind(), why.message());
    let mut cause = std::error::Error::source(why);
    while let Some(error) = cause {
        said = format!("{said}: {error}");
        cause = error.source();
    }
    said
}

fn found<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(None),
        Err(why) => Err(why),
    }
}
