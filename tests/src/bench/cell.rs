//! How long one small cell takes.

use std::time::Instant;

use anyhow::{Result, ensure};
use serde::Serialize;
use wayfare_protocol::output::RunOutcome;

use super::{BothWays, both_ways, percentile, rounded, sorted};
use crate::device::Device;

const WARM_UP: usize = 50;
const ROUNDS: usize = 300;
const CELL: &str = "1+1";

/// The bench's one line.
#[derive(Clone, Debug, Serialize)]
pub struct Cell {
    direct_p50_ms: f64,
    direct_p99_ms: f64,
    relay_p50_ms: f64,
    relay_p99_ms: f64,
    ratio_p50: f64,
}

/// `1+1` until the reply, by a bare client and by client, cloud, node and session host, in turn on two warm kernels.
///
/// Direct: from before `execute_request` is written until `execute_reply` is read. Relayed: from before the run is handed to
/// the client until the client is shown the run's last event, which carries the result and is made from `execute_reply`. What
/// follows at either end (`idle`; the run's outcome) is taken before the next round and not counted: nothing is asked of a
/// kernel that is still busy.
///
/// # Errors
/// If anything cannot be started, or a cell does not succeed.
pub async fn cell() -> Result<Cell> {
    let BothWays { mut relay, mut direct, world } = both_ways().await?;
    let (mut by_direct, mut by_relay) = (Vec::new(), Vec::new());
    for round in 0..WARM_UP + ROUNDS {
        let since = Instant::now();
        let id = direct.reply(CELL).await?;
        let took_direct = since.elapsed();
        direct.settle(&id).await?;
        let took_relay = relayed(&mut relay).await?;
        if round >= WARM_UP {
            by_direct.push(took_direct.as_secs_f64() * 1e3);
            by_relay.push(took_relay);
        }
    }
    world.ended_well();
    let (by_direct, by_relay) = (sorted(by_direct), sorted(by_relay));
    let (direct_p50, relay_p50) = (percentile(&by_direct, 50), percentile(&by_relay, 50));
    Ok(Cell {
        direct_p50_ms: rounded(direct_p50),
        direct_p99_ms: rounded(percentile(&by_direct, 99)),
        relay_p50_ms: rounded(relay_p50),
        relay_p99_ms: rounded(percentile(&by_relay, 99)),
        ratio_p50: rounded(relay_p50 / direct_p50),
    })
}

pub(super) async fn relayed(relay: &mut Device) -> Result<f64> {
    let since = Instant::now();
    relay.begin(CELL);
    relay.last_event().await?;
    let took = since.elapsed();
    let shown = relay.end().await?;
    ensure!(shown.outcome == Some(RunOutcome::Succeeded) && shown.whole().result.as_deref() == Some("2"), "{shown:?}");
    Ok(took.as_secs_f64() * 1e3)
}
