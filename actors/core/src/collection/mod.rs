//! One sweep of an account's assets: what nobody links to, and has not for [`Limits::asset_grace`], is deleted.
//!
//! Everything begins at the index and goes on over what it leads to (`links`). What the driver is to do next is said by [`Sweep::step`]; it
//! does that and tells what came of it. A document that is changed meanwhile is read again before anything else is deleted. If anything
//! cannot be read, the sweep ends: nothing is deleted by what is not known.
//!
//! What nobody links to is noted with the time, durably; the next sweeps see whether that is so still. So it does not matter what one sweep
//! missed in passing, nor when one is cut off. The first sweep after a start deletes nothing: devices may have links that they could not
//! tell while the cloud was away.
//!
//! The file of an output is linked to by texts alone. When it is due it goes to the trash of its project, and its time begins anew: that is how
//! folders learn that it goes, and how a person gets it back. When it is due there, the trash forgets it, and the next sweep deletes it.
//!
//! [`Limits::asset_grace`]: wayfare_protocol::Limits::asset_grace

mod links;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use wayfare_protocol::{AssetId, DocumentId, Wall};

pub use links::{Links, OutputFile, mentioned};

/// What is known when a sweep begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The assets that there are.
    pub assets: BTreeSet<AssetId>,
    /// Those that the cloud has yet to get.
    pub owed: BTreeSet<AssetId>,
    /// Those that were noted: since when nobody links to them.
    pub unlinked: BTreeMap<AssetId, Wall>,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Say what a document leads to: [`Sweep::links`].
    Read(DocumentId),
    /// Say which assets the text of a version mentions: [`Sweep::mentions`].
    ReadVersion(AssetId),
    /// Note that nobody links to it.
    Note(AssetId),
    /// Somebody links to it, or it is gone: the note goes.
    Forget(AssetId),
    /// Put its files at paths ([`Sweep::files`]) into the trash, unless its note is gone, and the note goes.
    Discard(AssetId),
    /// Have the trash forget its files, unless its note is gone.
    Drop(AssetId),
    /// Delete it, unless its note is gone, and then the note.
    Delete(AssetId),
}

/// See the module.
#[derive(Debug)]
pub struct Sweep {
    now: Wall,
    /// `None`: nothing is deleted.
    grace: Option<Duration>,
    known: Known,
    /// Documents that are to be read.
    reads: BTreeSet<DocumentId>,
    /// Those that were.
    read: BTreeSet<DocumentId>,
    /// Texts of versions that are to be read, should anything be deleted.
    texts: BTreeSet<AssetId>,
    read_texts: BTreeSet<AssetId>,
    linked: BTreeSet<AssetId>,
    /// Files of outputs, by the tree that has them.
    outputs: BTreeMap<DocumentId, BTreeSet<OutputFile>>,
    /// Assets whose files were to go: each once in a sweep.
    tried: BTreeSet<AssetId>,
    /// What is to be done when all is read; `None`: it is to be worked out anew.
    plan: Option<VecDeque<Step>>,
}

impl Sweep {
    /// One that begins. `grace`: what nobody has linked to for so long is deleted; `None`: nothing is.
    #[must_use]
    pub fn new(now: Wall, grace: Option<Duration>, known: Known) -> Self {
        let (linked, reads) = (known.owed.clone(), BTreeSet::from([DocumentId::INDEX]));
        let (read, texts, read_texts) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let (outputs, tried) = (BTreeMap::new(), BTreeSet::new());
        Self { now, grace, known, reads, read, texts, read_texts, linked, outputs, tried, plan: None }
    }

    /// What is to be done next; `None`: nothing.
    pub fn step(&mut self) -> Option<Step> {
        // Those that were not read yet first: one that changes all the time does not keep the others.
        let document = self.reads.difference(&self.read).next().or_else(|| self.reads.first()).copied();
        if let Some(document) = document {
            self.reads.remove(&document);
            self.read.insert(document);
            return Some(Step::Read(document));
        }
        if self.plan.is_none() {
            self.plan = Some(self.planned());
        }
        let plan = self.plan.as_mut()?;
        if matches!(plan.front(), Some(Step::Discard(_) | Step::Drop(_) | Step::Delete(_)))
            && let Some(text) = self.texts.pop_first()
        {
            self.read_texts.insert(text);
            return Some(Step::ReadVersion(text));
        }
        let step = plan.pop_front()?;
        match step {
            Step::Note(asset) => {
                self.known.unlinked.insert(asset, self.now);
            }
            Step::Forget(asset) => {
                self.known.unlinked.remove(&asset);
            }
            Step::Discard(asset) | Step::Drop(asset) => {
                self.tried.insert(asset);
            }
            Step::Delete(asset) => {
                self.known.assets.remove(&asset);
                self.known.unlinked.remove(&asset);
            }
            Step::Read(_) | Step::ReadVersion(_) => {}
        }
        Some(step)
    }

    /// What is to be done if nothing more is linked than is known: deletions first.
    fn planned(&self) -> VecDeque<Step> {
        let Known { assets, unlinked, .. } = &self.known;
        let is_unlinked = |asset: &AssetId| assets.contains(asset) && !self.linked.contains(asset);
        let age = |since: &Wall| Duration::from_millis(self.now.0.saturating_sub(since.0));
        let is_due = |since: &Wall| self.grace.is_some_and(|grace| age(since) >= grace);
        let due =
            unlinked.iter().filter(|(asset, since)| is_unlinked(asset) && is_due(since) && !self.tried.contains(asset));
        let wrong = unlinked.keys().filter(|asset| !is_unlinked(asset));
        let new = assets.iter().filter(|asset| is_unlinked(asset) && !unlinked.contains_key(*asset));
        due.map(|(asset, _)| self.end_of(*asset))
            .chain(wrong.map(|asset| Step::Forget(*asset)))
            .chain(new.map(|asset| Step::Note(*asset)))
            .collect()
    }

    /// How an asset goes whose time is over.
    fn end_of(&self, asset: AssetId) -> Step {
        if self.files(asset).any(|(_, file)| !file.is_in_trash) {
            Step::Discard(asset)
        } else if self.files(asset).next().is_some() {
            Step::Drop(asset)
        } else {
            Step::Delete(asset)
        }
    }

    /// The files of an asset that are outputs', with the trees that have them.
    pub fn files(&self, asset: AssetId) -> impl Iterator<Item = (DocumentId, &OutputFile)> {
        // A tree has them in order of their assets.
        let first = OutputFile { asset, path: String::new(), is_in_trash: false };
        self.outputs.iter().flat_map(move |(tree, files)| {
            let from = files.range(first.clone()..);
            from.take_while(move |file| file.asset == asset).map(move |file| (*tree, file))
        })
    }

    fn link(&mut self, assets: impl IntoIterator<Item = AssetId>) {
        for asset in assets {
            if self.linked.insert(asset) {
                self.plan = None;
            }
        }
    }

    /// What a document that was read leads to.
    pub fn links(&mut self, of: DocumentId, links: Links) {
        let known = self.outputs.entry(of).or_default();
        if *known != links.outputs {
            *known = links.outputs;
            self.plan = None;
        }
        for document in links.documents {
            for document in [Some(document), document.versions()].into_iter().flatten() {
                if !self.read.contains(&document) {
                    self.reads.insert(document);
                }
            }
        }
        self.texts.extend(links.versions.difference(&self.read_texts));
        self.link(links.assets.into_iter().chain(links.versions));
    }

    /// What the text of a version mentions.
    pub fn mentions(&mut self, assets: BTreeSet<AssetId>) {
        self.link(assets);
    }

    /// A document has been changed since the sweep began.
    pub fn changed(&mut self, document: DocumentId) {
        self.reads.insert(document);
    }
}
