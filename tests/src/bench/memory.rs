//! Resident memory of processes, as `/proc/<pid>/status` has it (proc(5)).

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result};

/// The processes, and what each had at the beginning.
pub(super) struct Memory {
    before_kib: BTreeMap<String, (i32, f64)>,
}

impl Memory {
    /// Begins: the largest value of each process is forgotten (proc(5), `clear_refs`).
    pub(super) fn of(processes: &[(String, i32)]) -> Result<Self> {
        let mut before_kib = BTreeMap::new();
        for (name, pid) in processes {
            fs::write(format!("/proc/{pid}/clear_refs"), "5").with_context(|| format!("clear_refs of {name}"))?;
            before_kib.insert(name.clone(), (*pid, line(*pid, "VmRSS:")?));
        }
        Ok(Self { before_kib })
    }

    /// By how much the processes have grown at most, summed; each process's part is said on standard error.
    pub(super) fn grown_bytes(&self) -> Result<f64> {
        let mut sum = 0.0;
        for (name, (pid, before)) in &self.before_kib {
            let most = line(*pid, "VmHWM:")?;
            eprintln!("{name}: {before} KiB before, {most} KiB at most, {} KiB at the end", line(*pid, "VmRSS:")?);
            sum += (most - before) * 1024.0;
        }
        Ok(sum)
    }
}

pub(super) fn line(pid: i32, name: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let value = status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| name.to_owned())?;
    Ok(value.trim().trim_end_matches(" kB").parse()?)
}
