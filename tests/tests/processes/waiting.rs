//! Runs that a node was asked for without a way to their session: executed once, there, or taken back, whatever was killed meanwhile. And
//! documents of which a node without its cloud has nothing.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use wayfare_tests::patience::{LOOK_AGAIN, within};
use wayfare_tests::world::{CommandLine, Network, Node, World, in_a_world};

use crate::queue::{NAME, queue};
use crate::story::logged_in;

/// What was written by each execution of the second cell.
fn marks(world: &World) -> PathBuf {
    world.folder().join("marks")
}

async fn edit(world: &World, line: &CommandLine, name: &str, text: &str) -> Result<String> {
    let file = world.folder().join("text.md");
    fs::write(&file, text)?;
    line.says(&["docs", "edit", name, "--from", &file.display().to_string()]).await
}

/// A document with two cells; the session of both lives at the workshop, where the first was run.
async fn begun(world: &mut World) -> Result<CommandLine> {
    world.start_cloud().await?;
    world.start_node("workshop").await?;
    world.device("onlooker").await?.sees_online("workshop").await?;
    let phone = logged_in(world, "phone", Network::Shared).await?;
    let mark = format!("with open({:?}, 'a') as marks:\n    marks.write('x')\nprint('from', here)", marks(world));
    let text = format!("```python\nhere = 'the workshop'\nprint('begun')\n```\n\n```python\n{mark}\n```\n");
    phone.says(&["docs", "new", NAME]).await?;
    edit(world, &phone, NAME, &text).await?;
    phone.says(&["run", "--document", NAME, "--cell", "1", "--on", "workshop"]).await?;
    seen(&phone, "the first output", |text| text.contains("\nbegun\n")).await?;
    Ok(phone)
}

/// The document as somebody sees it once it is as it should be.
async fn seen(line: &CommandLine, what: &str, is_there: impl Fn(&str) -> bool) -> Result<String> {
    within(what, async {
        loop {
            if let Ok(text) = line.says(&["docs", "cat", NAME]).await
                && is_there(&text)
            {
                return Ok(text);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    })
    .await?
}

/// What waits in the document, once it is so much.
async fn waiting(line: &CommandLine, what: &str, count: usize) -> Result<Vec<Value>> {
    queue(line, what, |rows| rows.len() == count).await
}

/// The phone, an attic and what is typed there, where the second cell waits: the workshop, where its session is, is away. The cloud, where
/// others see that it waits, is not.
async fn waits_for_the_workshop(world: &mut World) -> Result<(CommandLine, Node, CommandLine, Value)> {
    let phone = begun(world).await?;
    let attic = world.another_node("attic").await?;
    let line = world.command_line_on(&attic)?;
    seen(&line, "the document at the attic", |text| text.contains("\nbegun\n")).await?;
    world.node().crash().await?;
    within("the workshop is away", async {
        let is_gone = |said: &str| said.lines().any(|line| line.contains("workshop") && line.contains("offline"));
        while !line.says(&["device", "list"]).await.is_ok_and(|said| is_gone(&said)) {}
    })
    .await?;
    line.says(&["run", "--document", NAME, "--cell", "2", "--queue"]).await?;
    let row = waiting(&phone, "the phone sees it", 1).await?.remove(0);
    Ok((phone, attic, line, row))
}

#[test]
fn a_run_that_waited_at_a_node_for_its_cloud_is_executed_once_where_its_session_is() -> Result<()> {
    in_a_world(async |world| {
        let phone = begun(world).await?;
        let mut attic = world.another_node("attic").await?;
        let line = world.command_line_on(&attic)?;
        seen(&line, "the document at the attic", |text| text.contains("\nbegun\n")).await?;
        world.cloud().crash().await?;
        let all = line.says(&["run", "--document", NAME, "--queue"]).await;
        ensure!(all.is_err_and(|why| why.to_string().contains("--keep-going")), "two cells wait as if nobody minded");
        let said = line.says(&["--json", "run", "--document", NAME, "--cell", "2", "--queue"]).await?;
        let told: Value = serde_json::from_str(said.trim())?;
        ensure!(told["kind"] == "queued" && told["session"] == "lab:main", "{said}");
        let rows = queue(&line, "a list", |_| true).await?;
        ensure!(rows.len() == 1 && rows[0]["run"] == told["run"] && rows[0]["sent_to"].is_null(), "{rows:?}");
        ensure!(rows[0]["cell"] == 2, "{rows:?}");
        attic.crash().await?;
        attic.start().await?;
        ensure!(queue(&line, "a list", |_| true).await?.len() == 1, "it waits on");
        world.cloud().start().await?;
        let text = seen(&phone, "the output", |text| text.contains("\nfrom the workshop\n")).await?;
        ensure!(text.matches("```output:").count() == 2, "{text}");
        waiting(&line, "nothing waits at the attic", 0).await?;
        waiting(&phone, "nothing waits anywhere", 0).await?;
        // Nothing is sent once more, whoever begins anew.
        attic.crash().await?;
        attic.start().await?;
        phone.says(&["run", "--document", NAME, "--cell", "1"]).await?;
        ensure!(fs::read_to_string(marks(world))? == "x", "executed {}", fs::read_to_string(marks(world))?);
        Ok(())
    })
}

/// Nobody is left to be told but those who look at the document.
#[test]
fn a_run_that_waited_at_a_node_and_is_refused_says_so_everywhere() -> Result<()> {
    in_a_world(async |world| {
        let (phone, _attic, line, _) = waits_for_the_workshop(world).await?;
        // Meanwhile its user has closed the workshop to other devices.
        world.node().configure("[policy]\nremote = false")?;
        world.node().start().await?;
        let is_over = |rows: &[Value]| rows.first().is_some_and(|row| !row["end"].is_null());
        let row = queue(&phone, "the phone sees that it is refused", is_over).await?.remove(0);
        ensure!(row["end"] == "refused:Forbidden", "{row}");
        let shown = phone.says(&["docs", "queue", NAME]).await?;
        ensure!(shown.contains("refused: not allowed"), "{shown}");
        phone.says(&["docs", "queue", NAME, "--take-back", row["run"].as_str().context("a run")?]).await?;
        waiting(&line, "nothing is left of it at the attic", 0).await?;
        ensure!(!marks(world).exists(), "it was executed");
        Ok(())
    })
}

#[test]
fn a_run_that_waited_at_a_node_and_was_taken_back_elsewhere_is_not_executed() -> Result<()> {
    in_a_world(async |world| {
        let (phone, mut attic, line, row) = waits_for_the_workshop(world).await?;
        ensure!(row["device_name"] == "attic", "{row}");
        attic.crash().await?;
        let run = row["run"].as_str().context("a run")?;
        phone.says(&["docs", "queue", NAME, "--take-back", run]).await?;
        world.node().start().await?;
        attic.start().await?;
        // Both are back, and another cell of the session is executed for the attic.
        within("a run at the workshop", async {
            while line.says(&["run", "--document", NAME, "--cell", "1"]).await.is_err() {}
        })
        .await?;
        waiting(&line, "nothing waits at the attic", 0).await?;
        ensure!(!marks(world).exists(), "it was executed");
        Ok(())
    })
}

#[test]
fn a_node_without_its_cloud_writes_nothing_into_a_document_that_has_not_come() -> Result<()> {
    in_a_world(async |world| {
        // It reads nothing ahead.
        world.node_tables("metered = true");
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let phone = logged_in(world, "phone", Network::Shared).await?;
        phone.says(&["docs", "new", NAME]).await?;
        edit(world, &phone, NAME, "```python\n1\n```\n").await?;
        let line = world.command_line_of_node()?;
        ensure!(line.says(&["docs", "list", "lab"]).await?.contains("plan.md"), "its path is known");
        world.cloud().crash().await?;
        for refused in
            [edit(world, &line, NAME, "beside it\n").await, line.says(&["run", "--document", NAME, "--queue"]).await]
        {
            let why = refused.err().context("it is done")?.to_string();
            ensure!(why.contains("has not come to this device yet"), "{why}");
        }
        // One that is new is another matter, also when it is empty at first.
        line.says(&["docs", "new", "lab/other.md"]).await?;
        edit(world, &line, "lab/other.md", "new\n").await?;
        edit(world, &line, "lab/third.md", "newer\n").await?;
        world.cloud().start().await?;
        for (name, text) in [("lab/other.md", "new\n"), ("lab/third.md", "newer\n")] {
            within("what is new at the cloud", async {
                while !phone.says(&["docs", "cat", name]).await.is_ok_and(|is| is == text) {}
            })
            .await?;
        }
        let text = seen(&line, "the document at the node", |text| !text.is_empty()).await?;
        ensure!(text == "```python\n1\n```\n", "{text}");
        Ok(())
    })
}
