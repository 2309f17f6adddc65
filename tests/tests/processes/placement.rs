//! Nodes that are chosen for daemons, and nodes that give theirs away.

use anyhow::{Result, ensure};
use serde_json::Value;
use wayfare_tests::patience::{LOOK_AGAIN, within};
use wayfare_tests::world::{CommandLine, Network, in_a_world};

use crate::story::logged_in;

async fn json(at: &CommandLine, words: &[&str]) -> Result<Value> {
    let said = at.says(&[words, &["--json"]].concat()).await?;
    Ok(serde_json::from_str(&said)?)
}

/// The devices on which daemons live, in the order of the daemons' names.
async fn homes(at: &CommandLine) -> Result<Vec<String>> {
    let said = at.says(&["daemon", "list", "--json"]).await?;
    let infos = said.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>()?;
    Ok(infos.iter().filter_map(|info| info["device_name"].as_str().map(str::to_owned)).collect())
}

/// The other node is chosen without being named; it is explained why; a node that is drained gives everything away and takes nothing.
#[test]
fn a_daemon_is_moved_to_the_node_that_fits_and_away_from_one_that_is_drained() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let _attic = world.another_node("attic").await?;
        let desk = logged_in(world, "desk", Network::Shared).await?;
        for name in ["votes", "windows"] {
            let kind = if name == "votes" { "tally" } else { "window" };
            desk.says(&["daemon", "start", name, "--kind", kind, "--on", "workshop"]).await?;
        }
        desk.says(&["daemon", "send", "votes", "pear", "plum"]).await?;
        ensure!(homes(&desk).await? == ["workshop", "workshop"]);

        let why = desk.says(&["daemon", "explain", "votes"]).await?;
        ensure!(why.starts_with("votes would move to attic\n"), "{why}");
        ensure!(why.contains("is where the daemon moves away from"), "{why}");
        let moved = json(&desk, &["daemon", "move", "votes"]).await?;
        ensure!(moved["state"] == "Moved", "{moved}");
        ensure!(homes(&desk).await? == ["attic", "workshop"]);

        let drained = desk.says(&["device", "drain", "workshop"]).await?;
        ensure!(drained == "workshop has no daemons any more, and takes none\n", "{drained}");
        ensure!(homes(&desk).await? == ["attic", "attic"]);
        let stays = desk.says(&["daemon", "move", "votes"]).await.expect_err("nobody takes it").to_string();
        ensure!(stays.contains("votes stays where it is"), "{stays}");
        let why = desk.says(&["daemon", "explain", "votes"]).await.expect_err("there is none").to_string();
        ensure!(why.contains("no device takes votes") && why.contains("is being drained"), "{why}");

        desk.says(&["device", "drain", "workshop", "--cancel"]).await?;
        within("the workshop to take daemons again", async {
            while desk.says(&["daemon", "move", "votes"]).await.is_err() {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        })
        .await?;
        ensure!(homes(&desk).await? == ["workshop", "attic"]);
        let said = desk.says(&["daemon", "send", "votes", "pear"]).await;
        ensure!(said.is_ok(), "{said:?}");
        Ok(())
    })
}
