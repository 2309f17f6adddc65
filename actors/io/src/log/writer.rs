//! The threads that write. A log belongs to one of them, so what is asked of a log is done in the order of the asking.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use tokio::sync::oneshot;
use wayfare_actors::ports::{LogError, LogName};
use wayfare_protocol::Limits;

use super::end::{Answer, Survives, WritingEnd, sync_folder};
use super::state::{Shared, storage};

/// Names a folder that is being removed.
pub(super) const REMOVING: &str = "removing-";

pub(super) enum Command {
    Open { name: LogName, answer: oneshot::Sender<Result<Hold, LogError>> },
    Append { name: LogName, records: Vec<Bytes>, survives: Survives, answer: Answer },
    Trim { name: LogName, before: u64, answer: Answer },
    Close { name: LogName },
    Remove { name: LogName, answer: Answer },
    Stop,
}

/// An open log: closes it when dropped, wherever that happens, also on the way to somebody who gave up waiting.
pub(super) struct Hold {
    pub(super) shared: Arc<Shared>,
    pub(super) commands: Sender<Command>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        // A thread that is gone has closed everything.
        let _ = self.commands.send(Command::Close { name: self.shared.name });
    }
}

/// The writing threads. Dropping the last handle waits until everything that was asked is done, so that whoever opens the
/// same folder next finds it at rest.
pub(super) struct Writers(Vec<(Sender<Command>, Option<JoinHandle<()>>)>);

impl Writers {
    pub(super) fn start(root: &Path, limits: &Limits) -> io::Result<Self> {
        // Collected one by one: if a thread cannot be started, those before it are stopped.
        let mut writers = Self(Vec::new());
        for number in 0..limits.log_writers.max(1) {
            // Unbounded: every actor has a bounded number of appends under way and waits for their ends.
            let (sender, commands) = mpsc::channel();
            let writer = Writer {
                root: root.to_owned(),
                limits: limits.clone(),
                commands: sender.clone(),
                open: BTreeMap::new(),
                touched: BTreeSet::new(),
            };
            let thread = thread::Builder::new().name(format!("log-{number}")).spawn(move || writer.run(&commands))?;
            writers.0.push((sender, Some(thread)));
        }
        Ok(writers)
    }

    /// The thread of a log: always the same one.
    pub(super) fn of(&self, name: LogName) -> &Sender<Command> {
        let (kind, id) = match name {
            LogName::Inbox(session) => (0, session.0.as_bytes()[15]),
            LogName::Outputs(session) => (1, session.0.as_bytes()[15]),
            LogName::Journal(session) => (2, session.0.as_bytes()[15]),
            LogName::DaemonInbox(entity) => (0, entity.0.0[31]),
            LogName::DaemonOutputs(entity) => (1, entity.0.0[31]),
            LogName::Document(_, document) => (0, document.0.as_bytes()[15]),
            LogName::Queue(device) => (0, device.0[31]),
        };
        let spread = kind + usize::from(id);
        &self.0[spread % self.0.len()].0
    }
}

impl Drop for Writers {
    fn drop(&mut self) {
        for (commands, _) in &self.0 {
            let _ = commands.send(Command::Stop);
        }
        for (_, thread) in &mut self.0 {
            if let Some(thread) = thread.take() {
                // A thread that panicked has already said so.
                let _ = thread.join();
            }
        }
    }
}

struct Writer {
    root: PathBuf,
    limits: Limits,
    /// For the holds it gives out.
    commands: Sender<Command>,
    open: BTreeMap<LogName, WritingEnd>,
    /// Logs with something gathered.
    touched: BTreeSet<LogName>,
}

impl Writer {
    /// Takes everything that is waiting, then makes it durable, one write for each log.
    fn run(mut self, commands: &Receiver<Command>) {
        while let Ok(first) = commands.recv() {
            let mut gathered = 0;
            let mut next = Some(first);
            while let Some(command) = next {
                match command {
                    Command::Append { name, records, survives, answer } => {
                        gathered += self.gather(name, &records, survives, answer);
                    }
                    Command::Stop => return self.commit(),
                    other => {
                        self.commit();
                        self.serve(other);
                    }
                }
                next = if gathered < self.limits.log_batch { commands.try_recv().ok() } else { None };
            }
            self.commit();
        }
    }

    fn gather(&mut self, name: LogName, records: &[Bytes], survives: Survives, answer: Answer) -> usize {
        let Some(end) = self.open.get_mut(&name) else {
            let _ = answer.send(Err(not_open(name)));
            return 0;
        };
        self.touched.insert(name);
        end.gather(records, survives, answer, &self.limits)
    }

    fn commit(&mut self) {
        let touched = std::mem::take(&mut self.touched);
        for step in [WritingEnd::write, WritingEnd::sync] {
            for name in &touched {
                if let Some(end) = self.open.get_mut(name) {
                    step(end, &self.limits);
                }
            }
        }
    }

    /// Everything but appends and the stop. An answer that nobody waits for any more is dropped.
    fn serve(&mut self, command: Command) {
        match command {
            Command::Open { name, answer } => drop(answer.send(self.open_log(name))),
            Command::Trim { name, before, answer } => {
                let end = self.open.get_mut(&name).ok_or_else(|| not_open(name));
                let _ = answer.send(end.and_then(|end| end.trim(before)));
            }
            Command::Close { name } => drop(self.open.remove(&name)),
            Command::Remove { name, answer } => {
                let _ = answer.send(self.remove_log(name));
            }
            Command::Append { .. } | Command::Stop => {}
        }
    }

    fn open_log(&mut self, name: LogName) -> Result<Hold, LogError> {
        if self.open.contains_key(&name) {
            return Err(in_use(name));
        }
        let end = WritingEnd::open(&self.root, name)?;
        let shared = Arc::clone(&end.shared);
        self.open.insert(name, end);
        Ok(Hold { shared, commands: self.commands.clone() })
    }

    fn remove_log(&self, name: LogName) -> Result<(), LogError> {
        if self.open.contains_key(&name) {
            return Err(in_use(name));
        }
        let aside = self.root.join(format!("{REMOVING}{name}"));
        // Renamed first, so that a crash in the middle does not leave half a log under its name.
        let removed = match std::fs::rename(self.root.join(name.to_string()), &aside) {
            Ok(()) => sync_folder(&self.root).and_then(|()| std::fs::remove_dir_all(&aside)),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(why) => Err(why),
        };
        removed.map_err(|why| storage(name, "cannot remove", &why))
    }
}

fn in_use(name: LogName) -> LogError {
    LogError::Storage { name: name.to_string(), why: "it is open already".to_owned() }
}

fn not_open(name: LogName) -> LogError {
    LogError::Storage { name: name.to_string(), why: "it is not open".to_owned() }
}
