//! What is tried to make a plan shorter, in order: what cuts most comes first.

use std::time::Duration;

use super::{Search, minimize};
use crate::plan::{PersonPlan, Plan, Role};

/// One way to make plans shorter.
type Pass = fn(&mut Search<'_>);

/// All of them.
pub(super) const ALL: &[Pass] = &[
    less_time,
    fewer_faults,
    fewer_chores,
    fewer_people,
    fewer_programs,
    fewer_orders,
    fewer_strokes,
    plainer_people,
    shorter_waits,
];

/// The shortest hostile time that is tried.
const HOSTILE_MIN: Duration = Duration::from_secs(1);
/// Faults and waits are not made shorter than this.
const WAIT_MIN: Duration = Duration::from_millis(10);

/// Ends earlier: what would happen later is left out.
fn less_time(search: &mut Search<'_>) {
    while search.best().hostile > HOSTILE_MIN {
        let until = (search.best().hostile / 2).max(HOSTILE_MIN);
        if !search.takes(ending(search.best(), until)) {
            break;
        }
    }
    let faults = search.best().faults.iter().map(|fault| fault.at + fault.lasts);
    let last = faults.chain(search.best().chores.iter().map(|chore| chore.at + chore.lasts)).max();
    let until = last.unwrap_or_default().max(HOSTILE_MIN);
    if until < search.best().hostile {
        search.takes(ending(search.best(), until));
    }
}

fn ending(plan: &Plan, until: Duration) -> Plan {
    let mut plan = plan.clone();
    plan.hostile = until;
    plan.faults.retain(|fault| fault.at < until);
    for fault in &mut plan.faults {
        fault.lasts = fault.lasts.min(until.saturating_sub(fault.at));
    }
    plan.chores.retain(|chore| chore.at < until);
    for chore in &mut plan.chores {
        chore.lasts = chore.lasts.min(until.saturating_sub(chore.at));
    }
    plan
}

fn fewer_faults(search: &mut Search<'_>) {
    let faults = search.best().faults.clone();
    minimize(&faults, |some| {
        let plan = Plan { faults: some.to_vec(), ..search.best().clone() };
        search.takes(plan)
    });
}

fn fewer_chores(search: &mut Search<'_>) {
    let chores = search.best().chores.clone();
    minimize(&chores, |some| {
        let plan = Plan { chores: some.to_vec(), ..search.best().clone() };
        search.takes(plan)
    });
}

/// A person who is left out keeps the place in the list: the others are called by their numbers.
fn fewer_people(search: &mut Search<'_>) {
    let numbers: Vec<_> = (0..search.best().people.len()).collect();
    let present = |plan: &Plan, number: usize| plan.people.get(number).is_some_and(|it| it.role != Role::Absent);
    let there: Vec<_> = numbers.into_iter().filter(|number| present(search.best(), *number)).collect();
    minimize(&there, |some| {
        let mut plan = search.best().clone();
        for (number, person) in plan.people.iter_mut().enumerate() {
            if !some.contains(&number) {
                *person =
                    PersonPlan { role: Role::Absent, at_node: None, leaves: false, habits: Vec::new(), ..*person };
            }
        }
        while plan.people.last().is_some_and(|person| person.role == Role::Absent) {
            plan.people.pop();
        }
        search.takes(plan)
    });
}

fn fewer_programs(search: &mut Search<'_>) {
    for number in 0..search.best().people.len() {
        let Some(programs) = programs_of(search.best(), number).cloned() else { continue };
        minimize(&programs, |some| {
            let plan = with_programs(search.best(), number, some.to_vec());
            search.takes(plan)
        });
        let count = programs_of(search.best(), number).map_or(0, Vec::len);
        for at in 0..count {
            let Some(program) = programs_of(search.best(), number).and_then(|all| all.get(at)) else { continue };
            let lines: Vec<_> = program.lines().map(str::to_owned).collect();
            minimize(&lines, |some| {
                if some.is_empty() {
                    return false; // that is what leaving the program out was for
                }
                let plan = with_line(search.best(), number, at, some.join("\n"));
                search.takes(plan)
            });
        }
    }
}

fn fewer_orders(search: &mut Search<'_>) {
    for number in 0..search.best().people.len() {
        let orders = search.best().people[number].orders().to_vec();
        minimize(&orders, |some| {
            let mut plan = search.best().clone();
            if let Role::Mover { orders, .. } = &mut plan.people[number].role {
                *orders = some.to_vec();
            }
            search.takes(plan)
        });
    }
}

fn fewer_strokes(search: &mut Search<'_>) {
    for number in 0..search.best().people.len() {
        match search.best().people[number].role.clone() {
            Role::Writer { path, strokes } => {
                minimize(&strokes, |some| {
                    let role = Role::Writer { path: path.clone(), strokes: some.to_vec() };
                    search.takes(with_role(search.best(), number, role))
                });
            }
            Role::Filer { finds, strokes } => {
                minimize(&strokes, |some| {
                    let role = Role::Filer { finds: finds.clone(), strokes: some.to_vec() };
                    search.takes(with_role(search.best(), number, role))
                });
            }
            _ => {}
        }
    }
}

fn with_role(plan: &Plan, number: usize, role: Role) -> Plan {
    let mut plan = plan.clone();
    plan.people[number].role = role;
    plan
}

fn plainer_people(search: &mut Search<'_>) {
    let plan = Plan { narrow: false, ..search.best().clone() };
    search.takes(plan);
    let tried: [fn(&mut PersonPlan); 5] = [
        |person| person.habits.clear(),
        |person| person.leaves = false,
        |person| person.at_node = None,
        |person| {
            if let Role::Author { chooses, .. } | Role::Publisher { chooses, .. } = &mut person.role {
                *chooses = None;
            }
        },
        |person| match &mut person.role {
            Role::Publisher { feeds, .. } => *feeds = None,
            Role::Filer { finds, .. } => finds.clear(),
            _ => {}
        },
    ];
    for number in 0..search.best().people.len() {
        for change in tried {
            let mut plan = search.best().clone();
            change(&mut plan.people[number]);
            search.takes(plan);
        }
        let habits = search.best().people[number].habits.clone();
        minimize(&habits, |some| {
            let mut plan = search.best().clone();
            plan.people[number].habits = some.to_vec();
            search.takes(plan)
        });
    }
}

/// Faults that end earlier, and programs that sleep for less.
fn shorter_waits(search: &mut Search<'_>) {
    for number in 0..search.best().faults.len() {
        while search.best().faults[number].lasts > WAIT_MIN {
            let mut plan = search.best().clone();
            let fault = &mut plan.faults[number];
            fault.lasts = (fault.lasts / 2).max(WAIT_MIN);
            if !search.takes(plan) {
                break;
            }
        }
    }
    for number in 0..search.best().people.len() {
        let count = programs_of(search.best(), number).map_or(0, Vec::len);
        for at in 0..count {
            let Some(program) = programs_of(search.best(), number).and_then(|all| all.get(at)) else { continue };
            let shorter: Vec<_> = program.lines().map(hurry).collect();
            let plan = with_line(search.best(), number, at, shorter.join("\n"));
            search.takes(plan);
        }
    }
}

fn hurry(line: &str) -> String {
    match line.strip_prefix("sleep ").and_then(|ms| ms.parse::<u64>().ok()) {
        Some(ms) => format!("sleep {}", (ms / 4).max(1)),
        None => line.to_owned(),
    }
}

fn programs_of(plan: &Plan, number: usize) -> Option<&Vec<String>> {
    match &plan.people.get(number)?.role {
        Role::Author { programs, .. } => Some(programs),
        Role::Publisher { events, .. } => Some(events),
        Role::Own { with, .. } => Some(with),
        Role::Mover { .. } | Role::Writer { .. } | Role::Filer { .. } | Role::Watcher | Role::Absent => None,
    }
}

fn with_programs(plan: &Plan, number: usize, shorter: Vec<String>) -> Plan {
    let mut plan = plan.clone();
    match &mut plan.people[number].role {
        Role::Author { programs, .. } => *programs = shorter,
        Role::Publisher { events, .. } => *events = shorter,
        Role::Own { with, .. } => *with = shorter,
        Role::Mover { .. } | Role::Writer { .. } | Role::Filer { .. } | Role::Watcher | Role::Absent => {}
    }
    plan
}

fn with_line(plan: &Plan, number: usize, at: usize, program: String) -> Plan {
    let mut programs = programs_of(plan, number).cloned().unwrap_or_default();
    if let Some(place) = programs.get_mut(at) {
        *place = program;
    }
    with_programs(plan, number, programs)
}
