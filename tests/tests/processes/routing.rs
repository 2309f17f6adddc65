//! Where sessions are made, and what a node refuses to others.

use anyhow::{Result, ensure};
use wayfare_tests::world::in_a_world;

#[test]
fn a_node_that_takes_nothing_from_others_serves_its_own_user() -> Result<()> {
    in_a_world(async |world| {
        world.node_tables("[policy]\nremote = false");
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let mut person = world.device("person").await?;
        person.sees_online("workshop").await?;
        let refused = person.open("tests:main").await.err().map(|error| error.to_string()).unwrap_or_default();
        ensure!(refused.contains("workshop takes nothing from other devices"), "{refused:?}");
        // With the cloud in between all the same: it knows every name.
        let mut own = world.device_at_the_node().await?;
        own.open("tests:main").await?;
        own.run("x = 41").await?;
        person.open("tests:main").await?;
        let refused = person.run("x += 1").await.err().map(|error| error.to_string()).unwrap_or_default();
        ensure!(refused.contains("its policy"), "{refused:?}");
        ensure!(own.prints("print(x)").await? == "41");
        Ok(())
    })
}
