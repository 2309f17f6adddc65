//! The session hosts of one machine. They live outside the node: its crash closes their connections and nothing else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use wayfare_actors::ports::{
    Closed, ConnectError, HostConnection, HostReader, HostStart, HostWriter, Pending, PendingRef, SessionHosts,
    StartError,
};
use wayfare_core::kernel_host::{ConnectionId, Input};
use wayfare_protocol::SessionId;
use wayfare_protocol::host::{HostMessage, HostRequest};

use super::ills::HostIlls;
use super::kernel_host::{self, HostProcess, HostRules, Later};
use crate::clock::MachineClock;
use crate::evidence::Evidence;
use crate::life::Life;
use crate::place::Place;
use crate::seed::{Draws, Seed};
use crate::trace::Tracer;
use crate::world::World;

/// See the module.
pub struct Hosts {
    pub(super) world: Arc<World>,
    pub(super) clock: Arc<MachineClock>,
    pub(super) evidence: Arc<Evidence>,
    pub(super) rules: HostRules,
    tracer: Arc<Tracer>,
    pub(super) place: String,
    state: Mutex<State>,
}

struct State {
    draws: Draws,
    ills: HostIlls,
    living: BTreeMap<SessionId, HostProcess>,
    next: u64,
}

impl Hosts {
    /// A machine without hosts.
    #[must_use]
    pub fn new(
        world: &Arc<World>,
        clock: Arc<MachineClock>,
        seed: &Seed,
        place: Place,
        tracer: &Arc<Tracer>,
        evidence: &Arc<Evidence>,
        rules: HostRules,
    ) -> Arc<Self> {
        Arc::new(Self {
            world: Arc::clone(world),
            clock,
            evidence: Arc::clone(evidence),
            rules,
            tracer: Arc::clone(tracer),
            place: place.to_string(),
            state: Mutex::new(State {
                draws: seed.draws(),
                ills: HostIlls::default(),
                living: BTreeMap::new(),
                next: 0,
            }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, session: SessionId, line: std::fmt::Arguments<'_>) {
        self.tracer.note(&self.place, &format!("host {session}"), line);
    }

    /// The sessions that have a living host.
    #[must_use]
    pub fn living(&self) -> Vec<SessionId> {
        self.state().living.keys().copied().collect()
    }

    /// Changes what is wrong with them.
    pub fn ail<T>(&self, change: impl FnOnce(&mut HostIlls) -> T) -> T {
        change(&mut self.state().ills)
    }

    /// The processes of the hosts that live.
    #[must_use]
    pub fn lives(&self) -> Vec<Arc<Life>> {
        self.state().living.values().map(|host| Arc::clone(&host.life)).collect()
    }

    /// A host and its kernel die; `false` if none lived.
    pub fn crash(&self, session: SessionId) -> bool {
        let host = self.state().living.remove(&session);
        if let Some(host) = &host {
            host.life.end();
            self.note(session, format_args!("crashed"));
            self.evidence.gone(&self.place, Some(&format!("host {session}")));
        }
        host.is_some()
    }

    /// The machine loses power.
    pub fn crash_all(&self) {
        let living = std::mem::take(&mut self.state().living);
        for host in living.values() {
            host.life.end();
        }
    }

    /// The node's process is gone: hosts see their connections end.
    pub fn node_ended(self: &Arc<Self>, life: &Arc<Life>) {
        let ended: Vec<_> = {
            let state = self.state();
            let of_node = |host: &HostProcess| {
                let ids = host.connections.iter().filter(|(_, connection)| Arc::ptr_eq(&connection.life, life));
                ids.map(|(id, _)| *id).collect::<Vec<_>>()
            };
            let hosts = state.living.iter();
            hosts.flat_map(|(id, host)| of_node(host).into_iter().map(|c| (*id, host.serial, c))).collect()
        };
        for (session, serial, connection) in ended {
            self.disconnect(session, serial, connection);
        }
    }

    fn disconnect(self: &Arc<Self>, session: SessionId, serial: u64, connection: ConnectionId) {
        let hosts = Arc::clone(self);
        self.world.after(Duration::from_micros(100), move || {
            hosts.act(session, serial, move |hosts, host| {
                host.connections.remove(&connection);
                host.step(hosts, Input::Disconnected(connection))
            })
        });
    }

    /// The process of a living host.
    fn life(&self, session: SessionId, serial: u64) -> Option<Arc<Life>> {
        let state = self.state();
        state.living.get(&session).filter(|host| host.serial == serial).map(|host| Arc::clone(&host.life))
    }

    /// Lets a living host do something, when it is not frozen, and sees to what follows from it.
    fn act(
        self: &Arc<Self>,
        session: SessionId,
        serial: u64,
        act: impl FnOnce(&Self, &mut HostProcess) -> Vec<Later> + Send + 'static,
    ) -> bool {
        let Some(life) = self.life(session, serial) else { return false };
        let hosts = Arc::clone(self);
        life.meet(move || {
            let mut state = hosts.state();
            let State { draws, living, ills, .. } = &mut *state;
            let Some(host) = living.get_mut(&session).filter(|host| host.serial == serial) else { return false };
            let later = act(&hosts, host);
            hosts.follow(session, host, draws, ills, later);
            true
        })
    }

    /// Sees to what is to be done later, and to the next wake.
    fn follow(
        self: &Arc<Self>,
        session: SessionId,
        host: &mut HostProcess,
        draws: &mut Draws,
        ills: &HostIlls,
        later: Vec<Later>,
    ) {
        let (now, serial) = (self.world.nanos(), host.serial);
        for item in later {
            let mut takes = draws.duration(Duration::from_micros(50), Duration::from_millis(2));
            if let (Later::Kernel(_), Some((delay, strike))) = (&item, &ills.slow_kernel) {
                strike.hit();
                takes += *delay;
            }
            let takes = u64::try_from(takes.as_nanos()).unwrap_or(0);
            host.busy_until = (host.busy_until + 1).max(now + takes);
            let hosts = Arc::clone(self);
            self.world.at(host.busy_until, move || hosts.happen(session, serial, item));
        }
        if let Some(deadline) = host.deadline(&self.clock)
            && host.armed.is_none_or(|armed| deadline < armed)
        {
            host.armed = Some(deadline);
            let hosts = Arc::clone(self);
            self.world.at(deadline, move || hosts.wake(session, serial, deadline));
        }
    }

    fn wake(self: &Arc<Self>, session: SessionId, serial: u64, deadline: u64) -> bool {
        self.act(session, serial, move |hosts, host| {
            if host.armed == Some(deadline) {
                host.armed = None;
            }
            host.wake(hosts)
        })
    }

    fn happen(self: &Arc<Self>, session: SessionId, serial: u64, item: Later) -> bool {
        match item {
            Later::Kernel(event) => {
                self.act(session, serial, move |hosts, host| host.step(hosts, Input::Kernel(vec![event])))
            }
            Later::Spilled(op, outcome) => {
                self.act(session, serial, move |hosts, host| host.step(hosts, Input::Done { op, outcome }))
            }
            Later::Deliver(connection, messages, bytes) => self.act(session, serial, move |hosts, host| {
                let Some(open) = host.connections.get(&connection) else { return Vec::new() };
                if !open.life.is_lived() || open.to_node.is_closed() {
                    return Vec::new(); // its end is on the way
                }
                let to_node = open.to_node.clone();
                // The socket takes it, and its reader gets it when it goes on.
                open.life.meet(move || to_node.send(messages).is_ok());
                host.step(hosts, Input::Written { connection, bytes })
            }),
            Later::Close(connection) => self.act(session, serial, move |_, host| {
                host.connections.remove(&connection);
                Vec::new()
            }),
            Later::Exit => {
                let Some(life) = self.life(session, serial) else { return false };
                let hosts = Arc::clone(self);
                life.meet(move || {
                    let is_this = hosts.life(session, serial).is_some();
                    is_this && hosts.state().living.remove(&session).is_some()
                })
            }
        }
    }

    fn spawn(self: &Arc<Self>, start: &HostStart) {
        let serial = {
            let mut state = self.state();
            state.next += 1;
            let (listens, ready) = (state.draws.ms(5, 200), state.draws.ms(100, 3_000));
            let listens_at = self.world.nanos_after(listens);
            let config = kernel_host::config(start, &self.rules.limits);
            let host = HostProcess::new(config, self, listens_at, state.next, ready);
            let serial = state.next;
            if state.living.insert(start.session, host).is_some() {
                self.evidence.two_hosts(&self.place, start.session);
            }
            serial
        };
        self.act(start.session, serial, |_, _| Vec::new());
    }

    fn connect(self: &Arc<Self>, session: SessionId, life: &Arc<Life>) -> Result<HostConnection, ConnectError> {
        let (serial, id, incoming) = {
            let mut state = self.state();
            let Some(host) = state.living.get_mut(&session) else { return Err(ConnectError::Gone(session)) };
            if self.world.nanos() < host.listens_at {
                return Err(ConnectError::NotYet("no socket yet".to_owned()));
            }
            host.next_connection += 1;
            let id = ConnectionId(host.next_connection);
            let (to_node, incoming) = mpsc::unbounded_channel();
            host.connections.insert(id, kernel_host::HostConnection { to_node, life: Arc::clone(life) });
            (host.serial, id, incoming)
        };
        self.act(session, serial, move |hosts, host| host.step(hosts, Input::Connected(id)));
        let half = Arc::new(Half { hosts: Arc::clone(self), session, serial, id, life: Arc::clone(life) });
        let reader = Box::new(SimHostReader { incoming, half: Arc::clone(&half) });
        Ok(HostConnection { reader, writer: Box::new(SimHostWriter(half)) })
    }

    fn request(self: &Arc<Self>, session: SessionId, serial: u64, id: ConnectionId, request: HostRequest) -> bool {
        let at = {
            let mut state = self.state();
            let State { draws, living, .. } = &mut *state;
            let Some(host) = living.get_mut(&session).filter(|host| host.serial == serial) else { return false };
            if !host.connections.contains_key(&id) {
                return false;
            }
            let takes = draws.duration(Duration::from_micros(50), Duration::from_millis(2));
            let at = self.world.nanos_after(takes);
            host.requests_until = (host.requests_until + 1).max(at);
            host.requests_until
        };
        let hosts = Arc::clone(self);
        self.world.at(at, move || {
            hosts.act(session, serial, move |hosts, host| host.step(hosts, Input::Request { connection: id, request }))
        });
        true
    }
}

/// Both halves of a node's end.
struct Half {
    hosts: Arc<Hosts>,
    session: SessionId,
    serial: u64,
    id: ConnectionId,
    life: Arc<Life>,
}

impl Drop for Half {
    fn drop(&mut self) {
        if self.life.is_lived() {
            self.hosts.disconnect(self.session, self.serial, self.id);
        }
    }
}

struct SimHostReader {
    incoming: mpsc::UnboundedReceiver<Vec<HostMessage>>,
    half: Arc<Half>,
}

impl HostReader for SimHostReader {
    fn read(&mut self) -> PendingRef<'_, Result<Vec<HostMessage>, Closed>> {
        Box::pin(async move {
            match self.incoming.recv().await {
                Some(messages) => Ok(messages),
                None if self.half.life.is_lived() => Err(Closed("the host closed the connection".to_owned())),
                None => std::future::pending().await,
            }
        })
    }
}

struct SimHostWriter(Arc<Half>);

impl HostWriter for SimHostWriter {
    fn write(&mut self, requests: Vec<HostRequest>) -> PendingRef<'_, Result<(), Closed>> {
        let half = &self.0;
        let mut result = Ok(());
        if half.life.is_lived() {
            for request in requests {
                if !half.hosts.request(half.session, half.serial, half.id, request) {
                    result = Err(Closed("the host is gone".to_owned()));
                }
            }
        }
        Box::pin(async move { result })
    }
}

/// The session hosts as one process of a node reaches them.
pub struct SimHosts {
    /// Those of its machine.
    pub hosts: Arc<Hosts>,
    /// The process.
    pub life: Arc<Life>,
}

impl SimHosts {
    fn ask<T: Send + 'static>(&self, low: u64, high: u64, work: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        if !self.life.is_lived() {
            return Box::pin(std::future::pending());
        }
        let takes = self.hosts.state().draws.ms(low, high);
        self.hosts.world.answer_at(self.hosts.world.nanos_after(takes), &self.life, work)
    }
}

impl SessionHosts for SimHosts {
    fn start(&self, start: HostStart) -> Pending<Result<(), StartError>> {
        let hosts = Arc::clone(&self.hosts);
        self.ask(5, 100, move || {
            if let Some(strike) = hosts.ail(|ills| ills.start_fails.clone()) {
                strike.hit();
                return Err(StartError::Spawn("the system refuses new processes".to_owned()));
            }
            hosts.spawn(&start);
            Ok(())
        })
    }

    fn connect(&self, session: SessionId) -> Pending<Result<HostConnection, ConnectError>> {
        let (hosts, life) = (Arc::clone(&self.hosts), Arc::clone(&self.life));
        if let Some((until, strike)) = self.hosts.ail(|ills| ills.connect_hangs.clone()) {
            strike.hit();
            return self.hosts.world.answer_at(until, &self.life, move || hosts.connect(session, &life));
        }
        self.ask(0, 2, move || hosts.connect(session, &life))
    }

    fn kill(&self, session: SessionId) -> Pending<()> {
        let hosts = Arc::clone(&self.hosts);
        self.ask(1, 20, move || {
            hosts.crash(session);
        })
    }
}
