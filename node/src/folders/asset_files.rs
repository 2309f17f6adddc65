//! The files of a bound folder on disk that are no documents.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use nix::libc::{O_NOFOLLOW, O_NONBLOCK};
use wayfare_actors::folder_assets::Seen;
use wayfare_actors::ports::{FolderAssetFiles, Pending};
use wayfare_core::folder_binding::paths::{LEAVING, STAGED, fits_file};
use wayfare_core::folder_binding::{Moved, Stamp, Swapped};

use super::exchange::{Placed, exchange, place};
use super::files::{DiskFolder, beside, forget, make_room, sync_folder};
use super::walk::stamp;
use crate::media_type;

impl DiskFolder {
    fn file(&self, path: &str) -> Result<PathBuf, String> {
        self.place_of(path, fits_file)
    }

    fn in_turn<T: Send + 'static>(
        &self,
        path: &str,
        job: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Pending<Result<T, String>> {
        let path = path.to_owned();
        self.run(move |folder| job(&folder.file(&path)?).map_err(|error| error.to_string()))
    }

    fn swapped(&self, path: &str, job: impl FnOnce(&Path) -> io::Result<Swapped> + Send + 'static) -> Pending<Swapped> {
        let done = self.in_turn(path, job);
        Box::pin(async move { done.await.unwrap_or_else(Swapped::Refused) })
    }
}

/// The stamp of a file; `None`: nothing is there.
fn stamp_of(path: &Path) -> io::Result<Option<Stamp>> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_file() => Ok(Some(stamp(&metadata))),
        Ok(_) => Err(io::Error::other("something that is no file is in its place")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn read_part(path: &Path, from: u64, length: usize) -> io::Result<Bytes> {
    let mut file = OpenOptions::new().read(true).custom_flags(O_NOFOLLOW | O_NONBLOCK).open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::with_capacity(length);
    file.take(length as u64).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

fn stage_part(path: &Path, at: u64, bytes: &[u8]) -> io::Result<()> {
    make_room(path)?;
    let staged = beside(path, STAGED);
    if at == 0 {
        forget(&staged)?;
    }
    let mut options = OpenOptions::new();
    options.append(true).custom_flags(O_NOFOLLOW).mode(0o666);
    let mut file = if at == 0 { options.create_new(true).open(&staged)? } else { options.open(&staged)? };
    if file.metadata()?.len() != at {
        return Err(io::Error::other("what was written of it is gone"));
    }
    file.write_all(bytes)
}

fn swap(path: &Path, over: Option<Stamp>) -> io::Result<Swapped> {
    let staged = beside(path, STAGED);
    let Some(over) = over else {
        return Ok(match place(&staged, path)? {
            Placed::Done => {
                sync_folder(path)?;
                Swapped::Done
            }
            Placed::Taken => Swapped::Changed,
        });
    };
    if stamp_of(path)? != Some(over) {
        return Ok(Swapped::Changed);
    }
    fs::set_permissions(&staged, path.symlink_metadata()?.permissions())?;
    match exchange(path, &staged) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Swapped::Changed), // it is gone this moment
        done => done?,
    }
    // Whoever was faster than we has his file back.
    if stamp_of(&staged)? != Some(over) {
        exchange(path, &staged)?;
        return Ok(Swapped::Changed);
    }
    sync_folder(path)?;
    forget(&staged)?;
    Ok(Swapped::Done)
}

fn remove(path: &Path, expected: Stamp) -> io::Result<Swapped> {
    if stamp_of(path)? != Some(expected) {
        return Ok(Swapped::Changed);
    }
    let leaving = beside(path, LEAVING);
    if place(path, &leaving)? == Placed::Taken {
        return Err(io::Error::other(format!("{} is in the way", leaving.display())));
    }
    if stamp_of(&leaving)? == Some(expected) {
        forget(&leaving)?;
        sync_folder(path)?;
        return Ok(Swapped::Done);
    }
    place(&leaving, path)?;
    Ok(Swapped::Changed)
}

impl FolderAssetFiles for DiskFolder {
    fn seen(&self) -> Seen {
        self.seen.subscribe()
    }

    fn stamp(&self, path: &str) -> Pending<Result<Option<Stamp>, String>> {
        self.in_turn(path, stamp_of)
    }

    fn read_part(&self, path: &str, from: u64, length: usize) -> Pending<Result<Bytes, String>> {
        self.in_turn(path, move |path| read_part(path, from, length))
    }

    fn stage_part(&self, path: &str, at: u64, bytes: Bytes) -> Pending<Result<(), String>> {
        self.in_turn(path, move |path| stage_part(path, at, &bytes))
    }

    fn staged_stamp(&self, path: &str) -> Pending<Result<Stamp, String>> {
        self.in_turn(path, |path| {
            let file = File::open(beside(path, STAGED))?;
            file.sync_all()?;
            Ok(stamp(&file.metadata()?))
        })
    }

    fn unstage_file(&self, path: &str) -> Pending<Result<(), String>> {
        self.in_turn(path, |path| forget(&beside(path, STAGED)))
    }

    fn swap_file(&self, path: &str, over: Option<Stamp>) -> Pending<Swapped> {
        self.swapped(path, move |path| swap(path, over))
    }

    fn remove_file(&self, path: &str, expected: Stamp) -> Pending<Swapped> {
        let (removed, folder, path) =
            (self.swapped(path, move |path| remove(path, expected)), self.clone(), path.to_owned());
        Box::pin(async move {
            let removed = removed.await;
            folder.run(move |folder| folder.file(&path).map(|full| folder.tidy(&full))).await.ok();
            removed
        })
    }

    fn move_file(&self, from: &str, to: &str) -> Pending<Moved> {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.run(move |folder| match (folder.file(&from), folder.file(&to)) {
            (Ok(from), Ok(to)) => folder.moved(&from, &to),
            (Err(why), _) | (_, Err(why)) => Moved::Refused(why),
        })
    }

    fn media_type(&self, path: &str) -> String {
        media_type::of(path)
    }
}

/// The files of a scan that are no documents.
pub(super) type Others = Arc<BTreeMap<String, Stamp>>;
