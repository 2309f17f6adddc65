//! The scenarios that come with the simulation, which need no file.

/// Their names, and what they say.
const KNOWN: &[(&str, &str)] = &[
    ("aeroplane", include_str!("../../scenarios/aeroplane.toml")),
    ("cloud-rolling-restart", include_str!("../../scenarios/cloud-rolling-restart.toml")),
    ("daemons", include_str!("../../scenarios/daemons.toml")),
    ("documents", include_str!("../../scenarios/documents.toml")),
    ("lid-closed-in-mid-run", include_str!("../../scenarios/lid-closed-in-mid-run.toml")),
    ("long-flight", include_str!("../../scenarios/long-flight.toml")),
    ("moves", include_str!("../../scenarios/moves.toml")),
    ("operators-at-work", include_str!("../../scenarios/operators-at-work.toml")),
    ("phone-on-a-flapping-link", include_str!("../../scenarios/phone-on-a-flapping-link.toml")),
    ("placement", include_str!("../../scenarios/placement.toml")),
    ("store-outage", include_str!("../../scenarios/store-outage.toml")),
    ("two-clients-racing", include_str!("../../scenarios/two-clients-racing.toml")),
];

/// The text of the scenario of that name, if it is one of these.
#[must_use]
pub fn known(name: &str) -> Option<&'static str> {
    KNOWN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
