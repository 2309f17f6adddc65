//! What a daemon asks of the node that runs it: the usual questions as fields, the others as a predicate.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::bounded;
use crate::capability_set::{CapabilitySet, Tag, names};
use crate::limits::{FILTER_ITEMS_MAX, METADATA_KEY_MAX, METADATA_VALUE_MAX};
use crate::predicate::{Predicate, PredicateError};

/// All of it must hold; the empty filter matches every node. A node that does not tell a number does not have it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Form")]
pub struct CapabilityFilter {
    /// Tags that it must have, every one.
    pub tags: BTreeSet<Tag>,
    /// Tags of which it must have one; empty: none is asked for.
    pub any_tags: BTreeSet<Tag>,
    /// Metadata that it must have with these very values.
    pub metadata: BTreeMap<String, String>,
    /// At least so many logical processors.
    pub cpus: Option<u32>,
    /// At least so many GiB of memory.
    pub memory_gb: Option<u32>,
    /// A graphics processor.
    pub gpu: Option<GpuFilter>,
    /// And this.
    pub predicate: Option<Predicate>,
}

/// What is asked of a graphics processor; one is asked for in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GpuFilter {
    /// In lower case: `nvidia`.
    pub vendor: Option<String>,
    /// At least so many GiB of its own memory, all graphics processors of the node together.
    pub vram_gb: Option<u32>,
}

/// A filter that asks for more than a receiver takes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// More than [`FILTER_ITEMS_MAX`] of something.
    #[error("a filter names {count} {what}, more than {FILTER_ITEMS_MAX}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        count: usize,
    },
    /// A text that no capability set can have.
    #[error("the {what} of a filter has {bytes} bytes, more than a node can have")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// How many.
        bytes: usize,
    },
    /// The predicate is over its bounds.
    #[error(transparent)]
    Predicate(#[from] PredicateError),
}

/// A filter as it travels.
#[derive(Deserialize)]
#[serde(rename = "CapabilityFilter")]
struct Form {
    #[serde(deserialize_with = "tags")]
    tags: BTreeSet<Tag>,
    #[serde(deserialize_with = "any_tags")]
    any_tags: BTreeSet<Tag>,
    #[serde(deserialize_with = "metadata")]
    metadata: BTreeMap<String, String>,
    cpus: Option<u32>,
    memory_gb: Option<u32>,
    gpu: Option<GpuFilter>,
    predicate: Option<Predicate>,
}

fn tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Tag>, D::Error> {
    bounded::list(deserializer, FILTER_ITEMS_MAX, "tags")
}

fn any_tags<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Tag>, D::Error> {
    bounded::list(deserializer, FILTER_ITEMS_MAX, "alternative tags")
}

fn metadata<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    bounded::texts(deserializer, FILTER_ITEMS_MAX, "metadata")
}

impl TryFrom<Form> for CapabilityFilter {
    type Error = FilterError;
    fn try_from(form: Form) -> Result<Self, FilterError> {
        let Form { tags, any_tags, metadata, cpus, memory_gb, gpu, predicate } = form;
        let filter = Self { tags, any_tags, metadata, cpus, memory_gb, gpu, predicate };
        filter.check()?;
        Ok(filter)
    }
}

/// The first thing that a node lacks for a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack<'a> {
    /// A tag.
    Tag(&'a Tag),
    /// Every one of several tags.
    AnyTag(&'a BTreeSet<Tag>),
    /// Metadata with a value.
    Metadata(&'a str, &'a str),
    /// Logical processors.
    Cpus(u32),
    /// GiB of memory.
    Memory(u32),
    /// A graphics processor.
    Gpu,
    /// A graphics processor of that vendor.
    GpuVendor(&'a str),
    /// GiB of graphics memory.
    Vram(u32),
    /// What the predicate asks.
    Predicate(&'a Predicate),
}

impl CapabilityFilter {
    /// Whether a node with that set will do.
    #[must_use]
    pub fn matches(&self, set: &CapabilitySet) -> bool {
        self.lack(set).is_none()
    }

    /// The first thing that a node with that set lacks; `None` if it will do.
    #[must_use]
    pub fn lack<'a>(&'a self, set: &CapabilitySet) -> Option<Lack<'a>> {
        let Self { tags, any_tags, metadata, cpus, memory_gb, gpu, predicate } = self;
        if let Some(tag) = tags.iter().find(|tag| !set.contains(tag)) {
            return Some(Lack::Tag(tag));
        }
        if !any_tags.is_empty() && !any_tags.iter().any(|tag| set.contains(tag)) {
            return Some(Lack::AnyTag(any_tags));
        }
        if let Some((key, value)) = metadata.iter().find(|(key, value)| set.metadata().get(*key) != Some(value)) {
            return Some(Lack::Metadata(key, value));
        }
        if let Some(cpus) = below(set, names::CPUS, *cpus) {
            return Some(Lack::Cpus(cpus));
        }
        if let Some(gib) = below(set, names::MEMORY_GB, *memory_gb) {
            return Some(Lack::Memory(gib));
        }
        if let Some(lack) = gpu.as_ref().and_then(|gpu| gpu.lack(set)) {
            return Some(lack);
        }
        predicate.as_ref().filter(|predicate| !predicate.holds(set)).map(Lack::Predicate)
    }

    /// Whether a receiver will take it. A filter that travels is checked when it is read.
    ///
    /// # Errors
    /// If it names more than [`FILTER_ITEMS_MAX`] of anything, a text is longer than a set can have it, or its
    /// predicate is over the bounds.
    pub fn check(&self) -> Result<(), FilterError> {
        let counts =
            [("tags", self.tags.len()), ("alternative tags", self.any_tags.len()), ("metadata", self.metadata.len())];
        for (what, count) in counts {
            if count > FILTER_ITEMS_MAX {
                return Err(FilterError::TooMany { what, count });
            }
        }
        let longest = |texts: &mut dyn Iterator<Item = &String>| texts.map(String::len).max().unwrap_or(0);
        let vendor = self.gpu.as_ref().and_then(|gpu| gpu.vendor.as_ref());
        let texts = [
            ("metadata's key", longest(&mut self.metadata.keys()), METADATA_KEY_MAX),
            ("metadata's value", longest(&mut self.metadata.values()), METADATA_VALUE_MAX),
            ("vendor", longest(&mut vendor.into_iter()), crate::limits::TAG_MAX),
        ];
        for (what, bytes, most) in texts {
            if bytes > most {
                return Err(FilterError::TooLong { what, bytes });
            }
        }
        self.predicate.as_ref().map_or(Ok(()), Predicate::check).map_err(FilterError::from)
    }
}

impl GpuFilter {
    fn lack(&self, set: &CapabilitySet) -> Option<Lack<'_>> {
        if set.of_key(names::GPU).is_empty() {
            return Some(Lack::Gpu);
        }
        if let Some(vendor) = self.vendor.as_deref()
            && !set.of_key(names::GPU_VENDOR).iter().any(|tag| tag.value() == Some(vendor))
        {
            return Some(Lack::GpuVendor(vendor));
        }
        below(set, names::VRAM_GB, self.vram_gb).map(Lack::Vram)
    }
}

/// The number that is wanted, if the set has less of it or does not tell.
fn below(set: &CapabilitySet, key: &str, wanted: Option<u32>) -> Option<u32> {
    wanted.filter(|wanted| set.number(key).is_none_or(|has| has < f64::from(*wanted)))
}

/// What stands behind "it has": `no tag daemon:tally`.
impl fmt::Display for Lack<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => write!(f, "no tag {tag}"),
            Self::AnyTag(tags) => {
                let tags: Vec<_> = tags.iter().map(Tag::as_str).collect();
                write!(f, "none of the tags {}", tags.join(", "))
            }
            Self::Metadata(key, value) => write!(f, "no metadata {key} = {value:?}"),
            Self::Cpus(count) => write!(f, "fewer than {count} processors"),
            Self::Memory(gib) => write!(f, "less than {gib} GiB of memory"),
            Self::Gpu => f.write_str("no graphics processor"),
            Self::GpuVendor(vendor) => write!(f, "no graphics processor of {vendor}"),
            Self::Vram(gib) => write!(f, "less than {gib} GiB of graphics memory"),
            Self::Predicate(predicate) => write!(f, "not: {predicate}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec;
    use crate::limits::PREDICATE_NODES_MAX;
    use crate::predicate::Condition;

    fn set(tags: &[&str]) -> CapabilitySet {
        tags.iter().fold(CapabilitySet::new(), |set, tag| set.with_tag(tag).unwrap())
    }

    fn tags(tags: &[&str]) -> BTreeSet<Tag> {
        tags.iter().map(|tag| Tag::new(*tag).unwrap()).collect()
    }

    /// A workstation.
    fn desk() -> CapabilitySet {
        let tags = [
            "hardware.cpus=16",
            "hardware.memory_gb=64",
            "hardware.gpu",
            "hardware.gpu.vendor=nvidia",
            "hardware.gpu.vram_gb=24",
            "scope:home",
            "daemon:tally",
        ];
        set(&tags).with_metadata("owner", "ops").unwrap()
    }

    #[test]
    fn the_empty_filter_matches_every_node() {
        assert!(CapabilityFilter::default().matches(&CapabilitySet::new()));
        assert!(CapabilityFilter::default().matches(&desk()));
    }

    /// For each field: a filter that the desk meets, one that it does not, and what is then said.
    #[test]
    fn every_field_is_asked_and_the_lack_is_named() {
        let any = CapabilityFilter::default;
        let gpu = |vendor: Option<&str>, vram_gb| Some(GpuFilter { vendor: vendor.map(Into::into), vram_gb });
        let meta = |value: &str| BTreeMap::from([("owner".to_owned(), value.to_owned())]);
        let at_least = |n: u32| Some(Predicate::numeric_at_least("hardware.memory_gb", n));
        for (met, unmet, said) in [
            (
                CapabilityFilter { tags: tags(&["scope:home", "daemon:tally"]), ..any() },
                CapabilityFilter { tags: tags(&["scope:home", "daemon:other"]), ..any() },
                "no tag daemon:other",
            ),
            (
                CapabilityFilter { any_tags: tags(&["scope:work", "scope:home"]), ..any() },
                CapabilityFilter { any_tags: tags(&["scope:work", "scope:lab"]), ..any() },
                "none of the tags scope:lab, scope:work",
            ),
            (
                CapabilityFilter { metadata: meta("ops"), ..any() },
                CapabilityFilter { metadata: meta("me"), ..any() },
                "no metadata owner = \"me\"",
            ),
            (
                CapabilityFilter { cpus: Some(16), ..any() },
                CapabilityFilter { cpus: Some(17), ..any() },
                "fewer than 17 processors",
            ),
            (
                CapabilityFilter { memory_gb: Some(64), ..any() },
                CapabilityFilter { memory_gb: Some(65), ..any() },
                "less than 65 GiB of memory",
            ),
            (
                CapabilityFilter { gpu: gpu(Some("nvidia"), Some(24)), ..any() },
                CapabilityFilter { gpu: gpu(Some("amd"), None), ..any() },
                "no graphics processor of amd",
            ),
            (
                CapabilityFilter { gpu: gpu(None, None), ..any() },
                CapabilityFilter { gpu: gpu(None, Some(25)), ..any() },
                "less than 25 GiB of graphics memory",
            ),
            (
                CapabilityFilter { predicate: at_least(64), ..any() },
                CapabilityFilter { predicate: at_least(65), ..any() },
                "not: hardware.memory_gb >= 65",
            ),
        ] {
            assert_eq!(met.lack(&desk()), None);
            assert_eq!(unmet.lack(&desk()).expect("a lack").to_string(), said);
            assert!(met.matches(&desk()) && !unmet.matches(&desk()));
            assert!(!met.matches(&CapabilitySet::new()), "a node that tells nothing has nothing: {met:?}");
            assert_eq!(codec::decode(&codec::encode(&met)), Ok(met.clone()));
            assert_eq!(codec::decode_named(&codec::encode_named(&met)), Ok(met));
        }
        let bare = CapabilityFilter { gpu: gpu(Some("nvidia"), Some(1)), ..any() };
        assert_eq!(bare.lack(&set(&["hardware.cpus=2"])), Some(Lack::Gpu));
    }

    #[test]
    fn a_filter_over_its_bounds_is_refused_where_it_is_read() {
        let many: BTreeSet<_> = (0..=FILTER_ITEMS_MAX).map(|n| Tag::new(format!("t{n}")).unwrap()).collect();
        let long = || "x".repeat(METADATA_VALUE_MAX + 1);
        let any = CapabilityFilter::default;
        let deep = |nodes| (1..nodes).fold(Predicate::exists("a"), |predicate, _| predicate.negated());
        let vendor = GpuFilter { vendor: Some(long()), vram_gb: None };
        for (filter, reason) in [
            (CapabilityFilter { tags: many.clone(), ..any() }, " tags"),
            (CapabilityFilter { any_tags: many, ..any() }, "alternative tags"),
            (
                CapabilityFilter { metadata: (0..65).map(|n| (n.to_string(), String::new())).collect(), ..any() },
                "metadata",
            ),
            (CapabilityFilter { metadata: BTreeMap::from([(long(), String::new())]), ..any() }, "metadata's key"),
            (CapabilityFilter { metadata: BTreeMap::from([("k".into(), long())]), ..any() }, "metadata's value"),
            (CapabilityFilter { gpu: Some(vendor), ..any() }, "vendor"),
            (CapabilityFilter { predicate: Some(deep(PREDICATE_NODES_MAX + 1)), ..any() }, "nodes"),
            (
                CapabilityFilter { predicate: Some(Predicate::tag(&"k".repeat(5000), Condition::Exists)), ..any() },
                "bytes",
            ),
        ] {
            assert!(filter.check().unwrap_err().to_string().contains(reason));
            let error = codec::decode::<CapabilityFilter>(&codec::encode(&filter)).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
        assert!(CapabilityFilter { predicate: Some(deep(PREDICATE_NODES_MAX)), ..any() }.check().is_ok());
    }
}
