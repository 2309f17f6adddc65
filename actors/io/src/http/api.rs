//! `/api`: devices, sessions, runs and presence.
//!
//! | route | answer |
//! |---|---|
//! | `GET /api/devices` | `{"devices": […]}` |
//! | `GET /api/sessions` | `{"sessions": […]}` |
//! | `GET /api/runs?session=project:name&language=…&last=N` | `{"sessions": [{"session", "runs"} or {"session", "error"}]}`, the newest runs first |
//! | `GET /api/runs/{session}/{run}/events?from=N` | events `attached`, `event` (its number as `id`), `waiting`, `ended`, `refused` |
//! | `GET /api/presence` | an event `devices` at once and whenever a device changes; `refused` when the token is not good any more |

use std::collections::VecDeque;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use wayfare_protocol::session::{Language, SessionAnswer, SessionCall, SessionInfo, SessionName};
use wayfare_protocol::stream::RunUpdate;
use wayfare_protocol::{Refusal, RunId, SessionId};

use super::Door;
use super::answer::{Answer, Failure};
use super::clients::Borrowed;
use super::follow::Follow;
use super::sse::{self, Frames};
use super::target::ask;
use crate::client::ClientError;

/// Runs of a session that are listed if nobody says how many.
const LAST_RUNS: u32 = 20;

pub(super) async fn devices(State(door): State<Door>) -> Answer {
    let client = door.clients.borrow().await?;
    let devices = client.devices().await?;
    client.give_back();
    Ok(Json(json!({ "devices": devices })))
}

pub(super) async fn sessions(State(door): State<Door>) -> Answer {
    let client = door.clients.borrow().await?;
    let sessions = client.sessions().await?;
    client.give_back();
    Ok(Json(json!({ "sessions": sessions })))
}

#[derive(Debug, Deserialize)]
pub(super) struct WhichRuns {
    session: Option<String>,
    language: Option<String>,
    last: Option<u32>,
}

impl WhichRuns {
    fn choose(&self, sessions: Vec<SessionInfo>) -> Result<Vec<SessionInfo>, Failure> {
        let name: Option<SessionName> =
            self.session.as_deref().map(str::parse).transpose().map_err(|error| Failure::Wrong(format!("{error}")))?;
        let language = self.language.as_deref().map(Language::from_word);
        let is_wanted = |info: &SessionInfo| {
            name.as_ref().is_none_or(|name| info.key.name == *name)
                && language.as_ref().is_none_or(|language| info.key.language == *language)
        };
        Ok(sessions.into_iter().filter(is_wanted).collect())
    }
}

pub(super) async fn runs(State(door): State<Door>, which: Query<WhichRuns>) -> Answer {
    let mut client = door.clients.borrow().await?;
    let sessions = which.choose(client.sessions().await?)?;
    if let (Some(name), true) = (&which.session, sessions.is_empty()) {
        return Err(Failure::NotFound(format!("there is no session {name}")));
    }
    let mut listed = Vec::new();
    for info in sessions {
        listed.push(runs_of(&mut client, info, which.last.unwrap_or(LAST_RUNS)).await?);
    }
    client.give_back();
    Ok(Json(json!({ "sessions": listed })))
}

/// A session whose owner is away has runs that nobody can list; the others have.
async fn runs_of(client: &mut Borrowed, info: SessionInfo, last: u32) -> Result<Value, Failure> {
    match ask(client, &info, SessionCall::Runs { last }).await {
        Ok(SessionAnswer::Runs(runs)) => Ok(json!({ "session": info, "runs": runs })),
        Ok(_) => Ok(json!({ "session": info, "error": "its owner answered something else" })),
        Err(Failure::Mesh(error @ (ClientError::CallRefused(_) | ClientError::OpenRefused(_)))) => {
            Ok(json!({ "session": info, "error": error.to_string() }))
        }
        Err(other) => Err(other),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct FromNumber {
    from: Option<u64>,
}

pub(super) async fn events(
    State(door): State<Door>,
    Path((session, run)): Path<(String, String)>,
    from: Query<FromNumber>,
) -> Result<Response, Failure> {
    let session: SessionId = session.parse().map_err(|error| Failure::Wrong(format!("{error}")))?;
    let run: RunId = run.parse().map_err(|error| Failure::Wrong(format!("{error}")))?;
    let from = from.from.unwrap_or(1).max(1);
    let client = door.clients.borrow().await?;
    client.attach(session, run, from);
    Ok(sse::run(Follow::new(client, session, run, from), Numbered, door.limits.http_ping))
}

/// Events with their numbers, each text once.
struct Numbered;

impl Frames for Numbered {
    fn of(&mut self, updates: VecDeque<RunUpdate>) -> String {
        updates.iter().map(numbered).collect()
    }

    fn silence(&self) -> String {
        ": nothing new\n\n".to_owned()
    }

    fn lost(&mut self, why: &str) -> String {
        sse::event("lost", &json!({ "error": why }))
    }
}

fn numbered(update: &RunUpdate) -> String {
    match update {
        RunUpdate::Attached { owner, device_name, attempt } => {
            sse::event("attached", &json!({ "owner": owner, "device": device_name, "attempt": attempt }))
        }
        RunUpdate::Event { number, event } => {
            format!("id: {number}\n{}", sse::event("event", &json!({ "number": number, "event": event })))
        }
        RunUpdate::Waiting => sse::event("waiting", &json!({})),
        RunUpdate::Ended(outcome) => sse::event("ended", &json!({ "outcome": outcome })),
        RunUpdate::Refused(refusal) => refused(refusal),
    }
}

fn refused(refusal: &Refusal) -> String {
    sse::event("refused", &json!({ "code": refusal.code, "detail": refusal.detail }))
}

/// The devices now and whenever they change: who is there is asked every [`wayfare_protocol::Limits::http_presence`]. Whoever may not come in
/// any more hears why in an event `refused`, the last one.
pub(super) async fn presence(State(door): State<Door>) -> Result<Response, Failure> {
    let client = door.clients.borrow().await?;
    let (pieces, response) = sse::answer();
    tokio::spawn(async move {
        let mut told = None;
        let mut look = tokio::time::interval(door.limits.http_presence);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = pieces.closed() => break,
                _ = look.tick() => {}
            }
            if let Err(refusal) = door.documents.admits().await {
                // It is the last one: whether it is heard changes nothing.
                let _ = pieces.send(refused(&refusal).into()).await;
                break;
            }
            // No answer while the node is being restarted; its devices are told when it is back.
            let Ok(devices) = client.devices().await else { continue };
            let now = presence_of(&json!({ "devices": devices }));
            if told.as_ref() != Some(&now) {
                if pieces.send(sse::event("devices", &now).into()).await.is_err() {
                    break;
                }
                told = Some(now);
            }
        }
        client.give_back();
    });
    Ok(response)
}

/// Load changes all the time and is no presence.
fn presence_of(devices: &Value) -> Value {
    let mut devices = devices.clone();
    for device in devices["devices"].as_array_mut().into_iter().flatten() {
        if let Some(device) = device.as_object_mut() {
            device.remove("load");
        }
    }
    devices
}
