//! Chores begin and end.

use wayfare_actors::actor::Fatal;

use super::strike::AWAKE_AGAIN;
use super::{Simulation, Turn};
use crate::chore::{Chore, Work};
use crate::hits::Strike;
use crate::mutation::Mutation;
use crate::place::Place;
use crate::process;

impl Simulation {
    pub(super) async fn begin_chore(&mut self, chore: &Chore) {
        self.note(format_args!("chore: {:?} begins", chore.work));
        let strike = Strike::new(chore.work.clone(), &self.hits);
        let present = strike.present();
        if let Work::Leave { node } = chore.work {
            self.nodes[node].is_away = true;
        }
        let has_work = match chore.work {
            Work::Restart { place: Place::Cloud } => self.cloud.process.stop(),
            Work::Restart { place: Place::Node(node) } | Work::Leave { node } => self.nodes[node].process.stop(),
            Work::Lose { node } => self.lose(node).await,
            Work::LateJoin { .. } | Work::Restart { place: Place::Person(_) } => false,
        };
        if has_work {
            strike.hit_at(present);
        }
    }

    pub(super) async fn end_chore(&mut self, chore: &Chore) -> Result<(), Fatal> {
        if let Work::Lose { node } = chore.work {
            self.note(format_args!("{} is to be revoked", Place::Node(node)));
            self.revoke(node);
            return Ok(());
        }
        let place = chore.work.place();
        if self.is_asleep(place) {
            // Nothing is done on a machine that is asleep.
            self.turn_after(AWAKE_AGAIN, Turn::EndChore(chore.clone()));
            return Ok(());
        }
        self.note(format_args!("chore: {:?} ends", chore.work));
        match chore.work {
            Work::Restart { .. } | Work::Lose { .. } => {}
            Work::Leave { node } => self.nodes[node].is_away = false,
            Work::LateJoin { node } => {
                let strike = Strike::new(chore.work.clone(), &self.hits);
                let present = strike.present();
                self.register_node(node);
                self.nodes[node].is_away = false;
                strike.hit_at(present);
            }
        }
        if self.is_stopping(place) {
            self.note(format_args!("{place} has not ended in time"));
            self.crash(place, false).await;
        }
        // What the mutation breaks is a node that comes back after a crash.
        match place {
            Place::Node(node) if self.mutation == Some(Mutation::NodeStaysDown) => {
                self.nodes[node].start(&self.around).await
            }
            _ => self.start(place).await,
        }
    }

    /// The device of a node that joins.
    fn register_node(&self, number: usize) {
        let (place, account) = (Place::Node(number), super::account(0));
        let capabilities = process::capabilities(self.nodes[number].has_kernels);
        let key = process::key(&self.seed, place);
        let row = process::device_row(&key, place.to_string(), account, Some(capabilities));
        self.cloud.store().register(row);
    }

    fn is_stopping(&self, place: Place) -> bool {
        match place {
            Place::Cloud => self.cloud.process.is_stopping(),
            Place::Node(node) => self.nodes[node].process.is_stopping(),
            Place::Person(_) => false,
        }
    }

    /// Closes what has ended because it was told to; `false` if nothing has.
    pub(super) async fn close_stopped(&mut self) -> bool {
        let nodes = self.nodes.iter().enumerate().filter(|(_, node)| node.process.has_stopped());
        let mut stopped: Vec<_> = nodes.map(|(number, _)| Place::Node(number)).collect();
        if self.cloud.process.has_stopped() {
            stopped.push(Place::Cloud);
        }
        for place in &stopped {
            self.note(format_args!("the process of {place} has ended"));
            self.crash(*place, false).await;
        }
        !stopped.is_empty()
    }
}
