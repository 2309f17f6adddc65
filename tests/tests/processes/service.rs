//! The node as a service of systemd.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use wayfare_tests::patience::until;
use wayfare_tests::systemd::Systemd;
use wayfare_tests::witness::Witness;
use wayfare_tests::world::{Network, in_a_world};

use crate::crashes::ends_well;

const UNIT: &str = "wayfare-node.service";

/// The process that the service is.
async fn main_pid(systemd: &Systemd) -> Result<String> {
    let said = systemd.control(&["show", "--property", "MainPID", "--value", UNIT]).await?;
    Ok(said.trim().to_owned())
}

/// A cell runs on while the node that began it is restarted as a service, and while it is killed and systemd starts it again.
#[test]
fn a_run_goes_on_over_a_restart_and_a_crash_of_the_service() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        let desk = crate::story::logged_in(world, "d", Network::Shared).await?;
        let (home, log) = (world.folder().join("d"), world.folder().join("logs/systemd"));
        let Some(systemd) = Systemd::start(&home, &log).await? else { return Ok(()) };
        let config = home.join("node.toml");
        fs::write(&config, world.node_lines("d")?)?;
        let program = world.programs().path("wayfare-node").display().to_string();
        let config = config.display().to_string();
        let install = ["service", "install", "--program", &program, "--", "--config", &config];
        let said = desk.says_with(&install, &systemd.variables()).await?;
        ensure!(said.contains("the node runs"), "{said}");
        let mut device = world.device("person").await?;
        device.sees_online("d").await?;
        device.open("tests:main").await?;
        let witness = Witness::new(&world.witness_folder(), "counting");
        device.begin(&witness.counting_cell());
        device.goes_on_by(20).await?;
        let first = main_pid(&systemd).await?;
        systemd.control(&["restart", UNIT]).await?;
        let second = main_pid(&systemd).await?;
        ensure!(first != second, "the same process serves");
        device.goes_on_by(20).await?;
        systemd.control(&["kill", "--kill-who", "main", "--signal", "KILL", UNIT]).await?;
        until("another process", || fs::metadata(format!("/proc/{second}")).is_err().then_some(())).await?;
        ends_well(world, &mut device, &witness).await?;
        let third = main_pid(&systemd).await?;
        ensure!(third != "0" && third != second, "systemd has not started it again: {third}");
        systemd.control(&["stop", UNIT]).await.context("stop")?;
        systemd.end().await
    })
}
