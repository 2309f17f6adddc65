//! How long one small cell takes over a line as people meet it, beside loopback.

use std::time::Instant;

use anyhow::Result;
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use wayfare_simulation::scenario::{Profile, Quality};
use wayfare_simulation::seed::Seed;

use super::cell::relayed;
use super::{percentile, rounded, sorted};
use crate::faults::FaultyLine;
use crate::world::World;

const WARM_UP: usize = 10;
const ROUNDS: usize = 200;
/// About what a request and its first answer weigh.
const ECHO: usize = 300;

/// The bench's one line.
#[derive(Clone, Debug, Serialize)]
pub struct CellOverProfile {
    profile: Profile,
    /// Of the line alone: an echo over a line of the same quality.
    round_trip_p50_ms: f64,
    loopback_p50_ms: f64,
    relay_p50_ms: f64,
    /// What the line adds to a cell.
    overhead_p50_ms: f64,
    /// 1: a cell costs one round trip of the line.
    overhead_in_round_trips: f64,
}

/// `1+1` by two clients of one session, one of them over the line, and an echo over another line of the same quality, in turn.
/// The line is the client's; cloud and node are on one machine. It does not break by itself.
///
/// # Errors
/// If anything cannot be started, or a cell does not succeed.
pub async fn cell_over(profile: Profile) -> Result<CellOverProfile> {
    let quality = Quality { breaks_every: None, ..profile.quality() };
    let mut world = World::unhurried()?;
    world.start_cloud().await?;
    world.start_node("bench").await?;
    let listen = "127.0.0.1:0".parse()?;
    let line = FaultyLine::open(listen, world.cloud().address(), quality, Seed::root(1)).await?;
    let mut near = world.device("near").await?;
    near.sees_online("bench").await?;
    near.open("bench:main").await?;
    let mut far = world.device_over("far", Some(line.address())).await?;
    far.open("bench:main").await?;
    let echo = TcpListener::bind("127.0.0.1:0").await?;
    let second = FaultyLine::open(listen, echo.local_addr()?, quality, Seed::root(2)).await?;
    let echoing = tokio::spawn(echo_once(echo));
    let mut ping = TcpStream::connect(second.address()).await?;
    ping.set_nodelay(true)?;
    let (mut by_line, mut by_loopback, mut by_relay) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..WARM_UP + ROUNDS {
        let took = (round_trip(&mut ping).await?, relayed(&mut near).await?, relayed(&mut far).await?);
        if round >= WARM_UP {
            by_line.push(took.0);
            by_loopback.push(took.1);
            by_relay.push(took.2);
        }
    }
    echoing.abort();
    world.ended_well();
    let middle = |values| percentile(&sorted(values), 50);
    let (round_trip, loopback, relay) = (middle(by_line), middle(by_loopback), middle(by_relay));
    Ok(CellOverProfile {
        profile,
        round_trip_p50_ms: rounded(round_trip),
        loopback_p50_ms: rounded(loopback),
        relay_p50_ms: rounded(relay),
        overhead_p50_ms: rounded(relay - loopback),
        overhead_in_round_trips: rounded((relay - loopback) / round_trip),
    })
}

async fn echo_once(listener: TcpListener) -> Result<()> {
    let (mut stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    let mut bytes = [0; ECHO];
    loop {
        stream.read_exact(&mut bytes).await?;
        stream.write_all(&bytes).await?;
    }
}

async fn round_trip(stream: &mut TcpStream) -> Result<f64> {
    let since = Instant::now();
    let mut bytes = [7; ECHO];
    stream.write_all(&bytes).await?;
    stream.read_exact(&mut bytes).await?;
    Ok(since.elapsed().as_secs_f64() * 1e3)
}
