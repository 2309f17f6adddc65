//! What arguments of the command line say.

use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

use strum::VariantArray as _;
use wayfare_simulation::Mutation;

/// Seeds, such as `0..100`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seeds(pub(crate) Range<u64>);

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a range such as 0..100");
        let (low, high) = text.split_once("..").ok_or_else(wrong)?;
        let range = low.parse().map_err(|_| wrong())?..high.parse().map_err(|_| wrong())?;
        if range.is_empty() {
            return Err(format!("there is no seed in {text}"));
        }
        Ok(Self(range))
    }
}

/// A mutation by its name.
pub(crate) fn mutation(text: &str) -> Result<Mutation, String> {
    let known = || Mutation::VARIANTS.iter().map(|known| known.name()).collect::<Vec<_>>().join(", ");
    text.parse().map_err(|_| format!("no mutation {text:?}; there are {}", known()))
}

/// A duration such as `90s` or `1m 30s`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<humantime::Duration>().map(Into::into).map_err(|error| error.to_string())
}
