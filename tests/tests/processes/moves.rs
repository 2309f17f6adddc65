//! Daemons that move between real nodes.

use std::cell::Cell;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use wayfare_protocol::causal::Chain;
use wayfare_protocol::daemon::{DaemonAnswer, DaemonCall, DaemonInfo, DaemonState, DaemonUpdate};
use wayfare_protocol::migration::{FailureReason, MoveInfo, MoveMode, MoveState};
use wayfare_protocol::{EntityId, Epoch, Limits, NodeId, Origin};
use wayfare_tests::daemons::{publish, start_on};
use wayfare_tests::device::Device;
use wayfare_tests::patience::{LOOK_AGAIN, until, within};
use wayfare_tests::world::{Node, World, in_a_world};

use crate::daemons::said;

const BOTH: [(Origin, &str); 2] = [(Origin(1), "pear"), (Origin(2), "plum")];
const SUBSCRIBER: Origin = Origin(77);
/// The last word that is published.
const END: &str = "end";

/// Two nodes of one account and who uses them.
pub(crate) struct Place {
    pub(crate) attic: Node,
    pub(crate) workshop_id: NodeId,
    pub(crate) attic_id: NodeId,
    pub(crate) person: Device,
    /// Asks for moves.
    pub(crate) mover: Device,
}

impl Place {
    pub(crate) async fn of(world: &mut World, attic_tables: &str) -> Result<Self> {
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        world.node_tables(attic_tables);
        let attic = world.another_node("attic").await?;
        let (workshop_id, attic_id) = (NodeId(world.node().key()?.device_id()), NodeId(attic.key()?.device_id()));
        let mut person = world.device("person").await?;
        let mover = world.device("mover").await?;
        for name in ["workshop", "attic"] {
            person.sees_online(name).await?;
        }
        Ok(Self { attic, workshop_id, attic_id, person, mover })
    }
}

async fn describe(device: &Device, daemon: EntityId) -> Result<DaemonInfo> {
    within("the daemon's description", async {
        loop {
            match device.client().call_daemon(daemon, DaemonCall::Describe).await {
                Some(DaemonAnswer::Daemon(info)) => return *info,
                _ => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    })
    .await
}

async fn moved(device: &Device, daemon: EntityId, to: NodeId, mode: MoveMode) -> Result<MoveInfo> {
    let answer = device.client().call_daemon(daemon, DaemonCall::Move { to, mode }).await.context("no answer")?;
    let DaemonAnswer::Moved(info) = answer else { bail!("{answer:?}") };
    Ok(*info)
}

/// The epoch under which a node says that the daemon is its own and lives.
async fn lives_at(node: &Node, daemon: EntityId, limits: &Limits) -> Result<Option<Epoch>> {
    let (visitor, id) = (node.visitor(limits).await?, NodeId(node.key()?.device_id()));
    let listed = within("the node's list", async {
        loop {
            match visitor.client().daemons().await {
                Some(daemons) => return daemons,
                None => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    });
    let is_its = |info: &DaemonInfo| info.entity == daemon && info.owner == id && info.state == DaemonState::Live;
    Ok(listed.await?.into_iter().find(is_its).map(|info| info.epoch))
}

/// From now on outputs are kept until they are acknowledged; others move with no daemon.
pub(crate) async fn subscribe(device: &Device, daemon: EntityId) -> Result<()> {
    within("the subscription", async {
        let call = || DaemonCall::Subscribe { subscriber: SUBSCRIBER, after: 0 };
        while device.client().call_daemon(daemon, call()).await != Some(DaemonAnswer::Done) {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    })
    .await
}

/// What a subscriber hears from the first output on until the end is said, checked to be one chain.
async fn heard(device: &Device, daemon: EntityId) -> Result<Vec<String>> {
    let mut chain = Chain::genesis(daemon.origin());
    let mut heard = Vec::new();
    loop {
        let mut outputs = device.client().follow_daemon(daemon, chain.sequence() + 1);
        while let Some(update) = outputs.recv().await {
            let DaemonUpdate::Output(output) = update else { bail!("{update:?}") };
            chain = chain.validate(&output.link, &output.payload)?;
            heard.push(String::from_utf8_lossy(&output.payload).into_owned());
            if heard.last().is_some_and(|said| said.starts_with(END)) {
                return Ok(heard);
            }
            if chain.sequence().is_multiple_of(1_000) {
                // A lost word is made good by the next one.
                let call = DaemonCall::Acknowledge { subscriber: SUBSCRIBER, through: chain.sequence() };
                device.client().call_daemon(daemon, call).await;
            }
        }
    }
}

pub(crate) fn counted_once(outputs: &[String], each: u64) -> Result<()> {
    for (_, word) in BOTH {
        let counts: Vec<_> = outputs.iter().filter_map(|line| line.strip_prefix(word)).map(str::trim).collect();
        let expected: Vec<_> = (1..=each).map(|count| count.to_string()).collect();
        ensure!(counts == expected, "{word}: {} counts, not {each}", counts.len());
    }
    Ok(())
}

pub(crate) async fn publish_both(device: &Device, daemon: EntityId, first: u64, count: u64) -> Result<()> {
    for (origin, word) in BOTH {
        let words = vec![Bytes::from_static(word.as_bytes()); usize::try_from(count)?];
        publish(device, daemon, origin, first, words).await?;
    }
    Ok(())
}

/// Makes the state so large that it travels in many pieces: so many hundreds of words.
pub(crate) async fn publish_large(device: &Device, daemon: EntityId, words: u64) -> Result<()> {
    for first in (1..=words).step_by(100) {
        let words = (first..first + 100).map(|n| Bytes::from(format!("{n:x<2000}"))).collect();
        publish(device, daemon, Origin(3), first, words).await?;
    }
    Ok(())
}

/// Two publishers with the same numbers never rest while their daemon goes back and forth between two nodes, live and copied. A subscriber
/// hears every output once, and the chain ends at the daemon's head.
#[test]
fn a_daemon_moves_back_and_forth_between_nodes_while_events_come() -> Result<()> {
    const MOVES: usize = 6;
    const BATCH: u64 = 20;
    in_a_world(async |world| {
        let Place { attic: _attic, workshop_id, attic_id, person, mover } = Place::of(world, "").await?;
        let subscriber = world.device("subscriber").await?;
        let info = start_on(&person, "votes", "tally", Some(workshop_id)).await?;
        subscribe(&subscriber, info.entity).await?;
        let is_over = Cell::new(false);
        let publishing = async {
            let mut each = 0;
            while !is_over.get() {
                publish_both(&person, info.entity, each + 1, BATCH).await?;
                each += BATCH;
            }
            publish(&person, info.entity, Origin(3), 1, vec![Bytes::from_static(END.as_bytes())]).await?;
            anyhow::Ok(each)
        };
        let moving = async {
            for turn in 0..MOVES {
                let owner = describe(&mover, info.entity).await?.owner;
                let to = if owner == workshop_id { attic_id } else { workshop_id };
                let mode = if turn % 3 == 2 { MoveMode::StopAndCopy } else { MoveMode::Live };
                let moved = moved(&mover, info.entity, to, mode).await?;
                ensure!(moved.state == MoveState::Moved && moved.target == Some(to), "move {turn}: {moved:?}");
                let now = describe(&mover, info.entity).await?;
                ensure!(now.owner == to && now.entity == info.entity, "{now:?}");
            }
            is_over.set(true);
            anyhow::Ok(())
        };
        let (each, (), outputs) = tokio::try_join!(publishing, moving, heard(&subscriber, info.entity))?;
        counted_once(&outputs, each)?;
        let (now, all) = (describe(&person, info.entity).await?, 2 * each + 1);
        // The subscription is an input without an output.
        ensure!(now.head.inbox_position == all + 1 && now.head.output_sequence == all, "{now:?}");
        Ok(())
    })
}

/// A node that takes no snapshot as large as the daemon's says so; the daemon stays, and goes on where it is, also if it was stopped first.
#[test]
fn a_daemon_stays_where_it_is_if_its_target_refuses() -> Result<()> {
    in_a_world(async |world| {
        let Place { attic, attic_id, workshop_id, person, mover } =
            Place::of(world, "[limits]\nsnapshot = 100").await?;
        let info = start_on(&person, "votes", "tally", Some(workshop_id)).await?;
        subscribe(&person, info.entity).await?;
        let mut each = 0;
        for mode in [MoveMode::Live, MoveMode::StopAndCopy] {
            publish_both(&person, info.entity, each + 1, 10).await?;
            let refused = moved(&mover, info.entity, attic_id, mode).await?;
            let reason = FailureReason::TooLarge { bytes: refused.bytes, max: 100 };
            ensure!(refused.state == MoveState::Failed(reason), "{refused:?}");
            publish_both(&person, info.entity, each + 11, 10).await?;
            each += 20;
            let now = describe(&person, info.entity).await?;
            ensure!(now.owner == workshop_id && now.state == DaemonState::Live, "{now:?}");
        }
        counted_once(&said(&person, info.entity, 2 * each).await?, each)?;
        ensure!(lives_at(&attic, info.entity, &world.limits()).await?.is_none(), "the attic has it");
        Ok(())
    })
}

/// The node that has the daemon is killed while its state is on its way, live or sealed, and comes back. Then one node has the daemon, with
/// every event once.
#[test]
fn a_source_that_is_killed_on_the_way_leaves_one_owner() -> Result<()> {
    const WORDS: u64 = 400;
    for mode in [MoveMode::Live, MoveMode::StopAndCopy] {
        in_a_world(async |world| {
            world.node_tables("[limits]\nsnapshot_chunk = 7000");
            let Place { attic, attic_id, workshop_id, person, mover } = Place::of(world, "").await?;
            let info = start_on(&person, "votes", "tally", Some(workshop_id)).await?;
            subscribe(&person, info.entity).await?;
            publish_both(&person, info.entity, 1, 10).await?;
            publish_large(&person, info.entity, WORDS).await?;
            let blobs = attic.data().join("blobs");
            let mut ordered =
                tokio::spawn(mover.client().call_daemon(info.entity, DaemonCall::Move { to: attic_id, mode }));
            let killing = async {
                let has_piece = || (pieces(&blobs) > 0).then_some(());
                tokio::select! {
                    biased;
                    seen = until("a piece at the target", has_piece) => seen?,
                    answer = &mut ordered => bail!("answered before a piece was at the target: {answer:?}"),
                }
                world.node().crash().await?;
                world.node().start().await
            };
            let publishing = publish_both(&person, info.entity, 11, 10);
            tokio::try_join!(killing, publishing)?;
            ordered.abort(); // it ended with the node, or comes to it once more: no answer is owed
            one_owner(world, &attic, info.entity).await?;
            publish_both(&person, info.entity, 21, 10).await?;
            let outputs = said(&person, info.entity, 60 + WORDS).await?;
            counted_once(&outputs, 30)?;
            if lives_at(&attic, info.entity, &world.limits()).await?.is_none() {
                until("no piece at the target", || (pieces(&blobs) == 0).then_some(())).await?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Chunks of snapshots in a folder of blobs, whose folders are named by the first byte.
fn pieces(blobs: &Path) -> usize {
    let Ok(folders) = std::fs::read_dir(blobs) else { return 0 };
    let of_byte = folders.flatten().filter(|entry| entry.file_name().len() == 2);
    of_byte.filter_map(|folder| Some(std::fs::read_dir(folder.path()).ok()?.count())).sum()
}

/// Waits until the daemon lives at one node, looking at one after the other: it may move between two looks, but never live twice at an epoch.
pub(crate) async fn one_owner(world: &mut World, attic: &Node, daemon: EntityId) -> Result<()> {
    let limits = world.limits();
    within("one owner", async {
        loop {
            match (lives_at(world.node(), daemon, &limits).await?, lives_at(attic, daemon, &limits).await?) {
                (Some(one), Some(other)) => ensure!(one != other, "two nodes have it at {one}"),
                (None, None) => {}
                (Some(_), None) | (None, Some(_)) => return Ok(()),
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    })
    .await?
}

/// Two publishers, each event counted in a model; a daemon that says two things of some events and nothing of others. After each move its state
/// and its head are the model's.
#[test]
fn a_daemon_under_load_is_what_its_model_is_after_each_move() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let load = runtime.block_on(wayfare_tests::load::load(2_000, 4))?;
    ensure!(load.moves == 4 && load.outputs > 0, "{load:?}");
    Ok(())
}
