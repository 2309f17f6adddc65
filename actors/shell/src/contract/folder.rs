//! What a bound folder must do: its documents ([`FolderFiles`]) and its other files ([`FolderAssetFiles`]).

use std::sync::Arc;

use bytes::Bytes;
use wayfare_core::folder_binding::{Disk, Moved, Scan, Stamp, Swapped};

use crate::ports::{FolderAssetFiles, FolderFiles};

/// A folder as a process has it: its documents, and its other files.
pub type Opened = (Arc<dyn FolderFiles>, Arc<dyn FolderAssetFiles>);

/// A folder that others use too.
pub trait FolderWorld {
    /// The folder, as a process has it. The one before has been dropped.
    fn open_both(&self) -> Opened;
    /// Its documents alone.
    fn open(&self) -> Arc<dyn FolderFiles> {
        self.open_both().0
    }
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
    a_file_is_written_over_what_was_expected_and_nothing_else(&fresh()).await;
    what_leads_out_is_ignored_or_is_a_document_is_no_file(&fresh()).await;
    a_scan_tells_of_files_that_are_no_documents(&fresh()).await;
    a_file_moves_to_where_nothing_is(&fresh()).await;
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

async fn written(files: &dyn FolderAssetFiles, path: &str, bytes: &'static [u8], over: Option<Stamp>) -> Swapped {
    for (at, part) in [(0, &bytes[..1]), (1, &bytes[1..])] {
        files.stage_part(path, at, Bytes::from_static(part)).await.unwrap_or_else(|why| panic!("{path}: {why}"));
    }
    files.swap_file(path, over).await
}

async fn stamp(files: &dyn FolderAssetFiles, path: &str) -> Option<Stamp> {
    files.stamp(path).await.unwrap_or_else(|why| panic!("{path}: {why}"))
}

/// In parts, and seen when all of it is there.
pub async fn a_file_is_written_over_what_was_expected_and_nothing_else(world: &impl FolderWorld) {
    let (_, files) = world.open_both();
    let read = || world.read("a/b.png");
    assert_eq!(written(files.as_ref(), "a/b.png", b"one", None).await, Swapped::Done);
    assert_eq!(read().as_deref(), Some(b"one".as_slice()));
    let first = stamp(files.as_ref(), "a/b.png").await;
    assert_eq!(written(files.as_ref(), "a/b.png", b"two", None).await, Swapped::Changed);
    assert_eq!(read().as_deref(), Some(b"one".as_slice()));
    let told = files.staged_stamp("a/b.png").await;
    assert_eq!(written(files.as_ref(), "a/b.png", b"two", first).await, Swapped::Done);
    assert!(told.is_ok_and(|told| Some(told) != first));
    assert_eq!(written(files.as_ref(), "a/b.png", b"three", first).await, Swapped::Changed);
    let first = first.unwrap_or_else(|| panic!("nothing was there"));
    assert_eq!(files.remove_file("a/b.png", first).await, Swapped::Changed);
    assert_eq!(read().as_deref(), Some(b"two".as_slice()));
    assert_eq!(files.unstage_file("a/b.png").await, Ok(()));
    assert!(files.staged_stamp("a/b.png").await.is_err(), "nothing is staged");
    let second = stamp(files.as_ref(), "a/b.png").await.unwrap_or_else(|| panic!("nothing is there"));
    assert_eq!(files.read_part("a/b.png", 1, 9).await.as_deref(), Ok(b"wo".as_slice()));
    assert_eq!(files.remove_file("a/b.png", second).await, Swapped::Done);
    assert_eq!((stamp(files.as_ref(), "a/b.png").await, read()), (None, None));
}

/// Also where something of that name is there.
pub async fn what_leads_out_is_ignored_or_is_a_document_is_no_file(world: &impl FolderWorld) {
    let (_, files) = world.open_both();
    world.write("a.md", b"text");
    for path in ["../a.png", "/etc/a.png", ".git/a.png", "a.md"] {
        assert!(files.stamp(path).await.is_err(), "{path}");
        assert!(files.stage_part(path, 0, Bytes::from_static(b"x")).await.is_err(), "{path}");
    }
}

/// To whoever asked before, too.
pub async fn a_scan_tells_of_files_that_are_no_documents(world: &impl FolderWorld) {
    let (folder, files) = world.open_both();
    for path in ["a.png", "b.md", ".git/c.png"] {
        world.write(path, b"x");
    }
    let seen = files.seen();
    assert!(seen.borrow().is_none(), "nobody has looked");
    assert_eq!(scan(folder.as_ref()).await.files.keys().collect::<Vec<_>>(), ["b.md"]);
    let seen = seen.borrow().clone().unwrap_or_else(|| panic!("nothing was told"));
    assert_eq!(seen.keys().collect::<Vec<_>>(), ["a.png"]);
}

/// With its stamp.
pub async fn a_file_moves_to_where_nothing_is(world: &impl FolderWorld) {
    let (_, files) = world.open_both();
    for path in ["a.png", "b.png"] {
        world.write(path, b"x");
    }
    let moved = stamp(files.as_ref(), "a.png").await;
    assert_eq!(files.move_file("a.png", "b.png").await, Moved::Taken);
    assert_eq!(files.move_file("a.png", "c/d.png").await, Moved::Done);
    assert_eq!(files.move_file("a.png", "e.png").await, Moved::Gone);
    assert!(matches!(files.move_file("b.png", "e.md").await, Moved::Refused(_)));
    assert_eq!(stamp(files.as_ref(), "c/d.png").await, moved);
}
