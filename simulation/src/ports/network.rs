//! The network: connections are two queues of messages, each message with its own delay, in order. What can be wrong with the path
//! between two places is [`Path`]; the rest of what can happen to connections is in `trouble.rs`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use wayfare_actors::ports::{Address, Closed, Connection, DialError, Pending};

use super::connection::open_end;
use super::path::Path;
use super::trouble::Reset;
use crate::life::Life;
use crate::place::Place;
use crate::plan::Link;
use crate::seed::{Draws, Seed};
use crate::trace::{Message, Tracer};
use crate::world::World;

/// Takes a dialed connection in.
pub type Door = Arc<dyn Fn(Connection) + Send + Sync>;

type Incoming = mpsc::UnboundedSender<Result<Bytes, Closed>>;

/// The network of a world.
pub struct Network {
    pub(super) world: Arc<World>,
    tracer: Arc<Tracer>,
    state: Mutex<State>,
}

pub(super) struct State {
    pub(super) draws: Draws,
    doors: BTreeMap<Place, (Arc<Life>, Door)>,
    pub(super) paths: BTreeMap<(Place, Place), Path>,
    usual: BTreeMap<(Place, Place), Link>,
    pub(super) resets: BTreeMap<(Place, Place), Reset>,
    pub(super) connections: BTreeMap<u64, Conn>,
    next: u64,
}

/// A connection: end 0 dialed, end 1 was dialed.
pub(super) struct Conn {
    pub(super) between: (Place, Place),
    pub(super) standing: Standing,
    pub(super) ends: [End; 2],
}

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It carries what its ends send, until they close it.
    Up,
    /// Nothing passes any more, and nobody is told.
    Silent,
    /// For who dialed it is over; what it sent before is still on its way, and the other end knows nothing.
    Astray,
    /// It is over, and both ends are about to be told.
    Reset,
}

pub(super) struct End {
    pub(super) place: Place,
    life: Arc<Life>,
    incoming: Incoming,
    /// When the last message on its way to this end arrives.
    pub(super) last_arrival: u64,
    /// When the last byte that this end sent has left it.
    sent_by: u64,
    pub(super) is_gone: bool,
    /// What has come for this end and waits; `None`: nothing has to.
    pub(super) held: Option<VecDeque<Parcel>>,
}

/// What comes to an end of a connection: a message, or word that there will be none any more.
pub(super) type Parcel = Result<Bytes, Closed>;

impl End {
    /// It takes what has come, if its process still reads.
    pub(super) fn take(&self, parcel: Parcel) -> bool {
        let incoming = self.incoming.clone();
        self.life.meet(move || incoming.send(parcel).is_ok())
    }
}

pub(super) fn pair(a: Place, b: Place) -> (Place, Place) {
    (a.min(b), a.max(b))
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Network {
    /// A network without anybody.
    #[must_use]
    pub fn new(world: &Arc<World>, tracer: &Arc<Tracer>, seed: &Seed) -> Arc<Self> {
        let state = State {
            draws: seed.draws(),
            doors: BTreeMap::new(),
            paths: BTreeMap::new(),
            usual: BTreeMap::new(),
            resets: BTreeMap::new(),
            connections: BTreeMap::new(),
            next: 0,
        };
        Arc::new(Self { world: Arc::clone(world), tracer: Arc::clone(tracer), state: Mutex::new(state) })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
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
                    conn.standing = Standing::Silent;
                }
                its_end
            };
            if let (Some(end), true) = (its_end, machine_lives) {
                self.close_from(id, end);
            }
        }
    }

    /// Says how a path is when nothing is wrong with it.
    pub fn set_usual(&self, link: Link) {
        let (a, b) = link.between;
        self.state().usual.insert(pair(a, b), link);
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
            state.latency(from, to) + state.latency(from, to)
        };
        let (tell, told) = oneshot::channel();
        let (network, life) = (Arc::clone(self), Arc::clone(life));
        self.world.after(delay, move || {
            if !life.is_lived() || tell.is_closed() {
                return false;
            }
            let path = network.state().path(from, to);
            let result = match path {
                Path::Silent | Path::OneWay { .. } | Path::Lossy { .. } => return false,
                Path::Cut => Err(refused),
                Path::Open | Path::Slow { .. } => network.connect(from, to, &life).ok_or(nobody),
            };
            life.meet(move || tell.send(result).is_ok())
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
            let end = |place, life: &Arc<Life>, incoming| End {
                place,
                life: Arc::clone(life),
                incoming,
                last_arrival: 0,
                sent_by: 0,
                is_gone: false,
                held: None,
            };
            let ends = [end(from, life, to_dialer), end(to, &door_life, to_dialed)];
            state.connections.insert(id, Conn { between: pair(from, to), standing: Standing::Up, ends });
            ([Some((at_dialer, Arc::clone(life))), Some((at_dialed, Arc::clone(&door_life)))], id, (door, door_life))
        };
        let mut connection = |end: usize, peer: Place| {
            let (incoming, life) = ends[end].take()?;
            Some(open_end(self, id, end, life, incoming, peer))
        };
        let (dialed, accepted) = (connection(0, to)?, connection(1, from)?);
        let (door, door_life) = door;
        door_life.meet(move || {
            door(accepted);
            true
        });
        Some(dialed)
    }

    /// Sends a message from an end; returns when its last byte has left.
    pub(super) fn send(self: &Arc<Self>, id: u64, end: usize, frame: Bytes) -> Result<u64, Closed> {
        let now = self.world.nanos();
        let (arrival, sent_by, is_reset) = {
            let mut state = self.state();
            let between = state.connections.get(&id).map(|conn| conn.between).ok_or_else(gone)?;
            let latency = nanos(state.latency(between.0, between.1));
            let per_byte = match state.path(between.0, between.1) {
                Path::Slow { per_byte, .. } => per_byte,
                Path::Open | Path::Cut | Path::Silent | Path::OneWay { .. } | Path::Lossy { .. } => {
                    state.usual.get(&between).map_or(Duration::ZERO, |link| link.per_byte)
                }
            };
            let on_wire = nanos(per_byte).saturating_mul(frame.len() as u64);
            let is_reset = state.resets.get_mut(&between).is_some_and(Reset::is_due);
            let conn = state.connections.get_mut(&id).ok_or_else(gone)?;
            let is_over = match conn.standing {
                Standing::Up => conn.ends.iter().any(|end| end.is_gone),
                Standing::Silent => false,
                Standing::Astray => end == 0,
                Standing::Reset => true,
            };
            if is_over {
                return Err(gone());
            }
            let sent_by = conn.ends[end].sent_by.max(now) + on_wire;
            conn.ends[end].sent_by = sent_by;
            let other = &mut conn.ends[1 - end];
            other.last_arrival = (other.last_arrival + 1).max(sent_by + latency);
            let arrives = other.last_arrival;
            let (from, to) = (conn.ends[end].place, conn.ends[1 - end].place);
            self.tracer.pass(Message { sent: now, arrives, from, to, frame: &frame });
            (arrives, sent_by, is_reset)
        };
        if is_reset {
            self.reset(id);
            return Err(gone());
        }
        let network = Arc::clone(self);
        self.world.at(arrival, move || network.arrive(id, 1 - end, Ok(frame)));
        Ok(sent_by)
    }

    /// Something arrives at an end.
    pub(super) fn arrive(&self, id: u64, end: usize, parcel: Parcel) -> bool {
        let mut state = self.state();
        let Some(between) = state.connections.get(&id).map(|conn| conn.between) else { return false };
        let path = state.path(between.0, between.1);
        let Some(conn) = state.connections.get_mut(&id) else { return false };
        if conn.standing == Standing::Silent {
            return false;
        }
        let to = &mut conn.ends[end];
        match path {
            Path::OneWay { to: place, strike } if place == to.place => {
                strike.hit();
                to.held.get_or_insert_default().push_back(parcel);
                return false;
            }
            Path::Lossy { to: place, strike } if place == to.place => {
                strike.hit();
                return false;
            }
            _ => {}
        }
        if let Some(held) = &mut to.held {
            held.push_back(parcel);
            return false;
        }
        let is_taken = to.take(parcel);
        if conn.ends.iter().all(|end| end.is_gone || !end.life.is_lived()) {
            state.connections.remove(&id);
        }
        is_taken
    }

    /// An end has closed: the other one reads that after everything sent before.
    pub(super) fn close_from(self: &Arc<Self>, id: u64, end: usize) {
        let arrival = {
            let mut state = self.state();
            let Some(between) = state.connections.get(&id).map(|conn| conn.between) else { return };
            let latency = nanos(state.latency(between.0, between.1));
            let now = self.world.nanos();
            let Some(conn) = state.connections.get_mut(&id) else { return };
            if conn.ends[end].is_gone || conn.standing == Standing::Reset {
                return;
            }
            conn.ends[end].is_gone = true;
            let other = &mut conn.ends[1 - end];
            other.last_arrival = (other.last_arrival + 1).max(now + latency);
            other.last_arrival
        };
        let network = Arc::clone(self);
        self.world.at(arrival, move || network.arrive(id, 1 - end, closed("closed by the other end")));
    }
}

impl State {
    fn path(&self, a: Place, b: Place) -> Path {
        self.paths.get(&pair(a, b)).cloned().unwrap_or_default()
    }

    fn latency(&mut self, a: Place, b: Place) -> Duration {
        let usual = match self.usual.get(&pair(a, b)) {
            Some(link) => link.latency + self.draws.duration(Duration::ZERO, link.jitter),
            None if self.draws.percent(2) => self.draws.ms(20, 200),
            None => self.draws.ms(1, 20),
        };
        match self.path(a, b) {
            Path::Slow { delay, .. } => usual + self.draws.duration(delay / 2, delay),
            Path::Open | Path::Cut | Path::Silent | Path::OneWay { .. } | Path::Lossy { .. } => usual,
        }
    }
}

pub(super) fn gone() -> Closed {
    Closed("connection reset".to_owned())
}

pub(super) fn closed(why: &str) -> Parcel {
    Err(Closed(why.to_owned()))
}
