//! Runs that wait in a document: listed by their devices, taken back, and gone with their output.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use uuid::Uuid;
use wayfare_core::run_queue::QueuedRun;
use wayfare_protocol::document::DocumentCell;
use wayfare_protocol::mrp::ExecuteRequest;
use wayfare_protocol::session::{Language, SessionKey, SessionName};
use wayfare_protocol::{RunId, Wall};
use wayfare_tests::device::Device;
use wayfare_tests::patience::{LOOK_AGAIN, within};
use wayfare_tests::world::{CommandLine, Network, World, in_a_world};

use crate::story::logged_in;

pub(crate) const NAME: &str = "lab/plan.md";

/// What waits in the document, once it is as it should be.
pub(crate) async fn queue(line: &CommandLine, what: &str, is_so: impl Fn(&[Value]) -> bool) -> Result<Vec<Value>> {
    within(what, async {
        loop {
            let listed = line.says(&["--json", "docs", "queue", NAME]).await?;
            let rows: Vec<Value> = listed.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
            if is_so(&rows) {
                return Ok(rows);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    })
    .await?
}

/// A document with two cells, the first of which ends when a file is there.
async fn write(world: &World, line: &CommandLine) -> Result<String> {
    let gate = world.folder().join("gate");
    let slow = format!("import os, time\nwhile not os.path.exists({gate:?}):\n    time.sleep(0.05)\nprint('through')");
    let file = world.folder().join("text.md");
    fs::write(&file, format!("```python\n{slow}\n```\n\n```python\nprint('second')\n```\n"))?;
    line.says(&["docs", "new", NAME]).await?;
    line.says(&["docs", "edit", NAME, "--from", &file.display().to_string()]).await?;
    Ok(slow)
}

/// Has a tablet run the first cell, as a page does that lost its connection then: the entry says that it was sent. A run of the second cell
/// waits.
async fn asks(tablet: &mut Device, world: &World, slow: &str) -> Result<[QueuedRun; 2]> {
    let session = tablet.open("lab:plan").await?.session.id;
    let library = tablet.client().library().clone();
    let limits = world.limits();
    library.settled(wayfare_protocol::DocumentId::INDEX, limits.request).await?;
    let project = library.project("lab").await?;
    library.settled(project.tree(), limits.request).await?;
    let document = library.document(project, "plan.md").await?;
    library.settled(document, limits.request).await?;
    let body = library.copy(document).await?;
    let begins = [0, body.text().rfind("```python").context("a second cell")?];
    let [first, second] = begins.map(|at| body.character_at(at));
    let (first, second) = (first.context("a character")?, second.context("a character")?);
    let devices = tablet.client().devices().await.context("a list of devices")?;
    let device = devices.iter().find(|info| info.name == "tablet").context("the tablet")?.device;
    let place = DocumentCell { project, document, begins: first };
    let run = tablet.client().run_cell(ExecuteRequest::of(slow), Some(place));
    let session_key = SessionKey { name: SessionName::new("lab", "plan")?, language: Language::from_word("python") };
    let sent = QueuedRun {
        run,
        device,
        at: Wall(1_750_000_000_000),
        begins: first,
        session: session_key,
        sent_to: Some(session),
        end: None,
    };
    let waiting = QueuedRun { run: RunId(Uuid::from_u128(1)), begins: second, sent_to: None, ..sent.clone() };
    library.edit(document, vec![sent.put(), waiting.put()]).await?;
    library.settled(document, limits.request).await?;
    Ok([sent, waiting])
}

#[test]
fn runs_that_wait_are_listed_taken_back_and_go_with_their_output() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let mut tablet = world.device("tablet").await?;
        tablet.sees_online("workshop").await?;
        let phone = logged_in(world, "phone", Network::Shared).await?;
        let slow = write(world, &phone).await?;
        let [sent, waiting] = asks(&mut tablet, world, &slow).await?;
        let rows = queue(&phone, "two runs", |rows| rows.len() == 2).await?;
        let told = |row: &Value, run: &QueuedRun, cell: u64, line: &str| {
            let device = (row["device_name"].as_str(), row["device"].as_str());
            device == (Some("tablet"), Some(run.device.to_string().as_str()))
                && row["run"].as_str() == Some(run.run.to_string().as_str())
                && (row["cell"].as_u64(), row["line"].as_str()) == (Some(cell), Some(line))
        };
        ensure!(told(&rows[0], &waiting, 2, "print('second')") && rows[0]["sent_to"].is_null(), "{rows:?}");
        ensure!(told(&rows[1], &sent, 1, "import os, time") && rows[1]["sent_to"].is_string(), "{rows:?}");
        let (first, second) = (waiting.run.to_string(), sent.run.to_string());
        phone.says(&["docs", "queue", NAME, "--take-back", &first]).await?;
        ensure!(phone.says(&["docs", "queue", NAME, "--take-back", &first]).await.is_err(), "it is taken back by now");
        let rows = queue(&phone, "one run", |rows| rows.len() == 1).await?;
        ensure!(rows[0]["run"].as_str() == Some(&second), "{rows:?}");
        // The tablet never takes its entry out: the device that writes the output does.
        fs::write(world.folder().join("gate"), "")?;
        queue(&phone, "no runs", <[Value]>::is_empty).await?;
        let text = phone.says(&["docs", "cat", NAME]).await?;
        ensure!(text.contains("```output:") && text.contains("\nthrough\n"), "{text}");
        // One that was sent is interrupted.
        fs::remove_file(world.folder().join("gate"))?;
        let [sent, _] = asks(&mut tablet, world, &slow).await?;
        queue(&phone, "two runs", |rows| rows.len() == 2).await?;
        phone.says(&["docs", "queue", NAME, "--take-back", &sent.run.to_string()]).await?;
        within("an interrupted cell", async {
            while !phone.says(&["docs", "cat", NAME]).await?.contains("KeyboardInterrupt") {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Ok::<_, anyhow::Error>(())
        })
        .await??;
        Ok(())
    })
}
