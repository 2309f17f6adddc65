//! What a node has before anybody opens it there.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use wayfare_tests::patience::{LOOK_AGAIN, within};
use wayfare_tests::world::{CommandLine, Network, World, in_a_world};

use crate::story::logged_in;

/// A picture of one pixel, in hexadecimal.
const PIXEL: &str = concat!(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000",
    "000d4944415478da6364f8cf500f00038601805a347d6b0000000049454e44ae426082",
);

async fn write(world: &World, line: &CommandLine, name: &str, text: &str) -> Result<()> {
    let file = world.folder().join("text.md");
    fs::write(&file, text)?;
    line.says(&["docs", "new", name]).await?;
    line.says(&["docs", "edit", name, "--from", &file.display().to_string()]).await?;
    Ok(())
}

/// A cloud, a node with a notebook whose plot is drawn, and the command line of a phone. Says the notebook's text and the plot's path.
async fn begun(world: &mut World) -> Result<(CommandLine, String, String)> {
    world.start_cloud().await?;
    world.start_node("workshop").await?;
    world.device("onlooker").await?.sees_online("workshop").await?;
    let phone = logged_in(world, "phone", Network::Shared).await?;
    let display =
        format!("from IPython.display import Image, display\n_ = display(Image(data=bytes.fromhex('{PIXEL}')))");
    write(world, &phone, "lab/notes/plan.md", &format!("# Plan\n\n```python\n{display}\n```\n")).await?;
    write(world, &phone, "lab/old.md", "old\n").await?;
    phone.says(&["run", "--document", "lab/notes/plan.md"]).await?;
    let (text, path) = within("the plot in the text", async {
        loop {
            let text = phone.says(&["docs", "cat", "lab/notes/plan.md"]).await?;
            if let Some((_, rest)) = text.split_once("](_assets/") {
                let (name, _) = rest.split_once(' ').context("a link has a title")?;
                let path = format!("notes/_assets/{name}");
                break anyhow::Ok((text, path));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    })
    .await??;
    let there = world.folder().join("there.png").display().to_string();
    within("the plot at the cloud", async {
        while phone.says(&["project", "download", "lab", &path, "-o", &there]).await.is_err() {}
    })
    .await?;
    Ok((phone, text, path))
}

/// Whether a node has a log of a document.
fn has_log(folder: &Path, document: &str) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().contains(document) || has_log(&entry.path(), document))
}

async fn id_of(line: &CommandLine, name: &str) -> Result<String> {
    let said = line.says(&["--json", "docs", "cat", name]).await?;
    let id = said.split("\"id\":\"").nth(1).and_then(|rest| rest.split('"').next());
    Ok(id.with_context(|| format!("no id in {said}"))?.to_owned())
}

/// Until everything that a node is to have has come.
async fn everything_is_here(line: &CommandLine, logs: &Path, document: &str, project: &str) -> Result<()> {
    within("everything comes", async {
        while !has_log(logs, document)
            || !line.says(&["--json", "project", "set", project]).await.is_ok_and(|said| said.contains("\"done\":true"))
        {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    })
    .await
}

#[test]
fn a_node_that_joined_has_every_document_and_its_pictures_without_anybody_opening_them() -> Result<()> {
    in_a_world(async |world| {
        let (phone, text, path) = begun(world).await?;
        let attic = world.another_node("attic").await?;
        let (line, logs) = (world.command_line_on(&attic)?, attic.data().join("logs"));
        let plan = id_of(&phone, "lab/notes/plan.md").await?;
        everything_is_here(&line, &logs, &plan, "lab").await?;
        world.cloud().stop().await?;
        ensure!(line.says(&["docs", "cat", "lab/notes/plan.md"]).await? == text, "another text");
        ensure!(line.says(&["docs", "cat", "lab/old.md"]).await? == "old\n", "the other document");
        let here = world.folder().join("here.png");
        line.says(&["project", "download", "lab", &path, "-o", &here.display().to_string()]).await?;
        ensure!(fs::read(&here)? == fs::read(world.folder().join("there.png"))?, "other bytes");
        // What changes elsewhere later comes too, and what is made there.
        world.cloud().start().await?;
        write(world, &phone, "lab/old.md", "new\n").await?;
        write(world, &phone, "lab/later.md", "later\n").await?;
        let later = id_of(&phone, "lab/later.md").await?;
        everything_is_here(&line, &logs, &later, "lab").await?;
        world.cloud().crash().await?;
        for (name, text) in [("lab/later.md", "later\n"), ("lab/old.md", "new\n"), ("lab/notes/plan.md", &text)] {
            ensure!(line.says(&["docs", "cat", name]).await? == text, "{name}");
        }
        Ok(())
    })
}

#[test]
fn a_project_that_is_switched_off_is_not_read_ahead() -> Result<()> {
    in_a_world(async |world| {
        let (phone, _, _) = begun(world).await?;
        let attic = world.another_node("attic").await?;
        let (line, logs) = (world.command_line_on(&attic)?, attic.data().join("logs"));
        let old = id_of(&phone, "lab/old.md").await?;
        everything_is_here(&line, &logs, &old, "lab").await?;
        let said = line.says(&["--json", "project", "set", "lab", "--prefetch", "off"]).await?;
        ensure!(said.contains("\"prefetch\":false"), "{said}");
        write(world, &phone, "lab/later.md", "later\n").await?;
        write(world, &phone, "other/marker.md", "marker\n").await?;
        let (later, marker) = (id_of(&phone, "lab/later.md").await?, id_of(&phone, "other/marker.md").await?);
        everything_is_here(&line, &logs, &marker, "other").await?;
        ensure!(!has_log(&logs, &later), "it came");
        // Switched on again, it comes.
        let said = line.says(&["--json", "project", "set", "lab", "--prefetch", "on"]).await?;
        ensure!(said.contains("\"prefetch\":true"), "{said}");
        everything_is_here(&line, &logs, &later, "lab").await?;
        ensure!(line.says(&["project", "set", "nothing"]).await.is_err(), "there is no such project");
        Ok(())
    })
}

#[test]
fn a_node_whose_network_is_metered_has_what_was_opened_there_alone() -> Result<()> {
    in_a_world(async |world| {
        let (phone, text, _) = begun(world).await?;
        world.node_tables("metered = true");
        let attic = world.another_node("attic").await?;
        let (line, logs) = (world.command_line_on(&attic)?, attic.data().join("logs"));
        let (plan, old) = (id_of(&phone, "lab/notes/plan.md").await?, id_of(&phone, "lab/old.md").await?);
        within("it is opened", async {
            while !line.says(&["docs", "cat", "lab/old.md"]).await.is_ok_and(|text| text == "old\n") {}
        })
        .await?;
        let said = line.says(&["--json", "project", "set", "lab"]).await?;
        ensure!(said.contains("\"metered\":true"), "{said}");
        ensure!(has_log(&logs, &old) && !has_log(&logs, &plan), "what was not opened came");
        ensure!(line.says(&["docs", "cat", "lab/notes/plan.md"]).await? == text, "it comes when it is opened");
        Ok(())
    })
}
