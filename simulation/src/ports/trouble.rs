//! What goes wrong in the network.

use std::sync::Arc;
use std::time::Duration;

use super::network::{Conn, Network, Standing, closed, gone, pair};
use super::path::Path;
use crate::hits::Strike;
use crate::place::Place;

/// A connection between two places is reset in the middle of what is being sent.
pub(super) struct Reset {
    /// So many messages pass before.
    after: u32,
    /// Hits when a connection is reset. Afterwards nothing more is.
    strike: Option<Arc<Strike>>,
}

impl Reset {
    /// A message is sent: is it the one that does not pass any more?
    pub(super) fn is_due(&mut self) -> bool {
        if self.after > 0 {
            self.after -= 1;
            return false;
        }
        self.strike.take().is_some_and(|strike| strike.hit())
    }
}

/// The numbers of the connections between two places.
fn between(connections: &std::collections::BTreeMap<u64, Conn>, a: Place, b: Place) -> Vec<u64> {
    connections.iter().filter(|(_, conn)| conn.between == pair(a, b)).map(|(id, _)| *id).collect()
}

impl Network {
    /// Changes a path.
    pub fn set_path(self: &Arc<Self>, a: Place, b: Place, path: Path) {
        let was = self.state().paths.insert(pair(a, b), path.clone()).unwrap_or_default();
        match path {
            Path::Slow { .. } | Path::OneWay { .. } | Path::Lossy { .. } => {}
            Path::Open => match was {
                Path::OneWay { to, .. } => self.release(a, b, to),
                Path::Lossy { .. } => self.cut(a, b),
                Path::Open | Path::Cut | Path::Silent | Path::Slow { .. } => {}
            },
            Path::Silent => {
                for conn in self.state().connections.values_mut().filter(|conn| conn.between == pair(a, b)) {
                    conn.standing = Standing::Silent;
                }
            }
            Path::Cut => self.cut(a, b),
        }
    }

    /// Connections between two places are over; both ends are told, soon.
    fn cut(self: &Arc<Self>, a: Place, b: Place) {
        let mut told = Vec::new();
        {
            let mut state = self.state();
            for id in between(&state.connections, a, b) {
                let Some(conn) = state.connections.remove(&id) else { continue };
                if matches!(conn.standing, Standing::Silent | Standing::Reset) {
                    continue;
                }
                for end in conn.ends {
                    told.push((end, state.draws.ms(0, 200)));
                }
            }
        }
        for (end, delay) in told {
            self.world.after(delay, move || end.take(closed("connection reset")));
        }
    }

    /// What waited for a place comes to it.
    fn release(self: &Arc<Self>, a: Place, b: Place, to: Place) {
        let ids = between(&self.state().connections, a, b);
        for id in ids {
            for end in 0..2 {
                let is_its = self.state().connections.get(&id).is_some_and(|conn| conn.ends[end].place == to);
                if is_its {
                    self.let_go(id, end);
                }
            }
        }
    }

    /// What waited for an end comes to it, in order.
    fn let_go(self: &Arc<Self>, id: u64, end: usize) {
        let now = self.world.nanos();
        let held = {
            let mut state = self.state();
            let Some(conn) = state.connections.get_mut(&id) else { return };
            let held = conn.ends[end].held.take().unwrap_or_default();
            let last = &mut conn.ends[end].last_arrival;
            *last = (*last).max(now + held.len() as u64);
            held
        };
        for (after, parcel) in (0..).zip(held) {
            let network = Arc::clone(self);
            self.world.at(now + after, move || network.arrive(id, end, parcel));
        }
    }

    /// One connection is over: both ends are told, each after what was sent to it before.
    pub(super) fn reset(self: &Arc<Self>, id: u64) {
        let arrivals = {
            let mut state = self.state();
            let soon = state.draws.ms(1, 20);
            let now = self.world.nanos_after(soon);
            let Some(conn) = state.connections.get_mut(&id).filter(|conn| conn.standing == Standing::Up) else {
                return;
            };
            conn.standing = Standing::Reset;
            conn.ends.each_mut().map(|end| {
                end.last_arrival = (end.last_arrival + 1).max(now);
                end.last_arrival
            })
        };
        // The later of both removes the connection with everything that is still on its way.
        for (end, at) in arrivals.into_iter().enumerate() {
            let network = Arc::clone(self);
            self.world.at(at, move || {
                let state = network.state();
                let conn = state.connections.get(&id).filter(|conn| conn.standing == Standing::Reset);
                conn.is_some_and(|conn| conn.ends[end].take(Err(gone())))
            });
        }
        let network = Arc::clone(self);
        let both = arrivals.into_iter().max().unwrap_or_default() + 1;
        self.world.at(both, move || {
            network.state().connections.remove(&id);
            false
        });
    }

    /// The next message but so many between two places resets its connection.
    pub fn reset_after(&self, a: Place, b: Place, after: u32, strike: Arc<Strike>) {
        self.state().resets.insert(pair(a, b), Reset { after, strike: Some(strike) });
    }

    /// No message resets its connection any more.
    pub fn no_reset(&self, a: Place, b: Place) {
        self.state().resets.remove(&pair(a, b));
    }

    /// Connections between two places hold back what is sent by who dialed. After half of the time the dialer is told that they
    /// are over, and at the end what was held back arrives.
    pub fn straggle(self: &Arc<Self>, a: Place, b: Place, lasts: Duration, strike: Arc<Strike>) {
        let ids = between(&self.state().connections, a, b);
        for id in ids {
            if let Some(conn) = self.state().connections.get_mut(&id) {
                conn.ends[1].held.get_or_insert_default();
            }
            let (network, strike) = (Arc::clone(self), Arc::clone(&strike));
            self.world.after(lasts / 2, move || network.lose_dialer(id, &strike));
            let network = Arc::clone(self);
            self.world.after(lasts, move || {
                network.let_go(id, 1);
                true
            });
        }
    }

    fn lose_dialer(&self, id: u64, strike: &Strike) -> bool {
        let mut state = self.state();
        let is_up = |conn: &&mut Conn| conn.standing == Standing::Up && conn.ends.iter().all(|end| !end.is_gone);
        let Some(conn) = state.connections.get_mut(&id).filter(is_up) else { return false };
        conn.standing = Standing::Astray;
        let [dialer, dialed] = &mut conn.ends;
        dialer.is_gone = true;
        if let Some(held) = &mut dialed.held {
            if !held.is_empty() {
                strike.hit();
            }
            held.push_back(Err(gone()));
        }
        dialer.take(Err(gone()))
    }
}
