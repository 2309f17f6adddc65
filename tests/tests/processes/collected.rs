//! The trash of files, and what becomes of what nobody links to.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use wayfare_protocol::AssetId;
use wayfare_tests::patience::{until, within};
use wayfare_tests::world::{CommandLine, Network, World, in_a_world};

async fn desk(world: &mut World) -> Result<CommandLine> {
    let desk = world.command_line("desk", Network::Shared)?;
    let string = world.cloud().pairing_string().await?.to_string();
    desk.says(&["login", &string]).await?;
    Ok(desk)
}

async fn upload(world: &World, at: &CommandLine, path: &str, bytes: &[u8]) -> Result<AssetId> {
    let file = world.folder().join("upload.bin");
    fs::write(&file, bytes)?;
    at.says(&["project", "upload", "lab", &file.display().to_string(), "--path", path]).await?;
    Ok(AssetId::of(bytes))
}

async fn write(world: &World, at: &CommandLine, path: &str, text: &str) -> Result<()> {
    let file = world.folder().join("text.md");
    fs::write(&file, text)?;
    at.says(&["docs", "edit", path, "--from", &file.display().to_string()]).await?;
    Ok(())
}

/// Whether the cloud has an asset of its account.
fn is_there(cloud: &Path, asset: AssetId) -> bool {
    let id = asset.to_string();
    let accounts = fs::read_dir(cloud.join("assets")).into_iter().flatten().flatten();
    accounts.into_iter().any(|account| account.path().join(&id[..2]).join(&id).exists())
}

#[test]
fn a_deleted_file_is_listed_and_comes_back() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        let desk = desk(world).await?;
        upload(world, &desk, "plot.png", b"the first").await?;
        desk.says(&["project", "delete", "lab", "plot.png"]).await?;
        ensure!(!desk.says(&["project", "files", "lab"]).await?.contains("plot.png"), "it is deleted");
        ensure!(desk.says(&["project", "files", "lab", "--trash"]).await?.contains("plot.png"), "it is in the trash");
        // Something else takes its path.
        desk.says(&["docs", "new", "lab/plot.png"]).await?;
        let back = desk.says(&["--json", "project", "restore", "lab", "plot.png"]).await?;
        ensure!(back.contains("plot (2).png"), "{back}");
        ensure!(!desk.says(&["project", "files", "lab", "--trash"]).await?.contains("plot"), "it is there twice");
        let to = world.folder().join("back");
        desk.says(&["project", "download", "lab", "plot (2).png", "-o", &to.display().to_string()]).await?;
        ensure!(fs::read(&to)? == b"the first", "other bytes");
        ensure!(desk.says(&["project", "restore", "lab", "plot.png"]).await.is_err(), "nothing is left to restore");
        ensure!(desk.says(&["project", "empty", "lab"]).await.is_err(), "nobody was asked");
        // So is a whole project.
        desk.says(&["project", "delete", "lab"]).await?;
        ensure!(desk.says(&["project", "files", "lab"]).await.is_err(), "the project is deleted");
        ensure!(!desk.says(&["docs", "list"]).await?.contains("lab"), "it is listed");
        desk.says(&["project", "restore", "lab"]).await?;
        ensure!(desk.says(&["project", "files", "lab"]).await?.contains("plot (2).png"), "everything is back");
        ensure!(desk.says(&["project", "restore", "lab"]).await.is_err(), "nothing is left to restore");
        Ok(())
    })
}

#[test]
fn what_nobody_links_to_is_deleted_and_what_anything_leads_to_stays() -> Result<()> {
    in_a_world(async |world| {
        world.cloud_tables(
            "[limits]\nversion_quiet = \"200ms\"\nasset_grace = \"3s\"\nasset_sweep = \"200ms\"\nasset_sweep_first = \"200ms\"",
        );
        world.start_cloud().await?;
        let desk = desk(world).await?;
        let named = upload(world, &desk, "named.png", b"named by the tree").await?;
        let trashed = upload(world, &desk, "trashed.png", b"in the trash").await?;
        let linked = upload(world, &desk, "linked.png", b"linked by a text").await?;
        let was = upload(world, &desk, "was.png", b"linked by a version").await?;
        let gone = upload(world, &desk, "gone.png", b"linked by nothing").await?;
        let late = upload(world, &desk, "late.png", b"linked by a document in the trash").await?;
        write(world, &desk, "lab/notes.md", &format!("![](_assets/{was}.png)\n![](_assets/{linked}.png)\n")).await?;
        within("a version", async {
            while !desk.says(&["docs", "history", "lab/notes.md"]).await?.contains("+2") {}
            anyhow::Ok(())
        })
        .await??;
        write(world, &desk, "lab/notes.md", &format!("![](_assets/{linked}.png)\n")).await?;
        write(world, &desk, "lab/old.md", &format!("![](_assets/{late}.png)\n")).await?;
        // Out of the tree for good, all but two.
        for path in ["linked.png", "was.png", "gone.png", "late.png"] {
            desk.says(&["project", "delete", "lab", path]).await?;
        }
        desk.says(&["project", "empty", "lab", "--yes"]).await?;
        desk.says(&["docs", "delete", "lab/old.md"]).await?;
        desk.says(&["project", "delete", "lab", "trashed.png"]).await?;
        let data = world.cloud().data().to_owned();
        until("what nobody links to deleted", || (!is_there(&data, gone)).then_some(())).await?;
        // A crash in the middle of a sweep costs nothing.
        world.cloud().crash().await?;
        world.cloud().start().await?;
        desk.says(&["docs", "list"]).await?;
        for (what, asset) in [
            ("a path", named),
            ("the trash", trashed),
            ("a text", linked),
            ("a version", was),
            ("a deleted text", late),
        ] {
            ensure!(is_there(&data, asset), "{what} does not keep its asset");
        }
        // With the trash its texts and their versions go, and with those what they linked to.
        desk.says(&["project", "empty", "lab", "--yes"]).await?;
        until("what was in the trash deleted", || (!is_there(&data, late) && !is_there(&data, trashed)).then_some(()))
            .await?;
        for asset in [named, linked, was] {
            ensure!(is_there(&data, asset), "{asset} is deleted");
        }
        // What is brought again is there again.
        ensure!(upload(world, &desk, "gone.png", b"linked by nothing").await? == gone, "another asset");
        ensure!(is_there(&data, gone), "it is not brought");
        Ok(())
    })
}

/// What a cell shows no more goes to the trash, also out of folders, and from there for good.
#[test]
fn the_file_of_an_output_goes_when_no_text_shows_it() -> Result<()> {
    in_a_world(async |world| {
        world.cloud_tables("[limits]\nasset_grace = \"4s\"\nasset_sweep = \"200ms\"\nasset_sweep_first = \"200ms\"");
        world.start_cloud().await?;
        let desk = desk(world).await?;
        let path_of = |asset: AssetId| format!("_assets/generated/{asset}.png");
        let (old, new) = (AssetId::of(b"the old plot"), AssetId::of(b"the new plot"));
        for (asset, bytes) in [(old, &b"the old plot"[..]), (new, b"the new plot")] {
            upload(world, &desk, &path_of(asset), bytes).await?;
            write(world, &desk, "lab/notes.md", &format!("![]({})\n", path_of(asset))).await?;
        }
        let (old, new) = (path_of(old), path_of(new));
        within("the old plot in the trash", async {
            while !desk.says(&["project", "files", "lab", "--trash"]).await?.contains(&old) {}
            anyhow::Ok(())
        })
        .await??;
        let files = desk.says(&["project", "files", "lab"]).await?;
        ensure!(files.contains(&new) && !files.contains(&old), "{files}");
        // It is there to come back, for as long again.
        let to = world.folder().join("back");
        let data = world.cloud().data().to_owned();
        ensure!(is_there(&data, AssetId::of(b"the old plot")), "it is deleted at once");
        within("the old plot gone", async {
            while desk.says(&["project", "files", "lab", "--trash"]).await?.contains(&old) {}
            anyhow::Ok(())
        })
        .await??;
        until("its bytes deleted", || (!is_there(&data, AssetId::of(b"the old plot"))).then_some(())).await?;
        desk.says(&["project", "download", "lab", &new, "-o", &to.display().to_string()]).await?;
        ensure!(fs::read(&to)? == b"the new plot", "other bytes");
        Ok(())
    })
}
