//! `wayfare daemon move` and `wayfare daemon explain`.

use std::time::Duration;

use wayfare_protocol::control::{DeviceInfo, PresenceInfo};
use wayfare_protocol::daemon::DaemonName;
use wayfare_protocol::migration::MoveState;
use wayfare_protocol::placement::{Judged, Verdict};
use wayfare_protocol::{EntityId, NodeId};

use super::app::App;
use super::daemon::named;
use super::daemon_arguments::{DaemonMove, DaemonRecover};
use super::exit::{Exit, Failure};
use super::lists::printable;
use crate::client::{MeshClient, device_of};
use crate::render::{Form, duration, size};

/// Moves a daemon, and says how long it paused.
pub(super) async fn move_it(app: &App, client: &MeshClient, asked: DaemonMove) -> Result<Exit, Failure> {
    let info = named(client, &asked.name).await?;
    let devices = client.devices().await?;
    let to = match &asked.to {
        Some(name) => Some(node_of(&devices, name)?),
        None => None,
    };
    let moved = client.move_daemon(info.entity, to, asked.mode.into()).await?;
    let is_moved = moved.state == MoveState::Moved;
    if app.form == Form::Json {
        app.screen.json(&moved)?;
    } else {
        let said = match &moved.state {
            MoveState::Moved => format!("{} is on {} now", info.key.name, target(&devices, moved.target)),
            MoveState::Failed(reason) => {
                format!("{} stays where it is: {}", info.key.name, printable(&reason.to_string()))
            }
            MoveState::Unknown | MoveState::Moving(_) => {
                format!("where {} is, is not known yet: `wayfare daemon show` says it", info.key.name)
            }
        };
        app.screen.line(&said)?;
        let pause = moved.pause_ms.map(|ms| vec!["pause".to_owned(), span(ms), String::new()]);
        let phases = moved.phases.iter().map(|(phase, ms)| {
            let where_it_is = phase.superposition().to_string().to_lowercase();
            vec![phase.to_string().to_lowercase(), format!("after {}", span(*ms)), where_it_is]
        });
        let state = vec!["state".to_owned(), size(moved.bytes), String::new()];
        app.screen.table(&[state].into_iter().chain(phases).chain(pause).collect::<Vec<_>>())?;
    }
    Ok(if is_moved { Exit::Good } else { Exit::Bad })
}

/// Lets a daemon go on without its device, and says what is lost.
pub(super) async fn recover(app: &App, client: &MeshClient, asked: DaemonRecover) -> Result<Exit, Failure> {
    let info = named(client, &asked.name).await?;
    let devices = client.devices().await?;
    let to = match &asked.to {
        Some(name) => Some(node_of(&devices, name)?),
        None => None,
    };
    let recovery = client.recover_daemon(info.entity, to).await?;
    if app.form == Form::Json {
        app.screen.json(&recovery)?;
        return Ok(Exit::Good);
    }
    let (name, place) = (&info.key.name, target(&devices, Some(recovery.target)));
    app.screen.line(&format!("{name} goes on at {place} from event {}", recovery.base.inbox_position))?;
    let durability = recovery.durability.as_str();
    app.screen.line(&match recovery.events_lost() {
        0 => format!(
            "later events are lost, if there were any: durability {durability} does not survive the loss of a device"
        ),
        1 => format!("at least one event that was accepted at durability {durability} is lost"),
        lost => format!("at least {lost} events that were accepted at durability {durability} are lost"),
    })?;
    Ok(Exit::Good)
}

/// What would be left of a daemon if its device were lost.
pub(super) async fn spare(client: &MeshClient, daemon: EntityId) -> String {
    let (spare, devices) = match (client.spare_of(daemon).await, client.devices().await) {
        (Ok(Some(spare)), Ok(devices)) => (spare, devices),
        (Ok(None), _) => return "none".to_owned(),
        (Err(_), _) | (_, Err(_)) => return "not known: the cloud is out of reach".to_owned(),
    };
    let places: Vec<_> = spare.nodes.iter().map(|node| target(&devices, Some(*node))).collect();
    format!("event {}, {}, for {}", spare.base.inbox_position, size(spare.bytes), places.join(", "))
}

/// A part of a move, which is often short.
fn span(ms: u64) -> String {
    if ms < 1_000 { format!("{ms} ms") } else { duration(Duration::from_millis(ms)) }
}

/// The node of a device that is there.
fn node_of(devices: &[DeviceInfo], name: &str) -> Result<NodeId, Failure> {
    let to = device_of(devices, name)?;
    let is_there = |device: &DeviceInfo| device.device == to.0 && device.presence == PresenceInfo::Online;
    if devices.iter().any(|device| is_there(device) && device.node.is_none()) {
        return Err(Failure::Usage(format!("{} has no node, and daemons live on nodes", printable(name))));
    }
    Ok(to)
}

fn target(devices: &[DeviceInfo], node: Option<NodeId>) -> String {
    let known = node.and_then(|node| devices.iter().find(|device| device.device == node.0));
    known.map_or_else(|| "another device".to_owned(), |device| printable(&device.name))
}

/// Says where a daemon would go, and why not elsewhere.
pub(super) async fn explain(app: &App, client: &MeshClient, name: &DaemonName) -> Result<Exit, Failure> {
    let info = named(client, name).await?;
    let placement = client.explain_placement(info.entity).await?;
    if app.form == Form::Json {
        app.screen.json(&placement)?;
        return Ok(Exit::Good);
    }
    let chosen = placement.decision.map(|decision| decision.target_node);
    let best = placement.candidates.iter().find(|judged| Some(judged.node) == chosen);
    app.screen.line(&match best {
        Some(judged) => format!("{name} would move to {}", printable(&judged.name)),
        None => format!("no device takes {name}"),
    })?;
    app.screen.table(&placement.candidates.iter().map(row).collect::<Vec<_>>())?;
    Ok(if best.is_some() { Exit::Good } else { Exit::Bad })
}

/// One device: its score and the factors that lower it, or why it cannot be chosen.
fn row(judged: &Judged) -> Vec<String> {
    let part = |millionths: u32| format!("{:.3}", f64::from(millionths) / 1e6);
    let (score, why) = match &judged.verdict {
        Verdict::Eligible { score, factors } => {
            let factors: Vec<_> = factors.iter().map(|(name, weight)| format!("{name} {}", part(*weight))).collect();
            (part(*score), factors.join(", "))
        }
        Verdict::Vetoed { why } => ("-".to_owned(), printable(why)),
    };
    vec![printable(&judged.name), score, why]
}
