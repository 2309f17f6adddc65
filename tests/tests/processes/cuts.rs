//! Links that are cut for five seconds, or silent for as long, in the middle of a stream.

use std::time::Duration;

use anyhow::{Result, ensure};
use wayfare_simulation::seed::Seed;
use wayfare_tests::device::Device;
use wayfare_tests::faults::{FaultyLine, Line};
use wayfare_tests::witness::Witness;
use wayfare_tests::world::{World, in_a_world};

use crate::crashes::ends_well;

/// How long a fault lasts.
const FAULT: Duration = Duration::from_secs(5);
/// How long a link flaps.
const FLAPPING: Duration = Duration::from_secs(60);

/// A world whose links go over lines that can fail, and a cell that counts and has begun.
async fn over_faulty_lines(world: &mut World) -> Result<(FaultyLine, FaultyLine, Device, Witness)> {
    world.start_cloud().await?;
    let cloud = world.cloud().address();
    let (nodes, persons) = (FaultyLine::to(cloud).await?, FaultyLine::to(cloud).await?);
    world.start_node_over("workshop", Some(nodes.address())).await?;
    let mut device = world.device_over("person", Some(persons.address())).await?;
    device.sees_online("workshop").await?;
    device.open("tests:main").await?;
    let witness = Witness::new(&world.witness_folder(), "counting");
    device.begin(&witness.counting_cell());
    device.goes_on_by(20).await?;
    Ok((nodes, persons, device, witness))
}

async fn fails_for_a_while(line: &FaultyLine, how: Line, witness: &Witness) -> Result<()> {
    line.set(how);
    tokio::time::sleep(FAULT).await;
    witness.goes_on_by(1).await?;
    line.set(Line::Whole);
    Ok(())
}

#[test]
fn a_stream_goes_on_where_it_was_when_the_nodes_link_was_cut() -> Result<()> {
    in_a_world(async |world| {
        let (nodes, _persons, mut device, witness) = over_faulty_lines(world).await?;
        fails_for_a_while(&nodes, Line::Cut, &witness).await?;
        device.goes_on_by(20).await?;
        fails_for_a_while(&nodes, Line::Held, &witness).await?;
        ends_well(world, &mut device, &witness).await
    })
}

#[test]
fn a_stream_goes_on_where_it_was_when_the_clients_link_was_cut() -> Result<()> {
    in_a_world(async |world| {
        let (_nodes, persons, mut device, witness) = over_faulty_lines(world).await?;
        let links = device.links();
        fails_for_a_while(&persons, Line::Cut, &witness).await?;
        device.linked(links + 1).await?;
        device.goes_on_by(20).await?;
        fails_for_a_while(&persons, Line::Held, &witness).await?;
        ends_well(world, &mut device, &witness).await?;
        ensure!(device.links() >= links + 2, "the silent link was kept for {FAULT:?}");
        Ok(())
    })
}

/// The line fails and comes back in every way that it can, for a moment each.
async fn flaps(line: &FaultyLine, seed: &Seed) {
    const WAYS: [Line; 4] = [Line::Cut, Line::Reset, Line::Held, Line::Lossy];
    let mut draws = seed.draws();
    loop {
        tokio::time::sleep(draws.ms(200, 2_000)).await;
        let way = usize::try_from(draws.between(0, 3)).unwrap_or_default();
        line.set(WAYS[way]);
        tokio::time::sleep(draws.ms(50, 1_500)).await;
        line.set(Line::Whole);
    }
}

#[test]
fn a_stream_is_whole_over_links_that_flap_for_a_minute() -> Result<()> {
    in_a_world(async |world| {
        let (nodes, persons, mut device, witness) = over_faulty_lines(world).await?;
        let (first, second) = (Seed::root(1), Seed::root(2));
        let both = async { tokio::join!(flaps(&nodes, &first), flaps(&persons, &second)) };
        let _ = tokio::time::timeout(FLAPPING, both).await; // it flaps for as long as it is let
        for line in [&nodes, &persons] {
            line.set(Line::Whole);
        }
        witness.goes_on_by(1).await?;
        ends_well(world, &mut device, &witness).await
    })
}
