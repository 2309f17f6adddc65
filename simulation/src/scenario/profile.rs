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

impl Profile {
    /// The link between a place and the cloud.
    #[must_use]
    pub fn link(self, place: Place) -> Link {
        let (latency, jitter, per_byte) = match self {
            Self::Lte => (35, 60, 400),
            Self::Home => (12, 8, 80),
            Self::OfficeProxy => (20, 15, 160),
        };
        Link {
            between: (Place::Cloud, place),
            latency: Duration::from_millis(latency),
            jitter: Duration::from_millis(jitter),
            per_byte: Duration::from_nanos(per_byte),
        }
    }

    /// How long a connection lives on average; `None`: for as long as it is wanted.
    fn breaks_every(self) -> Option<Duration> {
        match self {
            Self::Lte => Some(Duration::from_secs(120)),
            Self::Home => None,
            Self::OfficeProxy => Some(Duration::from_secs(60)),
        }
    }

    /// The moments at which the link breaks by itself, as faults: what is lost on a reliable transport shows as a new connection.
    #[must_use]
    pub fn breaks(self, place: Place, seed: &Seed, until: Duration) -> Vec<Fault> {
        let Some(every) = self.breaks_every() else { return Vec::new() };
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
