//! How fast much output arrives, and what it costs in memory.

use std::time::Instant;

use anyhow::{Result, ensure};
use serde::Serialize;

use super::memory::Memory;
use super::{BothWays, both_ways, percentile, rounded, sorted};

const LINES: u64 = 200_000;
/// Each way in turn; the middle one counts.
const ROUNDS: usize = 3;

/// The bench's one line.
#[derive(Clone, Debug, Serialize)]
pub struct Stream {
    direct_lines_s: f64,
    relay_lines_s: f64,
    ratio: f64,
    rss_growth_mb: f64,
}

/// A cell that prints 200,000 lines, by a bare client and by client, cloud, node and session host, in turn on two warm kernels.
///
/// Direct: from before `execute_request` is written until both `execute_reply` and the cell's `idle` are read. Relayed: from
/// before the run is handed to the client until its outcome is shown. At both ends every line is counted. The growth is of
/// resident memory, summed over cloud, node and session host: the largest that each ever had, less what it had after the
/// warm-up.
///
/// # Errors
/// If anything cannot be started, or a line is missing.
pub async fn stream() -> Result<Stream> {
    let BothWays { mut relay, mut direct, world } = both_ways().await?;
    let cell = |lines: u64| format!("for number in range({lines}):\n    print('line', number)");
    direct.lines(&cell(100)).await?;
    relay.run(&cell(100)).await?;
    let memory = Memory::of(&world.relaying_processes()?)?;
    let (mut by_direct, mut by_relay) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let since = Instant::now();
        let printed = direct.lines(&cell(LINES)).await?;
        by_direct.push(per_second(since));
        ensure!(printed == LINES, "the bare client read {printed} lines");
        let since = Instant::now();
        let shown = relay.run(&cell(LINES)).await?;
        by_relay.push(per_second(since));
        let printed = shown.whole().stdout.lines().count();
        ensure!(u64::try_from(printed)? == LINES, "the device was shown {printed} lines");
    }
    let grown = memory.grown_bytes()?;
    world.ended_well();
    let (direct, relay) = (percentile(&sorted(by_direct), 50), percentile(&sorted(by_relay), 50));
    Ok(Stream {
        direct_lines_s: direct.round(),
        relay_lines_s: relay.round(),
        ratio: rounded(relay / direct),
        rss_growth_mb: rounded(grown / 1e6),
    })
}

#[expect(clippy::cast_precision_loss, reason = "a count of lines")]
fn per_second(since: Instant) -> f64 {
    LINES as f64 / since.elapsed().as_secs_f64()
}
