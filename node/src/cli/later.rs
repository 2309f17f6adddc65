//! `wayfare run --queue`: cells whose session cannot be reached wait at this device's node, which sends them when it can.

use hyper::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use wayfare_protocol::mrp::ExecuteRequest;
use wayfare_protocol::session::{OpenSession, SessionState};
use wayfare_protocol::{DeviceId, ErrorCode, NodeId, RunId, SessionId};

use super::app::App;
use super::arguments::Run;
use super::docs_arguments::DocumentName;
use super::exit::{Exit, Failure};
use super::lists::printable;
use super::plan::Step;
use super::project::ask;
use crate::client::{ClientError, MeshClient, node_answers};
use crate::daemon::{CLOUD, CloudState, QUEUE, ToWait};
use crate::render::Form;

#[derive(Deserialize)]
struct Queued {
    run: RunId,
}

/// How this device's node stands with its cloud; `None`: the commands speak to the cloud, or to nobody.
pub(super) async fn cloud_state(app: &App) -> Result<Option<CloudState>, Failure> {
    if app.cloud_only || !node_answers(&app.folder) {
        return Ok(None);
    }
    Ok(Some(read(ask(app, Method::GET, CLOUD, &Value::Null).await?)?))
}

/// What is asked of cells that may wait.
pub(super) struct Later<'a> {
    app: &'a App,
    asked: &'a Run,
    name: &'a DocumentName,
    own: DeviceId,
    is_away: bool,
}

impl<'a> Later<'a> {
    /// `None` if the cells may not wait.
    ///
    /// # Errors
    /// If there is no node at which they could.
    pub(super) async fn of(app: &'a App, asked: &'a Run) -> Result<Option<Self>, Failure> {
        let (true, Some(name)) = (asked.queue, &asked.document) else { return Ok(None) };
        let none = || Failure::NoNode("--queue needs a node on this device, and no --cloud".to_owned());
        let state = cloud_state(app).await?.ok_or_else(none)?;
        let own = app.key()?.device_id();
        Ok(Some(Self { app, asked, name, own, is_away: state.paired && !state.connected }))
    }

    /// Whether a cell is not even tried now: without the cloud it would make another session of the name here, and a session whose device
    /// is not there would be waited for.
    pub(super) async fn must_wait(&self, client: &MeshClient, step: &Step) -> Result<bool, Failure> {
        Ok(match client.sessions().await?.into_iter().find(|info| info.key == step.key) {
            Some(info) if info.owner == NodeId(self.own) => false,
            Some(info) => self.is_away || info.state == SessionState::Unreachable,
            None => self.is_away,
        })
    }

    /// Gives the node those that are left.
    pub(super) async fn wait(&self, steps: &[Step], device: Option<NodeId>) -> Result<Exit, Failure> {
        if steps.len() > 1 && !self.asked.keep_going {
            let why = "several cells would wait, and one that fails would not hold up those behind it: say --keep-going if that is \
                       right, or --cell for one of them";
            return Err(Failure::Usage(why.to_owned()));
        }
        for step in steps {
            let Some(cell) = step.place else { continue };
            let open = OpenSession {
                key: step.key.clone(),
                id: SessionId(uuid::Uuid::nil()), // the node's to choose
                environment: step.environment.clone(),
                needs: step.needs.clone(),
                device,
            };
            // Nobody is there whom it could ask.
            let request = ExecuteRequest { allow_stdin: false, ..step.request.clone() };
            let answer = ask(self.app, Method::POST, QUEUE, &json!(ToWait { cell, open, request })).await?;
            let Queued { run } = read(answer)?;
            self.say(step, run)?;
        }
        Ok(Exit::Good)
    }

    fn say(&self, step: &Step, run: RunId) -> Result<(), Failure> {
        let (session, language) = (&step.key.name, &step.key.language);
        if self.app.form == Form::Json {
            let line = json!({
                "kind": "queued", "run": run, "cell": step.cell, "session": session.to_string(), "language": language,
            });
            return self.app.screen.json(&line);
        }
        let cell = step.cell.unwrap_or_default();
        self.app.screen.note(&format!(
            "cell {cell} waits for {session}, and is sent when that is within reach; `wayfare docs queue {}` shows it",
            printable(&self.name.to_string())
        ));
        Ok(())
    }
}

/// Whether a session was not opened because nobody who could is within reach.
pub(super) fn is_out_of_reach(failure: &Failure) -> bool {
    let Failure::Client(ClientError::OpenRefused(refusal)) = failure else { return false };
    matches!(refusal.code, ErrorCode::OwnerUnreachable | ErrorCode::NoCapability | ErrorCode::DeadlineExceeded)
}

fn read<T: serde::de::DeserializeOwned>(answer: Value) -> Result<T, Failure> {
    serde_json::from_value(answer).map_err(|error| Failure::Usage(format!("the node answers something else: {error}")))
}
