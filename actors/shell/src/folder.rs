//! The actor of a folder that is bound to a project, on a node.

mod namesakes;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ractor::ActorRef;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use wayfare_core::Machine as _;
use wayfare_core::document::frame::{self, Frame};
use wayfare_core::folder_binding::{Act, Config, Effect, FolderBinding, Input, Kept, Outcome, Status};
use wayfare_protocol::{DocumentId, Limits, ProjectId};

use crate::actor::{Arguments, Context, Executor, Fatal, Mail, Runtime, Start, Started};
use crate::document::{EditorNews, Library};
use crate::folder_assets::{self, FilesStatus};
use crate::ports::{Bases, FolderAssetFiles, FolderFiles};
use crate::supervisor::{Child, Order, Policy, SupervisorRef};

/// A folder that is bound.
#[derive(Clone)]
pub struct Binding {
    /// Names the actor.
    pub name: String,
    /// To which project.
    pub project: ProjectId,
    /// What the device is called.
    pub device: String,
    /// The folder.
    pub files: Arc<dyn FolderFiles>,
    /// The same folder's files that are no documents.
    pub others: Arc<dyn FolderAssetFiles>,
    /// What is remembered of its files.
    pub bases: Arc<dyn Bases>,
    /// Is told how it stands.
    pub status: watch::Sender<Status>,
    /// Is told how its files stand that are no documents.
    pub files_status: watch::Sender<FilesStatus>,
    /// The person says that what is gone was deleted.
    pub released: watch::Receiver<u64>,
}

/// The executor of a bound folder.
pub struct FolderExecutor {
    binding: Binding,
    library: Library,
    runtime: Runtime,
    limits: Arc<Limits>,
    followed: BTreeMap<DocumentId, AbortHandle>,
    is_watching: bool,
}

/// The arguments of a bound folder's actor.
pub(crate) fn arguments(
    binding: Binding,
    library: Library,
    runtime: Runtime,
    limits: &Limits,
) -> Arguments<FolderExecutor> {
    let name = binding.name.clone();
    let (given, limits) = (runtime.clone(), Arc::new(limits.clone()));
    let start: Start<FolderExecutor> = Arc::new(move |now| {
        let (binding, library, runtime, limits) =
            (binding.clone(), library.clone(), given.clone(), Arc::clone(&limits));
        Box::pin(async move {
            let kept = binding.bases.all().await.map_err(Fatal)?;
            let config = Config {
                device: binding.device.clone(),
                client: library.ids().client(),
                kept,
                limits: limits.as_ref().clone(),
            };
            let executor =
                FolderExecutor { binding, library, runtime, limits, followed: BTreeMap::new(), is_watching: false };
            Ok(Started { machine: FolderBinding::new(config, now), executor, inputs: vec![Input::Begun] })
        })
    });
    Arguments { name, start, runtime }
}

impl FolderExecutor {
    /// Tells of the folder, of the tree, and of what the person says, for as long as the actor lives.
    fn watch(&mut self, context: &mut Context<Self>) {
        let (files, myself) = (Arc::clone(&self.binding.files), context.myself().clone());
        context.spawn(async move {
            loop {
                files.stirred().await;
                tell(&myself, Input::Stirred);
            }
        });
        let (mut released, myself) = (self.binding.released.clone(), context.myself().clone());
        context.spawn(async move {
            released.mark_unchanged();
            while released.changed().await.is_ok() {
                tell(&myself, Input::Release);
            }
        });
        let (binding, library) = (self.binding.clone(), self.library.clone());
        context.spawn(folder_assets::run(binding, library, self.runtime.clone(), Arc::clone(&self.limits)));
        self.follow(self.binding.project.tree(), Input::TreeChanged, context);
    }

    /// Keeps a document open, and tells when it may have changed.
    fn follow(&mut self, document: DocumentId, input: Input, context: &mut Context<Self>) {
        let (library, runtime, limits) = (self.library.clone(), self.runtime.clone(), Arc::clone(&self.limits));
        let myself = context.myself().clone();
        let task = context.spawn(async move {
            loop {
                if let Err(refusal) = follow(&library, document, &runtime, limits.folder_settle, || {
                    tell(&myself, input.clone());
                })
                .await
                {
                    tracing::info!(%document, %refusal, "a document of a folder is not followed now");
                }
                runtime.sleep(limits.restart_max).await;
            }
        });
        if let Some(before) = self.followed.insert(document, task) {
            before.abort();
        }
    }
}

/// Follows a document until its actor ends. `changed` is called at once, and after every change, of many in a short time once.
pub(crate) async fn follow(
    library: &Library,
    document: DocumentId,
    runtime: &Runtime,
    settle: Duration,
    changed: impl Fn(),
) -> Result<(), wayfare_protocol::Refusal> {
    let (editor, mut feed) = library.join(document, false).await?;
    changed();
    let mut is_changed = false;
    loop {
        let next = if is_changed { feed.try_recv().ok() } else { feed.recv().await };
        match next {
            Some(EditorNews::Frame(bytes)) => {
                editor.takes(bytes.len());
                let is_change = |frame: &Frame<'_>| matches!(frame, Frame::Update(_) | Frame::Missing(_));
                if !is_changed && frame::read(&bytes).is_ok_and(|frames| frames.iter().any(is_change)) {
                    is_changed = true;
                    runtime.sleep(settle).await;
                }
            }
            Some(EditorNews::Closed(refusal)) => return Err(refusal),
            None if is_changed => {
                is_changed = false;
                changed();
            }
            None => return Ok(()),
        }
    }
}

fn tell(actor: &ActorRef<Mail<FolderExecutor>>, input: Input) {
    let _ = actor.cast(Mail::Input(input, None)); // it has ended
}

async fn history(library: &Library, document: DocumentId) -> Result<Bytes, String> {
    library.history(document).await.map_err(|error| error.to_string())
}

async fn perform(library: &Library, binding: &Binding, act: Act) -> Result<Outcome, Fatal> {
    let (files, bases) = (&binding.files, &binding.bases);
    let tried =
        |tried: Result<(), crate::document::LibraryError>| Outcome::Tried(tried.map_err(|error| error.to_string()));
    Ok(match act {
        Act::ReadTree => Outcome::Tree(library.tree(binding.project).await.map_err(|error| error.to_string())),
        Act::Scan => Outcome::Scanned(files.scan().await),
        Act::Read { path } => Outcome::Read { disk: files.read(&path).await, fresh: DocumentId(library.ids().next()) },
        Act::Gather { document, path } => Outcome::Gathered {
            kept: bases.get(document).await.map_err(Fatal)?,
            staged: files.staged(&path).await,
            disk: files.read(&path).await,
            history: history(library, document).await,
        },
        Act::Compare { documents: [one, other] } => {
            let read = match (history(library, one).await, history(library, other).await) {
                (Ok(one), Ok(other)) => Ok([one, other]),
                (Err(why), _) | (_, Err(why)) => Err(why),
            };
            Outcome::Histories(read)
        }
        Act::Keep { document, kept } => {
            bases.put(document, kept).await.map_err(Fatal)?;
            Outcome::Done
        }
        Act::KeepPath { document, path } => {
            if let Some(kept) = bases.get(document).await.map_err(Fatal)? {
                bases.put(document, Some(Kept { path, ..kept })).await.map_err(Fatal)?;
            }
            Outcome::Done
        }
        Act::Merge { document, update } => tried(library.merge(document, update.to_vec()).await),
        Act::EditTree { edits } => tried(library.edit(binding.project.tree(), edits).await),
        Act::Stage { path, text } => Outcome::Staged(files.stage(&path, text).await),
        Act::Unstage { path } => {
            files.unstage(&path).await.map_err(Fatal)?;
            Outcome::Done
        }
        Act::Swap { path, expected } => Outcome::Swapped(files.swap(&path, expected).await),
        Act::Remove { path, expected } => Outcome::Swapped(files.remove(&path, expected).await),
        Act::Move { from, to } => Outcome::Moved(files.rename(&from, &to).await),
        Act::Reveal { path, to } => Outcome::Moved(files.reveal(&path, &to).await),
    })
}

impl Executor for FolderExecutor {
    type Machine = FolderBinding;
    type Command = std::convert::Infallible;

    fn execute(&mut self, effect: Effect, context: &mut Context<Self>) -> Result<(), Fatal> {
        if !self.is_watching {
            self.is_watching = true;
            self.watch(context);
        }
        match effect {
            Effect::Do { op, act } => {
                let (library, binding) = (self.library.clone(), self.binding.clone());
                context
                    .perform(async move { Ok(Input::Done { op, outcome: perform(&library, &binding, act).await? }) });
            }
            Effect::Follow { document } => self.follow(document, Input::Changed { document }, context),
            Effect::Leave { document } => {
                if let Some(task) = self.followed.remove(&document) {
                    task.abort();
                }
            }
            Effect::Show(status) => {
                self.binding.status.send_replace(status);
            }
        }
        Ok(())
    }

    fn command(&mut self, command: Self::Command, _context: &mut Context<Self>) -> Result<(), Fatal> {
        match command {}
    }
}

/// Binds folders to a node. Clones are for the same node.
#[derive(Clone)]
pub struct Binder {
    pub(crate) root: SupervisorRef,
    pub(crate) library: Library,
    pub(crate) runtime: Runtime,
    pub(crate) limits: Limits,
}

impl Binder {
    /// The node's documents.
    #[must_use]
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// Binds a folder, for as long as the node runs.
    pub fn bind(&self, binding: Binding) {
        let arguments = arguments(binding, self.library.clone(), self.runtime.clone(), &self.limits);
        let child = Child::of(arguments, |_| ()).with(Policy::Persist);
        let _ = self.root.cast(Order::Start(child)); // the node is ending
    }

    /// Lets it go.
    pub fn unbind(&self, name: &str) {
        let _ = self.root.cast(Order::Stop(name.to_owned())); // the node is ending
    }
}
