//! The actor that reads ahead at a node.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use wayfare_core::Machine as _;
use wayfare_core::prefetch::{Config, Effect, Found, Input, Prefetch, Reads, Status};
use wayfare_protocol::control::Control;
use wayfare_protocol::{AssetId, DocumentId, ErrorCode, Limits, ProjectId, Refusal};

use crate::actor::{Arguments, Context, Executor, Fatal, Runtime, Start, Started};
use crate::directory::Directory;
use crate::document::Library;
use crate::supervisor::Child;

/// What is set at a node, and how far it is. Clones are the same, and outlive the actors.
#[derive(Clone)]
pub struct Ahead(Arc<Shared>);

struct Shared {
    is_metered: bool,
    off: watch::Sender<BTreeSet<ProjectId>>,
    status: watch::Sender<Status>,
}

impl Ahead {
    /// `is_metered`: what is transferred costs money. `off`: the projects that are not read ahead.
    #[must_use]
    pub fn new(is_metered: bool, off: BTreeSet<ProjectId>) -> Self {
        Self(Arc::new(Shared { is_metered, off: watch::Sender::new(off), status: watch::Sender::default() }))
    }

    /// Whether nothing is read ahead, since what is transferred costs money.
    #[must_use]
    pub fn is_metered(&self) -> bool {
        self.0.is_metered
    }

    /// The projects that are not read ahead.
    #[must_use]
    pub fn off(&self) -> BTreeSet<ProjectId> {
        self.0.off.borrow().clone()
    }

    /// Reads other projects ahead from now on.
    pub fn set_off(&self, off: BTreeSet<ProjectId>) {
        self.0.off.send_replace(off);
    }

    /// What has yet to come.
    #[must_use]
    pub fn status(&self) -> Status {
        *self.0.status.borrow()
    }
}

/// The executor of what reads ahead.
pub struct PrefetchExecutor {
    ahead: Ahead,
    library: Library,
    directory: Arc<Directory>,
    /// A document that is not in step by then is tried again later.
    patience: Duration,
    /// The documents that were ever open here were told.
    has_begun: bool,
}

/// What it is told besides its machine's inputs.
pub enum PrefetchCommand {
    /// The cloud is within reach, or is not any more.
    Above(bool),
}

/// The actor under its supervisor. Restarted it looks at everything anew.
pub(crate) fn child(
    ahead: Ahead,
    library: Library,
    directory: Arc<Directory>,
    runtime: Runtime,
    limits: &Limits,
) -> Child {
    let limits = limits.clone();
    let known = Arc::clone(&directory);
    let start: Start<PrefetchExecutor> = Arc::new(move |now| {
        let config = Config { is_metered: ahead.is_metered(), off: ahead.off(), limits: limits.clone() };
        let executor = PrefetchExecutor {
            ahead: ahead.clone(),
            library: library.clone(),
            directory: Arc::clone(&directory),
            patience: limits.asset_silence,
            has_begun: false,
        };
        ahead.0.status.send_replace(Status::default());
        Box::pin(async move { Ok(Started { machine: Prefetch::new(config, now), executor, inputs: Vec::new() }) })
    });
    Child::of(Arguments { name: "prefetch".to_owned(), start, runtime }, move |actor| known.set_prefetch(actor))
}

impl PrefetchExecutor {
    fn above(&mut self, is_there: bool, context: &mut Context<Self>) {
        if !is_there {
            return context.feed(Input::AboveDown);
        }
        let (library, changed) = (self.library.clone(), self.directory.take_changed());
        if self.has_begun {
            return context.feed(Input::AboveUp { changed });
        }
        self.has_begun = true;
        self.watch(context);
        context.perform(async move {
            let mut changed: BTreeSet<_> = changed.into_iter().collect();
            match library.kept().await {
                Ok(kept) => changed.extend(kept),
                Err(error) => tracing::warn!(%error, "documents do not meet the cloud's until they are opened"),
            }
            Ok(Input::AboveUp { changed: changed.into_iter().collect() })
        });
    }

    /// Tells of what is set, for as long as the actor lives.
    fn watch(&self, context: &mut Context<Self>) {
        let (mut off, myself) = (self.ahead.0.off.subscribe(), context.myself().clone());
        context.spawn(async move {
            while off.changed().await.is_ok() {
                let now = off.borrow_and_update().clone();
                let _ = myself.cast(crate::actor::Mail::Input(Input::Off(now), None)); // it has ended
            }
        });
    }
}

async fn bring(library: &Library, document: DocumentId, reads: Reads, within: Duration) -> Result<Found, Refusal> {
    let failed = |error: crate::document::LibraryError| Refusal::new(ErrorCode::OwnerUnreachable, error.to_string());
    library.settled(document, within).await.map_err(failed)?;
    Ok(match reads {
        Reads::Nothing => Found::Text,
        Reads::Index => {
            let projects = library.projects().await.map_err(failed)?;
            Found::Index(projects.into_iter().map(|(project, _)| project).collect())
        }
        Reads::Tree(project) => {
            let tree = library.tree(project).await.map_err(failed)?;
            let assets = tree.assets.into_values().map(|file| (file.asset, file.size)).collect();
            Found::Tree { project, documents: tree.files.into_keys().collect(), assets }
        }
    })
}

async fn fetch(library: &Library, asset: AssetId) -> Result<(), Refusal> {
    library.assets().obtain(asset).await.map(|_| ())
}

impl Executor for PrefetchExecutor {
    type Machine = Prefetch;
    type Command = PrefetchCommand;

    fn execute(&mut self, effect: Effect, context: &mut Context<Self>) -> Result<(), Fatal> {
        match effect {
            Effect::AskChanges { since } => self.directory.tell_upstreams(Control::ListChanges { since }),
            Effect::Bring { document, reads } => {
                let (library, within) = (self.library.clone(), self.patience);
                context.perform(async move {
                    let outcome = bring(&library, document, reads, within).await;
                    if let Err(refusal) = &outcome {
                        tracing::info!(%document, %refusal, "a document does not meet the cloud's now");
                    }
                    Ok(Input::Brought { document, outcome })
                });
            }
            Effect::Tell(status) => {
                self.ahead.0.status.send_replace(status);
            }
            Effect::Fetch { asset, size } => {
                let library = self.library.clone();
                context.perform(async move {
                    let outcome = fetch(&library, asset).await;
                    if let Err(refusal) = &outcome {
                        tracing::info!(%asset, %refusal, "an asset is not read ahead now");
                    }
                    Ok(Input::Fetched { asset, size, outcome })
                });
            }
        }
        Ok(())
    }

    fn command(&mut self, command: PrefetchCommand, context: &mut Context<Self>) -> Result<(), Fatal> {
        match command {
            PrefetchCommand::Above(is_there) => self.above(is_there, context),
        }
        Ok(())
    }
}
