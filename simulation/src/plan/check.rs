//! Whether a plan can be carried out: everything that it names is there.

use serde_json::Value;

use super::{Plan, Role, VERSION};
use crate::chore::{self, Work};
use crate::fault::Fault;
use crate::place::Place;

/// What a plan says that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// Written in another form.
    #[error("a plan of version {0}; this program reads version {VERSION}")]
    Version(u32),
    /// It names a machine that it does not have.
    #[error("{what} names {place}, and there are {nodes} nodes and {people} people")]
    Nowhere {
        /// Where the name stands.
        what: String,
        /// The name.
        place: Place,
        /// How many nodes there are.
        nodes: usize,
        /// How many people there are.
        people: usize,
    },
    /// Two faults hit the same thing at a time: the end of one would be the end of both.
    #[error("faults {0} and {1} hit the same thing at the same time")]
    Overlap(usize, usize),
    /// Two chores are done on the same machine at a time.
    #[error("chores {0} and {1} are done on the same machine at the same time")]
    Chores(usize, usize),
    /// Nobody can join late in the middle of the run.
    #[error("chore {0} is a late join, which begins at 0s and ends with the join")]
    Late(usize),
    /// The cloud has no folders.
    #[error("person {0} writes files, and is at no node")]
    Homeless(usize),
    /// A person's machine has no operator.
    #[error("chore {0} is done on a person's machine; there are chores for the cloud and for nodes")]
    Unserved(usize),
}

impl Plan {
    /// Whether it can be carried out.
    ///
    /// # Errors
    /// What cannot be.
    pub fn check(&self) -> Result<(), Wrong> {
        if self.version != VERSION {
            return Err(Wrong::Version(self.version));
        }
        for (number, person) in self.people.iter().enumerate() {
            let chooses = match &person.role {
                Role::Author { chooses, .. } | Role::Publisher { chooses, .. } => *chooses,
                Role::Filer { .. } if person.at_node.is_none() => return Err(Wrong::Homeless(number)),
                Role::Mover { .. }
                | Role::Writer { .. }
                | Role::Filer { .. }
                | Role::Watcher
                | Role::Own { .. }
                | Role::Absent => None,
            };
            let goes_to = person.orders().iter().filter_map(|order| order.node());
            for node in person.at_node.into_iter().chain(chooses).chain(goes_to) {
                self.is_there(&format!("person {number}"), Place::Node(node))?;
            }
        }
        for node in &self.without_code {
            self.is_there("without_code", Place::Node(*node))?;
        }
        for link in &self.links {
            self.is_there("a link", link.between.0)?;
            self.is_there("a link", link.between.1)?;
        }
        for number in 0..self.faults.len() {
            self.check_fault(number)?;
        }
        for number in 0..self.chores.len() {
            self.check_chore(number)?;
        }
        Ok(())
    }

    /// Whether a chore can be done.
    ///
    /// # Errors
    /// What cannot be.
    pub(crate) fn check_chore(&self, number: usize) -> Result<(), Wrong> {
        let Some(chore) = self.chores.get(number) else { return Ok(()) };
        let place = chore.work.place();
        self.is_there(&format!("chore {number}"), place)?;
        if matches!(place, Place::Person(_)) {
            return Err(Wrong::Unserved(number));
        }
        if matches!(chore.work, Work::LateJoin { .. }) && !chore.at.is_zero() {
            return Err(Wrong::Late(number));
        }
        match self.chores[..number].iter().position(|other| chore::meet(other, chore)) {
            Some(other) => Err(Wrong::Chores(other, number)),
            None => Ok(()),
        }
    }

    /// Whether a fault can be carried out.
    ///
    /// # Errors
    /// What cannot be.
    pub(crate) fn check_fault(&self, number: usize) -> Result<(), Wrong> {
        let Some(fault) = self.faults.get(number) else { return Ok(()) };
        for place in fault.places() {
            self.is_there(&format!("fault {number}"), place)?;
        }
        let meets = |other: &Fault| {
            other.thing().is_some_and(|thing| Some(thing) == fault.thing())
                && other.at <= fault.at + fault.lasts
                && fault.at <= other.at + other.lasts
        };
        match self.faults[..number].iter().position(meets) {
            Some(other) => Err(Wrong::Overlap(other, number)),
            None => Ok(()),
        }
    }

    fn is_there(&self, what: &str, place: Place) -> Result<(), Wrong> {
        let is_there = match place {
            Place::Cloud => true,
            Place::Node(node) => node < self.nodes,
            Place::Person(person) => person < self.people.len(),
        };
        if is_there {
            return Ok(());
        }
        Err(Wrong::Nowhere { what: what.to_owned(), place, nodes: self.nodes, people: self.people.len() })
    }
}

impl Fault {
    /// The places that it names; one that names none is the cloud's.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        let what = serde_json::to_value(&self.what).unwrap_or_default(); // plain data
        let named = places(&what);
        if named.is_empty() { vec![Place::Cloud] } else { named }
    }
}

/// Every place that a fault names, whatever its kind: texts that are places, and numbers called `node`.
fn places(value: &Value) -> Vec<Place> {
    match value {
        Value::String(text) => text.parse().into_iter().collect(),
        Value::Array(items) => items.iter().flat_map(places).collect(),
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| match value.as_u64().and_then(|node| usize::try_from(node).ok()) {
                Some(node) if name == "node" => vec![Place::Node(node)],
                _ => places(value),
            })
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::Wrong;
    use crate::chore::{Chore, Work};
    use crate::fault::{Fault, What};
    use crate::place::Place;
    use crate::plan::{Plan, Role};
    use std::time::Duration;

    fn with(faults: &[(u64, What)]) -> Plan {
        let fault = |(at, what): &(u64, What)| Fault {
            at: Duration::from_secs(*at),
            lasts: Duration::from_secs(5),
            what: what.clone(),
        };
        Plan { faults: faults.iter().map(fault).collect(), ..Plan::of(0, None) }
    }

    #[test]
    fn every_drawn_plan_can_be_carried_out() {
        for seed in 0..300 {
            let plan = Plan::of(seed, None);
            assert_eq!(plan.check(), Ok(()), "seed {seed}: {:?}", plan.faults);
        }
    }

    #[test]
    fn a_machine_that_is_not_there_is_named() {
        let wrong = with(&[(1, What::NodeCrash { node: 9 })]).check();
        assert!(matches!(wrong, Err(Wrong::Nowhere { place: Place::Node(9), .. })), "{wrong:?}");
        let wrong = with(&[(1, What::Cut { between: (Place::Cloud, Place::Person(77)) })]).check();
        assert!(matches!(wrong, Err(Wrong::Nowhere { place: Place::Person(77), .. })), "{wrong:?}");
    }

    #[test]
    fn chores_that_cannot_be_done_are_refused() {
        let chore = |at: u64, work: Work| Chore { at: Duration::from_secs(at), lasts: Duration::from_secs(5), work };
        let check = |chores: &[Chore]| Plan { chores: chores.to_vec(), ..Plan::of(0, None) }.check();
        let restart = |place: Place| Work::Restart { place };
        assert_eq!(check(&[chore(1, restart(Place::Cloud)), chore(2, restart(Place::Node(0)))]), Ok(()));
        let twice = [chore(1, restart(Place::Node(0))), chore(2, Work::Leave { node: 0 })];
        assert_eq!(check(&twice), Err(Wrong::Chores(0, 1)));
        assert_eq!(check(&[chore(3, Work::LateJoin { node: 0 })]), Err(Wrong::Late(0)));
        assert_eq!(check(&[chore(3, restart(Place::Person(0)))]), Err(Wrong::Unserved(0)));
        assert!(matches!(check(&[chore(3, Work::Leave { node: 9 })]), Err(Wrong::Nowhere { .. })));
    }

    #[test]
    fn files_are_written_at_a_node() {
        let mut plan = Plan::of(0, None);
        plan.people[0].role = Role::Filer { finds: Vec::new(), strokes: Vec::new() };
        plan.people[0].at_node = None;
        assert_eq!(plan.check(), Err(Wrong::Homeless(0)));
        plan.people[0].at_node = Some(1);
        assert_eq!((plan.check(), plan.has_folder(0), plan.has_folder(1)), (Ok(()), false, true));
    }

    #[test]
    fn two_faults_of_one_thing_at_a_time_are_refused() {
        assert_eq!(with(&[(1, What::CloudCrash), (3, What::CloudCrash)]).check(), Err(Wrong::Overlap(0, 1)));
        assert_eq!(with(&[(1, What::CloudCrash), (30, What::CloudCrash)]).check(), Ok(()));
    }
}
