//! The files of a bound folder that are no documents, brought together with the project's tree: round by round, whenever the folder or
//! the tree has changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::{Notify, watch};
use wayfare_core::document::{AssetFile, Tree, asset_deletion, asset_put};
use wayfare_core::folder_assets::{Base, OnDisk, Step, held, plan};
use wayfare_core::folder_binding::{Moved, Stamp, Swapped, paths};
use wayfare_protocol::asset::AssetHash;
use wayfare_protocol::limits::ASSET_PART;
use wayfare_protocol::{AssetId, Limits, Refusal};

use crate::actor::Runtime;
use crate::document::Library;
use crate::folder::{Binding, follow};

/// Files that could not be fetched after which a round fetches no more.
const MISSES: usize = 16;

/// How the files of a bound folder stand that are no documents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FilesStatus {
    /// Files that are the same here and in the project.
    pub files: usize,
    /// Files that are gone, so many at once that they are not taken for deleted before the person says so.
    pub held: Vec<String>,
    /// What could not be done, by path. It is tried again.
    pub problems: BTreeMap<String, String>,
    /// Whether everything that is known is done.
    pub is_settled: bool,
}

/// A file that was not read.
enum Unread {
    /// Somebody writes it.
    Unsteady,
    /// It cannot be read, and why.
    Unfit(String),
}

impl From<String> for Unread {
    fn from(why: String) -> Self {
        Self::Unfit(why)
    }
}

/// See the module.
pub(crate) struct FolderAssets {
    binding: Binding,
    library: Library,
    runtime: Runtime,
    limits: Arc<Limits>,
    bases: BTreeMap<String, Base>,
    /// The person says that these were deleted.
    released: BTreeSet<String>,
}

/// Works for as long as it runs.
pub(crate) async fn run(binding: Binding, library: Library, runtime: Runtime, limits: Arc<Limits>) {
    let bases = match binding.bases.assets().await {
        Ok(bases) => bases,
        Err(why) => {
            tracing::error!(folder = binding.name, why, "what is remembered of a folder's files cannot be read");
            let problems = BTreeMap::from([(".".to_owned(), why)]);
            binding.files_status.send_replace(FilesStatus { problems, ..FilesStatus::default() });
            return;
        }
    };
    let (mut seen, mut released) = (binding.others.seen(), binding.released.clone());
    released.mark_unchanged();
    let changed = Arc::new(Notify::new());
    let mut this = FolderAssets { binding, library, runtime, limits, bases, released: BTreeSet::new() };
    let telling = this.tell_of_tree(&changed);
    let mut wait = this.limits.folder_gone;
    let working = async {
        loop {
            let now = seen.borrow_and_update().clone();
            let status = this.round(now).await;
            // What stays away is asked for less and less.
            let is_done = status.is_settled && status.problems.is_empty();
            wait = if is_done { this.limits.folder_gone } else { (wait * 2).min(this.limits.folder_rescan) };
            let again = if is_done { this.limits.folder_rescan } else { wait / 2 };
            this.binding.files_status.send_replace(status);
            tokio::select! {
                biased;
                change = released.changed() => match change {
                    Ok(()) => this.release(),
                    Err(_) => return, // the folder was let go
                },
                change = seen.changed() => if change.is_err() { return },
                () = changed.notified() => {}
                () = this.runtime.sleep(again) => {}
            }
            this.runtime.sleep(this.limits.folder_settle).await;
        }
    };
    tokio::select! {
        biased;
        () = telling => {}
        () = working => {}
    }
}

impl FolderAssets {
    fn tell_of_tree(&self, changed: &Arc<Notify>) -> impl Future<Output = ()> + Send + use<> {
        let (library, runtime, limits) = (self.library.clone(), self.runtime.clone(), Arc::clone(&self.limits));
        let (tree, changed) = (self.binding.project.tree(), Arc::clone(changed));
        async move {
            loop {
                let followed = follow(&library, tree, &runtime, limits.folder_settle, || changed.notify_one()).await;
                if let Err(refusal) = followed {
                    tracing::info!(%tree, %refusal, "the tree of a folder's files is not followed now");
                }
                runtime.sleep(limits.restart_max).await;
            }
        }
    }

    fn release(&mut self) {
        self.released.extend(self.binding.files_status.borrow().held.iter().cloned());
    }

    async fn round(&mut self, seen: Option<Arc<BTreeMap<String, Stamp>>>) -> FilesStatus {
        let Some(seen) = seen else { return FilesStatus::default() }; // nobody has looked yet
        let mut status = FilesStatus { is_settled: true, ..FilesStatus::default() };
        let tree = match self.library.tree(self.binding.project).await {
            Ok(tree) => tree,
            Err(error) => {
                status.problems.insert(".".to_owned(), error.to_string());
                status.is_settled = false;
                return status;
            }
        };
        let disk = self.read(&seen, &mut status).await;
        let assets = listed(&tree, &mut status);
        let mut steps = plan(&disk, &assets, &tree.asset_trash, &self.bases);
        // Of what could not be read nothing is known.
        steps.retain(|path, _| !status.problems.contains_key(path));
        let mut kept_back = held(&steps, self.bases.len(), self.limits.folder_deletions);
        kept_back.retain(|path| !self.released.contains(path));
        self.released.retain(|path| matches!(steps.get(path), Some(Step::Trash(_))));
        steps.retain(|path, _| !kept_back.contains(path));
        status.held = kept_back;
        let before = self.bases.clone();
        // What comes first, so that a file that was moved is never in no place.
        let (last, first): (BTreeMap<_, _>, _) =
            steps.into_iter().partition(|(_, step)| matches!(step, Step::Trash(_) | Step::Remove(_)));
        let mut misses = 0;
        for (path, step) in first.into_iter().chain(last) {
            tracing::debug!(folder = self.binding.name, path, ?step, "a file is brought into step");
            let is_write = matches!(step, Step::Write { .. });
            if is_write && misses >= MISSES {
                status.is_settled = false;
                continue;
            }
            match self.perform(&path, step).await {
                Ok(true) => {}
                Ok(false) => {
                    status.is_settled = false;
                    misses += usize::from(is_write);
                }
                Err(why) => {
                    status.problems.insert(path, why);
                }
            }
        }
        if self.bases != before
            && let Err(why) = self.binding.bases.put_assets(self.bases.clone()).await
        {
            status.problems.insert(".".to_owned(), why);
        }
        status.files = self.bases.len();
        status
    }

    /// What is on disk: read where it is not as it was.
    async fn read(&self, seen: &BTreeMap<String, Stamp>, status: &mut FilesStatus) -> BTreeMap<String, OnDisk> {
        let mut disk = BTreeMap::new();
        for path in seen.keys().chain(self.bases.keys().filter(|path| !seen.contains_key(*path))) {
            let base = self.bases.get(path);
            match self.look(path, base).await {
                Ok(Some(found)) => {
                    disk.insert(path.clone(), found);
                }
                Ok(None) => {}
                Err(Unread::Unsteady) => {
                    status.is_settled = false;
                    status.problems.insert(path.clone(), "it is being written".to_owned());
                }
                Err(Unread::Unfit(why)) => {
                    status.problems.insert(path.clone(), why);
                }
            }
        }
        disk
    }

    async fn look(&self, path: &str, base: Option<&Base>) -> Result<Option<OnDisk>, Unread> {
        let files = &self.binding.others;
        let Some(stamp) = files.stamp(path).await? else { return Ok(None) };
        if let Some(base) = base.filter(|base| base.stamp == stamp) {
            return Ok(Some(OnDisk { asset: base.asset, stamp }));
        }
        let (mut hash, mut at) = (AssetHash::default(), 0);
        while at < stamp.bytes {
            let part = files.read_part(path, at, ASSET_PART).await?;
            if part.is_empty() {
                break;
            }
            at += part.len() as u64;
            hash.update(&part);
        }
        if files.stamp(path).await? != Some(stamp) || at != stamp.bytes {
            return Err(Unread::Unsteady);
        }
        Ok(Some(OnDisk { asset: hash.id(), stamp }))
    }

    /// Does a step; `false`: something was in its way, and the next round looks anew.
    async fn perform(&mut self, path: &str, step: Step) -> Result<bool, String> {
        match step {
            Step::Agree(base) => {
                self.bases.insert(path.to_owned(), base);
            }
            Step::Forget => {
                self.bases.remove(path);
            }
            Step::Add(found) => return self.add(path, found).await,
            Step::Write { file, over } => return self.write(path, &file, over).await,
            Step::Aside => {
                for n in 1.. {
                    let to = paths::beside(path, &self.binding.device, n);
                    match self.binding.others.move_file(path, &to).await {
                        Moved::Done | Moved::Gone => break,
                        Moved::Taken => {}
                        Moved::Refused(why) => return Err(why),
                    }
                }
                self.bases.remove(path);
                return Ok(false);
            }
            Step::Remove(stamp) => match self.binding.others.remove_file(path, stamp).await {
                Swapped::Done => {
                    self.bases.remove(path);
                }
                Swapped::Changed => return Ok(false),
                Swapped::Refused(why) => return Err(why),
            },
            Step::Trash(file) => {
                if !self.is_gone(path).await? {
                    return Ok(false);
                }
                self.edit(asset_deletion(path, &file)).await?;
                self.bases.remove(path);
            }
        }
        Ok(true)
    }

    /// Whether a file stays away: one that is just being replaced comes back.
    async fn is_gone(&self, path: &str) -> Result<bool, String> {
        self.runtime.sleep(self.limits.folder_settle).await;
        Ok(self.binding.others.stamp(path).await?.is_none())
    }

    async fn edit(&self, edits: Vec<wayfare_core::document::Edit>) -> Result<(), String> {
        self.library.edit(self.binding.project.tree(), edits).await.map_err(|error| error.to_string())
    }

    async fn add(&mut self, path: &str, found: OnDisk) -> Result<bool, String> {
        let said = |refusal: Refusal| refusal.to_string();
        let assets = self.library.assets();
        let size = found.stamp.bytes;
        if let Some(mut upload) = assets.upload(found.asset, size).await.map_err(said)? {
            while upload.at() < size {
                let part = self.binding.others.read_part(path, upload.at(), ASSET_PART).await?;
                if part.is_empty() {
                    return Ok(false);
                }
                upload.take(part).await.map_err(said)?;
            }
            upload.finish().await.map_err(said)?;
        }
        let tree = self.library.tree(self.binding.project).await.map_err(|error| error.to_string())?;
        let limit = self.limits.project_assets;
        if tree.assets.len() >= limit && !tree.assets.contains_key(path) {
            return Err(format!("the project has {limit} assets, the limit (project_assets)"));
        }
        let file = AssetFile::new(found.asset, size, self.binding.others.media_type(path));
        let before = tree.assets.get(path).or_else(|| tree.asset_trash.get(path));
        self.edit(asset_put(path, &file.instead_of(before))).await?;
        self.bases.insert(path.to_owned(), Base { asset: found.asset, stamp: found.stamp });
        Ok(true)
    }

    async fn write(&mut self, path: &str, file: &AssetFile, over: Option<Stamp>) -> Result<bool, String> {
        let (assets, files) = (self.library.assets().clone(), Arc::clone(&self.binding.others));
        files.stamp(path).await?; // whether it may be here at all
        let size = match assets.obtain(file.asset).await {
            Ok(size) => size,
            Err(refusal) => {
                // What is not within reach yet is on its way.
                tracing::debug!(folder = self.binding.name, path, %refusal, "a file is not here yet");
                return Ok(false);
            }
        };
        let mut at = 0;
        loop {
            let part = if at < size { read(&assets, file.asset, at).await? } else { Bytes::new() };
            let is_end = part.is_empty();
            if at == 0 || !is_end {
                let length = part.len() as u64;
                files.stage_part(path, at, part).await?;
                at += length;
            }
            if is_end || at >= size {
                break;
            }
        }
        let stamp = files.staged_stamp(path).await?;
        match files.swap_file(path, over).await {
            Swapped::Done => {
                self.bases.insert(path.to_owned(), Base { asset: file.asset, stamp });
                Ok(true)
            }
            Swapped::Changed => {
                files.unstage_file(path).await?;
                Ok(false)
            }
            Swapped::Refused(why) => Err(why),
        }
    }
}

async fn read(assets: &crate::asset::Assets, asset: AssetId, at: u64) -> Result<Bytes, String> {
    assets.read(asset, at, ASSET_PART).await.map_err(|refusal| refusal.to_string())
}

/// The assets of a tree that can have a file here. What is a document by its path or its ending is none.
fn listed(tree: &Tree, status: &mut FilesStatus) -> BTreeMap<String, AssetFile> {
    let mut listed = BTreeMap::new();
    for (path, file) in &tree.assets {
        let fits = if tree.at(path).is_some() { Err("a document is there".to_owned()) } else { paths::fits_file(path) };
        match fits {
            Ok(()) => {
                listed.insert(path.clone(), file.clone());
            }
            Err(why) => {
                status.problems.insert(path.clone(), why);
            }
        }
    }
    listed
}

/// Files of a folder, by their paths, as the last look saw them; `None` before the first.
pub type Seen = watch::Receiver<Option<Arc<BTreeMap<String, Stamp>>>>;
