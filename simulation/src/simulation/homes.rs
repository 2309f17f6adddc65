//! Where the daemons are when nothing is under way any more.

use std::collections::{BTreeMap, BTreeSet};

use wayfare_actors::actor::Fatal;
use wayfare_core::Fact;
use wayfare_core::fact::{Homes, Strays};
use wayfare_protocol::{EntityId, NodeId};

use super::Simulation;
use super::people::Somebody;
use crate::plan::FRESH_RUNS_WITHIN;
use crate::process::NodeMachine;

/// Whom its row names, and who keeps something of it.
#[derive(Debug, Default)]
struct Home {
    owner: Option<NodeId>,
    nodes: BTreeSet<NodeId>,
}

impl Home {
    fn is_settled(&self) -> bool {
        self.owner.is_some_and(|owner| self.nodes.iter().eq([&owner]))
    }
}

impl Simulation {
    /// Every daemon that somebody moves is moved once more.
    pub(super) async fn fresh_moves(&mut self) -> Result<(), Fatal> {
        for somebody in &mut self.people {
            if let Somebody::Mover(mover) = somebody {
                mover.go_on();
            }
        }
        self.all_done().await
    }

    /// Every daemon is where its row says and nowhere else, and no node keeps what nothing needs, by then at the latest.
    pub(super) async fn look_for_orphans(&mut self) -> Result<(), Fatal> {
        let gone = self.gone();
        let homes = |simulation: &Self| {
            let mut homes = simulation.homes();
            homes.retain(|daemon, _| !gone.contains_key(daemon));
            homes
        };
        let settled = |simulation: &Self| {
            let is_clean = |node: &NodeMachine| node.strays() == 0;
            homes(simulation).values().all(Home::is_settled) && simulation.nodes.iter().all(is_clean)
        };
        self.go(FRESH_RUNS_WITHIN, settled).await?;
        for (daemon, Home { owner, nodes }) in homes(self) {
            let nodes = nodes.into_iter().collect();
            self.evidence.fact("world", &Fact::Homes(Homes { daemon, owner, nodes }));
        }
        for (number, node) in self.nodes.iter().enumerate() {
            let strays = Strays { node: self.id_of(number), chunks: node.strays() };
            self.evidence.fact("world", &Fact::Strays(strays));
        }
        Ok(())
    }

    fn homes(&self) -> BTreeMap<EntityId, Home> {
        let mut homes: BTreeMap<_, Home> = BTreeMap::new();
        for (daemon, row) in self.cloud.store().daemons() {
            homes.entry(daemon).or_default().owner = Some(row.owner);
        }
        for (number, node) in self.nodes.iter().enumerate() {
            let id = self.id_of(number);
            for daemon in node.daemons() {
                homes.entry(daemon).or_default().nodes.insert(id);
            }
        }
        homes
    }
}
