//! Lines that a cell asks for. They are read by a thread of their own, and only when one is wanted: what is typed otherwise
//! stays with the terminal.

use std::io::{self, BufRead as _, IsTerminal as _};

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use tokio::sync::mpsc;

/// A line, or the end of the input.
#[derive(Debug)]
pub(super) enum Typed {
    /// A line, without its end.
    Line(String),
    /// There is no more input.
    End,
}

/// Standard input.
pub(super) struct Keyboard {
    wanted: Option<std::sync::mpsc::Sender<()>>,
    lines: Option<mpsc::UnboundedReceiver<io::Result<Typed>>>,
    /// Whether the thread waits for a line.
    is_reading: bool,
    /// The terminal as it was before it hid what is typed.
    shown: Option<Termios>,
}

impl Keyboard {
    pub(super) fn new() -> Self {
        Self { wanted: None, lines: None, is_reading: false, shown: None }
    }

    /// Asks for a line; `hidden` keeps a terminal from showing it.
    pub(super) fn ask(&mut self, hidden: bool) -> io::Result<()> {
        if hidden {
            self.hide();
        }
        if self.is_reading {
            return Ok(()); // the line that an earlier question did not need
        }
        if self.wanted.is_none() {
            self.start()?;
        }
        if let Some(wanted) = &self.wanted {
            self.is_reading = wanted.send(()).is_ok();
        }
        Ok(())
    }

    /// The line that was asked for; waits for ever when none was.
    pub(super) async fn typed(&mut self) -> io::Result<Typed> {
        let (true, Some(lines)) = (self.is_reading, &mut self.lines) else { return std::future::pending().await };
        let line = lines.recv().await.unwrap_or(Ok(Typed::End));
        self.is_reading = false;
        self.show_again();
        line
    }

    /// The question was answered elsewhere.
    pub(super) fn show_again(&mut self) {
        if let Some(before) = self.shown.take() {
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &before); // the terminal is gone
            eprintln!(); // the line end that was typed was not shown
        }
    }

    fn hide(&mut self) {
        if self.shown.is_some() || !io::stdin().is_terminal() {
            return;
        }
        let Ok(before) = tcgetattr(io::stdin()) else { return };
        let mut hidden = before.clone();
        hidden.local_flags.remove(LocalFlags::ECHO);
        if tcsetattr(io::stdin(), SetArg::TCSANOW, &hidden).is_ok() {
            self.shown = Some(before);
        }
    }

    fn start(&mut self) -> io::Result<()> {
        let (wanted, wishes) = std::sync::mpsc::channel();
        let (read, lines) = mpsc::unbounded_channel();
        std::thread::Builder::new().name("keyboard".to_owned()).spawn(move || {
            while wishes.recv().is_ok() {
                let mut line = String::new();
                let typed = io::stdin().lock().read_line(&mut line).map(|length| match length {
                    0 => Typed::End,
                    _ => Typed::Line(line.trim_end_matches(['\n', '\r']).to_owned()),
                });
                if read.send(typed).is_err() {
                    return;
                }
            }
        })?;
        (self.wanted, self.lines) = (Some(wanted), Some(lines));
        Ok(())
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        self.show_again();
    }
}
