//! Plans as files: TOML, in a version of its own.

use super::{Plan, Wrong};

/// A file that is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not TOML, or not of this form.
    #[error("line {line}: {why}")]
    Form {
        /// Counted from 1.
        line: usize,
        /// What is wrong there.
        why: String,
    },
    /// It says what cannot be.
    #[error(transparent)]
    Wrong(#[from] Wrong),
}

/// The line, from 1, in which a byte stands.
pub(crate) fn line_at(text: &str, byte: usize) -> usize {
    1 + text.as_bytes().iter().take(byte).filter(|byte| **byte == b'\n').count()
}

impl Unreadable {
    pub(crate) fn of(text: &str, error: &toml::de::Error) -> Self {
        let line = error.span().map_or(1, |span| line_at(text, span.start));
        Self::Form { line, why: error.message().replace('\n', " ") }
    }
}

impl Plan {
    /// Reads a plan.
    ///
    /// # Errors
    /// If the text is not one, or says what cannot be.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let plan: Self = toml::from_str(text).map_err(|error| Unreadable::of(text, &error))?;
        plan.check()?;
        Ok(plan)
    }

    /// As a file.
    ///
    /// # Errors
    /// If it holds a number that no file can hold: a seed of 2^63 or more.
    pub fn write(&self) -> Result<String, toml::ser::Error> {
        toml::to_string_pretty(self)
    }
}

#[cfg(test)]
mod tests {
    use super::Unreadable;
    use crate::mutation::Mutation;
    use crate::plan::Plan;

    #[test]
    fn every_plan_is_read_as_it_was_written() {
        for seed in 0..100 {
            let plan = Plan::of(seed, (seed % 2 == 0).then_some(Mutation::HostForgets));
            let text = plan.write().unwrap();
            assert_eq!(Plan::read(&text).as_ref(), Ok(&plan), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let text = Plan::of(3, None).write().unwrap();
        let wrong = text.replacen("hostile", "hostle", 1);
        let Err(Unreadable::Form { line, why }) = Plan::read(&wrong) else { panic!("{wrong}") };
        assert_eq!(text.lines().nth(line - 1).map(|line| line.starts_with("hostile")), Some(true), "{line}: {why}");
        assert!(why.contains("hostle"), "{why}");
        assert!(matches!(Plan::read("version = 99\n"), Err(Unreadable::Form { .. })));
    }
}
