//! Folders that are bound to projects: which there are, and how they are bound to the node as it is now.

mod asset_files;
mod bases;
mod exchange;
mod files;
mod walk;
mod watching;

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use wayfare_actors::document::LibraryError;
use wayfare_actors::folder::{Binder, Binding};
use wayfare_actors::folder_assets::FilesStatus;
use wayfare_actors::ports::BoundFolders;
use wayfare_core::folder_binding::Status;
use wayfare_protocol::{Limits, ProjectId};

use crate::folder::DataFolder;
pub use bases::BaseFiles;
pub use files::DiskFolder;
pub use walk::IGNORE_FILE;

/// A folder that cannot be bound, found or let go.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A folder that cannot be bound.
    #[error("{folder}: {why}", folder = folder.display())]
    Unfit {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        why: String,
    },
    /// A request that cannot be read.
    #[error("the body is not what is wanted: {0}")]
    Wrong(String),
    /// No folder here is bound to that project.
    #[error("no folder is bound to the project {0:?} here")]
    Unknown(String),
    /// There is no such project.
    #[error("there is no project {0:?}")]
    NoProject(String),
    /// The node is being started.
    #[error("the node is starting; ask again")]
    Starting,
    /// The project.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// What is remembered of bound folders.
    #[error("{path}: {why}", path = path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        why: io::Error,
    },
}

/// A bound folder, as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundFolder {
    /// Its project's name.
    pub name: String,
    /// Its project.
    pub project: ProjectId,
    /// Where it is.
    pub folder: PathBuf,
    /// Names what is remembered of its files: the project to which it was bound first.
    pub bases: ProjectId,
}

/// One of them, at work.
struct Working {
    bound: BoundFolder,
    binding: Binding,
    releases: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    binder: Option<Binder>,
    working: Vec<Working>,
    /// Looks for projects of one name.
    joining: Option<AbortHandle>,
}

/// The bound folders of a node. Clones are the same.
#[derive(Clone)]
pub struct Folders {
    data: DataFolder,
    device: String,
    limits: Arc<Limits>,
    inner: Arc<Mutex<Inner>>,
}

impl Folders {
    /// Those that are remembered in a data folder.
    ///
    /// # Errors
    /// If what is remembered cannot be read.
    pub fn open(data: &DataFolder, device: &str, limits: &Limits) -> Result<Self, FolderError> {
        let folders = Self {
            data: data.clone(),
            device: device.to_owned(),
            limits: Arc::new(limits.clone()),
            inner: Arc::default(),
        };
        let path = data.folders_list();
        let system = |why| FolderError::System { path: path.clone(), why };
        let remembered: Vec<BoundFolder> = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| system(error.into()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(system(error)),
        };
        for bound in remembered {
            let working = folders.working(bound)?;
            folders.inner().working.push(working);
        }
        Ok(folders)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn working(&self, bound: BoundFolder) -> Result<Working, FolderError> {
        let path = self.data.bases(bound.bases);
        let bases = BaseFiles::open(&path).map_err(|why| FolderError::System { path, why })?;
        let (releases, released) = watch::channel(0);
        let (status, _) = watch::channel(Status::default());
        let (files_status, _) = watch::channel(FilesStatus::default());
        let folder = DiskFolder::new(&bound.folder);
        let binding = Binding {
            name: actor_name(bound.project),
            project: bound.project,
            device: self.device.clone(),
            files: Arc::new(folder.clone()),
            others: Arc::new(folder),
            bases: Arc::new(bases),
            status,
            files_status,
            released,
        };
        Ok(Working { bound, binding, releases })
    }

    /// The node began anew: its folders are bound to it.
    pub fn bind(&self, binder: Binder) {
        let mut inner = self.inner();
        for working in &inner.working {
            binder.bind(working.binding.clone());
        }
        let (folders, joins) = (self.clone(), binder.clone());
        let joining = tokio::spawn(async move { joins.join_namesakes(&folders).await }).abort_handle();
        if let Some(before) = inner.joining.replace(joining) {
            before.abort();
        }
        inner.binder = Some(binder);
    }

    /// Those that there are, and how they stand.
    #[must_use]
    pub fn list(&self) -> Vec<(BoundFolder, Status, FilesStatus)> {
        let shown = |Working { bound, binding, .. }: &Working| {
            (bound.clone(), binding.status.borrow().clone(), binding.files_status.borrow().clone())
        };
        self.inner().working.iter().map(shown).collect()
    }

    /// Binds a folder to the project of a name, which is made if there is none.
    ///
    /// # Errors
    /// If the folder cannot be bound, or the project not be made.
    pub async fn add(&self, folder: &Path, name: &str) -> Result<BoundFolder, FolderError> {
        let unfit = |why: String| FolderError::Unfit { folder: folder.to_owned(), why };
        let real = fs::canonicalize(folder).map_err(|error| unfit(error.to_string()))?;
        if !real.is_dir() {
            return Err(unfit("it is no folder".to_owned()));
        }
        self.is_free(&real).map_err(unfit)?;
        let binder = self.inner().binder.clone().ok_or(FolderError::Starting)?;
        let project = binder.library().make_project(name).await?;
        let bound = BoundFolder { name: name.to_owned(), project, folder: real.clone(), bases: project };
        let working = self.working(bound.clone())?;
        let mut inner = self.inner();
        // Somebody may have been faster.
        is_apart(&real, inner.working.iter().map(|working| &working.bound)).map_err(unfit)?;
        if inner.working.iter().any(|working| working.bound.project == project) {
            return Err(unfit(format!("the project {name:?} has a folder here already")));
        }
        let binding = working.binding.clone();
        inner.working.push(working);
        if let Err(error) = self.remember(&inner) {
            inner.working.pop();
            return Err(error);
        }
        // The node may have begun anew meanwhile.
        if let Some(binder) = &inner.binder {
            binder.bind(binding);
        }
        Ok(bound)
    }

    fn is_free(&self, folder: &Path) -> Result<(), String> {
        let data = fs::canonicalize(self.data.path()).map_err(|error| error.to_string())?;
        if folder.starts_with(&data) || data.starts_with(folder) {
            return Err("the node's own data is there".to_owned());
        }
        let inner = self.inner();
        if inner.working.len() >= self.limits.folders {
            return Err(format!("{} folders are bound here, the limit", inner.working.len()));
        }
        is_apart(folder, inner.working.iter().map(|working| &working.bound))
    }

    /// Lets the folder of a project go. Files and documents stay as they are.
    ///
    /// # Errors
    /// If there is none.
    pub fn remove(&self, name: &str) -> Result<BoundFolder, FolderError> {
        let mut inner = self.inner();
        let at = position(&inner, name)?;
        let working = inner.working.remove(at);
        self.remember(&inner)?;
        if let Some(binder) = &inner.binder {
            binder.unbind(&working.binding.name);
        }
        // Bound again one day, the folder meets the project as a stranger does.
        let path = self.data.bases(working.bound.bases);
        match fs::remove_dir_all(&path) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => Err(FolderError::System { path, why }),
            Ok(()) | Err(_) => Ok(working.bound),
        }
    }

    /// What is gone from the folder of a project was deleted. Says how many files that are.
    ///
    /// # Errors
    /// If there is none.
    pub fn release(&self, name: &str) -> Result<usize, FolderError> {
        let inner = self.inner();
        let working = &inner.working[position(&inner, name)?];
        working.releases.send_modify(|count| *count += 1);
        let Binding { status, files_status, .. } = &working.binding;
        Ok(status.borrow().held.len() + files_status.borrow().held.len())
    }

    fn remember(&self, inner: &Inner) -> Result<(), FolderError> {
        let path = self.data.folders_list();
        let bound: Vec<&BoundFolder> = inner.working.iter().map(|working| &working.bound).collect();
        let text = serde_json::to_vec_pretty(&bound).unwrap_or_default();
        write(&path, &text).map_err(|why| FolderError::System { path, why })
    }
}

impl BoundFolders for Folders {
    fn bound(&self) -> Vec<(String, ProjectId)> {
        self.inner().working.iter().map(|working| (working.bound.name.clone(), working.bound.project)).collect()
    }

    fn rebind(&self, project: ProjectId, to: ProjectId) -> Result<(), String> {
        let mut inner = self.inner();
        if inner.working.iter().any(|working| working.bound.project == to) {
            return Err("another folder here is bound to that".to_owned());
        }
        let Some(working) = inner.working.iter_mut().find(|working| working.bound.project == project) else {
            return Ok(());
        };
        working.bound.project = to;
        (working.binding.project, working.binding.name) = (to, actor_name(to));
        let binding = working.binding.clone();
        self.remember(&inner).map_err(|error| error.to_string())?;
        if let Some(binder) = &inner.binder {
            binder.unbind(&actor_name(project));
            binder.bind(binding);
        }
        Ok(())
    }
}

fn actor_name(project: ProjectId) -> String {
    format!("folder of {}", project.0)
}

fn position(inner: &Inner, name: &str) -> Result<usize, FolderError> {
    let at = inner.working.iter().position(|working| working.bound.name == name);
    at.ok_or_else(|| FolderError::Unknown(name.to_owned()))
}

/// A file belongs to one project.
fn is_apart<'a>(folder: &Path, mut bound: impl Iterator<Item = &'a BoundFolder>) -> Result<(), String> {
    match bound.find(|bound| folder.starts_with(&bound.folder) || bound.folder.starts_with(folder)) {
        Some(bound) => Err(format!("{} is bound to the project {:?}", bound.folder.display(), bound.name)),
        None => Ok(()),
    }
}

/// Puts a small file in the place of the one before, whole or not at all.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)
}
