//! What a developer tells a [`DevMesh`](super::DevMesh), a line at a time.

use std::str::FromStr;

use wayfare_protocol::daemon::{DaemonKind, DaemonName};
use wayfare_protocol::migration::MoveMode;

/// A line, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Start a daemon of a kind, on a node if one is named.
    Start(DaemonKind, DaemonName, Option<usize>),
    /// Give a daemon an event.
    Send(DaemonName, String),
    /// Let a daemon take what another one says.
    Feed(DaemonName, DaemonName),
    /// Move a daemon: to a node, or to the one that fits best.
    Move(DaemonName, Option<usize>, MoveMode),
    /// Kill a node's process, or the cloud's.
    Kill(Machine),
    /// Start it again.
    Up(Machine),
    /// Stop a node's process where it is, as a laptop that is closed.
    Freeze(Machine),
    /// Let it go on.
    Thaw(Machine),
    /// Show what there is.
    List,
    /// Show what can be said.
    Help,
    /// End.
    Quit,
}

/// What has a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// The cloud.
    Cloud,
    /// A node, by its number from 1.
    Node(usize),
}

/// A line that says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

/// What can be said.
pub const HELP: &str = "\
s, start KIND NAME [NODE]     start a daemon
e, send NAME TEXT             give it an event
m, move NAME [NODE] [copy]    move it; without a node to the one that fits best, with copy stopped first
   feed NAME SOURCE           let it take what another daemon says
k, kill NODE|cloud            kill a process;  u, up: start it again
f, freeze NODE|cloud          stop it where it is;  t, thaw: let it go on
l, list                       daemons, and where they live
q, quit                       end";

fn wrong<T>(what: impl Into<String>) -> Result<T, Unreadable> {
    Err(Unreadable(what.into()))
}

fn parsed<T: FromStr>(word: &str) -> Result<T, Unreadable>
where
    T::Err: std::fmt::Display,
{
    word.parse().map_err(|error: T::Err| Unreadable(format!("{word:?} {error}")))
}

impl FromStr for Machine {
    type Err = Unreadable;

    fn from_str(word: &str) -> Result<Self, Unreadable> {
        match word {
            "cloud" | "c" => Ok(Self::Cloud),
            _ => node(word).map(Self::Node),
        }
    }
}

fn node(word: &str) -> Result<usize, Unreadable> {
    match word.trim_start_matches("node").parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => wrong(format!("{word:?} is no node: they are 1, 2, …")),
    }
}

impl FromStr for Command {
    type Err = Unreadable;

    fn from_str(line: &str) -> Result<Self, Unreadable> {
        let line = line.trim();
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let words: Vec<_> = rest.split_whitespace().collect();
        Ok(match (verb, words.as_slice()) {
            ("s" | "start", [kind, name]) => Self::Start(parsed(kind)?, parsed(name)?, None),
            ("s" | "start", [kind, name, on]) => Self::Start(parsed(kind)?, parsed(name)?, Some(node(on)?)),
            ("e" | "send", [name, _, ..]) => {
                let text = rest.trim_start().strip_prefix(name).unwrap_or_default().trim();
                Self::Send(parsed(name)?, text.to_owned())
            }
            ("feed", [name, source]) => Self::Feed(parsed(name)?, parsed(source)?),
            ("m" | "move", [name]) => Self::Move(parsed(name)?, None, MoveMode::Live),
            ("m" | "move", [name, "copy"]) => Self::Move(parsed(name)?, None, MoveMode::StopAndCopy),
            ("m" | "move", [name, to]) => Self::Move(parsed(name)?, Some(node(to)?), MoveMode::Live),
            ("m" | "move", [name, to, "copy"]) => Self::Move(parsed(name)?, Some(node(to)?), MoveMode::StopAndCopy),
            ("k" | "kill", [machine]) => Self::Kill(machine.parse()?),
            ("u" | "up", [machine]) => Self::Up(machine.parse()?),
            ("f" | "freeze", [machine]) => Self::Freeze(machine.parse()?),
            ("t" | "thaw", [machine]) => Self::Thaw(machine.parse()?),
            ("l" | "list", []) => Self::List,
            ("h" | "help" | "?", _) => Self::Help,
            ("q" | "quit", []) => Self::Quit,
            _ => return wrong(format!("{line:?} says nothing here; help shows what does")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_in_long_and_in_short() {
        let name = || "votes".parse().unwrap();
        let read = |line: &str| line.parse::<Command>();
        assert_eq!(read("start tally votes 2"), Ok(Command::Start("tally".parse().unwrap(), name(), Some(2))));
        assert_eq!(read(" e votes  two words "), Ok(Command::Send(name(), "two words".to_owned())));
        assert_eq!(read("m votes node3 copy"), Ok(Command::Move(name(), Some(3), MoveMode::StopAndCopy)));
        assert_eq!(read("move votes"), Ok(Command::Move(name(), None, MoveMode::Live)));
        assert_eq!(read("k cloud"), Ok(Command::Kill(Machine::Cloud)));
        assert_eq!(read("thaw 1"), Ok(Command::Thaw(Machine::Node(1))));
    }

    #[test]
    fn a_line_that_says_nothing_is_told_so() {
        for line in ["start tally", "kill 0", "kill nobody", "send votes", "dance", "start t*lly votes"] {
            assert!(line.parse::<Command>().is_err(), "{line}");
        }
    }
}
