//! A move by the three machines of a migration and two hosts, without a network: every message is there at once.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use anyhow::{Result, bail, ensure};
use wayfare_core::Machine as _;
use wayfare_core::daemon::{Factories, MoveAnswer, MoveAsk, Standing};
use wayfare_core::machine::OpId;
use wayfare_core::migration::{Orchestrator, Source, Target, orchestrator, source, target};
use wayfare_protocol::migration::{MigrationMessage, MoveCause, MoveMode, MoveOrder, MoveState, Party, SnapshotReady};
use wayfare_protocol::ownership::{ClaimOutcome, Lineage, Row};
use wayfare_protocol::{Epoch, Limits, MigrationId, NodeId, ResourceId, SignedHead};

use super::host::{Blobs, Host, code, key, name, node, now};

/// What has happened and is told next.
enum Told {
    Lead(orchestrator::Input),
    Leave(source::Input),
    Come(target::Input),
}

struct Move {
    lead: Orchestrator,
    leave: Source,
    come: Target,
    from: Host,
    to: Option<Host>,
    row: Row,
    factories: Factories,
    blobs: Blobs,
    told: VecDeque<Told>,
    state: Option<MoveState>,
}

/// Who is where.
fn source_node() -> NodeId {
    node(1)
}

fn target_node() -> NodeId {
    node(2)
}

/// A daemon with so large a state, about to be moved.
pub(super) struct Ready(Move);

impl Ready {
    /// Everything but the move itself.
    pub(super) fn new(state: usize, mode: MoveMode) -> Result<Self> {
        let (factories, blobs, limits) = (code(state)?, Rc::new(RefCell::new(BTreeMap::new())), Limits::default());
        let mut from = Host::created(source_node(), &factories, &blobs)?;
        let daemon = key().entity();
        let row = Row {
            resource: ResourceId::Daemon(daemon),
            key: name()?.into(),
            owner: source_node(),
            epoch: Epoch { generation: 1, n: 1 },
            lineage: Lineage(0),
            base: None,
        };
        from.ask(MoveAsk::Row(row.clone()))?;
        let order = MoveOrder { daemon, to: Some(target_node()), mode, cause: MoveCause::Asked };
        let lead = orchestrator::Config {
            migration: MigrationId(uuid::Uuid::from_u128(1)),
            order,
            by: source_node().0,
            limits: limits.clone(),
            seed: 1,
        };
        let leave = source::Config { daemon, here: source_node(), limits: limits.clone() };
        let come = target::Config { daemon, here: target_node(), others: 0, limits };
        let told = VecDeque::from([Told::Lead(orchestrator::Input::Start)]);
        Ok(Self(Move {
            lead: Orchestrator::new(lead, now()),
            leave: Source::new(leave, now()),
            come: Target::new(come, now()),
            from,
            to: None,
            row,
            factories,
            blobs,
            told,
            state: None,
        }))
    }

    /// The move, from the order until nothing is left at the source.
    pub(super) fn run(&mut self) -> Result<()> {
        let moving = &mut self.0;
        while let Some(told) = moving.told.pop_front() {
            match told {
                Told::Lead(input) => moving.lead(input),
                Told::Leave(input) => moving.leave(input)?,
                Told::Come(input) => moving.come(input)?,
            }
        }
        ensure!(moving.state == Some(MoveState::Moved), "it ended as {:?}", moving.state);
        ensure!(moving.from.is_removed(), "something is left at the source");
        let stands = moving.to.as_mut().map(|host| host.ask(MoveAsk::Stand)).transpose()?;
        ensure!(matches!(stands, Some(MoveAnswer::Standing(Standing::Owns { .. }))), "{stands:?}");
        Ok(())
    }
}

impl Move {
    fn lead(&mut self, input: orchestrator::Input) {
        use orchestrator::{Effect, Outcome};
        let mut out = Vec::new();
        self.lead.step(now(), input, &mut out);
        for effect in out {
            let done = |op, outcome| Told::Lead(orchestrator::Input::Done { op, outcome });
            match effect {
                Effect::Send { to, message } => self.send(source_node(), to, message),
                Effect::ReadRow { op } => {
                    let read = Outcome::Read(Ok(Some(self.row.clone())));
                    self.told.push_back(done(op, read));
                }
                Effect::Claim { op, claim } => {
                    let granted = Epoch { n: self.row.epoch.n + 1, ..self.row.epoch };
                    self.row = Row { epoch: granted, ..claim.next };
                    let outcome = Outcome::Claimed(Ok(ClaimOutcome::Granted(self.row.clone())));
                    self.told.push_back(done(op, outcome));
                    self.told.push_back(Told::Leave(source::Input::Row(self.row.clone())));
                    self.told.push_back(Told::Come(target::Input::Row(self.row.clone())));
                }
                Effect::Publish(info) => self.state = Some(info.state),
                Effect::Choose { .. } | Effect::Another(_) | Effect::Rejected { .. } | Effect::Ended => {}
            }
        }
    }

    fn leave(&mut self, input: source::Input) -> Result<()> {
        use source::{Attested, Effect, Outcome};
        let mut out = Vec::new();
        self.leave.step(now(), input, &mut out);
        for effect in out {
            let done = |op, outcome| Told::Leave(source::Input::Done { op, outcome });
            match effect {
                Effect::Host { op, ask } => {
                    let answer = self.from.ask(ask)?;
                    self.told.push_back(done(op, Outcome::Host(answer)));
                }
                Effect::Attest { op, head, lineage, epoch, .. } => {
                    let head = SignedHead::sign(key(), lineage, epoch, head);
                    self.told.push_back(done(op, Outcome::Attested(Ok(Attested { head, sealed_key: None }))));
                }
                Effect::Send { to, message } => self.send(source_node(), to, message),
                Effect::ReadRow { op } => {
                    let read = Outcome::Read(Ok(Some(self.row.clone())));
                    self.told.push_back(done(op, read));
                }
                Effect::Claim { .. } => bail!("the source took it back"),
                Effect::ZeroizeKey | Effect::Rejected { .. } | Effect::Ended => {}
            }
        }
        Ok(())
    }

    fn come(&mut self, input: target::Input) -> Result<()> {
        use target::{Effect, Outcome};
        let mut out = Vec::new();
        self.come.step(now(), input, &mut out);
        for effect in out {
            match effect {
                Effect::Host { op, ask } => {
                    let answer = match &mut self.to {
                        Some(host) => host.ask(ask)?,
                        None => MoveAnswer::Standing(Standing::Absent),
                    };
                    self.came(op, Outcome::Host(answer));
                }
                Effect::Prepare { op, .. } => self.came(op, Outcome::Prepared(Ok(()))),
                Effect::Pull { op, .. } => self.came(op, Outcome::Pulled(Ok(()))),
                Effect::OpenKey { op, .. } => self.came(op, Outcome::Opened(Ok(()))),
                Effect::Arrive { op, ready } => self.arrive(op, *ready)?,
                Effect::Send { to, message } => self.send(target_node(), to, message),
                Effect::ReadRow { op } => self.came(op, Outcome::Read(Ok(Some(self.row.clone())))),
                Effect::ZeroizeKey | Effect::Rejected { .. } | Effect::Ended => {}
            }
        }
        Ok(())
    }

    fn came(&mut self, op: OpId, outcome: target::Outcome) {
        self.told.push_back(Told::Come(target::Input::Done { op, outcome }));
    }

    fn arrive(&mut self, op: OpId, ready: SnapshotReady) -> Result<()> {
        let mut host = Host::new(target_node(), &self.factories, &self.blobs)?;
        let answer = host.arrive(ready.manifest)?;
        self.to = Some(host);
        self.came(op, target::Outcome::Host(answer));
        Ok(())
    }

    fn send(&mut self, from: NodeId, _to: NodeId, message: MigrationMessage) {
        self.told.push_back(match message.to {
            Party::Orchestrator => Told::Lead(orchestrator::Input::Message { from, message }),
            Party::Source => Told::Leave(source::Input::Message { from, message }),
            Party::Target => Told::Come(target::Input::Message { from, message }),
        });
    }
}
