//! A witness outside of our journals: a file that a cell appends to by itself. What stands in it was done, each line once per
//! time that it was done; what clients are shown is judged by it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::patience::until;

/// The file of one cell, and the cell's code.
#[derive(Clone, Debug)]
pub struct Witness {
    label: String,
    file: PathBuf,
    stop: PathBuf,
}

impl Witness {
    /// A witness in a folder; `label` names the run in its lines.
    #[must_use]
    pub fn new(folder: &Path, label: &str) -> Self {
        let file = |kind: &str| folder.join(format!("{label}.{kind}"));
        Self { label: label.to_owned(), file: file("done"), stop: file("stop") }
    }

    /// A cell that counts: each number goes to the file first and is printed then, until it is told to stop.
    #[must_use]
    pub fn counting_cell(&self) -> String {
        format!(
            "import os, time\n\
             file = os.open({file:?}, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)\n\
             number = 0\n\
             while not os.path.exists({stop:?}):\n    \
                 number += 1\n    \
                 os.write(file, b'{label} %d\\n' % number)\n    \
                 print('{label}', number, flush=True)\n    \
                 time.sleep(0.01)\n\
             os.close(file)\n\
             number\n",
            file = self.file.display().to_string(),
            stop = self.stop.display().to_string(),
            label = self.label,
        )
    }

    /// Lets the cell end.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn stop(&self) -> Result<()> {
        fs::write(&self.stop, "").with_context(|| self.stop.display().to_string())
    }

    /// What was done, in order.
    ///
    /// # Errors
    /// If there is no such file.
    pub fn done(&self) -> Result<Vec<String>> {
        let text = fs::read_to_string(&self.file).with_context(|| self.file.display().to_string())?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// Waits until the cell has done more by so many lines, whoever listens.
    ///
    /// # Errors
    /// If it does not go on.
    pub async fn goes_on_by(&self, lines: usize) -> Result<()> {
        let before = self.done().map_or(0, |done| done.len());
        let more = || self.done().is_ok_and(|done| done.len() >= before + lines).then_some(());
        until("the cell goes on", more).await
    }

    /// Each number was done once, in order, from 1 on.
    ///
    /// # Errors
    /// Names the first line that is not as it must be.
    pub fn each_once(&self) -> Result<u64> {
        let done = self.done()?;
        for (number, line) in (1_u64..).zip(&done) {
            let expected = format!("{} {number}", self.label);
            ensure!(*line == expected, "the witness has {line:?} where {expected:?} must stand");
        }
        Ok(u64::try_from(done.len())?)
    }

    /// What was shown is what was done, all of it and once.
    ///
    /// # Errors
    /// Names what differs.
    pub fn was_shown_as(&self, stdout: &str) -> Result<()> {
        let count = self.each_once()?;
        let shown: Vec<_> = stdout.lines().map(str::to_owned).collect();
        ensure!(shown == self.done()?, "{} lines were shown and {count} done, or others", shown.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn witness(lines: &str) -> (tempfile::TempDir, Witness) {
        let folder = tempfile::tempdir().expect("folder");
        let witness = Witness::new(folder.path(), "cell");
        fs::write(&witness.file, lines).expect("written");
        (folder, witness)
    }

    #[test]
    fn what_was_done_once_and_shown_whole_is_believed() {
        let (_folder, witness) = witness("cell 1\ncell 2\n");
        assert_eq!(witness.each_once().expect("once"), 2);
        witness.was_shown_as("cell 1\ncell 2\n").expect("whole");
    }

    #[test]
    fn what_was_done_twice_or_not_at_all_is_seen() {
        for lines in ["cell 1\ncell 1\ncell 2\n", "cell 1\ncell 3\n", "cell 1\ncell 2\ncell 1\ncell 2\n"] {
            assert!(witness(lines).1.each_once().is_err(), "{lines:?}");
        }
    }

    #[test]
    fn what_was_shown_otherwise_than_done_is_seen() {
        let (_folder, witness) = witness("cell 1\ncell 2\n");
        for shown in ["cell 1\n", "cell 1\ncell 1\ncell 2\n", "cell 2\ncell 1\n", ""] {
            assert!(witness.was_shown_as(shown).is_err(), "{shown:?}");
        }
    }
}
