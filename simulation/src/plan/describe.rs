//! A plan in words, and how large it is.

use std::fmt;
use std::fmt::Write as _;

use super::{PersonPlan, Plan, Role};
use crate::mover::Order;

/// How much there is in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Faults.
    pub faults: usize,
    /// Chores of operators.
    pub chores: usize,
    /// People who do something.
    pub people: usize,
    /// Programs, of all people.
    pub programs: usize,
    /// Lines of all programs.
    pub lines: usize,
    /// Orders to move a daemon, of all people.
    pub orders: usize,
    /// Seconds in which people begin new things.
    pub seconds: u64,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { faults, chores, people, programs, lines, orders, seconds } = self;
        write!(f, "{faults} faults, {chores} chores, {people} people, ")?;
        write!(f, "{programs} programs of {lines} lines, {orders} orders, {seconds} s")
    }
}

impl Plan {
    /// How much there is in it.
    #[must_use]
    pub fn size(&self) -> Size {
        let programs: Vec<_> = self.people.iter().flat_map(PersonPlan::programs).collect();
        Size {
            faults: self.faults.len(),
            chores: self.chores.len(),
            people: self.people.iter().filter(|person| person.role != Role::Absent).count(),
            programs: programs.len(),
            lines: programs.iter().map(|program| program.lines().count()).sum(),
            orders: self.people.iter().map(|person| person.orders().len()).sum(),
            seconds: self.hostile.as_secs(),
        }
    }

    /// Everything that was decided, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = String::new();
        let mutation = self.mutation.map(|mutation| format!(", mutation {}", mutation.name())).unwrap_or_default();
        let narrow = if self.narrow { ", narrow bounds" } else { "" };
        let _ = writeln!(
            text,
            "seed {}, {} nodes, people begin things for {:?}{narrow}{mutation}",
            self.seed, self.nodes, self.hostile
        );
        for node in &self.without_code {
            let _ = writeln!(text, "  node{node} has no code of daemons");
        }
        for name in &self.stateless {
            let _ = writeln!(text, "  {name:?} has no state");
        }
        for link in &self.links {
            let (a, b) = link.between;
            let _ = writeln!(
                text,
                "  link {a} {b}: {:?} to {:?} later, {:?} a byte",
                link.latency,
                link.latency + link.jitter,
                link.per_byte
            );
        }
        for (number, person) in self.people.iter().enumerate() {
            let at = person.at_node.map_or_else(|| "cloud".to_owned(), |node| format!("node{node}"));
            let leaves = if person.leaves { ", leaves and returns" } else { "" };
            let habits = person.habits.iter().map(|habit| format!(", {habit:?}")).collect::<String>();
            let account = if person.account == 0 { String::new() } else { format!(", account {}", person.account) };
            let does = match &person.role {
                Role::Author { session, chooses, programs } => {
                    let on = chooses.map(|node| format!(" on node{node}")).unwrap_or_default();
                    format!("opens {session:?}{on}, runs {programs:?}")
                }
                Role::Publisher { daemon, chooses, events, feeds, durability } => {
                    let on = chooses.map(|node| format!(" on node{node}")).unwrap_or_default();
                    let feeds = feeds.as_ref().map(|other| format!(", which feeds {other:?}")).unwrap_or_default();
                    format!("keeps {daemon:?}{on}{feeds}, at {durability:?}, busy with {events:?}")
                }
                Role::Mover { daemon, orders } => {
                    let orders: Vec<_> = orders.iter().map(ToString::to_string).collect();
                    format!("moves {daemon:?}: {}", orders.join(", "))
                }
                Role::Writer { path, strokes } => {
                    let strokes: Vec<_> = strokes.iter().map(ToString::to_string).collect();
                    format!("writes {path:?}: {}", strokes.join(", "))
                }
                Role::Filer { finds, strokes } => {
                    let strokes: Vec<_> = strokes.iter().map(ToString::to_string).collect();
                    format!("finds {finds:?} in a folder: {}", strokes.join(", "))
                }
                Role::Watcher => "watches".to_owned(),
                Role::Own { workload, with } => format!("does {workload} with {with:?}"),
                Role::Absent => continue,
            };
            let _ = writeln!(text, "  person{number} at {at}{leaves}{habits}{account}: {does}");
        }
        for fault in &self.faults {
            let _ = writeln!(text, "  at {:?} for {:?}: {:?}", fault.at, fault.lasts, fault.what);
        }
        for chore in &self.chores {
            let _ = writeln!(text, "  at {:?} for {:?}: {:?}", chore.at, chore.lasts, chore.work);
        }
        text
    }

    /// The command that runs it again, if its seed and mutation alone say everything.
    #[must_use]
    pub fn command(&self) -> Option<String> {
        let switch = self.mutation.map(|mutation| format!(" --mutation {}", mutation.name())).unwrap_or_default();
        (*self == Self::of(self.seed, self.mutation)).then(|| format!("wayfare-sim replay {}{switch}", self.seed))
    }
}

impl PersonPlan {
    /// Where this person orders a daemon to.
    #[must_use]
    pub fn orders(&self) -> &[Order] {
        if let Role::Mover { orders, .. } = &self.role { orders } else { &[] }
    }

    /// What this person runs or publishes, or what their workload is told.
    #[must_use]
    pub fn programs(&self) -> &[String] {
        match &self.role {
            Role::Author { programs, .. } => programs,
            Role::Publisher { events, .. } => events,
            Role::Own { with, .. } => with,
            Role::Mover { .. } | Role::Writer { .. } | Role::Filer { .. } | Role::Watcher | Role::Absent => &[],
        }
    }
}
