//! Where a plan comes from: a seed, a file, or a scenario that needs none.

use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context as _;
use wayfare_simulation::scenario::{Scenario, known};
use wayfare_simulation::{Mutation, Plan};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// What the seed decides.
    Seed(u64),
    /// What the file says, or, where there is none, the scenario of that name.
    File(PathBuf),
}

impl FromStr for Source {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse().map_or_else(|_| Self::File(text.into()), Self::Seed))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seed(seed) => write!(f, "{seed}"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl Source {
    /// The plan and what is expected of it, with the mutation of the command line if one is given there.
    pub(crate) fn read(&self, mutation: Option<Mutation>) -> anyhow::Result<Scenario> {
        match self {
            Self::Seed(seed) => Ok(Scenario::of(Plan::of(*seed, mutation))),
            Self::File(path) => {
                let text = match std::fs::read_to_string(path) {
                    Err(error) if error.kind() == ErrorKind::NotFound => {
                        path.to_str().and_then(known).map(str::to_owned).ok_or(error)
                    }
                    read => read,
                };
                let text = text.with_context(|| format!("cannot read {}", path.display()))?;
                let mut scenario = Scenario::read_any(&text).with_context(|| path.display().to_string())?;
                scenario.plan.mutation = mutation.or(scenario.plan.mutation);
                Ok(scenario)
            }
        }
    }
}
