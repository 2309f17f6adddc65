//! The actor of the runs that wait at a node for its cloud, and how one is handed to it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use wayfare_core::document::{Ask, Told};
use wayfare_core::run_queue::{AskedRun, Config, Effect, Input, Outcome, QUEUE, QueuedRun, Record, RunQueue};
use wayfare_core::{Durable as _, Machine as _, OpId};
use wayfare_protocol::control::MrpRequest;
use wayfare_protocol::document::DocumentCell;
use wayfare_protocol::limits::QUEUED_RUNS_MAX;
use wayfare_protocol::mrp::ExecuteRequest;
use wayfare_protocol::session::{OpenSession, SessionAnswer, SessionCall};
use wayfare_protocol::{DeviceId, DocumentId, ErrorCode, Limits, Refusal, RequestId, RunId, SessionId, TraceId, codec};

use crate::actor::{Arguments, Context, Executor, Fatal, Runtime, Start, Started};
use crate::directory::Directory;
use crate::document::{Library, LibraryError, unexpected};
use crate::ids::Ids;
use crate::logs;
use crate::ports::{Log, LogName, LogStore};
use crate::supervisor::{Child, Order, Policy};

/// What the actor is told besides its machine's inputs.
pub enum QueueCommand {
    /// A run is to wait. Takes the answer.
    Ask(Box<AskedRun>, oneshot::Sender<Result<(), Refusal>>),
}

/// Where runs wait at a node. Clones are the same; its actor is there from the first run on.
#[derive(Clone)]
pub struct Queue {
    pub(crate) device: DeviceId,
    pub(crate) directory: Arc<Directory>,
    pub(crate) logs: Arc<dyn LogStore>,
    pub(crate) library: Library,
    pub(crate) ids: Arc<Ids>,
    pub(crate) runtime: Runtime,
    pub(crate) limits: Limits,
    pub(crate) is_paired: bool,
}

impl Queue {
    /// Whether there is a cloud to wait for.
    #[must_use]
    pub fn is_paired(&self) -> bool {
        self.is_paired
    }

    /// Whether the cloud is within reach.
    #[must_use]
    pub fn is_in_reach(&self) -> bool {
        self.directory.documents_above().is_some()
    }

    /// Has a run of a cell wait until it can be sent. Ends when that is durable here, and said in the document.
    ///
    /// # Errors
    /// If there is no cloud to wait for, too many wait, or the document does not take it. When the node fails meanwhile it is not known
    /// whether it waits: the document says so.
    pub async fn add(&self, cell: DocumentCell, open: OpenSession, request: ExecuteRequest) -> Result<RunId, Refusal> {
        if !self.is_paired {
            let why = "this node is not paired with a cloud: nothing would ever send the run";
            return Err(Refusal::new(ErrorCode::Unsupported, why));
        }
        let (run, at) = (RunId(self.ids.next()), self.runtime.clock.now().wall);
        let open = OpenSession { id: SessionId(self.ids.next()), ..open };
        let (asker, told) = oneshot::channel();
        let asked = Box::new(AskedRun { run, at, cell, open, request });
        if !self.directory.command_run_queue(QueueCommand::Ask(asked, asker))? {
            self.start();
        }
        let failed =
            |_| Refusal::new(ErrorCode::OwnerUnreachable, "the node failed; its document says whether it waits");
        told.await.map_err(failed)?.map(|()| run)
    }

    fn start(&self) {
        if let Some(supervisor) = self.directory.supervisor() {
            let _ = supervisor.cast(Order::Start(self.child())); // the whole tree is ending
        }
    }

    /// Its actor, where runs wait by the logs that were found and there is a cloud to send them to.
    pub(crate) fn found(&self, logs: &[LogName]) -> Option<Child> {
        let waits = self.is_paired && logs.contains(&LogName::Queue(self.device));
        waits.then(|| {
            self.directory.expect_run_queue();
            self.child()
        })
    }

    /// The actor under its supervisor. Restarted it reads its log.
    fn child(&self) -> Child {
        let queue = self.clone();
        let start: Start<QueueExecutor> = Arc::new(move |now| {
            let queue = queue.clone();
            Box::pin(async move {
                let log: Arc<dyn Log> = queue.logs.open(LogName::Queue(queue.device)).await?.into();
                let mut machine = RunQueue::new(Config { device: queue.device, limits: queue.limits.clone() }, now);
                logs::fold(log.as_ref(), |record: Record| machine.apply(&record)).await?;
                if let Some(records) = machine.renewed(log.next() - log.first()) {
                    let before = log.next();
                    log.append(records.iter().map(codec::encode).collect()).await?;
                    logs::tell_trim(log.trim(before).await);
                }
                let executor = QueueExecutor { queue, log, askers: BTreeMap::new() };
                Ok(Started { machine, executor, inputs: vec![Input::Recovered] })
            })
        });
        let arguments = Arguments { name: "run queue".to_owned(), start, runtime: self.runtime.clone() };
        let known = Arc::clone(&self.directory);
        Child::of(arguments, move |actor| known.set_run_queue(actor)).with(Policy::Persist)
    }
}

/// The executor of the runs that wait.
pub struct QueueExecutor {
    queue: Queue,
    log: Arc<dyn Log>,
    askers: BTreeMap<RunId, oneshot::Sender<Result<(), Refusal>>>,
}

impl QueueExecutor {
    fn perform(&self, op: OpId, task: impl Future<Output = Outcome> + Send + 'static, context: &mut Context<Self>) {
        context.perform(async move { Ok(Input::Done { op, outcome: task.await }) });
    }

    fn open(&self, op: OpId, open: OpenSession, context: &mut Context<Self>) {
        let limits = &self.queue.limits;
        let asked = self.queue.directory.open_session(RequestId(self.queue.ids.next()), open);
        let opened = answer(self.queue.runtime.clone(), asked, limits.open_session + limits.request);
        let opened = async move { Outcome::Opened(opened.await.flatten().map(|opened| opened.session.id)) };
        self.perform(op, opened, context);
    }

    fn send(&self, op: OpId, session: SessionId, call: SessionCall, context: &mut Context<Self>) {
        let (request, trace) = (RequestId(self.queue.ids.next()), self.queue.ids.next());
        let trace = TraceId(call.run().map_or(trace, |asked| asked.run.0));
        let asked = self.queue.directory.ask_session(MrpRequest { request, trace, session, epoch: None, call });
        let answered = answer(self.queue.runtime.clone(), asked, self.queue.limits.request * 2);
        let answered =
            async move { Outcome::Answered(Box::new(answered.await.unwrap_or_else(SessionAnswer::Refused))) };
        self.perform(op, answered, context);
    }
}

/// What somebody in this process answers, in time.
async fn answer<T>(runtime: Runtime, asked: oneshot::Receiver<T>, within: Duration) -> Result<T, Refusal> {
    let late = || Refusal::new(ErrorCode::DeadlineExceeded, "nobody answered in time");
    runtime.within(within, asked).await.and_then(Result::ok).ok_or_else(late)
}

/// The entries of runs that wait which a document has, as it is here.
async fn entries(library: &Library, document: DocumentId) -> Result<BTreeMap<String, String>, LibraryError> {
    match library.ask(document, Ask::Entries { map: QUEUE.to_owned() }).await? {
        Told::Entries(entries) => Ok(entries),
        other => Err(unexpected(other)),
    }
}

async fn has(library: &Library, document: DocumentId, run: RunId) -> Result<bool, LibraryError> {
    Ok(entries(library, document).await?.contains_key(&run.to_string()))
}

async fn enter(library: &Library, document: DocumentId, entry: QueuedRun) -> Result<(), LibraryError> {
    let waiting = entries(library, document).await?.len();
    if waiting >= QUEUED_RUNS_MAX {
        return Err(Refusal::new(ErrorCode::TooLarge, format!("{waiting} runs wait in the document, the limit")).into());
    }
    library.edit(document, vec![entry.put()]).await
}

async fn say(library: &Library, document: DocumentId, entry: QueuedRun) -> Result<bool, LibraryError> {
    let entries = entries(library, document).await?;
    let Some(present) = entries.get(&entry.run.to_string()) else { return Ok(false) };
    if *present != entry.to_string() {
        library.edit(document, vec![entry.put()]).await?;
    }
    Ok(true)
}

async fn leave(library: &Library, document: DocumentId, run: RunId) -> Result<(), LibraryError> {
    if has(library, document, run).await? {
        library.edit(document, vec![QueuedRun::removal_of(run)]).await?;
    }
    Ok(())
}

fn refusal(error: LibraryError) -> Refusal {
    match error {
        LibraryError::Refused(refusal) => refusal,
        other => Refusal::new(ErrorCode::Malformed, other.to_string()),
    }
}

impl Executor for QueueExecutor {
    type Machine = RunQueue;
    type Command = QueueCommand;

    fn execute(&mut self, effect: Effect, context: &mut Context<Self>) -> Result<(), Fatal> {
        let library = self.queue.library.clone();
        match effect {
            Effect::Append { op, record } => {
                let appended = self.log.append(vec![codec::encode(&record)]);
                context.perform(async move {
                    appended.await?;
                    Ok(Input::Done { op, outcome: Outcome::Appended })
                });
            }
            Effect::Tell { run, outcome } => {
                if let Some(asker) = self.askers.remove(&run) {
                    let _ = asker.send(outcome); // it has given up: the document says it
                }
            }
            Effect::Enter { op, document, entry } => {
                let entered = async move { Outcome::Entered(enter(&library, document, entry).await.map_err(refusal)) };
                self.perform(op, entered, context);
            }
            Effect::Look { op, document, run } => {
                let within = self.queue.limits.request;
                let looked = async move {
                    library.settled(document, within).await?;
                    has(&library, document, run).await
                };
                self.perform(op, async move { Outcome::Looked(looked.await.map_err(refusal)) }, context);
            }
            Effect::Say { op, document, entry } => {
                let said = async move { Outcome::Said(say(&library, document, entry).await.map_err(refusal)) };
                self.perform(op, said, context);
            }
            Effect::End { op, document, entry } => {
                let said =
                    async move { Outcome::Left(say(&library, document, entry).await.map(drop).map_err(refusal)) };
                self.perform(op, said, context);
            }
            Effect::Leave { op, document, run } => {
                let left = async move { Outcome::Left(leave(&library, document, run).await.map_err(refusal)) };
                self.perform(op, left, context);
            }
            Effect::Open { op, open } => self.open(op, open, context),
            Effect::Send { op, session, call } => self.send(op, session, *call, context),
        }
        Ok(())
    }

    fn command(&mut self, command: QueueCommand, context: &mut Context<Self>) -> Result<(), Fatal> {
        match command {
            QueueCommand::Ask(asked, asker) => {
                self.askers.insert(asked.run, asker);
                context.feed(Input::Ask(asked));
            }
        }
        Ok(())
    }
}
