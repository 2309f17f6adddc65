//! Everything that is decided about a run of the world before it begins: drawn from a seed, or read from a file.
//!
//! What a run draws while it goes comes from the seed's tree by label, so that a person or a fault that is left out moves nothing
//! that others draw.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::habit::{self, Habit};
use crate::mutation::Mutation;
use crate::seed::Seed;
use crate::swarm;

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
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`VERSION`].
    pub version: u32,
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
    /// The people.
    pub people: Vec<PersonPlan>,
    /// The faults, in order of time.
    #[serde(default)]
    pub faults: Vec<Fault>,
}

impl Plan {
    /// That of a seed.
    #[must_use]
    pub fn of(number: u64, mutation: Option<Mutation>) -> Self {
        let seed = Seed::root(number);
        let mut people = people(&seed.child("people"));
        habit::add(&mut people, &seed.child("people"));
        let narrow = seed.child("bounds").draws().percent(30);
        let faults = swarm::plan(&seed.child("faults"), HOSTILE, NODES, &people);
        Self { version: VERSION, seed: number, nodes: NODES, hostile: HOSTILE, mutation, narrow, people, faults }
    }

    /// The same without faults.
    #[must_use]
    pub fn calm(self) -> Self {
        Self { faults: Vec::new(), ..self }
    }
}

fn people(seed: &Seed) -> Vec<PersonPlan> {
    let mut draws = seed.draws();
    let authors = draws.between(1, 3);
    let watchers = draws.between(1, 2);
    let mut people = Vec::new();
    for number in 0..authors {
        // Now and then two share a session.
        let session = if draws.percent(30) { "shared".to_owned() } else { format!("own{number}") };
        let chooses = draws.percent(50).then(|| usize::try_from(draws.number() % NODES as u64).unwrap_or(0));
        let programs = (0..draws.between(4, 9)).map(|_| program(&mut draws)).collect();
        let role = Role::Author { session, chooses, programs };
        let at_node = draws.percent(30).then(|| usize::try_from(draws.number() % NODES as u64).unwrap_or(0));
        let leaves = draws.percent(40);
        people.push(PersonPlan { at_node, role, leaves, habits: Vec::new(), account: 0 });
    }
    for _ in 0..watchers {
        people.push(PersonPlan {
            at_node: draws.percent(20).then_some(1),
            role: Role::Watcher,
            leaves: draws.percent(50),
            habits: Vec::new(),
            account: 0,
        });
    }
    people
}

/// A small program of the fake kernel's language.
fn program(draws: &mut crate::seed::Draws) -> String {
    let mut lines = Vec::new();
    for line in 0..draws.between(1, 8) {
        match draws.number() % 6 {
            0 => lines.push(format!("sleep {}", draws.between(1, 3_000))),
            1 => lines.push(format!("set x {line}\nadd x 1\nget x")),
            2 => lines.push(format!("show picture {line}")),
            3 => lines.push(format!("warn line {line}")),
            _ => lines.push(format!("print line {line}")),
        }
    }
    match draws.number() % 12 {
        0 => lines.push("fail on purpose".to_owned()),
        1 => lines.push("exit".to_owned()),
        2 => lines.insert(0, "lose-idle".to_owned()),
        _ => {}
    }
    lines.join("\n")
}
