//! A node is lost for good: its device is revoked, and its daemons go on elsewhere from what the cloud has of them, or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wayfare_protocol::EntityId;

use super::Simulation;
use super::people::Somebody;
use crate::operator::Operator;
use crate::plan::{PersonPlan, Role};
use crate::ports::{Disk, Sync};

impl Simulation {
    /// Whoever is to revoke a node's device.
    pub(super) fn operator(&self, node: usize) -> Somebody {
        let plan = PersonPlan { at_node: None, role: Role::Absent, leaves: false, habits: Vec::new(), account: 0 };
        let config = self.person(self.people.len(), &plan);
        let disk = Disk::new(&self.around.world, &config.seed.child("disk"), Sync::Durable);
        let (around, evidence) = (self.around.clone(), Arc::clone(&self.evidence));
        let operator = Operator::new(config, self.id_of(node), around, evidence, Arc::clone(&self.woken), disk);
        Somebody::Operator(Box::new(operator))
    }

    /// The machine is gone; `false` if nothing ran there. People who have to do with daemons know.
    pub(super) async fn lose(&mut self, node: usize) -> bool {
        self.able.retain(|able| *able != node);
        let id = self.id_of(node);
        for somebody in &mut self.people {
            match somebody {
                Somebody::Publisher(publisher) => publisher.loses(id),
                Somebody::Mover(mover) => mover.loses(node),
                Somebody::Person(_)
                | Somebody::Writer(_)
                | Somebody::Filer(_)
                | Somebody::Operator(_)
                | Somebody::Guest(_) => {}
            }
        }
        self.nodes[node].lose(&self.around).await
    }

    /// Its device is to be revoked.
    pub(super) fn revoke(&mut self, node: usize) {
        let id = self.id_of(node);
        for somebody in &mut self.people {
            if let Somebody::Operator(operator) = somebody {
                operator.revoke(id);
            }
        }
    }

    /// Publishers of a daemon that goes on from a spare hear of it.
    pub(super) fn hear_of_recoveries(&mut self) {
        for (daemon, base) in self.cloud.store().take_recovered() {
            for somebody in &mut self.people {
                if let Somebody::Publisher(publisher) = somebody {
                    publisher.is_recovered(daemon, base.output_sequence);
                }
            }
        }
    }

    /// Daemons that nobody can go on with, and their names: their machine was gone before the cloud had anything of them, or anything
    /// that one of the nodes that are left and have the code can open.
    pub(super) fn gone(&self) -> BTreeMap<EntityId, String> {
        let lost = self.nodes.iter().enumerate().filter(|(_, node)| node.is_lost());
        let lost: BTreeSet<_> = lost.map(|(number, _)| self.id_of(number)).collect();
        let able: Vec<_> = self.able.iter().map(|node| self.id_of(*node)).collect();
        let rows = self.cloud.store().daemons().into_iter();
        let gone = rows
            .filter(|(daemon, row)| lost.contains(&row.owner) && !self.cloud.spares().can_be_opened(*daemon, &able));
        gone.filter_map(|(daemon, row)| Some((daemon, row.key.daemon()?.name.to_string()))).collect()
    }

    /// Nobody waits for daemons that are gone.
    pub(super) fn give_up(&mut self) {
        let gone = self.gone();
        for somebody in &mut self.people {
            match somebody {
                Somebody::Publisher(publisher) => publisher.gives_up(&gone),
                Somebody::Mover(mover) => mover.gives_up(&gone),
                Somebody::Person(_)
                | Somebody::Writer(_)
                | Somebody::Filer(_)
                | Somebody::Operator(_)
                | Somebody::Guest(_) => {}
            }
        }
    }
}
