//! A laptop that sleeps in the middle of a cell: node, session host and kernel stand still, and nobody is told.

use anyhow::{Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use wayfare_protocol::control::PresenceInfo;
use wayfare_tests::device::Device;
use wayfare_tests::patience::{LOOK_AGAIN, within};
use wayfare_tests::witness::Witness;
use wayfare_tests::world::in_a_world;

use crate::crashes::{PID, ends_well};

/// Processes that stand still until this is dropped.
struct Asleep(Vec<Pid>);

impl Asleep {
    fn fall(processes: &[i32]) -> Result<Self> {
        let this = Self(processes.iter().copied().map(Pid::from_raw).collect());
        for process in &this.0 {
            kill(*process, Signal::SIGSTOP)?;
        }
        Ok(this)
    }
}

impl Drop for Asleep {
    fn drop(&mut self) {
        for process in &self.0 {
            let _ = kill(*process, Signal::SIGCONT); // it has ended
        }
    }
}

async fn is_offline(device: &Device, name: &str) -> Result<()> {
    let seen = async {
        loop {
            let devices = device.client().devices().await.unwrap_or_default();
            let found = devices.iter().find(|device| device.name == name);
            if found.is_some_and(|device| matches!(device.presence, PresenceInfo::Offline { .. })) {
                return;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    within(&format!("{name} is offline"), seen).await
}

#[test]
fn a_cell_goes_on_when_the_laptop_that_runs_it_wakes() -> Result<()> {
    in_a_world(async |world| {
        world.keep_traces();
        world.start_cloud().await?;
        world.start_node("laptop").await?;
        let mut device = world.device("person").await?;
        device.sees_online("laptop").await?;
        device.open("tests:main").await?;
        let kernel: i32 = device.prints(PID).await?.parse()?;
        let witness = Witness::new(&world.witness_folder(), "counting");
        device.begin(&witness.counting_cell());
        device.goes_on_by(20).await?;
        let asleep = Asleep::fall(&[world.node().pid()?, world.session_host()?, kernel])?;
        is_offline(&device, "laptop").await?;
        ensure!(device.shown().outcome.is_none(), "a cell that sleeps has not ended: {:?}", device.shown().outcome);
        drop(asleep);
        device.sees_online("laptop").await?;
        ends_well(world, &mut device, &witness).await?;
        ensure!(device.prints(PID).await?.parse::<i32>()? == kernel, "another kernel");
        world.judge()
    })
}
