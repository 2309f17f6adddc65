//! This machine: what it is made of, how busy it is, what it is called.

pub mod gpu;
pub mod power;

use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};
use wayfare_protocol::capability::{Hardware, Load};
use wayfare_protocol::limits::DEVICE_NAME_MAX;

use gpu::{GpuMeter, Reading};

/// Reads the machine's load; keep one, since processor load is measured between two readings.
pub struct LoadMeter {
    /// `None` where the system cannot be read: such a machine shows no load.
    system: Option<System>,
    /// `None` on a machine without graphics processors.
    gpus: Option<GpuMeter>,
}

impl LoadMeter {
    /// A meter that measures from now on, with whatever measures the graphics processors.
    #[must_use]
    pub fn new(gpus: Option<GpuMeter>) -> Self {
        let kind = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing().with_usage())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        let system = System::new_with_specifics(kind)
            .inspect_err(|error| tracing::warn!(%error, "the machine's load cannot be read"));
        Self { system: system.ok(), gpus }
    }

    /// The load since the last reading (the first: since the meter was made); of graphics processors as it was last looked at.
    pub fn read(&mut self) -> Load {
        let gpu_percent = self.gpus.as_ref().and_then(GpuMeter::busiest);
        let Some(system) = &mut self.system else { return Load { gpu_percent, ..Load::default() } };
        system.refresh_cpu_usage();
        system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        Load {
            cpu_percent: percent(f64::from(system.global_cpu_usage())),
            memory_percent: share(system.used_memory(), system.total_memory()),
            gpu_percent,
        }
    }

    /// The machine's hardware, with the graphics processors that were found.
    #[must_use]
    pub fn hardware(&self, gpus: &[Reading]) -> Hardware {
        let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let cpus = self.system.as_ref().map(|system| system.cpus().len()).filter(|count| *count > 0).unwrap_or(cpus);
        Hardware {
            cpus: u32::try_from(cpus).unwrap_or(u32::MAX),
            memory_bytes: self.system.as_ref().map(System::total_memory).unwrap_or_default(),
            gpus: gpus.iter().map(|reading| reading.gpu.clone()).collect(),
        }
    }
}

fn share(part: u64, whole: u64) -> u8 {
    if whole == 0 { 0 } else { percent(100.0 * part as f64 / whole as f64) }
}

fn percent(value: f64) -> u8 {
    // `as` saturates, and makes 0 of what is not a number.
    value.round().clamp(0.0, 100.0) as u8
}

/// Name and version of the operating system: `Debian GNU/Linux 12`.
#[must_use]
pub fn os_name() -> String {
    let name = System::name().unwrap_or_else(|_| std::env::consts::OS.to_owned());
    match System::os_version() {
        Ok(version) => format!("{name} {version}"),
        Err(_) => name,
    }
}

/// What the device is called where nobody named it: the machine's host name without its domain.
#[must_use]
pub fn device_name() -> String {
    short_name(&System::host_name().unwrap_or_default())
}

fn short_name(host: &str) -> String {
    let name: String = host.split('.').next().unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
    let mut name = name.trim().to_owned();
    while name.len() > DEVICE_NAME_MAX {
        name.pop();
    }
    if name.is_empty() { "device".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_processors_and_memory() {
        let mut meter = LoadMeter::new(None);
        let hardware = meter.hardware(&[]);
        assert!(hardware.cpus > 0 && hardware.memory_bytes > 0, "{hardware:?}");
        let load = meter.read();
        assert!(load.cpu_percent <= 100 && (1..=100).contains(&load.memory_percent), "{load:?}");
        assert!(!os_name().is_empty() && !device_name().is_empty());
    }

    #[test]
    fn a_share_is_between_0_and_100() {
        assert_eq!((share(1, 3), share(5, 0), share(9, 3), percent(f64::NAN)), (33, 0, 100, 0));
    }

    #[test]
    fn a_device_name_is_short_and_printable() {
        assert_eq!(short_name("laptop.home.example"), "laptop");
        assert_eq!(short_name(""), "device");
        assert_eq!(short_name(&"é".repeat(100)).len(), DEVICE_NAME_MAX);
    }
}
