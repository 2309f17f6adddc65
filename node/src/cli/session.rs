//! `wayfare session show`, `interrupt`, `stop`, `reset` and `set`.

use serde_json::json;
use wayfare_protocol::session::{SessionCall, SessionInfo};

use super::app::{App, only};
use super::arguments::{SessionChoice, SessionSet};
use super::exit::{Exit, Failure};
use super::lists::{environment, state};
use super::plan::over;
use crate::client::MeshClient;
use crate::render::Form;

/// Shows one session.
pub(super) async fn show(app: &App, which: &SessionChoice) -> Result<Exit, Failure> {
    let sessions = app.connect().await?.sessions().await?;
    let info = only(&sessions, &which.name, which.language.as_deref())?;
    if app.form == Form::Json {
        app.screen.json(info)?;
        return Ok(Exit::Good);
    }
    let rows = [
        ("session", info.key.name.to_string()),
        ("language", info.key.language.to_string()),
        ("id", info.id.to_string()),
        ("device", format!("{} ({})", info.device_name, info.owner.0.short())),
        ("state", state(&info.state)),
        ("environment", environment(&info.environment)),
        ("epoch", info.epoch.to_string()),
    ];
    app.screen.table(&rows.map(|(name, value)| vec![name.to_owned(), value]))?;
    Ok(Exit::Good)
}

/// Interrupts what a session runs.
pub(super) async fn interrupt(app: &App, which: &SessionChoice) -> Result<Exit, Failure> {
    let (mut client, _) = opened(app, which).await?;
    client.call(SessionCall::Interrupt { run: None }).await?;
    said(app, which, "interrupted")
}

/// Ends a session's kernel.
pub(super) async fn stop(app: &App, which: &SessionChoice) -> Result<Exit, Failure> {
    let (mut client, _) = opened(app, which).await?;
    client.call(SessionCall::Stop).await?;
    said(app, which, "stopped")
}

/// Ends a session's kernel and starts a new one.
pub(super) async fn reset(app: &App, which: &SessionChoice) -> Result<Exit, Failure> {
    let (mut client, _) = opened(app, which).await?;
    client.call(SessionCall::Reset).await?;
    Ok(Exit::Good)
}

/// Changes how a session's kernel is started next time.
pub(super) async fn set(app: &App, asked: &SessionSet) -> Result<Exit, Failure> {
    let flags = &asked.environment;
    if flags.kernel.is_none() && flags.venv.is_none() && flags.cwd.is_none() {
        return Err(Failure::Usage("nothing to set: give --kernel, --venv or --cwd".to_owned()));
    }
    let (mut client, info) = opened(app, &asked.which).await?;
    let changed = over(info.environment, flags);
    client.call(SessionCall::SetEnvironment(changed.clone())).await?;
    if app.form == Form::Json {
        app.screen.json(&changed)?;
    } else {
        app.screen.line(&format!("{}: {} from its next kernel on", info.key, environment(&changed)))?;
    }
    Ok(Exit::Good)
}

/// Programs want an answer; people see that there was no error.
fn said(app: &App, which: &SessionChoice, what: &str) -> Result<Exit, Failure> {
    if app.form == Form::Json {
        app.screen.json(&json!({ "session": which.name.to_string(), "done": what }))?;
    }
    Ok(Exit::Good)
}

/// Opens a session that is there; never makes one.
pub(super) async fn opened(app: &App, which: &SessionChoice) -> Result<(MeshClient, SessionInfo), Failure> {
    let mut client = app.connect().await?;
    let sessions = client.sessions().await?;
    let info = only(&sessions, &which.name, which.language.as_deref())?;
    let opened = client.open_again(info).await?;
    Ok((client, opened.session))
}
