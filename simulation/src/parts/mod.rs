//! Parts that testers add to the world: rules, faults and workloads of their own, under names by which plans call them.
//!
//! A run of a plan with parts is as deterministic as any other, as long as the parts are: they draw from [`Draws`] that they are
//! given, keep nothing in unordered maps, and ask no clock but the world's. What they say with `note` is part of the digest.

mod guest;
mod reach;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use wayfare_actors::actor::Fatal;
use wayfare_actors::client::News;
use wayfare_protocol::daemon::DaemonFactory;

pub use guest::Hands;
pub(crate) use guest::{Guest, connect, open};
pub use reach::Reach;

use crate::fault::What;
use crate::oracle::Seen;
use crate::plan::{Plan, Role};
use crate::shrink::{Search, Shrunk};
use crate::simulation::{self, Report};
use crate::trace::Listener;

/// What a rule makes of what it sees.
#[derive(Debug, Default)]
pub struct Verdict {
    pub(crate) checks: u64,
    pub(crate) details: Vec<String>,
}

impl Verdict {
    /// The rule was applied, and must hold; if it does not, the detail says what was seen.
    pub fn demand(&mut self, holds: bool, detail: impl FnOnce() -> String) {
        self.checks += 1;
        if !holds {
            self.details.push(detail());
        }
    }
}

/// An oracle of one's own: told every fact of every process and port in the order in which they happen.
pub trait OwnOracle: Send {
    /// Looks at the next fact.
    fn judge(&mut self, seen: Seen<'_>, out: &mut Verdict);

    /// The run is over: looks at what has not come.
    fn end(&mut self, _out: &mut Verdict) {}
}

/// A fault of one's own. The plan says when it begins and ends, and where it is.
pub trait OwnFault: Send {
    /// Begins. Whether it has hit something; what hits later says so by [`Reach::strike`].
    fn begin(&mut self, reach: &mut Reach<'_>) -> bool;

    /// Ends: everything must be as it was before.
    fn end(&mut self, reach: &mut Reach<'_>);
}

/// What a person does whose client is in one's own hands. All rules judge what the client is told.
pub trait Workload: Send {
    /// The world has begun, or a wait is over that was asked for with [`Hands::sleep`].
    fn wake(&mut self, hands: &mut Hands<'_>);

    /// The client was told something.
    fn told(&mut self, news: &News, hands: &mut Hands<'_>);

    /// All faults have ended: begins nothing new from now on.
    fn rest(&mut self) {}

    /// What is under way, for people; `None`: nothing. What is under way when faults have ended must be over in time.
    fn doing(&self) -> Option<String>;
}

type Makes<T, With> = Arc<dyn Fn(With) -> Box<T> + Send + Sync>;

/// See the module.
#[derive(Clone, Default)]
pub struct Parts {
    oracles: BTreeMap<String, Makes<dyn OwnOracle, ()>>,
    faults: BTreeMap<String, Makes<dyn OwnFault, Vec<String>>>,
    workloads: BTreeMap<String, Makes<dyn Workload, Vec<String>>>,
    kept: Option<Arc<dyn DaemonFactory>>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("oracles", &self.oracles.keys())
            .field("faults", &self.faults.keys())
            .field("workloads", &self.workloads.keys())
            .field("keeps", &self.kept.is_some())
            .finish()
    }
}

impl Parts {
    /// Adds an oracle: every run with these parts is judged by a new one.
    #[must_use]
    pub fn oracle<O: OwnOracle + 'static>(mut self, name: &str, make: impl Fn() -> O + Send + Sync + 'static) -> Self {
        self.oracles.insert(name.to_owned(), Arc::new(move |()| Box::new(make())));
        self
    }

    /// Adds a fault; `make` gets what the plan tells it.
    #[must_use]
    pub fn fault<F: OwnFault + 'static>(
        mut self,
        name: &str,
        make: impl Fn(Vec<String>) -> F + Send + Sync + 'static,
    ) -> Self {
        self.faults.insert(name.to_owned(), Arc::new(move |with| Box::new(make(with))));
        self
    }

    /// Adds a workload; `make` gets what the plan tells it. Shrinking leaves parts of that out.
    #[must_use]
    pub fn workload<W: Workload + 'static>(
        mut self,
        name: &str,
        make: impl Fn(Vec<String>) -> W + Send + Sync + 'static,
    ) -> Self {
        self.workloads.insert(name.to_owned(), Arc::new(move |with| Box::new(make(with))));
        self
    }

    /// Has every [ledger](crate::ledger) of the world keep a daemon of that code. Whoever keeps a ledger busy alone holds what it says
    /// against the same code beside the world, if that is deterministic.
    #[must_use]
    pub fn daemon(mut self, factory: Arc<dyn DaemonFactory>) -> Self {
        self.kept = Some(factory);
        self
    }

    /// Runs a plan in this thread. `listener` is told every line of the trace.
    ///
    /// # Errors
    /// If the plan names a part that is not here, or the world cannot be set up.
    pub fn run(&self, plan: &Plan, listener: Option<Listener>) -> Result<Report, Fatal> {
        self.check(plan).map_err(|missing| Fatal(missing.to_string()))?;
        simulation::run_with(plan, self, listener)
    }

    /// A shorter plan whose run breaks the same rule, an own one or one of the [oracles](crate::Oracle), by its name; `None` if the
    /// plan's own run does not break it.
    #[must_use]
    pub fn shrink(&self, plan: &Plan, rule: &str, tries_max: usize) -> Option<Shrunk> {
        // A plan of which no world can be made shows nothing.
        let mut shows = |plan: &Plan| self.run(plan, None).ok()?.broken(rule);
        Search::new(plan, tries_max, &mut shows).map(Search::shortest)
    }

    /// Whether everything that the plan names was added.
    ///
    /// # Errors
    /// The first that was not.
    pub fn check(&self, plan: &Plan) -> Result<(), Missing> {
        for fault in &plan.faults {
            if let What::Own { fault, .. } = &fault.what
                && !self.faults.contains_key(fault)
            {
                return Err(Missing { what: "fault", name: fault.clone() });
            }
        }
        for person in &plan.people {
            if let Role::Own { workload, .. } = &person.role
                && !self.workloads.contains_key(workload)
            {
                return Err(Missing { what: "workload", name: workload.clone() });
            }
        }
        Ok(())
    }

    pub(crate) fn kept(&self) -> Option<Arc<dyn DaemonFactory>> {
        self.kept.clone()
    }

    pub(crate) fn new_oracles(&self) -> Vec<(String, Box<dyn OwnOracle>)> {
        self.oracles.iter().map(|(name, make)| (name.clone(), make(()))).collect()
    }

    pub(crate) fn new_fault(&self, name: &str, with: Vec<String>) -> Option<Box<dyn OwnFault>> {
        self.faults.get(name).map(|make| make(with))
    }

    pub(crate) fn new_workload(&self, name: &str, with: Vec<String>) -> Option<Box<dyn Workload>> {
        self.workloads.get(name).map(|make| make(with))
    }
}

/// A plan names a part that this program does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the plan names the {what} {name:?}, which was not added to this program")]
pub struct Missing {
    what: &'static str,
    name: String,
}

/// What came of own parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// Own oracles that did not hold, by name, and what was seen.
    pub violations: Vec<(String, String)>,
    /// How often each own oracle was applied.
    pub checks: BTreeMap<String, u64>,
    /// How many own faults had something to hit, by name.
    pub faults: BTreeMap<String, u64>,
}
