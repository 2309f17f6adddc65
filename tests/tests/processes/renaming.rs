//! A device that people call otherwise than it was paired.

use std::fs;

use anyhow::{Result, ensure};
use wayfare_tests::patience::{LOOK_AGAIN, until};
use wayfare_tests::world::{CommandLine, Network, in_a_world};

use crate::story::logged_in;

#[test]
fn a_device_is_renamed_here_or_away_and_keeps_its_name_over_restarts_and_without_its_cloud() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let mut person = world.device("person").await?;
        person.sees_online("workshop").await?;
        person.open("tests:main").await?;
        person.run("x = 41").await?;
        let desk = logged_in(world, "desk", Network::Shared).await?;
        let said = desk.says(&["device", "rename", "workshop", "attic"]).await?;
        ensure!(said.contains("is called attic"), "{said}");
        // From the answer on, for everybody; a command that names it by its new name finds it.
        let listed = desk.says(&["device", "list"]).await?;
        ensure!(listed.contains("attic") && !listed.contains("workshop"), "{listed}");
        let sessions = desk.says(&["session", "list"]).await?;
        ensure!(sessions.contains("attic") && !sessions.contains("workshop"), "{sessions}");
        ensure!(desk.says(&["device", "rename", "workshop", "shed"]).await.is_err(), "nobody is called so any more");
        ensure!(desk.says(&["device", "rename", "attic", "a\u{7}b"]).await.is_err(), "that is no name");
        person.sees_online("attic").await?;
        ensure!(person.prints("print(x + 1)").await? == "42", "its session is another one");
        // The node calls itself so too, also when it starts without its cloud.
        let own = world.command_line_of_node()?;
        let kept = world.node().data().join("cloud.toml");
        until("the node keeps it", || fs::read_to_string(&kept).is_ok_and(|text| text.contains("attic")).then_some(()))
            .await?;
        world.cloud().stop().await?;
        world.node().stop().await?;
        world.node().start().await?;
        calls_itself(&own, "attic").await?;
        // One that is away hears of it when it comes, from a cloud that was started meanwhile.
        world.node().stop().await?;
        world.cloud().start().await?;
        desk.says(&["device", "rename", "attic", "cellar"]).await?;
        world.cloud().crash().await?;
        world.cloud().start().await?;
        let listed = desk.says(&["device", "list"]).await?;
        ensure!(listed.contains("cellar") && !listed.contains("attic"), "{listed}");
        world.node().start().await?;
        person.sees_online("cellar").await?;
        calls_itself(&own, "cellar").await?;
        let said = desk.says(&["run", "-c", "print(x + 2)", "--session", "tests:main", "--on", "cellar"]).await?;
        ensure!(said.contains("43"), "{said}");
        // Two of one name are told apart by their ids.
        let said = desk.says(&["--json", "device", "rename", "person", "cellar"]).await?;
        ensure!(said.contains("\"cellar\""), "{said}");
        let why = desk.says(&["device", "rename", "cellar", "attic"]).await.err().map(|error| error.to_string());
        ensure!(why.as_ref().is_some_and(|why| why.contains("id")), "{why:?}");
        Ok(())
    })
}

async fn calls_itself(own: &CommandLine, name: &str) -> Result<()> {
    for _ in 0..200 {
        // The node starts anew with its name: its door may be gone for a moment.
        if own.says(&["device", "list"]).await.is_ok_and(|listed| listed.contains(name)) {
            return Ok(());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    anyhow::bail!("it does not call itself {name}: {}", own.says(&["device", "list"]).await?)
}
