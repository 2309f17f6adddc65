//! A token that may read and not write.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use wayfare_io::SystemClock;
use wayfare_io::transport::WsTransport;
use wayfare_protocol::Access;
use wayfare_tests::device::Device;
use wayfare_tests::world::{CommandLine, Network, World, in_a_world};

use crate::story::logged_in;

const READER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sync/reader.cjs");

async fn token(world: &mut World, desk: &CommandLine, name: &str, flags: &[&str]) -> Result<String> {
    let string = world.cloud().pairing_string().await?.to_string();
    let said = desk.says(&[&["--json", "device", "token", &string, "--name", name], flags].concat()).await?;
    let token = said.split("\"token\":").nth(1).and_then(|rest| rest.split('"').nth(1)).context("no token")?;
    Ok(token.to_owned())
}

#[test]
fn a_token_that_may_only_read_is_refused_every_kind_of_writing_by_a_stock_editor_and_over_http() -> Result<()> {
    in_a_world(async |world| {
        world.cloud_tables("http_listen = \"127.0.0.1:0\"\n[tls]\nplaintext = true");
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        world.device("onlooker").await?.sees_online("workshop").await?;
        let desk = logged_in(world, "desk", Network::Shared).await?;
        let file = world.folder().join("text.md");
        fs::write(&file, "text")?;
        desk.says(&["docs", "new", "lab/notes/plan.md"]).await?;
        desk.says(&["docs", "edit", "lab/notes/plan.md", "--from", &file.display().to_string()]).await?;
        let writer = token(world, &desk, "writer", &[]).await?;
        let reader = token(world, &desk, "reader", &["--read-only"]).await?;
        let address = fs::read_to_string(world.cloud().data().join("http.addr"))?;
        let words = [address.trim(), "lab/notes/plan.md", &writer, &reader];
        let refused = desk.runs_node(Path::new(READER), &words).await?;
        ensure!(refused.trim().parse::<u32>()? == 27, "{refused} kinds");
        let text = desk.says(&["docs", "cat", "lab/notes/plan.md"]).await?;
        ensure!(text.trim_end() == "text, and more", "{text:?}");
        Ok(())
    })
}

#[test]
fn the_key_of_such_a_token_changes_nothing_over_a_link_either() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let key = world.device_key("reader")?;
        let (string, limits) = (world.cloud().pairing_string().await?, world.limits());
        let transport = WsTransport::new(false);
        let paired =
            wayfare_io::pair(&transport, &string, &key, "reader", Access::Reading, &limits, &SystemClock).await?;
        let mut reader = Device::start("reader", key, paired.address, &limits).await?;
        reader.sees_online("workshop").await?;
        let why = reader.open("tests:main").await.err().context("it opens a session")?.to_string();
        let mut person = world.device("person").await?;
        person.sees_online("workshop").await?;
        let sessions = person.client().sessions().await.context("no answer")?;
        ensure!(sessions.is_empty(), "{why}: {sessions:?}");
        Ok(())
    })
}
