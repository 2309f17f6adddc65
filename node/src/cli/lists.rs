//! `wayfare device list` and `wayfare session list`.

use wayfare_protocol::DeviceId;
use wayfare_protocol::control::{DeviceInfo, PresenceInfo};
use wayfare_protocol::session::{Environment, SessionInfo, SessionState};

use super::app::App;
use super::exit::{Exit, Failure};
use crate::render::Form;

/// Lists the devices of the account.
pub(super) async fn devices(app: &App) -> Result<Exit, Failure> {
    let devices = app.connect().await?.devices().await?;
    if app.form == Form::Json {
        devices.iter().try_for_each(|device| app.screen.json(device))?;
        return Ok(Exit::Good);
    }
    let head = ["DEVICE", "ID", "STATE", "SYSTEM", "LOAD", "KERNELS"].map(str::to_owned).to_vec();
    let rows: Vec<_> = std::iter::once(head).chain(devices.iter().map(device_row)).collect();
    app.screen.table(&rows)?;
    Ok(Exit::Good)
}

fn device_row(device: &DeviceInfo) -> Vec<String> {
    let state = match device.presence {
        PresenceInfo::Online => "online",
        PresenceInfo::Suspect => "silent",
        PresenceInfo::Offline { .. } => "offline",
        PresenceInfo::Sleeping { .. } => "sleeping",
        PresenceInfo::Revoked { .. } => "revoked",
    };
    let load = device.load.map(|load| format!("cpu {}% memory {}%", load.cpu_percent, load.memory_percent));
    let kernels = match &device.node {
        Some(node) if node.runtimes.is_empty() => "none".to_owned(),
        Some(node) => node.runtimes.iter().map(|runtime| runtime.kernel.as_str()).collect::<Vec<_>>().join(", "),
        None => "no node".to_owned(),
    };
    let load = load.unwrap_or_else(|| "-".to_owned());
    vec![printable(&device.name), device.device.short(), state.to_owned(), printable(&device.os), load, kernels]
}

/// Lists the sessions of the account.
pub(super) async fn sessions(app: &App) -> Result<Exit, Failure> {
    let sessions = app.connect().await?.sessions().await?;
    if app.form == Form::Json {
        sessions.iter().try_for_each(|session| app.screen.json(session))?;
        return Ok(Exit::Good);
    }
    let head = ["SESSION", "LANGUAGE", "DEVICE", "STATE", "ENVIRONMENT"].map(str::to_owned).to_vec();
    let rows: Vec<_> = std::iter::once(head).chain(sessions.iter().map(session_row)).collect();
    app.screen.table(&rows)?;
    Ok(Exit::Good)
}

fn session_row(info: &SessionInfo) -> Vec<String> {
    vec![
        info.key.name.to_string(),
        printable(info.key.language.as_str()),
        printable(&info.device_name),
        state(&info.state),
        environment(&info.environment),
    ]
}

/// What a session is doing, for people.
pub(super) fn state(state: &SessionState) -> String {
    match state {
        SessionState::Cold => "no kernel".to_owned(),
        SessionState::Starting => "starting".to_owned(),
        SessionState::Idle => "idle".to_owned(),
        SessionState::Busy { run, waiting: 0 } => format!("runs {run}"),
        SessionState::Busy { run, waiting } => format!("runs {run}, {waiting} waiting"),
        SessionState::Unreachable => "its device is away".to_owned(),
    }
}

/// How its kernel is started, for people.
pub(super) fn environment(environment: &Environment) -> String {
    let part = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name}={}", printable(value)));
    let parts: Vec<_> =
        [part("venv", &environment.venv), part("kernel", &environment.kernel), part("cwd", &environment.cwd)]
            .into_iter()
            .flatten()
            .collect();
    if parts.is_empty() { "default".to_owned() } else { parts.join(" ") }
}

/// What people call a device; one that is not known here has only its id.
pub(super) fn name_of(device: DeviceId, devices: &[DeviceInfo]) -> String {
    devices.iter().find(|info| info.device == device).map_or_else(|| device.short(), |info| info.name.clone())
}

/// Text from elsewhere, without what could move the cursor.
pub(super) fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}
