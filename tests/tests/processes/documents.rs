//! Documents on every device, and editors of others that take part.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use tokio::try_join;
use wayfare_tests::world::{CommandLine, Network, World, in_a_world};

const YJS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/http/edit.cjs");
const YJS_TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sync/conformance.cjs");
const PYCRDT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/http/edit.py");

/// Where editors reach the node's documents, and the token.
pub(crate) fn node_door(world: &mut World) -> Result<(String, String)> {
    let data = world.node().data().to_owned();
    let address = fs::read_to_string(data.join("door/http.addr"))?;
    Ok((format!("ws://{}/sync", address.trim()), fs::read_to_string(data.join("http.token"))?.trim().to_owned()))
}

/// Where they reach the cloud's, without what comes before `://`, and a token of a device called `editor`.
async fn cloud_door(world: &mut World, desk: &CommandLine) -> Result<(String, String)> {
    let string = world.cloud().pairing_string().await?.to_string();
    let said = desk.says(&["--json", "device", "token", &string, "--name", "editor"]).await?;
    let token = said.split("\"token\":").nth(1).and_then(|rest| rest.split('"').nth(1)).context("no token")?;
    let address = fs::read_to_string(world.cloud().data().join("http.addr"))?;
    Ok((format!("{}/sync", address.trim()), token.to_owned()))
}

/// A device of the account at the cloud.
async fn desk(world: &mut World) -> Result<CommandLine> {
    let desk = world.command_line("desk", Network::Shared)?;
    let string = world.cloud().pairing_string().await?.to_string();
    desk.says(&["login", &string]).await?;
    Ok(desk)
}

#[test]
fn editors_of_others_at_the_node_and_at_the_cloud_write_one_text_and_see_one_another() -> Result<()> {
    in_a_world(async |world| {
        world.cloud_tables("http_listen = \"127.0.0.1:0\"");
        world.node_tables("[http]\nlisten = \"127.0.0.1:0\"");
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let desk = desk(world).await?;
        let (address, token) = cloud_door(world, &desk).await?;
        desk.says(&["docs", "new", "lab/notes/first.md"]).await?;
        let cloud_door = format!("wss://{address}");
        let ca = world.cloud().data().join("tls/ca.pem").display().to_string();
        let (node, node_token) = node_door(world)?;
        let room = "lab/notes/first.md";
        let (yjs, pycrdt) = (["<from yjs>", "<from pycrdt>"], ["<from pycrdt>", "<from yjs>"]);
        let yjs = [node.as_str(), room, &node_token, yjs[0], yjs[1]];
        let pycrdt = [cloud_door.as_str(), room, &token, &ca, pycrdt[0], pycrdt[1]];
        let (at_node, at_cloud) =
            try_join!(desk.runs_node(Path::new(YJS), &yjs), desk.runs_python(Path::new(PYCRDT), &pycrdt, &[]))?;
        ensure!(at_node.trim() == at_cloud.trim(), "{at_node} and {at_cloud}");
        let seen = desk.says(&["docs", "cat", room]).await?;
        ensure!(seen.trim() == at_node.trim(), "the command line sees {seen:?}");
        // Whoever is revoked is let go, though nothing is wrong with its connection.
        let waits = [cloud_door.as_str(), room, &token, &ca, "<still here>", "<never typed>"];
        let (said, revoked) = tokio::join!(desk.runs_python(Path::new(PYCRDT), &waits, &[]), async {
            while !desk.says(&["docs", "cat", room]).await?.contains("<still here>") {}
            desk.says(&["device", "revoke", "editor", "--yes"]).await
        });
        revoked?;
        let why = said.err().context("it writes on")?.to_string();
        ensure!(why.contains("let go: 1008"), "{why}");
        Ok(())
    })
}

#[test]
fn the_random_tests_of_yjs_and_the_cases_of_y_protocols_hold_with_users_at_both_doors() -> Result<()> {
    in_a_world(async |world| {
        world.cloud_tables("http_listen = \"127.0.0.1:0\"\n[tls]\nplaintext = true");
        world.node_tables("[http]\nlisten = \"127.0.0.1:0\"");
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let desk = desk(world).await?;
        let (address, token) = cloud_door(world, &desk).await?;
        let cloud_door = format!("ws://{address}");
        desk.says(&["docs", "new", "lab"]).await?;
        let (node, node_token) = node_door(world)?;
        let folder = world.folder().display().to_string();
        let words = [folder.as_str(), "lab", &cloud_door, &token, &node, &node_token];
        let tests = desk.runs_node(Path::new(YJS_TESTS), &words).await?;
        ensure!(tests.trim().parse::<u32>()? >= 30, "{tests} tests");
        Ok(())
    })
}

#[test]
fn what_was_written_on_two_sides_of_a_cloud_that_is_gone_is_one_text_when_it_is_back() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let desk = desk(world).await?;
        let file = world.folder().join("text.md");
        let edit = async |at: &CommandLine, text: &str| {
            fs::write(&file, text)?;
            at.says(&["docs", "edit", "lab/plan.md", "--from", &file.display().to_string()]).await
        };
        desk.says(&["docs", "new", "lab/plan.md"]).await?;
        edit(&desk, "one\ntwo\nthree\n").await?;
        let local = world.command_line_of_node()?;
        ensure!(local.says(&["docs", "cat", "lab/plan.md"]).await? == "one\ntwo\nthree\n", "the node has it");
        world.cloud().crash().await?;
        edit(&local, "one\ntwo\nthree, written without the cloud\n").await?;
        world.node().crash().await?;
        world.cloud().start().await?;
        edit(&desk, "one, written at the cloud\ntwo\nthree\n").await?;
        // Nobody opens it at the node: it is brought into step when they meet.
        world.node().start().await?;
        for (side, wanted) in [(&desk, "written without the cloud"), (&local, "written at the cloud")] {
            while !side.says(&["docs", "cat", "lab/plan.md"]).await?.contains(wanted) {}
        }
        let (there, here) =
            (desk.says(&["docs", "cat", "lab/plan.md"]).await?, local.says(&["docs", "cat", "lab/plan.md"]).await?);
        ensure!(there == "one, written at the cloud\ntwo\nthree, written without the cloud\n", "{there:?}");
        ensure!(there == here, "{there:?} and {here:?}");
        Ok(())
    })
}

#[test]
fn a_deleted_document_is_out_of_the_way_and_comes_back_with_its_text() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        let desk = desk(world).await?;
        let file = world.folder().join("text.md");
        fs::write(&file, "what was written\n")?;
        let from = file.display().to_string();
        desk.says(&["docs", "new", "lab"]).await?;
        desk.says(&["docs", "edit", "lab/plan.md", "--from", &from]).await?;
        desk.says(&["docs", "rename", "lab/plan.md", "old/plan.md"]).await?;
        desk.says(&["docs", "delete", "lab/old/plan.md"]).await?;
        ensure!(desk.says(&["docs", "cat", "lab/old/plan.md"]).await.is_err(), "it is deleted");
        ensure!(desk.says(&["docs", "list", "lab", "--trash"]).await?.contains("old/plan.md"), "it is in the trash");
        // Another one takes its path.
        desk.says(&["docs", "new", "lab/old/plan.md"]).await?;
        let back = desk.says(&["--json", "docs", "restore", "lab/old/plan.md"]).await?;
        let path = back.split("\"path\":").nth(1).and_then(|rest| rest.split('"').nth(1)).context("no path")?;
        ensure!(path.starts_with("old/plan (") && path.ends_with(").md"), "{path}");
        ensure!(desk.says(&["docs", "cat", &format!("lab/{path}")]).await? == "what was written\n", "its text");
        ensure!(desk.says(&["docs", "rename", &format!("lab/{path}"), "old/plan.md"]).await.is_err(), "that is taken");
        Ok(())
    })
}
