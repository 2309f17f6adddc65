//! What a daemon's move costs, by the size of its state, while events come.

use std::cell::Cell;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval};
use wayfare_protocol::daemon::{DaemonAnswer, DaemonCall};
use wayfare_protocol::migration::{MoveInfo, MoveMode, MoveState};
use wayfare_protocol::{EntityId, NodeId, Origin};

use super::{percentile, rounded, sorted};
use crate::daemons::{publish, start_on};
use crate::device::Device;
use crate::world::World;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
/// Sizes of the state.
pub const SIZES: [usize; 4] = [KIB, MIB, 16 * MIB, 256 * MIB];
/// Moves of each kind and size.
pub const MOVES: usize = 20;
/// A call of the publisher: so many events, so often; together 10,000 a second.
const BATCH: u64 = 100;
const EVERY: Duration = Duration::from_millis(10);
/// Words that make the state large, and how many of them one call brings.
const WORD: usize = 8 * KIB;
const WORDS: usize = 32;
/// Who publishes what makes the state large, and what comes meanwhile.
const LARGE: Origin = Origin(1);
const STEADY: Origin = Origin(2);

/// The bench's one line.
#[derive(Clone, Debug, Serialize)]
pub struct Moves {
    rows: Vec<Row>,
}

/// Moves of one kind and size.
#[derive(Clone, Debug, Serialize)]
struct Row {
    state_bytes: usize,
    mode: &'static str,
    /// From the order to its answer, when nothing is left at the source: the median.
    total_ms: f64,
    /// From the source's seal until the target acts: the 99th percentile.
    pause_ms: f64,
    /// The longest wait for an acknowledgement during a move, as the publisher saw it: the 99th percentile.
    publisher_waits_ms: f64,
    /// Events that were acknowledged during a move, on average.
    events_during: u64,
}

/// Two nodes and a daemon that counts words. While 10,000 words a second are published it goes back and forth, live and
/// copied, with a state of each size.
///
/// # Errors
/// If anything cannot be started, or a move does not end well.
pub async fn moves(sizes: &[usize], count: usize) -> Result<Moves> {
    let mut rows = Vec::new();
    for size in sizes {
        let mut world = World::unhurried()?;
        world.start_cloud().await?;
        world.start_node("one").await?;
        let other = world.another_node("other").await?;
        let nodes = [NodeId(world.node().key()?.device_id()), NodeId(other.key()?.device_id())];
        let mut publisher = world.device("publisher").await?;
        let mover = world.device("mover").await?;
        for name in ["one", "other"] {
            publisher.sees_online(name).await?;
        }
        let daemon = start_on(&publisher, "bench", "tally", Some(nodes[0])).await?.entity;
        grow(&publisher, daemon, *size).await?;
        let mut bench = Bench { daemon, nodes, at: 0, published: 0, publisher, mover };
        for (mode, name) in [(MoveMode::Live, "live"), (MoveMode::StopAndCopy, "stop_and_copy")] {
            rows.push(bench.row(*size, mode, name, count).await?);
        }
        drop(other);
        world.ended_well();
    }
    Ok(Moves { rows })
}

/// Makes the state so large, with words that come once.
async fn grow(device: &Device, daemon: EntityId, bytes: usize) -> Result<()> {
    let word = |n: usize| Bytes::from(format!("{n:0>width$}", width = WORD.min(bytes)));
    let words: Vec<_> = (0..bytes.div_ceil(WORD)).map(word).collect();
    let mut first = 1;
    for batch in words.chunks(WORDS) {
        publish(device, daemon, LARGE, first, batch.to_vec()).await?;
        first += batch.len() as u64;
    }
    Ok(())
}

struct Bench {
    daemon: EntityId,
    nodes: [NodeId; 2],
    /// Which of the nodes has it.
    at: usize,
    published: u64,
    publisher: Device,
    mover: Device,
}

/// What one move cost.
struct Cost {
    total_ms: f64,
    pause_ms: f64,
    waits_ms: f64,
    events: u64,
}

impl Bench {
    async fn row(&mut self, state_bytes: usize, mode: MoveMode, name: &'static str, count: usize) -> Result<Row> {
        let mut costs = Vec::new();
        for _ in 0..count {
            costs.push(self.moved(mode).await?);
        }
        let of = |what: fn(&Cost) -> f64| sorted(costs.iter().map(what).collect());
        let events: u64 = costs.iter().map(|cost| cost.events).sum();
        Ok(Row {
            state_bytes,
            mode: name,
            total_ms: rounded(percentile(&of(|cost| cost.total_ms), 50)),
            pause_ms: rounded(percentile(&of(|cost| cost.pause_ms), 99)),
            publisher_waits_ms: rounded(percentile(&of(|cost| cost.waits_ms), 99)),
            events_during: events / count as u64,
        })
    }

    /// One move to the other node, with the publisher's second before it and behind it.
    async fn moved(&mut self, mode: MoveMode) -> Result<Cost> {
        let to = self.nodes[1 - self.at];
        let (is_over, longest) = (Cell::new(false), Cell::new(Duration::ZERO));
        let (during, is_moving) = (Cell::new(0), Cell::new(false));
        let first = self.published + 1;
        let publishing = async {
            let mut next = first;
            let mut ticks = interval(EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
            while !is_over.get() {
                ticks.tick().await;
                let words = vec![Bytes::from_static(b"pear"); usize::try_from(BATCH)?];
                let since = Instant::now();
                publish(&self.publisher, self.daemon, STEADY, next, words).await?;
                next += BATCH;
                if is_moving.get() {
                    longest.set(longest.get().max(since.elapsed()));
                    during.set(during.get() + BATCH);
                }
            }
            anyhow::Ok(next - 1)
        };
        let moving = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            is_moving.set(true);
            let since = Instant::now();
            let info = self.order(to, mode).await?;
            let total = since.elapsed();
            is_moving.set(false);
            is_over.set(true);
            ensure!(info.state == MoveState::Moved && info.target == Some(to), "{info:?}");
            anyhow::Ok((total, info))
        };
        let (published, (total, info)) = tokio::try_join!(publishing, moving)?;
        (self.published, self.at) = (published, 1 - self.at);
        let pause = info.pause_ms.context("the target never said that it acts")?;
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        #[expect(clippy::cast_precision_loss, reason = "milliseconds")]
        let pause_ms = pause as f64;
        Ok(Cost { total_ms: ms(total), pause_ms, waits_ms: ms(longest.get()), events: during.get() })
    }

    async fn order(&self, to: NodeId, mode: MoveMode) -> Result<MoveInfo> {
        let call = DaemonCall::Move { to, mode };
        match self.mover.client().call_daemon(self.daemon, call).await.context("no answer")? {
            DaemonAnswer::Moved(info) => Ok(*info),
            other => bail!("{other:?}"),
        }
    }
}
