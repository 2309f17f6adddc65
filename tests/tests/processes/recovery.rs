//! Daemons whose device is gone for good.

use anyhow::{Result, ensure};
use serde_json::Value;
use wayfare_tests::patience::{LOOK_AGAIN, within};
use wayfare_tests::world::{CommandLine, Network, in_a_world};

use crate::story::logged_in;

async fn shown(at: &CommandLine, name: &str) -> Result<Value> {
    Ok(serde_json::from_str(&at.says(&["daemon", "show", name, "--json"]).await?)?)
}

/// Waits until the cloud keeps a spare that stands at this event.
async fn spared(at: &CommandLine, name: &str, event: u64) -> Result<()> {
    within("a spare", async {
        let wanted = format!("event {event}, ");
        loop {
            let said = at.says(&["daemon", "show", name]).await.unwrap_or_default();
            if said.lines().any(|line| line.starts_with("spare") && line.contains(&wanted) && line.contains("attic")) {
                return;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    })
    .await
}

/// What it says from its first kept output to the last of so many.
async fn says(at: &CommandLine, name: &str, count: &str) -> Result<String> {
    at.says(&["daemon", "tail", name, "--from", "1", "-n", count]).await
}

/// The workshop dies with a daemon on it; the attic goes on from the cloud's spare, and everybody is told what is lost. The workshop comes
/// back, does nothing for the daemon, and keeps what only it has.
#[test]
fn a_daemon_goes_on_from_its_spare_and_what_its_lost_device_had_is_kept_there() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let _attic = world.another_node("attic").await?;
        let desk = logged_in(world, "desk", Network::Shared).await?;
        desk.says(&["daemon", "start", "votes", "--kind", "tally", "--on", "workshop"]).await?;
        let none = desk.says(&["daemon", "show", "votes"]).await?;
        ensure!(none.lines().any(|line| line.starts_with("spare") && line.ends_with("none")), "{none}");
        desk.says(&["daemon", "send", "votes", "pear", "plum", "pear"]).await?;
        desk.says(&["daemon", "snapshot", "votes"]).await?;
        spared(&desk, "votes", 3).await?;
        let there = desk.says(&["daemon", "recover", "votes"]).await.expect_err("its device is there").to_string();
        ensure!(there.contains("is connected"), "{there}");
        desk.says(&["daemon", "send", "votes", "fig"]).await?;

        world.node().crash().await?;
        let said = within("the recovery", async {
            loop {
                match desk.says(&["daemon", "recover", "votes", "--to", "attic"]).await {
                    Ok(said) => return said,
                    Err(_) => tokio::time::sleep(LOOK_AGAIN).await, // its link is not known to be lost yet
                }
            }
        })
        .await?;
        ensure!(said.starts_with("votes goes on at attic from event 3\n"), "{said}");
        ensure!(said.contains("durability disk"), "{said}");
        desk.says(&["daemon", "send", "votes", "pear"]).await?;
        let info = shown(&desk, "votes").await?;
        ensure!(info["device_name"] == "attic" && info["state"] == "Live", "{info}");
        ensure!(info["health"].to_string().contains("went on after event 3"), "{info}");
        ensure!(info["head"]["inbox_position"] == 4, "{info}");
        ensure!(says(&desk, "votes", "4").await?.ends_with("pear 3\n"), "the count goes on from the spare");
        let whole = desk.says(&["daemon", "verify", "votes"]).await?;
        ensure!(whole.contains("are one chain"), "{whole}");

        // It comes back: by the row the daemon is the attic's.
        world.node().start().await?;
        within("the workshop", async {
            while desk.says(&["device", "list"]).await.is_ok_and(|said| said.matches("online").count() < 2) {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        })
        .await?;
        desk.says(&["daemon", "send", "votes", "pear"]).await?;
        ensure!(shown(&desk, "votes").await?["head"]["inbox_position"] == 5, "both took events");
        let stays = desk.says(&["daemon", "move", "votes", "--to", "workshop"]).await.expect_err("it has more");
        ensure!(stays.to_string().contains("thought to be lost"), "{stays}");
        Ok(())
    })
}

/// Also a cloud that was killed meanwhile, and without an order.
#[test]
fn the_daemons_of_a_revoked_device_go_on_by_themselves() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let _attic = world.another_node("attic").await?;
        let desk = logged_in(world, "desk", Network::Shared).await?;
        for name in ["votes", "hopes"] {
            desk.says(&["daemon", "start", name, "--kind", "tally", "--on", "workshop"]).await?;
            desk.says(&["daemon", "send", name, "pear", "plum"]).await?;
            desk.says(&["daemon", "snapshot", name]).await?;
            spared(&desk, name, 2).await?;
        }
        world.cloud().crash().await?;
        world.cloud().start().await?;
        within("the revocation", async {
            while desk.says(&["device", "revoke", "workshop", "--yes"]).await.is_err() {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        })
        .await?;
        for name in ["votes", "hopes"] {
            within("the daemon at the attic", async {
                loop {
                    let info = shown(&desk, name).await.unwrap_or_default();
                    if info["device_name"] == "attic" && info["state"] == "Live" {
                        return;
                    }
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
            })
            .await?;
            desk.says(&["daemon", "send", name, "pear"]).await?;
            ensure!(says(&desk, name, "3").await?.ends_with("pear 2\n"), "{name}");
        }
        Ok(())
    })
}
