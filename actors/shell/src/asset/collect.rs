//! What nobody links to is deleted, at the place with nothing above it. What goes is decided by [`Sweep`]; here it is done.

use std::collections::BTreeSet;
use std::time::Duration;

use wayfare_core::collection::{Known, Links, OutputFile, Step, Sweep, mentioned};
use wayfare_core::document::{ASSET_TRASH, Ask, Edit, Told};
use wayfare_protocol::limits::ASSET_SWEEP_DOCUMENTS;
use wayfare_protocol::{AssetId, DocumentId, ErrorCode, ProjectId, Refusal};

use super::{Assets, Environs, Turn, failed};
use crate::document::{Library, LibraryError};

/// What a sweep has deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Assets.
    pub assets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files of outputs that it has put into the trash.
    pub outputs: u64,
}

/// A sweep that goes on. Dropped, it has ended.
struct Watching(Assets);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.0.watch.end();
    }
}

impl Assets {
    /// Whether what nobody links to is deleted here.
    pub(crate) fn collects(&self) -> bool {
        !self.environs().has_above
    }

    /// A document of the account is changed.
    pub(crate) fn changed(&self, document: DocumentId) {
        self.0.watch.changed(document);
    }

    /// Somebody wants an asset: if it was noted that nobody links to it, that begins anew.
    pub(super) async fn want(&self, asset: AssetId) -> Result<(), Refusal> {
        if !self.collects() {
            return Ok(());
        }
        self.0.watch.wanted(asset);
        let (store, account) = self.store();
        store.forget_unlinked(account, asset).await.map_err(|error| failed(&error))
    }

    async fn known(&self) -> Result<Known, Refusal> {
        let (store, account) = self.store();
        let read = async {
            Ok(Known {
                assets: store.list(account).await?.into_iter().collect(),
                owed: store.owed(account).await?.into_iter().collect(),
                unlinked: store.unlinked(account).await?,
            })
        };
        read.await.map_err(|error| failed(&error))
    }

    /// The turn at an asset that is to go; `None`: somebody wants it again, or a document has just changed, so that another sweep is to see
    /// to it.
    async fn turn_to_drop(&self, asset: AssetId) -> Result<Option<Turn>, Refusal> {
        let turn = self.turn(asset).await?;
        Ok((!self.0.watch.is_wanted(asset) && !self.0.watch.has_changed()).then_some(turn))
    }

    /// Deletes an asset, unless somebody wants it. Returns its bytes.
    async fn drop_one(&self, asset: AssetId) -> Result<Option<u64>, Refusal> {
        let Some(_turn) = self.turn_to_drop(asset).await? else { return Ok(None) };
        let size = self.size_here(asset).await?;
        let (store, account) = self.store();
        // The note goes last: after a crash in between it is of nothing, and goes with the next sweep.
        store.delete(account, asset).await.map_err(|error| failed(&error))?;
        store.forget_unlinked(account, asset).await.map_err(|error| failed(&error))?;
        Ok(size)
    }
}

impl Library {
    /// Deletes what nobody links to, from time to time, for as long as this runs.
    pub(crate) async fn collect(self) {
        let Environs { runtime, limits, .. } = self.assets().environs();
        runtime.sleep(limits.asset_sweep_first).await;
        // Devices may have links that they could not tell while this process was not there: at first nothing is deleted.
        let mut grace = None;
        loop {
            let swept = self.sweep(grace).await;
            if swept.is_ok() {
                grace = Some(limits.asset_grace);
            }
            match swept {
                Ok(Collected { assets, bytes, outputs }) => {
                    metrics::counter!("wayfare_asset_sweeps_total").increment(1);
                    metrics::counter!("wayfare_assets_collected_total").increment(assets);
                    metrics::counter!("wayfare_assets_collected_bytes_total").increment(bytes);
                    metrics::counter!("wayfare_outputs_discarded_total").increment(outputs);
                    if outputs > 0 {
                        tracing::info!(outputs, "files of outputs that no text shows are in the trash");
                    }
                    if assets > 0 {
                        tracing::info!(assets, bytes, "assets to which nobody links are deleted");
                    }
                }
                Err(error) => tracing::warn!(%error, "assets are not collected now"),
            }
            runtime.sleep(limits.asset_sweep).await;
        }
    }

    /// Looks once for what nobody links to, and deletes what nobody has for that time.
    ///
    /// # Errors
    /// If anything cannot be read; then nothing more is deleted.
    async fn sweep(&self, grace: Option<Duration>) -> Result<Collected, LibraryError> {
        let assets = self.assets();
        let Environs { runtime, limits, store, account, .. } = assets.environs();
        let now = runtime.clock.now().wall;
        assets.0.watch.begin();
        let _watching = Watching(assets.clone());
        let mut sweep = Sweep::new(now, grace, assets.known().await?);
        let (mut collected, mut read) = (Collected::default(), 0);
        loop {
            assets.0.watch.take_changed().into_iter().for_each(|document| sweep.changed(document));
            let Some(step) = sweep.step() else { return Ok(collected) };
            let stored = match step {
                Step::Read(document) => {
                    // Whoever works in other documents is to find room for them.
                    if read == ASSET_SWEEP_DOCUMENTS {
                        runtime.sleep(limits.document_idle).await;
                        read = 0;
                    }
                    read += 1;
                    sweep.links(document, self.links(document).await?);
                    Ok(())
                }
                Step::ReadVersion(text) => {
                    sweep.mentions(self.mentioned_by(text).await?);
                    Ok(())
                }
                Step::Note(asset) => store.note_unlinked(*account, asset, now).await,
                Step::Forget(asset) => store.forget_unlinked(*account, asset).await,
                Step::Discard(asset) => {
                    let files = in_projects(sweep.files(asset).filter(|(_, file)| !file.is_in_trash));
                    collected.outputs += self.discard(asset, files).await?;
                    Ok(())
                }
                Step::Drop(asset) => {
                    self.drop_from_trash(asset, in_projects(sweep.files(asset))).await?;
                    Ok(())
                }
                Step::Delete(asset) => {
                    if let Some(bytes) = assets.drop_one(asset).await? {
                        collected.assets += 1;
                        collected.bytes += bytes;
                    }
                    Ok(())
                }
            };
            stored.map_err(|error| failed(&error))?;
        }
    }

    /// Puts files of outputs into the trash, unless somebody wants them again. Returns how many.
    async fn discard(&self, asset: AssetId, files: Vec<(ProjectId, String)>) -> Result<u64, LibraryError> {
        let Some(_turn) = self.assets().turn_to_drop(asset).await? else { return Ok(0) };
        // Their time begins anew: also after a crash here.
        let (store, account) = self.assets().store();
        store.forget_unlinked(account, asset).await.map_err(|error| failed(&error))?;
        let count = files.len() as u64;
        for (project, path) in files {
            self.delete_asset(project, &path).await?;
        }
        Ok(count)
    }

    /// Has the trash forget files of outputs, unless somebody wants them again.
    async fn drop_from_trash(&self, asset: AssetId, files: Vec<(ProjectId, String)>) -> Result<(), LibraryError> {
        let Some(_turn) = self.assets().turn_to_drop(asset).await? else { return Ok(()) };
        for (project, path) in files {
            let edit = Edit::Remove { map: ASSET_TRASH.to_owned(), key: path };
            self.edit(project.tree(), vec![edit]).await?;
        }
        Ok(())
    }

    async fn links(&self, document: DocumentId) -> Result<Links, LibraryError> {
        match self.ask(document, Ask::Links).await? {
            Told::Links(links) => Ok(links),
            other => Err(crate::document::unexpected(other)),
        }
    }

    /// What the text of a version mentions. One that is nowhere shows nothing.
    async fn mentioned_by(&self, text: AssetId) -> Result<BTreeSet<AssetId>, LibraryError> {
        let size = match self.assets().obtain(text).await {
            Err(refusal) if refusal.code == ErrorCode::NotFound => return Ok(BTreeSet::new()),
            size => size?,
        };
        let bytes = self.assets().read(text, 0, usize::try_from(size).unwrap_or(usize::MAX)).await?;
        Ok(mentioned(&String::from_utf8_lossy(&bytes)))
    }
}

/// Where files are, by their projects.
fn in_projects<'a>(files: impl Iterator<Item = (DocumentId, &'a OutputFile)>) -> Vec<(ProjectId, String)> {
    files.map(|(tree, file)| (ProjectId(tree.0), file.path.clone())).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use wayfare_protocol::{AccountId, Wall};

    use super::*;
    use crate::asset::{MemoryAssets, still};
    use crate::ports::AssetStore;

    /// Whoever is told that an asset is there already is about to link to it: it is not deleted by what was seen before.
    #[tokio::test]
    async fn what_is_brought_again_while_a_sweep_goes_on_stays() {
        let store = MemoryAssets::default();
        let assets = still::assets(Arc::new(store.clone()), false);
        let bytes = Bytes::from_static(b"a picture");
        let asset = assets.put(bytes.clone()).await.unwrap();
        store.note_unlinked(AccountId::LOCAL, asset, Wall(0)).await.unwrap();
        assets.0.watch.begin();
        assert_eq!(assets.put(bytes).await, Ok(asset));
        assert_eq!(assets.drop_one(asset).await, Ok(None));
        assert_eq!(assets.size_here(asset).await, Ok(Some(9)));
        assert!(store.unlinked(AccountId::LOCAL).await.unwrap().is_empty(), "its grace begins anew");
        assets.0.watch.end();
        // Nor what a document may have come to link to a moment ago.
        assets.0.watch.begin();
        assets.changed(DocumentId::INDEX);
        assert_eq!(assets.drop_one(asset).await, Ok(None));
        assets.0.watch.end();
        // In the next sweep nobody has wanted it.
        assets.0.watch.begin();
        assert_eq!(assets.drop_one(asset).await, Ok(Some(9)));
        assert_eq!(assets.size_here(asset).await, Ok(None));
    }
}
