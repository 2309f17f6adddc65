//! Daemons over real processes.

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use wayfare_protocol::causal::Chain;
use wayfare_protocol::daemon::{DaemonAnswer, DaemonCall, DaemonInfo, DaemonUpdate};
use wayfare_protocol::{EntityId, Origin};
use wayfare_tests::daemons::{publish, start_on};
use wayfare_tests::device::Device;
use wayfare_tests::patience::within;
use wayfare_tests::world::{Network, in_a_world};

use crate::story::logged_in;

async fn start(device: &Device, name: &str, kind: &str) -> Result<DaemonInfo> {
    start_on(device, name, kind, None).await
}

/// What the daemon says from its first output on, up to a number, checked to be one chain.
pub(crate) async fn said(device: &Device, daemon: EntityId, through: u64) -> Result<Vec<String>> {
    within("the outputs", async {
        let mut chain = Chain::genesis(daemon.origin());
        let mut said = Vec::new();
        while chain.sequence() < through {
            let mut outputs = device.client().follow_daemon(daemon, chain.sequence() + 1);
            while let Some(update) = outputs.recv().await {
                let DaemonUpdate::Output(output) = update else { bail!("{update:?}") };
                chain = chain.validate(&output.link, &output.payload)?;
                said.push(String::from_utf8_lossy(&output.payload).into_owned());
                if chain.sequence() == through {
                    break;
                }
            }
        }
        Ok(said)
    })
    .await?
}

/// Two publishers with the same numbers; the node and the cloud are killed while events are on their way, and some are sent twice.
#[test]
fn a_daemon_counts_every_event_once_over_crashes_of_node_and_cloud() -> Result<()> {
    const BATCHES: u64 = 12;
    const BATCH: u64 = 50;
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let mut device = world.device("person").await?;
        device.sees_online("workshop").await?;
        let info = start(&device, "votes", "tally").await?;
        for batch in 0..BATCHES {
            match batch {
                3 | 7 => {
                    world.node().crash().await?;
                    world.node().start().await?;
                }
                5 => {
                    world.cloud().crash().await?;
                    world.cloud().start().await?;
                }
                _ => {}
            }
            for (origin, word) in [(Origin(1), "pear"), (Origin(2), "plum")] {
                let words = vec![Bytes::from_static(word.as_bytes()); usize::try_from(BATCH)?];
                for _ in 0..=(batch % 2) {
                    publish(&device, info.entity, origin, batch * BATCH + 1, words.clone()).await?;
                }
            }
        }
        let all = 2 * BATCHES * BATCH;
        let said = said(&device, info.entity, all).await?;
        for word in ["pear", "plum"] {
            let counts: Vec<_> = said.iter().filter_map(|line| line.strip_prefix(word)).map(str::trim).collect();
            let expected: Vec<_> = (1..=BATCHES * BATCH).map(|count| count.to_string()).collect();
            ensure!(counts == expected, "{word}: {counts:?}");
        }
        let described = device.client().call_daemon(info.entity, DaemonCall::Describe).await.context("no answer")?;
        let DaemonAnswer::Daemon(now) = described else { bail!("{described:?}") };
        ensure!(now.entity == info.entity && now.head.inbox_position == all, "{now:?}");
        Ok(())
    })
}

/// What a person types: start, send, tail, a dead letter, stop and resume, verify.
#[test]
fn a_daemon_is_used_by_the_command_line() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        world.device("onlooker").await?.sees_online("workshop").await?;
        let phone = logged_in(world, "phone", Network::Own).await?;
        let shown = phone.says(&["daemon", "start", "votes", "--kind", "tally"]).await?;
        ensure!(shown.contains("votes (tally)") && shown.contains("workshop") && shown.contains("live"), "{shown}");
        phone.says(&["daemon", "send", "votes", "pear", "plum", "pear", ""]).await?;
        let said = phone.says(&["daemon", "tail", "votes", "--from", "1", "-n", "3"]).await?;
        ensure!(said == "pear 1\nplum 1\npear 2\n", "{said}");
        let letters = phone.says(&["daemon", "dead-letters", "votes"]).await?;
        ensure!(letters.contains("there is no word in it"), "{letters}");
        phone.says(&["daemon", "snapshot", "votes"]).await?;
        phone.says(&["daemon", "stop", "votes"]).await?;
        world.node().crash().await?;
        world.node().start().await?;
        world.device("second onlooker").await?.sees_online("workshop").await?;
        let list = phone.says(&["daemon", "list"]).await?;
        ensure!(list.contains("stopped"), "{list}");
        phone.says(&["daemon", "start", "votes", "--kind", "tally"]).await?;
        phone.says(&["daemon", "send", "votes", "pear"]).await?;
        let said = phone.says(&["daemon", "tail", "votes", "--from", "4", "-n", "1"]).await?;
        ensure!(said == "pear 3\n", "{said}");
        let verified = phone.says(&["daemon", "verify", "votes"]).await?;
        ensure!(verified.contains("one chain"), "{verified}");
        Ok(())
    })
}

/// Work in the background comes back as an event, also when the node was killed while it was done.
#[test]
fn background_work_is_done_again_after_a_crash() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let mut device = world.device("person").await?;
        device.sees_online("workshop").await?;
        let info = start(&device, "factors", "primes").await?;
        let large = 67_280_421_310_721_u64 * 2; // seconds of division
        publish(&device, info.entity, Origin(1), 1, vec![Bytes::from(large.to_string())]).await?;
        world.node().crash().await?;
        world.node().start().await?;
        let said = said(&device, info.entity, 1).await?;
        ensure!(said == [format!("{large} = 2 × 67280421310721")], "{said:?}");
        Ok(())
    })
}
