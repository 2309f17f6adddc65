//! A bound folder on disk.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use nix::libc::{O_NOFOLLOW, O_NONBLOCK};
use tokio::sync::watch;
use wayfare_actors::ports::{FolderFiles, Pending};
use wayfare_core::folder_binding::paths::{LEAVING, STAGED, fits};
use wayfare_core::folder_binding::{Disk, Moved, Scan, Stamp, Swapped};
use wayfare_protocol::limits::FOLDER_FILE_MAX;

use super::asset_files::Others;
use super::exchange::{Placed, exchange, place};
use super::walk::{IGNORE_FILE, Ignored, stamp, walk};
use super::watching::Watching;

/// See the module. Clones are the same folder.
#[derive(Clone)]
pub struct DiskFolder {
    root: PathBuf,
    /// One thing at a time, also when whoever asked for it has gone.
    turn: Arc<Mutex<()>>,
    watching: Arc<Watching>,
    ignored: Arc<Mutex<Option<IgnoredThen>>>,
    /// Files of the last scan that are no documents.
    pub(super) seen: Arc<watch::Sender<Option<Others>>>,
}

/// What was ignored when the file that says so had that stamp.
struct IgnoredThen {
    stamp: Option<Stamp>,
    ignored: Arc<Ignored>,
}

impl DiskFolder {
    /// The folder at a path, which leads over no link.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            turn: Arc::default(),
            watching: Arc::new(Watching::new()),
            ignored: Arc::default(),
            seen: Arc::new(watch::Sender::new(None)),
        }
    }

    pub(super) fn run<T: Send + 'static>(&self, job: impl FnOnce(&Self) -> T + Send + 'static) -> Pending<T> {
        let folder = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let _turn = folder.turn.lock().unwrap_or_else(PoisonError::into_inner);
            job(&folder)
        });
        Box::pin(async move {
            match done.await {
                Ok(done) => done,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        })
    }

    fn ignored(&self) -> Arc<Ignored> {
        let now = self.root.join(IGNORE_FILE).symlink_metadata().ok().map(|metadata| stamp(&metadata));
        let mut known = self.ignored.lock().unwrap_or_else(PoisonError::into_inner);
        match known.as_ref() {
            Some(then) if then.stamp == now => Arc::clone(&then.ignored),
            _ => {
                let ignored = Arc::new(Ignored::of(&self.root));
                *known = Some(IgnoredThen { stamp: now, ignored: Arc::clone(&ignored) });
                ignored
            }
        }
    }

    /// Where a path is. What leads out of the folder, or is ignored, is nowhere.
    fn place(&self, path: &str) -> Result<PathBuf, String> {
        self.place_of(path, fits)
    }

    /// Of a path that passes this.
    pub(super) fn place_of(&self, path: &str, fits: impl Fn(&str) -> Result<(), String>) -> Result<PathBuf, String> {
        fits(path)?;
        if !self.root.is_dir() {
            return Err(format!("{} is not there", self.root.display()));
        }
        let full = self.root.join(path);
        if let Some(why) = self.ignored().why(&full, false) {
            return Err(why);
        }
        let mut folder = self.root.clone();
        let names = path.split('/').collect::<Vec<_>>();
        for name in &names[..names.len() - 1] {
            folder.push(name);
            match folder.symlink_metadata() {
                Ok(metadata) if metadata.is_dir() => {}
                Ok(_) => return Err(format!("{name} is no folder")),
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(full)
    }

    fn read_now(&self, path: &str) -> Disk {
        match self.place(path) {
            Ok(full) => read(&full),
            Err(why) => Disk::Unfit(why),
        }
    }

    fn stage_now(&self, path: &str, text: &str) -> Result<Stamp, String> {
        let full = self.place(path)?;
        stage(&full, text).map_err(|error| error.to_string())
    }

    fn swap_now(&self, path: &str, expected: Option<&str>) -> Swapped {
        let full = match self.place(path) {
            Ok(full) => full,
            Err(why) => return Swapped::Refused(why),
        };
        swap(&full, expected).unwrap_or_else(|error| Swapped::Refused(error.to_string()))
    }

    fn remove_now(&self, path: &str, expected: &str) -> Swapped {
        let full = match self.place(path) {
            Ok(full) => full,
            Err(why) => return Swapped::Refused(why),
        };
        let removed = remove(&full, expected).unwrap_or_else(|error| Swapped::Refused(error.to_string()));
        self.tidy(&full);
        removed
    }

    fn move_now(&self, from: &Path, to: &str) -> Moved {
        let to = match self.place(to) {
            Ok(to) => to,
            Err(why) => return Moved::Refused(why),
        };
        self.moved(from, &to)
    }

    pub(super) fn moved(&self, from: &Path, to: &Path) -> Moved {
        let moved = make_room(to).and_then(|()| place(from, to));
        self.tidy(from);
        match moved {
            Ok(Placed::Done) => {
                sync_folder(to).map_or_else(|error| Moved::Refused(error.to_string()), |()| Moved::Done)
            }
            Ok(Placed::Taken) => Moved::Taken,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Moved::Gone,
            Err(error) => Moved::Refused(error.to_string()),
        }
    }

    /// Removes the folders above a path that are empty.
    pub(super) fn tidy(&self, path: &Path) {
        for folder in path.ancestors().skip(1).take_while(|folder| *folder != self.root) {
            if fs::remove_dir(folder).is_err() {
                return; // something is in it
            }
        }
    }
}

impl FolderFiles for DiskFolder {
    fn scan(&self) -> Pending<Result<Scan, String>> {
        self.run(|folder| {
            let walked = walk(&folder.root, &folder.ignored())?;
            folder.watching.look_at(&walked.folders);
            folder.seen.send_replace(Some(Arc::new(walked.others)));
            Ok(walked.scan)
        })
    }

    fn read(&self, path: &str) -> Pending<Disk> {
        let path = path.to_owned();
        self.run(move |folder| folder.read_now(&path))
    }

    fn stage(&self, path: &str, text: String) -> Pending<Result<Stamp, String>> {
        let path = path.to_owned();
        self.run(move |folder| folder.stage_now(&path, &text))
    }

    fn staged(&self, path: &str) -> Pending<Option<String>> {
        let path = path.to_owned();
        self.run(move |folder| {
            let bytes = fs::read(beside(&folder.place(&path).ok()?, STAGED)).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        })
    }

    fn unstage(&self, path: &str) -> Pending<Result<(), String>> {
        let path = path.to_owned();
        self.run(move |folder| {
            let Ok(full) = folder.place(&path) else { return Ok(()) };
            forget(&beside(&full, STAGED)).map_err(|error| error.to_string())
        })
    }

    fn swap(&self, path: &str, expected: Option<String>) -> Pending<Swapped> {
        let path = path.to_owned();
        self.run(move |folder| folder.swap_now(&path, expected.as_deref()))
    }

    fn remove(&self, path: &str, expected: String) -> Pending<Swapped> {
        let path = path.to_owned();
        self.run(move |folder| folder.remove_now(&path, &expected))
    }

    fn rename(&self, from: &str, to: &str) -> Pending<Moved> {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.run(move |folder| match folder.place(&from) {
            Ok(from) => folder.move_now(&from, &to),
            Err(why) => Moved::Refused(why),
        })
    }

    fn reveal(&self, path: &str, to: &str) -> Pending<Moved> {
        let (path, to) = (path.to_owned(), to.to_owned());
        self.run(move |folder| match folder.place(&path) {
            Ok(path) => folder.move_now(&beside(&path, STAGED), &to),
            Err(why) => Moved::Refused(why),
        })
    }

    fn stirred(&self) -> Pending<()> {
        let watching = Arc::clone(&self.watching);
        Box::pin(async move { watching.stirred().await })
    }
}

/// The name beside a path that nobody else uses.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}{ending}"))
}

fn read(path: &Path) -> Disk {
    let unfit = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Disk::Gone,
        _ => Disk::Unfit(error.to_string()),
    };
    // A pipe would keep us waiting, a link lead elsewhere.
    let opened = OpenOptions::new().read(true).custom_flags(O_NOFOLLOW | O_NONBLOCK).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) => return unfit(error),
    };
    let before = match file.metadata() {
        Ok(metadata) if !metadata.is_file() => return Disk::Unfit("no file".to_owned()),
        Ok(metadata) if metadata.len() > FOLDER_FILE_MAX => return Disk::Unfit("larger than 50 MiB".to_owned()),
        Ok(metadata) => stamp(&metadata),
        Err(error) => return unfit(error),
    };
    let mut bytes = Vec::new();
    if let Err(error) = (&file).take(FOLDER_FILE_MAX + 1).read_to_end(&mut bytes) {
        return unfit(error);
    }
    match file.metadata() {
        Ok(metadata) if stamp(&metadata) != before || bytes.len() as u64 != before.bytes => return Disk::Unsteady,
        Ok(_) => {}
        Err(error) => return unfit(error),
    }
    match String::from_utf8(bytes) {
        Ok(text) => Disk::Text { text, stamp: before },
        Err(_) => Disk::Unfit("not UTF-8".to_owned()),
    }
}

fn stage(path: &Path, text: &str) -> io::Result<Stamp> {
    make_room(path)?;
    let staged = beside(path, STAGED);
    forget(&staged)?;
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o666).custom_flags(O_NOFOLLOW).open(&staged)?;
    match path.symlink_metadata() {
        Ok(there) if there.is_file() => file.set_permissions(there.permissions())?,
        Ok(_) => return Err(io::Error::other("something that is no file is in its place")),
        Err(_) => {}
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let stamp = stamp(&file.metadata()?);
    sync_folder(path)?;
    Ok(stamp)
}

pub(super) fn make_room(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| DirBuilder::new().recursive(true).create(folder))
}

pub(super) fn forget(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn is_text(path: &Path, expected: &str) -> bool {
    matches!(read(path), Disk::Text { text, .. } if text == expected)
}

fn swap(path: &Path, expected: Option<&str>) -> io::Result<Swapped> {
    let staged = beside(path, STAGED);
    let Some(expected) = expected else {
        return Ok(match place(&staged, path)? {
            Placed::Done => {
                sync_folder(path)?;
                Swapped::Done
            }
            Placed::Taken => Swapped::Changed,
        });
    };
    if !is_text(path, expected) {
        return Ok(Swapped::Changed);
    }
    let ours = match read(&staged) {
        Disk::Text { text, .. } => text,
        other => return Err(io::Error::other(format!("what was staged is gone: {other:?}"))),
    };
    match exchange(path, &staged) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Swapped::Changed), // it is gone this moment
        done => done?,
    }
    // Whoever was faster than we has his file back, and writes on in it.
    if !is_text(&staged, expected) {
        exchange(path, &staged)?;
        if !is_text(&staged, &ours) {
            exchange(path, &staged)?; // it was replaced once more meanwhile: the newest stays
        }
        return Ok(Swapped::Changed);
    }
    sync_folder(path)?;
    forget(&staged)?;
    Ok(Swapped::Done)
}

fn remove(path: &Path, expected: &str) -> io::Result<Swapped> {
    if !is_text(path, expected) {
        return Ok(Swapped::Changed);
    }
    let leaving = beside(path, LEAVING);
    if place(path, &leaving)? == Placed::Taken {
        return Err(io::Error::other(format!("{} is in the way", leaving.display())));
    }
    if is_text(&leaving, expected) {
        forget(&leaving)?;
        sync_folder(path)?;
        return Ok(Swapped::Done);
    }
    // Where a new file has come meanwhile the old one stays beside it, and is listed as left out.
    place(&leaving, path)?;
    Ok(Swapped::Changed)
}
