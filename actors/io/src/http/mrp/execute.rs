//! `POST execute` and `POST execute/stream`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use wayfare_protocol::limits::{CODE_MAX, HTTP_EXEC_ID_MAX};
use wayfare_protocol::mrp::{ExecuteError, ExecuteRequest};
use wayfare_protocol::stream::RunUpdate;
use wayfare_protocol::{RunId, SessionId};

use super::super::Door;
use super::super::answer::{Failure, body};
use super::super::follow::Follow;
use super::super::sse;
use super::super::target::Target;
use super::fold::Fold;
use super::frames::{MrpFrames, of_lost, of_outcome, of_refusal};
use crate::client::ClientError;

const SESSION: HeaderName = HeaderName::from_static("wayfare-session");
const RUN: HeaderName = HeaderName::from_static("wayfare-run");

/// What MRP asks for. What is not known here is ignored, as its rules want.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Execute {
    code: String,
    #[serde(default = "yes")]
    store_history: bool,
    #[serde(default)]
    silent: bool,
    exec_id: Option<String>,
}

fn yes() -> bool {
    true
}

/// A run that was asked for.
struct Begun {
    follow: Follow,
    exec_id: String,
    session: SessionId,
    run: RunId,
}

/// Why there is no run: a request that is wrong, or a mesh that refuses, which is told in MRP's own way.
enum NotBegun {
    Failure(Failure),
    Refused { exec_id: String, error: ExecuteError },
}

impl From<Failure> for NotBegun {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

async fn begin(
    door: &Door,
    target: &Target,
    sent: Result<Bytes, BytesRejection>,
    allow_stdin: bool,
) -> Result<Begun, NotBegun> {
    let asked: Execute = body(sent)?;
    if asked.code.len() > CODE_MAX {
        return Err(Failure::Wrong(format!("code has {} bytes, over the limit of {CODE_MAX}", asked.code.len())).into());
    }
    if asked.exec_id.as_ref().is_some_and(|id| id.len() > HTTP_EXEC_ID_MAX) {
        return Err(Failure::Wrong(format!("execId is longer than {HTTP_EXEC_ID_MAX} bytes")).into());
    }
    let mut client = door.clients.borrow().await?;
    let opened = match target.open(&mut client).await {
        Ok(opened) => opened,
        Err(ClientError::OpenRefused(refusal)) => {
            client.give_back();
            let exec_id = asked.exec_id.unwrap_or_default();
            return Err(NotBegun::Refused { exec_id, error: of_refusal(&refusal) });
        }
        Err(other) => return Err(Failure::Mesh(other).into()),
    };
    let request = ExecuteRequest {
        code: asked.code,
        store_history: asked.store_history,
        silent: asked.silent,
        allow_stdin,
        cell: None,
    };
    let (session, run) = (opened.session.id, client.run(request));
    let exec_id = asked.exec_id.unwrap_or_else(|| run.to_string());
    door.exec_ids.set(&target.0, &exec_id, run);
    Ok(Begun { follow: Follow::new(client, session, run, 1), exec_id, session, run })
}

fn named(mut response: Response, session: SessionId, run: RunId) -> Response {
    for (name, id) in [(SESSION, session.to_string()), (RUN, run.to_string())] {
        if let Ok(id) = HeaderValue::try_from(id) {
            response.headers_mut().insert(name, id);
        }
    }
    response
}

/// The run as it happens.
pub(super) async fn stream(
    State(door): State<Door>,
    target: Target,
    sent: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    match begin(&door, &target, sent, true).await {
        Ok(Begun { follow, exec_id, session, run }) => {
            Ok(named(sse::run(follow, MrpFrames::new(exec_id), door.limits.http_ping), session, run))
        }
        Err(NotBegun::Refused { exec_id, error }) => {
            let (pieces, response) = sse::answer();
            let _ = pieces.try_send(MrpFrames::new(exec_id).refused(&error).into()); // the first piece has room
            Ok(response)
        }
        Err(NotBegun::Failure(failure)) => Err(failure),
    }
}

/// The run when it is over. Nobody could see a question: its code gets an error where it asks for input.
pub(super) async fn whole(
    State(door): State<Door>,
    target: Target,
    sent: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let begun = match begin(&door, &target, sent, false).await {
        Ok(begun) => begun,
        Err(NotBegun::Refused { error, .. }) => return Ok(Json(Fold::default().failed(error)).into_response()),
        Err(NotBegun::Failure(failure)) => return Err(failure),
    };
    let Begun { mut follow, session, run, .. } = begun;
    let (mut fold, mut fault) = (Fold::default(), None);
    loop {
        for update in follow.take() {
            match update {
                RunUpdate::Event { event, .. } => fold.push(&event),
                RunUpdate::Ended(outcome) => fault = of_outcome(outcome),
                RunUpdate::Refused(refusal) => fault = Some(of_refusal(&refusal)),
                RunUpdate::Attached { .. } | RunUpdate::Waiting => {}
            }
        }
        match follow.end() {
            Some(Ok(())) => {
                follow.finish();
                break;
            }
            Some(Err(error)) => {
                fault = Some(of_lost(&error.to_string()));
                break;
            }
            None => follow.fill().await,
        }
    }
    let answer = fault.map_or_else(|| fold.result(), |error| fold.failed(error));
    Ok(named(Json(answer).into_response(), session, run))
}
