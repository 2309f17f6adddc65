//! Where text goes: pieces as they are rendered, notes for people beside them.

use std::io::{self, Write};

use serde::Serialize;

use super::exit::Failure;
use crate::render::{Channel, Piece};

/// Standard output and standard error.
#[derive(Clone, Copy, Debug)]
pub(super) struct Screen;

impl Screen {
    /// Writes pieces of a run at once.
    pub(super) fn show(self, pieces: &[Piece]) -> io::Result<()> {
        for piece in pieces {
            match piece.channel {
                Channel::Out => {
                    let mut out = io::stdout().lock();
                    out.write_all(piece.text.as_bytes())?;
                    out.flush()?;
                }
                Channel::Err => io::stderr().lock().write_all(piece.text.as_bytes())?,
            }
        }
        Ok(())
    }

    /// A line of an answer.
    pub(super) fn line(self, line: &str) -> io::Result<()> {
        writeln!(io::stdout().lock(), "{line}")
    }

    /// A value as a line of JSON.
    pub(super) fn json(self, value: &impl Serialize) -> Result<(), Failure> {
        let line = serde_json::to_string(value).map_err(io::Error::other)?;
        Ok(self.line(&line)?)
    }

    /// A table: columns padded to their widest cell.
    pub(super) fn table(self, rows: &[Vec<String>]) -> io::Result<()> {
        let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
        let wide = |column: usize| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<_> = (0..columns).map(wide).collect();
        for row in rows {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            self.line(cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }

    /// Something that people should know, beside the output.
    pub(super) fn note(self, note: &str) {
        let _ = writeln!(io::stderr().lock(), "{note}"); // nobody is there to read it
    }
}
