//! Kernels of several languages through the whole mesh, and kernels that are not there, die, or are not used.

use anyhow::{Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use wayfare_protocol::mrp::RunEvent;
use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::session::SessionState;
use wayfare_tests::device::Device;
use wayfare_tests::patience::{LOOK_AGAIN, within};
use wayfare_tests::world::{World, in_a_world};

use crate::crashes::PID;

/// A cloud, a node and a device that sees it.
pub(crate) async fn mesh(world: &mut World) -> Result<Device> {
    world.start_cloud().await?;
    world.start_node("workshop").await?;
    let mut device = world.device("person").await?;
    device.sees_online("workshop").await?;
    Ok(device)
}

#[test]
fn every_language_runs_through_the_cloud_and_keeps_its_variables() -> Result<()> {
    in_a_world(async |world| {
        let mut device = mesh(world).await?;
        for (language, set, print) in [
            ("r", "x <- 41", "cat(x + 1)"),
            ("bash", "x=41", "echo $((x + 1))"),
            ("javascript", "let x = 41", "console.log(x + 1)"),
            ("typescript", "let x: number = 41", "console.log(x + 1)"),
        ] {
            let opened = device.open_in("tests:main", language).await?;
            ensure!(opened.created, "{language} has a session of its own");
            let shown = device.run(set).await?;
            ensure!(shown.outcome == Some(RunOutcome::Succeeded), "{language}: {shown:?}");
            ensure!(device.prints(print).await? == "42", "{language}");
        }
        Ok(())
    })
}

#[test]
fn a_language_that_no_device_has_is_refused_by_name() -> Result<()> {
    in_a_world(async |world| {
        let mut device = mesh(world).await?;
        let Err(refused) = device.open_in("tests:main", "cobol").await else { bail!("it was opened") };
        let refused = refused.to_string();
        ensure!(refused.contains("cobol") && refused.contains("no device can run this"), "{refused}");
        Ok(())
    })
}

#[test]
fn rich_values_colours_and_cleared_output_arrive_as_they_were_made() -> Result<()> {
    in_a_world(async |world| {
        let mut device = mesh(world).await?;
        device.open("tests:main").await?;
        let code = "from IPython.display import display, clear_output\n\
            print('10 %\\r20 %\\x1b[32m green\\x1b[0m')\nclear_output(wait=True)\n\
            display({'text/plain': 'a plot', 'image/png': 'iVBORw0KGgo=', 'text/html': '<b>é</b>'}, raw=True)";
        let shown = device.run(code).await?;
        let events: Vec<_> = shown.events.iter().map(|(_, event)| event).collect();
        let [
            _,
            RunEvent::Stdout { content },
            RunEvent::ClearOutput { wait: true },
            RunEvent::Display { bundle, .. },
            _,
        ] = events.as_slice()
        else {
            bail!("{events:?}")
        };
        ensure!(content == "10 %\r20 %\u{1b}[32m green\u{1b}[0m\n", "{content:?}");
        let has = |mime: &str| bundle.data.get(mime).map(String::as_str);
        ensure!(has("image/png") == Some("iVBORw0KGgo=") && has("text/html") == Some("<b>é</b>"), "{bundle:?}");
        ensure!(shown.whole().stdout.is_empty(), "the text was cleared");
        Ok(())
    })
}

#[test]
fn a_kernel_that_dies_in_mid_run_leaves_it_interrupted_and_the_next_run_has_a_new_one() -> Result<()> {
    in_a_world(async |world| {
        let mut device = mesh(world).await?;
        device.open("tests:main").await?;
        let kernel: i32 = device.prints(PID).await?.parse()?;
        device.begin("import time\nprint('on', flush=True)\ntime.sleep(600)");
        device.sees("the text", |event| matches!(event, RunEvent::Stdout { .. })).await?;
        kill(Pid::from_raw(kernel), Signal::SIGKILL)?;
        let shown = device.end().await?;
        ensure!(shown.outcome == Some(RunOutcome::Interrupted { seen_through: 2 }), "{shown:?}");
        let next = device.run("6 * 7").await?;
        ensure!(next.whole().result.as_deref() == Some("42") && next.kernel()? == 2, "{next:?}");
        Ok(())
    })
}

#[test]
fn a_kernel_that_nobody_uses_is_ended_by_policy_and_the_next_run_starts_another() -> Result<()> {
    in_a_world(async |world| {
        world.node_tables("[limits]\nsession_idle = '2s'");
        let mut device = mesh(world).await?;
        device.open("tests:main").await?;
        // Longer than the policy, and busy all the time.
        let shown = device.run("import time\ntime.sleep(3)").await?;
        ensure!(shown.outcome == Some(RunOutcome::Succeeded), "{shown:?}");
        within("the session is cold", async {
            loop {
                let sessions = device.client().sessions().await.unwrap_or_default();
                if sessions.iter().any(|session| session.state == SessionState::Cold) {
                    return;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        })
        .await?;
        let next = device.run("1").await?;
        ensure!(next.outcome == Some(RunOutcome::Succeeded) && next.kernel()? == 2, "{next:?}");
        Ok(())
    })
}
