//! `wayfare-cloud backup` and `wayfare-cloud restore`: a cloud's folder, kept elsewhere and brought back.
//!
//! A backup is a folder of what a cloud keeps: the control store as of one moment, copies of its logs made after it, the assets, the
//! spares of daemons, the keys and certificates of its own CA, and a description, which is written last: without it a backup is not whole. A restore raises the
//! store's generation: every row counts as unconfirmed until its node has claimed it again (architecture §5.1).

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use wayfare_actors::ports::Clock as _;
use wayfare_io::{DataDir, SqliteStore, SystemClock, copy_logs};
use wayfare_protocol::{EntityId, Wall};

use crate::files::Files;

/// The file that makes a backup whole.
const DESCRIPTION: &str = "backup.toml";
/// What locks a data folder; it is nobody's while the folder is empty otherwise.
const LOCK: &str = "lock";

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Version of the program that made it.
    pub version: String,
    /// When, in milliseconds since 1970.
    pub made_at: u64,
    /// How many logs are in it.
    pub logs: usize,
}

/// Copies what a cloud keeps into a new folder; the cloud may run.
///
/// # Errors
/// If no cloud was ever there, the folder for the backup has something in it, or the system refuses.
pub async fn backup(data_dir: &Path, to: &Path) -> Result<Description> {
    let (files, copies) = (Files::of(data_dir), Files::of(to));
    ensure!(files.store().exists(), "{} has no cloud's data: nothing to keep", data_dir.display());
    ensure!(is_free(to)?, "{} is not empty: name a folder that does not exist", to.display());
    DirBuilder::new().recursive(true).mode(0o700).create(to).with_context(|| to.display().to_string())?;
    SqliteStore::copy(&files.store(), &copies.store()).await?;
    let logs = copy_logs(&files.logs(), &copies.logs()).context("logs")?;
    // After the logs: of what the documents in them name nothing is missing.
    copy_of_accounts(&files.assets(), &copies.assets(), is_of_assets).context("assets")?;
    copy_of_accounts(&files.spares(), &copies.spares(), is_of_spares).context("spares")?;
    copy_keys(&files.tls(), &copies.tls()).context("keys")?;
    let description =
        Description { version: env!("CARGO_PKG_VERSION").to_owned(), made_at: SystemClock.now().wall.0, logs };
    write_new(&to.join(DESCRIPTION), toml::to_string(&description)?.as_bytes()).context("description")?;
    sync(to)?;
    Ok(description)
}

/// Brings a backup to life as the data of a cloud that is not there any more. Returns the store's generation from now on.
///
/// # Errors
/// If the backup is not whole or of a newer version, the data folder is in use or has something in it, or the system refuses.
pub async fn restore(from: &Path, data_dir: &Path) -> Result<u32> {
    let whole = || format!("{} is no whole backup", from.display());
    let text = fs::read_to_string(from.join(DESCRIPTION)).with_context(whole)?;
    let _: Description = toml::from_str(&text).with_context(whole)?;
    let used = || format!("{} has something in it: a restore begins with nothing, move it away", data_dir.display());
    ensure!(is_free(data_dir)?, used());
    // All of it or nothing: made beside, then renamed.
    let beside = beside(data_dir)?;
    if beside.exists() {
        fs::remove_dir_all(&beside).with_context(|| beside.display().to_string())?; // of a restore that did not end
    }
    DirBuilder::new().recursive(true).mode(0o700).create(&beside).with_context(|| beside.display().to_string())?;
    let (copies, files) = (Files::of(from), Files::of(&beside));
    SqliteStore::copy(&copies.store(), &files.store()).await?;
    copy_logs(&copies.logs(), &files.logs()).context("logs")?;
    copy_of_accounts(&copies.assets(), &files.assets(), is_of_assets).context("assets")?;
    copy_of_accounts(&copies.spares(), &files.spares(), is_of_spares).context("spares")?;
    copy_keys(&copies.tls(), &files.tls()).context("keys")?;
    let generation = SqliteStore::begin_generation(&files.store(), SystemClock.now().wall).await?;
    sync(&beside)?;
    if data_dir.exists() {
        drop(DataDir::open(data_dir)?); // nobody has it
        fs::remove_file(data_dir.join(LOCK))?;
    }
    fs::rename(&beside, data_dir).with_context(|| data_dir.display().to_string())?;
    if let Some(parent) = data_dir.parent() {
        sync(parent)?;
    }
    Ok(generation)
}

/// Where a restore is made, on the same file system.
fn beside(data_dir: &Path) -> Result<PathBuf> {
    let name = data_dir.file_name().with_context(|| format!("{} is no folder of a cloud's", data_dir.display()))?;
    let mut name = name.to_owned();
    name.push(".restoring");
    Ok(data_dir.with_file_name(name))
}

/// Whether a folder is not there, or has nothing in it but what an ended process leaves.
fn is_free(folder: &Path) -> Result<bool> {
    match folder.read_dir() {
        Ok(entries) => {
            for entry in entries {
                if entry?.file_name() != LOCK {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error).with_context(|| folder.display().to_string()),
    }
}

/// Copies the files of a folder, closed to others.
fn copy_keys(from: &Path, to: &Path) -> io::Result<()> {
    if !from.exists() {
        return Ok(()); // a cloud with a public certificate has none
    }
    DirBuilder::new().mode(0o700).create(to)?;
    for entry in from.read_dir()? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            write_new(&to.join(entry.file_name()), &fs::read(entry.path())?)?;
        }
    }
    sync(to)
}

/// Assets that are whole: nobody changes such a file, and unfinished ones are brought again.
fn is_of_assets(folder: &OsStr) -> bool {
    folder.len() == 2
}

/// A daemon's spare. One that is replaced meanwhile may not be whole; its owner gives it anew.
fn is_of_spares(folder: &OsStr) -> bool {
    folder.to_str().is_some_and(|name| name.parse::<EntityId>().is_ok())
}

/// Copies what each account has in folders of such names.
fn copy_of_accounts(from: &Path, to: &Path, is_wanted: fn(&OsStr) -> bool) -> io::Result<()> {
    let accounts = match from.read_dir() {
        Ok(accounts) => accounts,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for account in accounts {
        let account = account?;
        if !account.file_type()?.is_dir() {
            continue;
        }
        for folder in account.path().read_dir()? {
            let folder = folder?;
            if is_wanted(&folder.file_name()) && folder.file_type()?.is_dir() {
                copy_files(&folder.path(), &to.join(account.file_name()).join(folder.file_name()))?;
            }
        }
    }
    Ok(())
}

fn copy_files(from: &Path, to: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(to)?;
    for entry in from.read_dir()? {
        let entry = entry?;
        let copy = to.join(entry.file_name());
        match fs::copy(entry.path(), &copy) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue, // it was replaced meanwhile
            copied => copied?,
        };
        File::open(&copy)?.sync_all()?;
    }
    to.ancestors().take(3).try_for_each(sync)
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// What a description says, for people.
impl std::fmt::Display for Description {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "made {} by version {}, with {} logs", Wall(self.made_at), self.version, self.logs)
    }
}

#[cfg(test)]
mod tests {
    use wayfare_actors::ports::ControlStore as _;

    use super::*;

    /// A data folder with a store and a key.
    async fn data(root: &Path) -> PathBuf {
        let data = root.join("data");
        fs::create_dir(&data).unwrap();
        let files = Files::of(&data);
        SqliteStore::open(&files.store(), Wall(1)).await.unwrap().close().await;
        fs::create_dir(files.tls()).unwrap();
        fs::write(files.tls().join("ca.key"), "secret").unwrap();
        fs::create_dir_all(files.assets().join("account/ab")).unwrap();
        fs::write(files.assets().join("account/ab/abc"), "picture").unwrap();
        fs::create_dir_all(files.assets().join("account/uploads/abd")).unwrap();
        data
    }

    #[tokio::test]
    async fn what_is_restored_is_the_same_store_in_a_later_generation_each_time() {
        let root = tempfile::tempdir().unwrap();
        let data = data(root.path()).await;
        let before = SqliteStore::open(&Files::of(&data).store(), Wall(1)).await.unwrap();
        let kept = root.path().join("kept");
        let description = backup(&data, &kept).await.unwrap(); // while it is open
        assert_eq!(description.logs, 0);
        assert_eq!(before.generation(), 1);
        let restored = root.path().join("restored");
        let generation = restore(&kept, &restored).await.unwrap();
        let after = SqliteStore::open(&Files::of(&restored).store(), Wall(1)).await.unwrap();
        assert_eq!((after.generation(), after.default_account()), (generation, before.default_account()));
        assert!(generation > 1_700_000_000, "above every other copy's: {generation}");
        assert_eq!(fs::read(Files::of(&restored).tls().join("ca.key")).unwrap(), b"secret");
        let assets = Files::of(&restored).assets().join("account");
        assert_eq!(fs::read(assets.join("ab/abc")).unwrap(), b"picture");
        assert!(!assets.join("uploads").exists(), "nobody goes on with it");
    }

    #[tokio::test]
    async fn nothing_is_overwritten_and_nothing_unfinished_is_taken() {
        let root = tempfile::tempdir().unwrap();
        let data = data(root.path()).await;
        let kept = root.path().join("kept");
        backup(&data, &kept).await.unwrap();
        let said = |error: anyhow::Error| format!("{error:#}");
        assert!(said(backup(&data, &kept).await.unwrap_err()).contains("not empty"));
        assert!(said(restore(&kept, &data).await.unwrap_err()).contains("has something in it"));
        assert!(
            said(backup(&root.path().join("none"), &root.path().join("b")).await.unwrap_err()).contains("no cloud")
        );
        fs::remove_file(kept.join(DESCRIPTION)).unwrap();
        let new = root.path().join("new");
        assert!(said(restore(&kept, &new).await.unwrap_err()).contains("no whole backup"));
        assert!(!new.exists());
    }

    #[tokio::test]
    async fn a_folder_that_another_process_has_is_not_taken() {
        let root = tempfile::tempdir().unwrap();
        let kept = root.path().join("kept");
        backup(&data(root.path()).await, &kept).await.unwrap();
        let target = root.path().join("target");
        let held = DataDir::open(&target).unwrap();
        let error = restore(&kept, &target).await.unwrap_err();
        assert!(format!("{error:#}").contains("in use"), "{error:#}");
        drop(held);
        restore(&kept, &target).await.unwrap();
    }
}
