//! The time that a cell takes, on the terminal's last line while nothing else is written there.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::render::{Form, Renderer};

/// A cell that says nothing for so long, or runs for so long, is shown to run; then the time follows the clock.
const EVERY: Duration = Duration::from_secs(1);
/// Cells that are over sooner show nothing.
const SHORT: Duration = Duration::from_secs(2);
const CLEAR_LINE: &str = "\r\x1b[2K";

/// Whether the line is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// Standard output or standard error is no terminal, or programs read it.
    Never,
    Hidden,
    Shown,
}

/// The line of one cell.
pub(super) struct Progress {
    begun: Instant,
    look: Interval,
    line: Line,
}

impl Progress {
    pub(super) fn new(form: Form) -> Self {
        let is_for_people = form == Form::Text && io::stdout().is_terminal() && io::stderr().is_terminal();
        let begun = Instant::now();
        let mut look = interval_at(begun + SHORT, EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { begun, look, line: if is_for_people { Line::Hidden } else { Line::Never } }
    }

    /// Whether there is anything to wait for.
    pub(super) fn is_on(&self) -> bool {
        self.line != Line::Never
    }

    /// The next time to show it.
    pub(super) async fn tick(&mut self) {
        self.look.tick().await;
    }

    /// Shows it if the cell's own text has ended its line.
    pub(super) fn show(&mut self, renderer: &Renderer) {
        if let Some(text) = renderer.progress(self.begun.elapsed()) {
            self.write(&format!("{CLEAR_LINE}{text}"));
            self.line = Line::Shown;
        }
    }

    /// Takes it away: something else is written.
    pub(super) fn hide(&mut self) {
        if self.line == Line::Shown {
            self.write(CLEAR_LINE);
            self.line = Line::Hidden;
        }
    }

    fn write(&self, text: &str) {
        let mut terminal = io::stderr().lock();
        let _ = terminal.write_all(text.as_bytes()).and_then(|()| terminal.flush()); // nobody looks
    }
}
