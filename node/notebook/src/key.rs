//! Whose output a block holds.

use std::fmt;

use wayfare_protocol::RunId;

/// One attempt of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunKey {
    /// The run.
    pub run: RunId,
    /// Which attempt, from 1.
    pub attempt: u32,
}

impl fmt::Display for RunKey {
    /// The run's id, and `.N` for an attempt other than the first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.attempt {
            1 => write!(f, "{}", self.run),
            attempt => write!(f, "{}.{attempt}", self.run),
        }
    }
}

/// What an output block says of where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputKey {
    /// Nothing: it was imported, or written by another program.
    None,
    /// A run of Wayfare's.
    Run(RunKey),
    /// Another program's name for a run.
    Other(String),
}

impl OutputKey {
    /// Reads `output`, `output:<key>`. `None` if the word is neither.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        let Some(key) = word.strip_prefix("output:") else { return (word == "output").then_some(Self::None) };
        let (run, attempt) = match key.split_once('.') {
            None => (key, Some(1)),
            Some((run, attempt)) => (run, attempt.parse().ok().filter(|n: &u32| *n > 1 && attempt == n.to_string())),
        };
        Some(match (run.parse::<RunId>(), attempt) {
            (Ok(id), Some(attempt)) if id.to_string() == run => Self::Run(RunKey { run: id, attempt }),
            _ => Self::Other(key.to_owned()),
        })
    }
}

impl fmt::Display for OutputKey {
    /// The first word of the block.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => write!(f, "output"),
            Self::Run(key) => write!(f, "output:{key}"),
            Self::Other(key) => write!(f, "output:{key}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_written() {
        let run: RunId = "0190f5fe-7c00-7a00-8000-000000000001".parse().expect("an id");
        for key in [
            OutputKey::None,
            OutputKey::Run(RunKey { run, attempt: 1 }),
            OutputKey::Run(RunKey { run, attempt: 12 }),
            OutputKey::Other("exec-1700000000000-ab12c".to_owned()),
            OutputKey::Other(format!("{run}.1")),
            OutputKey::Other(String::new()),
        ] {
            assert_eq!(OutputKey::of_word(&key.to_string()), Some(key));
        }
        assert_eq!(OutputKey::of_word("outputs"), None);
    }
}
