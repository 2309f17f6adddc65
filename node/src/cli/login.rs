//! `wayfare login`: pairs this device with a cloud.

use serde_json::json;
use wayfare_io::transport::WsTransport;
use wayfare_io::{SystemClock, pair};
use wayfare_protocol::Access;
use wayfare_protocol::identity::is_device_name;
use wayfare_protocol::limits::DEVICE_NAME_MAX;

use super::app::App;
use super::arguments::Login;
use super::exit::{Exit, Failure};
use crate::client::{Place, node_answers};
use crate::cloud_file::Cloud;
use crate::render::Form;

/// Brings the code of a pairing string and keeps what is learned in `cloud.toml`.
pub(super) async fn login(app: &App, asked: Login) -> Result<Exit, Failure> {
    let key = app.key()?;
    let name = match &asked.name {
        Some(name) => name.clone(),
        None => running_name(app).await.unwrap_or_else(|| app.config.name.clone()),
    };
    check_name(&name)?;
    let transport = WsTransport::new(asked.insecure_plaintext);
    let paired =
        pair(&transport, &asked.pairing_string, &key, &name, Access::Everything, &app.limits, &SystemClock).await?;
    let cloud = Cloud {
        account: paired.account,
        address: paired.address,
        name: asked.name,
        insecure_plaintext: asked.insecure_plaintext,
    };
    cloud.save(&app.folder.cloud())?;
    let device = key.device_id();
    if app.form == Form::Json {
        let line = json!({ "account": cloud.account, "device": device, "name": name, "url": cloud.address.url });
        app.screen.json(&line)?;
        return Ok(Exit::Good);
    }
    app.screen.line(&format!("{name} ({}) is paired with {}", device.short(), cloud.address.url))?;
    let next = if node_answers(&app.folder) {
        "the running node connects now"
    } else {
        "start its node with `wayfare-node` to offer its kernels; `wayfare run` works without"
    };
    app.screen.line(next)?;
    Ok(Exit::Good)
}

/// Whether a device can be called that.
pub(super) fn check_name(name: &str) -> Result<(), Failure> {
    if !is_device_name(name) {
        let detail = format!("a device's name has 1 to {DEVICE_NAME_MAX} bytes and no control characters");
        return Err(Failure::Usage(detail));
    }
    Ok(())
}

/// What the running node calls this device: its flags may say otherwise than the configuration.
async fn running_name(app: &App) -> Option<String> {
    if !node_answers(&app.folder) {
        return None;
    }
    let identity = app.identity().ok()?;
    let device = identity.key.device_id();
    let place = Place::of_node(&app.folder, device);
    let client = place.connect(identity, &app.limits).await.ok()?;
    let devices = client.devices().await.ok()?;
    devices.into_iter().find(|known| known.device == device).map(|known| known.name)
}
