//! A client of an account: one conversation over a link that may come and go. The command line, the benches and the simulated
//! people are built on it.

mod devices;
mod owner;

use std::collections::BTreeMap;
use std::sync::Arc;

use ractor::ActorRef;
use tokio::sync::{mpsc, oneshot};
use wayfare_core::Machine as _;
use wayfare_core::client::{Config, Conversation, Effect, Input, Told};
use wayfare_core::link;
use wayfare_protocol::control::{Control, DrainOrder};
use wayfare_protocol::daemon::{
    DaemonAnswer, DaemonCall, DaemonInfo, DaemonRequest, DaemonResponse, DaemonUpdate, StartDaemon,
};
use wayfare_protocol::document::DocumentCell;
use wayfare_protocol::mrp::ExecuteRequest;
use wayfare_protocol::session::{OpenSession, SessionCall, SessionInfo};
use wayfare_protocol::stream::{Class, Destination, RunUpdate};
use wayfare_protocol::{EntityId, Limits, NodeId, Origin, Refusal, RequestId, RunId, SessionId, StreamId, TraceId};

use crate::actor::{self, Arguments, Context, Executor, Fatal, Mail, Runtime, Start, Started};
use crate::directory::Directory;
use crate::document::Library;
use crate::ids::Ids;
use crate::link::{LinkCommand, LinkOwner, LinkRef, StreamPeer, uplink};
use crate::supervisor::{self, Child, Supervisor, SupervisorRef};
use owner::ClientOwner;

/// What a client is told about its link and its conversation, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// The link is up.
    Linked,
    /// The link is down, or a dial failed; it is dialed again.
    Unlinked {
        /// Why.
        why: String,
    },
    /// The server refuses this device; dialing again will not help.
    Refused(Refusal),
    /// About the conversation.
    Told(Box<Told>),
}

/// The executor of a client.
pub struct ClientExecutor {
    news: mpsc::UnboundedSender<News>,
    link: Option<LinkRef>,
    /// Streams of this client so far; what older ones bring is ignored.
    streams: u64,
    /// The newest of them, as the link calls it while it is open.
    open: Option<StreamId>,
    asked: BTreeMap<RequestId, oneshot::Sender<Control>>,
}

/// What a client is told besides its machine's inputs.
pub enum ClientCommand {
    /// The link is up.
    LinkUp(LinkRef),
    /// The link is down.
    LinkDown(String),
    /// The server refuses.
    GaveUp(Refusal),
    /// A control message came.
    Control(Control),
    /// The conversation's stream is open.
    StreamOpened {
        /// Which of its streams.
        number: u64,
        /// As the link calls it.
        stream: StreamId,
    },
    /// A message came on it.
    Update {
        /// Which of its streams.
        number: u64,
        /// The message.
        update: RunUpdate,
    },
    /// It is closed.
    StreamClosed {
        /// Which of its streams.
        number: u64,
        /// The fault, if there was one.
        refusal: Option<Refusal>,
    },
    /// Ask something that has one answer, once.
    Ask(RequestId, Control, oneshot::Sender<Control>),
    /// Follow a daemon's outputs, from a sequence on.
    Follow(EntityId, u64, mpsc::UnboundedSender<DaemonUpdate>),
}

impl Executor for ClientExecutor {
    type Machine = Conversation;
    type Command = ClientCommand;

    fn execute(&mut self, effect: Effect, context: &mut Context<Self>) -> Result<(), Fatal> {
        match effect {
            Effect::Send(control) => {
                if let Some(link) = &self.link {
                    link.input(link::Input::Send(Box::new(control)));
                }
            }
            Effect::OpenStream(destination) => {
                self.close_stream();
                if let Some(link) = &self.link {
                    let peer = StreamPeer::Client(context.myself().clone(), self.streams);
                    link.command(LinkCommand::Open { destination, class: Class::Interactive, peer });
                }
            }
            Effect::CloseStream => self.close_stream(),
            Effect::Tell(told) => self.tell(News::Told(Box::new(told))),
        }
        Ok(())
    }

    fn command(&mut self, command: ClientCommand, context: &mut Context<Self>) -> Result<(), Fatal> {
        match command {
            ClientCommand::LinkUp(link) => {
                self.link = Some(link);
                self.tell(News::Linked);
                context.feed(Input::LinkUp);
            }
            ClientCommand::LinkDown(why) => {
                self.asked.clear();
                self.tell(News::Unlinked { why });
                self.open = None;
                if self.link.take().is_some() {
                    context.feed(Input::LinkDown);
                }
            }
            ClientCommand::GaveUp(refusal) => self.tell(News::Refused(refusal)),
            ClientCommand::Control(
                control @ (Control::DeviceList { request, .. }
                | Control::SessionList { request, .. }
                | Control::DaemonList { request, .. }
                | Control::DaemonStarted { request, .. }
                | Control::DeviceRevoked { request, .. }
                | Control::DeviceRenamed { request, .. }
                | Control::Drained { request, .. }
                | Control::DaemonResponse(DaemonResponse { request, .. })),
            ) => {
                if let Some(asker) = self.asked.remove(&request) {
                    let _ = asker.send(control); // it has given up
                }
            }
            ClientCommand::Control(control) => context.feed(Input::Control(control)),
            ClientCommand::StreamOpened { number, stream } if number == self.streams => {
                self.open = Some(stream);
                context.feed(Input::StreamOpened);
            }
            // It was replaced, or closed, before it was open.
            ClientCommand::StreamOpened { stream, .. } => self.end(stream),
            ClientCommand::Update { number, update } if number == self.streams => context.feed(Input::Update(update)),
            ClientCommand::StreamClosed { number, refusal } if number == self.streams => {
                self.open = None;
                context.feed(Input::StreamClosed(refusal));
            }
            // Of a stream that was replaced.
            ClientCommand::Update { .. } | ClientCommand::StreamClosed { .. } => {}
            ClientCommand::Ask(request, question, asker) => {
                if let Some(link) = &self.link {
                    self.asked.insert(request, asker);
                    link.input(link::Input::Send(Box::new(question)));
                }
            }
            ClientCommand::Follow(daemon, from, updates) => {
                if let Some(link) = &self.link {
                    let (destination, peer) = (Destination::Daemon { daemon, from }, StreamPeer::Follower(updates));
                    link.command(LinkCommand::Open { destination, class: Class::Interactive, peer });
                }
            }
        }
        Ok(())
    }
}

impl ClientExecutor {
    /// What the present stream still brings is ignored.
    fn close_stream(&mut self) {
        self.streams += 1;
        if let Some(stream) = self.open.take() {
            self.end(stream);
        }
    }

    fn end(&self, stream: StreamId) {
        if let Some(link) = &self.link {
            link.command(LinkCommand::End { stream, fault: None });
        }
    }

    fn tell(&self, news: News) {
        let _ = self.news.send(news); // the client was dropped
    }
}

/// A client of an account. Dropping it leaves what it started running: runs belong to their session.
pub struct Client {
    actor: ActorRef<Mail<ClientExecutor>>,
    supervisor: SupervisorRef,
    library: Library,
    ids: Arc<Ids>,
    news: mpsc::UnboundedReceiver<News>,
}

impl Client {
    /// Starts a client that dials.
    ///
    /// # Errors
    /// If its actors cannot be started.
    pub async fn start(
        config: uplink::Config,
        limits: Limits,
        ids: Arc<Ids>,
        runtime: Runtime,
    ) -> Result<Self, ractor::SpawnErr> {
        let arguments =
            supervisor::Arguments { limits: limits.clone(), runtime: runtime.clone(), children: Vec::new() };
        let (supervisor, _) = ractor::Actor::spawn(None, Supervisor, arguments).await?;
        let (tell, news) = mpsc::unbounded_channel();
        let documents = Arc::new(limits.clone());
        let start: Start<ClientExecutor> = Arc::new(move |now| {
            let machine = Conversation::new(Config { limits: limits.clone(), linked: false }, now);
            let executor =
                ClientExecutor { news: tell.clone(), link: None, streams: 0, open: None, asked: BTreeMap::new() };
            Box::pin(async move { Ok(Started { machine, executor, inputs: Vec::new() }) })
        });
        let arguments = Arguments { name: "client".to_owned(), start, runtime: runtime.clone() };
        let actor = actor::spawn(arguments, supervisor.get_cell()).await?;
        let directory = Arc::new(Directory::default());
        directory.set_supervisor(supervisor.clone());
        let library = Library::of_a_client(Arc::clone(&directory), Arc::clone(&ids), runtime.clone(), documents);
        let owner = actor.clone();
        let owner = move || Box::new(ClientOwner::new(owner.clone(), Arc::clone(&directory))) as Box<dyn LinkOwner>;
        let uplink = uplink::arguments(config, owner, runtime);
        let child = Child::of(uplink, |_| ());
        let _ = supervisor.cast(supervisor::Order::Start(child)); // started this moment
        Ok(Self { actor, supervisor, library, ids, news })
    }

    /// The documents of the account: replicas of those at the other end, which last as long as this client.
    #[must_use]
    pub fn library(&self) -> &Library {
        &self.library
    }

    /// The next thing that happened; `None` when the client has ended.
    pub async fn next(&mut self) -> Option<News> {
        self.news.recv().await
    }

    /// What happened already, without waiting.
    pub fn try_next(&mut self) -> Option<News> {
        self.news.try_recv().ok()
    }

    /// A new id for a session.
    #[must_use]
    pub fn new_session_id(&self) -> SessionId {
        SessionId(self.ids.next())
    }

    /// Opens a session. The answer is news.
    pub fn open(&self, open: OpenSession) {
        self.input(Input::Open { request: RequestId(self.ids.next()), open });
    }

    /// Executes code in the open session. Events are news.
    pub fn run(&self, execute: ExecuteRequest) -> RunId {
        self.run_cell(execute, None)
    }

    /// The same, of a cell of a document: the session's node writes its output there when it has ended.
    pub fn run_cell(&self, execute: ExecuteRequest, cell: Option<DocumentCell>) -> RunId {
        let run = RunId(self.ids.next());
        // A run's trace is its id: one search finds it in every log, from here to the session host.
        let (request, trace) = (RequestId(self.ids.next()), TraceId(run.0));
        tracing::debug!(%trace, "run asked for");
        self.input(Input::Run { request, run, trace, execute, cell });
        run
    }

    /// Shows a run from an event number on. Events are news.
    pub fn attach(&self, session: SessionId, run: RunId, from: u64) {
        self.input(Input::Attach { session, run, from });
    }

    /// Asks something of the open session. The answer is news, under the id that is returned.
    pub fn call(&self, call: SessionCall) -> RequestId {
        let (request, trace) = (RequestId(self.ids.next()), TraceId(self.ids.next()));
        self.input(Input::Call { request, trace, call });
        request
    }

    /// Has a node give its daemons away, or not after all: the daemons that no node took; `None` when the link is lost before the
    /// answer. Asked at once.
    pub fn drain(
        &self,
        node: NodeId,
        order: DrainOrder,
    ) -> impl Future<Output = Option<Result<Vec<EntityId>, Refusal>>> + Send + use<> {
        let request = self.request();
        let answer = self.question(request, Control::Drain { request, node, order });
        async move { if let Control::Drained { outcome, .. } = answer.await? { Some(outcome) } else { None } }
    }

    /// The sessions of the account; `None` when the link is lost before the answer.
    pub async fn sessions(&self) -> Option<Vec<SessionInfo>> {
        let request = self.request();
        let answer = self.question(request, Control::ListSessions { request }).await?;
        if let Control::SessionList { sessions, .. } = answer { Some(sessions) } else { None }
    }

    /// The daemons of the account; `None` when the link is lost before the answer. Asked at once.
    pub fn daemons(&self) -> impl Future<Output = Option<Vec<DaemonInfo>>> + Send + use<> {
        let request = self.request();
        let answer = self.question(request, Control::ListDaemons { request });
        async move { if let Control::DaemonList { daemons, .. } = answer.await? { Some(daemons) } else { None } }
    }

    /// The daemon of a name, the one that there is or a new one; `None` when the link is lost before the answer. Asked at once.
    pub fn start_daemon(
        &self,
        start: StartDaemon,
    ) -> impl Future<Output = Option<Result<Box<DaemonInfo>, Refusal>>> + Send + use<> {
        let request = self.request();
        let answer = self.question(request, Control::StartDaemon { request, start });
        async move { if let Control::DaemonStarted { outcome, .. } = answer.await? { Some(outcome) } else { None } }
    }

    /// A daemon's answer; `None` when the link is lost before it. Asked at once.
    pub fn call_daemon(
        &self,
        daemon: EntityId,
        call: DaemonCall,
    ) -> impl Future<Output = Option<DaemonAnswer>> + Send + use<> {
        let request = self.request();
        let asked = DaemonRequest { request, daemon, epoch: None, call };
        let answer = self.question(request, Control::DaemonRequest(asked));
        async move { if let Control::DaemonResponse(told) = answer.await? { Some(told.answer) } else { None } }
    }

    /// A daemon's outputs from a sequence on. It ends when the link is lost or the daemon cannot be read: it is then followed anew.
    #[must_use]
    pub fn follow_daemon(&self, daemon: EntityId, from: u64) -> mpsc::UnboundedReceiver<DaemonUpdate> {
        let (updates, following) = mpsc::unbounded_channel();
        let _ = self.actor.cast(Mail::Command(ClientCommand::Follow(daemon, from, updates))); // it was closed
        following
    }

    /// A new identity to publish under.
    #[must_use]
    pub fn new_origin(&self) -> Origin {
        Origin(self.ids.seed())
    }

    fn request(&self) -> RequestId {
        RequestId(self.ids.next())
    }

    fn question(&self, request: RequestId, question: Control) -> impl Future<Output = Option<Control>> + Send + use<> {
        let (asker, answer) = oneshot::channel();
        // A client that was closed drops the asker.
        let _ = self.actor.cast(Mail::Command(ClientCommand::Ask(request, question, asker)));
        async move { answer.await.ok() }
    }

    fn input(&self, input: Input) {
        let _ = self.actor.cast(Mail::Input(input, None)); // it was closed
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.supervisor.stop(None);
    }
}
