//! `wayfare-bench cell|stream`: one bench, one JSON line on standard output. Build it with `--release`.

use anyhow::{Result, bail};

#[tokio::main]
async fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let line = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["cell"] => serde_json::to_string(&wayfare_tests::bench::cell().await?)?,
        ["stream"] => serde_json::to_string(&wayfare_tests::bench::stream().await?)?,
        _ => bail!("usage: wayfare-bench cell|stream"),
    };
    println!("{line}");
    Ok(())
}
