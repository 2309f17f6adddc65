//! Benches of the whole path against a bare Jupyter client: the same kernel, started the same way, in the same run.

mod cell;
mod daemon;
mod direct;
mod links;
mod memory;
mod moves;
mod profile;
mod stalled;
mod stream;

pub use cell::cell;
pub use daemon::daemon;
pub use links::links;
pub use moves::{MOVES, SIZES, moves};
pub use profile::cell_over;
pub use stalled::stalled;
pub use stream::stream;

use anyhow::{Context as _, Result};

use crate::device::Device;
use crate::world::World;
use direct::DirectKernel;

/// Both ways to a kernel, warm.
struct BothWays {
    relay: Device,
    direct: DirectKernel,
    world: World,
}

/// Starts a cloud, a node, a session, a device, and a second kernel as the session's own was started.
async fn both_ways() -> Result<BothWays> {
    let mut world = World::unhurried()?;
    world.start_cloud().await?;
    world.start_node("bench").await?;
    let mut relay = world.device("person").await?;
    relay.sees_online("bench").await?;
    relay.open("bench:main").await?;
    let pid: i32 = relay.prints("import os; print(os.getpid())").await?.parse()?;
    let folder = world.session_folders()?.pop().context("the session has no folder")?;
    let own = world.session_like_folder("direct")?;
    let direct = DirectKernel::like(pid, &folder, &own).await?;
    Ok(BothWays { relay, direct, world })
}

/// What `percent` of the values do not exceed.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let at = (sorted.len() * percent).div_ceil(100).clamp(1, sorted.len());
    sorted[at - 1]
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

/// As many digits as mean something.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values: Vec<f64> = (1..=300).map(f64::from).collect();
        assert_eq!((percentile(&values, 50), percentile(&values, 99)), (150.0, 297.0));
        assert_eq!((percentile(&[7.0], 1), percentile(&[7.0], 99)), (7.0, 7.0));
    }
}
