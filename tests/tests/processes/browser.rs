//! A person's browser: the app's own client of the mesh over MessagePack, with cloud and node.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use wayfare_tests::patience::within;
use wayfare_tests::world::{Browser, World, in_a_world};

/// A browser that is paired with the cloud and online.
async fn paired(world: &mut World, name: &str) -> Result<Browser> {
    let mut browser = world.browser().await?;
    let string = world.cloud().pairing_string().await?.to_string();
    let home = format!("https://{}", world.cloud().address());
    let made = browser.does("pair", json!([home, string, name])).await?;
    ensure!(made["isExtractable"] == false, "its key can be read out: {made}");
    browser.does("connect", json!([])).await?;
    browser.does("state", json!(["online"])).await?;
    Ok(browser)
}

/// A kernel that is busy with itself answers late: a question may be asked again.
async fn completes(browser: &mut Browser, session: &Value) -> Result<Value> {
    let ask = async {
        loop {
            match browser.does("complete", json!([session, "prin", 4])).await {
                Err(late) if ["DeadlineExceeded", "KernelBusy"].iter().any(|code| late.to_string().contains(code)) => {}
                told => return told,
            }
        }
    };
    within("completions", ask).await?
}

fn cell(code: &str) -> Value {
    json!([{ "project": "tests", "notebook": "main", "language": "python", "code": code }])
}

/// Executes a cell to its end.
async fn runs(browser: &mut Browser, code: &str) -> Result<Vec<Value>> {
    let run = browser.does("begin", cell(code)).await?;
    let events = browser.does("events", json!([run, "ended"])).await?;
    events.as_array().cloned().context("events")
}

/// What a run printed; its numbers must have no gap.
fn printed(events: &[Value]) -> Result<String> {
    let numbers: Vec<_> = events.iter().filter_map(|event| event["number"].as_u64()).collect();
    ensure!(numbers.iter().copied().eq(1..=numbers.len() as u64), "events {numbers:?}");
    let texts = events.iter().filter(|event| event["kind"] == "stdout").filter_map(|event| event["text"].as_str());
    Ok(texts.collect())
}

fn ended(events: &[Value]) -> Option<&str> {
    events.iter().find(|event| event["kind"] == "ended").and_then(|event| event["outcome"].as_str())
}

#[test]
fn a_browser_pairs_sees_the_devices_and_runs_cells_on_the_node_through_a_crash_of_the_cloud() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let mut browser = paired(world, "phone").await?;
        let devices = browser.does("devices", json!(["workshop", "online"])).await?;
        let devices = devices.as_array().context("devices")?;
        let of = |name: &str| devices.iter().find(|device| device["name"] == name).cloned().unwrap_or_default();
        ensure!(
            of("workshop")["languages"].as_array().is_some_and(|all| all.contains(&json!("python"))),
            "{devices:?}"
        );
        ensure!(of("phone")["isThisDevice"] == true && of("phone")["platform"] == "browser", "{devices:?}");

        let events = runs(&mut browser, "x = 20\nfor n in range(3): print(n, flush=True)\nx + 22").await?;
        ensure!(printed(&events)? == "0\n1\n2\n" && ended(&events) == Some("succeeded"), "{events:?}");
        let result = events.iter().find(|event| event["kind"] == "result").context("no result")?;
        ensure!(result["bundle"]["data"]["text/plain"] == "42" && result["executionCount"] == 1, "{result}");
        ensure!(events.iter().any(|event| event["kind"] == "attached" && event["deviceName"] == "workshop"));
        let failed = runs(&mut browser, "1 / 0").await?;
        let error = failed.iter().find(|event| event["kind"] == "error").context("no error")?;
        ensure!(error["error"]["type"] == "ZeroDivisionError" && ended(&failed) == Some("failed"), "{error}");

        // A cell that outlives the cloud: what it printed meanwhile comes once, in order, when the browser has dialed again.
        let code = "import time\nfor n in range(40):\n    print(n, flush=True)\n    time.sleep(0.05)";
        let run = browser.does("begin", cell(code)).await?;
        let accepted = browser.does("accepted", json!([run])).await?;
        ensure!(accepted["deviceName"] == "workshop", "{accepted}");
        browser.does("events", json!([run, "stdout"])).await?;
        world.cloud().crash().await?;
        browser.does("state", json!(["offline"])).await?;
        world.cloud().start().await?;
        browser.does("state", json!(["online"])).await?;
        browser.does("events", json!([run, "ended"])).await?;
        let session = &accepted["session"];
        let listed = browser.does("runs", json!([session])).await?;
        ensure!(listed[0]["run"] == run && listed[0]["outcome"] == "succeeded", "{listed}");
        let again = browser.does("attach", json!([session, run, 1])).await?;
        let whole = browser.does("events", json!([again, "ended"])).await?;
        let wanted: String = (0..40).map(|n| format!("{n}\n")).collect();
        ensure!(printed(whole.as_array().context("events")?)? == wanted, "{whole}");
        Ok(())
    })
}

#[test]
fn a_browser_answers_asks_interrupts_and_is_refused_when_it_was_revoked() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let mut browser = paired(world, "phone").await?;
        let mut other = paired(world, "tablet").await?;
        let run = browser.does("begin", cell("print(input('name? '))")).await?;
        let asked = browser.does("events", json!([run, "stdin"])).await?;
        ensure!(asked.as_array().is_some_and(|all| all.iter().any(|event| event["prompt"] == "name? ")), "{asked}");
        let session = browser.does("accepted", json!([run])).await?["session"].clone();
        // Any device of the account answers.
        other.does("reply", json!([session, run, "Ada"])).await?;
        let rest = browser.does("events", json!([run, "ended"])).await?;
        ensure!(rest.to_string().contains("Ada\\n"), "{rest}");
        let told = completes(&mut browser, &session).await?;
        ensure!(told["matches"].to_string().contains("print") && told["start"] == 0 && told["end"] == 4, "{told}");

        let endless =
            browser.does("begin", cell("import time\nprint('on', flush=True)\nwhile True: time.sleep(0.01)")).await?;
        browser.does("events", json!([endless, "stdout"])).await?;
        browser.does("interrupt", json!([session, endless])).await?;
        let end = browser.does("events", json!([endless, "ended"])).await?;
        ensure!(end.to_string().contains("KeyboardInterrupt"), "{end}");

        // The list of projects is a document: the first step of its synchronisation (an empty state vector) is answered.
        let index = "00000000-0000-0000-0000-000000000000";
        let frame = browser.does("document", json!([index, "00000100"])).await?;
        ensure!(frame.as_str().is_some_and(|frame| frame.starts_with("00")), "{frame}");

        let nowhere = json!([{ "project": "tests", "notebook": "main", "language": "cobol", "code": "1" }]);
        let run = browser.does("begin", nowhere).await?;
        let (code, why) = browser.is_refused("accepted", json!([run])).await?;
        ensure!(code == "NoCapability" && why.contains("cobol"), "{code}: {why}");

        let own = other.does("self", json!([])).await?["deviceId"].clone();
        browser.does("revoke", json!([own])).await?;
        other.does("state", json!(["refused"])).await?;
        let why = other.does("trouble", json!([])).await?;
        ensure!(why.as_str().is_some_and(|why| why.contains("tablet was revoked")), "{why}");
        Ok(())
    })
}

#[test]
fn a_browser_at_the_node_shows_its_token_and_needs_no_cloud() -> Result<()> {
    in_a_world(async |world| {
        world.node_tables("[http]\nlisten = \"127.0.0.1:0\"");
        world.start_node("workshop").await?;
        let data = world.node().data().to_owned();
        let home = format!("http://{}", fs::read_to_string(data.join("door/http.addr"))?.trim());
        let token = fs::read_to_string(data.join("http.token"))?.trim().to_owned();
        let mut browser = world.browser().await?;
        let (code, _) = browser.is_refused("enter", json!([home, "x", "a page"])).await?;
        ensure!(code == "OwnerUnreachable", "a strange token gave {code}");
        browser.does("enter", json!([home, token, "a page"])).await?;
        browser.does("connect", json!([])).await?;
        browser.does("state", json!(["online"])).await?;
        let devices = browser.does("devices", json!(["workshop", "online"])).await?;
        ensure!(devices[0]["isThisDevice"] == true, "{devices}");
        let events = runs(&mut browser, "print('local')").await?;
        ensure!(printed(&events)? == "local\n" && ended(&events) == Some("succeeded"), "{events:?}");
        // The node begins anew, and the page with it.
        world.node().crash().await?;
        browser.does("state", json!(["offline"])).await?;
        Ok(())
    })
}

#[test]
fn cloud_and_node_serve_the_app_and_take_links_of_their_own_pages_only() -> Result<()> {
    in_a_world(async |world| {
        world.node_tables("[http]\nlisten = \"127.0.0.1:0\"");
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let data = world.node().data().to_owned();
        let at_node = format!("http://{}", fs::read_to_string(data.join("door/http.addr"))?.trim());
        let token = fs::read_to_string(data.join("http.token"))?.trim().to_owned();
        let at_cloud = format!("https://{}", world.cloud().address());
        let mut browser = world.browser().await?;
        for home in [&at_cloud, &at_node] {
            for view in ["/", "/devices"] {
                let page = browser.does("loads", json!([format!("{home}{view}")])).await?;
                ensure!(page["status"] == 200 && page["begins"] == "<!doctype html>", "{page}");
                let policy = page["policy"].as_str().unwrap_or_default();
                ensure!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"), "{page}");
            }
            let (foreign, link) = ("https://evil.example", format!("{home}/link?token={token}"));
            ensure!(browser.does("upgrades", json!([link, foreign])).await? == 403, "{foreign} links at {home}");
            ensure!(browser.does("upgrades", json!([link, home])).await? == 101, "{home} does not link at itself");
        }
        let without = format!("{at_node}/link");
        ensure!(browser.does("upgrades", json!([without, at_node])).await? == 401, "no token was asked for");
        let elsewhere = browser.does("loads", json!([format!("{at_node}/api/devices")])).await?;
        ensure!(elsewhere["status"] == 401, "{elsewhere}");
        let said = world.command_line_of_node()?.says(&["app"]).await?;
        ensure!(said.trim() == format!("{at_node}/#token={token}"), "{said}");
        let shown = world.cloud().command(&["pair", "--qr"]).await?;
        ensure!(shown.contains(&format!("{at_cloud}/pair#wayfare://")) && shown.contains('█'), "{shown}");
        Ok(())
    })
}
