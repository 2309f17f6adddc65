//! Where sessions are made, and what a node refuses to others.

use anyhow::{Result, bail, ensure};
use wayfare_tests::world::{Network, in_a_world};

use crate::story::logged_in;

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

/// Whoever wants another device than the session's is told what either way means, and nothing runs before one is chosen.
#[test]
fn a_run_on_another_device_than_the_sessions_is_a_choice() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let _attic = world.another_node("attic").await?;
        let mut person = world.device("onlooker").await?;
        for name in ["workshop", "attic"] {
            person.sees_online(name).await?;
        }
        let desk = logged_in(world, "desk", Network::Shared).await?;
        let said = desk.runs_with("set", "x = 41", &["--on", "workshop"]).await?;
        ensure!(said.contains("ran on workshop · "), "{said}");
        let add = "x += 1\nprint('x is', x)";
        let Err(asked) = desk.runs_with("add", add, &["--on", "attic"]).await else { bail!("it ran somewhere") };
        let asked = asked.to_string();
        for part in ["lives on workshop", "--if-elsewhere attach", "--if-elsewhere new"] {
            ensure!(asked.contains(part), "no {part:?} in {asked}");
        }
        let said = desk.runs_with("add", add, &["--on", "attic", "--if-elsewhere", "attach"]).await?;
        ensure!(said.contains("ran on workshop · ") && said.contains("x is 42"), "{said}");
        let said =
            desk.runs_with("new", "print('x' in globals())", &["--on", "attic", "--if-elsewhere", "new"]).await?;
        ensure!(said.contains("ran on attic · ") && said.contains("False"), "{said}");
        Ok(())
    })
}
