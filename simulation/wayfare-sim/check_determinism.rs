//! `check-determinism`: every seed in two processes. Where they differ, the first event that does.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};
use wayfare_simulation::Mutation;

use crate::arguments::{Seeds, mutation};

/// Lines that are shown before the first that differs.
const BEFORE: usize = 5;
/// A seed that differed may be the same the next time: so often the two are compared line by line.
const TRIES: usize = 20;

/// What `check-determinism` is told.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// For example 0..20.
    #[arg(long, default_value = "0..20")]
    seeds: Seeds,
    /// A fault of the product to switch on.
    #[arg(long, value_parser = mutation)]
    mutation: Option<Mutation>,
}

/// Carries the order out.
pub(crate) fn check(arguments: &Arguments) -> anyhow::Result<bool> {
    let range = &arguments.seeds.0;
    // Both at once: each goes through the seeds in order.
    let (one, other) = (digests(arguments)?, digests(arguments)?);
    let (one, other) = (lines_of(one)?, lines_of(other)?);
    ensure!(one.len() as u64 == range.end - range.start, "{} of the seeds of {range:?} gave a digest", one.len());
    let differing: Vec<_> = range.clone().zip(one.iter().zip(&other)).filter(|(_, (a, b))| a != b).collect();
    for (seed, (a, b)) in &differing {
        println!("seed {seed} differs: {a} and {b}");
        tell_first(*seed, arguments.mutation)?;
    }
    println!("{}", serde_json::json!({ "seeds": one.len(), "differ": differing.len() }));
    Ok(differing.is_empty())
}

fn start(seeds: &str, mutation: Option<Mutation>, lines: bool) -> anyhow::Result<Child> {
    let program = std::env::current_exe().context("where is this program?")?;
    let mut command = Command::new(program);
    command.args(["digest", "--seeds", seeds]);
    if lines {
        command.arg("--lines");
    }
    if let Some(mutation) = mutation {
        command.args(["--mutation", mutation.name()]);
    }
    Ok(command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?)
}

fn digests(arguments: &Arguments) -> anyhow::Result<Child> {
    let range = &arguments.seeds.0;
    start(&format!("{}..{}", range.start, range.end), arguments.mutation, false)
}

fn lines_of(child: Child) -> anyhow::Result<Vec<String>> {
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "a process of its own failed");
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

/// Compares the two runs line by line, and shows the first that differs and what came before it.
fn tell_first(seed: u64, mutation: Option<Mutation>) -> anyhow::Result<()> {
    let range = format!("{seed}..{}", seed + 1);
    for _ in 0..TRIES {
        let (mut one, mut other) = (start(&range, mutation, true)?, start(&range, mutation, true)?);
        let (Some(of_one), Some(of_other)) = (one.stdout.take(), other.stdout.take()) else { continue };
        let (mut before, mut number) = (VecDeque::new(), 0_u64);
        let (mut of_one, mut of_other) = (BufReader::new(of_one).lines(), BufReader::new(of_other).lines());
        let first = loop {
            number += 1;
            match (of_one.next().transpose()?, of_other.next().transpose()?) {
                (None, None) => break None,
                (Some(a), Some(b)) if a == b => before.push_back(a),
                (a, b) => break Some((a, b)),
            }
            if before.len() > BEFORE {
                before.pop_front();
            }
        };
        drop((of_one, of_other));
        for child in [&mut one, &mut other] {
            let _ = child.kill(); // it may have ended
            child.wait()?;
        }
        if let Some((a, b)) = first {
            println!("the first event that differs is line {number}:");
            for line in &before {
                println!("    {line}");
            }
            let end = || "(the end)".to_owned();
            println!("  1 {}\n  2 {}", a.unwrap_or_else(end), b.unwrap_or_else(end));
            return Ok(());
        }
    }
    println!("compared line by line {TRIES} times more, it did not differ");
    Ok(())
}
