//! A person whose client is in the hands of a workload of one's own.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use wayfare_actors::actor::Fatal;
use wayfare_actors::asset::MemoryAssets;
use wayfare_actors::client::Client;
use wayfare_actors::ids::Ids;
use wayfare_actors::link::uplink;
use wayfare_core::link::Introduction;
use wayfare_protocol::capability::Needs;
use wayfare_protocol::codec::Codec;
use wayfare_protocol::mrp::ExecuteRequest;
use wayfare_protocol::session::{Environment, Language, OpenSession, SessionKey, SessionName};
use wayfare_protocol::{NodeId, RunId, SessionId};

use super::Workload;
use crate::life::Life;
use crate::person::{Board, Config, Woken};
use crate::place::Place;
use crate::ports::Disk;
use crate::process::{LANGUAGE, Surroundings};
use crate::seed::{Draws, Seed};

/// Starts a person's client, the so many-th.
///
/// # Errors
/// If it does not start.
pub(crate) async fn connect(
    config: &Config,
    around: &Surroundings,
    disk: &Arc<Disk>,
    start: u64,
) -> Result<(Arc<Life>, Client), Fatal> {
    let life = Life::begin();
    let seed: Seed = config.seed.numbered("start", start);
    let place = Place::Person(config.number);
    let none = || Fatal("a person's disk is never in use".to_owned());
    let assets = Arc::new(MemoryAssets::default());
    let ports = around.ports(place, &seed, &life, disk, assets).ok_or_else(none)?;
    let machine = wayfare_core::uplink::Config {
        key: config.key.clone(),
        expects: config.address.identity.clone(),
        introduction: Introduction {
            name: config.name.clone(),
            os: "simulated".to_owned(),
            version: "simulated".to_owned(),
            node: None,
        },
        codec: Codec::Bincode,
        limits: around.limits.clone(),
        seed: seed.child("jitter").draws().number(),
    };
    let runtime = ports.runtime();
    let ids = Arc::new(Ids::new(ports.clock, ports.random));
    let uplink = uplink::Config { machine, address: config.address.clone(), transport: ports.transport };
    let client = Client::start(uplink, around.limits.clone(), ids, runtime).await;
    Ok((life, client.map_err(|error| Fatal(error.to_string()))?))
}

/// What asks the runtime of the fake kernel for a session of that name.
pub(crate) fn open(client: &Client, name: &str, device: Option<NodeId>) {
    client.open(OpenSession {
        key: SessionKey {
            name: SessionName { project: "lab".to_owned(), name: name.to_owned() },
            language: Language::from_word(LANGUAGE),
        },
        id: client.new_session_id(),
        environment: Environment::default(),
        needs: Needs::default(),
        device,
    });
}

/// See the module.
pub(crate) struct Guest {
    config: Config,
    draws: Draws,
    around: Surroundings,
    board: Board,
    woken: Woken,
    disk: Arc<Disk>,
    client: Option<(Arc<Life>, Client)>,
    workload: Box<dyn Workload>,
}

impl Guest {
    pub(crate) fn new(
        config: Config,
        around: Surroundings,
        board: Board,
        woken: Woken,
        disk: Arc<Disk>,
        workload: Box<dyn Workload>,
    ) -> Self {
        Self { draws: config.seed.draws(), config, around, board, woken, disk, client: None, workload }
    }

    pub(crate) async fn begin(&mut self) -> Result<(), Fatal> {
        self.client = Some(connect(&self.config, &self.around, &self.disk, 1).await?);
        self.wake();
        Ok(())
    }

    pub(crate) fn wake(&mut self) {
        if let Some((workload, mut hands)) = self.hands() {
            workload.wake(&mut hands);
        }
    }

    /// Reads what has come; `false` if nothing has.
    pub(crate) fn read(&mut self) -> bool {
        let mut has_read = false;
        while let Some(news) = self.client.as_mut().and_then(|(_, client)| client.try_next()) {
            has_read = true;
            self.around.tracer.note(&self.config.name, "person", format_args!("is told {news:?}"));
            if let Some((workload, mut hands)) = self.hands() {
                workload.told(&news, &mut hands);
            }
        }
        has_read
    }

    pub(crate) fn rest(&mut self) {
        self.workload.rest();
    }

    pub(crate) fn doing(&self) -> Option<String> {
        self.workload.doing().map(|what| format!("{} is {what}", self.config.name))
    }

    pub(crate) fn life(&self) -> Option<Arc<Life>> {
        self.client.as_ref().map(|(life, _)| Arc::clone(life))
    }

    fn hands(&mut self) -> Option<(&mut dyn Workload, Hands<'_>)> {
        let (life, client) = self.client.as_ref()?;
        let hands = Hands {
            config: &self.config,
            draws: &mut self.draws,
            around: &self.around,
            board: &self.board,
            woken: &self.woken,
            life,
            client,
        };
        Some((&mut *self.workload, hands))
    }
}

/// What a workload of one's own works with.
pub struct Hands<'a> {
    config: &'a Config,
    draws: &'a mut Draws,
    around: &'a Surroundings,
    board: &'a Board,
    woken: &'a Woken,
    life: &'a Arc<Life>,
    client: &'a Client,
}

impl Hands<'_> {
    /// The client. What comes of what it is asked is told to [`Workload::told`].
    #[must_use]
    pub fn client(&self) -> &Client {
        self.client
    }

    /// Opens the session of that name, of the fake kernel's language, on any node. It is made if there is none.
    pub fn open(&self, name: &str) {
        self.note(format_args!("opens {name}"));
        open(self.client, name, None);
    }

    /// Runs a program of the fake kernel's language in the session that is open.
    #[must_use]
    pub fn run(&self, program: &str) -> RunId {
        let run = self.client.run(ExecuteRequest::of(program.to_owned()));
        self.note(format_args!("runs {run}"));
        run
    }

    /// Lets everybody know of a run that was acknowledged: watchers look at it, and so does who looks at everything in the end.
    pub fn publish(&self, session: SessionId, run: RunId) {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).push((session, run));
    }

    /// Wakes the workload after a while.
    pub fn sleep(&self, lasts: Duration) {
        self.config.wake_after(lasts, self.around, self.woken, Some(Arc::clone(self.life)));
    }

    /// Virtual time since the beginning.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.around.world.elapsed()
    }

    /// What this person draws from.
    pub fn draws(&mut self) -> &mut Draws {
        self.draws
    }

    /// Says something: a line of the trace, and part of the digest.
    pub fn note(&self, line: std::fmt::Arguments<'_>) {
        self.around.tracer.note(&self.config.name, "person", line);
    }
}
