//! What people do beside opening, running and looking: each habit is there in some seeds and not in others. And who is there
//! beside the people of the first account.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};
use wayfare_protocol::control::DrainOrder;
use wayfare_protocol::daemon::Durability;
use wayfare_protocol::migration::MoveMode;

use crate::filer::FileStroke;
use crate::mover::Order;
use crate::plan::{PersonPlan, Role};
use crate::seed::{Draws, Seed};
use crate::writer::Stroke;

/// A habit of a person.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, VariantArray, IntoStaticStr, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Habit {
    /// Interrupts some of its runs.
    Interrupts,
    /// Runs programs that ask, and answers them.
    Answers,
    /// Sends runs again that were acknowledged, as after a lost answer.
    Resends,
    /// Stops its session between runs.
    Stops,
    /// Begins to look at runs in their middle.
    BeginsMidway,
    /// Begins at once, before nodes and cloud have found each other.
    Hurries,
}

/// The account of a person or node of the second account.
pub const STRANGERS: usize = 1;

/// Those who keep daemons busy: in most seeds, one or two with one daemon, or each with its own.
fn publishers(seed: &Seed) -> Vec<PersonPlan> {
    let mut draws = seed.draws();
    let count = if draws.percent(60) { draws.between(1, 2) } else { 0 };
    let is_shared = draws.percent(60);
    let publisher = |number: u64| {
        let daemon = if is_shared { "ledger".to_owned() } else { format!("ledger{number}") };
        let chooses = draws.percent(50).then(|| usize::from(draws.percent(50)));
        let events = (0..draws.between(15, 60)).map(|event| event_of(&mut draws, event)).collect();
        let at_node = draws.percent(30).then(|| usize::from(draws.percent(50)));
        let role = Role::Publisher { daemon, chooses, events, feeds: None, durability: Durability::Disk };
        PersonPlan { at_node, role, leaves: false, habits: Vec::new(), account: 0 }
    };
    let mut publishers: Vec<_> = (0..count).map(publisher).collect();
    let mut draws = seed.child("feeds").draws();
    if let Some(Role::Publisher { feeds, .. }) = publishers.first_mut().map(|person| &mut person.role)
        && draws.percent(40)
    {
        // The second one's, where each has its own.
        *feeds = Some(if is_shared || draws.percent(50) { "digest".to_owned() } else { "ledger1".to_owned() });
    }
    publishers
}

/// Names of daemons that have no state: in some seeds one of those that are kept busy.
#[must_use]
pub fn stateless(people: &[PersonPlan], seed: &Seed) -> Vec<String> {
    let mut draws = seed.draws();
    let wanted = draws.percent(25);
    draws.pick(&busy(people)).cloned().filter(|_| wanted).into_iter().collect()
}

/// Names of the daemons that somebody keeps busy.
fn busy(people: &[PersonPlan]) -> Vec<String> {
    let busy = people.iter().flat_map(|person| match &person.role {
        Role::Publisher { daemon, feeds, .. } => std::iter::once(daemon.clone()).chain(feeds.clone()).collect(),
        Role::Author { .. }
        | Role::Mover { .. }
        | Role::Writer { .. }
        | Role::Filer { .. }
        | Role::Watcher
        | Role::Own { .. }
        | Role::Absent => Vec::new(),
    });
    busy.collect()
}

/// Those who order daemons to other nodes: in most seeds with one that is kept busy, somebody moves it.
fn movers(seed: &Seed, people: &[PersonPlan], nodes: usize) -> Vec<PersonPlan> {
    let mut draws = seed.draws();
    let busy = busy(people);
    let count = if draws.percent(70) { draws.between(1, 2) } else { 0 };
    let mover = |_| {
        let daemon = draws.pick(&busy)?.clone();
        let orders = (0..draws.between(2, 9)).map(|_| order(&mut draws, nodes)).collect();
        let at_node = draws.percent(30).then(|| usize::from(draws.percent(50)));
        let role = Role::Mover { daemon, orders };
        Some(PersonPlan { at_node, role, leaves: false, habits: Vec::new(), account: 0 })
    };
    (0..count).filter_map(mover).collect()
}

fn order(draws: &mut Draws, nodes: usize) -> Order {
    let node = usize::try_from(draws.number() % nodes.max(1) as u64).unwrap_or(0);
    let mode = if draws.percent(70) { MoveMode::Live } else { MoveMode::StopAndCopy };
    match draws.number() % 12 {
        0 => Order::Drain { node, order: DrainOrder::Begin },
        1 => Order::Drain { node, order: DrainOrder::Cancel },
        2 | 3 => Order::Move { to: None, mode },
        _ => Order::Move { to: Some(node), mode },
    }
}

/// Those who write documents: in some seeds two or three, most of them in the same one, some at nodes.
fn writers(seed: &Seed) -> Vec<PersonPlan> {
    let mut draws = seed.draws();
    let count = if draws.percent(50) { draws.between(2, 3) } else { 0 };
    let writer = |_| {
        let path = if draws.percent(80) { "notes.md" } else { "more/notes.md" }.to_owned();
        let at_node = draws.percent(60).then(|| usize::from(draws.percent(50)));
        let strokes = (0..draws.between(10, 30)).map(|_| stroke(&mut draws)).collect();
        PersonPlan { at_node, role: Role::Writer { path, strokes }, leaves: false, habits: Vec::new(), account: 0 }
    };
    (0..count).map(writer).collect()
}

fn stroke(draws: &mut Draws) -> Stroke {
    match draws.number() % 10 {
        0 => Stroke::Erase,
        1 => Stroke::Attach,
        2 => Stroke::Show(Duration::from_millis(draws.between(500, 15_000))),
        3 | 4 => Stroke::Leave(Duration::from_millis(draws.between(100, 12_000))),
        _ => Stroke::Type,
    }
}

/// Those whose programs write into bound folders: in some seeds with writers, at one node or at both. Files that lie there before lie at
/// both. One of them renames and removes.
fn filers(seed: &Seed, writers: &[PersonPlan]) -> Vec<PersonPlan> {
    let mut draws = seed.draws();
    let nodes = match draws.number() % 3 {
        _ if writers.is_empty() => 0..0,
        0 => 0..0,
        1 => 0..1,
        _ => 0..2,
    };
    let finds = if draws.percent(50) { vec!["notes.md".to_owned(), "found.md".to_owned()] } else { Vec::new() };
    let filer = |node| {
        let strokes = (0..draws.between(5, 15)).map(|_| file_stroke(&mut draws, node == 0)).collect();
        let role = Role::Filer { finds: finds.clone(), strokes };
        PersonPlan { at_node: Some(node), role, leaves: false, habits: Vec::new(), account: 0 }
    };
    nodes.map(filer).collect()
}

fn file_stroke(draws: &mut Draws, moves: bool) -> FileStroke {
    match draws.number() % 12 {
        0 if moves => FileStroke::Rename,
        1 if moves => FileStroke::Remove,
        2 | 3 => FileStroke::Picture,
        4 => FileStroke::Wait(Duration::from_millis(draws.between(100, 20_000))),
        _ => FileStroke::Type,
    }
}

/// A line of a [ledger](crate::ledger).
fn event_of(draws: &mut Draws, number: u64) -> String {
    match draws.number() % 8 {
        0 => format!("quiet {number}"),
        1 => format!("twice {number}"),
        2 => format!("later {}", draws.between(1, 5_000)),
        3 => format!("work {number}"),
        4 => format!("nonsense {number}"),
        _ => format!("note {number}"),
    }
}

/// Gives the people of a seed their habits; in some seeds there is a person of another account too.
pub fn add(people: &mut Vec<PersonPlan>, seed: &Seed, nodes: usize) {
    // Swarmed: a seed that leaves a habit out altogether reaches what the habit would hide.
    let mut draws = seed.child("habits").draws();
    let usual: Vec<_> = Habit::VARIANTS.iter().copied().filter(|_| draws.percent(60)).collect();
    for person in people.iter_mut() {
        person.habits = usual.iter().copied().filter(|_| draws.percent(60)).collect();
        if let Role::Author { programs, .. } = &mut person.role
            && person.habits.contains(&Habit::Answers)
        {
            for program in programs.iter_mut().filter(|_| draws.percent(30)) {
                program.insert_str(0, "input name?\n");
            }
        }
    }
    if draws.percent(30) {
        // Two race for one name, each at a node's own door: without its cloud, a node makes what it is asked for.
        people.extend((0..2).map(|node| {
            let programs = (0..draws.between(1, 3)).map(|line| format!("print racer {line}")).collect();
            let role = Role::Author { session: "raced".to_owned(), chooses: None, programs };
            PersonPlan { at_node: Some(node), role, leaves: false, habits: vec![Habit::Hurries], account: 0 }
        }));
    }
    people.extend(publishers(&seed.child("publishers")));
    let movers = movers(&seed.child("movers"), people, nodes);
    people.extend(movers);
    let writers = writers(&seed.child("writers"));
    let filers = filers(&seed.child("filers"), &writers);
    people.extend(writers);
    people.extend(filers);
    if draws.percent(40) {
        // The same name as in the first account: it must stand for another session.
        let programs = (0..draws.between(2, 4)).map(|line| format!("print stranger {line}")).collect();
        let role = Role::Author { session: "shared".to_owned(), chooses: None, programs };
        people.push(PersonPlan {
            at_node: None,
            role,
            leaves: draws.percent(30),
            habits: Vec::new(),
            account: STRANGERS,
        });
    }
}
