//! `wayfare daemon`.

use std::io::BufRead as _;

use bytes::Bytes;
use serde_json::json;
use wayfare_protocol::EntityId;
use wayfare_protocol::daemon::{
    DaemonAnswer, DaemonCall, DaemonInfo, DaemonKey, DaemonName, DaemonOutput, DaemonState, DaemonUpdate, DeadLetter,
    Health, Source, StartDaemon,
};

use super::app::App;
use super::daemon_arguments::{DaemonCommand, DaemonSend, DaemonStart, DaemonTail};
use super::daemon_feeds;
use super::daemon_moves;
use super::exit::{Exit, Failure};
use super::lists::printable;
use crate::client::{MeshClient, device_of};
use crate::render::Form;

/// Events that are published at once.
const BATCH: usize = 256;
/// Attempts to publish a batch before it is given up.
const ATTEMPTS: u32 = 600;

/// Does what was asked.
pub(super) async fn daemon(app: &App, command: DaemonCommand) -> Result<Exit, Failure> {
    let client = app.connect().await?;
    match command {
        DaemonCommand::List => list(app, &client).await,
        DaemonCommand::Start(asked) => start(app, &client, asked).await,
        DaemonCommand::Show { name } => show(app, &client, &named(&client, &name).await?).await,
        DaemonCommand::Send(asked) => send(app, &client, asked).await,
        DaemonCommand::Tail(asked) => tail(app, &client, &asked).await,
        DaemonCommand::Verify { name } => verify(app, &client, &name).await,
        DaemonCommand::Stop { name } => call(app, &client, &name, DaemonCall::Stop).await,
        DaemonCommand::Resume { name } => call(app, &client, &name, DaemonCall::Resume).await,
        DaemonCommand::Move(asked) => daemon_moves::move_it(app, &client, asked).await,
        DaemonCommand::Recover(asked) => daemon_moves::recover(app, &client, asked).await,
        DaemonCommand::Explain { name } => daemon_moves::explain(app, &client, &name).await,
        DaemonCommand::Feed(asked) => daemon_feeds::feed(app, &client, asked).await,
        DaemonCommand::Feeds { name } => daemon_feeds::feeds(app, &client, &name).await,
        DaemonCommand::ReplayInbox { name } => daemon_feeds::replay(app, &client, &name).await,
        DaemonCommand::Snapshot { name } => call(app, &client, &name, DaemonCall::Snapshot).await,
        DaemonCommand::DeadLetters { name } => dead_letters(app, &client, &name).await,
        DaemonCommand::Redrive { name, position } => call(app, &client, &name, DaemonCall::Redrive { position }).await,
    }
}

async fn list(app: &App, client: &MeshClient) -> Result<Exit, Failure> {
    let daemons = client.daemons().await?;
    if app.form == Form::Json {
        daemons.iter().try_for_each(|daemon| app.screen.json(daemon))?;
        return Ok(Exit::Good);
    }
    let head = ["DAEMON", "KIND", "DEVICE", "STATE", "EVENTS", "OUTPUTS", "HEALTH"].map(str::to_owned).to_vec();
    let rows = daemons.iter().map(|info| {
        vec![
            info.key.name.to_string(),
            info.key.kind.to_string(),
            printable(&info.device_name),
            state(info.state).to_owned(),
            info.head.inbox_position.to_string(),
            info.head.output_sequence.to_string(),
            health(&info.health),
        ]
    });
    app.screen.table(&std::iter::once(head).chain(rows).collect::<Vec<_>>())?;
    Ok(Exit::Good)
}

async fn start(app: &App, client: &MeshClient, asked: DaemonStart) -> Result<Exit, Failure> {
    let device = match &asked.on {
        Some(wanted) => Some(device_of(&client.devices().await?, wanted)?),
        None => None,
    };
    let kind = asked.kind;
    let start = StartDaemon { key: DaemonKey { name: asked.name, kind }, durability: asked.durability.into(), device };
    let info = client.start_daemon(start).await?;
    if info.state == DaemonState::Stopped {
        client.call_daemon(info.entity, DaemonCall::Resume).await?;
    }
    show(app, client, &describe(client, info.entity).await?).await
}

async fn show(app: &App, client: &MeshClient, info: &DaemonInfo) -> Result<Exit, Failure> {
    if app.form == Form::Json {
        app.screen.json(info)?;
        return Ok(Exit::Good);
    }
    let stats = &info.stats;
    let rows = [
        ("daemon", info.key.to_string()),
        ("identity", info.entity.to_string()),
        ("device", format!("{} ({})", printable(&info.device_name), info.owner.0.short())),
        ("state", state(info.state).to_owned()),
        ("health", health(&info.health)),
        ("durability", info.durability.as_str().to_owned()),
        ("epoch", info.epoch.to_string()),
        ("events", format!("{} accepted, {} processed", info.head.inbox_position, stats.processed)),
        ("outputs", info.head.output_sequence.to_string()),
        ("given up", format!("{} ({} failed attempts)", stats.dead, stats.errors)),
        ("snapshots", stats.snapshots.to_string()),
        ("spare", daemon_moves::spare(client, info.entity).await),
    ];
    app.screen.table(&rows.map(|(name, value)| vec![name.to_owned(), value]))?;
    Ok(Exit::Good)
}

async fn send(app: &App, client: &MeshClient, asked: DaemonSend) -> Result<Exit, Failure> {
    let info = named(client, &asked.name).await?;
    let mut publisher = client.publisher(info.entity);
    let mut sent = 0;
    if asked.payloads.is_empty() {
        let mut lines = std::io::stdin().lock().lines();
        loop {
            let batch = lines.by_ref().take(BATCH).collect::<Result<Vec<_>, _>>()?;
            if batch.is_empty() {
                break;
            }
            sent = publisher.publish(client, batch.into_iter().map(Bytes::from).collect(), ATTEMPTS).await?;
        }
    } else {
        for batch in asked.payloads.chunks(BATCH) {
            let payloads = batch.iter().map(|text| Bytes::from(text.clone())).collect();
            sent = publisher.publish(client, payloads, ATTEMPTS).await?;
        }
    }
    if app.form == Form::Json {
        app.screen.json(&json!({ "daemon": info.entity.to_string(), "recorded": sent }))?;
    }
    Ok(Exit::Good)
}

async fn tail(app: &App, client: &MeshClient, asked: &DaemonTail) -> Result<Exit, Failure> {
    let info = named(client, &asked.name).await?;
    let mut next = asked.from.unwrap_or(info.head.output_sequence + 1);
    let last = asked.count.map(|count| next.saturating_add(count));
    loop {
        let mut outputs = client.follow_daemon(info.entity, next);
        while let Some(update) = outputs.recv().await {
            match update {
                DaemonUpdate::Output(output) => {
                    next = output.link.sequence + 1;
                    print(app, &output)?;
                }
                DaemonUpdate::Omitted { from, through } => {
                    next = through + 1;
                    app.screen.note(&format!("outputs {from} to {through} are not kept any more"));
                }
            }
            if last.is_some_and(|last| next >= last) {
                return Ok(Exit::Good);
            }
        }
        // The link was lost, or the daemon is on its way somewhere.
        tokio::time::sleep(app.limits.host_retry).await;
    }
}

fn print(app: &App, output: &DaemonOutput) -> Result<(), Failure> {
    let text = String::from_utf8_lossy(&output.payload);
    if app.form == Form::Json {
        let (sequence, position) = (output.link.sequence, output.position);
        return app.screen.json(&json!({ "sequence": sequence, "position": position, "payload": text }));
    }
    Ok(app.screen.line(&text)?)
}

/// Checks the causal chain as far back as outputs are kept, up to the head that the daemon names.
async fn verify(app: &App, client: &MeshClient, name: &DaemonName) -> Result<Exit, Failure> {
    use wayfare_protocol::causal::Chain;
    let info = named(client, name).await?;
    let head = describe(client, info.entity).await?.head;
    let mut chain = Chain::genesis(info.entity.origin());
    let (mut checked, mut first) = (0_u64, None);
    let mut outputs = client.follow_daemon(info.entity, 1);
    while chain.sequence() < head.output_sequence {
        match outputs.recv().await {
            Some(DaemonUpdate::Output(output)) => {
                if first.is_none() && output.link.sequence > 1 {
                    chain = Chain::resume(output.link.origin, output.link.sequence - 1, output.link.parent);
                }
                first.get_or_insert(output.link.sequence);
                match chain.validate(&output.link, &output.payload) {
                    Ok(next) => chain = next,
                    Err(error) => {
                        app.screen.note(&format!("the chain breaks: {error}"));
                        return Ok(Exit::Bad);
                    }
                }
                checked += 1;
            }
            Some(DaemonUpdate::Omitted { through, .. }) if through >= head.output_sequence => break,
            Some(DaemonUpdate::Omitted { .. }) => {}
            None => return Err(Failure::NotFound("the outputs ended before they were read: try again".to_owned())),
        }
    }
    let is_head = checked == 0 || chain.sequence() > head.output_sequence || chain.hash() == head.output_hash;
    let first = first.unwrap_or(head.output_sequence + 1);
    if app.form == Form::Json {
        app.screen.json(&json!({ "checked": checked, "first": first, "head": head, "good": is_head }))?;
    } else if is_head {
        app.screen.line(&format!("{checked} outputs from number {first} on are one chain, and end at its head"))?;
    } else {
        app.screen.line("the chain does not end at the head that the daemon names")?;
    }
    Ok(if is_head { Exit::Good } else { Exit::Bad })
}

async fn dead_letters(app: &App, client: &MeshClient, name: &DaemonName) -> Result<Exit, Failure> {
    let info = named(client, name).await?;
    let DaemonAnswer::DeadLetters(letters) = client.call_daemon(info.entity, DaemonCall::DeadLetters).await? else {
        return Err(Failure::NotFound("the daemon did not say".to_owned()));
    };
    if app.form == Form::Json {
        letters.iter().try_for_each(|letter| app.screen.json(letter))?;
        return Ok(Exit::Good);
    }
    let head = ["POSITION", "FROM", "REASON", "EVENT"].map(str::to_owned).to_vec();
    let row = |letter: &DeadLetter| {
        let text = printable(&String::from_utf8_lossy(&letter.payload)).chars().take(40).collect();
        vec![letter.position.to_string(), source(letter.source), printable(&letter.reason), text]
    };
    app.screen.table(&std::iter::once(head).chain(letters.iter().map(row)).collect::<Vec<_>>())?;
    Ok(Exit::Good)
}

async fn call(app: &App, client: &MeshClient, name: &DaemonName, call: DaemonCall) -> Result<Exit, Failure> {
    let info = named(client, name).await?;
    client.call_daemon(info.entity, call).await?;
    if app.form == Form::Json {
        app.screen.json(&describe(client, info.entity).await?)?;
    }
    Ok(Exit::Good)
}

async fn describe(client: &MeshClient, daemon: EntityId) -> Result<DaemonInfo, Failure> {
    match client.call_daemon(daemon, DaemonCall::Describe).await? {
        DaemonAnswer::Daemon(info) => Ok(*info),
        _ => Err(Failure::NotFound("the daemon did not say how it is".to_owned())),
    }
}

/// The daemon of a name, or of the beginning of an identity.
pub(super) async fn named(client: &MeshClient, name: &DaemonName) -> Result<DaemonInfo, Failure> {
    let found = client.daemons().await?.into_iter().find(|info| info.key.name == *name);
    let missing = || Failure::NotFound(format!("no daemon {name}; `wayfare daemon list` shows what there is"));
    let listed = found.ok_or_else(missing)?;
    // What a list says may be old; one that is away has no newer word.
    Ok(describe(client, listed.entity).await.unwrap_or(listed))
}

fn state(state: DaemonState) -> &'static str {
    match state {
        DaemonState::Recovering => "recovering",
        DaemonState::Live => "live",
        DaemonState::Following => "following",
        DaemonState::Sealed => "moving",
        DaemonState::Elsewhere => "elsewhere",
        DaemonState::Failed => "failed",
        DaemonState::Unreachable => "its device is away",
        DaemonState::Stopped => "stopped",
    }
}

fn health(health: &Health) -> String {
    match health {
        Health::Healthy => "good".to_owned(),
        Health::Degraded { reason } => format!("degraded: {}", printable(reason)),
        Health::Unhealthy { reason } => format!("not working: {}", printable(reason)),
    }
}

fn source(source: Source) -> String {
    match source {
        Source::Published { origin, sequence } => format!("{origin} #{sequence}"),
        Source::Tick { tag } => format!("tick {tag}"),
        Source::Worked { tag } | Source::WorkFailed { tag } => format!("work {tag}"),
    }
}
