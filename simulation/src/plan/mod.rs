//! Everything that is decided about a run of the world before it begins: drawn from a seed, or read from a file.
//!
//! What a run draws while it goes comes from the seed's tree by label, so that a person or a fault that is left out moves nothing
//! that others draw.

mod check;
mod describe;
mod draw;
mod file;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wayfare_protocol::daemon::Durability;

use crate::chore::{self, Chore, Work};
use crate::fault::{Fault, What};
use crate::filer::FileStroke;
use crate::habit::{self, Habit};
use crate::mover::Order;
use crate::mutation::Mutation;
use crate::place::Place;
use crate::seed::Seed;
use crate::swarm;
use crate::writer::Stroke;

pub use check::Wrong;
pub use describe::Size;
pub use file::Unreadable;
pub(crate) use file::line_at;

/// The form in which plans are written; a plan of another version is refused.
pub const VERSION: u32 = 1;
/// Edge nodes of a drawn world.
const NODES: usize = 2;
/// Faults of a drawn world begin and end within this time.
const HOSTILE: Duration = Duration::from_secs(90);
/// After the last fault every acknowledged run is over within this time.
pub const RUNS_END_WITHIN: Duration = Duration::from_secs(120);
/// And then a fresh run in every session, and one in a new one, has succeeded within this time.
pub const FRESH_RUNS_WITHIN: Duration = Duration::from_secs(120);

/// What a person does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonPlan {
    /// `None`: connected with the cloud; else with that node's own door.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_node: Option<usize>,
    /// What they do.
    pub role: Role,
    /// Whether they now and then leave in the middle of a run and return.
    #[serde(default)]
    pub leaves: bool,
    /// What else they do.
    #[serde(default)]
    pub habits: Vec<Habit>,
    /// Which account they belong to: 0, or 1 for that of strangers, who have a node of their own.
    #[serde(default)]
    pub account: usize,
}

/// What a person is there for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Role {
    /// Opens a session and runs programs.
    Author {
        /// The session's name.
        session: String,
        /// The node it is to be made on, if they choose.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chooses: Option<usize>,
        /// What they run, one after the other.
        programs: Vec<String>,
    },
    /// Looks at the runs of others.
    Watcher,
    /// Keeps a [ledger](crate::ledger) busy, and hears what it says.
    Publisher {
        /// The daemon's name.
        daemon: String,
        /// The node it is to be made on, if they choose.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chooses: Option<usize>,
        /// What they publish, in order.
        events: Vec<String>,
        /// Name of another daemon, which they let take what theirs says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        feeds: Option<String>,
        /// What their events survive.
        #[serde(default)]
        durability: Durability,
    },
    /// Orders a daemon to other nodes, while others keep it busy.
    Mover {
        /// The daemon's name.
        daemon: String,
        /// Where it is to go, one after the other.
        orders: Vec<Order>,
    },
    /// Writes into a document, with others.
    Writer {
        /// The document's path.
        path: String,
        /// What they do there, one after the other.
        strokes: Vec<Stroke>,
    },
    /// Has programs that write files into the bound folder of their node.
    Filer {
        /// Files that lie there before the folder is bound.
        #[serde(default)]
        finds: Vec<String>,
        /// What is done there, one after the other.
        strokes: Vec<FileStroke>,
    },
    /// Does what a [workload](crate::parts::Workload) that was added does.
    Own {
        /// The name under which it was added.
        workload: String,
        /// What it is told.
        #[serde(default)]
        with: Vec<String>,
    },
    /// Does nothing: keeps the place of a person who was taken out, so that the others keep their numbers.
    Absent,
}

/// How a path is when nothing is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Between which places.
    pub between: (Place, Place),
    /// Every message takes that long.
    #[serde(with = "humantime_serde")]
    pub latency: Duration,
    /// And up to so much longer.
    #[serde(with = "humantime_serde")]
    pub jitter: Duration,
    /// Time on the wire of a byte.
    #[serde(with = "humantime_serde")]
    pub per_byte: Duration,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`VERSION`].
    pub version: u32,
    /// For people: what it shows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// Root of everything that is drawn while the run goes.
    pub seed: u64,
    /// How many edge nodes there are.
    pub nodes: usize,
    /// For how long people begin new things; faults begin and end within this time.
    #[serde(with = "humantime_serde")]
    pub hostile: Duration,
    /// A fault of the product that is switched on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutation: Option<Mutation>,
    /// Whether everybody is held to narrow bounds.
    #[serde(default)]
    pub narrow: bool,
    /// Nodes that have no code of daemons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without_code: Vec<usize>,
    /// Names of daemons that have no state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stateless: Vec<String>,
    /// Paths that are not as paths usually are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// The people.
    #[serde(default)]
    pub people: Vec<PersonPlan>,
    /// The faults, in order of time.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// What operators do, in order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chores: Vec<Chore>,
}

impl Plan {
    /// That of a seed.
    #[must_use]
    pub fn of(number: u64, mutation: Option<Mutation>) -> Self {
        let seed = Seed::root(number);
        // In some there is one more, to which no daemon can go.
        let is_bare = seed.child("code").draws().percent(25);
        let nodes = NODES + usize::from(is_bare);
        // In some there is one that is lost.
        let loss = chore::loss(&seed.child("loss"), nodes);
        let nodes = nodes + usize::from(loss.is_some());
        let mut people = draw::people(&seed.child("people"), NODES);
        habit::add(&mut people, &seed.child("people"), nodes);
        let stateless = habit::stateless(&people, &seed.child("stateless"));
        let mut plan = Self {
            version: VERSION,
            about: String::new(),
            seed: number,
            nodes,
            hostile: HOSTILE,
            mutation,
            narrow: seed.child("bounds").draws().percent(30),
            without_code: if is_bare { vec![NODES] } else { Vec::new() },
            stateless,
            links: Vec::new(),
            people,
            faults: Vec::new(),
            chores: Vec::new(),
        };
        plan.draw_faults();
        if let Some(loss) = loss {
            plan.lose(loss, nodes - 1);
        }
        plan
    }

    /// Loses a node, on which daemons begin.
    fn lose(&mut self, loss: Chore, node: usize) {
        for person in &mut self.people {
            if let Role::Publisher { chooses, .. } = &mut person.role {
                *chooses = Some(node);
            }
        }
        self.chores.retain(|chore| !chore::meet(chore, &loss));
        self.chores.push(loss);
        self.chores.sort_by_key(|chore| chore.at);
    }

    /// Whether a node has a folder that is bound to a project.
    #[must_use]
    pub fn has_folder(&self, node: usize) -> bool {
        self.people.iter().any(|person| person.at_node == Some(node) && matches!(person.role, Role::Filer { .. }))
    }

    /// How many nodes are lost in it.
    #[must_use]
    pub fn losses(&self) -> usize {
        self.chores.iter().filter(|chore| matches!(chore.work, Work::Lose { .. })).count()
    }

    /// Whether a node is lost in it.
    #[must_use]
    pub fn loses(&self, node: usize) -> bool {
        self.chores.iter().any(|chore| chore.work == Work::Lose { node })
    }

    /// Draws faults and chores for its people and nodes.
    pub fn draw_faults(&mut self) {
        let seed = Seed::root(self.seed);
        self.faults = swarm::plan(&seed.child("faults"), self.hostile, self.nodes, &self.people);
        self.chores = chore::plan(&seed.child("chores"), self.hostile, self.nodes);
        self.draw_durability(&seed.child("durability"));
    }

    /// Where no machine loses power, daemons may promise no more than that their events survive their node's process.
    fn draw_durability(&mut self, seed: &Seed) {
        let loses_power = |fault: &Fault| matches!(fault.what, What::PowerLoss { .. } | What::TornWrite { .. });
        if self.faults.iter().any(loses_power) || !seed.draws().percent(50) {
            return;
        }
        for person in &mut self.people {
            if let Role::Publisher { durability, .. } = &mut person.role {
                *durability = Durability::Process;
            }
        }
    }

    /// The same without faults and chores.
    #[must_use]
    pub fn calm(self) -> Self {
        Self { faults: Vec::new(), chores: Vec::new(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Some seeds have what is rare in others: without it a sweep would show less than it says.
    #[test]
    fn seeds_differ_in_what_their_daemons_promise_and_take() {
        let plans: Vec<_> = (0..200).map(|seed| Plan::of(seed, None)).collect();
        let count = |wanted: fn(&Role) -> bool| {
            plans.iter().filter(|plan| plan.people.iter().any(|person| wanted(&person.role))).count()
        };
        let process = count(|role| matches!(role, Role::Publisher { durability: Durability::Process, .. }));
        let feeds = count(|role| matches!(role, Role::Publisher { feeds: Some(_), .. }));
        assert!(process >= 10 && feeds >= 20, "{process} and {feeds} of 200");
    }
}
