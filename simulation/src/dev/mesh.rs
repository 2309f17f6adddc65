//! The world of a [`DevMesh`](super::DevMesh).

use std::sync::Arc;
use std::time::Duration;

use wayfare_actors::actor::Fatal;
use wayfare_core::oracle::Setting;
use wayfare_protocol::daemon::DaemonKey;
use wayfare_protocol::{AccountId, Limits, NodeId};

use super::DevMesh;
use super::command::{Command, HELP, Machine};
use super::person::{Again, Person};
use crate::clock::Clocks;
use crate::evidence::Evidence;
use crate::life::Life;
use crate::parts;
use crate::person::Config;
use crate::place::Place;
use crate::ports::{Assets, Blobs, Disk, HostRules, Hosts, Network, StoreRows, Sync};
use crate::process::{CloudMachine, NodeMachine, Surroundings, capabilities, cloud_address, device_row, key};
use crate::seed::Seed;
use crate::trace::Tracer;
use crate::trap::Traps;
use crate::world::World;

/// The account of the world.
const ACCOUNT: AccountId = AccountId(uuid::Uuid::from_u128(1));
/// What nobody said is recorded is given again so much later; so is who hears nothing heard anew.
const AGAIN: Duration = Duration::from_millis(500);

pub(super) struct Mesh {
    around: Surroundings,
    cloud: CloudMachine,
    nodes: Vec<NodeMachine>,
    person: Person,
    /// What is to be given again, and when.
    again: Vec<(Duration, Again)>,
    /// When the daemons are followed anew.
    follow_at: Duration,
}

impl Mesh {
    pub(super) async fn new(dev: &DevMesh) -> Result<Self, Fatal> {
        let seed = Seed::root(dev.seed);
        let world = World::new(&seed.child("world"));
        let limits = Limits::default();
        let evidence = Evidence::new(Arc::clone(&world), &Setting::of_process(limits.clone()), Vec::new());
        let tracer = Tracer::new(Arc::clone(&world), Arc::clone(&evidence), None);
        let network = Network::new(&world, &tracer, &seed.child("network"));
        let clocks = Clocks::new(&world, seed.child("clocks"));
        let store = StoreRows::new(&world, &seed.child("store"), ACCOUNT);
        let rules = HostRules { limits: limits.clone(), forgets_positions: false };
        let machine = |number: usize| {
            let (place, seed_of) = (Place::Node(number), seed.numbered("node", number as u64));
            let key = key(&seed, place);
            store.register(device_row(&key, format!("node{}", number + 1), ACCOUNT, Some(capabilities(true))));
            let disk = Disk::new(&world, &seed_of.child("disk"), Sync::Durable);
            let hosts =
                Hosts::new(&world, clocks.of(place), &seed_of.child("hosts"), place, &tracer, &evidence, rules.clone());
            let blobs = Blobs::new(&world, &seed_of.child("blobs"));
            let assets = Assets::new(&world, &seed_of.child("assets"), false);
            NodeMachine::new(number, seed_of, key, disk, hosts, blobs, assets).with_code(dev.code.clone())
        };
        let nodes: Vec<_> = (0..dev.nodes).map(machine).collect();
        let person_key = key(&seed, Place::Person(0));
        store.register(device_row(&person_key, "you".to_owned(), ACCOUNT, None));
        let cloud_seed = seed.child("cloud");
        let cloud_disk = Disk::new(&world, &cloud_seed.child("disk"), Sync::Durable);
        let assets = Assets::new(&world, &cloud_seed.child("assets"), false);
        let cloud = CloudMachine::new(cloud_seed, cloud_disk, store, assets);
        let around = Surroundings { world, tracer, network, limits, clocks, traps: Arc::new(Traps::default()) };
        let ids = (0..dev.nodes).map(|number| NodeId(key(&seed, Place::Node(number)).device_id())).collect();
        let disk = Disk::new(&around.world, &seed.child("you"), Sync::Durable);
        let config = Config::of_visitor("you", &seed, person_key, cloud_address());
        let (life, client) = parts::connect(&config, &around, &disk, 1).await?;
        let person = Person::new(life, client, ids);
        let (again, follow_at) = (Vec::new(), Duration::ZERO);
        let mut mesh = Self { around, cloud, nodes, person, again, follow_at };
        mesh.cloud.start(&mesh.around).await?;
        for node in &mut mesh.nodes {
            node.start(&mesh.around).await?;
        }
        Ok(mesh)
    }

    /// Lets everything happen that is due by a time of the world.
    pub(super) async fn go_to(&mut self, time: Duration, say: &mut dyn FnMut(&str)) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        loop {
            self.around.world.settle().await;
            self.attend(say);
            if !self.around.world.step(nanos) {
                return;
            }
        }
    }

    /// What the person has heard, and what it does of itself.
    fn attend(&mut self, say: &mut dyn FnMut(&str)) {
        let now = self.around.world.elapsed();
        let due = now + AGAIN;
        self.again.extend(self.person.read(say).into_iter().map(|again| (due, again)));
        for (at, again) in std::mem::take(&mut self.again) {
            if at <= now {
                self.person.give_again(again);
            } else {
                self.again.push((at, again));
            }
        }
        if self.follow_at <= now {
            self.follow_at = due;
            self.person.follow();
        }
    }

    /// Does what a line says; `false`: it says that this is the end.
    pub(super) async fn obey(&mut self, line: &str, say: &mut dyn FnMut(&str)) -> Result<bool, Fatal> {
        if line.trim().is_empty() {
            return Ok(true);
        }
        let command = match line.parse() {
            Ok(command) => command,
            Err(error) => {
                say(&format!("{error}"));
                return Ok(true);
            }
        };
        if let Command::Quit = command {
            return Ok(false);
        }
        if let Err(why) = self.carry_out(command, say).await? {
            say(&why);
        }
        Ok(true)
    }

    async fn carry_out(&mut self, command: Command, say: &mut dyn FnMut(&str)) -> Result<Result<(), String>, Fatal> {
        let done = match command {
            Command::Start(kind, name, on) => match self.chosen(on) {
                Ok(node) => {
                    self.person.start(DaemonKey { name, kind }, node);
                    Ok(())
                }
                Err(why) => Err(why),
            },
            Command::Send(name, text) => self.person.send(&name, text),
            Command::Feed(name, source) => self.person.feed(&name, &source),
            Command::Move(name, to, mode) => self.chosen(to).and_then(|to| self.person.move_it(&name, to, mode)),
            Command::Kill(machine) => self.kill(machine).await,
            Command::Up(machine) => return self.up(machine).await,
            Command::Freeze(machine) => self.life(machine).and_then(|life| match life.freeze() {
                true => Ok(()),
                false => Err(format!("{} is frozen already", named(machine))),
            }),
            Command::Thaw(machine) => self.life(machine).map(|life| life.thaw(&self.around.world)),
            Command::List => {
                self.person.list();
                Ok(())
            }
            Command::Help => {
                say(HELP);
                Ok(())
            }
            Command::Quit => Ok(()),
        };
        Ok(done)
    }

    /// The node of a number.
    fn chosen(&self, number: Option<usize>) -> Result<Option<NodeId>, String> {
        let Some(number) = number else { return Ok(None) };
        self.person.node_of(number).map(Some).ok_or_else(|| format!("there is no node{number}"))
    }

    fn life(&self, machine: Machine) -> Result<Arc<Life>, String> {
        let life = match machine {
            Machine::Cloud => self.cloud.process.life(),
            Machine::Node(number) => self.at(number)?.process.life(),
        };
        life.ok_or_else(|| format!("{} does not run", named(machine)))
    }

    fn at(&self, number: usize) -> Result<&NodeMachine, String> {
        let at = number.checked_sub(1).and_then(|at| self.nodes.get(at));
        at.ok_or_else(|| format!("there is no node{number}"))
    }

    async fn kill(&mut self, machine: Machine) -> Result<(), String> {
        self.life(machine)?;
        match machine {
            Machine::Cloud => self.cloud.crash(&self.around).await,
            Machine::Node(number) => self.nodes[number - 1].crash(&self.around, false).await,
        };
        Ok(())
    }

    async fn up(&mut self, machine: Machine) -> Result<Result<(), String>, Fatal> {
        if self.life(machine).is_ok() {
            return Ok(Err(format!("{} runs already", named(machine))));
        }
        match machine {
            Machine::Cloud => self.cloud.start(&self.around).await?,
            Machine::Node(number) => match self.nodes.get_mut(number.wrapping_sub(1)) {
                Some(node) => node.start(&self.around).await?,
                None => return Ok(Err(format!("there is no node{number}"))),
            },
        }
        Ok(Ok(()))
    }
}

fn named(machine: Machine) -> String {
    match machine {
        Machine::Cloud => "the cloud".to_owned(),
        Machine::Node(number) => format!("node{number}"),
    }
}
