//! Programs that speak HTTP to the cloud.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use wayfare_tests::patience::until;
use wayfare_tests::world::{Network, in_a_world};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/http/ask_cloud.py");

#[test]
fn a_program_with_a_token_is_served_by_the_cloud_as_by_a_node_and_nobody_else_is() -> Result<()> {
    in_a_world(async |world| {
        world.cloud_tables("http_listen = \"127.0.0.1:0\"");
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let mut person = world.device("person").await?;
        person.sees_online("workshop").await?;
        let desk = world.command_line("desk", Network::Shared)?;
        let string = world.cloud().pairing_string().await?.to_string();
        let said = desk.says(&["--json", "device", "token", &string, "--name", "editor"]).await?;
        let token = said.split("\"token\":").nth(1).and_then(|rest| rest.split('"').nth(1)).context("no token")?;
        let data = world.cloud().data().to_owned();
        let address = fs::read_to_string(data.join("http.addr"))?;
        let ca = data.join("tls/ca.pem").display().to_string();
        for what in ["turned_away", "served"] {
            let said = desk.runs_python(Path::new(PROGRAM), &[what, address.trim(), &ca, token], &[]).await?;
            ensure!(said.contains("as expected"), "{what}: {said}");
        }
        // What ran belongs to the session: others see it.
        person.open("tests:main").await?;
        ensure!(person.prints("print(_)").await? == "42", "another session");
        // It is one of the devices, and is revoked like any.
        let devices = person.client().devices().await.context("no answer")?;
        let editor = devices.iter().find(|device| device.name == "editor").context("it is not listed")?.device;
        let watching = world.folder().join("watching");
        let watches = ["let_go", address.trim(), &ca, token, &watching.display().to_string()];
        let (said, revoked) = tokio::join!(desk.runs_python(Path::new(PROGRAM), &watches, &[]), async {
            until("it watches", || watching.exists().then_some(())).await?;
            person.client().revoke(editor).await.context("no answer")?.context("it is not revoked")
        });
        revoked?;
        ensure!(said?.contains("as expected"), "it hears nothing");
        let said = desk.runs_python(Path::new(PROGRAM), &["revoked", address.trim(), &ca, token], &[]).await?;
        ensure!(said.contains("as expected"), "{said}");
        Ok(())
    })
}
