//! Graphics processors: NVIDIA's, as its own program tells of them.
//!
//! `nvidia-smi` comes with the driver, so that it is there where a card can be used. It is asked for three columns and never without a
//! time limit: with a driver that hangs it hangs too.

use std::ffi::{OsStr, OsString};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::process::Command;
use tokio::task::AbortHandle;
use wayfare_protocol::capability::Gpu;

/// The program where none is configured: it is looked for on `PATH`.
pub const PROGRAM: &str = "nvidia-smi";
const ARGUMENTS: [&str; 2] = ["--query-gpu=name,memory.total,utilization.gpu", "--format=csv,noheader,nounits"];
const MIB: u64 = 1024 * 1024;
/// In place of a percentage: not told.
const UNKNOWN: u8 = u8::MAX;

/// A graphics processor and how busy it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What it is.
    pub gpu: Gpu,
    /// Percent of the time in use, if it tells.
    pub used_percent: Option<u8>,
}

/// Why no graphics processor can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoGpu {
    /// The driver's program is not there.
    #[error(
        "there is no {0}: no NVIDIA driver is installed, or it is not on PATH (`nvidia_smi` in the configuration names it)"
    )]
    NoProgram(String),
    /// It says that there is none.
    #[error("no graphics processor was found")]
    None,
    /// It cannot be started or ended with an error.
    #[error("{program} failed: {says}")]
    Failed {
        /// The program.
        program: String,
        /// What it said.
        says: String,
    },
    /// It did not answer.
    #[error("{program} said nothing in {within:?}: the driver may hang")]
    Silent {
        /// The program.
        program: String,
        /// The time that it was given.
        within: Duration,
    },
    /// It says something else than expected.
    #[error("{program} said {line:?}, which is not a name, megabytes and percent")]
    Unreadable {
        /// The program.
        program: String,
        /// The line.
        line: String,
    },
}

/// Asks the driver's program.
///
/// # Errors
/// If there is none, it does not answer within that time, or tells of no card.
pub async fn probe(program: &OsStr, within: Duration) -> Result<Vec<Reading>, NoGpu> {
    let name = program.to_string_lossy().into_owned();
    let failed = |says: String| NoGpu::Failed { program: name.clone(), says };
    let mut command = Command::new(program);
    command.args(ARGUMENTS).stdin(Stdio::null()).kill_on_drop(true);
    let output = match tokio::time::timeout(within, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => return Err(NoGpu::NoProgram(name)),
        Ok(Err(error)) => return Err(failed(error.to_string())),
        Err(_) => return Err(NoGpu::Silent { program: name, within }),
    };
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        // It says why on either.
        let both = format!("{said}{}", String::from_utf8_lossy(&output.stderr));
        return Err(judge_failure(&both).unwrap_or_else(|| failed(first_line(&both))));
    }
    read(&name, &said)
}

fn judge_failure(said: &str) -> Option<NoGpu> {
    said.contains("No devices were found").then_some(NoGpu::None)
}

fn first_line(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    line.map_or_else(|| "it said nothing".to_owned(), str::to_owned)
}

/// Reads what the program said: a line for each card.
fn read(program: &str, said: &str) -> Result<Vec<Reading>, NoGpu> {
    if said.contains("No devices were found") {
        return Err(NoGpu::None);
    }
    let unreadable = |line: &str| NoGpu::Unreadable { program: program.to_owned(), line: line.to_owned() };
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let readings: Vec<_> = lines.map(|line| of_line(line).ok_or_else(|| unreadable(line))).collect::<Result<_, _>>()?;
    if readings.is_empty() { Err(NoGpu::None) } else { Ok(readings) }
}

fn of_line(line: &str) -> Option<Reading> {
    // A name may have commas of its own; the numbers stand at the end.
    let (rest, used) = line.rsplit_once(',')?;
    let (name, memory) = rest.rsplit_once(',')?;
    let name = name.trim();
    // Cards that share the machine's memory, and old ones, say `[N/A]` or `[Not Supported]`.
    let number = |text: &str| -> Option<Option<u64>> {
        let text = text.trim();
        if text.starts_with('[') { Some(None) } else { text.parse().ok().map(Some) }
    };
    let (memory, used) = (number(memory)?, number(used)?);
    let gpu = Gpu { name: name.to_owned(), memory_bytes: memory.unwrap_or(0).saturating_mul(MIB) };
    let used_percent = used.map(|used| u8::try_from(used.min(100)).unwrap_or(100));
    (!name.is_empty()).then_some(Reading { gpu, used_percent })
}

/// Looks at the cards again and again, so that whoever wants to know their load never waits.
pub struct GpuMeter {
    busiest: Arc<AtomicU8>,
    looking: AbortHandle,
}

impl GpuMeter {
    /// Begins with what was read, and looks every so often.
    #[must_use]
    pub fn start(program: OsString, first: &[Reading], every: Duration, within: Duration) -> Self {
        let busiest = Arc::new(AtomicU8::new(of_all(first)));
        let told = Arc::clone(&busiest);
        let looking = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(every);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            ticks.tick().await; // the first is at once
            loop {
                ticks.tick().await;
                let now = match probe(&program, within).await {
                    Ok(readings) => of_all(&readings),
                    Err(error) => {
                        tracing::warn!(%error, "the load of the graphics processors is not known");
                        UNKNOWN
                    }
                };
                told.store(now, Ordering::Relaxed);
            }
        });
        Self { busiest, looking: looking.abort_handle() }
    }

    /// Percent of the time in use of the busiest card, if that is known.
    #[must_use]
    pub fn busiest(&self) -> Option<u8> {
        Some(self.busiest.load(Ordering::Relaxed)).filter(|used| *used != UNKNOWN)
    }
}

impl Drop for GpuMeter {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

fn of_all(readings: &[Reading]) -> u8 {
    readings.iter().filter_map(|reading| reading.used_percent).max().unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// What the program says on machines with and without cards.
    const RECORDED: &str = include_str!("nvidia-smi.txt");

    fn recorded(title: &str) -> &'static str {
        let part = RECORDED.split("# ").find_map(|part| part.strip_prefix(title));
        part.unwrap_or_else(|| panic!("no {title}")).trim_start_matches('\n')
    }

    #[test]
    fn recorded_outputs_are_read() {
        let gpu = |name: &str, mib: u64, used_percent| Reading {
            gpu: Gpu { name: name.to_owned(), memory_bytes: mib * MIB },
            used_percent,
        };
        let of = |title| read(PROGRAM, recorded(title));
        assert_eq!(of("one card"), Ok(vec![gpu("NVIDIA GeForce RTX 3090", 24_576, Some(37))]));
        let (a, b) = (gpu("Tesla V100-SXM2-16GB", 16_384, Some(0)), gpu("Tesla V100-SXM2-16GB", 16_384, Some(100)));
        assert_eq!(of("two cards"), Ok(vec![a, b]));
        assert_eq!(of("shared memory"), Ok(vec![gpu("NVIDIA GB10", 0, Some(2))]));
        assert_eq!(of("old card"), Ok(vec![gpu("GeForce GT 710", 2_002, None)]));
        assert_eq!(of("none"), Err(NoGpu::None));
        assert_eq!(read(PROGRAM, ""), Err(NoGpu::None));
        let error = of("something else").expect_err("unreadable");
        assert!(error.to_string().contains("not a name, megabytes and percent"), "{error}");
        assert_eq!((of_all(&of("two cards").unwrap()), of_all(&of("old card").unwrap())), (100, UNKNOWN));
    }

    /// A program that does what a shell is told.
    fn program(folder: &tempfile::TempDir, script: &str) -> OsString {
        let path = folder.path().join("nvidia-smi");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path.into_os_string()
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_fails_or_hangs_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("none").into_os_string();
        let patient = Duration::from_secs(60);
        assert!(matches!(probe(&missing, patient).await, Err(NoGpu::NoProgram(_))));
        let broken =
            program(&folder, "echo \"NVIDIA-SMI has failed because it couldn't communicate with the driver.\"; exit 9");
        let error = probe(&broken, patient).await.expect_err("broken");
        assert!(error.to_string().contains("couldn't communicate"), "{error}");
        let empty = program(&folder, "echo 'No devices were found'; exit 6");
        assert_eq!(probe(&empty, patient).await, Err(NoGpu::None));
        let hanging = program(&folder, "exec sleep 1000");
        assert!(matches!(probe(&hanging, Duration::from_millis(50)).await, Err(NoGpu::Silent { .. })));
        let good = program(&folder, "echo 'NVIDIA GeForce RTX 3090, 24576, 37'");
        assert_eq!(probe(&good, patient).await.expect("a card").len(), 1);
    }
}
