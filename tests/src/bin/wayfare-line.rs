//! `wayfare-line --to ADDRESS`: a TCP proxy on loopback whose line has a quality and can fail.
//!
//! Its first line says where it listens. Words on standard input change what the line does: `whole`, `cut`, `reset`, `hold`
//! (half-open: nothing passes, nobody is told), `lose` (what is sent is lost). It ends when it is told to by a signal.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use tokio::io::{AsyncBufReadExt as _, BufReader, stdin};
use wayfare_simulation::scenario::{Profile, Quality};
use wayfare_simulation::seed::Seed;
use wayfare_tests::faults::{FaultyLine, Line};

/// A TCP proxy on loopback whose line has a quality and can fail: whole, cut, reset, hold or lose on standard input.
#[derive(Debug, Parser)]
#[command(name = "wayfare-line")]
struct Arguments {
    /// Where connections are passed on to.
    #[arg(long)]
    to: SocketAddr,
    /// Where it listens.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// A line as people meet it: lte, home or office-proxy.
    #[arg(long)]
    profile: Option<Profile>,
    /// One way, at the least: 50ms.
    #[arg(long, value_parser = humantime::parse_duration)]
    latency: Option<Duration>,
    /// What may come on top of it.
    #[arg(long, value_parser = humantime::parse_duration)]
    jitter: Option<Duration>,
    /// Megabits per second.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    megabits: Option<u32>,
    /// Connections are broken every so often on average.
    #[arg(long, value_parser = humantime::parse_duration)]
    breaks_every: Option<Duration>,
    /// What is drawn comes from this number.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

impl Arguments {
    fn quality(&self) -> Quality {
        let profile = self.profile.map(Profile::quality).unwrap_or_default();
        // A byte at one megabit per second takes 8 microseconds.
        let per_byte = self.megabits.map(|megabits| Duration::from_micros(8) / megabits);
        Quality {
            latency: self.latency.unwrap_or(profile.latency),
            jitter: self.jitter.unwrap_or(profile.jitter),
            per_byte: per_byte.unwrap_or(profile.per_byte),
            breaks_every: self.breaks_every.or(profile.breaks_every),
        }
    }
}

fn line_of(word: &str) -> Option<Line> {
    Some(match word {
        "whole" => Line::Whole,
        "cut" => Line::Cut,
        "reset" => Line::Reset,
        "hold" => Line::Held,
        "lose" => Line::Lossy,
        _ => return None,
    })
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let (quality, seed) = (arguments.quality(), Seed::root(arguments.seed));
    let line = FaultyLine::open(arguments.listen, arguments.to, quality, seed).await?;
    println!("listening {}", line.address());
    let words = async {
        let mut words = BufReader::new(stdin()).lines();
        while let Ok(Some(word)) = words.next_line().await {
            match line_of(word.trim()) {
                Some(state) => line.set(state),
                None => eprintln!("{word:?} is none of whole, cut, reset, hold, lose"),
            }
        }
        std::future::pending::<()>().await;
    };
    let breaks = async {
        match quality.breaks_every {
            Some(every) => line.break_every(every, seed).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = words => {}
        () = breaks => {}
        stopped = tokio::signal::ctrl_c() => stopped?,
    }
    Ok(())
}
