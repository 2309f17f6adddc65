//! What daemons cost: by the machines alone, without mailbox and disk; and by a node, for the last two figures.

mod host;
mod migrate;
mod placement;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use wayfare_protocol::causal::Chain;
use wayfare_protocol::daemon::{DaemonAnswer, DaemonCall, InboxDigest};
use wayfare_protocol::horizon::Horizon;
use wayfare_protocol::manifest::Manifest;
use wayfare_protocol::migration::MoveMode;
use wayfare_protocol::ownership::Lineage;
use wayfare_protocol::snapshot::{Snapshot, SnapshotBytes, Unchecked};
use wayfare_protocol::{Epoch, Head, Limits, Origin, SignedHead, Wall};

use super::rounded;
use crate::daemons::{publish, start_on};
use crate::device::Device;
use crate::patience::within;
use crate::world::World;
use host::{Host, code, joined, key, node};
use migrate::Ready;

const MIB: usize = 1024 * 1024;
const STATE: usize = 16 * MIB;
/// Events that a publisher sends together, as ours do.
const BATCH: u64 = 100;
const PAYLOAD: usize = 64;

/// The bench's one line: each figure, and as `…_ratio` how many times the same work takes that is done with nothing around it.
///
/// # Errors
/// If something does not do its work.
pub async fn daemon() -> Result<Value> {
    let mut line = Map::new();
    deliver(&mut line)?;
    append(&mut line)?;
    snapshots(&mut line)?;
    chunks(&mut line)?;
    moves(&mut line)?;
    placement::placement(&mut line)?;
    node_rows(&mut line).await?;
    Ok(Value::Object(line))
}

fn put(line: &mut Map<String, Value>, name: &str, value: f64, baseline: f64) {
    line.insert(name.to_owned(), json!(rounded(value)));
    line.insert(format!("{name}_ratio"), json!(rounded(value / baseline)));
}

/// The median of so many measurements, in seconds.
fn median(rounds: usize, mut measure: impl FnMut() -> Result<Duration>) -> Result<f64> {
    let mut times = (0..rounds).map(|_| measure()).collect::<Result<Vec<_>>>()?;
    times.sort_unstable();
    Ok(times[rounds / 2].as_secs_f64())
}

/// The time of some work.
fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<Duration> {
    let begun = Instant::now();
    black_box(work()?);
    Ok(begun.elapsed())
}

/// An event from call to output: recorded, processed, linked, recorded. The baseline hashes it for inbox and chain.
fn deliver(line: &mut Map<String, Value>) -> Result<()> {
    let blobs = Rc::new(RefCell::new(BTreeMap::new()));
    let mut host = Host::created(node(1), &code(0)?, &blobs)?;
    let payload = Bytes::from(vec![1; PAYLOAD]);
    let mut first = 1;
    let batch = median(500, || {
        let payloads = vec![payload.clone(); usize::try_from(BATCH)?];
        let took = timed(|| host.publish(first, payloads))?;
        first += BATCH;
        Ok(took)
    })?;
    let mut chain = Chain::genesis(Origin(1));
    let mut digest = InboxDigest::default();
    let frame = vec![1; PAYLOAD * usize::try_from(BATCH)?];
    let baseline = median(500, || {
        timed(|| {
            digest = digest.after(&frame);
            for _ in 0..BATCH {
                chain.append(0, &payload)?;
            }
            Ok(())
        })
    })?;
    put(line, "deliver_ns", batch * 1e9 / BATCH as f64, baseline * 1e9 / BATCH as f64);
    Ok(())
}

/// A link of the chain over 64 bytes. The baseline is the hash alone.
fn append(line: &mut Map<String, Value>) -> Result<()> {
    const TIMES: u32 = 10_000;
    let payload = [1; PAYLOAD];
    let mut chain = Chain::genesis(Origin(1));
    let appended = median(50, || {
        timed(|| {
            for _ in 0..TIMES {
                black_box(chain.append(0, black_box(&payload))?);
            }
            Ok(())
        })
    })?;
    let link = Chain::genesis(Origin(1)).append(0, &payload)?;
    let hashed = median(50, || {
        timed(|| {
            for _ in 0..TIMES {
                black_box(black_box(&link).hash(black_box(&payload)));
            }
            Ok(())
        })
    })?;
    put(line, "append_ns", appended * 1e9 / f64::from(TIMES), hashed * 1e9 / f64::from(TIMES));
    Ok(())
}

/// The envelope around a state of 16 MiB that is borrowed, its parts written behind one another; and read again. The digest is a row of its own:
/// what is known by its content was hashed chunk by chunk. The baseline is a copy.
fn snapshots(line: &mut Map<String, Value>) -> Result<()> {
    let state = Bytes::from(vec![7; STATE]);
    let max = Limits::default().snapshot;
    let chain = Chain::genesis(key().entity().origin());
    let snapshot = Snapshot {
        entity: key().entity(),
        kind: "echo".to_owned(),
        head: Head { output_hash: chain.hash(), ..Head::default() },
        chain,
        horizon: Horizon::default(),
        created_at: Wall(1),
        state_version: 1,
        host: Bytes::new(),
        state: Some(state.clone()),
    };
    let whole = SnapshotBytes::from(snapshot.encode(max)?.concat());
    let mut into = vec![0; STATE];
    let copied = median(30, || {
        timed(|| {
            into[..state.len()].copy_from_slice(black_box(&state));
            Ok(())
        })
    })?;
    let framed = median(30, || timed(|| Ok(snapshot.frame(max)?)))?;
    let read = median(30, || timed(|| Ok(Unchecked::read(&whole, max)?.known_by_content())))?;
    let hashed = median(10, || timed(|| Ok(blake3::hash(black_box(&state)))))?;
    put(line, "snapshot_encode_16m_ms", framed * 1e3, copied * 1e3);
    put(line, "snapshot_decode_16m_ms", read * 1e3, copied * 1e3);
    put(line, "hash_16m_ms", hashed * 1e3, copied * 1e3);
    Ok(())
}

/// 16 MiB from its chunks, each checked. The baseline hashes the whole.
fn chunks(line: &mut Map<String, Value>) -> Result<()> {
    let limits = Limits::default();
    let state = Bytes::from(vec![7; STATE]);
    let (manifest, chunks) = Manifest::cut(std::slice::from_ref(&state), limits.snapshot_chunk, limits.snapshot)?;
    let blobs: BTreeMap<_, _> = manifest.chunks.iter().map(|(chunk, _)| *chunk).zip(chunks).collect();
    let joining = median(10, || timed(|| joined(&blobs, &manifest)))?;
    let hashed = median(10, || timed(|| Ok(blake3::hash(black_box(&state)))))?;
    put(line, "chunk_reassemble_16m_ms", joining * 1e3, hashed * 1e3);
    Ok(())
}

/// A sealed copy by the three machines, without what is given back when all is over. The baseline is what of it is arithmetic: the state is
/// hashed where it is cut and where it comes; the head is signed, and checked by who leads the move and where it comes.
fn moves(line: &mut Map<String, Value>) -> Result<()> {
    for (name, size, scale) in [("migrate_1m_us", MIB, 1e6), ("migrate_16m_ms", STATE, 1e3)] {
        let moved = median(20, || {
            let mut ready = Ready::new(size, MoveMode::StopAndCopy)?;
            timed(|| ready.run())
        })?;
        let state = vec![7; size];
        let baseline = median(20, || {
            timed(|| {
                let head = SignedHead::sign(key(), Lineage(0), Epoch::LOCAL, Head::default());
                for _ in 0..2 {
                    black_box(blake3::hash(black_box(&state)));
                    head.verify(key().entity())?;
                }
                Ok(())
            })
        })?;
        put(line, name, moved * scale, baseline * scale);
    }
    Ok(())
}

/// Through a node's door, its actors and its disk. The baseline of the first is a question that changes nothing; of the second the first.
async fn node_rows(line: &mut Map<String, Value>) -> Result<()> {
    const TIMES: u32 = 300;
    let mut world = World::unhurried()?;
    world.start_node("bench").await?;
    let device = world.device_at_the_node().await?;
    let daemon = start_on(&device, "bench", "tally", None).await?.entity;
    let mut next = 1;
    let mut batches = Vec::new();
    for _ in 0..TIMES {
        let words = vec![Bytes::from_static(b"pear"); usize::try_from(BATCH)?];
        let since = Instant::now();
        publish(&device, daemon, Origin(1), next, words).await?;
        batches.push(since.elapsed());
        next += BATCH;
    }
    let mut singles = Vec::new();
    for _ in 0..TIMES {
        let since = Instant::now();
        publish(&device, daemon, Origin(1), next, vec![Bytes::from_static(b"pear")]).await?;
        singles.push(since.elapsed());
        next += 1;
    }
    let mut questions = Vec::new();
    for _ in 0..TIMES {
        questions.push(asked(&device, daemon).await?);
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    };
    let (batch, single, question) = (median(&mut batches), median(&mut singles), median(&mut questions));
    put(line, "actor_deliver_ns", batch * 1e9 / BATCH as f64, question * 1e9 / BATCH as f64);
    put(line, "durable_deliver_us", single * 1e6, question * 1e6);
    world.ended_well();
    Ok(())
}

async fn asked(device: &Device, daemon: wayfare_protocol::EntityId) -> Result<Duration> {
    let since = Instant::now();
    let answer = within("the description", device.client().call_daemon(daemon, DaemonCall::Describe)).await?;
    let answer = answer.context("no answer")?;
    ensure!(matches!(answer, DaemonAnswer::Daemon(_)), "{answer:?}");
    Ok(since.elapsed())
}
