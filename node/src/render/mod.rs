//! A run as the command line shows it: on a terminal, or as lines of JSON. Nothing here writes: [`RunUpdate`]s go in, text
//! for standard output and standard error comes out.

mod json;
mod text;

use std::time::Duration;

use wayfare_protocol::RunId;
use wayfare_protocol::stream::RunUpdate;

/// Where a piece of text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// A piece of text to write, as it is: line ends are in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where to.
    pub channel: Channel,
    /// The text.
    pub text: String,
}

/// How a run is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// What the cell writes, unchanged, and a label at its end.
    #[default]
    Text,
    /// One JSON object a line, for programs, on standard output.
    Json,
}

/// Shows one run.
#[derive(Clone, Debug)]
pub struct Renderer {
    shape: Shape,
}

#[derive(Clone, Debug)]
enum Shape {
    Text(text::TextRenderer),
    Json(json::JsonRenderer),
}

impl Renderer {
    /// Shows a run; `cell` is its cell's number in a notebook.
    #[must_use]
    pub fn new(form: Form, run: RunId, cell: Option<u32>) -> Self {
        let shape = match form {
            Form::Text => Shape::Text(text::TextRenderer::default()),
            Form::Json => Shape::Json(json::JsonRenderer { run, cell }),
        };
        Self { shape }
    }

    /// What a terminal may show while nothing is written: how long the cell has run, and where. `None` for programs, and while
    /// the cell's text has not ended its line.
    #[must_use]
    pub fn progress(&self, elapsed: Duration) -> Option<String> {
        match &self.shape {
            Shape::Text(text) => text.progress(elapsed),
            Shape::Json(_) => None,
        }
    }

    /// What to write for the next update.
    pub fn update(&mut self, update: &RunUpdate) -> Vec<Piece> {
        match &mut self.shape {
            Shape::Text(text) => text.update(update),
            Shape::Json(json) => vec![json.update(update)],
        }
    }
}

/// A duration for people: under 10 s with one decimal (`0.3 s`), under a minute in whole seconds (`42 s`), then minutes and
/// seconds (`2 m 5 s`). Rounded to what is shown before the form is chosen: 9.96 s is `10 s`.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let ms = duration.as_millis();
    let tenths = (ms + 50) / 100;
    if tenths < 100 {
        return format!("{}.{} s", tenths / 10, tenths % 10);
    }
    match (ms + 500) / 1000 {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{} m {} s", seconds / 60, seconds % 60),
    }
}

/// A size for people: `512 B`, `1.5 kB`, `20 MB` (powers of 1000; one decimal under 10).
#[must_use]
pub fn size(bytes: u64) -> String {
    let (mut unit, mut scale) = ("B", 1_u64);
    for (larger, at) in [("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000)] {
        if bytes >= at {
            (unit, scale) = (larger, at);
        }
    }
    let tenths = bytes / (scale / 10).max(1);
    if scale == 1 {
        format!("{bytes} B")
    } else if tenths < 100 {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    } else {
        format!("{} {unit}", bytes / scale)
    }
}

#[cfg(test)]
mod tests;
