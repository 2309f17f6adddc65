//! The people of a run, and what is asked of them at its end.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use wayfare_actors::actor::Fatal;
use wayfare_actors::ports::Address;
use wayfare_core::Fact;
use wayfare_core::fact::{EventDigest, Writing};
use wayfare_protocol::NodeId;
use wayfare_protocol::identity::ServerIdentity;
use wayfare_protocol::output::RunOutcome;

use super::Simulation;
use crate::filer::{self, Filer};
use crate::life::Life;
use crate::mover::{self, Mover};
use crate::mutation::Mutation;
use crate::operator::Operator;
use crate::parts::Guest;
use crate::person::{self, Person, Task};
use crate::place::Place;
use crate::plan::{FRESH_RUNS_WITHIN, PersonPlan, Plan, RUNS_END_WITHIN, Role};
use crate::ports::{Disk, Folder, Sync};
use crate::process::{cloud_address, key};
use crate::publisher::{self, Publisher};
use crate::writer::{self, Writer};

/// What a node keeps of a document has come to everybody who is connected within this time.
const PASSED_ON_WITHIN: Duration = Duration::from_secs(40);

/// One of the people.
pub(crate) enum Somebody {
    /// Does what people do.
    Person(Box<Person>),
    /// Keeps a daemon busy.
    Publisher(Box<Publisher>),
    /// Orders a daemon to other nodes.
    Mover(Box<Mover>),
    /// Writes into a document.
    Writer(Box<Writer>),
    /// Has programs that write into a bound folder.
    Filer(Box<Filer>),
    /// Revokes the device of a machine that is lost.
    Operator(Box<Operator>),
    /// Does what a workload does that was added.
    Guest(Box<Guest>),
}

impl Somebody {
    pub(super) async fn begin(&mut self) -> Result<(), Fatal> {
        match self {
            Self::Person(person) => person.begin().await,
            Self::Publisher(publisher) => publisher.begin().await,
            Self::Mover(mover) => mover.begin().await,
            Self::Writer(writer) => writer.begin().await,
            Self::Filer(filer) => {
                filer.begin();
                Ok(())
            }
            Self::Operator(operator) => operator.begin().await,
            Self::Guest(guest) => guest.begin().await,
        }
    }

    pub(super) async fn wake(&mut self) -> Result<(), Fatal> {
        match self {
            Self::Person(person) => person.wake().await?,
            Self::Publisher(publisher) => publisher.wake(),
            Self::Mover(mover) => mover.wake(),
            Self::Writer(writer) => writer.wake().await?,
            Self::Filer(filer) => filer.wake(),
            Self::Operator(operator) => operator.wake(),
            Self::Guest(guest) => guest.wake(),
        }
        Ok(())
    }

    pub(super) fn read(&mut self) -> bool {
        match self {
            Self::Person(person) => person.read(),
            Self::Publisher(publisher) => publisher.read(),
            Self::Mover(mover) => mover.read(),
            Self::Writer(writer) => writer.read(),
            Self::Filer(_) => false,
            Self::Operator(operator) => operator.read(),
            Self::Guest(guest) => guest.read(),
        }
    }

    pub(super) fn rest(&mut self) {
        match self {
            Self::Person(person) => person.rest(),
            Self::Publisher(publisher) => publisher.rest(),
            Self::Mover(mover) => mover.rest(),
            Self::Writer(writer) => writer.rest(),
            Self::Filer(filer) => filer.rest(),
            Self::Operator(_) => {}
            Self::Guest(guest) => guest.rest(),
        }
    }

    fn writer(&mut self) -> Option<&mut Writer> {
        if let Self::Writer(writer) = self { Some(writer) } else { None }
    }

    /// What is under way, for people; `None`: nothing.
    pub(super) fn doing(&self) -> Option<String> {
        match self {
            Self::Person(person) => person.doing(),
            Self::Publisher(publisher) => publisher.doing(),
            Self::Mover(mover) => mover.doing(),
            Self::Writer(writer) => writer.doing(),
            Self::Filer(_) => None, // a file is written at once
            Self::Operator(operator) => operator.doing(),
            Self::Guest(guest) => guest.doing(),
        }
    }

    pub(super) fn life(&self) -> Option<Arc<Life>> {
        match self {
            Self::Person(person) => person.life(),
            Self::Publisher(publisher) => publisher.life(),
            Self::Mover(mover) => mover.life(),
            Self::Writer(writer) => writer.life(),
            Self::Filer(_) => None,
            Self::Operator(operator) => operator.life(),
            Self::Guest(guest) => guest.life(),
        }
    }
}

impl Simulation {
    pub(super) fn person(&self, number: usize, plan: &PersonPlan) -> person::Config {
        let (place, address) = match plan.at_node {
            None => (Place::Person(number), cloud_address()),
            Some(node) => {
                let place = Place::Node(node);
                let identity = ServerIdentity::Node(key(&self.seed, place).device_id());
                (place, Address { url: place.url(), identity })
            }
        };
        let tasks = match &plan.role {
            Role::Author { session, chooses, programs } => {
                let chooses = chooses.map(|node| self.id_of(node));
                let open = Task::Open(session.clone(), chooses);
                std::iter::once(open).chain(programs.iter().cloned().map(Task::Run)).collect()
            }
            Role::Publisher { .. }
            | Role::Mover { .. }
            | Role::Writer { .. }
            | Role::Filer { .. }
            | Role::Watcher
            | Role::Own { .. }
            | Role::Absent => Vec::new(),
        };
        person::Config {
            number,
            name: Place::Person(number).to_string(),
            seed: self.seed.numbered("person", number as u64),
            key: key(&self.seed, place),
            address,
            tasks,
            watches: plan.role == Role::Watcher,
            leaves: plan.leaves,
            habits: plan.habits.clone(),
            is_public: plan.account == 0,
            insists: false,
            hurries: false,
            skips: self.mutation == Some(Mutation::ClientSkips),
        }
    }

    fn new_person(&self, config: person::Config) -> Person {
        let disk = Disk::new(&self.around.world, &config.seed.child("disk"), Sync::Durable);
        let (board, woken) = (Arc::clone(&self.board), Arc::clone(&self.woken));
        Person::new(config, self.around.clone(), Arc::clone(&self.evidence), board, woken, disk)
    }

    /// What a node is called in the mesh.
    pub(super) fn id_of(&self, node: usize) -> NodeId {
        NodeId(key(&self.seed, Place::Node(node)).device_id())
    }

    /// Whoever the plan puts in that place in the list.
    pub(super) fn somebody(&self, number: usize, plan: &PersonPlan) -> Somebody {
        let config = self.person(number, plan);
        let disk = Disk::new(&self.around.world, &config.seed.child("disk"), Sync::Durable);
        let woken = Arc::clone(&self.woken);
        match &plan.role {
            Role::Publisher { daemon, chooses, events, feeds, durability } => {
                let model = self.parts.kept().map(|factory| factory.make()).filter(|code| code.deterministic());
                let work = publisher::Work {
                    daemon: daemon.clone(),
                    chooses: chooses.map(|node| self.id_of(node)),
                    events: events.clone(),
                    feeds: feeds.clone(),
                    durability: *durability,
                    stateless: self.stateless.clone(),
                    model: model.map(publisher::Model::new),
                };
                let (around, evidence) = (self.around.clone(), Arc::clone(&self.evidence));
                Somebody::Publisher(Box::new(Publisher::new(config, work, around, evidence, woken, disk)))
            }
            Role::Mover { daemon, orders } => {
                let work = mover::Work {
                    daemon: daemon.clone(),
                    orders: orders.clone(),
                    nodes: (0..self.of_account).map(|node| self.id_of(node)).collect(),
                    able: self.able.clone(),
                    may_drain: self.people.iter().all(|somebody| !matches!(somebody, Somebody::Mover(_))),
                };
                let (around, evidence) = (self.around.clone(), Arc::clone(&self.evidence));
                Somebody::Mover(Box::new(Mover::new(config, work, around, evidence, woken, disk)))
            }
            Role::Writer { path, strokes } => {
                let keeps_awareness = self.mutation == Some(Mutation::AwarenessIsWritten);
                let work = writer::Work { path: path.clone(), strokes: strokes.clone(), keeps_awareness };
                let (around, evidence) = (self.around.clone(), Arc::clone(&self.evidence));
                Somebody::Writer(Box::new(Writer::new(config, work, around, evidence, woken, disk)))
            }
            Role::Filer { finds, strokes } => match plan.at_node.and_then(|node| self.nodes[node].folder()) {
                Some(folder) => {
                    let work = filer::Work { finds: finds.clone(), strokes: strokes.clone() };
                    let place = plan.at_node.map(|node| Place::Node(node).to_string()).unwrap_or_default();
                    let (around, evidence) = (self.around.clone(), Arc::clone(&self.evidence));
                    let at = (place, Arc::clone(folder));
                    Somebody::Filer(Box::new(Filer::new(config, work, at, around, evidence, woken)))
                }
                None => Somebody::Person(Box::new(self.new_person(config))), // checked before: does nothing
            },
            Role::Own { workload, with } => match self.parts.new_workload(workload, with.clone()) {
                Some(own) => {
                    let board = Arc::clone(&self.board);
                    Somebody::Guest(Box::new(Guest::new(config, self.around.clone(), board, woken, disk, own)))
                }
                None => Somebody::Person(Box::new(self.new_person(config))), // checked before: does nothing
            },
            Role::Author { .. } | Role::Watcher | Role::Absent => Somebody::Person(Box::new(self.new_person(config))),
        }
    }

    pub(super) async fn end_runs(&mut self) -> Result<(), Fatal> {
        self.give_up();
        let all_idle = |simulation: &Self| simulation.people.iter().all(|somebody| somebody.doing().is_none());
        if !self.go(RUNS_END_WITHIN, all_idle).await? {
            for doing in self.people.iter().filter_map(Somebody::doing) {
                self.evidence.late(format!("{RUNS_END_WITHIN:?} after the last fault {doing}"));
            }
        }
        Ok(())
    }

    /// Every daemon processes one event more of each of its publishers.
    pub(super) async fn fresh_events(&mut self) -> Result<(), Fatal> {
        for somebody in &mut self.people {
            if let Somebody::Publisher(publisher) = somebody {
                publisher.go_on();
            }
        }
        self.all_done().await
    }

    /// Every writer writes once more; when the nodes have had the time to pass everything on, each reads everything anew.
    pub(super) async fn fresh_texts(&mut self) -> Result<(), Fatal> {
        for somebody in &mut self.people {
            match somebody {
                Somebody::Writer(writer) => writer.write_last(),
                Somebody::Filer(filer) => filer.write_last(),
                _ => {}
            }
        }
        self.all_done().await?;
        if self.people.iter_mut().filter_map(Somebody::writer).next().is_some() {
            self.go(PASSED_ON_WITHIN, |_| false).await?;
            self.go(FRESH_RUNS_WITHIN, Self::folders_are_settled).await?;
        }
        for writer in self.people.iter_mut().filter_map(Somebody::writer) {
            writer.read_last();
        }
        self.all_done().await?;
        for (number, folder) in self.folders() {
            let Some(project) = folder.project() else { continue };
            let files = folder.files.all().into_iter().map(|(path, bytes)| (path, EventDigest::of_bytes(&bytes)));
            let fact = Fact::Writing(Writing::FolderRead { project, files: files.collect() });
            self.evidence.fact(&Place::Node(number).to_string(), &fact);
        }
        Ok(())
    }

    /// Bound folders, by their nodes.
    fn folders(&self) -> impl Iterator<Item = (usize, &Arc<Folder>)> {
        self.nodes.iter().enumerate().filter_map(|(number, node)| Some((number, node.folder()?)))
    }

    /// Whether all are bound to one project, and everything that their nodes know is done.
    fn folders_are_settled(&self) -> bool {
        let projects: BTreeSet<_> = self.folders().map(|(_, folder)| folder.project()).collect();
        projects.len() <= 1 && self.folders().all(|(_, folder)| folder.is_settled())
    }

    /// Nobody has anything under way, in time.
    pub(super) async fn all_done(&mut self) -> Result<(), Fatal> {
        self.give_up();
        let late = |simulation: &Self| simulation.people.iter().filter_map(Somebody::doing).collect::<Vec<_>>();
        if !self.go(FRESH_RUNS_WITHIN, |simulation| late(simulation).is_empty()).await? {
            for doing in late(self) {
                self.evidence.late(format!("{FRESH_RUNS_WITHIN:?} after everything had ended {doing}"));
            }
        }
        Ok(())
    }

    /// One more person looks at every acknowledged run, and runs something in every session and in a new one.
    pub(super) async fn fresh_runs(&mut self, plan: &Plan) -> Result<(), Fatal> {
        let number = self.people.len();
        let auditor = PersonPlan { at_node: None, role: Role::Watcher, leaves: false, habits: Vec::new(), account: 0 };
        let known = self.board.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let watch = known.into_iter().map(|(session, run)| Task::Watch(session, run));
        let mut sessions: Vec<_> = plan
            .people
            .iter()
            .filter(|person| person.account == 0)
            .filter_map(|person| match &person.role {
                Role::Author { session, .. } => Some(session.clone()),
                Role::Publisher { .. }
                | Role::Mover { .. }
                | Role::Writer { .. }
                | Role::Filer { .. }
                | Role::Watcher
                | Role::Own { .. }
                | Role::Absent => None,
            })
            .collect();
        sessions.push("fresh".to_owned());
        sessions.sort();
        sessions.dedup();
        let fresh = sessions.len();
        let opens = sessions.into_iter().flat_map(|name| [Task::Open(name, None), Task::Run("print fresh".to_owned())]);
        let tasks: Vec<_> = watch.chain(opens).collect();
        let config = person::Config {
            tasks,
            watches: false,
            insists: true,
            hurries: true,
            skips: false,
            ..self.person(number, &auditor)
        };
        let mut auditor = Somebody::Person(Box::new(self.new_person(config)));
        auditor.begin().await?;
        self.people.push(auditor);
        let auditor = |simulation: &Self| match simulation.people.last() {
            Some(Somebody::Person(auditor)) => (auditor.doing(), auditor.outcomes().to_vec()),
            Some(
                Somebody::Publisher(_)
                | Somebody::Mover(_)
                | Somebody::Writer(_)
                | Somebody::Filer(_)
                | Somebody::Operator(_)
                | Somebody::Guest(_),
            )
            | None => (None, Vec::new()),
        };
        let is_done = |simulation: &Self| auditor(simulation).0.is_none();
        let is_in_time = self.go(FRESH_RUNS_WITHIN, is_done).await?;
        let (doing, outcomes) = auditor(self);
        if let (false, Some(doing)) = (is_in_time, doing) {
            self.evidence.late(format!("{FRESH_RUNS_WITHIN:?} after everything had ended {doing}"));
        }
        let succeeded = outcomes.iter().rev().take(fresh).filter(|o| **o == RunOutcome::Succeeded).count();
        if succeeded < fresh {
            self.evidence.late(format!("of {fresh} fresh runs {succeeded} succeeded: {outcomes:?}"));
        }
        Ok(())
    }
}
