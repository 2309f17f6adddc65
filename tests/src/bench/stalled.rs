//! What one reader that has stopped costs another, and the cloud.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use wayfare_protocol::mrp::RunEvent;
use wayfare_protocol::output::RunOutcome;
use wayfare_simulation::scenario::Quality;
use wayfare_simulation::seed::Seed;

use super::memory::Memory;
use super::{percentile, rounded, sorted};
use crate::device::Device;
use crate::faults::{FaultyLine, Line};
use crate::world::World;

const LINES: u64 = 200_000;
/// The cell prints for longer than the reader stands still.
const LINES_PER_SECOND: u64 = 2_500;
const STOPPED: Duration = Duration::from_secs(60);
/// Events that the reader is shown before it stops.
const BEFORE: u64 = 10;

/// The bench's one line.
#[derive(Clone, Debug, Serialize)]
pub struct Stalled {
    undisturbed_p99_ms: f64,
    beside_stopped_p99_ms: f64,
    ratio: f64,
    cloud_growth_mb: f64,
}

/// A cell prints 200,000 lines, each with the time, at 2,500 a second, to two readers; then again while the line of one of them lets
/// nothing pass for 60 s. The delay of a line is from its printing until the other reader is shown it. The growth is of the cloud's
/// resident memory over both cells: the largest that it ever had, less what it had before. Both readers must be shown every line.
///
/// # Errors
/// If anything cannot be started, or a reader is not shown everything.
pub async fn stalled() -> Result<Stalled> {
    let mut world = World::unhurried()?;
    world.start_cloud().await?;
    world.start_node("bench").await?;
    let listen = "127.0.0.1:0".parse()?;
    let line = FaultyLine::open(listen, world.cloud().address(), Quality::default(), Seed::root(1)).await?;
    let mut reader = world.device("reader").await?;
    reader.sees_online("bench").await?;
    reader.open("bench:main").await?;
    reader.prints("print('warm')").await?;
    let mut other = world.device_over("other", Some(line.address())).await?;
    let memory = Memory::of(&[("cloud".to_owned(), world.cloud().pid()?)])?;
    let undisturbed = p99_ms(&mut reader, &mut other, None).await?;
    let beside_stopped = p99_ms(&mut reader, &mut other, Some(&line)).await?;
    let grown = memory.grown_bytes()?;
    world.ended_well();
    Ok(Stalled {
        undisturbed_p99_ms: rounded(undisturbed),
        beside_stopped_p99_ms: rounded(beside_stopped),
        ratio: rounded(beside_stopped / undisturbed),
        cloud_growth_mb: rounded(grown / 1e6),
    })
}

/// Of the delays with which `reader` is shown the lines, while `other` reads too, or stops for a while.
async fn p99_ms(reader: &mut Device, other: &mut Device, stops: Option<&FaultyLine>) -> Result<f64> {
    let code = format!(
        "import time\nbegan = time.monotonic()\nfor number in range({LINES}):\n    \
         time.sleep(max(0, began + number / {LINES_PER_SECOND} - time.monotonic()))\n    print(number, time.time())"
    );
    let run = reader.begin(&code);
    let session = reader.session()?;
    let following = async {
        other.attach(session, run);
        other.goes_on_by(BEFORE).await?;
        if let Some(line) = stops {
            line.set(Line::Held);
            tokio::time::sleep(STOPPED).await;
            line.set(Line::Whole);
        }
        other.end().await
    };
    let (delays, shown) = tokio::join!(delays(reader), following);
    let (delays, shown) = (delays?, shown?);
    ensure!(u64::try_from(delays.len())? == LINES, "the reader was shown {} lines", delays.len());
    ensure!(shown.whole().stdout == reader.shown().whole().stdout, "the other reader was shown something else");
    Ok(percentile(&sorted(delays), 99))
}

/// In milliseconds, in the order of the lines.
async fn delays(reader: &mut Device) -> Result<Vec<f64>> {
    let (mut delays, mut seen, mut rest) = (Vec::new(), 0, String::new());
    while reader.shown().outcome.is_none() {
        reader.goes_on().await?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
        let events = &reader.shown().events;
        for (_, event) in &events[seen..] {
            if let RunEvent::Stdout { content } = event {
                rest.push_str(content);
            }
        }
        seen = events.len();
        while let Some((line, after)) = rest.split_once('\n') {
            let printed: f64 = line.split(' ').nth(1).context("a line without its time")?.parse()?;
            delays.push((now - printed) * 1e3);
            rest = after.to_owned();
        }
    }
    ensure!(reader.shown().outcome == Some(RunOutcome::Succeeded), "{:?}", reader.shown().outcome);
    Ok(delays)
}
