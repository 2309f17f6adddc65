//! What cells of documents wrote is in the documents, once, whoever asked and whatever was killed.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use wayfare_protocol::AssetId;
use wayfare_tests::patience::{LOOK_AGAIN, within};
use wayfare_tests::world::{CommandLine, Network, World, in_a_world};

use crate::documents::node_door;
use crate::story::logged_in;

/// A picture of one pixel, in hexadecimal.
const PIXEL: &str = concat!(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000",
    "000d4944415478da6364f8cf500f00038601805a347d6b0000000049454e44ae426082",
);
const NAME: &str = "lab/notes/plan.md";
const EXECUTIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/http/executions.cjs");

/// A cloud, a node that is online, and the command line of a phone.
async fn begun(world: &mut World) -> Result<CommandLine> {
    world.start_cloud().await?;
    world.start_node("workshop").await?;
    world.device("onlooker").await?.sees_online("workshop").await?;
    logged_in(world, "phone", Network::Shared).await
}

async fn write(world: &World, line: &CommandLine, text: &str) -> Result<()> {
    let file = world.folder().join("text.md");
    fs::write(&file, text)?;
    line.says(&["docs", "new", NAME]).await?;
    line.says(&["docs", "edit", NAME, "--from", &file.display().to_string()]).await?;
    Ok(())
}

fn blocks(text: &str) -> usize {
    text.matches("```output:").count()
}

/// The document as somebody sees it once it is as it should be.
async fn seen(line: &CommandLine, what: &str, is_there: impl Fn(&str) -> bool) -> Result<String> {
    within(what, async {
        loop {
            let text = line.says(&["docs", "cat", NAME]).await?;
            if is_there(&text) {
                return Ok(text);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    })
    .await?
}

#[test]
fn what_the_cells_of_a_document_wrote_is_in_it_on_every_device() -> Result<()> {
    in_a_world(async |world| {
        let phone = begun(world).await?;
        let display =
            format!("from IPython.display import Image, display\n_ = display(Image(data=bytes.fromhex('{PIXEL}')))");
        let text = format!(
            "# Plan\n\n```python\nprint('on', 6 * 7)\n```\n\nText.\n\n```python\n{display}\nprint('long ' * 20000)\n```\n\nThe end.\n"
        );
        write(world, &phone, &text).await?;
        let said = phone.says(&["run", "--document", NAME]).await?;
        ensure!(said.contains("on 42") && said.contains("ran on workshop"), "{said}");
        let digits = (0..PIXEL.len()).step_by(2);
        let pixel: Vec<u8> = digits.map(|at| u8::from_str_radix(&PIXEL[at..at + 2], 16)).collect::<Result<_, _>>()?;
        let link = format!("_assets/generated/{}.png", AssetId::of(&pixel));
        let text = seen(&phone, "the outputs", |text| blocks(text) == 1 && text.contains(&link)).await?;
        let (_, first) = text.split_once("print('on', 6 * 7)\n```\n\n```output:").context("it is after its cell")?;
        let (run, first) = first.split_once('\n').context("a line")?;
        ensure!(run.len() == 36, "{run:?} is a run's id");
        ensure!(first.starts_with("on 42\n```\n\nText.\n\n"), "{first}");
        ensure!(text.ends_with(")\n\nThe end.\n"), "{text}");
        // The picture is a file of the project, beside the document.
        let here = world.folder().join("fetched.png");
        let (path, to) = (format!("notes/{link}"), here.display().to_string());
        within("the picture at the cloud", async {
            while phone.says(&["project", "download", "lab", &path, "-o", &to]).await.is_err() {}
        })
        .await?;
        ensure!(fs::read(&here)? == pixel, "other bytes");
        let long = "long ".repeat(20_000) + "\n";
        let log = format!("_assets/generated/{}.txt", AssetId::of(long.as_bytes()));
        ensure!(text.contains(&format!("[stdout]({log} ")), "{text}");
        let files = [(path, pixel), (format!("notes/{log}"), long.into_bytes())];
        in_a_folder(world, &text, &files).await?;
        // Run again, a cell has the new output and no other.
        phone.says(&["run", "--document", NAME, "--cell", "1"]).await?;
        let again = seen(&phone, "the new output", |text| !text.contains(run)).await?;
        ensure!(blocks(&again) == 1 && again.contains("on 42\n```\n\nText.\n\n"), "{again}");
        Ok(())
    })
}

/// A folder of a device that was not there has the text as it is, and the files where the text says.
async fn in_a_folder(world: &mut World, text: &str, files: &[(String, Vec<u8>)]) -> Result<()> {
    let attic = world.another_node("attic").await?;
    let line = world.command_line_on(&attic)?;
    // Before it knows the project it would make one of that name.
    within("the document there", async {
        while !line.says(&["docs", "cat", NAME]).await.is_ok_and(|is| is == text) {}
    })
    .await?;
    let folder = world.folder().join("lab");
    fs::create_dir(&folder)?;
    line.says(&["project", "add", &folder.display().to_string(), "--name", "lab"]).await?;
    let has = |name: &str, bytes: &[u8]| fs::read(folder.join(Path::new(name))).is_ok_and(|found| found == bytes);
    within("the folder has all", async {
        while !(has("notes/plan.md", text.as_bytes()) && files.iter().all(|(path, bytes)| has(path, bytes))) {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    })
    .await
}

/// A stock client of Yjs reads the map that editors have from elsewhere.
#[test]
fn each_run_whose_output_is_in_a_document_is_an_entry_for_editors_of_others() -> Result<()> {
    in_a_world(async |world| {
        world.node_tables("[http]\nlisten = \"127.0.0.1:0\"");
        let phone = begun(world).await?;
        write(world, &phone, "```python\nprint('well')\n```\n\n```python\nnot_there\n```\n").await?;
        let failed = phone.says(&["run", "--document", NAME, "--keep-going"]).await;
        ensure!(failed.is_err(), "the second cell fails");
        let text = seen(&phone, "the outputs", |text| text.contains("well\n") && text.contains("NameError")).await?;
        let (address, token) = node_door(world)?;
        let room = NAME.to_owned();
        let read = async || -> Result<serde_json::Value> {
            let said = phone.runs_node(Path::new(EXECUTIONS), &[&address, &room, &token]).await?;
            Ok(serde_json::from_str(said.trim())?)
        };
        let told = read().await?;
        ensure!(told["isPlain"] == true, "{told}");
        let entries = told["entries"].as_object().context("a map")?.clone();
        ensure!(entries.len() == 2, "{told}");
        for (id, entry) in &entries {
            ensure!(text.contains(&format!("```output:{id}")) && entry["id"] == id.as_str(), "{told}");
            ensure!(entry["language"] == "python" && entry["requestedAt"].as_u64() > Some(1_600_000_000_000), "{told}");
            for unknown in ["cellId", "requestedBy", "startedAt", "completedAt", "result", "error", "displayData"] {
                ensure!(entry.get(unknown) == Some(&serde_json::Value::Null), "{unknown} in {told}");
            }
        }
        let mut statuses: Vec<_> = entries.values().filter_map(|entry| entry["status"].as_str()).collect();
        statuses.sort_unstable();
        ensure!(statuses == ["completed", "error"], "{told}");
        // An entry goes with its output.
        phone.says(&["run", "--document", NAME, "--cell", "1"]).await?;
        within("the entry of the new run", async {
            loop {
                let now = read().await?;
                let now = now["entries"].as_object().context("a map")?;
                if now.keys().any(|id| !entries.contains_key(id)) {
                    ensure!(now.len() == 2, "{now:?}");
                    return Ok(());
                }
            }
        })
        .await?
    })
}

/// The node never had the document, and the cloud is gone when the cell ends.
#[test]
fn what_a_cell_wrote_without_the_cloud_is_in_the_document_when_it_is_back() -> Result<()> {
    in_a_world(async |world| {
        let phone = begun(world).await?;
        let (begun, go) = (world.folder().join("begun"), world.folder().join("go"));
        let code = format!(
            "import os, time\nopen('{}', 'w').close()\nwhile not os.path.exists('{}'):\n    time.sleep(0.01)\nprint('alone')",
            begun.display(),
            go.display()
        );
        write(world, &phone, &format!("```python\n{code}\n```\n")).await?;
        let asked = phone.says(&["run", "--document", NAME]);
        let away = async {
            within("the beginning of the cell", async {
                while !begun.exists() {
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
            })
            .await?;
            world.cloud().crash().await?;
            fs::write(&go, "")?;
            // It ends, and is not written: its cell is not here. What the node owes survives it.
            tokio::time::sleep(Duration::from_millis(500)).await;
            world.node().crash().await?;
            world.node().start().await?;
            world.cloud().start().await
        };
        let (said, away) = tokio::join!(asked, away);
        away?;
        ensure!(said?.contains("alone"), "who asked is told when the cloud is back");
        let text = seen(&phone, "the output", |text| blocks(text) > 0).await?;
        ensure!(blocks(&text) == 1 && text.ends_with("alone\n```\n"), "{text}");
        Ok(())
    })
}

#[test]
fn a_node_that_is_killed_when_a_cell_ends_leaves_one_output() -> Result<()> {
    in_a_world(async |world| {
        let phone = begun(world).await?;
        let mark = world.folder().join("ended");
        let code = format!("print('it ran')\n_ = open('{}', 'w').close()", mark.display());
        write(world, &phone, &format!("```python\n{code}\n```\n")).await?;
        let mut before = String::new();
        for wait in [0, 2, 5, 10, 20, 40] {
            // Who asked may hear of the end or not: it is not up to them.
            let asked = phone.says(&["run", "--document", NAME]);
            let killed = async {
                within("the end of the cell", async {
                    while !mark.exists() {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                })
                .await?;
                tokio::time::sleep(Duration::from_millis(wait)).await;
                world.node().crash().await?;
                world.node().start().await
            };
            let (_, killed) = tokio::join!(asked, killed);
            killed?;
            fs::remove_file(&mark)?;
            let is_new = |text: &str| blocks(text) > 0 && text != before;
            let text = seen(&phone, "the output", is_new).await?;
            ensure!(blocks(&text) == 1 && text.ends_with("it ran\n```\n"), "{text}");
            before = text;
        }
        // Nothing is written a second time when it is all there.
        world.node().crash().await?;
        world.node().start().await?;
        within("a run in the session", async { while phone.runs("later", "print('later')").await.is_err() {} }).await?;
        ensure!(phone.says(&["docs", "cat", NAME]).await? == before, "it changed");
        Ok(())
    })
}
