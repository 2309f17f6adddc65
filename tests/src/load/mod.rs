//! A daemon under load that never rests: two publishers whose numbers overlap, a subscriber, and moves back and forth. After each the
//! daemon is held against a model.

mod pairs;

use std::cell::Cell;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval};
use wayfare_protocol::causal::Chain;
use wayfare_protocol::daemon::{DaemonAnswer, DaemonCall, DaemonInfo};
use wayfare_protocol::limits::DAEMON_FETCH_MAX;
use wayfare_protocol::migration::{MoveInfo, MoveMode, MoveState};
use wayfare_protocol::{EntityId, NodeId, Origin};

use crate::daemons::{publish, start_on};
use crate::device::Device;
use crate::patience::LOOK_AGAIN;
use crate::world::World;
pub use pairs::{Count, KIND, Pairs};

/// A publisher's calls: one every so often.
const EVERY: Duration = Duration::from_millis(10);
const PUBLISHERS: [Origin; 2] = [Origin(1), Origin(2)];
const SUBSCRIBER: Origin = Origin(77);
/// Of the events' time, what is spent on a move's ends.
const AROUND: Duration = Duration::from_millis(300);

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Load {
    /// Events that were recorded per second, while publishers were not held for a look at the model.
    pub events_per_s: f64,
    /// Events that were recorded.
    pub events: u64,
    /// Outputs that the subscriber heard, each once and as one chain.
    pub outputs: u64,
    /// Moves that were done; after each, state and head were the model's.
    pub moves: usize,
    /// Longest pause of a move: from the source's seal until the target acts.
    pub pause_max_ms: u64,
}

/// Two real nodes and a cloud; together so many events a second are aimed at, at durability `process`.
///
/// # Errors
/// If anything cannot be started, a move does not end well, or the daemon is not what the model is.
pub async fn load(per_second: u64, moves: usize) -> Result<Load> {
    let mut world = World::unhurried()?;
    world.nodes_run("wayfare-pairs-node");
    world.start_cloud().await?;
    world.start_node("one").await?;
    let other = world.another_node("other").await?;
    let nodes = [NodeId(world.node().key()?.device_id()), NodeId(other.key()?.device_id())];
    let mut devices = Vec::new();
    for name in ["first", "second", "subscriber", "mover"] {
        let mut device = world.device(name).await?;
        for node in ["one", "other"] {
            device.sees_online(node).await?;
        }
        devices.push(device);
    }
    let [first, second, subscriber, mover] = devices.as_slice() else { bail!("four devices were made") };
    let daemon = start_on(mover, "pairs", KIND, Some(nodes[0])).await?.entity;
    let batch = per_second * EVERY.as_millis() as u64 / 1_000 / PUBLISHERS.len() as u64;
    let scene = Scene::new(daemon, batch.max(1));
    let heard = async {
        let heard = scene.hear(subscriber).await;
        scene.is_over.set(true);
        heard
    };
    let publishing = async { tokio::try_join!(scene.publish(first, 0), scene.publish(second, 1)) };
    let moving = async {
        let moved = scene.move_about(mover, nodes, moves).await;
        scene.is_over.set(true);
        moved
    };
    let (_, outputs, (pause_max_ms, busy)) = tokio::try_join!(publishing, heard, moving)?;
    world.ended_well();
    let events = scene.model.get().events;
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let events_per_s = (events as f64 / busy.as_secs_f64()).round();
    Ok(Load { events_per_s, events, outputs, moves, pause_max_ms })
}

/// What all who take part share.
struct Scene {
    daemon: EntityId,
    /// Events of one call.
    batch: u64,
    is_over: Cell<bool>,
    /// Publishers begin nothing.
    is_held: Cell<bool>,
    /// Publishers whose call is under way.
    busy: Cell<usize>,
    /// Events of each publisher that were recorded.
    published: [Cell<u64>; 2],
    model: Cell<Count>,
    /// Where the chain of what was heard stands, and the last of it.
    chain: Cell<Chain>,
    last: std::cell::RefCell<Bytes>,
}

fn payload(sequence: u64) -> Bytes {
    Bytes::from(format!("event {sequence}"))
}

impl Scene {
    fn new(daemon: EntityId, batch: u64) -> Self {
        Self {
            daemon,
            batch,
            is_over: Cell::new(false),
            is_held: Cell::new(false),
            busy: Cell::new(0),
            published: [Cell::new(0), Cell::new(0)],
            model: Cell::new(Count::default()),
            chain: Cell::new(Chain::genesis(daemon.origin())),
            last: std::cell::RefCell::default(),
        }
    }

    /// Publishes the next events of one publisher, and counts them in the model when they are recorded.
    async fn publish_next(&self, device: &Device, which: usize, count: u64) -> Result<()> {
        let (origin, first) = (PUBLISHERS[which], self.published[which].get() + 1);
        let payloads = (first..first + count).map(payload).collect();
        publish(device, self.daemon, origin, first, payloads).await?;
        let mut model = self.model.get();
        (first..first + count).for_each(|sequence| model.take(origin.0, sequence, &payload(sequence)));
        self.model.set(model);
        self.published[which].set(first + count - 1);
        Ok(())
    }

    async fn publish(&self, device: &Device, which: usize) -> Result<()> {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        while !self.is_over.get() {
            ticks.tick().await;
            if self.is_held.get() {
                ticks.reset();
                continue;
            }
            self.busy.set(self.busy.get() + 1);
            self.publish_next(device, which, self.batch).await?;
            self.busy.set(self.busy.get() - 1);
        }
        Ok(())
    }

    /// Fetches outputs until everything is over, and checks that they are one chain.
    async fn hear(&self, device: &Device) -> Result<u64> {
        let mut chain = self.chain.get();
        while !self.is_over.get() {
            let (after, bytes) = (chain.sequence(), DAEMON_FETCH_MAX as u64);
            let call = DaemonCall::Fetch { subscriber: SUBSCRIBER, after, bytes };
            match device.client().call_daemon(self.daemon, call).await {
                Some(DaemonAnswer::Outputs(outputs)) => {
                    for output in outputs {
                        chain = chain.validate(&output.link, &output.payload)?;
                        self.last.replace(output.payload);
                    }
                    self.chain.set(chain);
                }
                _ => tokio::time::sleep(LOOK_AGAIN).await, // it is on its way
            }
        }
        Ok(chain.sequence())
    }

    /// Moves it so often. Returns the longest pause, and how long publishers were not held.
    async fn move_about(&self, device: &Device, nodes: [NodeId; 2], moves: usize) -> Result<(u64, Duration)> {
        let (mut pause_max, mut busy) = (0, Duration::ZERO);
        for turn in 0..moves {
            let since = Instant::now();
            tokio::time::sleep(AROUND).await;
            let to = nodes[1 - turn % 2];
            let mode = if turn % 4 == 3 { MoveMode::StopAndCopy } else { MoveMode::Live };
            let info = self.order(device, to, mode).await?;
            ensure!(info.state == MoveState::Moved && info.target == Some(to), "move {turn}: {info:?}");
            pause_max = pause_max.max(info.pause_ms.context("the target never said that it acts")?);
            tokio::time::sleep(AROUND).await;
            self.is_held.set(true);
            while self.busy.get() > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            busy += since.elapsed();
            self.compare(device, to).await.with_context(|| format!("after move {turn}"))?;
            self.is_held.set(false);
        }
        Ok((pause_max, busy))
    }

    async fn order(&self, device: &Device, to: NodeId, mode: MoveMode) -> Result<MoveInfo> {
        match device.client().call_daemon(self.daemon, DaemonCall::Move { to, mode }).await.context("no answer")? {
            DaemonAnswer::Moved(info) => Ok(*info),
            other => bail!("{other:?}"),
        }
    }

    /// One event more, of which the daemon speaks; then its last word is the model's state, and its head is where the model's inputs and
    /// what was heard end.
    async fn compare(&self, device: &Device, owner: NodeId) -> Result<()> {
        let odd = 2 - self.published[0].get() % 2;
        self.publish_next(device, 0, odd).await?;
        let model = self.model.get();
        let spoken = self.published.iter().map(|published| published.get() / 2).sum::<u64>();
        while self.chain.get().sequence() < 2 * spoken {
            ensure!(!self.is_over.get(), "the subscriber has given up");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let info = self.describe(device).await?;
        let (head, chain) = (info.head, self.chain.get());
        ensure!(info.owner == owner, "it is on another node: {info:?}");
        ensure!(*self.last.borrow() == model.line(), "it says {:?}, not {}", self.last.borrow(), model.line());
        // The subscription is an input too.
        ensure!(head.inbox_position == model.events + 1, "{} inputs, not {}", head.inbox_position, model.events + 1);
        ensure!(head.output_sequence == 2 * spoken, "{} outputs, not {}", head.output_sequence, 2 * spoken);
        ensure!(
            chain.sequence() == head.output_sequence && chain.hash() == head.output_hash,
            "the chain ends elsewhere"
        );
        Ok(())
    }

    async fn describe(&self, device: &Device) -> Result<DaemonInfo> {
        match device.client().call_daemon(self.daemon, DaemonCall::Describe).await.context("no answer")? {
            DaemonAnswer::Daemon(info) => Ok(*info),
            other => bail!("{other:?}"),
        }
    }
}
