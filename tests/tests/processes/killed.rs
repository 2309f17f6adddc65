//! Whoever takes part in a move is killed in each of its phases, and started again: one node has the daemon then, with every event that was
//! acknowledged, once.
//!
//! `./x test` takes a few of the combinations, chosen by `WAYFARE_TEST_SEED` (default: by the time of day), `./x test --full` all of them.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use wayfare_protocol::daemon::DaemonCall;
use wayfare_protocol::migration::{MigrationPhase, MoveMode};
use wayfare_tests::daemons::start_on;
use wayfare_tests::patience::{LOOK_AGAIN, until};
use wayfare_tests::world::{World, in_a_world};

use crate::daemons::said;
use crate::moves::{Place, counted_once, one_owner, publish_both, publish_large, subscribe};

/// Those that an orchestrator goes through: the target's Restore is a part of its Transfer.
const PHASES: [MigrationPhase; 5] = [
    MigrationPhase::Snapshot,
    MigrationPhase::Transfer,
    MigrationPhase::Replay,
    MigrationPhase::Cutover,
    MigrationPhase::Complete,
];
/// So many of the combinations are tried where not all are.
const SOME: usize = 3;
/// Words that make the state large.
const WORDS: u64 = 300;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Source,
    Target,
    Cloud,
}

type Case = (Victim, MigrationPhase, MoveMode);

fn cases() -> Vec<Case> {
    let victims = [Victim::Source, Victim::Target, Victim::Cloud];
    let modes = [MoveMode::Live, MoveMode::StopAndCopy];
    let of_mode = |mode| PHASES.into_iter().map(move |phase| (phase, mode));
    let of_victim = |victim| modes.into_iter().flat_map(of_mode).map(move |(phase, mode)| (victim, phase, mode));
    let all = victims.into_iter().flat_map(of_victim);
    // What was stopped has nothing to replay.
    all.filter(|(_, phase, mode)| (*phase, *mode) != (MigrationPhase::Replay, MoveMode::StopAndCopy)).collect()
}

/// Those that this run tries.
fn chosen() -> Result<Vec<Case>> {
    let all = cases();
    if std::env::var_os("WAYFARE_TEST_FULL").is_some() {
        return Ok(all);
    }
    let seed = match std::env::var("WAYFARE_TEST_SEED") {
        Ok(seed) => seed.parse().context("WAYFARE_TEST_SEED is a number")?,
        Err(_) => SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
    };
    eprintln!("WAYFARE_TEST_SEED={seed}");
    let first = usize::try_from(seed % all.len() as u64)?;
    // Steps of 7 through 27 meet each of them once.
    Ok((0..SOME).map(|step| all[(first + 7 * step) % all.len()]).collect())
}

#[test]
fn whoever_is_killed_in_a_move_one_node_has_the_daemon_with_every_event() -> Result<()> {
    for case in chosen()? {
        in_a_world(async |world| killed(world, case).await).with_context(|| format!("{case:?}"))?;
    }
    Ok(())
}

async fn killed(world: &mut World, (victim, phase, mode): Case) -> Result<()> {
    world.keep_traces();
    world.node_tables("[limits]\nsnapshot_chunk = 65536");
    let Place { mut attic, attic_id, workshop_id, person, mover } = Place::of(world, "").await?;
    let info = start_on(&person, "votes", "tally", Some(workshop_id)).await?;
    subscribe(&person, info.entity).await?;
    publish_both(&person, info.entity, 1, 10).await?;
    publish_large(&person, info.entity, WORDS).await?;

    let mut ordered = tokio::spawn(mover.client().call_daemon(info.entity, DaemonCall::Move { to: attic_id, mode }));
    let told = format!("Moving({phase:?})");
    let is_in_phase = || world.trace_of_node().ok()?.lines().any(|line| line.contains(&told)).then_some(());
    tokio::select! {
        biased;
        seen = until("the phase", is_in_phase) => seen?,
        // On a busy machine a move may fail before it comes so far; somebody dies then all the same.
        ended = &mut ordered => eprintln!("ended before the phase: {ended:?}"),
    }
    let killing = async {
        match victim {
            Victim::Source => {
                world.node().crash().await?;
                tokio::time::sleep(LOOK_AGAIN).await;
                world.node().start().await
            }
            Victim::Target => {
                attic.crash().await?;
                tokio::time::sleep(LOOK_AGAIN).await;
                attic.start().await
            }
            Victim::Cloud => {
                world.cloud().crash().await?;
                tokio::time::sleep(LOOK_AGAIN).await;
                world.cloud().start().await
            }
        }
    };
    let publishing = publish_both(&person, info.entity, 11, 10);
    tokio::try_join!(killing, publishing)?;
    ordered.abort(); // nobody promises an answer
    one_owner(world, &attic, info.entity).await?;
    publish_both(&person, info.entity, 21, 10).await?;
    counted_once(&said(&person, info.entity, 60 + WORDS).await?, 30)
}
