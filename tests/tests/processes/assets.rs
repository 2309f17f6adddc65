//! Files that are no documents: brought by one device, had by every other.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use wayfare_tests::patience::{until, within};
use wayfare_tests::world::{CommandLine, Network, World, in_a_world};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/http/assets.py");
pub(crate) const MIB: usize = 1024 * 1024;

/// Bytes that do not repeat.
pub(crate) fn bytes(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33).to_le_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

pub(crate) fn file(world: &World, name: &str, bytes: &[u8]) -> Result<String> {
    let path = world.folder().join(name);
    fs::write(&path, bytes)?;
    Ok(path.display().to_string())
}

/// Fetches a file again and again until it is there.
pub(crate) async fn fetched(line: &CommandLine, path: &str, to: &Path) -> Result<Vec<u8>> {
    let to = to.display().to_string();
    within(&format!("{path} fetched"), async {
        while line.says(&["project", "download", "lab", path, "-o", &to]).await.is_err() {}
    })
    .await?;
    Ok(fs::read(to)?)
}

#[test]
fn what_one_device_brings_every_device_has_whatever_comes_between() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.start_node("laptop").await?;
        let laptop = world.command_line_of_node()?;
        let desk = world.another_node("desk").await?;
        let desk_line = world.command_line_on(&desk)?;
        let here = world.folder().join("fetched");
        let table = bytes(5 * MIB + 3, 1);
        let path = file(world, "table.csv", &table)?;
        laptop.says(&["project", "upload", "lab", &path, "--path", "data/table.csv"]).await?;
        ensure!(fetched(&desk_line, "data/table.csv", &here).await? == table, "other bytes");
        let listed = desk_line.says(&["project", "files", "lab"]).await?;
        ensure!(listed.contains("data/table.csv") && listed.contains("text/csv"), "{listed}");
        // A device without a node.
        let phone = world.command_line("phone", Network::Shared)?;
        let string = world.cloud().pairing_string().await?.to_string();
        phone.says(&["login", &string]).await?;
        let photo = bytes(2 * MIB, 2);
        let path = file(world, "photo.jpg", &photo)?;
        phone.says(&["project", "upload", "lab", &path]).await?;
        ensure!(fetched(&laptop, "photo.jpg", &here).await? == photo, "other bytes");
        // What was fetched is there without the cloud; what is added without it is brought later, however often it ends meanwhile.
        let large = bytes(24 * MIB, 3);
        let path = file(world, "large.bin", &large)?;
        world.cloud().crash().await?;
        ensure!(fetched(&desk_line, "data/table.csv", &here).await? == table, "not kept");
        laptop.says(&["project", "upload", "lab", &path]).await?;
        for _ in 0..3 {
            world.cloud().start().await?;
            let data = world.cloud().data().join("assets");
            until("some of it at the cloud", || has_upload(&data).then_some(())).await?;
            world.cloud().crash().await?;
        }
        world.node().crash().await?;
        world.cloud().start().await?;
        world.node().start().await?;
        ensure!(fetched(&desk_line, "large.bin", &here).await? == large, "other bytes");
        // Damage at a node is mended from the cloud.
        let kept = only_asset(desk.data(), "large.bin", &desk_line).await?;
        let mut wrong = fs::read(&kept)?;
        wrong[MIB] ^= 1;
        fs::write(&kept, wrong)?;
        ensure!(fetched(&desk_line, "large.bin", &here).await? == large, "damage is given out");
        Ok(())
    })
}

#[test]
fn what_was_added_before_there_was_a_cloud_comes_to_it() -> Result<()> {
    in_a_world(async |world| {
        world.start_node("laptop").await?;
        let laptop = world.command_line_of_node()?;
        let photo = bytes(2 * MIB, 1);
        let path = file(world, "photo.jpg", &photo)?;
        laptop.says(&["project", "upload", "lab", &path]).await?;
        world.start_cloud().await?;
        let string = world.cloud().pairing_string().await?.to_string();
        laptop.says(&["login", &string]).await?;
        let phone = world.command_line("phone", Network::Shared)?;
        let string = world.cloud().pairing_string().await?.to_string();
        phone.says(&["login", &string]).await?;
        ensure!(fetched(&phone, "photo.jpg", &world.folder().join("fetched")).await? == photo, "other bytes");
        Ok(())
    })
}

/// Whether some of an upload is there, or all.
fn has_upload(assets: &Path) -> bool {
    let Ok(accounts) = fs::read_dir(assets) else { return false };
    accounts.flatten().any(|account| {
        let parts = fs::read_dir(account.path().join("uploads")).into_iter().flatten().flatten();
        let has_parts =
            parts.into_iter().any(|upload| fs::read_dir(upload.path()).is_ok_and(|parts| parts.count() > 0));
        has_parts || fs::read_dir(account.path()).is_ok_and(|folders| folders.count() > 3)
    })
}

/// The file of an asset in the data folder of a node.
async fn only_asset(data: &Path, path: &str, line: &CommandLine) -> Result<PathBuf> {
    let listed = line.says(&["--json", "project", "files", "lab"]).await?;
    let row = listed.lines().find(|row| row.contains(path)).context("it is not listed")?;
    let id = row.split("\"id\":\"").nth(1).and_then(|rest| rest.split('"').next()).context("no id")?;
    let account = "00000000-0000-0000-0000-000000000000";
    Ok(data.join("assets").join(account).join(&id[..2]).join(id))
}

#[test]
fn a_program_brings_and_fetches_files_at_the_doors_of_node_and_cloud() -> Result<()> {
    in_a_world(async |world| {
        world.cloud_tables("http_listen = \"127.0.0.1:0\"");
        world.node_tables("[http]\nlisten = \"127.0.0.1:0\"");
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let line = world.command_line_of_node()?;
        let data = world.node().data().to_owned();
        let address = format!("http://{}", fs::read_to_string(data.join("door/http.addr"))?.trim());
        let token = fs::read_to_string(data.join("http.token"))?;
        let said = line.runs_python(Path::new(PROGRAM), &[&address, token.trim(), "-", "one"], &[]).await?;
        ensure!(said.contains("as expected"), "{said}");
        let desk = world.command_line("desk", Network::Shared)?;
        let string = world.cloud().pairing_string().await?.to_string();
        let said = desk.says(&["--json", "device", "token", &string, "--name", "editor"]).await?;
        let token = said.split("\"token\":").nth(1).and_then(|rest| rest.split('"').nth(1)).context("no token")?;
        let cloud = world.cloud().data().to_owned();
        let address = format!("https://{}", fs::read_to_string(cloud.join("http.addr"))?.trim());
        let ca = cloud.join("tls/ca.pem").display().to_string();
        let said = desk.runs_python(Path::new(PROGRAM), &[&address, token, &ca, "two"], &[]).await?;
        ensure!(said.contains("as expected"), "{said}");
        Ok(())
    })
}

#[test]
fn files_of_bound_folders_are_the_same_on_both_nodes() -> Result<()> {
    in_a_world(async |world| {
        world.node_tables("[log]\nfilter = \"info,wayfare_actors=debug\"");
        world.start_cloud().await?;
        world.start_node("laptop").await?;
        let laptop = world.command_line_of_node()?;
        let desk = world.another_node("desk").await?;
        let desk_line = world.command_line_on(&desk)?;
        let mut places = Vec::new();
        for (name, line) in [("one", &laptop), ("other", &desk_line)] {
            let folder = world.folder().join(name);
            fs::create_dir_all(folder.join("img"))?;
            within("the project at both", async {
                while name == "other" && !line.says(&["docs", "list"]).await?.contains("lab") {}
                anyhow::Ok(())
            })
            .await??;
            line.says(&["project", "add", &folder.display().to_string(), "--name", "lab"]).await?;
            places.push(folder);
        }
        let [one, other] = places.as_slice() else { anyhow::bail!("two places") };
        let plot = bytes(3 * MIB, 1);
        fs::write(one.join("img/plot.png"), &plot)?;
        fs::write(one.join("notes.md"), "![plot](img/plot.png)\n")?;
        same(other, "img/plot.png", &plot).await?;
        // Changed at the other end, and moved.
        let second = bytes(MIB, 2);
        fs::write(other.join("img/plot.png"), &second)?;
        same(one, "img/plot.png", &second).await?;
        fs::rename(one.join("img/plot.png"), one.join("plot.png"))?;
        same(other, "plot.png", &second).await?;
        until("the old name gone", || (!other.join("img/plot.png").exists()).then_some(())).await?;
        // What is ignored stays where it is.
        fs::write(one.join(".wayfareignore"), "big/\n")?;
        fs::create_dir_all(one.join("big"))?;
        fs::write(one.join("big/table.bin"), "table")?;
        // Both change a file while the cloud is away: both are kept.
        settled(&desk_line).await?;
        settled(&laptop).await?;
        world.cloud().crash().await?;
        let (mine, theirs) = (bytes(1000, 3), bytes(1000, 4));
        fs::write(one.join("plot.png"), &mine)?;
        fs::write(other.join("plot.png"), &theirs)?;
        fs::write(other.join("new.bin"), &theirs)?;
        settled(&laptop).await?;
        settled(&desk_line).await?;
        world.cloud().start().await?;
        same(one, "new.bin", &theirs).await?;
        until("the same on both", || {
            (fs::read(one.join("plot.png")).ok()? == fs::read(other.join("plot.png")).ok()?).then_some(())
        })
        .await?;
        ensure!(!other.join("big").exists(), "ignored files were brought");
        // One that is removed goes everywhere; very many are held.
        fs::remove_file(one.join("new.bin"))?;
        until("removed", || (!other.join("new.bin").exists()).then_some(())).await?;
        for n in 0..8 {
            fs::write(one.join(format!("{n}.bin")), [n])?;
        }
        for n in 0..8 {
            same(other, &format!("{n}.bin"), &[n]).await?;
        }
        settled(&laptop).await?;
        for n in 0..8 {
            fs::remove_file(one.join(format!("{n}.bin")))?;
        }
        within("held", async {
            while !laptop.says(&["project", "list"]).await?.contains("8 files are gone") {}
            anyhow::Ok(())
        })
        .await??;
        ensure!(other.join("7.bin").exists(), "taken for deleted");
        laptop.says(&["project", "release", "lab"]).await?;
        until("all of them removed", || (0..8).all(|n| !other.join(format!("{n}.bin")).exists()).then_some(())).await
    })
}

async fn same(folder: &Path, path: &str, wanted: &[u8]) -> Result<()> {
    until(&format!("{path} in {}", folder.display()), || {
        fs::read(folder.join(path)).is_ok_and(|bytes| bytes == wanted).then_some(())
    })
    .await
}

async fn settled(line: &CommandLine) -> Result<()> {
    within("a folder in step", async {
        while !line.says(&["project", "list"]).await?.contains("in step") {}
        anyhow::Ok(())
    })
    .await?
}
