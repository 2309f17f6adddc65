//! `wayfare-bench cell [--profile P]|daemon|links [COUNT]|load [RATE MOVES]|move [BYTES COUNT]|stalled|stream`: one bench, one JSON line on standard output. Build it with `--release`.

use anyhow::{Result, bail};
use wayfare_tests::bench::{MOVES, SIZES, moves};
use wayfare_tests::load::load;

#[tokio::main]
async fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let line = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["cell"] => serde_json::to_string(&wayfare_tests::bench::cell().await?)?,
        ["cell", "--profile", profile] => {
            serde_json::to_string(&wayfare_tests::bench::cell_over(profile.parse()?).await?)?
        }
        ["daemon"] => wayfare_tests::bench::daemon().await?.to_string(),
        ["links"] => serde_json::to_string(&wayfare_tests::bench::links(5_000).await?)?,
        ["links", count] => serde_json::to_string(&wayfare_tests::bench::links(count.parse()?).await?)?,
        ["move"] => serde_json::to_string(&moves(&SIZES, MOVES).await?)?,
        ["move", bytes, count] => serde_json::to_string(&moves(&[bytes.parse()?], count.parse()?).await?)?,
        ["load"] => serde_json::to_string(&load(50_000, MOVES).await?)?,
        ["load", rate, count] => serde_json::to_string(&load(rate.parse()?, count.parse()?).await?)?,
        ["stalled"] => serde_json::to_string(&wayfare_tests::bench::stalled().await?)?,
        ["stream"] => serde_json::to_string(&wayfare_tests::bench::stream().await?)?,
        _ => bail!(
            "usage: wayfare-bench cell [--profile lte|home|office-proxy]|daemon|links [COUNT]|load [RATE MOVES]|move [BYTES COUNT]|stalled|stream"
        ),
    };
    println!("{line}");
    Ok(())
}
