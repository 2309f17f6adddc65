//! `wayfare doctor`: what can be used here, and what cannot and why.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::json;
use wayfare_protocol::capability::{Capabilities, Policy, Power, Reluctance, RuntimeSpec};

use super::app::App;
use super::exit::{Exit, Failure};
use crate::client::{Place, node_answers};
use crate::cloud_file::Cloud;
use crate::hardware::LoadMeter;
use crate::hardware::gpu::{self, NoGpu, Reading};
use crate::hardware::power::{SUPPLIES, power};
use crate::hosts::find_program;
use crate::kernels::{KernelPlaces, Kernels};
use crate::render::Form;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Good,
    /// Works without.
    Missing,
    Bad,
}

struct Finding {
    what: &'static str,
    state: State,
    says: String,
}

fn good(what: &'static str, says: impl Into<String>) -> Finding {
    Finding { what, state: State::Good, says: says.into() }
}

fn missing(what: &'static str, says: impl Into<String>) -> Finding {
    Finding { what, state: State::Missing, says: says.into() }
}

fn bad(what: &'static str, says: impl Into<String>) -> Finding {
    Finding { what, state: State::Bad, says: says.into() }
}

/// Looks at everything and says what it found.
pub(super) async fn doctor(app: &App) -> Result<Exit, Failure> {
    let mut findings = vec![data_folder(app), key(app)];
    let (node, offered) = node(app).await;
    findings.extend([node, cloud(app).await]);
    findings.extend(kernels(app, offered.as_ref().map(|offers| offers.runtimes.clone())));
    findings.extend(hardware(app, offered.as_ref()).await);
    findings.push(policy(app));
    findings.push(match find_program(app.config.session_host.as_deref()) {
        Ok(path) => good("session host", path.display().to_string()),
        Err(error) => bad("session host", error.to_string()),
    });
    for Finding { what, state, says } in &findings {
        let (mark, word) = match state {
            State::Good => ("✓", "good"),
            State::Missing => ("·", "missing"),
            State::Bad => ("✗", "bad"),
        };
        match app.form {
            Form::Json => app.screen.json(&json!({ "what": what, "state": word, "says": says }))?,
            Form::Text => app.screen.line(&format!("{mark} {what}: {says}"))?,
        }
    }
    let is_bad = findings.iter().any(|finding| finding.state == State::Bad);
    Ok(if is_bad { Exit::Bad } else { Exit::Good })
}

fn data_folder(app: &App) -> Finding {
    let what = "data folder";
    let path = app.folder.path();
    if let Err(error) = app.folder.make() {
        return bad(what, format!("{}: {error}; choose another with --data-dir", path.display()));
    }
    match path.metadata().map(|metadata| metadata.permissions().mode() & 0o777) {
        Ok(mode) if mode & 0o077 != 0 => {
            bad(what, format!("{} can be read by other users (mode {mode:o}): run chmod 700 on it", path.display()))
        }
        Ok(_) => good(what, path.display().to_string()),
        Err(error) => bad(what, format!("{}: {error}", path.display())),
    }
}

fn key(app: &App) -> Finding {
    match app.key() {
        Ok(key) => good("device key", format!("{} ({})", key.device_id().short(), app.folder.key().display())),
        Err(failure) => bad("device key", failure.to_string()),
    }
}

/// What a cell may need of a device: memory, a graphics processor, tags.
async fn hardware(app: &App, offered: Option<&Capabilities>) -> Vec<Finding> {
    let probed = gpu::probe(&app.config.gpu_program(), app.limits.hardware_probe).await;
    let found = probed.as_deref().unwrap_or_default();
    let own = LoadMeter::new(None).hardware(found);
    let gib = |bytes: u64| bytes as f64 / f64::from(1_u32 << 30);
    let mut findings = vec![good("memory", format!("{:.1} GiB, {} processors", gib(own.memory_bytes), own.cpus))];
    findings.push(match &probed {
        Ok(readings) => {
            let named = |reading: &Reading| format!("{}, {:.1} GiB", reading.gpu.name, gib(reading.gpu.memory_bytes));
            let named = readings.iter().map(named).collect::<Vec<_>>().join("; ");
            match offered {
                Some(offers) if offers.hardware.gpus != own.gpus => {
                    bad("gpu", format!("{named}; the running node offers others: restart it"))
                }
                _ => good("gpu", named),
            }
        }
        Err(why @ (NoGpu::NoProgram(_) | NoGpu::None)) => missing("gpu", why.to_string()),
        Err(why) => bad("gpu", why.to_string()),
    });
    findings.push(match app.config.tags.as_slice() {
        [] => missing("tags", "none; `tags` in the configuration, or wayfare-node --tag, gives this device some"),
        tags => good("tags", tags.join(", ")),
    });
    findings
}

/// What other devices may run here.
fn policy(app: &App) -> Finding {
    let (what, policy) = ("for other devices", app.config.policy);
    let on_battery = power(Path::new(SUPPLIES)) == Power::Battery;
    match policy {
        Policy { remote: false, .. } => missing(what, Reluctance::Closed.to_string()),
        Policy { on_battery: false, .. } if on_battery => missing(what, Reluctance::OnBattery.to_string()),
        Policy { runs, on_battery, .. } => {
            let runs = runs.map_or_else(String::new, |runs| format!(", while it executes fewer than {runs} cells"));
            let power = if on_battery { "" } else { ", not on its battery" };
            good(what, format!("runs what they ask for{power}{runs}"))
        }
    }
}

/// The running node, and the kernels that it offers: its flags may name environments that this command does not know of.
async fn node(app: &App) -> (Finding, Option<Capabilities>) {
    let what = "node";
    if !node_answers(&app.folder) {
        return (missing(what, "none runs on this data folder; `wayfare-node` starts one"), None);
    }
    let identity = match app.identity() {
        Ok(identity) => identity,
        Err(failure) => return (bad(what, failure.to_string()), None),
    };
    let device = identity.key.device_id();
    let place = Place::of_node(&app.folder, device);
    match place.connect(identity, &app.limits).await {
        Ok(client) => {
            let devices = client.devices().await.unwrap_or_default();
            let own = devices.into_iter().find(|known| known.device == device).and_then(|known| known.node);
            (good(what, format!("answers at {}", app.folder.door().display())), own)
        }
        Err(error) => (bad(what, error.to_string()), None),
    }
}

async fn cloud(app: &App) -> Finding {
    let what = "cloud";
    let cloud = match Cloud::load(&app.folder.cloud()) {
        Ok(Some(cloud)) => cloud,
        Ok(None) => return missing(what, "not paired; `wayfare login <pairing-string>` pairs this device"),
        Err(error) => return bad(what, error.to_string()),
    };
    let identity = match app.identity() {
        Ok(identity) => identity,
        Err(failure) => return bad(what, failure.to_string()),
    };
    let url = &cloud.address.url;
    // The handshake shows who the cloud is and that both speak one version.
    match Place::of_cloud(&cloud).connect(identity, &app.limits).await {
        Ok(_) => good(what, format!("{url} is the cloud that was paired, and knows this device")),
        Err(error) => bad(what, error.to_string()),
    }
}

fn kernels(app: &App, offered: Option<Vec<RuntimeSpec>>) -> Vec<Finding> {
    let what = "kernels";
    let kernels = Kernels::discover(&KernelPlaces::of_process(&app.config.venvs));
    let runtimes = offered.unwrap_or_else(|| kernels.runtimes());
    let mut findings: Vec<_> = runtimes
        .iter()
        .map(|runtime| good(what, format!("{} runs {} ({})", runtime.kernel, runtime.language, runtime.environment)))
        .collect();
    if runtimes.is_empty() {
        let advice = "none found; install one (`python3 -m pip install ipykernel`) or name its environment in venvs";
        findings.push(missing(what, advice));
    }
    findings.extend(kernels.broken().iter().map(|error| bad(what, error.to_string())));
    findings
}
