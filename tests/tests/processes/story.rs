//! The story of two devices, by the command line.

use anyhow::{Context as _, Result, ensure};
use wayfare_tests::world::{CommandLine, Network, World, in_a_world};

/// A device that was paired by `wayfare login`.
pub(crate) async fn logged_in(world: &mut World, name: &str, network: Network) -> Result<CommandLine> {
    let string = world.cloud().pairing_string().await?.to_string();
    let device = world.command_line(name, network)?;
    device.says(&["login", &string, "--name", name]).await?;
    Ok(device)
}

/// What stands after a mark that a cell printed.
fn after<'a>(mark: &str, said: &'a str) -> Result<&'a str> {
    let line = said.lines().find_map(|line| line.split_once(mark));
    line.map(|(_, value)| value.trim()).with_context(|| format!("no {mark:?} in {said:?}"))
}

#[test]
fn two_devices_on_two_networks_share_a_live_session_on_a_third() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        world.device("onlooker").await?.sees_online("workshop").await?;
        let laptop = logged_in(world, "laptop", Network::Shared).await?;
        let phone = logged_in(world, "phone", Network::Own).await?;
        let said = laptop.runs("set", "import os\nx = 6 * 7\nprint('the pid is', os.getpid())").await?;
        ensure!(said.contains("ran on workshop · "), "{said}");
        let kernel = after("the pid is", &said)?.to_owned();
        let said = phone.runs("read", "print('the pid is', os.getpid())\nprint('x is', x)").await?;
        ensure!(said.contains("ran on workshop · "), "{said}");
        ensure!(after("the pid is", &said)? == kernel, "another kernel: {said}");
        ensure!(after("x is", &said)? == "42", "{said}");
        let devices = phone.says(&["device", "list"]).await?;
        for name in ["workshop", "laptop", "phone"] {
            ensure!(devices.contains(name), "{name} is not among the devices: {devices}");
        }
        let sessions = phone.says(&["session", "list"]).await?;
        ensure!(sessions.contains("story:main"), "{sessions}");
        Ok(())
    })
}

#[test]
fn the_example_notebook_remembers_who_came_before() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        world.device("onlooker").await?.sees_online("workshop").await?;
        let phone = logged_in(world, "phone", Network::Own).await?;
        let hello = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/examples/hello.md");
        for visit in 1..=2 {
            let said = phone.says(&["run", hello]).await?;
            ensure!(said.contains(&format!("visit {visit}")) && said.contains("285"), "{said}");
        }
        Ok(())
    })
}
