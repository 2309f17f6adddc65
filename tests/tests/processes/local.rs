//! A node without its cloud.

use anyhow::{Result, ensure};
use wayfare_protocol::output::RunOutcome;
use wayfare_tests::witness::Witness;
use wayfare_tests::world::in_a_world;

use crate::crashes::PID;

#[test]
fn a_node_serves_its_own_door_as_before_while_the_cloud_is_gone() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let mut person = world.device("person").await?;
        person.sees_online("workshop").await?;
        person.open("tests:main").await?;
        person.run("x = 41").await?;
        let kernel = person.prints(PID).await?;
        world.cloud().crash().await?;
        let mut local = world.device_at_the_node().await?;
        let opened = local.open("tests:main").await?;
        ensure!(!opened.created, "another session");
        ensure!(local.prints(PID).await? == kernel, "another kernel");
        local.run("x += 1").await?;
        let witness = Witness::new(&world.witness_folder(), "counting");
        local.begin(&witness.counting_cell());
        local.goes_on_by(10).await?;
        witness.stop()?;
        let shown = local.end().await?;
        ensure!(shown.outcome == Some(RunOutcome::Succeeded), "{:?}", shown.outcome);
        witness.was_shown_as(&shown.whole().stdout)?;
        // What is made without the cloud is there for it afterwards.
        local.open("tests:made-offline").await?;
        local.run("y = 7").await?;
        world.cloud().start().await?;
        ensure!(person.prints("print(x)").await? == "42");
        person.sees_online("workshop").await?;
        person.open("tests:made-offline").await?;
        ensure!(person.prints("print(y)").await? == "7");
        Ok(())
    })
}

#[test]
fn a_node_that_was_never_paired_runs_code() -> Result<()> {
    in_a_world(async |world| {
        world.start_node("alone").await?;
        let mut local = world.device_at_the_node().await?;
        local.open("tests:main").await?;
        let shown = local.run("1+1").await?;
        ensure!(shown.whole().result.as_deref() == Some("2") && shown.ran_on.as_deref() == Some("alone"), "{shown:?}");
        Ok(())
    })
}
