//! Logs as segmented append-only files with group commit.
//!
//! A log is a folder; a segment is a file named by its first record; `record` has the bytes. Appends of one moment share one
//! write and one fdatasync. The last segment is scanned when the log is opened; older ones are checked when they are read.

mod copy;
mod end;
mod record;
mod segment;
mod state;
mod writer;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::oneshot;
use wayfare_actors::ports::{Log, LogError, LogName, LogStore, Pending};
use wayfare_protocol::Limits;

use crate::data_dir::{DataDir, DataDirError};
pub use copy::copy_logs;
use end::Survives;
use writer::{Command, Hold, REMOVING, Writers};

/// A folder of logs. One process at a time.
pub struct SegmentLogStore {
    inner: Arc<Inner>,
}

struct Inner {
    // Dropped in this order: the threads end before the folder is unlocked.
    writers: Writers,
    root: DataDir,
}

/// A log store that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum LogStoreError {
    /// Its folder cannot be used.
    #[error(transparent)]
    Folder(#[from] DataDirError),
    /// The system refused.
    #[error("cannot use the logs in {}: {why}", path.display())]
    System {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        why: io::Error,
    },
}

impl SegmentLogStore {
    /// Opens the logs of a folder, makes it if there is none, and locks it.
    ///
    /// # Errors
    /// If the folder cannot be used, another store has it, or no thread can be started.
    pub fn open(root: &Path, limits: &Limits) -> Result<Self, LogStoreError> {
        let root = DataDir::open(root)?;
        let system = |why| LogStoreError::System { path: root.path().to_owned(), why };
        remove_leftovers(root.path()).map_err(system)?;
        let writers = Writers::start(root.path(), limits).map_err(system)?;
        Ok(Self { inner: Arc::new(Inner { writers, root }) })
    }
}

/// Ends removals that a crash interrupted.
fn remove_leftovers(root: &Path) -> io::Result<()> {
    for entry in root.read_dir()? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(REMOVING)) {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

impl LogStore for SegmentLogStore {
    fn open(&self, name: LogName) -> Pending<Result<Box<dyn Log>, LogError>> {
        let (answer, answered) = oneshot::channel();
        let asked = self.inner.writers.of(name).send(Command::Open { name, answer });
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            asked.map_err(|_| stopped(name))?;
            let hold = answered.await.map_err(|_| stopped(name))??;
            let next = hold.shared.lock().next;
            Ok(Box::new(SegmentLog { next: Mutex::new(next), hold, _inner: inner }) as Box<dyn Log>)
        })
    }

    fn list(&self) -> Pending<Result<Vec<LogName>, LogError>> {
        let root = self.inner.root.path().to_owned();
        Box::pin(async move {
            let listed = tokio::task::spawn_blocking(move || list(&root)).await.unwrap_or_else(|why| Err(why.into()));
            listed.map_err(|why| LogError::Storage { name: "(all)".to_owned(), why: why.to_string() })
        })
    }

    fn remove(&self, name: LogName) -> Pending<Result<(), LogError>> {
        ask(self.inner.writers.of(name), name, |answer| Command::Remove { name, answer })
    }
}

fn list(root: &Path) -> io::Result<Vec<LogName>> {
    let mut names = Vec::new();
    for entry in root.read_dir()? {
        names.extend(entry?.file_name().to_str().and_then(name_of));
    }
    names.sort_unstable();
    Ok(names)
}

/// Reads back what the name of a log is shown as.
fn name_of(text: &str) -> Option<LogName> {
    let (kind, id) = text.split_once('-')?;
    Some(match kind {
        "inbox" => LogName::Inbox(id.parse().ok()?),
        "outputs" => LogName::Outputs(id.parse().ok()?),
        "journal" => LogName::Journal(id.parse().ok()?),
        "daemon.inbox" => LogName::DaemonInbox(id.parse().ok()?),
        "daemon.outputs" => LogName::DaemonOutputs(id.parse().ok()?),
        "queue" => LogName::Queue(id.parse().ok()?),
        "document" => {
            let (account, document) = id.split_once('.')?;
            LogName::Document(account.parse().ok()?, document.parse().ok()?)
        }
        _ => return None,
    })
}

/// An open log of a [`SegmentLogStore`].
struct SegmentLog {
    /// Number of the next record to be appended.
    next: Mutex<u64>,
    // Closed before the store, which waits for what was asked.
    hold: Hold,
    _inner: Arc<Inner>,
}

impl SegmentLog {
    fn add(&self, records: Vec<Bytes>, survives: Survives) -> Pending<Result<(), LogError>> {
        let name = self.hold.shared.name;
        // Counted and sent under one lock, so that the count is the order.
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next += records.len() as u64;
        ask(&self.hold.commands, name, |answer| Command::Append { name, records, survives, answer })
    }
}

impl Log for SegmentLog {
    fn first(&self) -> u64 {
        self.hold.shared.lock().segments[0].first
    }

    fn next(&self) -> u64 {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, records: Vec<Bytes>) -> Pending<Result<(), LogError>> {
        self.add(records, Survives::PowerLoss)
    }

    fn write(&self, records: Vec<Bytes>) -> Pending<Result<(), LogError>> {
        self.add(records, Survives::Process)
    }

    fn read(&self, from: u64, bytes_max: usize) -> Pending<Result<Vec<Bytes>, LogError>> {
        let name = self.hold.shared.name;
        let plan = self.hold.shared.plan(from);
        Box::pin(async move {
            let Some(plan) = plan? else { return Ok(Vec::new()) };
            // A disk may be slow: not on a thread that runs actors.
            tokio::task::spawn_blocking(move || plan.run(bytes_max)).await.unwrap_or_else(|_| Err(stopped(name)))
        })
    }

    fn trim(&self, before: u64) -> Pending<Result<(), LogError>> {
        let name = self.hold.shared.name;
        ask(&self.hold.commands, name, |answer| Command::Trim { name, before, answer })
    }
}

/// Asks a writing thread now; the answer comes later.
fn ask(
    commands: &std::sync::mpsc::Sender<Command>,
    name: LogName,
    command: impl FnOnce(oneshot::Sender<Result<(), LogError>>) -> Command,
) -> Pending<Result<(), LogError>> {
    let (answer, answered) = oneshot::channel();
    let asked = commands.send(command(answer));
    Box::pin(async move {
        asked.map_err(|_| stopped(name))?;
        answered.await.map_err(|_| stopped(name))?
    })
}

fn stopped(name: LogName) -> LogError {
    LogError::Storage { name: name.to_string(), why: "its writer has stopped".to_owned() }
}
