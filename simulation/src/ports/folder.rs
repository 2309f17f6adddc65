//! A folder on a node's machine that is bound to a project, and what is remembered of its files. Both outlive the node's processes, and
//! other programs write into the folder.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use wayfare_actors::contract::bases::MemoryBases;
use wayfare_actors::contract::memory_folder::MemoryFolder;
use wayfare_actors::folder::{Binder, Binding};
use wayfare_actors::folder_assets::{FilesStatus, Seen};
use wayfare_actors::ports::{Bases, BoundFolders, FolderAssetFiles, FolderFiles, Pending};
use wayfare_core::folder_assets::Base;
use wayfare_core::folder_binding::{Brief, Disk as Found, Kept, Moved, Scan, Stamp, Status, Swapped};
use wayfare_protocol::{DocumentId, ProjectId};

use super::disk::Disk;
use super::errand::Errands;
use crate::life::Life;
use crate::seed::Seed;
use crate::world::World;

/// The name of the project of every folder.
pub const PROJECT: &str = "lab";

/// What a folder does that it must not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FolderFault {
    /// Nothing.
    #[default]
    None,
    /// A file is written over whatever is there by then, a second after it was looked at.
    Overwrites,
    /// A node that starts again no longer finds what is remembered of its files.
    ForgetsBases,
}

/// See the module.
pub struct Folder {
    errands: Arc<Errands>,
    /// The disk on which it is.
    disk: Arc<Disk>,
    /// Names its node.
    device: String,
    /// Its files, for every program.
    pub files: MemoryFolder,
    fault: FolderFault,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    bases: MemoryBases,
    /// The project to which it is bound, once it is.
    project: Option<ProjectId>,
    /// The node's process that has it.
    bound_by: Option<(Binder, Arc<Life>)>,
    /// Nobody says that what is gone was deleted.
    releases: watch::Sender<u64>,
    status: watch::Sender<Status>,
    files_status: watch::Sender<FilesStatus>,
}

impl Folder {
    /// An empty folder.
    #[must_use]
    pub fn new(world: &Arc<World>, seed: &Seed, disk: &Arc<Disk>, device: String, fault: FolderFault) -> Arc<Self> {
        let errands = Arc::new(Errands::new(world, seed));
        let (files, state) = (MemoryFolder::default(), Mutex::default());
        Arc::new(Self { errands, disk: Arc::clone(disk), device, files, fault, state })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The project to which it is bound, once it is.
    #[must_use]
    pub fn project(&self) -> Option<ProjectId> {
        self.state().project
    }

    /// Whether everything that its node knows is done.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let state = self.state();
        let (documents, files) = (state.status.borrow().is_settled, state.files_status.borrow().is_settled);
        documents && files
    }

    /// Binds it to the project in a node's process that has just begun.
    pub fn bind(self: &Arc<Self>, binder: Binder, life: &Arc<Life>) {
        if self.fault == FolderFault::ForgetsBases {
            self.state().bases = MemoryBases::default();
        }
        let (folder, life) = (Arc::clone(self), Arc::clone(life));
        tokio::spawn(async move {
            while folder.project().is_none() {
                match binder.library().make_project(PROJECT).await {
                    Ok(project) => folder.state().project = Some(project),
                    Err(_) => folder.errands.run(&life, Duration::from_secs(1), || Box::pin(async {})).await,
                }
            }
            folder.state().bound_by = Some((binder.clone(), life));
            folder.bind_now();
            binder.join_namesakes(&BoundFolder(folder)).await;
        });
    }

    fn bind_now(self: &Arc<Self>) {
        let state = self.state();
        let (Some(project), Some((binder, life))) = (state.project, &state.bound_by) else { return };
        let here = Arc::new(SimFolder { folder: Arc::clone(self), life: Arc::clone(life) });
        let binding = Binding {
            name: name_of(project),
            project,
            device: self.device.clone(),
            files: Arc::clone(&here) as _,
            others: here,
            bases: Arc::new(SimBases { folder: Arc::clone(self), bases: state.bases.clone(), life: Arc::clone(life) }),
            status: state.status.clone(),
            files_status: state.files_status.clone(),
            released: state.releases.subscribe(),
        };
        binder.bind(binding);
    }

    /// Whether a write finds no room.
    fn is_full(&self) -> bool {
        self.disk.ail(|ills| ills.is_full())
    }
}

fn name_of(project: ProjectId) -> String {
    format!("folder of {}", project.0)
}

const NO_ROOM: &str = "no space left on device";

/// The folders of a node: this one.
struct BoundFolder(Arc<Folder>);

impl BoundFolders for BoundFolder {
    fn bound(&self) -> Vec<(String, ProjectId)> {
        self.0.project().map(|project| (PROJECT.to_owned(), project)).into_iter().collect()
    }

    fn rebind(&self, project: ProjectId, to: ProjectId) -> Result<(), String> {
        {
            let mut state = self.0.state();
            state.project = Some(to);
            if let Some((binder, _)) = &state.bound_by {
                binder.unbind(&name_of(project));
            }
        }
        self.0.bind_now();
        Ok(())
    }
}

/// The folder as one process has it.
struct SimFolder {
    folder: Arc<Folder>,
    life: Arc<Life>,
}

impl SimFolder {
    fn ask<T: Send + 'static>(&self, work: impl FnOnce(&MemoryFolder) -> Pending<T> + Send + 'static) -> Pending<T> {
        let files = self.folder.files.clone();
        self.folder.errands.run(&self.life, Duration::ZERO, move || work(&files))
    }

    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&MemoryFolder) -> Pending<Result<T, String>> + Send + 'static,
    ) -> Pending<Result<T, String>> {
        let folder = Arc::clone(&self.folder);
        self.ask(move |files| if folder.is_full() { Box::pin(async { Err(NO_ROOM.to_owned()) }) } else { work(files) })
    }
}

impl FolderFiles for SimFolder {
    fn scan(&self) -> Pending<Result<Scan, String>> {
        self.ask(FolderFiles::scan)
    }

    fn read(&self, path: &str) -> Pending<Found> {
        let path = path.to_owned();
        self.ask(move |files| FolderFiles::read(files, &path))
    }

    fn stage(&self, path: &str, text: String) -> Pending<Result<Stamp, String>> {
        let path = path.to_owned();
        self.write(move |files| files.stage(&path, text))
    }

    fn staged(&self, path: &str) -> Pending<Option<String>> {
        let path = path.to_owned();
        self.ask(move |files| files.staged(&path))
    }

    fn unstage(&self, path: &str) -> Pending<Result<(), String>> {
        let path = path.to_owned();
        self.ask(move |files| files.unstage(&path))
    }

    fn swap(&self, path: &str, expected: Option<String>) -> Pending<Swapped> {
        let (path, files) = (path.to_owned(), self.folder.files.clone());
        if self.folder.fault == FolderFault::Overwrites {
            return self.folder.errands.run(&self.life, Duration::from_secs(1), move || {
                let there = files.all().remove(&path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                files.swap(&path, there)
            });
        }
        self.ask(move |files| files.swap(&path, expected))
    }

    fn remove(&self, path: &str, expected: String) -> Pending<Swapped> {
        let path = path.to_owned();
        self.ask(move |files| FolderFiles::remove(files, &path, expected))
    }

    fn rename(&self, from: &str, to: &str) -> Pending<Moved> {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.ask(move |files| files.rename(&from, &to))
    }

    fn reveal(&self, path: &str, to: &str) -> Pending<Moved> {
        let (path, to) = (path.to_owned(), to.to_owned());
        self.ask(move |files| files.reveal(&path, &to))
    }

    /// The process hears of it a while later.
    fn stirred(&self) -> Pending<()> {
        let (files, errands, life) =
            (self.folder.files.clone(), Arc::clone(&self.folder.errands), Arc::clone(&self.life));
        Box::pin(async move {
            files.stirred().await;
            errands.run(&life, Duration::from_millis(5), || Box::pin(async {})).await;
        })
    }
}

impl FolderAssetFiles for SimFolder {
    fn seen(&self) -> Seen {
        self.folder.files.seen()
    }

    fn stamp(&self, path: &str) -> Pending<Result<Option<Stamp>, String>> {
        let path = path.to_owned();
        self.ask(move |files| files.stamp(&path))
    }

    fn read_part(&self, path: &str, from: u64, length: usize) -> Pending<Result<Bytes, String>> {
        let path = path.to_owned();
        self.ask(move |files| files.read_part(&path, from, length))
    }

    fn stage_part(&self, path: &str, at: u64, bytes: Bytes) -> Pending<Result<(), String>> {
        let path = path.to_owned();
        self.write(move |files| files.stage_part(&path, at, bytes))
    }

    fn staged_stamp(&self, path: &str) -> Pending<Result<Stamp, String>> {
        let path = path.to_owned();
        self.ask(move |files| files.staged_stamp(&path))
    }

    fn unstage_file(&self, path: &str) -> Pending<Result<(), String>> {
        let path = path.to_owned();
        self.ask(move |files| files.unstage_file(&path))
    }

    fn swap_file(&self, path: &str, over: Option<Stamp>) -> Pending<Swapped> {
        let path = path.to_owned();
        self.ask(move |files| files.swap_file(&path, over))
    }

    fn remove_file(&self, path: &str, expected: Stamp) -> Pending<Swapped> {
        let path = path.to_owned();
        self.ask(move |files| files.remove_file(&path, expected))
    }

    fn move_file(&self, from: &str, to: &str) -> Pending<Moved> {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.ask(move |files| files.move_file(&from, &to))
    }

    fn media_type(&self, path: &str) -> String {
        self.folder.files.media_type(path)
    }
}

/// What is remembered of a folder, as one process has it.
struct SimBases {
    folder: Arc<Folder>,
    bases: MemoryBases,
    life: Arc<Life>,
}

type Remembered<T> = Pending<Result<T, String>>;

impl SimBases {
    fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&MemoryBases) -> Remembered<T> + Send + 'static,
    ) -> Remembered<T> {
        let bases = self.bases.clone();
        self.folder.errands.run(&self.life, Duration::ZERO, move || work(&bases))
    }

    fn write(&self, work: impl FnOnce(&MemoryBases) -> Remembered<()> + Send + 'static) -> Remembered<()> {
        let folder = Arc::clone(&self.folder);
        self.ask(move |bases| if folder.is_full() { Box::pin(async { Err(NO_ROOM.to_owned()) }) } else { work(bases) })
    }
}

impl Bases for SimBases {
    fn all(&self) -> Remembered<BTreeMap<DocumentId, Brief>> {
        self.ask(Bases::all)
    }

    fn get(&self, document: DocumentId) -> Remembered<Option<Kept>> {
        self.ask(move |bases| bases.get(document))
    }

    fn assets(&self) -> Remembered<BTreeMap<String, Base>> {
        self.ask(Bases::assets)
    }

    fn put_assets(&self, assets: BTreeMap<String, Base>) -> Remembered<()> {
        self.write(move |bases| bases.put_assets(assets))
    }

    fn put(&self, document: DocumentId, kept: Option<Kept>) -> Remembered<()> {
        self.write(move |bases| bases.put(document, kept))
    }
}
