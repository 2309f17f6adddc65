//! `wayfare device rename`, `revoke`, `drain` and `token`.

use serde_json::json;
use wayfare_actors::ports::Random as _;
use wayfare_io::http::token_of;
use wayfare_io::transport::WsTransport;
use wayfare_io::{OsRandom, SystemClock, pair};
use wayfare_protocol::Access;
use wayfare_protocol::control::{DeviceInfo, DrainOrder, PresenceInfo};
use wayfare_protocol::identity::DeviceKey;

use super::app::App;
use super::confirm::confirmed;
use super::device_arguments::{DeviceDrain, DeviceRename, DeviceRevoke, DeviceToken};
use super::exit::{Exit, Failure};
use super::lists::{name_of, printable};
use super::login::check_name;
use crate::client::device_of;
use crate::render::Form;

/// Calls a device otherwise.
pub(super) async fn rename(app: &App, asked: &DeviceRename) -> Result<Exit, Failure> {
    check_name(&asked.name)?;
    let client = app.connect().await?;
    let devices = client.devices().await?;
    let device = device_of(&devices, &asked.device)?.0;
    client.rename(device, asked.name.clone()).await?;
    if app.form == Form::Json {
        app.screen.json(&json!({ "device": device, "name": asked.name }))?;
        return Ok(Exit::Good);
    }
    let (before, name) = (printable(&asked.device), printable(&asked.name));
    app.screen.line(&format!("{before} ({}) is called {name}", device.short()))?;
    let others = devices.iter().filter(|other| other.device != device && other.name == asked.name);
    let others: Vec<_> = others.map(|other| other.device.short()).collect();
    if !others.is_empty() {
        let others = others.join(", ");
        app.screen.note(&format!("{name} is the name of {others} too: a command that means one of them takes its id"));
    }
    Ok(Exit::Good)
}

/// Cuts a device off, once whoever asks has said that it is this one.
pub(super) async fn revoke(app: &App, asked: &DeviceRevoke) -> Result<Exit, Failure> {
    let client = app.connect().await?;
    let devices = client.devices().await?;
    let device = device_of(&devices, &asked.device)?.0;
    let info = devices.iter().find(|info| info.device == device);
    let name = printable(&name_of(device, &devices));
    if !asked.yes && !is_revoked(info) {
        confirm(app, &name, device == app.key()?.device_id())?;
    }
    let since = client.revoke(device).await?;
    if app.form == Form::Json {
        app.screen.json(&json!({ "revoked": { "device": device, "name": name, "at": since } }))?;
    } else {
        app.screen.note(&format!(
            "{name} ({}) is revoked since {since}: its links are cut and its key is refused. To use it again, pair it anew with \
             `wayfare login` and a new pairing string",
            device.short()
        ));
    }
    Ok(Exit::Good)
}

/// Has a device give its daemons away, and says which ones nobody takes.
pub(super) async fn drain(app: &App, asked: &DeviceDrain) -> Result<Exit, Failure> {
    let client = app.connect().await?;
    let node = device_of(&client.devices().await?, &asked.device)?;
    let order = if asked.cancel { DrainOrder::Cancel } else { DrainOrder::Begin };
    let left = client.drain(node, order).await?;
    let daemons = client.daemons().await?;
    let left: Vec<_> = daemons.iter().filter(|info| left.contains(&info.entity)).collect();
    let name = printable(&asked.device);
    if app.form == Form::Json {
        let left: Vec<_> = left.iter().map(|info| json!({ "daemon": info.entity, "name": info.key.name })).collect();
        app.screen.json(&json!({ "device": node, "left": left }))?;
    } else if asked.cancel {
        app.screen.line(&format!("{name} takes daemons again"))?;
    } else if left.is_empty() {
        app.screen.line(&format!("{name} has no daemons any more, and takes none"))?;
    } else {
        let names: Vec<_> = left.iter().map(|info| info.key.name.to_string()).collect();
        app.screen.line(&format!("no device takes {}: `wayfare daemon explain` says why", names.join(", ")))?;
    }
    Ok(if asked.cancel || left.is_empty() { Exit::Good } else { Exit::Bad })
}

/// Pairs a key that is made for it and prints it; it is kept nowhere.
pub(super) async fn token(app: &App, asked: &DeviceToken) -> Result<Exit, Failure> {
    check_name(&asked.name)?;
    let mut seed = [0; 32];
    OsRandom.fill(&mut seed);
    let key = DeviceKey::from_seed(&seed);
    let transport = WsTransport::new(asked.insecure_plaintext);
    let access = if asked.read_only { Access::Reading } else { Access::Everything };
    pair(&transport, &asked.pairing_string, &key, &asked.name, access, &app.limits, &SystemClock).await?;
    let (device, token) = (key.device_id(), token_of(&key));
    if app.form == Form::Json {
        app.screen
            .json(&json!({ "device": device, "name": asked.name, "token": token, "read_only": asked.read_only }))?;
        return Ok(Exit::Good);
    }
    app.screen.line(&token)?;
    let may = if asked.read_only { ", and may read and change nothing" } else { "" };
    app.screen.note(&format!(
        "whoever shows this to the cloud as Authorization: Bearer is {}, one of your devices{may}. It is kept nowhere \
         else; `wayfare device revoke {}` makes it void",
        asked.name,
        device.short()
    ));
    Ok(Exit::Good)
}

fn is_revoked(info: Option<&DeviceInfo>) -> bool {
    info.is_some_and(|info| matches!(info.presence, PresenceInfo::Revoked { .. }))
}

/// Asks whoever sits at the terminal; refuses where nobody can be asked.
fn confirm(app: &App, name: &str, is_this: bool) -> Result<(), Failure> {
    let which = if is_this { format!("{name}, which is this device") } else { name.to_owned() };
    let question = format!("cut off {which}? What runs there goes on, but nobody reaches it");
    confirmed(app, &question, &format!("{name} is to be cut off"))
}
