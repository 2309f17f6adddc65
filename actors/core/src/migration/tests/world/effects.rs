//! The effects of the three machines, carried out.

use wayfare_protocol::identity::DeviceKey;
use wayfare_protocol::migration::{FailureReason, MoveState, Party};
use wayfare_protocol::sealed_key::SealedKey;
use wayfare_protocol::{EntityKey, NodeId, SignedHead};

use super::{Asked, Done, What, World, empty_disk, orchestrator, source, target};
use crate::daemon;
use crate::daemon::desk::Desk;
use crate::daemon::desk::entity;
use crate::machine::Machine;
use crate::session::Caller;

/// A node of this world is named by a byte; its device's key is made of that.
pub(super) fn device_key(node: NodeId) -> DeviceKey {
    DeviceKey::from_seed(&node.0.0)
}

impl World {
    pub(super) fn wake(&mut self, at: usize, party: Party) {
        let now = self.time();
        let node = &mut self.nodes[at];
        match party {
            Party::Orchestrator => {
                let mut out = Vec::new();
                if let Some(machine) = &mut node.orchestrator {
                    machine.wake(now, &mut out);
                }
                self.lead(at, out);
            }
            Party::Source => {
                let mut out = Vec::new();
                if let Some(machine) = &mut node.source {
                    machine.wake(now, &mut out);
                }
                self.leave(at, out);
            }
            Party::Target => {
                let mut out = Vec::new();
                if let Some(machine) = &mut node.target {
                    machine.wake(now, &mut out);
                }
                self.come(at, out);
            }
        }
    }

    pub(super) fn step_orchestrator(&mut self, at: usize, input: orchestrator::Input) {
        let (now, mut out) = (self.time(), Vec::new());
        if let Some(machine) = &mut self.nodes[at].orchestrator {
            machine.step(now, input, &mut out);
        }
        self.lead(at, out);
    }

    pub(super) fn step_source(&mut self, at: usize, input: source::Input) {
        let (now, mut out) = (self.time(), Vec::new());
        if let Some(machine) = &mut self.nodes[at].source {
            machine.step(now, input, &mut out);
        }
        self.leave(at, out);
    }

    pub(super) fn step_target(&mut self, at: usize, input: target::Input) {
        let (now, mut out) = (self.time(), Vec::new());
        if let Some(machine) = &mut self.nodes[at].target {
            machine.step(now, input, &mut out);
        }
        self.come(at, out);
    }

    fn ask_store(&mut self, node: usize, party: Party, op: crate::machine::OpId, asked: Asked) {
        let life = self.nodes[node].life;
        let ms = self.draw(1, 4);
        self.later(ms, What::Store { node, life, party, op, asked });
    }

    fn lead(&mut self, at: usize, effects: Vec<orchestrator::Effect>) {
        use orchestrator::Effect as E;
        let party = Party::Orchestrator;
        for effect in effects {
            match effect {
                E::Send { to, message } => self.send(at, to, message),
                E::ReadRow { op } => self.ask_store(at, party, op, Asked::Read),
                E::Claim { op, claim } => self.ask_store(at, party, op, Asked::Claim(Box::new(claim))),
                E::Choose { op, source, not } => {
                    let mut others = self.nodes.iter().map(|node| node.id).filter(|id| *id != source);
                    let chosen = others.find(|id| !not.contains(id));
                    let life = self.nodes[at].life;
                    let done = Done::Orchestrator(op, orchestrator::Outcome::Chosen(Ok(chosen)));
                    self.later(1, What::Done { node: at, life, done });
                }
                E::Another(_) => unreachable!("every move of this world names its target"),
                E::Rejected { wrong, .. } => self.rejected.push(wrong),
                E::Publish(info) => {
                    if !matches!(info.state, MoveState::Moving(_)) {
                        self.ended.push(info.state);
                        self.ended_at = self.steps;
                    }
                }
                E::Ended => self.nodes[at].orchestrator = None,
            }
        }
    }

    fn leave(&mut self, at: usize, effects: Vec<source::Effect>) {
        use source::Effect as E;
        let party = Party::Source;
        for effect in effects {
            match effect {
                E::Host { op, ask } => self.ask_host(at, party, op, ask),
                E::Attest { op, head, lineage, epoch, key_for } => {
                    assert!(self.nodes[at].has_key, "it owns the daemon and has no key of it");
                    let key = EntityKey::from_seed(&[9; 32]);
                    let head = SignedHead::sign(&key, lineage, epoch, head);
                    let seal = |target: NodeId| {
                        let ephemeral = [7; 32].into();
                        SealedKey::seal(&key, device_key(target).sealing_public(), &head, ephemeral).expect("sealed")
                    };
                    let sealed_key = key_for.map(seal);
                    let outcome = source::Outcome::Attested(Ok(source::Attested { head, sealed_key }));
                    let life = self.nodes[at].life;
                    self.later(1, What::Done { node: at, life, done: Done::Source(op, outcome) });
                }
                E::Send { to, message } => self.send(at, to, message),
                E::ReadRow { op } => self.ask_store(at, party, op, Asked::Read),
                E::Claim { op, claim } => self.ask_store(at, party, op, Asked::Claim(Box::new(claim))),
                E::ZeroizeKey => self.nodes[at].has_key = false,
                E::Rejected { wrong, .. } => self.rejected.push(wrong),
                E::Ended => self.nodes[at].source = None,
            }
        }
    }

    fn come(&mut self, at: usize, effects: Vec<target::Effect>) {
        use target::Effect as E;
        let party = Party::Target;
        for effect in effects {
            let life = self.nodes[at].life;
            let end = |world: &mut Self, ms, op, outcome| {
                world.later(ms, What::Done { node: at, life, done: Done::Target(op, outcome) });
            };
            match effect {
                E::Host { op, ask } => self.ask_host(at, party, op, ask),
                E::Prepare { op, key, .. } => {
                    let result = if !self.nodes[at].has_code {
                        Err(FailureReason::NoCode { kind: key.kind })
                    } else if self.setup.unready > 0 {
                        self.setup.unready -= 1;
                        Err(FailureReason::NotReady { why: "not yet".to_owned() })
                    } else {
                        Ok(())
                    };
                    end(self, 1, op, target::Outcome::Prepared(result));
                }
                E::Pull { op, source, manifest } => {
                    let from = self.index(source);
                    let is_there = self.nodes[from].is_up && !self.is_unlucky();
                    let of_desk = self.nodes[from].desk.as_ref().map(|desk| &desk.disk.snapshots);
                    let bytes = of_desk.and_then(|snapshots| snapshots.get(&manifest.total)).filter(|_| is_there);
                    let of_lost = self.lost.as_ref().filter(|lost| lost.node == from).map(|lost| &lost.snapshot);
                    let result = match bytes.or(of_lost).cloned() {
                        Some(bytes) => {
                            self.nodes[at].blobs.insert(manifest.total, bytes);
                            Ok(())
                        }
                        None => Err("the source is away".to_owned()),
                    };
                    let ms = self.draw(2, 30);
                    end(self, ms, op, target::Outcome::Pulled(result));
                }
                E::OpenKey { op, head, sealed } => {
                    let key =
                        device_key(self.nodes[at].id).open(entity(), &head, &sealed).expect("it is for this node");
                    assert_eq!(key.entity(), entity());
                    self.nodes[at].has_key = true;
                    end(self, 1, op, target::Outcome::Opened(Ok(())));
                }
                E::Arrive { op, ready } => self.arrive(at, op, &ready),
                E::ZeroizeKey => self.nodes[at].has_key = false,
                E::Send { to, message } => self.send(at, to, message),
                E::ReadRow { op } => self.ask_store(at, party, op, Asked::Read),
                E::Rejected { wrong, .. } => self.rejected.push(wrong),
                E::Ended => self.nodes[at].target = None,
            }
        }
    }

    fn arrive(&mut self, at: usize, op: crate::machine::OpId, ready: &wayfare_protocol::migration::SnapshotReady) {
        let now = self.time();
        assert!(self.nodes[at].desk.is_none(), "there is a host already");
        let manifest = ready.manifest.clone();
        let snapshot = self.nodes[at].blobs[&manifest.total].clone();
        let mut disk = empty_disk();
        disk.snapshots.insert(manifest.total, snapshot.clone());
        let config = self.nodes[at].host_config(&self.setup.code.factory(), &self.limits);
        let mut desk = Desk::on(config, disk);
        desk.now = now;
        desk.calls = self.nodes[at].life * 1_000_000 + now.wall.0;
        desk.slow();
        let caller = Caller(desk.calls);
        self.nodes[at].asked.insert(caller, (Party::Target, op));
        desk.step(daemon::Input::Arrive { caller, manifest, snapshot });
        self.nodes[at].desk = Some(desk);
        self.after_host(at);
    }
}
