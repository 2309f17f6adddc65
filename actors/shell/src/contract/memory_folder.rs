//! A bound folder in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{Notify, watch};
use wayfare_core::folder_binding::paths::{STAGED, fits, fits_file};
use wayfare_core::folder_binding::{Disk, Moved, Scan, Stamp, Swapped};

use super::folder::{FolderWorld, Opened};
use crate::folder_assets::Seen;
use crate::ports::{FolderAssetFiles, FolderFiles, Pending};

/// See the module. Clones are the same folder.
#[derive(Clone, Default)]
pub struct MemoryFolder(Arc<Shared>);

#[derive(Default)]
struct Shared {
    files: Mutex<Files>,
    stirred: Notify,
    seen: watch::Sender<Option<Arc<BTreeMap<String, Stamp>>>>,
}

#[derive(Default)]
struct Files {
    files: BTreeMap<String, (Vec<u8>, Stamp)>,
    stamps: u64,
}

impl Files {
    fn put(&mut self, path: &str, bytes: &[u8]) -> Stamp {
        self.stamps += 1;
        let stamp = Stamp { modified: i128::from(self.stamps), bytes: bytes.len() as u64, inode: self.stamps };
        self.files.insert(path.to_owned(), (bytes.to_owned(), stamp));
        stamp
    }

    fn is(&self, path: &str, expected: Option<&str>) -> bool {
        self.files.get(path).map(|(bytes, _)| bytes.as_slice()) == expected.map(str::as_bytes)
    }

    fn stamp(&self, path: &str) -> Option<Stamp> {
        self.files.get(path).map(|(_, stamp)| *stamp)
    }

    /// Puts what is staged at a path, where something else is or nothing.
    fn place(&mut self, path: &str) -> Swapped {
        let Some(file) = self.files.remove(&staged(path)) else {
            return Swapped::Refused("nothing is staged".to_owned());
        };
        self.files.insert(path.to_owned(), file);
        Swapped::Done
    }

    fn rename(&mut self, from: &str, to: &str) -> Moved {
        if self.files.contains_key(to) {
            return Moved::Taken;
        }
        match self.files.remove(from) {
            Some(file) => {
                self.files.insert(to.to_owned(), file);
                Moved::Done
            }
            None => Moved::Gone,
        }
    }
}

fn staged(path: &str) -> String {
    format!("{path}{STAGED}")
}

fn now<T: Send + 'static>(value: T) -> Pending<T> {
    Box::pin(std::future::ready(value))
}

impl MemoryFolder {
    fn files(&self) -> MutexGuard<'_, Files> {
        self.0.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something, which stirs the folder, whoever does it.
    fn change<T>(&self, change: impl FnOnce(&mut Files) -> T) -> T {
        let changed = change(&mut self.files());
        self.0.stirred.notify_one();
        changed
    }

    /// Everything that somebody sees who lists the folder.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, Vec<u8>> {
        let files = self.files();
        let seen = files.files.iter().filter(|(path, _)| !path.ends_with(STAGED));
        seen.map(|(path, (bytes, _))| (path.clone(), bytes.clone())).collect()
    }

    /// Somebody gives a file another path; `false` if it is not there, or something else is in its place.
    #[must_use]
    pub fn moves(&self, from: &str, to: &str) -> bool {
        self.change(|files| files.rename(from, to)) == Moved::Done
    }
}

impl FolderWorld for MemoryFolder {
    fn open_both(&self) -> Opened {
        (Arc::new(self.clone()), Arc::new(self.clone()))
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        self.change(|files| files.put(path, bytes));
    }

    fn remove(&self, path: &str) {
        self.change(|files| files.files.remove(path));
    }

    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.files().files.get(path).map(|(bytes, _)| bytes.clone())
    }
}

impl FolderFiles for MemoryFolder {
    fn scan(&self) -> Pending<Result<Scan, String>> {
        let (mut scan, mut others) = (Scan::default(), BTreeMap::new());
        for (path, (_, stamp)) in &self.files().files {
            // The first folder that is ignored stands for what is in it.
            let parts = path.match_indices('/').map(|(at, _)| &path[..at]).chain([path.as_str()]);
            let ignored =
                parts.filter_map(|part| Some((part, fits(part).err()?))).find(|(_, why)| why.contains("ignored"));
            match (ignored, fits(path)) {
                (Some((part, why)), _) if !path.ends_with(STAGED) => {
                    scan.skipped.insert(part.to_owned(), why);
                }
                (Some(_), _) => {}
                (None, Err(_)) if fits_file(path).is_ok() => {
                    others.insert(path.clone(), *stamp);
                }
                (None, Err(why)) => {
                    scan.skipped.insert(path.clone(), why);
                }
                (None, Ok(())) => {
                    scan.files.insert(path.clone(), *stamp);
                }
            }
        }
        self.0.seen.send_replace(Some(Arc::new(others)));
        now(Ok(scan))
    }

    fn read(&self, path: &str) -> Pending<Disk> {
        if let Err(why) = fits(path) {
            return now(Disk::Unfit(why));
        }
        now(match self.files().files.get(path) {
            None => Disk::Gone,
            Some((bytes, stamp)) => match String::from_utf8(bytes.clone()) {
                Ok(text) => Disk::Text { text, stamp: *stamp },
                Err(error) => Disk::Unfit(error.to_string()),
            },
        })
    }

    fn stage(&self, path: &str, text: String) -> Pending<Result<Stamp, String>> {
        now(fits(path).map(|()| self.files().put(&staged(path), text.as_bytes())))
    }

    fn staged(&self, path: &str) -> Pending<Option<String>> {
        let files = self.files();
        now(files.files.get(&staged(path)).map(|(bytes, _)| String::from_utf8_lossy(bytes).into_owned()))
    }

    fn unstage(&self, path: &str) -> Pending<Result<(), String>> {
        self.files().files.remove(&staged(path));
        now(Ok(()))
    }

    fn swap(&self, path: &str, expected: Option<String>) -> Pending<Swapped> {
        now(self.change(|files| if files.is(path, expected.as_deref()) { files.place(path) } else { Swapped::Changed }))
    }

    fn remove(&self, path: &str, expected: String) -> Pending<Swapped> {
        let mut files = self.files();
        if !files.is(path, Some(&expected)) {
            return now(Swapped::Changed);
        }
        files.files.remove(path);
        now(Swapped::Done)
    }

    fn rename(&self, from: &str, to: &str) -> Pending<Moved> {
        now(match fits(to) {
            Ok(()) => self.change(|files| files.rename(from, to)),
            Err(why) => Moved::Refused(why),
        })
    }

    fn reveal(&self, path: &str, to: &str) -> Pending<Moved> {
        now(self.change(|files| files.rename(&staged(path), to)))
    }

    fn stirred(&self) -> Pending<()> {
        let folder = self.clone();
        Box::pin(async move { folder.0.stirred.notified().await })
    }
}

impl FolderAssetFiles for MemoryFolder {
    fn seen(&self) -> Seen {
        self.0.seen.subscribe()
    }

    fn stamp(&self, path: &str) -> Pending<Result<Option<Stamp>, String>> {
        now(fits_file(path).map(|()| self.files().stamp(path)))
    }

    fn read_part(&self, path: &str, from: u64, length: usize) -> Pending<Result<Bytes, String>> {
        let files = self.files();
        now(match files.files.get(path) {
            None => Err("it is gone".to_owned()),
            Some((bytes, _)) => {
                let begin = usize::try_from(from).unwrap_or(usize::MAX).min(bytes.len());
                let end = begin.saturating_add(length).min(bytes.len());
                Ok(Bytes::copy_from_slice(&bytes[begin..end]))
            }
        })
    }

    fn stage_part(&self, path: &str, at: u64, bytes: Bytes) -> Pending<Result<(), String>> {
        if let Err(why) = fits_file(path) {
            return now(Err(why));
        }
        let (mut files, staged) = (self.files(), staged(path));
        let mut whole = if at == 0 {
            Vec::new()
        } else {
            files.files.get(&staged).map_or_else(Vec::new, |(bytes, _)| bytes.clone())
        };
        if whole.len() as u64 != at {
            return now(Err("what was written of it is gone".to_owned()));
        }
        whole.extend_from_slice(&bytes);
        files.put(&staged, &whole);
        now(Ok(()))
    }

    fn staged_stamp(&self, path: &str) -> Pending<Result<Stamp, String>> {
        now(self.files().stamp(&staged(path)).ok_or_else(|| "nothing is staged".to_owned()))
    }

    fn unstage_file(&self, path: &str) -> Pending<Result<(), String>> {
        self.unstage(path)
    }

    fn swap_file(&self, path: &str, over: Option<Stamp>) -> Pending<Swapped> {
        now(self.change(|files| if files.stamp(path) == over { files.place(path) } else { Swapped::Changed }))
    }

    fn remove_file(&self, path: &str, expected: Stamp) -> Pending<Swapped> {
        let mut files = self.files();
        if files.stamp(path) != Some(expected) {
            return now(Swapped::Changed);
        }
        files.files.remove(path);
        now(Swapped::Done)
    }

    fn move_file(&self, from: &str, to: &str) -> Pending<Moved> {
        now(match fits_file(to) {
            Ok(()) => self.change(|files| files.rename(from, to)),
            Err(why) => Moved::Refused(why),
        })
    }

    fn media_type(&self, _path: &str) -> String {
        "application/octet-stream".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::folder;

    #[tokio::test]
    async fn a_folder_in_memory_keeps_the_contract() {
        folder::all(MemoryFolder::default).await;
    }
}
