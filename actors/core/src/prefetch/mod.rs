//! `Prefetch`: which documents and assets a node brings into step with its cloud before anybody opens them.
//!
//! | | is brought |
//! |---|---|
//! | a document that was changed here | when the cloud comes within reach, whatever is set: what was written here is not to wait |
//! | the index, and the trees of projects that are read ahead | at the beginning, and when the cloud says that they changed |
//! | their documents | likewise: first those that changed last, then those that were made last |
//! | a document of another project that was open here | when the cloud says that it changed |
//! | assets that those trees name, up to [`Limits::prefetch_asset`] each and [`Limits::prefetch_bytes`] together | first those that were added last, then the small ones |
//!
//! The cloud is asked every [`Limits::changes_every`] what changed since a mark. A cloud that does not know the mark, because it was
//! started meanwhile, has everything looked at anew, once.
//!
//! It goes behind whatever a person does: [`AT_ONCE`] documents and as many assets are under way, and no more than
//! [`Limits::prefetch_documents`] come within [`Limits::document_idle`], so that there is room for those that are opened.

mod interface;
mod queue;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use wayfare_protocol::document::{Changes, ChangesMark};
use wayfare_protocol::{AssetId, Boot, DocumentId, Now, ProjectId, Refusal};

use crate::machine::{Machine, Sink, earlier};
pub use interface::{Config, Effect, Found, Input, Reads, Status};
use queue::{Order, Queue};

/// Documents that are brought at one time; as many assets besides.
pub const AT_ONCE: usize = 2;

/// What a project's tree names.
#[derive(Debug, Default)]
struct Project {
    documents: BTreeSet<DocumentId>,
    assets: BTreeMap<AssetId, u64>,
}

/// See the module's table.
#[derive(Debug)]
pub struct Prefetch {
    config: Config,
    is_there: bool,
    mark: Option<ChangesMark>,
    /// The cloud is asked for changes then; while the answer is awaited: asked again then.
    ask_at: Option<Boot>,
    projects: BTreeMap<ProjectId, Project>,
    /// Documents that were open here, wherever they belong.
    here: BTreeSet<DocumentId>,
    in_step: BTreeSet<DocumentId>,
    documents: Queue<DocumentId>,
    /// When documents were brought, of late.
    brought: VecDeque<Boot>,
    assets: Queue<(u64, AssetId)>,
    /// Assets that are here, with their bytes.
    had: BTreeMap<AssetId, u64>,
    /// Counts what changed, so that what changed last goes first.
    changes: u64,
    /// What the cloud said changed, until that is here: what is in no tree yet may be in one that comes.
    changed: BTreeMap<DocumentId, u64>,
    told: Status,
}

impl Prefetch {
    /// What has yet to come.
    fn status(&self) -> Status {
        let (documents, assets) = (self.documents.len(), self.assets.len());
        let has_looked = self.config.is_metered || self.in_step.contains(&DocumentId::INDEX);
        Status { documents, assets, is_done: documents + assets == 0 && has_looked }
    }

    fn is_ahead(&self, project: ProjectId) -> bool {
        !self.config.is_metered && !self.config.off.contains(&project)
    }

    /// Whether a document is brought without anybody having changed it here.
    fn is_wanted(&self, document: DocumentId) -> bool {
        if self.config.is_metered {
            return false;
        }
        let is_of = |(project, named): (&ProjectId, &Project)| {
            self.is_ahead(*project) && (project.tree() == document || named.documents.contains(&document))
        };
        document == DocumentId::INDEX || self.here.contains(&document) || self.projects.iter().any(is_of)
    }

    fn reads(&self, document: DocumentId) -> Reads {
        let tree = self.projects.keys().find(|project| project.tree() == document);
        match tree {
            _ if document == DocumentId::INDEX => Reads::Index,
            Some(project) if self.is_ahead(*project) => Reads::Tree(*project),
            Some(_) | None => Reads::Nothing,
        }
    }

    fn order(&self, document: DocumentId) -> Order {
        let changed = self.changed.get(&document).copied().unwrap_or(0);
        let is_tree = self.projects.keys().any(|project| project.tree() == document);
        if document == DocumentId::INDEX || is_tree { Order::FIRST } else { Order::of_document(changed, document) }
    }

    /// A document is to be brought, if anything here wants it.
    fn want(&mut self, document: DocumentId) {
        if self.is_wanted(document) {
            let order = self.order(document);
            self.documents.add(document, order);
        }
    }

    /// Everything that is wanted, not known to be in step, and not about to be.
    fn want_all(&mut self) {
        let trees = self.projects.keys().map(|project| project.tree());
        let named = self.projects.values().flat_map(|project| project.documents.iter().copied());
        let all: BTreeSet<_> = [DocumentId::INDEX].into_iter().chain(trees).chain(named).collect();
        let is_new = |document: &DocumentId| !self.in_step.contains(document) && !self.documents.contains(document);
        for document in all.into_iter().filter(is_new).collect::<Vec<_>>() {
            self.want(document);
        }
    }

    fn above_up(&mut self, now: Now, changed: Vec<DocumentId>) {
        (self.is_there, self.ask_at) = (true, (!self.config.is_metered).then_some(now.boot));
        self.changes += 1;
        self.documents.retry_all();
        self.assets.retry_all();
        for document in changed {
            self.here.insert(document);
            self.in_step.remove(&document);
            self.changed.insert(document, self.changes);
            self.documents.add(document, self.order(document));
        }
    }

    fn on_changes(&mut self, now: Now, told: Changes) {
        if !told.is_since {
            // The cloud does not know what was before: everything may have changed.
            self.in_step.clear();
        }
        self.mark = Some(told.mark);
        self.ask_at = Some(if told.more { now.boot } else { now.boot.after(self.config.limits.changes_every) });
        for document in told.documents {
            self.changes += 1;
            self.changed.insert(document, self.changes);
            self.in_step.remove(&document);
            self.want(document);
        }
        if !told.is_since {
            self.want_all();
        }
    }

    fn on_brought(&mut self, now: Now, document: DocumentId, outcome: Result<Found, Refusal>) {
        self.brought.push_back(now.boot);
        match outcome {
            Ok(found) => {
                if self.documents.done(&document) {
                    self.in_step.insert(document);
                    self.changed.remove(&document);
                }
                self.on_found(found);
            }
            Err(_) => self.documents.failed(document, now.boot.after(self.config.limits.prefetch_retry)),
        }
    }

    fn on_found(&mut self, found: Found) {
        match found {
            Found::Text => {}
            Found::Index(projects) => {
                let listed: BTreeSet<_> = projects.into_iter().collect();
                self.projects.retain(|project, _| listed.contains(project));
                for project in listed {
                    self.know(project);
                }
                self.want_all();
                self.sort_out();
            }
            Found::Tree { project, documents, assets } => {
                let known = self.projects.entry(project).or_default();
                self.changes += 1;
                let is_first = known.assets.is_empty();
                let since = |asset: &AssetId| match (is_first, known.assets.contains_key(asset)) {
                    (true, _) | (_, true) => 0,
                    (false, false) => self.changes,
                };
                let small = |(_, size): &(AssetId, u64)| *size <= self.config.limits.prefetch_asset;
                let assets: BTreeMap<_, _> = assets.into_iter().filter(small).collect();
                for (asset, size) in assets.iter().filter(|(asset, _)| !self.had.contains_key(asset)) {
                    self.assets.add((*size, *asset), Order::of_asset(since(asset), *size));
                }
                *known = Project { documents: documents.into_iter().collect(), assets };
                self.want_all();
                self.sort_out();
            }
        }
    }

    /// A project's tree may have been brought before anybody knew that it is one: then it was not read.
    fn know(&mut self, project: ProjectId) {
        if self.projects.contains_key(&project) {
            return;
        }
        self.projects.insert(project, Project::default());
        self.in_step.remove(&project.tree());
        self.want(project.tree());
    }

    /// What nothing names any more, or is not read ahead any more, does not wait.
    fn sort_out(&mut self) {
        let named: BTreeSet<AssetId> = self
            .projects
            .iter()
            .filter(|(project, _)| self.is_ahead(**project))
            .flat_map(|(_, known)| known.assets.keys().copied())
            .collect();
        self.assets.keep(|(_, asset)| named.contains(asset));
        self.had.retain(|asset, _| named.contains(asset));
        let gone: BTreeSet<_> =
            self.documents.all().filter(|id| !self.is_wanted(*id) && !self.here.contains(id)).collect();
        self.documents.keep(|id| !gone.contains(id));
    }

    fn on_off(&mut self, off: BTreeSet<ProjectId>) {
        let turned_on: Vec<_> = self.config.off.difference(&off).copied().collect();
        self.config.off = off;
        for project in turned_on {
            // Its tree has not been read.
            self.in_step.remove(&project.tree());
        }
        self.want_all();
        self.sort_out();
    }

    fn on_fetched(&mut self, now: Now, (asset, size): (AssetId, u64), outcome: Result<(), Refusal>) {
        match outcome {
            Ok(()) => {
                self.assets.done(&(size, asset));
                self.had.insert(asset, size);
            }
            Err(_) => self.assets.failed((size, asset), now.boot.after(self.config.limits.prefetch_retry)),
        }
    }

    /// Documents that were brought so long ago that they are unloaded take no room.
    fn forget_old(&mut self, now: Now) {
        let within = self.config.limits.document_idle;
        while self.brought.front().is_some_and(|at| at.after(within) <= now.boot) {
            self.brought.pop_front();
        }
    }

    fn has_room(&self) -> bool {
        self.brought.len() + self.documents.under_way() < self.config.limits.prefetch_documents
    }

    fn tell(&mut self, out: &mut impl Sink<Effect>) {
        let status = self.status();
        if status != self.told {
            self.told = status;
            out.push(Effect::Tell(status));
        }
    }

    fn go_on(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        self.tell(out);
        if !self.is_there {
            return;
        }
        if self.ask_at.is_some_and(|at| at <= now.boot) {
            self.ask_at = Some(now.boot.after(self.config.limits.request));
            out.push(Effect::AskChanges { since: self.mark });
        }
        self.documents.wake(now.boot);
        self.assets.wake(now.boot);
        self.forget_old(now);
        while self.documents.under_way() < AT_ONCE && self.has_room() {
            let Some(document) = self.documents.next() else { break };
            out.push(Effect::Bring { document, reads: self.reads(document) });
        }
        let room = self.config.limits.prefetch_bytes;
        let mut taken: u64 = self.had.values().sum::<u64>() + self.assets.running().map(|(size, _)| *size).sum::<u64>();
        while self.assets.under_way() < AT_ONCE {
            let Some((size, asset)) = self.assets.next_if(|(size, _)| taken + size <= room) else { break };
            taken += size;
            out.push(Effect::Fetch { asset, size });
        }
    }
}

impl Machine for Prefetch {
    const NAME: &'static str = "prefetch";
    type Config = Config;
    type Input = Input;
    type Effect = Effect;

    fn new(config: Config, _now: Now) -> Self {
        Self {
            config,
            is_there: false,
            mark: None,
            ask_at: None,
            projects: BTreeMap::new(),
            here: BTreeSet::new(),
            in_step: BTreeSet::new(),
            documents: Queue::default(),
            brought: VecDeque::new(),
            assets: Queue::default(),
            had: BTreeMap::new(),
            changes: 0,
            changed: BTreeMap::new(),
            told: Status::default(),
        }
    }

    fn step(&mut self, now: Now, input: Input, out: &mut impl Sink<Effect>) {
        match input {
            Input::AboveUp { changed } => self.above_up(now, changed),
            Input::AboveDown => (self.is_there, self.ask_at) = (false, None),
            Input::Changes(told) => self.on_changes(now, told),
            Input::Off(off) => self.on_off(off),
            Input::Brought { document, outcome } => self.on_brought(now, document, outcome),
            Input::Fetched { asset, size, outcome } => self.on_fetched(now, (asset, size), outcome),
        }
        self.go_on(now, out);
    }

    fn deadline(&self) -> Option<Boot> {
        if !self.is_there {
            return None;
        }
        let room = self.brought.front().filter(|_| !self.has_room() && self.documents.is_waiting());
        let room = room.map(|at| at.after(self.config.limits.document_idle));
        earlier(earlier(self.ask_at, room), earlier(self.documents.deadline(), self.assets.deadline()))
    }

    fn wake(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        self.go_on(now, out);
    }
}
