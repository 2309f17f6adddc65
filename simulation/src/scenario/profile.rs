//! Links as people meet them: round numbers of ordinary ones.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fault::{Fault, What};
use crate::place::Place;
use crate::plan::Link;
use crate::seed::Seed;

/// A kind of link with the cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// A phone network: 35 to 95 ms, 20 Mbit/s; its connections break every two minutes or so.
    Lte,
    /// A line at home: 12 to 20 ms, 100 Mbit/s.
    Home,
    /// Through the proxy of an office: 20 to 35 ms, 50 Mbit/s; it ends connections every minute or so.
    OfficeProxy,
}

/// What a line is like: the figures of a profile, for the simulated link and for the real proxy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quality {
    /// One way, at the least.
    pub latency: Duration,
    /// What may come on top of it.
    pub jitter: Duration,
    /// Time on the wire of a byte.
    pub per_byte: Duration,
    /// How long a connection lives on average; `None`: for as long as it is wanted.
    pub breaks_every: Option<Duration>,
}

/// A name that is no profile's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no profile {0:?}; there are lte, home and office-proxy")]
pub struct NoProfile(String);

impl std::str::FromStr for Profile {
    type Err = NoProfile;

    fn from_str(name: &str) -> Result<Self, NoProfile> {
        match name {
            "lte" => Ok(Self::Lte),
            "home" => Ok(Self::Home),
            "office-proxy" => Ok(Self::OfficeProxy),
            other => Err(NoProfile(other.to_owned())),
        }
    }
}

impl Profile {
    /// What its lines are like.
    #[must_use]
    pub fn quality(self) -> Quality {
        let (latency, jitter, per_byte, breaks_every) = match self {
            Self::Lte => (35, 60, 400, Some(120)),
            Self::Home => (12, 8, 80, None),
            Self::OfficeProxy => (20, 15, 160, Some(60)),
        };
        Quality {
            latency: Duration::from_millis(latency),
            jitter: Duration::from_millis(jitter),
            per_byte: Duration::from_nanos(per_byte),
            breaks_every: breaks_every.map(Duration::from_secs),
        }
    }

    /// The link between a place and the cloud.
    #[must_use]
    pub fn link(self, place: Place) -> Link {
        let Quality { latency, jitter, per_byte, .. } = self.quality();
        Link { between: (Place::Cloud, place), latency, jitter, per_byte }
    }

    /// The moments at which the link breaks by itself, as faults: what is lost on a reliable transport shows as a new connection.
    #[must_use]
    pub fn breaks(self, place: Place, seed: &Seed, until: Duration) -> Vec<Fault> {
        let Some(every) = self.quality().breaks_every else { return Vec::new() };
        let mut draws = seed.child("links").child(&place.to_string()).draws();
        let mut breaks = Vec::new();
        let mut at = draws.duration(every / 2, every * 3 / 2);
        while at < until {
            let lasts = draws.ms(50, 500);
            breaks.push(Fault { at, lasts, what: What::Cut { between: (Place::Cloud, place) } });
            at += lasts + draws.duration(every / 2, every * 3 / 2);
        }
        breaks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_has_one_name_in_scenarios_and_commands() {
        #[derive(Deserialize)]
        struct Named {
            profile: Profile,
        }
        for name in ["lte", "home", "office-proxy"] {
            let written: Named = toml::from_str(&format!("profile = {name:?}")).expect(name);
            assert_eq!(name.parse(), Ok(written.profile));
        }
        assert!("dsl".parse::<Profile>().expect_err("none").to_string().contains("office-proxy"));
    }
}
