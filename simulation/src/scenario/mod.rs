//! Scenarios: plans as people write them, with what is expected of the run. `docs/simulation.md` shows every field.

mod expect;
mod form;
mod known;
mod person;
mod profile;

pub use expect::{End, Expectation};
pub use known::known;
pub use profile::{NoProfile, Profile, Quality};

use crate::plan::{Plan, Unreadable};

/// The form in which scenarios are written; a scenario of another form is refused.
pub const FORM: u32 = 1;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// What is to happen.
    pub plan: Plan,
    /// What is to come of it, besides that every rule holds.
    pub expects: Expectation,
    /// Faults and chores are drawn from the seed, as for a plan that is all drawn.
    pub swarm: bool,
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// If the text is not one, or says what cannot be: with its line.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        form::read(text)
    }

    /// Reads a scenario or a written plan, whichever it is. Of a plan nothing but the rules is expected.
    ///
    /// # Errors
    /// If the text is neither, or says what cannot be.
    pub fn read_any(text: &str) -> Result<Self, Unreadable> {
        let table: toml::Table = toml::from_str(text).map_err(|error| Unreadable::of(text, &error))?;
        if table.contains_key("scenario") {
            return Self::read(text);
        }
        Ok(Self::of(Plan::read(text)?))
    }

    /// A plan of which nothing but the rules is expected.
    #[must_use]
    pub fn of(plan: Plan) -> Self {
        Self { plan, expects: Expectation::default(), swarm: false }
    }

    /// The same people and nodes with another seed.
    #[must_use]
    pub fn with_seed(&self, seed: u64) -> Self {
        let mut scenario = self.clone();
        scenario.plan.seed = seed;
        if scenario.swarm {
            scenario.plan.draw_faults();
        }
        scenario
    }
}
