//! Starting a session host: its folder, its launch file, its process.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use wayfare_actors::ports::{HostStart, StartError};
use wayfare_protocol::host::HostLaunch;
use wayfare_protocol::limits::SOCKET_PATH_MAX;

use super::folder::{HostFolder, Life};
use super::{HostSettings, SESSION_FOLDER_VARIABLE, processes};
use crate::kernels::{InterruptMode, KernelLaunch, KernelPlaces, Kernels};

/// Starts the host and leaves it running. Reads and writes files; call it beside the async threads of a tokio runtime,
/// which collects the process when it ends.
pub(super) fn start(settings: &HostSettings, folder: &HostFolder, start: &HostStart) -> Result<(), StartError> {
    let socket = folder.socket();
    if socket.as_os_str().len() >= SOCKET_PATH_MAX {
        let length = socket.as_os_str().len();
        return Err(spawn(format!("{} has {length} bytes, over the limit of a socket's path", socket.display())));
    }
    let kernels = Kernels::discover(&KernelPlaces::of_process(&settings.venvs));
    let kernel = kernels
        .resolve(&start.environment, &start.key.language)
        .map_err(|error| StartError::NoKernel { language: start.key.language.to_string(), why: error.to_string() })?;
    check_free(folder, start)?;
    processes::kill(&folder.processes()); // what a dead host left behind
    folder.make().map_err(|error| at("folder", folder, &error))?;
    folder.clean();
    folder.keep_log();
    let launch = launch(settings, start, kernel);
    let json = serde_json::to_vec_pretty(&launch).map_err(|error| spawn(error.to_string()))?;
    folder.write(&folder.launch(), &json).map_err(|error| at("launch.json", folder, &error))?;
    copy_program(settings, folder)?;
    let mut child = run(settings, folder)?;
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).ok_or_else(|| spawn("it has no process id".into()))?;
    if let Err(error) = folder.write_started(pid) {
        let last_words = fs::read_to_string(folder.log()).unwrap_or_default();
        let _ = child.start_kill(); // it may have ended by itself
        return Err(spawn(format!("{error}; {last_words}")));
    }
    tracing::info!(session = %start.session, kernel = %launch.argv.join(" "), pid, "session host started");
    // Collected when it ends, so that it does not stay behind as a zombie while the node lives.
    tokio::spawn(async move {
        let status = child.wait().await;
        tracing::info!(pid, ?status, "session host ended");
    });
    Ok(())
}

fn spawn(why: String) -> StartError {
    StartError::Spawn(why)
}

fn at(what: &str, folder: &HostFolder, error: &std::io::Error) -> StartError {
    spawn(format!("{what} in {}: {error}", folder.path().display()))
}

/// Refuses a folder that has a living host or belongs to another session (whose id ends in the same 64 bits).
fn check_free(folder: &HostFolder, start: &HostStart) -> Result<(), StartError> {
    if let Life::Alive { pid } = folder.life() {
        return Err(spawn(format!("the session has a living host, process {pid}")));
    }
    let before: Option<HostLaunch> =
        fs::read(folder.launch()).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    match before {
        Some(before) if before.session != start.session => {
            Err(spawn(format!("{} belongs to session {}", folder.path().display(), before.session)))
        }
        _ => Ok(()),
    }
}

fn launch(settings: &HostSettings, start: &HostStart, kernel: KernelLaunch) -> HostLaunch {
    HostLaunch {
        session: start.session,
        language: start.key.language.clone(),
        kernel: start.kernel,
        first_sequence: start.first_sequence,
        argv: kernel.argv,
        env: kernel.env,
        cwd: kernel.cwd.display().to_string(),
        interrupt_by_message: kernel.interrupt_mode == InterruptMode::Message,
        journal_memory_bytes: settings.limits.journal_memory,
        journal_disk_bytes: settings.limits.journal_disk,
        kernel_start_ms: millis(settings.limits.kernel_start),
        transport: kernel.transport,
        interrupt_again_ms: millis(settings.limits.interrupt_again),
        interrupt_end_ms: millis(settings.limits.interrupt_end),
        late_output_ms: millis(kernel.late_output),
        memory_max_bytes: settings.limits.session_memory,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn copy_program(settings: &HostSettings, folder: &HostFolder) -> Result<(), StartError> {
    let program = folder.program();
    fs::copy(&settings.program, &program)
        .and_then(|_| fs::set_permissions(&program, fs::Permissions::from_mode(0o700)))
        .map_err(|error| spawn(format!("cannot copy {}: {error}", settings.program.display())))
}

/// Runs the copied program. It makes a process session of its own as its first act; files that this process opened are
/// closed in it (all are opened close-on-exec).
fn run(settings: &HostSettings, folder: &HostFolder) -> Result<Child, StartError> {
    let log = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.log())
        .map_err(|error| at("host.log", folder, &error))?;
    let mut command = Command::new(folder.program());
    command
        .arg(folder.path())
        .env(SESSION_FOLDER_VARIABLE, folder.path())
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(false);
    let mut attempts = settings.limits.host_attempts;
    loop {
        match command.spawn() {
            Ok(child) => return Ok(child),
            // Another thread's child held the copy open for writing between its fork and exec.
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy && attempts > 0 => {
                attempts -= 1;
                std::thread::sleep(settings.limits.host_retry);
            }
            Err(error) => return Err(spawn(format!("{}: {error}", folder.program().display()))),
        }
    }
}
