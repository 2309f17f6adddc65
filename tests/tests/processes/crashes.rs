//! Processes that are killed in mid-run.

use anyhow::{Context as _, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use wayfare_protocol::output::RunOutcome;
use wayfare_tests::device::Device;
use wayfare_tests::witness::Witness;
use wayfare_tests::world::{World, in_a_world};

/// The kernel's process, as a cell sees it.
pub(crate) const PID: &str = "import os; print(os.getpid())";

/// A cloud, a node, a device with an open session, and a cell that counts and has begun.
async fn counting(world: &mut World) -> Result<(Device, Witness)> {
    world.keep_traces();
    world.start_cloud().await?;
    world.start_node("workshop").await?;
    let mut device = world.device("person").await?;
    device.sees_online("workshop").await?;
    device.open("tests:main").await?;
    let witness = Witness::new(&world.witness_folder(), "counting");
    device.begin(&witness.counting_cell());
    device.goes_on_by(20).await?;
    Ok((device, witness))
}

/// The run ends, was shown once and whole, and a device that comes afterwards is shown the same.
pub(crate) async fn ends_well(world: &mut World, device: &mut Device, witness: &Witness) -> Result<()> {
    device.goes_on_by(20).await?;
    witness.stop()?;
    let shown = device.end().await?;
    ensure!(shown.outcome == Some(RunOutcome::Succeeded), "it ended as {:?}", shown.outcome);
    witness.was_shown_as(&shown.whole().stdout)?;
    let mut second = world.device("latecomer").await?;
    second.attach(device.session()?, device.run_shown()?);
    ensure!(second.end().await? == shown, "the latecomer was shown something else");
    Ok(())
}

#[test]
fn a_run_goes_on_over_a_crash_of_the_cloud() -> Result<()> {
    in_a_world(async |world| {
        let (mut device, witness) = counting(world).await?;
        world.cloud().crash().await?;
        witness.goes_on_by(20).await?;
        world.cloud().start().await?;
        ends_well(world, &mut device, &witness).await?;
        world.judge()
    })
}

#[test]
fn a_run_goes_on_over_a_crash_of_the_node() -> Result<()> {
    in_a_world(async |world| {
        let (mut device, witness) = counting(world).await?;
        let host = world.session_host()?;
        world.node().crash().await?;
        witness.goes_on_by(20).await?;
        world.node().start().await?;
        ends_well(world, &mut device, &witness).await?;
        ensure!(world.session_host()? == host, "the session has another host");
        world.judge()
    })
}

#[test]
fn a_run_goes_on_over_an_orderly_end_of_cloud_and_node() -> Result<()> {
    in_a_world(async |world| {
        let (mut device, witness) = counting(world).await?;
        world.cloud().stop().await?;
        witness.goes_on_by(20).await?;
        world.cloud().start().await?;
        device.goes_on_by(20).await?;
        world.node().stop().await?;
        witness.goes_on_by(20).await?;
        world.node().start().await?;
        ends_well(world, &mut device, &witness).await?;
        world.judge()
    })
}

#[test]
fn a_session_keeps_its_kernel_over_crashes_of_everything_above_it() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let mut device = world.device("person").await?;
        device.sees_online("workshop").await?;
        device.open("tests:main").await?;
        device.run("x = 41").await?;
        let kernel = device.prints(PID).await?;
        world.node().crash().await?;
        world.cloud().crash().await?;
        world.cloud().start().await?;
        world.node().start().await?;
        ensure!(device.prints(PID).await? == kernel, "another kernel");
        ensure!(device.prints("print(x + 1)").await? == "42");
        Ok(())
    })
}

#[test]
fn a_run_whose_host_was_killed_is_interrupted_where_it_was_seen_and_the_next_has_a_new_kernel() -> Result<()> {
    in_a_world(async |world| {
        let (mut device, witness) = counting(world).await?;
        let mut second = world.device("onlooker").await?;
        second.attach(device.session()?, device.run_shown()?);
        second.goes_on_by(20).await?;
        let host = world.session_host()?;
        kill(Pid::from_raw(host), Signal::SIGKILL).context("the session host")?;
        let shown = device.end().await?;
        let Some(RunOutcome::Interrupted { seen_through }) = shown.outcome else {
            anyhow::bail!("it ended as {:?}", shown.outcome);
        };
        let last = shown.next() - 1;
        ensure!(last == seen_through, "events to {last} were shown, {seen_through} were seen");
        ensure!(second.end().await? == shown, "the onlooker was shown something else");
        let mut latecomer = world.device("latecomer").await?;
        latecomer.attach(device.session()?, device.run_shown()?);
        ensure!(latecomer.end().await? == shown, "the latecomer was shown something else");
        // Nothing ran twice, and nothing was shown that was not done.
        let done = witness.each_once()?;
        let printed = u64::try_from(shown.whole().stdout.lines().count())?;
        ensure!(printed <= done, "{printed} lines were shown and {done} done");
        let next = device.run("6 * 7").await?;
        ensure!(
            next.outcome == Some(RunOutcome::Succeeded) && next.whole().result.as_deref() == Some("42"),
            "{next:?}"
        );
        ensure!(next.kernel()? > shown.kernel()?, "kernel {} after kernel {}", next.kernel()?, shown.kernel()?);
        ensure!(witness.each_once()? == done, "the interrupted cell ran again");
        Ok(())
    })
}
