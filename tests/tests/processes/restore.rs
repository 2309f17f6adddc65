//! A cloud that is lost and comes back from a backup.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use wayfare_protocol::Epoch;
use wayfare_protocol::output::RunOutcome;
use wayfare_tests::device::Device;
use wayfare_tests::patience::{LOOK_AGAIN, within};
use wayfare_tests::witness::Witness;
use wayfare_tests::world::in_a_world;

#[test]
fn a_cloud_that_comes_back_from_a_backup_learns_from_its_nodes_what_it_never_knew() -> Result<()> {
    in_a_world(async |world| {
        world.keep_traces();
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let mut person = world.device("person").await?;
        person.sees_online("workshop").await?;
        person.open("tests:before").await?;
        person.run("x = 41").await?;
        let kept = world.folder().join("kept");
        let said = world.cloud().command(&["backup", &kept.display().to_string()]).await?;
        // The journal of the session, and the list of projects if the node has asked for it by now.
        ensure!(said.contains("with 1 logs") || said.contains("with 2 logs"), "{said}");
        // More is done than the backup knows: a session, and a run in it that goes on while there is no cloud.
        person.run("x += 1").await?;
        person.open("tests:after").await?;
        let granted = [epoch(&person, "before", 1).await?, epoch(&person, "after", 1).await?];
        let witness = Witness::new(&world.witness_folder(), "counting");
        let (run, session) = (person.begin(&witness.counting_cell()), person.session()?);
        person.goes_on_by(10).await?;
        world.cloud().crash().await?;
        let data = world.cloud().data().to_owned();
        fs::remove_dir_all(&data)?;
        let said = world.cloud().command(&["restore", &kept.display().to_string()]).await?;
        ensure!(said.contains("generation"), "{said}");
        world.cloud().start().await?;
        // Both are the node's again, at epochs above those of before; neither was made anew.
        let claimed = [epoch(&person, "before", 2).await?, epoch(&person, "after", 2).await?];
        for (before, after) in granted.iter().zip(claimed) {
            ensure!(before.generation == 1 && after > *before, "{before} and then {after}");
        }
        // The run went on, and is shown from its first line to whoever attaches.
        let mut onlooker = world.device("onlooker").await?;
        onlooker.attach(session, run);
        onlooker.goes_on_by(10).await?;
        witness.stop()?;
        let shown = onlooker.end().await?;
        ensure!(shown.outcome == Some(RunOutcome::Succeeded), "{:?}", shown.outcome);
        witness.was_shown_as(&shown.whole().stdout)?;
        ensure!(!person.open("tests:before").await?.created, "another session");
        ensure!(person.prints("print(x)").await? == "42", "the kernel has forgotten");
        let again = world.cloud().command(&["restore", &kept.display().to_string()]).await;
        ensure!(again.is_err_and(|why| why.to_string().contains("has something in it")), "a living cloud was replaced");
        world.judge()
    })
}

/// The epoch of a session by the cloud's list, once its node has it from a store of that generation or a later one.
async fn epoch(person: &Device, name: &str, generation: u32) -> Result<Epoch> {
    let asked = async {
        loop {
            let sessions = person.client().sessions().await.unwrap_or_default();
            let found = sessions.iter().find(|info| info.key.name.name == name);
            if let Some(info) = found.filter(|info| info.epoch.generation >= generation) {
                return info.epoch;
            }
            tokio::time::sleep(LOOK_AGAIN).await; // its node has not claimed it yet
        }
    };
    within(&format!("the session {name}"), asked).await.context("its epoch")
}
