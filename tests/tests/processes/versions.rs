//! What documents were, and how they become that again.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use wayfare_tests::patience::within;
use wayfare_tests::world::{CommandLine, Network, World, in_a_world};

/// A device of the account at the cloud.
async fn desk(world: &mut World) -> Result<CommandLine> {
    let desk = world.command_line("desk", Network::Shared)?;
    let string = world.cloud().pairing_string().await?.to_string();
    desk.says(&["login", &string]).await?;
    Ok(desk)
}

async fn write(world: &World, at: &CommandLine, text: &str) -> Result<()> {
    let file = world.folder().join("text.md");
    fs::write(&file, text)?;
    at.says(&["docs", "edit", "lab/plan.md", "--from", &file.display().to_string()]).await?;
    Ok(())
}

/// The versions of the document, the newest first, when there are so many.
async fn history(at: &CommandLine, count: usize) -> Result<Vec<serde_json::Value>> {
    within(&format!("{count} versions"), async {
        loop {
            let listed = at.says(&["--json", "docs", "history", "lab/plan.md"]).await?;
            let rows: Vec<_> = listed.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
            if rows.len() >= count {
                return Ok(rows);
            }
        }
    })
    .await?
}

fn name(version: &serde_json::Value) -> Result<String> {
    Ok(version["version"].as_str().context("a version without a name")?.to_owned())
}

async fn text_of(at: &CommandLine, version: &serde_json::Value) -> Result<String> {
    at.says(&["docs", "cat", "lab/plan.md", "--version", &name(version)?]).await
}

#[test]
fn a_document_becomes_what_it_was_also_at_a_node_without_the_cloud() -> Result<()> {
    in_a_world(async |world| {
        world.cloud_tables("[limits]\nversion_quiet = \"300ms\"");
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let desk = desk(world).await?;
        let local = world.command_line_of_node()?;
        let (one, two, three) = ("one\ntwo\nthree\n", "one\n2\nthree\nfour\n", "written without the cloud\n");
        desk.says(&["docs", "new", "lab/plan.md"]).await?;
        write(world, &desk, one).await?;
        history(&desk, 1).await?;
        write(world, &desk, two).await?;
        let versions = history(&desk, 2).await?;
        ensure!(versions[0]["added"] == 2 && versions[0]["removed"] == 1, "{versions:?}");
        ensure!(text_of(&local, &versions[1]).await? == one, "the first version at the node");
        ensure!(local.says(&["docs", "cat", "lab/plan.md"]).await? == two, "another text at the node");
        ensure!(history(&local, 2).await? == versions, "another list at the node");
        // What was looked at is there without the cloud, and what is restored there is a version of its own.
        world.cloud().crash().await?;
        ensure!(history(&local, 2).await? == versions, "another list without the cloud");
        write(world, &local, three).await?;
        local.says(&["docs", "restore", "lab/plan.md", "--version", &name(&versions[1])?]).await?;
        ensure!(local.says(&["docs", "cat", "lab/plan.md"]).await? == one, "it is not restored");
        let kept = history(&local, 3).await?;
        ensure!(text_of(&local, &kept[0]).await? == three, "what it was before is no version");
        world.cloud().start().await?;
        within("text and version at the cloud", async {
            while desk.says(&["docs", "cat", "lab/plan.md"]).await.ok().as_deref() != Some(one) {}
            while text_of(&desk, &kept[0]).await.ok().as_deref() != Some(three) {}
        })
        .await?;
        let newest = |versions: &[serde_json::Value]| versions[0]["size"] == one.len();
        within("a version of what was restored", async {
            while !newest(&history(&desk, 4).await?) {}
            anyhow::Ok(())
        })
        .await??;
        // And back again.
        desk.says(&["docs", "restore", "lab/plan.md", "--version", &name(&kept[0])?]).await?;
        ensure!(desk.says(&["docs", "cat", "lab/plan.md"]).await? == three, "the way back");
        ensure!(
            desk.says(&["docs", "restore", "lab/plan.md", "--version", "00000000"]).await.is_err(),
            "none of that name"
        );
        Ok(())
    })
}

#[test]
fn a_change_just_before_the_cloud_fails_becomes_a_version() -> Result<()> {
    in_a_world(async |world| {
        world.cloud_tables("[limits]\nversion_quiet = \"3s\"");
        world.start_cloud().await?;
        let desk = desk(world).await?;
        desk.says(&["docs", "new", "lab/plan.md"]).await?;
        write(world, &desk, "written, and then it failed\n").await?;
        world.cloud().crash().await?;
        world.cloud().start().await?;
        desk.says(&["docs", "cat", "lab/plan.md"]).await?;
        let versions = history(&desk, 1).await?;
        ensure!(text_of(&desk, &versions[0]).await? == "written, and then it failed\n", "another text");
        Ok(())
    })
}
