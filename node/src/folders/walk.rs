//! What is in a bound folder, and what of it is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use wayfare_core::folder_binding::paths::{IGNORED, is_document};
use wayfare_core::folder_binding::{Scan, Stamp};
use wayfare_protocol::limits::{FOLDER_ASSET_MAX, FOLDER_FILE_MAX};

/// Patterns of gitignore for what does not sync besides [`IGNORED`], in the bound folder itself.
pub const IGNORE_FILE: &str = ".wayfareignore";
/// Files and folders that are looked at in one bound folder.
const ENTRIES_MAX: usize = 200_000;

/// Which paths of a folder are left out.
pub(super) struct Ignored(Gitignore);

impl Ignored {
    /// As the folder says now. What is wrong in its file is passed over.
    pub(super) fn of(root: &Path) -> Self {
        let mut builder = GitignoreBuilder::new(root);
        for pattern in IGNORED {
            // They are good patterns; in another case they are good too.
            let _ = builder.add_line(None, &pattern.replace('#', "\\#"));
        }
        if let Some(error) = builder.add(root.join(IGNORE_FILE)).filter(|error| !is_missing(error)) {
            tracing::warn!(%error, "part of an ignore list is not understood");
        }
        Self(builder.build().unwrap_or_else(|_| Gitignore::empty()))
    }

    /// Why a path is left out, if it is.
    pub(super) fn why(&self, path: &Path, is_folder: bool) -> Option<String> {
        match self.0.matched_path_or_any_parents(path, is_folder) {
            ignore::Match::Ignore(glob) => Some(format!("ignored ({})", glob.original())),
            ignore::Match::None | ignore::Match::Whitelist(_) => None,
        }
    }
}

fn is_missing(error: &ignore::Error) -> bool {
    error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// A file's stamp.
pub(super) fn stamp(metadata: &Metadata) -> Stamp {
    let modified = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
    Stamp { modified, bytes: metadata.len(), inode: metadata.ino() }
}

/// A scan, and the folders that were looked into.
pub(super) struct Walked {
    pub(super) scan: Scan,
    pub(super) folders: BTreeSet<PathBuf>,
    /// Files that are no documents.
    pub(super) others: BTreeMap<String, Stamp>,
}

/// Looks through a folder. Links are not followed.
pub(super) fn walk(root: &Path, ignored: &Ignored) -> Result<Walked, String> {
    let mut walked = Walked { scan: Scan::default(), folders: BTreeSet::new(), others: BTreeMap::new() };
    let mut open = vec![root.to_owned()];
    let mut entries = 0;
    while let Some(folder) = open.pop() {
        let listed = match fs::read_dir(&folder) {
            Ok(listed) => listed,
            Err(error) if folder == root => return Err(format!("{}: {error}", root.display())),
            Err(error) => {
                walked.skip(root, &folder, error.to_string());
                continue;
            }
        };
        walked.folders.insert(folder.clone());
        for entry in listed {
            entries += 1;
            if entries > ENTRIES_MAX {
                return Err(format!("{} has more than {ENTRIES_MAX} files that are not ignored", root.display()));
            }
            // A folder that cannot be read to its end is not known: what seems to be missing in it may be there.
            let entry = entry.map_err(|error| format!("{}: {error}", folder.display()))?;
            if let Some(folder) = walked.take(root, &entry.path(), ignored) {
                open.push(folder);
            }
        }
    }
    Ok(walked)
}

impl Walked {
    /// Takes an entry in; a folder to be looked into is returned.
    fn take(&mut self, root: &Path, path: &Path, ignored: &Ignored) -> Option<PathBuf> {
        let metadata = match path.symlink_metadata() {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                self.skip(root, path, error.to_string());
                return None;
            }
        };
        if let Some(why) = ignored.why(path, metadata.is_dir()) {
            self.skip(root, path, why);
            return None;
        }
        if metadata.is_dir() {
            return Some(path.to_owned());
        }
        let Some(name) = relative(root, path) else {
            self.skip(root, path, "its name is not UTF-8".to_owned());
            return None;
        };
        let why = if metadata.is_symlink() {
            "a symbolic link"
        } else if !metadata.is_file() {
            "no file"
        } else if !is_document(&name) && metadata.len() > FOLDER_ASSET_MAX {
            "larger than 256 MiB"
        } else if !is_document(&name) {
            self.others.insert(name, stamp(&metadata));
            return None;
        } else if metadata.len() > FOLDER_FILE_MAX {
            "larger than 50 MiB"
        } else {
            self.scan.files.insert(name, stamp(&metadata));
            return None;
        };
        self.skip(root, path, why.to_owned());
        None
    }

    fn skip(&mut self, root: &Path, path: &Path, why: String) {
        let shown = path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
        self.scan.skipped.insert(shown, why);
    }
}

fn relative(root: &Path, path: &Path) -> Option<String> {
    path.strip_prefix(root).ok()?.to_str().map(str::to_owned)
}
