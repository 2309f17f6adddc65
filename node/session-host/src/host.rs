//! The loop: what happens goes to the machine, what it decides is carried out.

use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::sleep;
use wayfare_core::Machine as _;
use wayfare_core::kernel_host::{Effect, Input, KernelCommand, KernelEvent, KernelHost, KernelHostConfig};
use wayfare_protocol::Limits;
use wayfare_protocol::host::HostLaunch;

use crate::clock::now;
use crate::connections::Connections;
use crate::folder::Folder;
use crate::kernel::Kernel;
use crate::log::Log;
use crate::memory;
use crate::spill::Spill;

/// Inputs that wait for the machine; who has more waits himself. The kernel's do not pass here.
const INPUTS: usize = 256;
/// The longest sleep: timers stand still while the machine sleeps, deadlines do not.
const SLEEP_MAX: Duration = Duration::from_secs(30);

/// Serves one session until its kernel is gone and its records are kept elsewhere.
pub(crate) async fn serve(folder: &Folder, launch: &HostLaunch) -> anyhow::Result<()> {
    let limits = Limits::default();
    let log = Log::open(folder.path("host.log"), limits.host_log);
    let listener = folder.listen()?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let (sender, mut inputs) = mpsc::channel(INPUTS);
    let mut host = Host {
        machine: KernelHost::new(KernelHostConfig::of(launch, limits.clone()), now()),
        kernel: None,
        connections: Connections::new(sender.clone(), limits.host_close),
        spill: Spill::new(folder.path("spill"), sender.clone()),
        log: log.clone(),
        exit: false,
    };
    match Kernel::start(folder, launch, &log) {
        Ok(kernel) => host.kernel = Some(kernel),
        Err(error) => {
            log.note(format_args!("{error:#}"));
            let detail = format!("{error:#}");
            host.step(Input::Kernel(vec![KernelEvent::Died { detail }]));
        }
    }
    if launch.memory_max_bytes > 0 {
        tokio::spawn(memory::watch(limits.memory_look, sender));
    }
    while !host.exit {
        let wait = host.machine.deadline().map_or(SLEEP_MAX, |at| at.since(now().boot).min(SLEEP_MAX));
        tokio::select! {
            biased;
            _ = terminate.recv() => host.step(Input::ShutDown),
            said = kernel_says(&mut host.kernel) => {
                if !said.is_empty() {
                    host.step(Input::Kernel(said));
                }
                // A kernel that never stops talking must not keep the others from being heard.
                for _ in 0..INPUTS {
                    let Ok(input) = inputs.try_recv() else { break };
                    host.step(input);
                }
            }
            Some(input) = inputs.recv() => host.step(input),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let id = host.connections.accept(stream);
                    host.step(Input::Connected(id));
                }
                Err(error) => {
                    // Out of descriptors, say. Another try at once would spin.
                    log.note(format_args!("a connection could not be accepted: {error}"));
                    sleep(Duration::from_millis(50)).await;
                }
            },
            () = sleep(wait) => {}
        }
        host.wake();
    }
    host.connections.closed().await;
    log.note("the host ends");
    Ok(())
}

async fn kernel_says(kernel: &mut Option<Kernel>) -> Vec<KernelEvent> {
    match kernel {
        Some(kernel) => kernel.next().await,
        None => std::future::pending().await,
    }
}

struct Host {
    machine: KernelHost,
    /// `None` if it could not be started at all.
    kernel: Option<Kernel>,
    connections: Connections,
    spill: Spill,
    log: Log,
    exit: bool,
}

impl Host {
    fn step(&mut self, input: Input) {
        if let Input::Disconnected(id) = input {
            self.connections.gone(id);
        }
        let mut effects = Vec::new();
        self.machine.step(now(), input, &mut effects);
        self.carry_out(effects);
    }

    fn wake(&mut self) {
        let mut effects = Vec::new();
        self.machine.wake(now(), &mut effects);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Kernel(command) => {
                    if let KernelCommand::Execute { run, position, .. } = &command {
                        self.log.note(format_args!("trace={run} executed at position {position}"));
                    }
                    let said = self.kernel.as_mut().and_then(|kernel| kernel.command(&command));
                    if let Some(said) = said {
                        self.step(Input::Kernel(vec![said]));
                    }
                }
                Effect::Send { connection, messages, bytes } => self.connections.send(connection, &messages, bytes),
                Effect::CloseConnection { connection } => self.connections.close(connection),
                Effect::Spill { op, segment, records } => self.spill.write(op, segment, records),
                Effect::ReadSpill { op, segment } => self.spill.read(op, segment),
                Effect::DropSpill { segment } => self.spill.delete(segment),
                Effect::Exit => self.exit = true,
            }
        }
    }
}
