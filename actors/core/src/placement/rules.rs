//! What placement is told by the program it runs in: what intents mean, and filters of the program's own. A value that is
//! passed in; there is no other registry.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use wayfare_protocol::capability_filter::{CapabilityFilter, GpuFilter};
use wayfare_protocol::predicate::Predicate;

use super::Candidate;

/// A filter of the program's own: how much it likes a node, from 0 (a veto) to 1. More than 1 counts as 1, less than 0 and what
/// is not a number as 0. It should take well under a microsecond, and must answer the same for the same node.
pub type Weigh = Box<dyn Fn(&Candidate<'_>) -> f64 + Send + Sync>;

/// Intents and filters by name.
#[derive(Default)]
pub struct PlacementRules {
    intents: BTreeMap<String, CapabilityFilter>,
    filters: BTreeMap<String, Weigh>,
}

impl PlacementRules {
    /// No filters, and the intents that mean the same everywhere: `ml-training` (a graphics processor with 24 GiB),
    /// `inference` (a graphics processor and `software.model`), `cpu-bound` (4 processors), `sensor-telemetry`
    /// (`devices.sensor`).
    #[must_use]
    pub fn standard() -> Self {
        let has = |key| Some(Predicate::exists(key));
        let any = CapabilityFilter::default;
        let gpu = |vram_gb| Some(GpuFilter { vendor: None, vram_gb });
        let mut rules = Self::default();
        rules.intent("ml-training", CapabilityFilter { gpu: gpu(Some(24)), ..any() });
        rules.intent("inference", CapabilityFilter { gpu: gpu(None), predicate: has("software.model"), ..any() });
        rules.intent("cpu-bound", CapabilityFilter { cpus: Some(4), ..any() });
        rules.intent("sensor-telemetry", CapabilityFilter { predicate: has("devices.sensor"), ..any() });
        rules
    }

    /// Says what an intent asks of a node; what was said before is replaced.
    pub fn intent(&mut self, name: &str, filter: CapabilityFilter) {
        self.intents.insert(name.to_owned(), filter);
    }

    /// Registers a filter that says yes or no; one of that id is replaced.
    pub fn filter(&mut self, id: &str, admits: impl Fn(&Candidate<'_>) -> bool + Send + Sync + 'static) {
        self.weigh(id, move |candidate| f64::from(u8::from(admits(candidate))));
    }

    /// Registers a filter that weighs; one of that id is replaced.
    pub fn weigh(&mut self, id: &str, weigh: impl Fn(&Candidate<'_>) -> f64 + Send + Sync + 'static) {
        self.filters.insert(id.to_owned(), Box::new(weigh));
    }

    /// Takes a filter out; `false` if there was none of that id.
    pub fn remove_filter(&mut self, id: &str) -> bool {
        self.filters.remove(id).is_some()
    }

    pub(super) fn intent_named(&self, name: &str) -> Option<&CapabilityFilter> {
        self.intents.get(name)
    }

    pub(super) fn filter_named(&self, id: &str) -> Option<&Weigh> {
        self.filters.get(id)
    }
}

impl fmt::Debug for PlacementRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let filters: BTreeSet<_> = self.filters.keys().collect();
        f.debug_struct("PlacementRules").field("intents", &self.intents).field("filters", &filters).finish()
    }
}
