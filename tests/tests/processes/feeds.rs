//! Daemons that take what others say, between real nodes; and nodes that are too busy for theirs.

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use serde_json::Value;
use wayfare_protocol::{EntityId, Origin};
use wayfare_tests::daemons::publish;
use wayfare_tests::patience::{LOOK_AGAIN, within};
use wayfare_tests::world::{CommandLine, Network, in_a_world};

use crate::story::logged_in;

/// The word of a daemon in `daemon list`.
async fn listed(at: &CommandLine, name: &str) -> Result<Value> {
    let said = at.says(&["daemon", "list", "--json"]).await?;
    let infos = said.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>()?;
    let found = infos.into_iter().find(|info| info["key"]["name"] == name);
    found.ok_or_else(|| anyhow::anyhow!("{name} is not listed: {said}"))
}

/// Waits until a daemon has taken so many outputs of the other.
async fn has_taken(at: &CommandLine, name: &str, through: u64) -> Result<()> {
    within("what it is fed", async {
        loop {
            if let Ok(said) = at.says(&["daemon", "feeds", name, "--json"]).await
                && let Ok(feed) = serde_json::from_str::<Value>(&said)
                && feed["through"] == through
            {
                return;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    })
    .await
}

/// What `votes` says is an event of `ranking` on another node: each once, while either moves and its node is killed.
#[test]
fn a_daemon_takes_what_another_says_each_once_whatever_moves_or_dies() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let mut attic = world.another_node("attic").await?;
        let desk = logged_in(world, "desk", Network::Shared).await?;
        desk.says(&["daemon", "start", "votes", "--kind", "tally", "--on", "workshop"]).await?;
        desk.says(&["daemon", "start", "ranking", "--kind", "tally", "--on", "attic"]).await?;
        desk.says(&["daemon", "send", "votes", "early"]).await?;
        let fed = desk.says(&["daemon", "feed", "ranking", "--from", "votes", "--after", "0"]).await?;
        ensure!(fed.starts_with("FROM") && fed.contains("votes") && fed.contains("good"), "{fed}");
        desk.says(&["daemon", "send", "votes", "pear", "plum"]).await?;
        has_taken(&desk, "ranking", 3).await?;

        attic.crash().await?;
        desk.says(&["daemon", "send", "votes", "fig", "fig"]).await?;
        attic.start().await?;
        has_taken(&desk, "ranking", 5).await?;

        desk.says(&["daemon", "move", "votes", "--to", "attic"]).await?;
        desk.says(&["daemon", "move", "ranking", "--to", "workshop"]).await?;
        desk.says(&["daemon", "send", "votes", "pear"]).await?;
        has_taken(&desk, "ranking", 6).await?;
        // A reader of what is kept for nobody begins where the daemon came to its node.
        let said = desk.says(&["daemon", "tail", "ranking", "--from", "1", "-n", "6"]).await?;
        ensure!(said.lines().next_back() == Some("pear 2 1"), "{said}");
        let replayed = desk.says(&["daemon", "replay-inbox", "ranking"]).await?;
        ensure!(replayed.contains("the same") && !replayed.contains("different"), "{replayed}");
        let verified = desk.says(&["daemon", "verify", "ranking"]).await?;
        ensure!(verified.contains("are one chain"), "{verified}");

        let none = desk.says(&["daemon", "feed", "ranking", "--from", "votes", "--end"]).await?;
        ensure!(!none.contains("votes"), "{none}");
        desk.says(&["daemon", "send", "votes", "late"]).await?;
        desk.says(&["daemon", "send", "ranking", "mine"]).await?;
        let shown = desk.says(&["daemon", "show", "ranking", "--json"]).await?;
        let position = serde_json::from_str::<Value>(&shown)?["head"]["inbox_position"].clone();
        ensure!(position == 9, "the feed, six outputs, its end, one of its own: {position}");
        Ok(())
    })
}

/// A node over its mark gives its busiest daemon away, and an idle one not.
#[test]
fn a_node_that_is_too_busy_gives_the_daemon_away_that_keeps_it_so() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.node_tables(
            "[limits]\noverload_mark = 1\noverload_clear = 0\noverload_share = 1\nheartbeat_every = '2s'\n\
             daemon_busy_over = '4s'\noverload_after = '4s'\noverload_settle = '0s'",
        );
        world.start_node("workshop").await?;
        world.node_tables("");
        let _attic = world.another_node("attic").await?;
        let desk = logged_in(world, "desk", Network::Shared).await?;
        for name in ["idle", "votes"] {
            desk.says(&["daemon", "start", name, "--kind", "tally", "--on", "workshop"]).await?;
        }
        let person = world.device("person").await?;
        let votes: EntityId = listed(&desk, "votes").await?["entity"].as_str().context("no identity")?.parse()?;
        let mut first = 1;
        within("the daemon to leave", async {
            while listed(&desk, "votes").await?["device_name"] != "attic" {
                for _ in 0..20 {
                    // Long words, so that counting them is work.
                    let words = (0..100).map(|n| Bytes::from(format!("{n:x<4000}"))).collect();
                    publish(&person, votes, Origin(1), first, words).await?;
                    first += 100;
                }
            }
            anyhow::Ok(())
        })
        .await??;
        ensure!(listed(&desk, "idle").await?["device_name"] == "workshop");
        Ok(())
    })
}
