//! The machines of the world, with what a plan says of each, and with the faults of its mutation.

use std::sync::Arc;

use wayfare_core::Fact;
use wayfare_core::fact::Placing;
use wayfare_protocol::{Limits, NodeId};

use super::account;
use crate::chore::Work;
use crate::clock::Clocks;
use crate::evidence::Evidence;
use crate::habit::STRANGERS;
use crate::ledger::Ledgers;
use crate::mutation::Mutation;
use crate::parts::Parts;
use crate::place::Place;
use crate::plan::Plan;
use crate::ports::{Assets, Blobs, Disk, Folder, FolderFault, HostRules, Hosts, Keys, Spares, StoreRows, Sync};
use crate::process::{self, CloudMachine, NodeMachine, key};
use crate::seed::Seed;
use crate::trace::Tracer;
use crate::world::World;

/// What they are made of.
pub(super) struct Site<'a> {
    pub(super) plan: &'a Plan,
    pub(super) parts: &'a Parts,
    pub(super) seed: &'a Seed,
    pub(super) world: &'a Arc<World>,
    pub(super) evidence: &'a Arc<Evidence>,
    pub(super) store: &'a Arc<StoreRows>,
    pub(super) limits: &'a Limits,
}

impl Site<'_> {
    fn has(&self, mutation: Mutation) -> bool {
        self.plan.mutation == Some(mutation)
    }

    /// What the disks of nodes do.
    fn sync(&self) -> Sync {
        match self.plan.mutation {
            Some(Mutation::LogAcknowledgesEarly) => Sync::Early,
            Some(Mutation::InboxForgetsRuns) => Sync::ForgetsRuns,
            Some(Mutation::InboxForgetsEvents) => Sync::ForgetsEvents,
            Some(Mutation::InboxForgetsFeeds) => Sync::ForgetsFeeds,
            Some(Mutation::InboxForgetsSeals) => Sync::ForgetsSeals,
            Some(Mutation::LogForgetsChanges) => Sync::ForgetsChanges,
            Some(Mutation::DocumentsAcknowledgeEarly) => Sync::EarlyChanges,
            _ => Sync::Durable,
        }
    }

    fn folder_fault(&self) -> FolderFault {
        match self.plan.mutation {
            Some(Mutation::FolderOverwrites) => FolderFault::Overwrites,
            Some(Mutation::BasesForgotten) => FolderFault::ForgetsBases,
            _ => FolderFault::None,
        }
    }

    fn disk(&self, place: Place, seed: &Seed, sync: Sync) -> Arc<Disk> {
        let disk = Disk::new(self.world, &seed.child("disk"), sync);
        disk.watch(self.evidence, &place.to_string());
        disk
    }

    /// A node, whose device is registered unless it joins late.
    pub(super) fn node(&self, number: usize, clocks: &Clocks, tracer: &Arc<Tracer>) -> NodeMachine {
        let Self { plan, world, evidence, .. } = self;
        let (place, seed) = (Place::Node(number), self.seed.numbered("node", number as u64));
        let key = key(self.seed, place);
        let device = key.device_id();
        let is_late = plan.chores.iter().any(|chore| chore.work == Work::LateJoin { node: number });
        if !is_late {
            let account = account(if number < plan.nodes { 0 } else { STRANGERS });
            let capabilities = process::capabilities(!plan.loses(number));
            self.store.register(process::device_row(&key, place.to_string(), account, Some(capabilities)));
        }
        let disk = self.disk(place, &seed, self.sync());
        let rules = HostRules { limits: self.limits.clone(), forgets_positions: self.has(Mutation::HostForgets) };
        let hosts = Hosts::new(world, clocks.of(place), &seed.child("hosts"), place, tracer, evidence, rules);
        let stay = self.has(Mutation::ChunksStay);
        let blobs = if stay { Blobs::that_stay } else { Blobs::new }(world, &seed.child("blobs"));
        let assets = Assets::new(world, &seed.child("assets"), false);
        let folder = || Folder::new(world, &seed.child("folder"), &disk, place.to_string(), self.folder_fault());
        let folder = plan.has_folder(number).then(folder);
        let ledgers = Ledgers { forget: self.has(Mutation::DaemonForgets), keep: self.parts.kept() };
        let machine = NodeMachine::new(number, seed, key, disk, hosts, blobs, assets);
        let mut machine = machine.with_folder(folder).with_ledgers(ledgers);
        machine.is_away = is_late;
        machine.has_code = !plan.without_code.contains(&number);
        let code = Placing::Code { node: NodeId(device), kinds: machine.kinds() };
        evidence.fact(&place.to_string(), &Fact::Placing(code));
        machine.has_kernels = !plan.loses(number);
        match plan.mutation {
            Some(Mutation::NodeIgnoresLimits) => machine.without_limits(),
            Some(Mutation::NodesBoast) => machine.that_boasts(),
            Some(Mutation::KeysStay) => machine.with_keys(Keys::that_stay()),
            _ => machine,
        }
    }

    /// The cloud.
    pub(super) fn cloud(&self) -> CloudMachine {
        let seed = self.seed.child("cloud");
        let is_of_documents = |sync: &Sync| matches!(sync, Sync::ForgetsChanges | Sync::EarlyChanges);
        let sync = Some(self.sync()).filter(is_of_documents).unwrap_or(Sync::Durable);
        let disk = self.disk(Place::Cloud, &seed, sync);
        let assets = Assets::new(self.world, &seed.child("assets"), self.has(Mutation::AssetsForgotten));
        let are_empty = self.has(Mutation::SparesAreEmpty);
        let spares = if are_empty { Spares::that_are_empty() } else { Spares::default() };
        CloudMachine::new(seed, disk, Arc::clone(self.store), assets).with_spares(spares)
    }
}
