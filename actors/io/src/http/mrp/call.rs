//! What MRP asks besides running code.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};
use wayfare_protocol::ErrorCode;
use wayfare_protocol::ask::KernelAsk;
use wayfare_protocol::session::{SessionCall, SessionState};

use super::super::Door;
use super::super::answer::{Answer, Failure, body};
use super::super::target::{Target, ask};
use crate::client::ClientError;

/// The version that MRP's texts give themselves.
const MRP_VERSION: &str = "0.1.0";

pub(super) async fn capabilities(State(door): State<Door>, target: Target) -> Answer {
    let client = door.clients.borrow().await?;
    let (devices, sessions) = (client.devices().await?, client.sessions().await?);
    client.give_back();
    let language = &target.0.language;
    let session = sessions.iter().find(|info| info.key == target.0);
    let owner = session.and_then(|info| devices.iter().find(|device| device.device == info.owner.0));
    let kernel = session.and_then(|info| info.environment.kernel.as_ref());
    let runtime = owner.into_iter().chain(&devices).find_map(|device| {
        let mut offered = device.node.as_ref()?.runtimes_for(language);
        offered.find(|runtime| kernel.is_none_or(|kernel| runtime.kernel == *kernel))
    });
    let environment = session.map(|info| &info.environment);
    let tells_variables = KernelAsk::tells_variables(language);
    let words: Vec<_> = std::iter::once(language.as_str()).chain(language.words().iter().copied()).collect();
    Ok(Json(json!({
        "runtime": "wayfare",
        "version": MRP_VERSION,
        "languages": words,
        "features": {
            "execute": true, "executeStream": true, "interrupt": true, "reset": true,
            "complete": true, "inspect": true, "hover": true, "isComplete": true, "history": true,
            "variables": tells_variables, "variableExpand": tells_variables,
            "format": false, "assets": false,
        },
        "environment": {
            "cwd": environment.and_then(|environment| environment.cwd.as_ref()),
            "executable": runtime.map(|runtime| &runtime.environment),
            "virtualenv": environment.and_then(|environment| environment.venv.as_ref()),
        },
        "lspFallback": null,
        "defaultSession": target.0.name.to_string(),
        "maxSessions": 1,
    })))
}

#[derive(Debug, Deserialize)]
struct Input {
    #[serde(alias = "execId")]
    exec_id: String,
    #[serde(default)]
    text: String,
}

/// An answer that says no with status 200, as MRP does.
fn no(word: &str, why: impl ToString) -> Answer {
    Ok(Json(json!({ word: false, "error": why.to_string() })))
}

pub(super) async fn input(State(door): State<Door>, target: Target, sent: Result<Bytes, BytesRejection>) -> Answer {
    let asked: Input = body(sent)?;
    let Some(run) = door.exec_ids.get(&target.0, &asked.exec_id) else {
        return no("accepted", format!("no run {:?} is known", asked.exec_id));
    };
    // MRP's clients send the line with its end; a session gets it without.
    let text = asked.text.strip_suffix('\n').unwrap_or(&asked.text).to_owned();
    done(&door, &target, SessionCall::Input { run, text }, "accepted").await
}

pub(super) async fn cancel_input(
    State(door): State<Door>,
    target: Target,
    sent: Result<Bytes, BytesRejection>,
) -> Answer {
    let asked: Input = body(sent)?;
    let Some(run) = door.exec_ids.get(&target.0, &asked.exec_id) else {
        return no("cancelled", format!("no run {:?} is known", asked.exec_id));
    };
    done(&door, &target, SessionCall::Interrupt { run: Some(run) }, "cancelled").await
}

/// `interrupted` says that the interrupt was passed on; whether the code heeds it, its run tells.
pub(super) async fn interrupt(State(door): State<Door>, target: Target, sent: Result<Bytes, BytesRejection>) -> Answer {
    let _: Value = body(sent)?;
    let mut client = door.clients.borrow().await?;
    let found = target.find(&mut client).await;
    let answer = match found {
        Ok(info) if matches!(info.state, SessionState::Busy { .. }) => {
            ask(&mut client, &info, SessionCall::Interrupt { run: None }).await?;
            Ok(Json(json!({ "interrupted": true })))
        }
        Ok(_) => no("interrupted", "nothing runs"),
        Err(Failure::NotFound(why)) => no("interrupted", why),
        Err(other) => return Err(other),
    };
    client.give_back();
    answer
}

/// Ends the kernel; a session that was never used is as good as new.
pub(super) async fn reset(State(door): State<Door>, target: Target, sent: Result<Bytes, BytesRejection>) -> Answer {
    let _: Value = body(sent)?;
    let mut client = door.clients.borrow().await?;
    match target.call(&mut client, SessionCall::Stop).await {
        Ok(_) | Err(Failure::NotFound(_)) => {}
        Err(other) => return Err(other),
    }
    client.give_back();
    Ok(Json(json!({ "success": true })))
}

async fn done(door: &Door, target: &Target, call: SessionCall, word: &str) -> Answer {
    let mut client = door.clients.borrow().await?;
    let answer = match target.call(&mut client, call).await {
        Ok(_) => Ok(Json(json!({ word: true }))),
        Err(Failure::NotFound(why)) => no(word, why),
        Err(Failure::Mesh(ClientError::CallRefused(refusal))) if is_about_the_run(refusal.code) => no(word, refusal),
        Err(other) => return Err(other),
    };
    client.give_back();
    answer
}

fn is_about_the_run(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::NotWaiting | ErrorCode::NotFound)
}

pub(super) async fn no_asset(Path(path): Path<Vec<(String, String)>>) -> Failure {
    let path = path.iter().find(|(name, _)| name == "path").map_or("", |(_, path)| path);
    Failure::NotFound(format!("there is no asset {path:?}"))
}
