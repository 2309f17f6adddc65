//! A client of the mesh over the real ports: it connects to a node or to the cloud, opens sessions, runs code in them, and tells
//! what happens, each event once and in order whatever the link does. The command line and the doors are built on it.

mod daemons;
mod error;
mod publisher;

use std::sync::Arc;

use wayfare_actors::actor::Runtime;
use wayfare_actors::client::{Client, News};
use wayfare_actors::document::Library;
use wayfare_actors::ids::Ids;
use wayfare_actors::link::uplink;
use wayfare_actors::ports::{Address, Clock, Random, Transport};
use wayfare_core::client::Told;
use wayfare_core::link::Introduction;
use wayfare_protocol::ask::{KernelAsk, KernelTold};
use wayfare_protocol::capability::Needs;
use wayfare_protocol::codec::Codec;
use wayfare_protocol::control::{DeviceInfo, OpenedSession};
use wayfare_protocol::document::DocumentCell;
use wayfare_protocol::identity::DeviceKey;
use wayfare_protocol::mrp::ExecuteRequest;
use wayfare_protocol::session::{OpenSession, SessionAnswer, SessionCall, SessionInfo};
use wayfare_protocol::stream::RunUpdate;
use wayfare_protocol::{DeviceId, Limits, Refusal, RequestId, RunId, SessionId, Wall};

use crate::transport::WsTransport;
use crate::{BootTimer, OsRandom, SystemClock};

pub use error::ClientError;
pub use publisher::Publisher;

/// What happened, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// The link was lost. It is dialed again; what runs goes on.
    LinkLost {
        /// Why.
        why: String,
    },
    /// The link is back; output goes on where it was.
    LinkBack,
    /// The session that was asked for is open, or is not.
    Opened(Result<OpenedSession, Refusal>),
    /// The run is recorded by its owner.
    Accepted(RunId),
    /// About the run that is being shown. After `Ended` or `Refused` there is none.
    Run(RunUpdate),
    /// A call was answered.
    Answered {
        /// Which.
        request: RequestId,
        /// The answer.
        answer: SessionAnswer,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Up,
    Down,
}

/// A connected client. Dropping it leaves what it started running.
pub struct MeshClient {
    client: Client,
    limits: Limits,
    link: Link,
}

/// Who a client says that it is.
#[derive(Clone, Debug)]
pub struct ClientIdentity {
    /// The device's key.
    pub key: DeviceKey,
    /// The device's name.
    pub name: String,
}

impl MeshClient {
    /// Connects, within `limits.dial`. Once connected it stays so: a lost link is dialed again. With `insecure_plaintext`
    /// unencrypted WebSocket may leave this machine.
    ///
    /// # Errors
    /// If nobody is reached in that time, or the server refuses this device.
    pub async fn connect(
        address: &Address,
        insecure_plaintext: bool,
        identity: ClientIdentity,
        limits: &Limits,
    ) -> Result<Self, ClientError> {
        Self::connect_over(Arc::new(WsTransport::new(insecure_plaintext)), address, identity, limits).await
    }

    /// The same over any transport.
    ///
    /// # Errors
    /// As of [`MeshClient::connect`].
    pub async fn connect_over(
        transport: Arc<dyn Transport>,
        address: &Address,
        identity: ClientIdentity,
        limits: &Limits,
    ) -> Result<Self, ClientError> {
        let (clock, random) = (Arc::new(SystemClock), Arc::new(OsRandom));
        let timer = BootTimer::new().map_err(|error| ClientError::Failed(error.to_string()))?;
        let mut seed = [0; 8];
        random.fill(&mut seed);
        let machine = wayfare_core::uplink::Config {
            key: identity.key,
            expects: address.identity.clone(),
            introduction: Introduction {
                name: identity.name,
                os: std::env::consts::OS.to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                node: None,
            },
            codec: Codec::Bincode,
            limits: limits.clone(),
            seed: u64::from_le_bytes(seed),
        };
        let config = uplink::Config { machine, address: address.clone(), transport };
        let ids = Arc::new(Ids::new(Arc::clone(&clock) as Arc<dyn Clock>, random));
        let runtime = Runtime { clock, timer: Arc::new(timer), trace: None };
        let client = Client::start(config, limits.clone(), ids, runtime)
            .await
            .map_err(|error| ClientError::Failed(error.to_string()))?;
        let mut this = Self { client, limits: limits.clone(), link: Link::Down };
        this.wait_for_link(&address.url).await?;
        Ok(this)
    }

    async fn wait_for_link(&mut self, url: &str) -> Result<(), ClientError> {
        let mut last = String::new();
        let waiting = async {
            loop {
                match self.client.next().await {
                    Some(News::Linked) => return Ok(()),
                    Some(News::Unlinked { why }) => last = why,
                    Some(News::Refused(refusal)) => return Err(ClientError::Refused(refusal)),
                    Some(News::Told(_)) => {} // nothing was asked yet
                    None => return Err(ClientError::Ended),
                }
            }
        };
        match tokio::time::timeout(self.limits.dial, waiting).await {
            Ok(linked) => linked?,
            Err(_) => {
                let why = if last.is_empty() { format!("no answer within {:?}", self.limits.dial) } else { last };
                return Err(ClientError::Unreachable { url: url.to_owned(), why });
            }
        }
        self.link = Link::Up;
        Ok(())
    }

    /// The next thing that happens. Dropping the future loses nothing.
    ///
    /// # Errors
    /// If the server refuses this device from now on, or the client has ended.
    pub async fn next(&mut self) -> Result<Happening, ClientError> {
        loop {
            let news = self.client.next().await.ok_or(ClientError::Ended)?;
            if let Some(happening) = self.happening(news)? {
                return Ok(happening);
            }
        }
    }

    /// The next update of the run that is shown; everything else that happens is passed over. After `Ended` or `Refused` none
    /// comes until another run is begun or attached to. Dropping the future loses no update.
    ///
    /// # Errors
    /// As of [`MeshClient::next`].
    pub async fn update(&mut self) -> Result<RunUpdate, ClientError> {
        loop {
            if let Happening::Run(update) = self.next().await? {
                return Ok(update);
            }
        }
    }

    fn happening(&mut self, news: News) -> Result<Option<Happening>, ClientError> {
        Ok(match news {
            News::Linked => {
                let before = std::mem::replace(&mut self.link, Link::Up);
                (before == Link::Down).then_some(Happening::LinkBack)
            }
            // Every failed dial says so again: it is told once.
            News::Unlinked { why } => {
                let before = std::mem::replace(&mut self.link, Link::Down);
                (before == Link::Up).then_some(Happening::LinkLost { why })
            }
            News::Refused(refusal) => return Err(ClientError::Refused(refusal)),
            News::Told(told) => of_told(*told),
        })
    }

    /// Whether its link is up, after everything that happened meanwhile and is of no interest any more.
    pub(crate) fn is_usable(&mut self) -> bool {
        while let Some(news) = self.client.try_next() {
            if self.happening(news).is_err() {
                return false;
            }
        }
        self.link == Link::Up
    }

    /// Opens the session of a name: the one that lives, or a new one.
    ///
    /// # Errors
    /// If it is refused, or as of [`MeshClient::next`].
    pub async fn open(&mut self, open: OpenSession) -> Result<OpenedSession, ClientError> {
        self.client.open(open);
        loop {
            if let Happening::Opened(outcome) = self.next().await? {
                return outcome.map_err(ClientError::OpenRefused);
            }
        }
    }

    /// Opens a session that is there, as it is.
    ///
    /// # Errors
    /// As of [`MeshClient::open`].
    pub async fn open_again(&mut self, session: &SessionInfo) -> Result<OpenedSession, ClientError> {
        let (key, environment) = (session.key.clone(), session.environment.clone());
        self.open(OpenSession { key, id: session.id, environment, needs: Needs::default(), device: None }).await
    }

    /// Executes code in the open session; what comes of it is told by [`MeshClient::next`].
    pub fn run(&self, request: ExecuteRequest) -> RunId {
        self.client.run(request)
    }

    /// The same, of a cell of a document: the session's node writes its output there when it has ended.
    pub fn run_cell(&self, request: ExecuteRequest, cell: DocumentCell) -> RunId {
        self.client.run_cell(request, Some(cell))
    }

    /// Shows a run from an event number on; what comes of it is told by [`MeshClient::next`].
    pub fn attach(&self, session: SessionId, run: RunId, from: u64) {
        self.client.attach(session, run, from);
    }

    /// Asks something of the open session while a run is shown; answered by [`Happening::Answered`].
    pub fn ask(&self, call: SessionCall) -> RequestId {
        self.client.call(call)
    }

    /// Asks something of the open session and waits for the answer.
    ///
    /// # Errors
    /// If it is refused, or as of [`MeshClient::next`].
    pub async fn call(&mut self, call: SessionCall) -> Result<SessionAnswer, ClientError> {
        let asked = self.client.call(call);
        loop {
            match self.next().await? {
                Happening::Answered { request, answer: SessionAnswer::Refused(refusal) } if request == asked => {
                    return Err(ClientError::CallRefused(refusal));
                }
                Happening::Answered { request, answer } if request == asked => return Ok(answer),
                _ => {}
            }
        }
    }

    /// Asks the kernel of the open session something and waits for the answer.
    ///
    /// # Errors
    /// If it is refused, of which [`ErrorCode::KernelBusy`](wayfare_protocol::ErrorCode::KernelBusy) may pass, or as of
    /// [`MeshClient::next`].
    pub async fn ask_kernel(&mut self, what: KernelAsk) -> Result<KernelTold, ClientError> {
        match self.call(SessionCall::Ask(what)).await? {
            SessionAnswer::Told(told) => Ok(told),
            _ => Err(ClientError::NoAnswer), // an answer to something else is none
        }
    }

    /// The devices of the account.
    ///
    /// # Errors
    /// If no answer comes in time.
    pub async fn devices(&self) -> Result<Vec<DeviceInfo>, ClientError> {
        let answer = tokio::time::timeout(self.limits.request, self.client.devices()).await;
        answer.ok().flatten().ok_or(ClientError::NoAnswer)
    }

    /// Revokes a device of the account: its links are cut and its key is refused from now on. Since when it is.
    ///
    /// # Errors
    /// If it is refused, or no answer comes in time.
    pub async fn revoke(&self, device: DeviceId) -> Result<Wall, ClientError> {
        // A node asks its cloud, and answers by itself where that does not.
        let answer = tokio::time::timeout(self.limits.request * 2, self.client.revoke(device)).await;
        answer.ok().flatten().ok_or(ClientError::NoAnswer)?.map_err(ClientError::CallRefused)
    }

    /// Calls a device of the account otherwise, whatever it calls itself.
    ///
    /// # Errors
    /// If it is refused, or no answer comes in time.
    pub async fn rename(&self, device: DeviceId, name: String) -> Result<(), ClientError> {
        let answer = tokio::time::timeout(self.limits.request * 2, self.client.rename(device, name)).await;
        answer.ok().flatten().ok_or(ClientError::NoAnswer)?.map_err(ClientError::CallRefused)
    }

    /// The sessions of the account.
    ///
    /// # Errors
    /// If no answer comes in time.
    pub async fn sessions(&self) -> Result<Vec<SessionInfo>, ClientError> {
        let answer = tokio::time::timeout(self.limits.request, self.client.sessions()).await;
        answer.ok().flatten().ok_or(ClientError::NoAnswer)
    }

    /// The documents of the account: replicas of those at the other end, which last as long as this client.
    #[must_use]
    pub fn library(&self) -> &Library {
        self.client.library()
    }

    /// A new id for a session.
    #[must_use]
    pub fn new_session_id(&self) -> SessionId {
        self.client.new_session_id()
    }
}

fn of_told(told: Told) -> Option<Happening> {
    Some(match told {
        Told::Opened(opened) => Happening::Opened(Ok(opened)),
        Told::OpenRefused(refusal) => Happening::Opened(Err(refusal)),
        Told::Accepted { run } => Happening::Accepted(run),
        Told::Attached { owner, device_name, attempt } => {
            Happening::Run(RunUpdate::Attached { owner, device_name, attempt })
        }
        Told::Event { number, event } => Happening::Run(RunUpdate::Event { number, event }),
        Told::Waiting => Happening::Run(RunUpdate::Waiting),
        Told::Ended { outcome, .. } => Happening::Run(RunUpdate::Ended(outcome)),
        Told::RunRefused { refusal, .. } => Happening::Run(RunUpdate::Refused(refusal)),
        Told::Answer { request, answer } => Happening::Answered { request, answer },
        Told::Offline => return None, // the link has said so
    })
}
