//! Which faults a seed has: some kinds and not others, at times of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::fault::{DRIFT_MAX_PPM, Fault, JUMP_MAX, Kind, What};
use crate::place::Place;
use crate::plan::{PersonPlan, Role};
use crate::seed::{Draws, Seed};

/// Effects of a node's process after which it may die.
const NODE_EFFECTS: [&str; 8] =
    ["AppendInbox", "AppendOutputs", "StartHost", "ConnectHost", "ToHost", "Reply", "Publish", "StoreSnapshot"];
/// Those of moves.
const MOVE_EFFECTS: [&str; 12] = [
    "Host",
    "Attest",
    "Prepare",
    "Pull",
    "OpenKey",
    "Arrive",
    "ReadRow",
    "Claim",
    "ZeroizeKey",
    "Ended",
    "Migration",
    "ReadInbox",
];
/// Effects of the cloud's process after which it may die.
const CLOUD_EFFECTS: [&str; 7] = ["Append", "Subscribe", "Claim", "Send", "DeviceUp", "JournalUp", "Authenticate"];
/// Actors of a node that may panic.
const NODE_ACTORS: [&str; 5] = ["session", "daemon", "uplink", "account", "accepted link"];
/// Those of moves.
const MOVE_ACTORS: [&str; 3] = ["orchestrator", "source", "target"];
/// Actors of the cloud that may panic.
const CLOUD_ACTORS: [&str; 4] = ["journal", "account", "device", "accepted link"];

/// What there is to hit.
struct Topology {
    nodes: usize,
    /// Whether daemons are moved.
    has_moves: bool,
    machines: Vec<Place>,
    paths: Vec<(Place, Place)>,
}

impl Topology {
    fn of(nodes: usize, people: &[PersonPlan]) -> Self {
        let node_places = || (0..nodes).map(Place::Node);
        // Those who write files have no connections.
        let has_client = |person: &PersonPlan| !matches!(person.role, Role::Filer { .. });
        let with_clients = || people.iter().enumerate().filter(move |(_, person)| has_client(person));
        let person_places = || with_clients().map(|(number, _)| Place::Person(number));
        let machines = std::iter::once(Place::Cloud).chain(node_places()).chain(person_places()).collect();
        let door = |person: &PersonPlan| person.at_node.map_or(Place::Cloud, Place::Node);
        let to_people = with_clients().map(|(number, person)| (door(person), Place::Person(number)));
        // A node's path to the cloud matters more than one person's.
        let to_nodes = || node_places().map(|node| (Place::Cloud, node));
        let has_moves = people.iter().any(|person| matches!(person.role, Role::Mover { .. }));
        Self { nodes, has_moves, machines, paths: to_nodes().chain(to_nodes()).chain(to_people).collect() }
    }

    /// What a node does, or what it does in moves.
    fn on_node<'a>(&self, draws: &mut Draws, usual: &'a [&'a str], of_moves: &'a [&'a str]) -> &'a [&'a str] {
        if self.has_moves && draws.percent(50) { of_moves } else { usual }
    }

    fn node(&self, draws: &mut Draws) -> usize {
        usize::try_from(draws.number() % self.nodes.max(1) as u64).unwrap_or(0)
    }

    fn path(&self, draws: &mut Draws) -> (Place, Place) {
        draws.pick(&self.paths).copied().unwrap_or((Place::Cloud, Place::Node(0)))
    }

    fn way(&self, draws: &mut Draws) -> (Place, Place) {
        let (a, b) = self.path(draws);
        if draws.percent(50) { (a, b) } else { (b, a) }
    }

    fn machine(&self, draws: &mut Draws) -> Place {
        draws.pick(&self.machines).copied().unwrap_or(Place::Cloud)
    }

    /// A machine with a disk of its own.
    fn server(&self, draws: &mut Draws) -> Place {
        if draws.percent(30) { Place::Cloud } else { Place::Node(self.node(draws)) }
    }
}

/// The faults of a seed, in order of time.
#[must_use]
pub fn plan(seed: &Seed, until: Duration, nodes: usize, people: &[PersonPlan]) -> Vec<Fault> {
    let mut draws = seed.draws();
    let topology = Topology::of(nodes, people);
    let mut kinds: Vec<_> = Kind::drawn().filter(|_| draws.percent(40)).collect();
    if kinds.is_empty() {
        kinds.push(Kind::Cut);
    }
    let count = draws.between(6, 24);
    let mut faults = Vec::new();
    let mut free_at: BTreeMap<String, Duration> = BTreeMap::new();
    for _ in 0..count {
        let Some(kind) = draws.pick(&kinds).copied() else { break };
        let lasts = match draws.number() % 10 {
            0..5 if !kind.waits() => draws.ms(100, 2_000),
            5..7 if kind.may_last() => draws.ms(20_000, 60_000),
            _ => draws.ms(2_000, 20_000),
        };
        let at = draws.duration(Duration::from_secs(1), until.saturating_sub(lasts).max(Duration::from_secs(2)));
        let what = draw(kind, &mut draws, &topology);
        faults.push(Fault { at, lasts, what });
    }
    faults.sort_by_key(|fault| fault.at);
    faults.retain(|fault| {
        let Some(thing) = fault.thing() else { return true };
        let is_free = free_at.get(&thing).is_none_or(|free| *free < fault.at);
        if is_free {
            free_at.insert(thing, fault.at + fault.lasts);
        }
        is_free
    });
    faults
}

fn draw(kind: Kind, draws: &mut Draws, topology: &Topology) -> What {
    match kind {
        Kind::Cut => What::Cut { between: topology.path(draws) },
        Kind::HalfOpen => What::HalfOpen { between: topology.path(draws) },
        Kind::Slow => What::Slow {
            between: topology.path(draws),
            delay: draws.ms(100, 2_000),
            per_byte: draws.duration(Duration::ZERO, Duration::from_micros(50)),
        },
        Kind::OneWay => {
            let (from, to) = topology.way(draws);
            What::OneWay { from, to }
        }
        Kind::LostAnswers => {
            let (from, to) = topology.way(draws);
            What::LostAnswers { from, to }
        }
        Kind::Reset => What::Reset { between: topology.path(draws), after: small(draws, 0, 12) },
        Kind::Straggle => What::Straggle { between: topology.path(draws) },
        Kind::NodeCrash => What::NodeCrash { node: topology.node(draws) },
        Kind::PowerLoss => What::PowerLoss { node: topology.node(draws) },
        Kind::TornWrite => What::TornWrite { node: topology.node(draws) },
        Kind::CloudCrash => What::CloudCrash,
        Kind::CrashAfter => {
            let place = topology.server(draws);
            let effects = match place {
                Place::Cloud => &CLOUD_EFFECTS[..],
                Place::Node(_) | Place::Person(_) => topology.on_node(draws, &NODE_EFFECTS, &MOVE_EFFECTS),
            };
            What::CrashAfter { place, effect: word(draws, effects), count: small(draws, 1, 6) }
        }
        Kind::ActorPanic => {
            let place = topology.server(draws);
            let actors = match place {
                Place::Cloud => &CLOUD_ACTORS[..],
                Place::Node(_) | Place::Person(_) => topology.on_node(draws, &NODE_ACTORS, &MOVE_ACTORS),
            };
            What::ActorPanic { place, actor: word(draws, actors), after: small(draws, 0, 12) }
        }
        Kind::Freeze | Kind::Suspend | Kind::WallJump | Kind::Drift => of_machine(kind, draws, topology),
        Kind::DiskFull => What::DiskFull { place: topology.server(draws) },
        Kind::FailedSync => What::FailedSync { place: topology.server(draws) },
        Kind::SlowDisk => What::SlowDisk { place: topology.server(draws), delay: draws.ms(20, 1_500) },
        Kind::StoreOutage => What::StoreOutage { answers_after: draws.ms(100, 5_000) },
        Kind::StoreErrors => What::StoreErrors,
        Kind::BlobOutage => What::BlobOutage { node: topology.node(draws), answers_after: draws.ms(100, 5_000) },
        Kind::BlobErrors => What::BlobErrors { node: topology.node(draws) },
        Kind::StartFails => What::StartFails { node: topology.node(draws) },
        Kind::ConnectHangs => What::ConnectHangs { node: topology.node(draws) },
        Kind::SlowKernel => What::SlowKernel { node: topology.node(draws), delay: draws.ms(20, 1_000) },
        Kind::HostCrash => What::HostCrash { node: topology.node(draws) },
        // What was added is not among those that are drawn.
        Kind::HostHang | Kind::Own => What::HostHang { node: topology.node(draws) },
    }
}

/// Those that hit a whole machine, whosever.
fn of_machine(kind: Kind, draws: &mut Draws, topology: &Topology) -> What {
    let place = topology.machine(draws);
    match kind {
        // What runs in a data centre is not put to sleep.
        Kind::Suspend if place != Place::Cloud => What::Suspend { place },
        Kind::WallJump => {
            let most = u64::try_from(JUMP_MAX.as_millis()).unwrap_or(0);
            let ms = i64::try_from(draws.between(0, 2 * most)).unwrap_or(0) - i64::try_from(most).unwrap_or(0);
            What::WallJump { place, ms }
        }
        Kind::Drift => {
            let most = DRIFT_MAX_PPM.unsigned_abs();
            let ppm = i32::try_from(small(draws, 0, 2 * most)).unwrap_or(0) - DRIFT_MAX_PPM;
            What::Drift { place, ppm }
        }
        _ => What::Freeze { place },
    }
}

fn small(draws: &mut Draws, low: u32, high: u32) -> u32 {
    u32::try_from(draws.between(low.into(), high.into())).unwrap_or(low)
}

fn word(draws: &mut Draws, of: &[&str]) -> String {
    draws.pick(of).copied().unwrap_or_default().to_owned()
}
