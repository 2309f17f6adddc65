//! A kernel to its front end, a client of a session to the mesh.
//!
//! Cells and questions to the session's kernel are served in the order in which they come, one after the other, as every
//! kernel does; cells that wait are aborted when one before them fails and asked for that. Everything else is answered at once, also
//! while a cell runs.

use std::collections::VecDeque;
use std::time::Duration;

use jupyter_protocol::messaging::{ExecuteRequest as JupyterExecute, JupyterMessage, JupyterMessageContent as Content};
use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use wayfare_protocol::limits::CODE_MAX;
use wayfare_protocol::mrp::{ExecuteError, ExecuteRequest, RunEvent};
use wayfare_protocol::session::{SessionAnswer, SessionCall, SessionInfo};
use wayfare_protocol::stream::RunUpdate;
use wayfare_protocol::{RequestId, RunId};

use super::messages::{Said, by_itself, of_error, of_event, of_outcome};
use super::session::{OpenedHere, SessionWish};
use super::sockets::{Channel, Sockets};
use super::{JupyterError, language, question};
use crate::client::{Happening, MeshClient};

/// Jupyter's variable for the process of the front end.
const PARENT_VARIABLE: &str = "JPY_PARENT_PID";
/// How often it is looked whether the front end lives.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const PROTOCOL_VERSION: &str = "5.3";

/// A cell that is being executed.
struct Cell {
    asked: JupyterMessage,
    run: RunId,
    is_silent: bool,
    stops_on_error: bool,
    error: Option<ExecuteError>,
}

/// What the session's kernel is busy with for this front end.
enum Doing {
    Nothing,
    Cell(Cell),
    Question { asked: JupyterMessage, request: RequestId },
}

/// Whether the kernel goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    On,
    Over,
}

/// A kernel.
pub(super) struct Kernel {
    sockets: Sockets,
    client: MeshClient,
    session: SessionInfo,
    wish: SessionWish,
    waiting: VecDeque<JupyterMessage>,
    doing: Doing,
    /// Cells that counted, as far as the session's kernel has said.
    count: u32,
}

impl Kernel {
    pub(super) fn new(sockets: Sockets, opened: OpenedHere, wish: SessionWish) -> Self {
        let OpenedHere { client, session } = opened;
        Self { sockets, client, session, wish, waiting: VecDeque::new(), doing: Doing::Nothing, count: 0 }
    }

    /// Serves until the front end shuts the kernel down, or is gone.
    pub(super) async fn run(mut self) -> Result<(), JupyterError> {
        let (mut interrupts, mut ends) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let mut look = tokio::time::interval(LOOK_EVERY);
        self.sockets.publish(None, Said("status", json!({ "execution_state": "starting" }))).await;
        loop {
            tokio::select! {
                biased;
                _ = ends.recv() => break,
                _ = interrupts.recv() => self.interrupt(),
                _ = look.tick() => if front_end_is_gone() { break },
                happening = self.client.next() => self.on_happening(happening?).await,
                (channel, message) = self.sockets.next() => {
                    if self.on_message(channel, message).await == Life::Over {
                        return Ok(());
                    }
                }
            }
        }
        self.end().await;
        Ok(())
    }

    /// A session of the front end's own ends with it; a named one lives on.
    async fn end(&mut self) {
        if self.wish.is_own() {
            self.stop().await;
        }
    }

    async fn stop(&mut self) {
        if let Err(error) = self.client.call(SessionCall::Stop).await {
            tracing::warn!(%error, session = %self.session.key, "not stopped");
        }
    }

    fn interrupt(&self) {
        if let Doing::Cell(cell) = &self.doing {
            self.client.ask(SessionCall::Interrupt { run: Some(cell.run) });
        }
    }

    async fn on_message(&mut self, channel: Channel, message: JupyterMessage) -> Life {
        match &message.content {
            Content::ExecuteRequest(_)
            | Content::CompleteRequest(_)
            | Content::InspectRequest(_)
            | Content::IsCompleteRequest(_)
            | Content::HistoryRequest(_) => {
                self.waiting.push_back(message);
                self.go_on().await;
                return Life::On;
            }
            Content::InputReply(reply) => {
                if let Doing::Cell(cell) = &self.doing {
                    self.client.ask(SessionCall::Input { run: cell.run, text: reply.value.clone() });
                }
                return Life::On;
            }
            Content::CommOpen(open) => {
                let id = open.comm_id.clone();
                let closed = json!({ "comm_id": id, "data": { "error": "widgets are not supported" } });
                self.sockets.publish(Some(&message), Said("comm_close", closed)).await;
                return Life::On;
            }
            Content::CommMsg(_) | Content::CommClose(_) => return Life::On,
            _ => {}
        }
        self.state(&message, "busy").await;
        let life = self.answer(channel, &message).await;
        self.state(&message, "idle").await;
        life
    }

    async fn answer(&mut self, channel: Channel, message: &JupyterMessage) -> Life {
        let (kind, content) = match &message.content {
            Content::KernelInfoRequest(_) => ("kernel_info_reply", self.info()),
            Content::InterruptRequest(_) => {
                self.interrupt();
                ("interrupt_reply", ok())
            }
            Content::ShutdownRequest(asked) => {
                if asked.restart || self.wish.is_own() {
                    self.stop().await;
                }
                let content = json!({ "status": "ok", "restart": asked.restart });
                self.sockets.publish(Some(message), Said("shutdown_reply", content.clone())).await;
                self.sockets.reply(channel, message, "shutdown_reply", content).await;
                return Life::Over;
            }
            Content::CommInfoRequest(_) => ("comm_info_reply", json!({ "status": "ok", "comms": {} })),
            other => {
                tracing::debug!(kind = other.message_type(), "not a request of this door's");
                return Life::On;
            }
        };
        self.sockets.reply(channel, message, kind, content).await;
        Life::On
    }

    fn info(&self) -> Value {
        let (device, key) = (&self.session.device_name, &self.session.key);
        json!({
            "status": "ok",
            "protocol_version": PROTOCOL_VERSION,
            "implementation": "wayfare",
            "implementation_version": env!("CARGO_PKG_VERSION"),
            "banner": format!("{key} on {device}, by Wayfare"),
            "language_info": language::info(self.wish.language.as_str()),
            "help_links": [],
            "debugger": false,
        })
    }

    async fn state(&mut self, parent: &JupyterMessage, state: &str) {
        self.sockets.publish(Some(parent), Said("status", json!({ "execution_state": state }))).await;
    }

    /// Begins with what waits if there is nothing to do.
    async fn go_on(&mut self) {
        while matches!(self.doing, Doing::Nothing) {
            let Some(asked) = self.waiting.pop_front() else { return };
            self.state(&asked, "busy").await;
            if let Content::ExecuteRequest(request) = &asked.content {
                let request = request.clone();
                self.begin(asked, request).await;
            } else if let Some(what) = question::of_request(&asked.content) {
                let request = self.client.ask(SessionCall::Ask(what));
                self.doing = Doing::Question { asked, request };
            }
        }
    }

    async fn on_answer(&mut self, request: RequestId, answer: SessionAnswer) {
        match std::mem::replace(&mut self.doing, Doing::Nothing) {
            Doing::Question { asked, request: open } if open == request => {
                let told = match &answer {
                    SessionAnswer::Told(told) => Some(told),
                    other => {
                        tracing::debug!(?other, "the kernel was asked and did not say");
                        None
                    }
                };
                if let Some((kind, content)) = question::reply(&asked.content, told) {
                    self.sockets.reply(Channel::Shell, &asked, kind, content).await;
                }
                self.state(&asked, "idle").await;
                self.go_on().await;
            }
            other => self.doing = other,
        }
    }

    async fn begin(&mut self, asked: JupyterMessage, request: JupyterExecute) {
        if !request.silent {
            let input = json!({ "code": request.code, "execution_count": self.count + 1 });
            self.sockets.publish(Some(&asked), Said("execute_input", input)).await;
        }
        let error = (request.code.len() > CODE_MAX)
            .then(|| by_itself("TooLarge", format!("the cell is longer than {CODE_MAX} bytes")));
        let is_refused = error.is_some();
        let execute = ExecuteRequest {
            silent: request.silent,
            store_history: request.store_history && !request.silent,
            allow_stdin: request.allow_stdin,
            ..ExecuteRequest::of(request.code)
        };
        let run = if is_refused { RunId(uuid::Uuid::nil()) } else { self.client.run(execute) };
        let (is_silent, stops_on_error) = (request.silent, request.stop_on_error);
        self.doing = Doing::Cell(Cell { asked, run, is_silent, stops_on_error, error: None });
        if let Some(error) = error {
            self.fail(error).await;
            self.finish().await;
        }
    }

    async fn on_happening(&mut self, happening: Happening) {
        match happening {
            Happening::Run(RunUpdate::Event { event, .. }) => self.on_event(&event).await,
            Happening::Run(RunUpdate::Ended(outcome)) => {
                if let Some(error) = of_outcome(outcome) {
                    self.fail(error).await;
                }
                self.finish().await;
                self.go_on().await;
            }
            Happening::Run(RunUpdate::Refused(refusal)) => {
                self.fail(by_itself(&format!("{:?}", refusal.code), refusal.detail)).await;
                self.finish().await;
                self.go_on().await;
            }
            Happening::Answered { request, answer } => self.on_answer(request, answer).await,
            // The link dials again by itself.
            Happening::Run(RunUpdate::Attached { .. } | RunUpdate::Waiting)
            | Happening::LinkLost { .. }
            | Happening::LinkBack
            | Happening::Opened(_)
            | Happening::Accepted(_) => {}
        }
    }

    async fn on_event(&mut self, event: &RunEvent) {
        let Doing::Cell(cell) = &mut self.doing else { return };
        let said_count = match event {
            RunEvent::Result(result) => result.execution_count,
            RunEvent::Error { error, execution_count, .. } => {
                cell.error = Some(error.clone());
                *execution_count
            }
            _ => None,
        };
        if !cell.is_silent {
            self.count = match (said_count, event.is_last()) {
                (Some(said), _) => said,
                (None, true) => self.count + 1,
                (None, false) => self.count,
            };
        }
        if let RunEvent::StdinRequest { prompt, password } = event {
            let content = json!({ "prompt": prompt, "password": password });
            return self.sockets.reply(Channel::Stdin, &cell.asked, "input_request", content).await;
        }
        if let Some(said) = of_event(event, self.count) {
            self.sockets.publish(Some(&cell.asked), said).await;
        }
    }

    /// An error that is not the code's own.
    async fn fail(&mut self, error: ExecuteError) {
        if let Doing::Cell(cell) = &mut self.doing {
            self.sockets.publish(Some(&cell.asked), Said("error", of_error(&error))).await;
            cell.error = Some(error);
        }
    }

    /// Answers the cell that is over, and aborts what waits if it failed and asked for that.
    async fn finish(&mut self) {
        let cell = match std::mem::replace(&mut self.doing, Doing::Nothing) {
            Doing::Cell(cell) => cell,
            other => return self.doing = other,
        };
        let mut content = match &cell.error {
            None => json!({ "status": "ok", "payload": [], "user_expressions": {} }),
            Some(error) => {
                let mut content = of_error(error);
                content["status"] = "error".into();
                content
            }
        };
        content["execution_count"] = self.count.into();
        self.sockets.reply(Channel::Shell, &cell.asked, "execute_reply", content).await;
        self.state(&cell.asked, "idle").await;
        if cell.error.is_some() && cell.stops_on_error {
            let is_cell = |asked: &JupyterMessage| matches!(asked.content, Content::ExecuteRequest(_));
            let (cells, questions): (VecDeque<_>, _) = std::mem::take(&mut self.waiting).into_iter().partition(is_cell);
            self.waiting = questions;
            for aborted in cells {
                let content = json!({ "status": "aborted", "execution_count": self.count });
                self.sockets.reply(Channel::Shell, &aborted, "execute_reply", content).await;
                self.state(&aborted, "idle").await;
            }
        }
    }
}

fn ok() -> Value {
    json!({ "status": "ok" })
}

/// Whether the process that started this one is known and gone.
fn front_end_is_gone() -> bool {
    let parent = std::env::var(PARENT_VARIABLE).ok().and_then(|pid| pid.parse::<i32>().ok());
    parent.is_some_and(|pid| pid > 1 && kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH))
}
