//! The folder of a project on disk, and what is remembered of its files.

use std::collections::BTreeMap;

use bytes::Bytes;
use wayfare_core::folder_assets::Base;
use wayfare_core::folder_binding::{Brief, Disk, Kept, Moved, Scan, Stamp, Swapped};
use wayfare_protocol::{DocumentId, ProjectId};

use super::Pending;
use crate::folder_assets::Seen;

/// A folder. Paths are relative to it, with `/` between names. What leads out of it, by whatever path or link, is refused.
///
/// One thing at a time is done in it, also if whoever asked for it does not wait for the answer.
pub trait FolderFiles: Send + Sync {
    /// What is in it.
    ///
    /// # Errors
    /// If it is not there or cannot be read.
    fn scan(&self) -> Pending<Result<Scan, String>>;
    /// Reads a file.
    fn read(&self, path: &str) -> Pending<Disk>;
    /// Writes a text beside a path, with the mode of the file that is there. It is on disk before this ends.
    ///
    /// # Errors
    /// Why not.
    fn stage(&self, path: &str, text: String) -> Pending<Result<Stamp, String>>;
    /// What is staged beside a path.
    fn staged(&self, path: &str) -> Pending<Option<String>>;
    /// Forgets that.
    ///
    /// # Errors
    /// Why not.
    fn unstage(&self, path: &str) -> Pending<Result<(), String>>;
    /// Puts what is staged at its path, if what is there is expected. Whoever reads the path sees the one or the other. If it is not
    /// done, what was staged stays so.
    fn swap(&self, path: &str, expected: Option<String>) -> Pending<Swapped>;
    /// Removes a file if its text is expected, and the folders that are empty then.
    fn remove(&self, path: &str, expected: String) -> Pending<Swapped>;
    /// Gives a file another path if nothing is there, and removes the folders that are empty then.
    fn rename(&self, from: &str, to: &str) -> Pending<Moved>;
    /// Gives what is staged beside a path a path of its own.
    fn reveal(&self, path: &str, to: &str) -> Pending<Moved>;
    /// Ends when something has changed in the folder since this was asked last. It may miss changes: look again after a while.
    fn stirred(&self) -> Pending<()>;
}

/// The files of the same folder that are no documents. They may be large, and are read and written in parts.
pub trait FolderAssetFiles: Send + Sync {
    /// Those of each scan of the folder.
    fn seen(&self) -> Seen;
    /// The stamp of a file; `None`: nothing is there.
    ///
    /// # Errors
    /// If nobody may look there, or it is no file.
    fn stamp(&self, path: &str) -> Pending<Result<Option<Stamp>, String>>;
    /// So many bytes of a file from there on, fewer only at its end.
    ///
    /// # Errors
    /// If it cannot be read.
    fn read_part(&self, path: &str, from: u64, length: usize) -> Pending<Result<Bytes, String>>;
    /// Writes the next bytes of what is staged beside a path; the first ones begin it anew.
    ///
    /// # Errors
    /// If it cannot be written.
    fn stage_part(&self, path: &str, at: u64, bytes: Bytes) -> Pending<Result<(), String>>;
    /// Sees that what is staged is on disk, and says its stamp, which it keeps when it gets its name.
    ///
    /// # Errors
    /// If nothing is staged.
    fn staged_stamp(&self, path: &str) -> Pending<Result<Stamp, String>>;
    /// Forgets what is staged.
    ///
    /// # Errors
    /// Why not.
    fn unstage_file(&self, path: &str) -> Pending<Result<(), String>>;
    /// Puts what is staged at its path, if what is there has that stamp; `None`: if nothing is there.
    fn swap_file(&self, path: &str, over: Option<Stamp>) -> Pending<Swapped>;
    /// Removes a file if it has that stamp, and the folders that are empty then.
    fn remove_file(&self, path: &str, expected: Stamp) -> Pending<Swapped>;
    /// Gives a file another path if nothing is there.
    fn move_file(&self, from: &str, to: &str) -> Pending<Moved>;
    /// The media type of a file, by its name.
    fn media_type(&self, path: &str) -> String;
}

/// What is remembered of a folder's documents and files, on disk.
pub trait Bases: Send + Sync {
    /// All of it, without histories.
    ///
    /// # Errors
    /// If it cannot be read.
    fn all(&self) -> Pending<Result<BTreeMap<DocumentId, Brief>, String>>;
    /// What is remembered of a document.
    ///
    /// # Errors
    /// If it cannot be read.
    fn get(&self, document: DocumentId) -> Pending<Result<Option<Kept>, String>>;
    /// What is remembered of the files that are no documents.
    ///
    /// # Errors
    /// If it cannot be read.
    fn assets(&self) -> Pending<Result<BTreeMap<String, Base>, String>>;
    /// Remembers all of that. It is on disk before this ends: the old or the new, and nothing between.
    ///
    /// # Errors
    /// If it cannot be written.
    fn put_assets(&self, assets: BTreeMap<String, Base>) -> Pending<Result<(), String>>;
    /// Remembers it, or forgets it. It is on disk before this ends: the old or the new, and nothing between.
    ///
    /// # Errors
    /// If it cannot be written.
    fn put(&self, document: DocumentId, kept: Option<Kept>) -> Pending<Result<(), String>>;
}

/// The folders that are bound here.
pub trait BoundFolders: Send + Sync {
    /// The name and id of each one's project.
    fn bound(&self) -> Vec<(String, ProjectId)>;
    /// Binds the folder of a project to another one, for as long as it is not let go: that is on disk before this ends. A folder that is
    /// not there any more stays so.
    ///
    /// # Errors
    /// Why not.
    fn rebind(&self, project: ProjectId, to: ProjectId) -> Result<(), String>;
}
