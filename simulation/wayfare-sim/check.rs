//! `check`: the oracles over what real processes traced.

use std::path::PathBuf;

use anyhow::Context as _;
use wayfare_protocol::Limits;
use wayfare_simulation::check::{Checked, TraceText, check as judge};

/// What `check` is told.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What `--trace-file` of a cloud or a node wrote; all of one machine.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Carries the order out: prints what does not hold, and a summary as JSON. `false` too if there was nothing to judge.
pub(crate) fn check(arguments: &Arguments) -> anyhow::Result<bool> {
    let mut texts = Vec::new();
    for path in &arguments.files {
        let bytes = std::fs::read(path).with_context(|| format!("{}", path.display()))?;
        texts.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
    }
    let traces: Vec<_> = texts.iter().map(|(place, text)| TraceText { place, text }).collect();
    let checked = judge(&traces, &Limits::default())?;
    for violation in &checked.violations {
        println!("{violation}");
    }
    let Checked { facts, checks, violations } = &checked;
    println!("{}", serde_json::json!({ "facts": facts, "checks": checks, "violations": violations.len() }));
    Ok(violations.is_empty() && *facts > 0)
}
