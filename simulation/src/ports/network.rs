//! The network: connections are two queues of messages, each message with its own delay, in order. Paths between two places can be
//! cut, fall silent or be slow.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use wayfare_actors::ports::{Address, Closed, Connection, DialError, Pending};

use super::connection::open_end;
use crate::life::Life;
use crate::place::Place;
use crate::seed::{Draws, Seed};
use crate::world::World;

/// How a path between two places is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Path {
    /// As it should be.
    #[default]
    Open,
    /// Nothing passes, and both ends are told.
    Cut,
    /// Nothing passes, and nobody is told: half-open.
    Silent,
    /// Every message takes so much longer, and a byte so long.
    Slow {
        /// Added to every message.
        delay: Duration,
        /// Time on the wire of a byte.
        per_byte: Duration,
    },
}

/// Takes a dialed connection in.
pub type Door = Arc<dyn Fn(Connection) + Send + Sync>;

type Incoming = mpsc::UnboundedSender<Result<Bytes, Closed>>;

/// The network of a world.
pub struct Network {
    pub(super) world: Arc<World>,
    state: Mutex<State>,
}

struct State {
    draws: Draws,
    doors: BTreeMap<Place, (Arc<Life>, Door)>,
    paths: BTreeMap<(Place, Place), Path>,
    connections: BTreeMap<u64, Conn>,
    next: u64,
}

/// A connection: end 0 dialed, end 1 was dialed.
struct Conn {
    between: (Place, Place),
    /// Nothing passes any more, and nobody is told.
    is_silent: bool,
    ends: [End; 2],
}

struct End {
    life: Arc<Life>,
    incoming: Incoming,
    /// When the last message on its way to this end arrives.
    last_arrival: u64,
    /// When the last byte that this end sent has left it.
    sent_by: u64,
    is_gone: bool,
}

fn pair(a: Place, b: Place) -> (Place, Place) {
    (a.min(b), a.max(b))
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Network {
    /// A network without anybody.
    #[must_use]
    pub fn new(world: &Arc<World>, seed: &Seed) -> Arc<Self> {
        let state = State {
            draws: seed.draws(),
            doors: BTreeMap::new(),
            paths: BTreeMap::new(),
            connections: BTreeMap::new(),
            next: 0,
        };
        Arc::new(Self { world: Arc::clone(world), state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a place's door.
    pub fn open_door(&self, place: Place, life: Arc<Life>, door: Door) {
        self.state().doors.insert(place, (life, door));
    }

    /// The process behind a door is gone. Its machine tells the other ends, unless the machine is gone too.
    pub fn process_ended(self: &Arc<Self>, place: Place, life: &Arc<Life>, machine_lives: bool) {
        let door = {
            let mut state = self.state();
            let is_its = state.doors.get(&place).is_some_and(|(of, _)| Arc::ptr_eq(of, life));
            if is_its { state.doors.remove(&place) } else { None }
        };
        drop(door); // outside of the lock: it may hold the last connection
        let ids: Vec<_> = self.state().connections.keys().copied().collect();
        for id in ids {
            let its_end = {
                let mut state = self.state();
                let Some(conn) = state.connections.get_mut(&id) else { continue };
                let its_end = conn.ends.iter().position(|end| Arc::ptr_eq(&end.life, life));
                if its_end.is_some() && !machine_lives {
                    conn.is_silent = true;
                }
                its_end
            };
            if let (Some(end), true) = (its_end, machine_lives) {
                self.close_from(id, end);
            }
        }
    }

    /// Changes a path.
    pub fn set_path(self: &Arc<Self>, a: Place, b: Place, path: Path) {
        let between = pair(a, b);
        let mut cut = Vec::new();
        {
            let mut state = self.state();
            state.paths.insert(between, path);
            match path {
                Path::Open | Path::Slow { .. } => {}
                Path::Silent => {
                    for conn in state.connections.values_mut().filter(|conn| conn.between == between) {
                        conn.is_silent = true;
                    }
                }
                Path::Cut => {
                    let ids: Vec<_> =
                        state.connections.iter().filter(|(_, c)| c.between == between).map(|(id, _)| *id).collect();
                    for id in ids {
                        let Some(conn) = state.connections.remove(&id) else { continue };
                        if !conn.is_silent {
                            for end in conn.ends {
                                cut.push((end, state.draws.ms(0, 200)));
                            }
                        }
                    }
                }
            }
        }
        for (end, delay) in cut {
            self.world
                .after(delay, move || end.life.is_lived() && end.incoming.send(closed("connection reset")).is_ok());
        }
    }

    pub(super) fn dial(
        self: &Arc<Self>,
        from: Place,
        life: &Arc<Life>,
        address: &Address,
    ) -> Pending<Result<Connection, DialError>> {
        if !life.is_lived() {
            return Box::pin(std::future::pending());
        }
        let url = address.url.clone();
        let unreachable = |why: &str| DialError::Unreachable { url: url.clone(), why: why.to_owned() };
        let Some(to) = Place::of_url(&address.url) else {
            let error = unreachable("no such place");
            return Box::pin(async move { Err(error) });
        };
        let (refused, nobody) = (unreachable("no route"), unreachable("connection refused"));
        let delay = {
            let mut state = self.state();
            let path = state.path(from, to);
            state.latency(path, 0) + state.latency(path, 0)
        };
        let (tell, told) = oneshot::channel();
        let (network, life) = (Arc::clone(self), Arc::clone(life));
        self.world.after(delay, move || {
            if !life.is_lived() || tell.is_closed() {
                return false;
            }
            let path = network.state().path(from, to);
            let result = match path {
                Path::Silent => return false,
                Path::Cut => Err(refused),
                Path::Open | Path::Slow { .. } => network.connect(from, to, &life).ok_or(nobody),
            };
            tell.send(result).is_ok()
        });
        Box::pin(async move {
            match told.await {
                Ok(result) => result,
                Err(_) => std::future::pending().await, // nothing ever comes back on a silent path
            }
        })
    }

    fn connect(self: &Arc<Self>, from: Place, to: Place, life: &Arc<Life>) -> Option<Connection> {
        let (mut ends, id, door) = {
            let mut state = self.state();
            let (door_life, door) = state.doors.get(&to).cloned()?;
            let id = state.next;
            state.next += 1;
            let (to_dialer, at_dialer) = mpsc::unbounded_channel();
            let (to_dialed, at_dialed) = mpsc::unbounded_channel();
            let end = |life: &Arc<Life>, incoming| End {
                life: Arc::clone(life),
                incoming,
                last_arrival: 0,
                sent_by: 0,
                is_gone: false,
            };
            let ends = [end(life, to_dialer), end(&door_life, to_dialed)];
            state.connections.insert(id, Conn { between: pair(from, to), is_silent: false, ends });
            ([Some((at_dialer, Arc::clone(life))), Some((at_dialed, door_life))], id, door)
        };
        let mut connection = |end: usize, peer: Place| {
            let (incoming, life) = ends[end].take()?;
            Some(open_end(self, id, end, life, incoming, peer))
        };
        let (dialed, accepted) = (connection(0, to)?, connection(1, from)?);
        door(accepted);
        Some(dialed)
    }

    /// Sends a message from an end; returns when its last byte has left.
    pub(super) fn send(self: &Arc<Self>, id: u64, end: usize, frame: Bytes) -> Result<u64, Closed> {
        let now = self.world.nanos();
        let (arrival, sent_by) = {
            let mut state = self.state();
            let between = state.connections.get(&id).map(|conn| conn.between).ok_or_else(gone)?;
            let path = state.path(between.0, between.1);
            let latency = nanos(state.latency(path, 0));
            let on_wire = match path {
                Path::Slow { per_byte, .. } => nanos(per_byte).saturating_mul(frame.len() as u64),
                Path::Open | Path::Cut | Path::Silent => 0,
            };
            let conn = state.connections.get_mut(&id).ok_or_else(gone)?;
            if conn.ends[1 - end].is_gone && !conn.is_silent {
                return Err(gone());
            }
            let sent_by = conn.ends[end].sent_by.max(now) + on_wire;
            conn.ends[end].sent_by = sent_by;
            let other = &mut conn.ends[1 - end];
            other.last_arrival = (other.last_arrival + 1).max(sent_by + latency);
            (other.last_arrival, sent_by)
        };
        let network = Arc::clone(self);
        self.world.at(arrival, move || {
            let state = network.state();
            let Some(conn) = state.connections.get(&id).filter(|conn| !conn.is_silent) else { return false };
            let other = &conn.ends[1 - end];
            other.life.is_lived() && other.incoming.send(Ok(frame)).is_ok()
        });
        Ok(sent_by)
    }

    /// An end has closed: the other one reads that after everything sent before.
    pub(super) fn close_from(self: &Arc<Self>, id: u64, end: usize) {
        let arrival = {
            let mut state = self.state();
            let Some(between) = state.connections.get(&id).map(|conn| conn.between) else { return };
            let path = state.path(between.0, between.1);
            let latency = nanos(state.latency(path, 0));
            let now = self.world.nanos();
            let Some(conn) = state.connections.get_mut(&id) else { return };
            if conn.ends[end].is_gone {
                return;
            }
            conn.ends[end].is_gone = true;
            let other = &mut conn.ends[1 - end];
            other.last_arrival = (other.last_arrival + 1).max(now + latency);
            other.last_arrival
        };
        let network = Arc::clone(self);
        self.world.at(arrival, move || {
            let mut state = network.state();
            let Some(conn) = state.connections.get(&id) else { return false };
            if conn.is_silent {
                return false;
            }
            let other = &conn.ends[1 - end];
            let told = other.life.is_lived() && other.incoming.send(closed("closed by the other end")).is_ok();
            if conn.ends.iter().all(|end| end.is_gone || !end.life.is_lived()) {
                state.connections.remove(&id);
            }
            told
        });
    }
}

impl State {
    fn path(&self, a: Place, b: Place) -> Path {
        self.paths.get(&pair(a, b)).copied().unwrap_or_default()
    }

    fn latency(&mut self, path: Path, _bytes: usize) -> Duration {
        let usual = if self.draws.percent(2) { self.draws.ms(20, 200) } else { self.draws.ms(1, 20) };
        match path {
            Path::Slow { delay, .. } => usual + self.draws.duration(delay / 2, delay),
            Path::Open | Path::Cut | Path::Silent => usual,
        }
    }
}

pub(super) fn gone() -> Closed {
    Closed("connection reset".to_owned())
}

fn closed(why: &str) -> Result<Bytes, Closed> {
    Err(Closed(why.to_owned()))
}
