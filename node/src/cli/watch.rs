//! Watching one run: its events are shown, its questions answered, and Ctrl-C interrupts it.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;
use wayfare_protocol::mrp::RunEvent;
use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::session::{SessionAnswer, SessionCall};
use wayfare_protocol::stream::RunUpdate;
use wayfare_protocol::{Refusal, RequestId, RunId};

use super::exit::Failure;
use super::keyboard::{Keyboard, Typed};
use super::progress::Progress;
use super::screen::Screen;
use crate::client::{Happening, MeshClient};
use crate::render::{Form, Renderer};

/// How watching ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The run is over.
    Ended(RunOutcome),
    /// It was refused, or cannot be shown.
    Refused(Refusal),
    /// It goes on without being watched; this is the next event.
    Left { next: u64 },
}

/// What a run is watched with.
pub(super) struct Stage {
    pub(super) screen: Screen,
    pub(super) form: Form,
    keyboard: Keyboard,
    interrupts: Signal,
    /// Whether Ctrl-C was pressed.
    pub(super) was_interrupted: bool,
    /// After an interrupt a run has so long to end before it is left.
    patience: Duration,
}

/// What is asked of the run at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    GoOn,
    /// An interrupt was sent; of a time-out's, the run is left when it does not end.
    Stop {
        leave_at: Option<Instant>,
    },
}

/// What is to be dealt with.
enum Next {
    Interrupt,
    Alarm,
    Typed(Typed),
    Happening(Box<Happening>),
}

struct Watching<'a> {
    run: RunId,
    stage: &'a mut Stage,
    renderer: Renderer,
    progress: Progress,
    next: u64,
    wish: Wish,
    timeout_at: Option<Instant>,
    /// The cell waits for a line.
    is_asked: bool,
    was_waiting: bool,
    calls: Vec<(RequestId, &'static str)>,
}

impl Stage {
    pub(super) fn new(screen: Screen, form: Form, patience: Duration) -> Result<Self, Failure> {
        let interrupts = signal(SignalKind::interrupt())?;
        Ok(Self { screen, form, keyboard: Keyboard::new(), interrupts, was_interrupted: false, patience })
    }

    /// Does something that Ctrl-C gives up.
    pub(super) async fn or_interrupt<T, E: Into<Failure>>(
        &mut self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            biased;
            _ = self.interrupts.recv() => Err(Failure::Interrupted),
            done = work => done.map_err(Into::into),
        }
    }

    /// A line that somebody types; empty when there is no more input.
    pub(super) async fn line(&mut self) -> Result<String, Failure> {
        self.keyboard.ask(false)?;
        tokio::select! {
            biased;
            _ = self.interrupts.recv() => Err(Failure::Interrupted),
            typed = self.keyboard.typed() => Ok(match typed? {
                Typed::Line(line) => line,
                Typed::End => String::new(),
            }),
        }
    }

    /// Watches the run that the client shows from event `next` on.
    pub(super) async fn watch(
        &mut self,
        client: &mut MeshClient,
        run: RunId,
        cell: Option<u32>,
        next: u64,
        timeout: Option<Duration>,
    ) -> Result<End, Failure> {
        let watching = Watching {
            run,
            renderer: Renderer::new(self.form, run, cell),
            progress: Progress::new(self.form),
            stage: self,
            next,
            wish: Wish::GoOn,
            timeout_at: timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
            is_asked: false,
            was_waiting: false,
            calls: Vec::new(),
        };
        watching.until_end(client).await
    }
}

impl Watching<'_> {
    async fn until_end(mut self, client: &mut MeshClient) -> Result<End, Failure> {
        loop {
            let alarm = self.alarm();
            let next = tokio::select! {
                biased;
                _ = self.stage.interrupts.recv() => Next::Interrupt,
                () = at(alarm) => Next::Alarm,
                typed = self.stage.keyboard.typed() => Next::Typed(typed?),
                happening = client.next() => Next::Happening(Box::new(happening?)),
                () = self.progress.tick(), if self.progress.is_on() && !self.is_asked => {
                    self.progress.show(&self.renderer);
                    continue;
                }
            };
            self.progress.hide();
            let ended = match next {
                Next::Interrupt => self.on_interrupt(client),
                Next::Alarm => self.on_alarm(client),
                Next::Typed(typed) => {
                    self.on_typed(typed, client);
                    None
                }
                Next::Happening(happening) => self.on_happening(*happening)?,
            };
            if let Some(end) = ended {
                self.stage.keyboard.show_again();
                return Ok(end);
            }
        }
    }

    fn alarm(&self) -> Option<Instant> {
        match self.wish {
            Wish::GoOn => self.timeout_at,
            Wish::Stop { leave_at } => leave_at,
        }
    }

    fn interrupt(&mut self, client: &MeshClient, leave_at: Option<Instant>) {
        let request = client.ask(SessionCall::Interrupt { run: Some(self.run) });
        self.calls.push((request, "the interrupt"));
        self.wish = Wish::Stop { leave_at };
    }

    fn on_interrupt(&mut self, client: &MeshClient) -> Option<End> {
        let is_first = !std::mem::replace(&mut self.stage.was_interrupted, true);
        if !is_first {
            return Some(End::Left { next: self.next });
        }
        self.stage.screen.note("\ninterrupting the cell; Ctrl-C again leaves it running");
        self.interrupt(client, None);
        None
    }

    fn on_alarm(&mut self, client: &MeshClient) -> Option<End> {
        match self.wish {
            Wish::GoOn => {
                self.stage.screen.note("the cell took longer than --timeout allows: interrupting it");
                self.interrupt(client, Some(Instant::now() + self.stage.patience));
                None
            }
            Wish::Stop { .. } => Some(End::Left { next: self.next }),
        }
    }

    fn on_typed(&mut self, typed: Typed, client: &MeshClient) {
        match (typed, self.is_asked) {
            (Typed::Line(text), true) => {
                self.is_asked = false;
                let request = client.ask(SessionCall::Input { run: self.run, text });
                self.calls.push((request, "the input"));
            }
            (Typed::Line(_), false) => self.stage.screen.note("nobody waits for this line any more: it was not sent"),
            (Typed::End, true) => {
                self.is_asked = false;
                self.stage.screen.note("the cell asks for input, and there is none: interrupting it");
                self.interrupt(client, None);
            }
            (Typed::End, false) => {}
        }
    }

    fn on_happening(&mut self, happening: Happening) -> Result<Option<End>, Failure> {
        match happening {
            Happening::Run(update) => return self.on_update(&update),
            Happening::LinkLost { why } => {
                // Some libraries end their words with a link to their documentation.
                let why = why.split(": https://").next().unwrap_or(&why);
                self.stage.screen.note(&format!("… connection lost ({why}); the cell runs on, its output follows"));
            }
            Happening::LinkBack => self.stage.screen.note("… connected again"),
            Happening::Answered { request, answer } => self.on_answer(request, answer),
            Happening::Accepted(_) | Happening::Opened(_) => {}
        }
        Ok(None)
    }

    fn on_answer(&mut self, request: RequestId, answer: SessionAnswer) {
        let Some(at) = self.calls.iter().position(|(asked, _)| *asked == request) else { return };
        let (_, what) = self.calls.remove(at);
        if let SessionAnswer::Refused(refusal) = answer {
            self.stage.screen.note(&format!("{what} was not taken: {refusal}"));
        }
    }

    fn on_update(&mut self, update: &RunUpdate) -> Result<Option<End>, Failure> {
        let is_waiting = matches!(update, RunUpdate::Waiting);
        if is_waiting && std::mem::replace(&mut self.was_waiting, is_waiting) {
            return Ok(None); // said already
        }
        self.was_waiting = is_waiting;
        self.stage.screen.show(&self.renderer.update(update))?;
        match update {
            RunUpdate::Event { number, event } => {
                self.next = number + event.span();
                match event {
                    RunEvent::StdinRequest { password, .. } => {
                        self.is_asked = true;
                        self.stage.keyboard.ask(*password)?;
                    }
                    RunEvent::StdinAnswered => {
                        self.is_asked = false;
                        self.stage.keyboard.show_again();
                    }
                    _ => {}
                }
                Ok(None)
            }
            RunUpdate::Ended(outcome) => Ok(Some(End::Ended(*outcome))),
            RunUpdate::Refused(refusal) => Ok(Some(End::Refused(refusal.clone()))),
            RunUpdate::Attached { .. } | RunUpdate::Waiting => Ok(None),
        }
    }
}

/// Ends at an instant; never without one.
async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
