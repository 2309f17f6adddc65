//! Why a node is not chosen, whatever its other factors.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use wayfare_protocol::capability_filter::Lack;
use wayfare_protocol::capability_set::Tag;

use crate::placement::Standing;

/// Why a node is vetoed. It borrows from the request: to veto costs no memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Veto<'a> {
    /// The daemon is there, and is to move away.
    Source,
    /// It does not speak the subprotocol by which daemons move.
    CannotMove,
    /// It cannot take anything now.
    Standing(Standing),
    /// It has no factory for daemons of the kind.
    NoCode(&'a Tag),
    /// It lacks something of the filter.
    Lacks(Lack<'a>),
    /// It lacks a required tag.
    NoTag(&'a Tag),
    /// It lacks required metadata.
    NoMetadata(&'a str, &'a str),
    /// It is in none of the scopes.
    Scope(&'a BTreeSet<Tag>),
    /// It is too far away.
    TooFar {
        /// The round trip.
        measured: Duration,
        /// The longest that will do.
        limit: Duration,
    },
    /// Required company is not there.
    NoCompany(&'a Tag),
    /// It does not fit what the daemon is for.
    Intent {
        /// The intent.
        name: &'a str,
        /// What it lacks for it.
        lack: Lack<'a>,
    },
    /// Nobody knows the intent.
    UnknownIntent(&'a str),
    /// The filter of that id says no.
    Custom(&'a str),
    /// Nobody knows the filter of that id.
    UnknownFilter(&'a str),
}

/// What stands behind the node's name: `has no graphics processor`.
impl fmt::Display for Veto<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source => f.write_str("is where the daemon moves away from"),
            Self::CannotMove => f.write_str("takes part in no moves"),
            Self::Standing(standing) => standing.fmt(f),
            Self::NoCode(tag) => write!(f, "does not have the code: no {tag}"),
            Self::Lacks(lack) => write!(f, "has {lack}"),
            Self::NoTag(tag) => write!(f, "has no tag {tag}"),
            Self::NoMetadata(key, value) => write!(f, "has no metadata {key} = {value:?}"),
            Self::Scope(scopes) => {
                let scopes: Vec<_> = scopes.iter().map(Tag::as_str).collect();
                write!(f, "is not in {}", scopes.join(" or "))
            }
            Self::TooFar { measured, limit } => write!(f, "is {measured:?} away, further than {limit:?}"),
            Self::NoCompany(tag) => write!(f, "does not have {tag}, with which the daemon must be"),
            Self::Intent { name, lack } => write!(f, "has {lack}, which {name} needs"),
            Self::UnknownIntent(name) => write!(f, "cannot be judged: no intent {name} is registered"),
            Self::Custom(id) => write!(f, "is vetoed by the filter {id}"),
            Self::UnknownFilter(id) => write!(f, "cannot be judged: no filter {id} is registered"),
        }
    }
}
