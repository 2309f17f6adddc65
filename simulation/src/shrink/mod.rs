//! Shrinking: a shorter plan at which the same oracle fails.
//!
//! What is tried is the plan, not the run: shorter time, fewer faults, people, programs and lines, shorter waits. A plan that is left
//! out moves little that others draw, and where it does, the shorter plan simply does not fail and is not taken.

mod minimize;
mod passes;

pub use minimize::minimize;

use crate::mutation::Mutation;
use crate::oracle::Oracle;
use crate::parts::Parts;
use crate::plan::{Plan, Size};

/// How many plans are tried at most, unless the caller says otherwise.
pub const TRIES: usize = 400;

/// A shorter plan.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The plan.
    pub plan: Plan,
    /// What its run shows: the same as that of the plan before.
    pub shows: String,
    /// How large it was, and is.
    pub sizes: (Size, Size),
    /// Plans that were tried.
    pub tries: usize,
}

/// A search for shorter plans of which something holds.
pub struct Search<'a> {
    best: Plan,
    shows: &'a mut dyn FnMut(&Plan) -> Option<String>,
    shown: String,
    tries: usize,
    tries_max: usize,
}

impl<'a> Search<'a> {
    /// A search that begins at a plan. `shows` says what a plan shows of what is looked for; `None`: nothing. `None` if the plan
    /// itself shows nothing.
    pub fn new(plan: &Plan, tries_max: usize, shows: &'a mut dyn FnMut(&Plan) -> Option<String>) -> Option<Self> {
        let shown = shows(plan)?;
        Some(Self { best: plan.clone(), shows, shown, tries: 1, tries_max })
    }

    /// The shortest plan so far.
    fn best(&self) -> &Plan {
        &self.best
    }

    /// Takes a plan if it shows the same. Past the last try nothing does.
    fn takes(&mut self, plan: Plan) -> bool {
        if plan == self.best || self.tries >= self.tries_max {
            return false;
        }
        self.tries += 1;
        let Some(shown) = (self.shows)(&plan) else { return false };
        (self.best, self.shown) = (plan, shown);
        true
    }

    /// Searches until no pass finds anything, or the tries are used up.
    #[must_use]
    pub fn shortest(mut self) -> Shrunk {
        let before = self.best.size();
        loop {
            let known = self.best.clone();
            for pass in passes::ALL {
                pass(&mut self);
            }
            if self.best == known || self.tries >= self.tries_max {
                break;
            }
        }
        let sizes = (before, self.best.size());
        Shrunk { plan: self.best, shows: self.shown, sizes, tries: self.tries }
    }
}

/// A shorter plan whose run the same oracle objects to; `None` if the plan's own run does not violate it.
#[must_use]
pub fn shrink(plan: &Plan, oracle: Oracle, tries_max: usize) -> Option<Shrunk> {
    Parts::default().shrink(plan, oracle.name(), tries_max)
}

/// A shorter plan at which a mutation is caught by what must catch it; `None` if it is not at the plan itself.
#[must_use]
pub fn shrink_mutation(plan: &Plan, mutation: Mutation, tries_max: usize) -> Option<Shrunk> {
    let mut shows = |plan: &Plan| mutation.shows(plan);
    Search::new(plan, tries_max, &mut shows).map(Search::shortest)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Search;
    use crate::fault::What;
    use crate::plan::{Plan, Role};

    fn lost() -> String {
        "lost".to_owned()
    }

    #[test]
    fn a_plan_that_shows_nothing_is_not_searched() {
        assert!(Search::new(&Plan::of(1, None), 100, &mut |_| None).is_none());
    }

    #[test]
    fn what_is_not_needed_is_left_out() {
        // What is looked for needs one crash of the cloud and one person who prints line 2.
        let mut plan = Plan::of(3, None);
        let at = Duration::from_secs(20);
        plan.faults.push(crate::fault::Fault { at, lasts: Duration::from_secs(9), what: What::CloudCrash });
        let mut shows = |plan: &Plan| {
            let crashes = plan.faults.iter().any(|fault| matches!(fault.what, What::CloudCrash));
            let prints = plan.people.iter().any(|person| match &person.role {
                Role::Author { programs, .. } => programs.iter().any(|program| program.contains("line 2")),
                _ => false,
            });
            (crashes && prints).then(lost)
        };
        let found = Search::new(&plan, 2_000, &mut shows).expect("it shows").shortest();
        assert_eq!(found.plan.faults.len(), 1, "{:?}", found.plan);
        assert_eq!((found.sizes.1.people, found.sizes.1.programs, found.sizes.1.lines), (1, 1, 1), "{:?}", found.plan);
        assert!(found.plan.hostile < Duration::from_secs(60), "{:?}", found.plan);
    }

    #[test]
    fn the_search_ends_after_its_tries() {
        let mut asked = 0;
        let mut shows = |_: &Plan| {
            asked += 1;
            Some(lost())
        };
        let found = Search::new(&Plan::of(5, None), 7, &mut shows).expect("it shows").shortest();
        assert_eq!((found.tries, asked), (7, 7));
    }
}
