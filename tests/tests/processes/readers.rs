//! Several clients of one run.

use anyhow::{Result, ensure};
use wayfare_protocol::output::RunOutcome;
use wayfare_tests::witness::Witness;
use wayfare_tests::world::in_a_world;

#[test]
fn all_clients_of_a_run_are_shown_identical_numbered_events() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let mut first = world.device("first").await?;
        first.sees_online("workshop").await?;
        first.open("tests:main").await?;
        let witness = Witness::new(&world.witness_folder(), "counting");
        let run = first.begin(&witness.counting_cell());
        first.goes_on_by(10).await?;
        let mut second = world.device("second").await?;
        second.attach(first.session()?, run);
        second.goes_on_by(20).await?;
        let mut at_the_node = world.device_at_the_node().await?;
        at_the_node.attach(first.session()?, run);
        at_the_node.goes_on_by(20).await?;
        witness.stop()?;
        let shown = first.end().await?;
        ensure!(shown.outcome == Some(RunOutcome::Succeeded), "{:?}", shown.outcome);
        witness.was_shown_as(&shown.whole().stdout)?;
        ensure!(second.end().await? == shown, "the second client was shown something else");
        ensure!(at_the_node.end().await? == shown, "the client at the node was shown something else");
        Ok(())
    })
}
