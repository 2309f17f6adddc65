//! `wayfare daemon feed`, `wayfare daemon feeds` and `wayfare daemon replay-inbox`.

use serde_json::json;
use wayfare_protocol::daemon::{DaemonAnswer, DaemonCall, DaemonName, FeedInfo, Replayed};

use super::app::App;
use super::daemon::named;
use super::daemon_arguments::DaemonFeed;
use super::exit::{Exit, Failure};
use super::lists::printable;
use crate::client::MeshClient;
use crate::render::Form;

/// Lets a daemon take what another one says, or ends that.
pub(super) async fn feed(app: &App, client: &MeshClient, asked: DaemonFeed) -> Result<Exit, Failure> {
    let info = named(client, &asked.name).await?;
    let source = named(client, &asked.from).await?;
    let from = source.entity;
    let call = match asked.end {
        true => DaemonCall::EndFeed { from },
        false => DaemonCall::Feed { from, after: asked.after.unwrap_or(source.head.output_sequence) },
    };
    client.call_daemon(info.entity, call).await?;
    feeds(app, client, &asked.name).await
}

/// Shows what feeds a daemon.
pub(super) async fn feeds(app: &App, client: &MeshClient, name: &DaemonName) -> Result<Exit, Failure> {
    let info = named(client, name).await?;
    let DaemonAnswer::Feeds(feeds) = client.call_daemon(info.entity, DaemonCall::Feeds).await? else {
        return Err(Failure::NotFound("the daemon did not say".to_owned()));
    };
    let daemons = client.daemons().await?;
    let name_of = |feed: &FeedInfo| {
        let found = daemons.iter().find(|daemon| daemon.entity == feed.from);
        found.map_or_else(|| feed.from.to_string(), |daemon| daemon.key.name.to_string())
    };
    if app.form == Form::Json {
        for feed in &feeds {
            let FeedInfo { from, through, trouble } = feed;
            app.screen.json(&json!({
                "daemon": name_of(feed), "from": from.to_string(), "through": through, "trouble": trouble,
            }))?;
        }
        return Ok(Exit::Good);
    }
    let head = ["FROM", "THROUGH", "STATE"].map(str::to_owned).to_vec();
    let row = |feed: &FeedInfo| {
        let state = feed.trouble.as_deref().map_or_else(|| "good".to_owned(), printable);
        vec![name_of(feed), feed.through.to_string(), state]
    };
    app.screen.table(&std::iter::once(head).chain(feeds.iter().map(row)).collect::<Vec<_>>())?;
    Ok(Exit::Good)
}

/// Has the inbox processed again beside the daemon, and says whether the same came of it.
pub(super) async fn replay(app: &App, client: &MeshClient, name: &DaemonName) -> Result<Exit, Failure> {
    let info = named(client, name).await?;
    let DaemonAnswer::Replayed(replay) = client.call_daemon(info.entity, DaemonCall::ReplayInbox).await? else {
        return Err(Failure::NotFound("the daemon did not say".to_owned()));
    };
    let is_same = ![replay.outputs, replay.state].contains(&Replayed::Different);
    if app.form == Form::Json {
        app.screen.json(&replay)?;
    } else {
        let events = replay.through - replay.from;
        app.screen.line(&format!("{events} inputs after position {} were processed again", replay.from))?;
        let rows = [("outputs", replay.outputs), ("state", replay.state)];
        app.screen.table(&rows.map(|(what, replayed)| vec![what.to_owned(), said(replayed).to_owned()]))?;
    }
    Ok(if is_same { Exit::Good } else { Exit::Bad })
}

fn said(replayed: Replayed) -> &'static str {
    match replayed {
        Replayed::Same => "the same",
        Replayed::Different => "different",
        Replayed::Unknown => "nothing to compare",
    }
}
