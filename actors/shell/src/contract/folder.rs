//! What a [`FolderFiles`] must do, and one that is in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use wayfare_core::folder_binding::paths::{STAGED, fits};
use wayfare_core::folder_binding::{Disk, Moved, Scan, Stamp, Swapped};

use crate::ports::{FolderFiles, Pending};

/// A folder that others use too.
pub trait FolderWorld {
    /// The folder, as a process has it. The one before has been dropped.
    fn open(&self) -> Arc<dyn FolderFiles>;
    /// Somebody writes a file.
    fn write(&self, path: &str, bytes: &[u8]);
    /// Somebody removes one.
    fn remove(&self, path: &str);
    /// What somebody reads.
    fn read(&self, path: &str) -> Option<Vec<u8>>;
}

/// Every rule of this suite, each on a fresh world.
pub async fn all<W: FolderWorld>(fresh: impl Fn() -> W) {
    a_scan_lists_documents_and_says_what_it_leaves_out(&fresh()).await;
    a_change_has_another_stamp(&fresh()).await;
    what_is_staged_is_not_seen_until_it_is_swapped(&fresh()).await;
    nothing_is_written_over_what_was_not_expected(&fresh()).await;
    a_file_goes_only_if_it_says_what_is_expected(&fresh()).await;
    a_move_takes_nobodys_place(&fresh()).await;
    what_was_staged_is_there_after_reopening(&fresh()).await;
    what_is_no_document_is_neither_read_nor_written(&fresh()).await;
    a_change_by_somebody_is_told(&fresh()).await;
}

async fn scan(folder: &dyn FolderFiles) -> Scan {
    folder.scan().await.unwrap_or_else(|why| panic!("scan failed: {why}"))
}

async fn text(folder: &dyn FolderFiles, path: &str) -> (String, Stamp) {
    match folder.read(path).await {
        Disk::Text { text, stamp } => (text, stamp),
        other => panic!("{path} is {other:?}"),
    }
}

async fn stage(folder: &dyn FolderFiles, path: &str, text: &str) -> Stamp {
    folder.stage(path, text.to_owned()).await.unwrap_or_else(|why| panic!("stage failed: {why}"))
}

/// Documents by their ending; what is ignored, and everything else, with the reason.
pub async fn a_scan_lists_documents_and_says_what_it_leaves_out(world: &impl FolderWorld) {
    let folder = world.open();
    for path in ["a.md", "notes/b.qmd", ".git/c.md", "d.md~", "node_modules/e.md"] {
        world.write(path, b"text");
    }
    let scan = scan(folder.as_ref()).await;
    assert_eq!(scan.files.keys().collect::<Vec<_>>(), ["a.md", "notes/b.qmd"]);
    assert_eq!(scan.skipped.keys().collect::<Vec<_>>(), [".git", "d.md~", "node_modules"]);
    assert!(scan.skipped["d.md~"].contains("ignored"), "{:?}", scan.skipped);
}

/// A scan and a read agree on it, and a file that was not touched keeps it.
pub async fn a_change_has_another_stamp(world: &impl FolderWorld) {
    let folder = world.open();
    world.write("a.md", b"one");
    let (_, first) = text(folder.as_ref(), "a.md").await;
    assert_eq!(scan(folder.as_ref()).await.files["a.md"], first);
    world.write("a.md", b"other");
    let (said, second) = text(folder.as_ref(), "a.md").await;
    assert_eq!((said.as_str(), scan(folder.as_ref()).await.files["a.md"]), ("other", second));
    assert_ne!(first, second);
    world.remove("a.md");
    assert_eq!(folder.read("a.md").await, Disk::Gone);
}

/// Then at once, under the stamp that was told.
pub async fn what_is_staged_is_not_seen_until_it_is_swapped(world: &impl FolderWorld) {
    let folder = world.open();
    for (expected, new) in [(None, "one"), (Some("one"), "two")] {
        let stamp = stage(folder.as_ref(), "x/a.md", new).await;
        assert_eq!(world.read("x/a.md").as_deref(), expected.map(str::as_bytes));
        assert_eq!(scan(folder.as_ref()).await.files.len(), usize::from(expected.is_some()));
        assert_eq!(folder.staged("x/a.md").await.as_deref(), Some(new));
        assert_eq!(folder.swap("x/a.md", expected.map(str::to_owned)).await, Swapped::Done);
        assert_eq!(text(folder.as_ref(), "x/a.md").await, (new.to_owned(), stamp));
        assert_eq!(folder.staged("x/a.md").await, None);
    }
}

/// What was staged stays staged.
pub async fn nothing_is_written_over_what_was_not_expected(world: &impl FolderWorld) {
    let folder = world.open();
    stage(folder.as_ref(), "a.md", "ours").await;
    assert_eq!(folder.swap("a.md", Some("old".to_owned())).await, Swapped::Changed, "it is gone");
    world.write("a.md", b"theirs");
    assert_eq!(folder.swap("a.md", Some("old".to_owned())).await, Swapped::Changed);
    assert_eq!(folder.swap("a.md", None).await, Swapped::Changed);
    assert_eq!(world.read("a.md").as_deref(), Some(b"theirs".as_slice()));
    assert_eq!(folder.staged("a.md").await.as_deref(), Some("ours"));
    for _ in 0..2 {
        assert_eq!(folder.unstage("a.md").await, Ok(()));
    }
    assert_eq!(folder.staged("a.md").await, None);
}

/// Otherwise it stays as it is.
pub async fn a_file_goes_only_if_it_says_what_is_expected(world: &impl FolderWorld) {
    let folder = world.open();
    world.write("x/a.md", b"theirs");
    assert_eq!(folder.remove("x/a.md", "old".to_owned()).await, Swapped::Changed);
    assert_eq!(world.read("x/a.md").as_deref(), Some(b"theirs".as_slice()));
    assert_eq!(folder.remove("x/a.md", "theirs".to_owned()).await, Swapped::Done);
    assert_eq!((world.read("x/a.md"), scan(folder.as_ref()).await), (None, Scan::default()));
    assert_eq!(folder.remove("x/a.md", "theirs".to_owned()).await, Swapped::Changed, "it is gone");
}

/// The stamp goes with the file.
pub async fn a_move_takes_nobodys_place(world: &impl FolderWorld) {
    let folder = world.open();
    world.write("a.md", b"one");
    world.write("b.md", b"two");
    let (_, stamp) = text(folder.as_ref(), "a.md").await;
    assert_eq!(folder.rename("a.md", "b.md").await, Moved::Taken);
    assert_eq!(folder.rename("a.md", "x/y/c.md").await, Moved::Done);
    assert_eq!(folder.rename("a.md", "d.md").await, Moved::Gone);
    assert_eq!(text(folder.as_ref(), "x/y/c.md").await, ("one".to_owned(), stamp));
    assert_eq!(world.read("b.md").as_deref(), Some(b"two".as_slice()));
    stage(folder.as_ref(), "b.md", "three").await;
    assert_eq!(folder.reveal("b.md", "x/y/c.md").await, Moved::Taken);
    assert_eq!(folder.reveal("b.md", "d.md").await, Moved::Done);
    assert_eq!(world.read("d.md").as_deref(), Some(b"three".as_slice()));
    assert_eq!(folder.reveal("b.md", "e.md").await, Moved::Gone);
}

/// It tells whether a write that a crash interrupted was done.
pub async fn what_was_staged_is_there_after_reopening(world: &impl FolderWorld) {
    let folder = world.open();
    stage(folder.as_ref(), "a.md", "one").await;
    drop(folder);
    let folder = world.open();
    assert_eq!(folder.staged("a.md").await.as_deref(), Some("one"));
    assert_eq!(folder.swap("a.md", None).await, Swapped::Done);
    assert_eq!(world.read("a.md").as_deref(), Some(b"one".as_slice()));
}

/// Nor is anything outside of the folder.
pub async fn what_is_no_document_is_neither_read_nor_written(world: &impl FolderWorld) {
    let folder = world.open();
    world.write("a.md", b"\xff\xfe");
    assert!(matches!(folder.read("a.md").await, Disk::Unfit(_)), "no text");
    for path in ["../a.md", "/etc/a.md", ".git/a.md", "run.py"] {
        assert!(matches!(folder.read(path).await, Disk::Unfit(_)), "{path}");
        assert!(folder.stage(path, "text".to_owned()).await.is_err(), "{path}");
        assert!(matches!(folder.rename("a.md", path).await, Moved::Refused(_)), "{path}");
    }
}

/// Perhaps more often than there are changes.
pub async fn a_change_by_somebody_is_told(world: &impl FolderWorld) {
    let folder = world.open();
    world.write("x/a.md", b"one");
    scan(folder.as_ref()).await;
    let stirred = folder.stirred();
    world.write("x/a.md", b"other");
    stirred.await;
    // It is asked again and again: whatever came before is told by then.
    let stirred = folder.stirred();
    world.write("x/b.md", b"new");
    stirred.await;
}

/// A folder in memory. Clones are the same folder.
#[derive(Clone, Default)]
pub struct MemoryFolder(Arc<(Mutex<Files>, Notify)>);

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
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FolderWorld for MemoryFolder {
    fn open(&self) -> Arc<dyn FolderFiles> {
        Arc::new(self.clone())
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        self.files().put(path, bytes);
        self.0.1.notify_one();
    }

    fn remove(&self, path: &str) {
        self.files().files.remove(path);
        self.0.1.notify_one();
    }

    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.files().files.get(path).map(|(bytes, _)| bytes.clone())
    }
}

impl FolderFiles for MemoryFolder {
    fn scan(&self) -> Pending<Result<Scan, String>> {
        let mut scan = Scan::default();
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
                (None, Err(why)) => {
                    scan.skipped.insert(path.clone(), why);
                }
                (None, Ok(())) => {
                    scan.files.insert(path.clone(), *stamp);
                }
            }
        }
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
        let mut files = self.files();
        if !files.is(path, expected.as_deref()) {
            return now(Swapped::Changed);
        }
        files.files.remove(path);
        now(match files.rename(&staged(path), path) {
            Moved::Done => Swapped::Done,
            other => Swapped::Refused(format!("{other:?}")),
        })
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
            Ok(()) => self.files().rename(from, to),
            Err(why) => Moved::Refused(why),
        })
    }

    fn reveal(&self, path: &str, to: &str) -> Pending<Moved> {
        now(self.files().rename(&staged(path), to))
    }

    fn stirred(&self) -> Pending<()> {
        let folder = self.clone();
        Box::pin(async move { folder.0.1.notified().await })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_folder_in_memory_keeps_the_contract() {
        all(MemoryFolder::default).await;
    }
}
