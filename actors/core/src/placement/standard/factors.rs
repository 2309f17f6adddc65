//! The factors: each a number from 0 to 1, or a veto that says why.

use std::collections::BTreeMap;
use std::time::Duration;

use wayfare_protocol::NodeId;
use wayfare_protocol::capability_set::CapabilitySet;

use crate::placement::{Candidate, Purpose, Standing, Strength};

use super::{Found, Named, StandardPlacement, Veto};

/// A wish that is not met multiplies by so much.
const UNMET: f64 = 0.7;
/// What is not known multiplies by so much.
const UNKNOWN: f64 = 0.5;
/// The round trip at which nearness is half.
const NEAR: Duration = Duration::from_millis(100);
/// A node that is fully loaded is still better than none.
const FULL: f64 = 0.05;
/// More than this share of the daemons that are alike on one node is a crowd.
const CROWD: f64 = 0.30;
/// A crowd multiplies by so much.
const CROWDED: f64 = 0.4;
/// Sizes at which a resource counts half.
const CPUS: f64 = 8.0;
const MEMORY_GB: f64 = 16.0;
const VRAM_GB: f64 = 16.0;

/// More daemons of these on one node are a crowd.
pub(super) fn crowd(alike: &BTreeMap<NodeId, u32>) -> f64 {
    CROWD * alike.values().map(|count| f64::from(*count)).sum::<f64>()
}

/// A factor of a score, in the order in which they are looked at: the table of the module says what each means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Factor {
    /// Whether it can be chosen at all now.
    Standing,
    /// Code, required and optional capabilities.
    Capabilities,
    /// Its parts of the mesh.
    Scope,
    /// How far away it is.
    Proximity,
    /// Whom it has.
    Colocation,
    /// What the daemon is for.
    Intent,
    /// How large it is.
    Resources,
    /// How busy it is.
    Load,
    /// How many of its like it has.
    AntiAffinity,
    /// What the program's own filter says.
    Custom,
}

impl Factor {
    /// All, in order.
    pub const ALL: [Self; 10] = [
        Self::Standing,
        Self::Capabilities,
        Self::Scope,
        Self::Proximity,
        Self::Colocation,
        Self::Intent,
        Self::Resources,
        Self::Load,
        Self::AntiAffinity,
        Self::Custom,
    ];
}

/// A size against its reference: 0 for nothing, half at the reference, towards 1.
fn against(size: Option<f64>, reference: f64) -> f64 {
    size.map_or(UNKNOWN, |size| size.max(0.0) / (size.max(0.0) + reference))
}

impl<'a> StandardPlacement<'a> {
    /// One factor of a node: above 0 and at most 1, or why it is vetoed.
    pub(super) fn weigh(&self, factor: Factor, candidate: &Candidate<'_>, found: Found) -> Result<f64, Veto<'a>> {
        match factor {
            Factor::Standing => self.standing(candidate),
            Factor::Capabilities => self.capabilities(candidate.capabilities, found),
            Factor::Scope => self.scope(candidate),
            Factor::Proximity => self.proximity(candidate),
            Factor::Colocation => self.colocation(candidate),
            Factor::Intent => self.intent(candidate),
            Factor::Resources => Ok(self.resources(candidate)),
            Factor::Load => Ok(self.load(candidate)),
            Factor::AntiAffinity => Ok(self.anti_affinity(candidate.node)),
            Factor::Custom => self.custom(candidate),
        }
    }

    fn standing(&self, candidate: &Candidate<'_>) -> Result<f64, Veto<'a>> {
        if self.purpose == Purpose::MoveFrom(candidate.node) {
            return Err(Veto::Source);
        }
        match candidate.vitals.standing {
            Standing::Ready => Ok(1.0),
            standing @ (Standing::Suspect
            | Standing::Offline
            | Standing::Sleeping
            | Standing::Revoked
            | Standing::Draining
            | Standing::Reluctant(_)) => Err(Veto::Standing(standing)),
        }
    }

    fn capabilities(&self, set: &CapabilitySet, found: Found) -> Result<f64, Veto<'a>> {
        let request = self.request;
        match found {
            Found::ByNothing => self.required(set)?,
            Found::ByIndex => {}
        }
        if let Some((key, value)) = set.missing_metadata(&request.required) {
            return Err(Veto::NoMetadata(key, value));
        }
        let (tags, metadata) = (request.optional.tags(), request.optional.metadata());
        let asked = tags.len() + metadata.len();
        if asked == 0 {
            return Ok(1.0);
        }
        let has_metadata = |(key, value): &(&String, &String)| set.metadata().get(*key) == Some(*value);
        let has = tags.iter().filter(|tag| set.contains(tag)).count() + metadata.iter().filter(has_metadata).count();
        Ok((1.0 + has as f64 / asked as f64) / 2.0)
    }

    /// What an index is asked for.
    fn required(&self, set: &CapabilitySet) -> Result<(), Veto<'a>> {
        let request = self.request;
        if matches!(self.purpose, Purpose::MoveFrom(_)) && !set.contains(&self.migration) {
            return Err(Veto::CannotMove);
        }
        if !set.contains(&request.code) {
            return Err(Veto::NoCode(&request.code));
        }
        if let Some(lack) = request.filter.lack(set) {
            return Err(Veto::Lacks(lack));
        }
        set.missing_tag(&request.required).map_or(Ok(()), |tag| Err(Veto::NoTag(tag)))
    }

    fn scope(&self, candidate: &Candidate<'_>) -> Result<f64, Veto<'a>> {
        let scopes = &self.request.scopes;
        let inside = scopes.is_empty() || scopes.iter().any(|scope| candidate.capabilities.contains(scope));
        if inside { Ok(1.0) } else { Err(Veto::Scope(scopes)) }
    }

    fn proximity(&self, candidate: &Candidate<'_>) -> Result<f64, Veto<'a>> {
        let Some(measured) = candidate.vitals.round_trip else { return Ok(UNKNOWN) };
        match self.request.round_trip_max {
            Some(limit) if measured > limit => Err(Veto::TooFar { measured, limit }),
            Some(_) | None => Ok(NEAR.as_secs_f64() / (NEAR.as_secs_f64() + measured.as_secs_f64())),
        }
    }

    fn colocation(&self, candidate: &Candidate<'_>) -> Result<f64, Veto<'a>> {
        let mut factor = 1.0;
        for company in self.request.company.iter().filter(|company| !candidate.capabilities.contains(&company.with)) {
            match company.strength {
                Strength::Strict => return Err(Veto::NoCompany(&company.with)),
                Strength::Soft => factor *= UNMET,
            }
        }
        Ok(factor)
    }

    fn intent(&self, candidate: &Candidate<'_>) -> Result<f64, Veto<'a>> {
        match self.intent {
            Named::None => Ok(1.0),
            Named::Unknown(name) => Err(Veto::UnknownIntent(name)),
            Named::Known(name, (filter, strength)) => match (filter.lack(candidate.capabilities), strength) {
                (None, Strength::Soft | Strength::Strict) => Ok(1.0),
                (Some(_), Strength::Soft) => Ok(UNMET),
                (Some(lack), Strength::Strict) => Err(Veto::Intent { name, lack }),
            },
        }
    }

    fn resources(&self, candidate: &Candidate<'_>) -> f64 {
        let figures = candidate.figures;
        let two = against(figures.cpus, CPUS) + against(figures.memory_gb, MEMORY_GB);
        match self.request.filter.gpu {
            None => two / 2.0,
            Some(_) => (two + against(figures.vram_gb, VRAM_GB)) / 3.0,
        }
        .max(FULL)
    }

    fn load(&self, candidate: &Candidate<'_>) -> f64 {
        let Some(load) = candidate.vitals.load else { return UNKNOWN };
        let gpu = load.gpu_percent.filter(|_| self.request.filter.gpu.is_some()).unwrap_or(0);
        let busiest = load.cpu_percent.max(load.memory_percent).max(gpu);
        (1.0 - f64::from(busiest) / 100.0).max(FULL)
    }

    fn anti_affinity(&self, node: NodeId) -> f64 {
        let here = self.request.alike.get(&node).copied().unwrap_or(0);
        if f64::from(here) > self.crowd { CROWDED } else { 1.0 }
    }

    fn custom(&self, candidate: &Candidate<'_>) -> Result<f64, Veto<'a>> {
        match self.custom {
            Named::None => Ok(1.0),
            Named::Unknown(id) => Err(Veto::UnknownFilter(id)),
            Named::Known(id, custom) => {
                let weight = custom.0(candidate);
                // False for what is not a number.
                if weight > 0.0 { Ok(weight.min(1.0)) } else { Err(Veto::Custom(id)) }
            }
        }
    }
}
