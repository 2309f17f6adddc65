//! What a scenario expects of its run.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::plan::Plan;
use crate::simulation::Report;

/// How a run can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// With a result.
    Succeeded,
    /// With an error of the program.
    Failed,
    /// Its kernel or session host was lost.
    Interrupted,
    /// It was taken back.
    Cancelled,
    /// Nobody can say whether it was executed.
    Unknown,
}

/// What is to come of a run of the world, besides that every rule holds. Of a plan that was drawn or shortened nothing is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// At least so many runs are acknowledged.
    #[serde(default)]
    pub acknowledged: usize,
    /// So often at least somebody is told that a daemon has moved; the moves at the end count as well.
    #[serde(default)]
    pub moved: u64,
    /// So often at least somebody is told of such an end.
    #[serde(default)]
    pub ends: BTreeMap<End, u64>,
    /// Nobody is told of these.
    #[serde(default)]
    pub never: BTreeSet<End>,
    /// Every fault hits something, and every chore finds something to do: what a person plans is to happen.
    #[serde(skip)]
    pub all_happens: bool,
}

impl Expectation {
    /// What did not come true.
    #[must_use]
    pub fn unmet(&self, plan: &Plan, report: &Report) -> Vec<String> {
        let mut unmet = Vec::new();
        if report.acknowledged < self.acknowledged {
            unmet.push(format!("{} runs were acknowledged, {} are expected", report.acknowledged, self.acknowledged));
        }
        if report.moved < self.moved {
            unmet.push(format!("{} moves were done, {} are expected", report.moved, self.moved));
        }
        let told = |end: End| {
            let name: &str = end.into();
            report.outcomes.get(name).copied().unwrap_or(0)
        };
        for (end, least) in &self.ends {
            if told(*end) < *least {
                unmet.push(format!("{} ends {end:?} were told, {least} are expected", told(*end)));
            }
        }
        for end in self.never.iter().filter(|end| told(**end) > 0) {
            unmet.push(format!("{} ends {end:?} were told, none is expected", told(*end)));
        }
        let mut planned: BTreeMap<_, u64> = BTreeMap::new();
        for fault in plan.faults.iter().filter(|_| self.all_happens) {
            *planned.entry(fault.kind()).or_default() += 1;
        }
        for (kind, planned) in planned {
            let hit = report.faults.get(&kind).copied().unwrap_or(0);
            if hit < planned {
                unmet.push(format!("{hit} of {planned} faults of the kind {} hit something", kind.name()));
            }
        }
        let mut planned: BTreeMap<_, u64> = BTreeMap::new();
        for chore in plan.chores.iter().filter(|_| self.all_happens) {
            *planned.entry(chore.kind()).or_default() += 1;
        }
        for (kind, planned) in planned {
            let done = report.chores.get(&kind).copied().unwrap_or(0);
            if done < planned {
                unmet.push(format!("{done} of {planned} chores of the kind {} found something to do", kind.name()));
            }
        }
        unmet
    }
}
