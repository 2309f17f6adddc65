//! What a fault of one's own can do to the world.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::MachineClock;
use crate::hits::Strike;
use crate::place::Place;
use crate::ports::{Disk, Hosts, Network, StoreRows};
use crate::seed::Draws;
use crate::simulation::Simulation;
use crate::world::World;

/// See the module.
pub struct Reach<'a> {
    pub(crate) simulation: &'a mut Simulation,
    pub(crate) number: usize,
    pub(crate) place: Place,
    pub(crate) strike: Arc<Strike>,
    pub(crate) draws: &'a mut Draws,
}

impl Reach<'_> {
    /// Where the plan puts the fault.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// Virtual time since the beginning.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.world().elapsed()
    }

    /// Time and the queue of events: what is to happen while the fault lasts.
    #[must_use]
    pub fn world(&self) -> &Arc<World> {
        &self.simulation.around.world
    }

    /// What this fault draws from.
    pub fn draws(&mut self) -> &mut Draws {
        self.draws
    }

    /// Says something: a line of the trace, and part of the digest.
    pub fn note(&self, line: std::fmt::Arguments<'_>) {
        self.simulation.note(line);
    }

    /// What is told when the fault hits something later.
    #[must_use]
    pub fn strike(&self) -> Arc<Strike> {
        Arc::clone(&self.strike)
    }

    /// The network: its paths.
    #[must_use]
    pub fn network(&self) -> &Arc<Network> {
        &self.simulation.around.network
    }

    /// The clocks of a machine.
    #[must_use]
    pub fn clock(&self, place: Place) -> Arc<MachineClock> {
        self.simulation.around.clocks.of(place)
    }

    /// The disk of a machine; `None` of a person's.
    #[must_use]
    pub fn disk(&self, place: Place) -> Option<&Arc<Disk>> {
        self.simulation.disk(place)
    }

    /// The control store.
    #[must_use]
    pub fn store(&self) -> &Arc<StoreRows> {
        self.simulation.cloud.store()
    }

    /// The session hosts of a node; `None` if there is no such node.
    #[must_use]
    pub fn hosts(&self, node: usize) -> Option<&Arc<Hosts>> {
        self.simulation.nodes.get(node).map(crate::process::NodeMachine::hosts)
    }

    /// Kills the process of a place, and with the loss of power everything else on its machine. It happens next. Nothing happens
    /// to a person, or to a process that does not run.
    pub fn crash(&self, place: Place, loses_power: bool) {
        self.simulation.crashes(place, loses_power);
    }

    /// Starts the process of a place, if none runs. It happens next, after what [`Reach::crash`] does.
    pub fn start(&self, place: Place) {
        self.simulation.starts(place);
    }

    /// The process of a place does nothing until [`Reach::thaw`]. `false`: none runs, or it is frozen already.
    pub fn freeze(&mut self, place: Place) -> bool {
        let life = self.simulation.life(place);
        self.simulation.freeze(self.number, life)
    }

    /// What this fault has frozen goes on.
    pub fn thaw(&mut self) {
        self.simulation.thaw(self.number);
    }
}
