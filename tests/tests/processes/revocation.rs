//! A device that the account does not want any more.

use anyhow::{Context as _, Result, ensure};
use wayfare_protocol::control::PresenceInfo;
use wayfare_tests::device::Device;
use wayfare_tests::patience::{LOOK_AGAIN, within};
use wayfare_tests::world::{Network, in_a_world, pair};

use crate::story::logged_in;

#[test]
fn a_revoked_device_is_cut_off_at_once_and_refused_until_it_is_paired_anew() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        let mut person = world.device("person").await?;
        person.sees_online("workshop").await?;
        person.open("tests:main").await?;
        person.run("x = 41").await?;
        let desk = logged_in(world, "desk", Network::Shared).await?;
        let unsure = desk.says(&["device", "revoke", "workshop"]).await.err().map(|error| error.to_string());
        ensure!(unsure.as_ref().is_some_and(|why| why.contains("--yes")), "{unsure:?}");
        let said = desk.says(&["--json", "device", "revoke", "workshop", "--yes"]).await?;
        ensure!(said.contains("\"revoked\"") && said.contains("workshop"), "{said}");
        // From the answer on nothing of it is reached, and that is said.
        ensure!(presence(&person, "workshop").await?.is_some_and(|is| matches!(is, PresenceInfo::Revoked { .. })));
        let sessions = person.client().sessions().await.context("no answer")?;
        ensure!(sessions.iter().any(|info| info.device_name == "workshop (revoked)"), "{sessions:?}");
        let refused = person.run("x").await.err().map(|error| error.to_string()).unwrap_or_default();
        ensure!(refused.contains("which was revoked"), "{refused:?}");
        // Its own user works on, at its own door.
        let mut local = world.device_at_the_node().await?;
        local.open("tests:main").await?;
        ensure!(local.prints("print(x)").await? == "41", "the node serves its own door no more");
        // Its key is refused, also by a cloud that was started meanwhile.
        let (key, limits) = (world.node().key()?, world.limits());
        let mut address = world.paired(&world.device_key("another")?, "another", None).await?;
        for _ in 0..2 {
            let mut revoked = Device::start("workshop", key.clone(), address.clone(), &limits).await?;
            let why = revoked.refused().await?;
            ensure!(why.contains("workshop was revoked") && why.contains("wayfare login"), "{why}");
            world.cloud().crash().await?;
            world.cloud().start().await?;
            address.url = format!("wss://{}/link", world.cloud().address());
        }
        // Of two pairing strings the newer one counts, and brings everything back.
        let older = world.cloud().pairing_string().await?;
        let newer = world.cloud().pairing_string().await?;
        ensure!(pair(&older, &key, "workshop", &limits).await.is_err(), "a replaced pairing string was good");
        pair(&newer, &key, "workshop", &limits).await?;
        person.sees_online("workshop").await?;
        ensure!(person.prints("print(x + 1)").await? == "42");
        Ok(())
    })
}

async fn presence(person: &Device, name: &str) -> Result<Option<PresenceInfo>> {
    let asked = async {
        loop {
            if let Some(devices) = person.client().devices().await {
                return devices.iter().find(|device| device.name == name).map(|device| device.presence);
            }
            tokio::time::sleep(LOOK_AGAIN).await; // no answer comes while there is no link
        }
    };
    within("the devices", asked).await
}
