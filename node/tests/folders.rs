//! Bound folders on disk: their contract, and what only a disk can suffer.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::Arc;

use wayfare_actors::contract::folder::{self as contract, FolderWorld, Opened};
use wayfare_core::folder_binding::{Disk, Swapped};
use wayfare_node::folders::{DiskFolder, IGNORE_FILE};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl FolderWorld for Folder {
    fn open_both(&self) -> Opened {
        let folder = DiskFolder::new(self.path());
        (Arc::new(folder.clone()), Arc::new(folder))
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.path().join(path)).unwrap();
    }

    fn read(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(self.path().join(path)).ok()
    }
}

#[tokio::test]
async fn a_folder_on_disk_keeps_the_contract() {
    contract::all(Folder::new).await;
}

/// Nor are the folders that are empty then.
#[tokio::test]
async fn a_file_that_goes_leaves_nothing() {
    let world = Folder::new();
    world.write("a/b/c.png", b"x");
    let (_, files) = world.open_both();
    let stamp = files.stamp("a/b/c.png").await.unwrap().unwrap();
    assert_eq!(files.remove_file("a/b/c.png", stamp).await, Swapped::Done);
    assert_eq!(fs::read_dir(world.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn nothing_is_read_or_written_through_a_link_that_leads_out() {
    let (inside, outside) = (Folder::new(), Folder::new());
    outside.write("secret.md", b"secret");
    symlink(outside.path(), inside.path().join("way")).unwrap();
    symlink(outside.path().join("secret.md"), inside.path().join("a.md")).unwrap();
    let folder = inside.open();
    let scan = folder.scan().await.unwrap();
    assert!(scan.files.is_empty(), "{scan:?}");
    assert_eq!(scan.skipped.keys().collect::<Vec<_>>(), ["a.md", "way"]);
    for path in ["a.md", "way/secret.md"] {
        assert!(matches!(folder.read(path).await, Disk::Unfit(_)), "{path}");
        assert!(folder.stage(path, "text".to_owned()).await.is_err(), "{path}");
    }
    assert_eq!(outside.read("secret.md").as_deref(), Some(b"secret".as_slice()));
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_file_keeps_its_mode_when_it_is_written() {
    let world = Folder::new();
    world.write("a.md", b"one");
    let path = world.path().join("a.md");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let folder = world.open();
    folder.stage("a.md", "two".to_owned()).await.unwrap();
    assert_eq!(folder.swap("a.md", Some("one".to_owned())).await, Swapped::Done);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
}

#[tokio::test]
async fn what_the_folder_says_is_ignored_does_not_sync() {
    let world = Folder::new();
    for path in ["a.md", "drafts/b.md", "c.private.md", "deep/drafts/d.md"] {
        world.write(path, b"text");
    }
    world.write(IGNORE_FILE, b"/drafts/\n*.private.md\n");
    let (folder, files) = world.open_both();
    let scan = folder.scan().await.unwrap();
    assert_eq!(scan.files.keys().collect::<Vec<_>>(), ["a.md", "deep/drafts/d.md"]);
    assert!(scan.skipped["drafts"].contains("/drafts/"), "{:?}", scan.skipped);
    assert!(folder.stage("drafts/new.md", "text".to_owned()).await.is_err());
    assert!(files.stamp("drafts/a.png").await.is_err());
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_no_empty_one() {
    let world = Folder::new();
    let folder = world.open();
    fs::remove_dir(world.path()).unwrap();
    assert!(folder.scan().await.is_err());
    assert!(folder.stage("a.md", "text".to_owned()).await.is_err(), "nor is it made");
    fs::create_dir(world.path()).unwrap();
}
