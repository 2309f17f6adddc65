//! `wayfare docs queue`: the runs that wait in a document for the devices that were asked for them without a connection.

use serde_json::{Value, json};
use wayfare_core::document::{Body, Place};
use wayfare_core::run_queue::{QueuedEnd, QueuedRun};
use wayfare_notebook::{Cell, Document};
use wayfare_protocol::control::DeviceInfo;
use wayfare_protocol::session::SessionCall;
use wayfare_protocol::{ErrorCode, RunId, SessionId};

use super::docs::Shelf;
use super::docs_arguments::DocumentName;
use super::exit::{Exit, Failure};
use super::lists::{name_of, printable};
use super::versions::time;
use crate::client::ClientError;
use crate::render::Form;

impl Shelf<'_> {
    /// The runs that wait in a document, the oldest first.
    pub(super) async fn queue(&self, name: &DocumentName, devices: &[DeviceInfo]) -> Result<Exit, Failure> {
        let (_, _, body) = self.open(name).await?;
        let waiting = QueuedRun::all_of(&body);
        let text = body.text();
        let cells = Document::parse(&text);
        let found: Vec<_> = waiting.iter().map(|run| (run, cell_of(run, &body, &cells))).collect();
        if self.app.form == Form::Json {
            found.iter().try_for_each(|(run, cell)| self.app.screen.json(&row(run, *cell, devices)))?;
            return Ok(Exit::Good);
        }
        let head = ["RUN", "DEVICE", "SINCE", "SESSION", "STATE", "CELL"].map(str::to_owned).to_vec();
        let rows = found.iter().map(|(run, cell)| {
            let device = printable(&name_of(run.device, devices));
            let cell = cell.map_or_else(|| "(gone)".to_owned(), |cell| format!("{}: {}", cell.index, first_line(cell)));
            let session = format!("{} {}", run.session.name, run.session.language);
            vec![run.run.to_string(), device, time(run.at), session, state(run), cell]
        });
        self.app.screen.table(&std::iter::once(head).chain(rows).collect::<Vec<_>>())?;
        Ok(Exit::Good)
    }

    /// Takes a run back: its device, when it is connected again, does not send it. One that it has sent is taken back at its session.
    pub(super) async fn take_back(
        &self,
        name: &DocumentName,
        run: RunId,
        devices: &[DeviceInfo],
    ) -> Result<Exit, Failure> {
        let (_, document, body) = self.open(name).await?;
        let Some(found) = QueuedRun::all_of(&body).into_iter().find(|waiting| waiting.run == run) else {
            return Err(Failure::NotFound(format!("{run} does not wait in {}: see `wayfare docs queue`", name.path)));
        };
        self.library.edit(document, vec![found.removal()]).await?;
        self.settled(document).await?;
        let told = match (found.sent_to, found.end) {
            (Some(session), None) => self.interrupt(session, run).await,
            _ => Ok(()),
        };
        let device = printable(&name_of(found.device, devices));
        if self.app.form == Form::Json {
            self.app.screen.json(&json!({ "id": document, "run": run, "sent_to": found.sent_to }))?;
        } else if found.end.is_some() {
            self.app.screen.note(&format!("{run} waits no more, and is not listed any more"));
        } else if found.sent_to.is_some() {
            self.app.screen.note(&format!("{run} is taken back; {device} had sent it, so it may have begun"));
        } else {
            self.app.screen.note(&format!("{run} is taken back: {device} will not send it"));
        }
        told?;
        Ok(Exit::Good)
    }

    /// Ends a run where it was sent. A session that is no more has nothing to end.
    async fn interrupt(&self, session: SessionId, run: RunId) -> Result<(), Failure> {
        let mut client = self.app.connect().await?;
        let sessions = client.sessions().await?;
        let Some(info) = sessions.iter().find(|info| info.id == session) else { return Ok(()) };
        client.open_again(info).await?;
        match client.call(SessionCall::Interrupt { run: Some(run) }).await {
            // A session that does not have it does not run it.
            Err(ClientError::CallRefused(refusal)) if refusal.code == ErrorCode::NotFound => Ok(()),
            answered => Ok(answered.map(drop)?),
        }
    }
}

/// The cell of a run, if the document has it.
fn cell_of<'a>(run: &QueuedRun, body: &Body, text: &'a Document<'_>) -> Option<&'a Cell> {
    let Place::At(byte) = body.place_of(run.begins) else { return None };
    text.cells().iter().find(|cell| cell.block.contains(&byte))
}

/// How far a run is, for people.
fn state(run: &QueuedRun) -> String {
    match (run.end, run.sent_to) {
        (Some(QueuedEnd::Refused(code)), _) => format!("refused: {code}"),
        (Some(QueuedEnd::Unknown), _) => "unknown: perhaps executed".to_owned(),
        (None, Some(_)) => "sent".to_owned(),
        (None, None) => "waits".to_owned(),
    }
}

fn first_line(cell: &Cell) -> String {
    printable(cell.code.lines().find(|line| !line.trim().is_empty()).unwrap_or_default())
}

fn row(run: &QueuedRun, cell: Option<&Cell>, devices: &[DeviceInfo]) -> Value {
    json!({
        "run": run.run,
        "device": run.device,
        "device_name": name_of(run.device, devices),
        "at": run.at,
        "session": run.session.name.to_string(),
        "language": run.session.language,
        "sent_to": run.sent_to,
        "end": run.end.map(|end| end.to_string()),
        "cell": cell.map(|cell| cell.index),
        "line": cell.map(first_line),
    })
}
