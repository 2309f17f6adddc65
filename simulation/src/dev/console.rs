//! Where a developer types, at the pace of the clock on the wall: the only part of the world that knows that clock.

#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a person types, in real time")]

use std::io::BufRead;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How long a line is waited for before the world goes on.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// See the module.
pub struct Console {
    began: Instant,
    lines: Receiver<String>,
}

/// What was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    Line(String),
    /// Nothing yet.
    Nothing,
    /// Nothing more.
    End,
}

impl Console {
    /// Reads the lines of a source until it ends, in a thread of its own.
    #[must_use]
    pub fn new(source: impl BufRead + Send + 'static) -> Self {
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            for line in source.lines() {
                let Ok(line) = line else { return };
                if tell.send(line).is_err() {
                    return; // the mesh has ended
                }
            }
        });
        Self { began: Instant::now(), lines }
    }

    /// Since the beginning.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Waits a moment for a line.
    pub(super) fn typed(&self) -> Typed {
        match self.lines.recv_timeout(LOOK_EVERY) {
            Ok(line) => Typed::Line(line),
            Err(RecvTimeoutError::Timeout) => Typed::Nothing,
            Err(RecvTimeoutError::Disconnected) => Typed::End,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_from_a_source_until_it_ends() {
        let console = Console::new(std::io::Cursor::new("one\ntwo\n"));
        let mut typed = std::iter::repeat_with(|| console.typed()).filter(|typed| *typed != Typed::Nothing);
        let line = |text: &str| Some(Typed::Line(text.to_owned()));
        assert_eq!([typed.next(), typed.next(), typed.next()], [line("one"), line("two"), Some(Typed::End)]);
    }
}
