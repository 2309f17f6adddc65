//! A cloud whose assets are in a bucket.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use wayfare_protocol::AssetId;
use wayfare_tests::bucket::{BUCKET, BucketServer};
use wayfare_tests::world::{Network, in_a_world};

use crate::assets::{MIB, bytes, fetched, file};

/// Whether an account has an asset in a folder.
fn has(accounts: &Path, asset: AssetId) -> bool {
    let id = asset.to_string();
    let accounts = fs::read_dir(accounts).into_iter().flatten().flatten();
    accounts.into_iter().any(|account| account.path().join(&id[..2]).join(&id).exists())
}

#[test]
fn what_is_in_a_bucket_every_device_has_also_when_the_bucket_was_away() -> Result<()> {
    in_a_world(async |world| {
        let server = BucketServer::start(&world.folder().join("s3"))?;
        let endpoint = server.endpoint();
        world.cloud_tables(&format!(
            "[assets]\nstore = \"s3\"\nbucket = \"{BUCKET}\"\nendpoint = \"{endpoint}\"\nprefix = \"mesh\"\n"
        ));
        world.start_cloud().await?;
        world.start_node("laptop").await?;
        let laptop = world.command_line_of_node()?;
        let desk = world.another_node("desk").await?;
        let desk = world.command_line_on(&desk)?;
        let here = world.folder().join("fetched");
        let table = bytes(20 * MIB + 3, 1);
        let path = file(world, "table.csv", &table)?;
        laptop.says(&["project", "upload", "lab", &path]).await?;
        ensure!(fetched(&desk, "table.csv", &here).await? == table, "other bytes");
        ensure!(has(&server.file("mesh"), AssetId::of(&table)), "it is not in the bucket");
        ensure!(!has(&world.cloud().data().join("assets"), AssetId::of(&table)), "it is here too");
        // While the bucket is away a node takes what is added at it, and a device without one is told that it is not kept.
        server.leave_after(0);
        let (late, photo) = (bytes(3 * MIB, 2), bytes(MIB, 3));
        let path = file(world, "late.bin", &late)?;
        laptop.says(&["project", "upload", "lab", &path]).await?;
        let phone = world.command_line("phone", Network::Shared)?;
        let string = world.cloud().pairing_string().await?.to_string();
        phone.says(&["login", &string]).await?;
        let path = file(world, "photo.jpg", &photo)?;
        ensure!(phone.says(&["project", "upload", "lab", &path]).await.is_err(), "it is said to be kept");
        server.come_back();
        ensure!(fetched(&desk, "late.bin", &here).await? == late, "other bytes");
        phone.says(&["project", "upload", "lab", &path]).await?;
        // A cloud that knows nothing but the bucket reads what is in it.
        world.cloud().crash().await?;
        world.cloud().start().await?;
        ensure!(fetched(&desk, "photo.jpg", &here).await? == photo, "other bytes");
        ensure!(fetched(&phone, "table.csv", &here).await? == table, "other bytes");
        Ok(())
    })
}
