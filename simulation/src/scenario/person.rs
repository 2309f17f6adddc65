//! The people of a scenario.

use serde::Deserialize;
use toml::Spanned;
use wayfare_protocol::daemon::{DaemonName, Durability};

use super::form::Reader;
use crate::filer::FileStroke;
use crate::habit::Habit;
use crate::mover::Order;
use crate::place::Place;
use crate::plan::{PersonPlan, Role, Unreadable};
use crate::writer::Stroke;

/// Somebody as a scenario says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Somebody {
    at: Option<Place>,
    opens: Option<String>,
    on: Option<Place>,
    #[serde(default)]
    runs: Vec<String>,
    #[serde(default)]
    watches: bool,
    moves: Option<String>,
    #[serde(default)]
    orders: Vec<Order>,
    daemon: Option<String>,
    #[serde(default)]
    publishes: Vec<String>,
    feeds: Option<String>,
    #[serde(default)]
    durability: Durability,
    writes: Option<String>,
    #[serde(default)]
    strokes: Vec<Stroke>,
    #[serde(default)]
    files: Vec<FileStroke>,
    #[serde(default)]
    finds: Vec<String>,
    does: Option<String>,
    #[serde(default)]
    with: Vec<String>,
    #[serde(default)]
    leaves: bool,
    #[serde(default)]
    habits: Vec<Habit>,
}

fn plain(at_node: Option<usize>, role: Role) -> PersonPlan {
    PersonPlan { at_node, role, leaves: false, habits: Vec::new(), account: 0 }
}

/// Of a person whose one field says it all.
fn does_nothing_else(at: &Spanned<Somebody>, reader: &Reader<'_>, why: &str) -> Result<(), Unreadable> {
    let somebody = at.get_ref();
    let does_more = somebody.opens.is_some()
        || somebody.watches
        || somebody.does.is_some()
        || somebody.daemon.is_some()
        || somebody.on.is_some()
        || !somebody.runs.is_empty()
        || !somebody.publishes.is_empty();
    if does_more { Err(reader.wrong(at, why)) } else { Ok(()) }
}

fn publisher(
    at: &Spanned<Somebody>,
    reader: &Reader<'_>,
    daemon: &str,
    chooses: Option<usize>,
    at_node: Option<usize>,
) -> Result<PersonPlan, Unreadable> {
    let somebody = at.get_ref();
    if somebody.opens.is_some() || somebody.watches || somebody.does.is_some() || !somebody.runs.is_empty() {
        return Err(reader.wrong(at, "a person with a daemon publishes, and does nothing else"));
    }
    for name in std::iter::once(daemon).chain(somebody.feeds.as_deref()) {
        name.parse::<DaemonName>().map_err(|error| reader.wrong(at, error.to_string()))?;
    }
    let (daemon, events, feeds) = (daemon.to_owned(), somebody.publishes.clone(), somebody.feeds.clone());
    let role = Role::Publisher { daemon, chooses, events, feeds, durability: somebody.durability };
    Ok(plain(at_node, role))
}

fn mover(
    at: &Spanned<Somebody>,
    reader: &Reader<'_>,
    daemon: &str,
    at_node: Option<usize>,
) -> Result<PersonPlan, Unreadable> {
    does_nothing_else(at, reader, "a person who moves a daemon does nothing else")?;
    daemon.parse::<DaemonName>().map_err(|error| reader.wrong(at, error.to_string()))?;
    let role = Role::Mover { daemon: daemon.to_owned(), orders: at.get_ref().orders.clone() };
    Ok(plain(at_node, role))
}

fn writer(
    at: &Spanned<Somebody>,
    reader: &Reader<'_>,
    path: &str,
    at_node: Option<usize>,
) -> Result<PersonPlan, Unreadable> {
    does_nothing_else(at, reader, "a person who writes a document does nothing else")?;
    let role = Role::Writer { path: path.to_owned(), strokes: at.get_ref().strokes.clone() };
    Ok(plain(at_node, role))
}

fn filer(at: &Spanned<Somebody>, reader: &Reader<'_>, at_node: Option<usize>) -> Result<PersonPlan, Unreadable> {
    does_nothing_else(at, reader, "a person who writes files does nothing else")?;
    if at_node.is_none() {
        return Err(reader.wrong(at, "a person who writes files needs at = \"NODE\": the folder is there"));
    }
    let Somebody { files, finds, .. } = at.get_ref();
    Ok(plain(at_node, Role::Filer { finds: finds.clone(), strokes: files.clone() }))
}

/// The person that is meant.
pub(super) fn person(at: &Spanned<Somebody>, reader: &Reader<'_>) -> Result<PersonPlan, Unreadable> {
    let somebody = at.get_ref();
    let node = |place: Option<Place>, field: &str| match place {
        None | Some(Place::Cloud) => Ok(None),
        Some(Place::Node(node)) => Ok(Some(node)),
        Some(Place::Person(_)) => Err(reader.wrong(at, format!("{field} names a person, not a node"))),
    };
    let is_plain = somebody.runs.is_empty() && somebody.on.is_none();
    if let Some(daemon) = &somebody.moves {
        return mover(at, reader, daemon, node(somebody.at, "at")?);
    }
    if !somebody.orders.is_empty() {
        return Err(reader.wrong(at, "`orders` is for a person who moves = \"NAME\""));
    }
    if let Some(path) = &somebody.writes {
        return writer(at, reader, path, node(somebody.at, "at")?);
    }
    if !somebody.files.is_empty() || !somebody.finds.is_empty() {
        return filer(at, reader, node(somebody.at, "at")?);
    }
    if !somebody.strokes.is_empty() {
        return Err(reader.wrong(at, "`strokes` is for a person who writes = \"PATH\""));
    }
    if let Some(daemon) = &somebody.daemon {
        return publisher(at, reader, daemon, node(somebody.on, "on")?, node(somebody.at, "at")?);
    }
    if !somebody.publishes.is_empty() {
        return Err(reader.wrong(at, "`publishes` is for a person with a daemon = \"NAME\""));
    }
    let role = match (&somebody.opens, somebody.watches, &somebody.does) {
        (Some(session), false, None) => Role::Author {
            session: session.clone(),
            chooses: node(somebody.on, "on")?,
            programs: somebody.runs.clone(),
        },
        (None, true, None) if is_plain => Role::Watcher,
        (None, true, None) => return Err(reader.wrong(at, "a person who watches runs nothing")),
        (None, false, Some(workload)) if is_plain => {
            Role::Own { workload: workload.clone(), with: somebody.with.clone() }
        }
        (None, false, Some(_)) => return Err(reader.wrong(at, "what a workload runs is said in `with`")),
        (None, false, None) => {
            return Err(reader.wrong(
                at,
                "a person needs opens = \"NAME\", daemon = \"NAME\", moves = \"NAME\", writes = \"PATH\", files = [...], watches = true, or does = \"WORKLOAD\"",
            ));
        }
        _ => return Err(reader.wrong(at, "a person opens a session, watches, or does a workload: one of them")),
    };
    if !somebody.with.is_empty() && somebody.does.is_none() {
        return Err(reader.wrong(at, "`with` is for a person who does a workload"));
    }
    Ok(PersonPlan {
        at_node: node(somebody.at, "at")?,
        role,
        leaves: somebody.leaves,
        habits: somebody.habits.clone(),
        account: 0,
    })
}
